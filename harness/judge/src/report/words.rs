//! How outcomes and counts are told to people.

use std::fmt::Display;

use proofup_domain::requirement::{Level, Requirement};
use serde_json::Value;

use crate::outcome::{CouldNotRun, Mismatch, NotApplicable, Outcome};
use crate::verdict::NotExercised;

/// Returns why a check is not applicable or could not run; nothing where it was exercised.
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
            format!(
                "needs {}, which the target does not declare under capabilities.facilities",
                list.join(", ")
            )
        }
        CouldNotRun::Unfit { why, .. } => why.clone(),
        CouldNotRun::Precondition { line, what } => {
            format!("the step on line {line} should have succeeded and did not: {what}")
        }
        CouldNotRun::Control { control, what } => {
            format!("its control `{control}` should have succeeded and did not: {what}")
        }
        CouldNotRun::Probe { probe, says } => {
            format!(
                "the probe `{probe}` found a mistake in the target file: {says}; run `proofup doctor` to see what to change"
            )
        }
        CouldNotRun::Transport(what) => format!("the target did not answer: {what}"),
        CouldNotRun::NotReached(what) => what.clone(),
    }
}

/// Returns why nothing here exercises a requirement.
#[must_use]
pub fn not_exercised(why: &NotExercised) -> String {
    match why {
        NotExercised::JudgedBy(command) => format!("judged by `proofup {command}`"),
        NotExercised::Excluded(reason) => reason.clone(),
        NotExercised::NoCheck => "no scenario checks it".to_owned(),
    }
}

/// Returns one mismatch in one line.
#[must_use]
pub fn mismatch(mismatch: &Mismatch) -> String {
    let actual = mismatch
        .actual
        .as_ref()
        .map_or_else(|| "nothing".to_owned(), Value::to_string);
    format!(
        "{}: expected {}, got {actual}",
        place(mismatch),
        mismatch.expected
    )
}

/// Returns where in an answer a mismatch is.
#[must_use]
pub fn place(mismatch: &Mismatch) -> &str {
    if mismatch.path.is_empty() {
        "the answer as a whole"
    } else {
        &mismatch.path
    }
}

/// Returns a level as people read it.
#[must_use]
pub const fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
    }
}

/// Returns a number with its noun, which is in the plural unless there is one: `1 case`, `2,514 checks`, `2 histories`.
#[must_use]
pub fn counted(number: impl Display, noun: &str) -> String {
    let number = thousands(number);
    if number == "1" {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

/// Returns a whole number with a comma before every three digits: `65,536`.
#[must_use]
pub fn thousands(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns where a requirement comes from, in full: `the manual page on e-mail (2018-07-25)`, `NIST SP 800-63B`.
///
/// The catalogue has only a letter for the public standards (`B`), because `says` cites them with their section.
#[must_use]
pub fn sources(requirement: &Requirement) -> String {
    let mut pages = Vec::new();
    let mut others = Vec::new();
    for source in &requirement.source {
        match source.as_str() {
            "S0" => pages.push("e-mail (2018-07-25)"),
            "S1" => pages.push("e-mail (2018-07-30)"),
            "S2" => pages.push("phone number (2018-07-25)"),
            "S3" => pages.push("sign-in prompt (2019-02-13)"),
            "S4" => pages.push("authenticator app (2018-07-30)"),
            "C" => others.push("the administrators' documentation".to_owned()),
            "B" => others.extend(standards(&requirement.says)),
            "D" => others.push("decided by this project".to_owned()),
            other => others.push(other.to_owned()),
        }
    }
    let plural = if pages.len() == 1 { "" } else { "s" };
    let pages = match pages.split_last() {
        None => None,
        Some((only, [])) => Some((*only).to_owned()),
        Some((last, rest)) => Some(format!("{} and {last}", rest.join(", "))),
    };
    let pages = pages.map(|pages| format!("the manual page{plural} on {pages}"));
    pages
        .into_iter()
        .chain(others)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Returns the public standards that a text cites, without their sections.
fn standards(says: &str) -> Vec<String> {
    let named = ["NIST SP 800-63B", "OWASP ASVS", "ITU E.164"]
        .into_iter()
        .filter(|name| says.contains(name))
        .map(str::to_owned);
    let numbered = says.split("RFC ").skip(1).map(|rest| {
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        format!("RFC {number}")
    });
    named.chain(numbered).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_follows_its_number() {
        for (number, noun, told) in [
            (0, "case", "0 cases"),
            (1, "case", "1 case"),
            (2_514, "check", "2,514 checks"),
            (2, "history", "2 histories"),
            (1, "history", "1 history"),
            (2, "key", "2 keys"),
            (1_000_000, "code", "1,000,000 codes"),
            (999, "code", "999 codes"),
        ] {
            assert_eq!(counted(number, noun), told);
        }
    }
}
