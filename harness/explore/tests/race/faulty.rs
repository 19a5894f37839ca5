//! The reference with a fault that shows only where two do something at the same moment.

use proofup_domain::fault::FaultName;
use proofup_explore::race::{REPETITIONS, RaceFinding, hunt};
use proofup_judge::outcome::Outcome;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::load;

use super::{races, session, wait};

/// Hunts a fault and checks that what is found is small, happens every time, and is told by its file alone.
#[track_caller]
fn check(fault: FaultName, requirement: &str) -> RaceFinding {
    let found = wait(hunt(&races(Some(fault), 60))).expect("the reference can be reached");
    let finding = found.unwrap_or_else(|| panic!("{fault} is not found in 60 histories"));
    assert_eq!(finding.requirement, requirement, "{finding:#?}");
    assert_eq!(finding.again, REPETITIONS, "{finding:#?}");
    assert_eq!(finding.file_fails, REPETITIONS, "{finding:#?}");
    let text = finding.scenario.clone().expect("it can be written down");
    let failed = |fault| {
        let scenario = load("found.toml", &text, &embedded_catalogue())
            .unwrap_or_else(|errors| panic!("{:#?}\n{text}", errors.problems()));
        let result = crate::judged(&session(fault), scenario);
        let mut failed = Vec::new();
        for check in &result.checks {
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
