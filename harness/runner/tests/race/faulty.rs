//! The reference with a fault that shows only where two do something at the same moment.

use proofup_domain::fault::FaultName;
use proofup_runner::catalogue::embedded_catalogue;
use proofup_runner::judge::outcome::Outcome;
use proofup_runner::race::{Finding, REPETITIONS, hunt};
use proofup_runner::run::run;
use proofup_runner::scenario::{embedded_suite, load};

use crate::{config, races, wait};

/// Hunts a fault and checks that what is found is small, happens every time, and is told by its file alone.
#[track_caller]
fn check(fault: FaultName, requirement: &str) -> Finding {
    let found = wait(hunt(&races(Some(fault), 60))).expect("the reference can be reached");
    let finding = found.unwrap_or_else(|| panic!("{fault} is not found in 60 histories"));
    assert_eq!(finding.requirement, requirement, "{finding:#?}");
    assert_eq!(finding.again, REPETITIONS, "{finding:#?}");
    assert_eq!(finding.file_fails, REPETITIONS, "{finding:#?}");
    let text = finding.scenario.clone().expect("it can be written down");
    let failed = |fault| {
        let scenario = load("found.toml", &text, &embedded_catalogue())
            .unwrap_or_else(|errors| panic!("{:#?}\n{text}", errors.problems()));
        let (_keep, stop) = tokio::sync::watch::channel(false);
        let output = wait(run(config(fault, vec![scenario]), |_| {}, stop));
        let output = output.expect("the reference can be reached");
        let mut failed = Vec::new();
        for check in &output.cases[0].checks {
            match &check.outcome {
                Outcome::Passed => {}
                Outcome::Failed(_) => failed.push(check.slug.clone()),
                other => panic!("{}: {other:?}\n{text}", check.slug),
            }
        }
        failed
    };
    assert!(!failed(Some(fault)).is_empty(), "{text}");
    assert_eq!(failed(None), Vec::<String>::new(), "{text}");
    finding
}

#[test]
fn a_code_that_two_submissions_win_is_found() {
    let finding = check(FaultName::DoubleAccept, "CODE-9");
    let [before, together, after] = finding.commands;
    assert!(before <= 3 && together == 2 && after == 0, "{finding:#?}");
}

#[test]
fn guesses_beyond_the_limit_are_found() {
    let finding = check(FaultName::TriesRaced, "CODE-6");
    assert_eq!(finding.commands[1], 2, "{finding:#?}");
}

#[test]
fn a_totp_step_that_serves_two_uses_is_found() {
    let finding = check(FaultName::TotpRaced, "APP-11");
    assert_eq!(finding.commands[1], 2, "{finding:#?}");
}

#[test]
fn one_after_the_other_nothing_shows_of_these_faults() {
    let suite = embedded_suite(&embedded_catalogue()).expect("the suite loads");
    for fault in [
        FaultName::DoubleAccept,
        FaultName::TriesRaced,
        FaultName::TotpRaced,
    ] {
        let mut config = config(Some(fault), suite.scenarios.clone());
        config.selection.areas = ["CODE", "APP", "TEXT", "MAIL", "TWO", "RESET", "AVAIL"]
            .map(str::to_owned)
            .to_vec();
        let (_keep, stop) = tokio::sync::watch::channel(false);
        let output = wait(run(config, |_| {}, stop)).expect("the reference can be reached");
        for check in output.cases.iter().flat_map(|case| &case.checks) {
            let outcome = &check.outcome;
            assert!(
                !matches!(outcome, Outcome::Failed(_) | Outcome::CouldNotRun(_)),
                "{fault} shows in {}: {outcome:?}",
                check.slug
            );
        }
    }
}
