//! Two runs, and two explorers, against one target at the same moment.

use std::sync::Arc;

use proofup_explore::explore::{ExploreConfig, explore};
use proofup_judge::outcome::Outcome;
use proofup_runner::run::{RunConfig, RunOutput, TargetSession, run};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::embedded_suite;
use proofup_world::UnprovenMapping;
use proofup_world::instance::Instance;
use tokio_util::sync::CancellationToken;

use crate::config;
use crate::planted::wait;

/// Returns the sessions of two processes with a target that they share.
fn sessions() -> [TargetSession; 2] {
    let shared = config(None, Vec::new()).session;
    [1, 2].map(|number| TargetSession {
        instance: Some(Instance::new(number)),
        ..shared.clone()
    })
}

/// Returns how a process runs some of the suite, on a target that it shares.
fn runs() -> [RunConfig; 2] {
    let suite = embedded_suite(&embedded_catalogue()).expect("the suite loads");
    let some = suite.scenarios.into_iter().step_by(12).collect();
    let shared = config(None, some);
    sessions().map(|session| RunConfig {
        session,
        suite: Arc::clone(&shared.suite),
        catalogue: Arc::clone(&shared.catalogue),
        selection: shared.selection.clone(),
        trace: true,
        ..config(None, Vec::new())
    })
}

fn failed(output: &RunOutput) -> Vec<String> {
    let checks = output.cases.iter().flat_map(|case| &case.checks);
    checks
        .filter(|check| !matches!(check.outcome, Outcome::Passed))
        .map(|check| format!("{}: {:?}", check.slug, check.outcome))
        .collect()
}

#[test]
fn two_runs_at_once_on_one_target_pass_with_one_transcript_and_show_nothing_that_tells_them_apart()
{
    let stop = CancellationToken::new();
    let [one, other] = runs();
    let [one, other] = wait(async {
        let (one, other) = tokio::join!(run(one, |_| {}, &stop), run(other, |_| {}, &stop));
        [one, other].map(|output| output.expect("the target answers"))
    });
    for (output, number) in [(&one, 1), (&other, 2)] {
        assert!(output.cases.len() > 30, "{}", output.cases.len());
        assert_eq!(failed(output), Vec::<String>::new());
        let ending = Instance::new(number).name("");
        let shown = format!("{:?}", output.cases).to_lowercase();
        assert!(!shown.contains(&ending), "{ending} is shown");
    }
    let traces = |output: &RunOutput| -> Vec<String> {
        let mut cases: Vec<_> = output.cases.iter().collect();
        cases.sort_by(|one, other| one.id.cmp(&other.id));
        let traces = cases.iter().flat_map(|case| &case.trace);
        // Each run has gateways of its own, whose addresses stand in the request that makes a tenant.
        traces
            .map(proofup_binding::exchange::Exchange::curl)
            .filter(|request| !request.contains("gateways"))
            .collect()
    };
    for (one, other) in traces(&one).iter().zip(traces(&other)) {
        assert_eq!(*one, other);
    }
    let transcripts = |output: &RunOutput| -> Vec<(String, String)> {
        let cases = output.cases.iter();
        let mut told: Vec<_> = cases
            .map(|case| (case.id.clone(), case.transcript.clone()))
            .collect();
        told.sort();
        told
    };
    assert_eq!(transcripts(&one), transcripts(&other));
}

#[test]
fn two_explorers_at_once_on_one_target_find_nothing_and_see_the_same() {
    let stop = CancellationToken::new();
    let [one, other] = sessions().map(|session| ExploreConfig {
        session,
        catalogue: Arc::new(embedded_catalogue()),
        unproven: UnprovenMapping::default(),
        jobs: 2,
        first: 1,
        cases: 60,
        steps: 40,
        max_time: None,
    });
    let explored = wait(async {
        let (one, other) =
            tokio::join!(explore(&one, |_| {}, &stop), explore(&other, |_| {}, &stop));
        [one, other].map(|output| output.expect("the target answers"))
    });
    for output in &explored {
        assert_eq!(output.cases, 60);
        assert!(output.findings.is_empty(), "{:?}", output.findings);
        assert!(output.broken.is_empty(), "{:?}", output.broken);
        assert!(
            output.disagreements.is_empty(),
            "{:?}",
            output.disagreements
        );
        assert_eq!(output.chances, Vec::new());
        assert_eq!(output.failures, Vec::new());
    }
    let [one, other] = explored;
    assert_eq!((one.commands, one.tallies), (other.commands, other.tallies));
}
