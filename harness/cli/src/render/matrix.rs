//! How a matrix is told.

use std::fmt::Write as _;

use proofup_runner::matrix::REQUIREMENT;
use proofup_runner::matrix::export::described;
use proofup_runner::matrix::finding::{Difference, Ending, Findings};

use crate::render::style::{bad, bold, dim, doubtful, good};

/// Holds what is told at the end.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    /// What was found, beside the greatest number of methods that the users have registered.
    pub(crate) found: &'a [(usize, Findings)],
    /// How it ended.
    pub(crate) ending: Ending,
    /// The command that shows the first difference again.
    pub(crate) repeats: Option<&'a str>,
    /// How long it took, in milliseconds.
    pub(crate) wall_ms: u64,
}

/// Tells what is judged.
pub(crate) fn heading(target: &str, place: &str, combinations: usize) -> String {
    let mut text = format!(
        "{}\n",
        bold(&format!("proofup {}", env!("CARGO_PKG_VERSION")))
    );
    line(&mut text, "target", &format!("{target} at {place}"));
    line(
        &mut text,
        "matrix",
        &format!("{combinations} combinations of policy and role"),
    );
    text.push('\n');
    text
}

/// Tells what was found.
pub(crate) fn summary(told: &Told<'_>) -> String {
    let mut text = String::new();
    let found = || told.found.iter().map(|(_, found)| found);
    let mut last = None;
    for difference in found().flat_map(|found| &found.differences) {
        let case = (difference.combination, &difference.registered);
        if last.replace(case) != Some(case) {
            differing(&mut text, difference);
        }
        let _ = writeln!(
            text,
            "  {}: expected {}, got {}",
            difference.aspect.as_str(),
            difference.expected.escape_debug(),
            difference.actual.escape_debug()
        );
    }
    for trouble in found().flat_map(|found| &found.troubles) {
        let number = trouble.combination.number();
        let _ = writeln!(
            text,
            "{} combination {number}: {}",
            doubtful(&"could not judge"),
            trouble.why
        );
    }
    if !text.is_empty() {
        text.push('\n');
    }
    for (most, found) in told.found {
        counted(&mut text, *most, found);
    }
    if let Some(repeats) = told.repeats {
        line(&mut text, "again", repeats);
    }
    text.push('\n');
    let seconds = format!("{}.{:03} s", told.wall_ms / 1_000, told.wall_ms % 1_000);
    let _ = writeln!(text, "{} in {seconds}", ended(told));
    text
}

fn differing(text: &mut String, difference: &Difference) {
    let number = difference.combination.number();
    let described = described(difference.combination);
    let _ = write!(
        text,
        "{} combination {number}: {described}",
        bad(&"differs")
    );
    if !difference.registered.is_empty() {
        let registered: Vec<&str> = difference
            .registered
            .iter()
            .map(|one| one.as_str())
            .collect();
        let _ = write!(text, " registered={}", registered.join("+"));
    }
    text.push('\n');
}

fn counted(text: &mut String, most: usize, found: &Findings) {
    let users = match most {
        0 => "users who have registered nothing".to_owned(),
        1 => "users who have registered one method".to_owned(),
        most => format!("users who have registered up to {most} methods"),
    };
    let invalid = match found.invalid {
        0 => String::new(),
        invalid => format!(", {invalid} of them with an invalid policy"),
    };
    line(text, "ran", &format!("{} for {users}{invalid}", found.ran));
    line(
        text,
        "outcomes",
        &format!("{} distinct", found.outcomes.len()),
    );
    if found.not_applicable > 0 {
        let why = "the target declares that it lacks something in them";
        line(
            text,
            "not asked",
            &format!("{}: {why}", found.not_applicable),
        );
    }
    let missing = found.troubled + found.not_reached();
    if missing > 0 {
        line(text, "not judged", &missing.to_string());
    }
    if found.different > 0 {
        let told = found.differences.len();
        let kept = format!(
            "{}; the first {told} differences are above",
            found.different
        );
        line(text, "differ", &kept);
    }
}

fn ended(told: &Told<'_>) -> String {
    let different: u64 = told.found.iter().map(|(_, found)| found.different).sum();
    let (word, what) = match told.ending {
        Ending::Agrees => (good(&"agrees"), format!("{REQUIREMENT} passed")),
        Ending::Differs => (
            bad(&"differs"),
            format!("{REQUIREMENT} failed in {different} combinations"),
        ),
        Ending::Incomplete => (
            doubtful(&"incomplete"),
            format!("{REQUIREMENT} could not be judged in full"),
        ),
        Ending::Interrupted => (
            bad(&"interrupted"),
            "this is what was judged before".to_owned(),
        ),
    };
    format!(
        "{} {what}; exit code {}",
        bold(&word),
        told.ending.exit_code()
    )
}

fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "  {} {value}", dim(&format!("{name:<10}")));
}
