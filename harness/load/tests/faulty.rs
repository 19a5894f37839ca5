//! Faults: a run against a wrong implementation fails, however fast it is.

use std::sync::Arc;

use proofup_domain::fault::FaultName;
use proofup_load::figures::End;
use proofup_load::report::LoadVerdict;

use crate::failing::failing;
use crate::support::{Served, plan, ran, report};

const CODES: &str = r#"
pace = 60
arrivals = { users = 4 }
stop = { flows = 40 }
mix = { secondStepText = 1, enrollText = 1, secondStepAppCode = 1 }
"#;

#[track_caller]
fn fails_at(fault: FaultName, step: &str) {
    let served = Served::start(Some(fault));
    let config = served.config(plan(CODES));
    let output = ran(&config);
    let report = report(&config, &output);
    assert_eq!(report.verdict, LoadVerdict::Nonconforming, "{fault}");
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

#[track_caller]
fn breaks_down(flow: &str, step: &str) {
    let served = Served::start(None);
    let text = format!(
        "pace = 60\narrivals = {{ users = 2 }}\nstop = {{ flows = 12 }}\nmix = {{ {flow} = 1 }}"
    );
    let mut config = served.config(plan(&text));
    let connect = Arc::clone(&config.connect);
    config.direct = None;
    config.connect = Arc::new(move || failing(connect()));
    let output = ran(&config);
    let report = report(&config, &output);
    assert_eq!(
        report.verdict,
        LoadVerdict::Nonconforming,
        "{:?}",
        report.reasons
    );
    assert!(
        report.arrivals.wrong > 0 && report.arrivals.refused == 0,
        "{:?}",
        report.arrivals
    );
    let mut examples = output.figures.examples.iter();
    let example = examples.find(|one| one.end == End::Wrong && one.step == step);
    let example = example.unwrap_or_else(|| panic!("{:#?}", output.figures.examples));
    assert!(example.got.contains("status 500"), "{}", example.got);
}

#[test]
fn a_status_of_500_is_wrong_where_a_success_tells_nothing() {
    breaks_down("resetPassword", "setNewPassword");
}

#[test]
fn a_status_of_500_is_wrong_where_the_user_is_put_back() {
    breaks_down("enrollText", "deleteMethod");
}
