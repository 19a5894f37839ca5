//! Faults: a run against a wrong implementation fails, however fast it is.

use proofup_domain::fault::FaultName;
use proofup_load::figures::End;
use proofup_load::report::Verdict;

use crate::support::{Served, plan, ran, report};

const CODES: &str = r#"
pace = 60
arrivals = { users = 4 }
stop = { flows = 40 }
mix = { secondStepText = 1, enrolText = 1, secondStepAppCode = 1 }
"#;

#[track_caller]
fn fails_at(fault: FaultName, step: &str) {
    let served = Served::start(Some(fault));
    let config = served.config(plan(CODES));
    let output = ran(&config);
    let report = report(&config, &output);
    assert_eq!(report.verdict, Verdict::Nonconforming, "{fault}");
    assert_eq!(report.verdict.exit_code(), 1);
    assert!(report.arrivals.wrong > 0, "{fault}");
    let mut wrong = output.figures.examples.iter();
    let example = wrong.find(|one| one.end == End::Wrong && one.step == step);
    let example = example.unwrap_or_else(|| panic!("{fault} has no example at {step}"));
    let exchange = example.exchange.as_ref().expect("there was an exchange");
    // The code that was typed is masked.
    assert!(
        exchange
            .request_body
            .as_deref()
            .is_some_and(|body| body.contains("***"))
    );
}

#[test]
fn an_implementation_that_takes_any_code_fails() {
    fails_at(FaultName::AnyCodeAccepted, "wrongCode");
}

#[test]
fn an_implementation_that_takes_a_code_twice_fails() {
    fails_at(FaultName::CodeAcceptedTwice, "reusedCode");
}
