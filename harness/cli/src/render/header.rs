//! The first lines of a run: what is judged, by what, and how.

use proofup_domain::edition::Edition;
use proofup_domain::requirement::Level;
use proofup_judge::report::words::{self, counted};

use crate::render::style::{bold, dim};

/// What the first lines of a run show.
#[derive(Debug)]
pub(crate) struct RunHeader<'a> {
    /// The target, with its address.
    pub(crate) target: &'a str,
    /// How requests travel.
    pub(crate) transport: &'a str,
    /// How its time is moved.
    pub(crate) clock_mode: &'a str,
    /// Where the scenarios come from.
    pub(crate) suite_origin: &'a str,
    /// Their hash.
    pub(crate) suite_hash: &'a str,
    /// The editions.
    pub(crate) editions: &'a [Edition],
    /// The seed.
    pub(crate) seed: u64,
    /// The level.
    pub(crate) level: Level,
    /// Cases and checks.
    pub(crate) cases: usize,
    /// What narrowed the run.
    pub(crate) selection: &'a [String],
}

/// Returns the first lines: what is judged, and how.
pub(crate) fn header(header: &RunHeader<'_>) -> String {
    let editions: Vec<String> = header.editions.iter().map(ToString::to_string).collect();
    let hash: String = header.suite_hash.chars().take(12).collect();
    let mut lines = vec![
        ("target", header.target.to_owned()),
        ("transport", header.transport.to_owned()),
        ("clock", header.clock_mode.to_owned()),
        (
            "suite",
            format!(
                "{} {hash}, {}",
                header.suite_origin,
                counted(header.cases, "case")
            ),
        ),
        ("editions", editions.join(", ")),
        ("seed", header.seed.to_string()),
    ];
    if header.level == Level::Must {
        lines.push((
            "level",
            format!(
                "{} (a failed requirement of level \"should\" is a warning)",
                words::level(header.level)
            ),
        ));
    }
    if !header.selection.is_empty() {
        lines.push(("selection", header.selection.join(" ")));
    }
    let mut text = format!(
        "{}\n",
        bold(&format!("proofup {}", env!("CARGO_PKG_VERSION")))
    );
    for (name, value) in lines {
        text.push_str(&format!("  {} {value}\n", dim(&format!("{name:<9}"))));
    }
    text
}
