//! How a matrix is told.

use std::fmt::Write as _;

use proofup_explore::matrix::REQUIREMENT;
use proofup_explore::matrix::export::described;
use proofup_explore::matrix::finding::{Findings, MatrixDifference, MatrixEnding};
use proofup_judge::report::words::{counted, thousands};

use crate::render::style::{bad, bold, dim, doubtful, good, one_line};
use crate::render::summary::seconds;

/// What the last lines show.
#[derive(Debug)]
pub(crate) struct MatrixSummary<'a> {
    /// What was found, beside the greatest number of methods that the users have registered.
    pub(crate) found: &'a [(usize, Findings)],
    /// How it ended.
    pub(crate) ending: MatrixEnding,
    /// The command that shows the first difference again.
    pub(crate) repeats: Option<&'a str>,
    /// How long it took, in milliseconds.
    pub(crate) wall_ms: u64,
}

/// Returns the first lines: what is judged, and how.
pub(crate) fn heading(target: &str, combinations: usize) -> String {
    let mut text = format!(
        "{}\n",
        bold(&format!("proofup {}", env!("CARGO_PKG_VERSION")))
    );
    line(&mut text, "target", target);
    line(
        &mut text,
        "matrix",
        &format!(
            "{} of policy and role",
            counted(combinations, "combination")
        ),
    );
    text.push('\n');
    text
}

/// Returns the last lines: what was found, and the verdict.
pub(crate) fn summary(told: &MatrixSummary<'_>) -> String {
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
            one_line(&difference.expected),
            one_line(&difference.actual)
        );
    }
    for trouble in found().flat_map(|found| &found.troubles) {
        let number = trouble.combination.number();
        let _ = writeln!(
            text,
            "{}: combination {number}: {}",
            doubtful(&"could not judge"),
            trouble.why
        );
    }
    if !text.is_empty() {
        text.push('\n');
    }
    for (most, found) in told.found {
        counts(&mut text, *most, found);
    }
    if let Some(repeats) = told.repeats {
        line(&mut text, "repeat", repeats);
    }
    text.push('\n');
    let _ = writeln!(text, "{}", ended(told));
    text
}

fn differing(text: &mut String, difference: &MatrixDifference) {
    let number = difference.combination.number();
    let described = described(difference.combination);
    let _ = write!(
        text,
        "{}: combination {number}: {described}",
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

fn counts(text: &mut String, most: usize, found: &Findings) {
    let users = match most {
        0 => "users who have registered nothing".to_owned(),
        1 => "users who have registered one method".to_owned(),
        most => format!("users who have registered at most {most} methods"),
    };
    let invalid = match found.invalid {
        0 => String::new(),
        invalid => format!(", {} of them with an invalid policy", thousands(invalid)),
    };
    let ran = format!("{} for {users}{invalid}", thousands(found.ran));
    line(text, "ran", &ran);
    let distinct = format!("{} distinct", thousands(found.outcomes.len()));
    line(text, "outcomes", &distinct);
    if found.not_applicable > 0 {
        let why = "they need something that the target does not declare";
        let not_applicable = thousands(found.not_applicable);
        line(text, "not asked", &format!("{not_applicable}: {why}"));
    }
    let missing = found.troubled + found.not_reached();
    if missing > 0 {
        line(text, "not judged", &thousands(missing));
    }
    if found.different > 0 {
        let shown = found.differences.len();
        let different = thousands(found.different);
        let kept = match shown {
            1 => format!("{different}; the first difference is above"),
            shown => format!("{different}; the first {shown} differences are above"),
        };
        line(text, "differ", &kept);
    }
}

fn ended(told: &MatrixSummary<'_>) -> String {
    let different: u64 = told.found.iter().map(|(_, found)| found.different).sum();
    let ran: u64 = told.found.iter().map(|(_, found)| found.ran).sum();
    let (word, what) = match told.ending {
        MatrixEnding::Agrees => (
            good(&"conforms"),
            format!("{REQUIREMENT} holds for every combination"),
        ),
        MatrixEnding::Differs => (
            bad(&"nonconforming"),
            format!(
                "{REQUIREMENT} fails for {}",
                counted(different, "combination")
            ),
        ),
        MatrixEnding::Incomplete => (
            doubtful(&"incomplete"),
            format!("{REQUIREMENT} could not be judged for every combination"),
        ),
        MatrixEnding::Interrupted => (
            bad(&"interrupted"),
            format!("{} judged before", counted(ran, "combination")),
        ),
    };
    let time = seconds(told.wall_ms);
    let code = match told.ending.exit_code() {
        0 => String::new(),
        code => format!("; exit code {code}"),
    };
    format!("{}: {what} ({time}){code}", bold(&word))
}

fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "  {} {value}", dim(&format!("{name:<10}")));
}
