//! How outcomes are told to people.

use proofup_domain::requirement::Level;
use serde_json::Value;

use crate::judge::outcome::{CouldNotRun, Mismatch, NotApplicable, Outcome};
use crate::judge::verdict::NotExercised;

/// Tells why a check is not applicable or could not run; nothing where it was exercised.
#[must_use]
pub fn why(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Passed | Outcome::Failed(_) => None,
        Outcome::NotApplicable(NotApplicable::Feature(feature)) => {
            Some(format!("the target declares that it has no `{feature}`"))
        }
        Outcome::NotApplicable(NotApplicable::Edition(edition)) => {
            Some(format!("the target does not declare the edition {edition}"))
        }
        Outcome::NotApplicable(NotApplicable::Declared(what)) => {
            Some(format!("the target declares: {what}"))
        }
        Outcome::CouldNotRun(why) => Some(could_not_run(why)),
    }
}

fn could_not_run(why: &CouldNotRun) -> String {
    match why {
        CouldNotRun::MissingFacilities(missing) => {
            let list: Vec<String> = missing
                .iter()
                .map(|facility| format!("`{facility}`"))
                .collect();
            format!("the target gives no {}", list.join(", "))
        }
        CouldNotRun::Unfit { why, .. } => why.clone(),
        CouldNotRun::Precondition { line, what } => {
            format!("the step on line {line} had to succeed and did not: {what}")
        }
        CouldNotRun::Control { control, what } => {
            format!("its control `{control}` had to succeed and did not: {what}")
        }
        CouldNotRun::Probe { probe, says } => {
            format!(
                "the target file does not fit, says the probe `{probe}`: {says}; `proofup doctor` says what to change"
            )
        }
        CouldNotRun::Transport(what) => format!("the target did not answer: {what}"),
        CouldNotRun::NotReached(what) => what.clone(),
    }
}

/// Tells why nothing here exercises a requirement.
#[must_use]
pub fn not_exercised(why: &NotExercised) -> String {
    match why {
        NotExercised::JudgedBy(command) => format!("judged by `proofup {command}`"),
        NotExercised::Excluded(reason) => format!("excluded: {reason}"),
        NotExercised::NoCheck => "no scenario checks it".to_owned(),
    }
}

/// Tells one mismatch in one line.
#[must_use]
pub fn mismatch(mismatch: &Mismatch) -> String {
    let actual = mismatch
        .actual
        .as_ref()
        .map_or_else(|| "nothing".to_owned(), Value::to_string);
    format!(
        "{}: expected {}, got {actual}",
        mismatch.path, mismatch.expected
    )
}

/// Spells a level.
#[must_use]
pub const fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
    }
}
