//! Faults that show only where two do something at the same moment, and the suite.

use proofup_domain::fault::FaultName;
use proofup_judge::outcome::Outcome;
use proofup_runner::run::run;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::embedded_suite;

use crate::config;
use crate::planted::wait;

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
        let stop = tokio_util::sync::CancellationToken::new();
        let output = wait(run(config, |_| {}, &stop)).expect("the reference can be reached");
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
