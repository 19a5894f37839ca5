//! Each check that did not pass, with all that is needed to look into it.

use std::fmt::Write as _;

use proofup_judge::outcome::Outcome;
use proofup_judge::report::exchange;
use proofup_judge::report::words::{self, counted};
use proofup_judge::verdict::{CheckStatus, JudgedCheck, JudgedRequirement, Verdict};

use crate::render::style::{bad, bold, dim, doubtful};

/// How many exchanges of a check are shown: the last ones, which hold what was judged.
const SHOWN_EXCHANGES: usize = 2;

/// A command line that repeats one check.
pub(crate) trait RepeatCheck {
    /// Returns the command that repeats only this check.
    fn command(&self, check: &JudgedCheck<'_>) -> String;
}

/// Returns a block for every failed check, every warning and every check that could not run.
pub(crate) fn failures(verdict: &Verdict<'_>, repeats: &dyn RepeatCheck) -> String {
    let mut text = String::new();
    for judged in &verdict.requirements {
        for check in &judged.checks {
            match check.status {
                CheckStatus::Failed => tell(&mut text, &bad(&"FAILED"), judged, check, repeats),
                CheckStatus::Warning => {
                    tell(&mut text, &doubtful(&"WARNING"), judged, check, repeats)
                }
                CheckStatus::CouldNotRun => tell_unable(&mut text, check),
                CheckStatus::Passed | CheckStatus::NotApplicable | CheckStatus::Exempted => {}
            }
        }
    }
    text
}

fn tell(
    text: &mut String,
    word: &str,
    judged: &JudgedRequirement<'_>,
    check: &JudgedCheck<'_>,
    repeats: &dyn RepeatCheck,
) {
    let entry = judged.requirement;
    let result = check.result;
    let level = words::level(entry.level);
    let _ = writeln!(
        text,
        "{word} {} ({level}): {}",
        bold(&result.slug),
        entry.title
    );
    let _ = writeln!(
        text,
        "  {}:{}  [{}]",
        result.file, result.expect_line, check.case.edition
    );
    let _ = writeln!(text, "  {} {}", dim(&"source:"), words::sources(entry));
    let _ = writeln!(text, "  {} {}", dim(&"says:"), entry.says);
    let _ = writeln!(text, "  {} {}", dim(&"did:"), result.command);
    if let Outcome::Failed(mismatches) = &result.outcome {
        for mismatch in mismatches {
            let actual = mismatch
                .actual
                .as_ref()
                .map_or_else(|| "nothing".to_owned(), ToString::to_string);
            let _ = writeln!(text, "  {}", words::place(mismatch));
            let _ = writeln!(text, "    {} {}", dim(&"expected:"), mismatch.expected);
            let _ = writeln!(text, "    {} {actual}", dim(&"actual:  "));
        }
    }
    if let Some(difference) = &result.control_difference {
        let _ = writeln!(
            text,
            "  {} the same request succeeded with {difference}",
            dim(&"control:")
        );
    }
    let hidden = result.exchanges.len().saturating_sub(SHOWN_EXCHANGES);
    if hidden > 0 {
        let _ = writeln!(
            text,
            "  {}",
            dim(&format!(
                "the JSON report has {} before these",
                counted(hidden, "exchange")
            ))
        );
    }
    for shown in result.exchanges.iter().skip(hidden) {
        for line in exchange::lines(shown)
            .lines()
            .chain([shown.curl().as_str()])
        {
            let _ = writeln!(text, "  {line}");
        }
    }
    let _ = writeln!(text, "  {} {}\n", dim(&"repeat:"), repeats.command(check));
}

fn tell_unable(text: &mut String, check: &JudgedCheck<'_>) {
    let result = check.result;
    let why = words::why(&result.outcome).unwrap_or_default();
    let word = doubtful(&"COULD NOT RUN");
    let _ = writeln!(
        text,
        "{word} {}  {}:{}  [{}]",
        bold(&result.slug),
        result.file,
        result.line,
        check.case.edition
    );
    let _ = writeln!(text, "  {why}");
}
