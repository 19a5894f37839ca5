//! The `JUnit` report: one suite per case, one test case per check.
//!
//! Failed is `failure`, could not run is `error`; not applicable, exempted and warnings are `skipped` with the reason,
//! and so are the requirements that nothing exercised, in a suite of their own: a consumer sees all that was not green.

use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{
    NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite,
    XmlString,
};

use crate::outcome::{CaseResult, Outcome};
use crate::report::exchange::lines;
use crate::report::{Facts, words};
use crate::verdict::{CheckStatus, JudgedCheck, NotExercised, RequirementStatus, Verdict};

/// Writes down a run as `JUnit` XML.
///
/// # Errors
/// Fails only if the XML writer does.
pub fn to_text(
    facts: &Facts,
    verdict: &Verdict<'_>,
    cases: &[CaseResult],
) -> Result<String, SerializeError> {
    let mut report = Report::new("proofup");
    report.set_time(Duration::from_millis(facts.wall_ms()));
    let judged = verdict.by_check();
    for case in cases {
        let mut suite = suite(&case.id, facts, &case.edition.to_string());
        suite.add_property(property("file", &case.file));
        suite.add_property(property("title", &case.title));
        suite.set_time(Duration::from_millis(case.wall_ms));
        for result in &case.checks {
            if let Some(check) = judged.get(&(case.id.as_str(), result.slug.as_str())) {
                suite.add_test_case(check_case(check, verdict));
            }
        }
        if let Some(error) = &case.internal_error {
            suite.add_test_case(bad(
                "the harness",
                NonSuccessKind::Error,
                "internalError",
                error,
            ));
        }
        report.add_test_suite(suite);
    }
    report.add_test_suite(not_exercised(facts, verdict));
    report.add_test_suite(exemptions(facts, verdict));
    report.to_string()
}

fn suite(name: &str, facts: &Facts, edition: &str) -> TestSuite {
    let mut suite = TestSuite::new(clean(name));
    suite.add_property(property("version", &facts.version));
    suite.add_property(property("seed", &facts.seed.to_string()));
    suite.add_property(property("edition", edition));
    suite.add_property(property("target", &facts.target));
    suite.add_property(property("clockMode", &facts.clock_mode));
    suite.add_property(property("time", &facts.started_at.to_string()));
    suite
}

fn check_case(check: &JudgedCheck<'_>, verdict: &Verdict<'_>) -> TestCase {
    let status = match check.status {
        CheckStatus::Passed => TestCaseStatus::success(),
        CheckStatus::Failed => described(NonSuccessKind::Failure, "failed", check, verdict),
        CheckStatus::CouldNotRun => described(NonSuccessKind::Error, "couldNotRun", check, verdict),
        CheckStatus::NotApplicable => {
            skipped(&words::why(&check.result.outcome).unwrap_or_default())
        }
        CheckStatus::Exempted => skipped(&format!(
            "exempted: {}",
            check.exemption.unwrap_or_default()
        )),
        CheckStatus::Warning => skipped(&format!(
            "warning: a requirement of level \"should\" was missed: {}",
            summary(check)
        )),
    };
    let mut case = TestCase::new(clean(&check.result.slug), status);
    case.set_classname(clean(&check.result.requirement.0));
    case
}

fn described(
    kind: NonSuccessKind,
    name: &str,
    check: &JudgedCheck<'_>,
    verdict: &Verdict<'_>,
) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(name);
    status.set_message(clean(&summary(check)));
    status.set_description(clean(&description(check, verdict)));
    status
}

fn skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(clean(reason));
    status
}

fn bad(name: &str, kind: NonSuccessKind, word: &str, message: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word);
    status.set_message(clean(message));
    TestCase::new(clean(name), status)
}

/// Returns in one line what is wrong.
fn summary(check: &JudgedCheck<'_>) -> String {
    match &check.result.outcome {
        Outcome::Failed(mismatches) => mismatches
            .iter()
            .map(words::mismatch)
            .collect::<Vec<_>>()
            .join("; "),
        other => words::why(other).unwrap_or_default(),
    }
}

/// Returns all there is to know about a check that did not pass.
fn description(check: &JudgedCheck<'_>, verdict: &Verdict<'_>) -> String {
    let result = check.result;
    let mut text = String::new();
    if let Some(judged) = verdict
        .requirements
        .iter()
        .find(|judged| judged.requirement.id == result.requirement)
    {
        let entry = judged.requirement;
        let _ = writeln!(
            text,
            "{} ({}): {}",
            entry.id,
            words::level(entry.level),
            entry.title
        );
        let _ = writeln!(text, "source: {}", words::sources(entry));
        let _ = writeln!(text, "says: {}", entry.says);
    }
    let _ = writeln!(text, "{}:{}", result.file, result.expect_line);
    let _ = writeln!(text, "{}", result.command);
    if let Outcome::Failed(mismatches) = &result.outcome {
        mismatches.iter().for_each(|mismatch| {
            let _ = writeln!(text, "{}", words::mismatch(mismatch));
        });
    }
    if let Some(why) = words::why(&result.outcome) {
        let _ = writeln!(text, "{why}");
    }
    for exchange in &result.exchanges {
        let _ = write!(text, "{}", lines(exchange));
        let _ = writeln!(text, "{}", exchange.curl());
    }
    text
}

fn not_exercised(facts: &Facts, verdict: &Verdict<'_>) -> TestSuite {
    let editions: Vec<_> = facts.editions.iter().map(ToString::to_string).collect();
    let mut suite = suite("not exercised", facts, &editions.join(" "));
    for judged in &verdict.requirements {
        let RequirementStatus::NotExercised(why) = &judged.status else {
            continue;
        };
        let told = words::not_exercised(why);
        let mut case = match why {
            NotExercised::NoCheck => bad(
                &judged.requirement.id.0,
                NonSuccessKind::Error,
                "noCheck",
                &told,
            ),
            NotExercised::JudgedBy(_) | NotExercised::Excluded(_) => {
                TestCase::new(clean(&judged.requirement.id.0), skipped(&told))
            }
        };
        case.set_classname(clean(&judged.requirement.id.0));
        suite.add_test_case(case);
    }
    suite
}

fn exemptions(facts: &Facts, verdict: &Verdict<'_>) -> TestSuite {
    let editions: Vec<_> = facts.editions.iter().map(ToString::to_string).collect();
    let mut suite = suite("exemptions", facts, &editions.join(" "));
    for name in &verdict.stale {
        let message = "the exemption is stale: what it lists passes; remove it";
        suite.add_test_case(bad(
            name,
            NonSuccessKind::Failure,
            "staleExemption",
            message,
        ));
    }
    suite
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, clean(value))
}

/// Takes out what XML 1.0 cannot hold; the library takes out the control characters but leaves two non-characters.
fn clean(text: &str) -> XmlString {
    XmlString::new(text.replace(['\u{fffe}', '\u{ffff}'], ""))
}
