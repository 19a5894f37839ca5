//! Exploring the reference, in process: nothing is found in what is sound, and what is found in what is not is small,
//! stands in a file, and fails there alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{Request, StatusCode};
use proofup_binding::Transport;
use proofup_domain::fault::FaultName;
use proofup_explore::explore::{
    ExploreConfig, ExploreFinding, ExploreOutput, Story, draw, explore, hunt,
};
use proofup_judge::outcome::{CaseResult, Outcome};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{COMMANDS, load};
use proofup_world::UnprovenMapping;
use proofup_world::bounds::TargetBounds;
use proofup_world::context::RunContext;
use proofup_world::session::read_capabilities;
use tokio_util::sync::CancellationToken;
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt as _, service_fn};

use crate::failing::failing;
use crate::planted::{session, wait};

/// Commands of a case at most.
const STEPS: usize = 24;

fn cases(fault: Option<FaultName>, cases: u64) -> ExploreConfig {
    ExploreConfig {
        session: session(fault),
        catalogue: Arc::new(embedded_catalogue()),
        unproven: UnprovenMapping::default(),
        jobs: 4,
        first: 1,
        cases,
        steps: STEPS,
        max_time: None,
    }
}

fn explored(fault: Option<FaultName>, number: u64) -> ExploreOutput {
    let stop = CancellationToken::new();
    let config = cases(fault, number);
    wait(explore(&config, |_| {}, &stop)).expect("the reference can be asked")
}

fn stories(number: u64) -> Vec<Story> {
    let session = session(None);
    let capabilities = wait(read_capabilities(&session)).expect("it can be asked");
    let context = RunContext::new(&session, &Arc::new(embedded_catalogue()), &capabilities);
    let bounds = Arc::new(TargetBounds::new(&context, &capabilities));
    (1..=number)
        .map(|case| draw(&bounds, 1, case, STEPS))
        .collect()
}

/// Runs a counterexample as anybody would.
fn rerun(finding: &ExploreFinding, fault: Option<FaultName>) -> CaseResult {
    let path = format!("{}.toml", finding.file.stem);
    let scenario =
        load(&path, &finding.file.text, &embedded_catalogue()).unwrap_or_else(|errors| {
            panic!("{}\n{:?}", finding.file.text, miette::Report::new(errors))
        });
    crate::judged(&session(fault), scenario)
}

fn failed(result: &CaseResult) -> BTreeSet<&str> {
    let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
    let checks = result.checks.iter().filter(|check| failed(&check.outcome));
    checks.map(|check| check.slug.as_str()).collect()
}

#[test]
fn nothing_is_found_in_the_reference() {
    let output = explored(None, 250);
    let found: Vec<String> = output
        .findings
        .into_iter()
        .map(|found| found.file.text)
        .collect();
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(output.unjudged, BTreeMap::new());
    assert_eq!(output.disagreements, vec![]);
    assert_eq!(output.failures, vec![]);
    assert_eq!(output.cases, 250);
}

#[test]
fn equal_seeds_draw_equal_stories() {
    assert_eq!(stories(20), stories(20));
}

#[test]
fn every_kind_of_command_is_drawn() {
    let stories = stories(600);
    let drawn: BTreeSet<&str> = stories
        .iter()
        .flat_map(|story| &story.steps)
        .map(|step| step.word())
        .collect();
    let known: BTreeSet<&str> = COMMANDS.iter().map(|(word, _)| *word).collect();
    let missing: Vec<_> = known.difference(&drawn).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_counterexample_is_a_small_file_that_fails_alone_and_passes_where_nothing_is_wrong() {
    for fault in [
        FaultName::NeverInterrupted,
        FaultName::AnyCodeAccepted,
        FaultName::WindowRestartedBySigningOut,
        FaultName::TextNeverSent,
    ] {
        let found = wait(hunt(&cases(Some(fault), 400))).expect("the reference can be asked");
        let found = found.unwrap_or_else(|| panic!("{fault} was not found"));
        let finding = wait(found.make_small()).expect("a planted fault repeats");
        assert!(finding.is_confirmed(), "{fault}\n{}", finding.file.text);
        assert!(finding.file.steps <= 12, "{fault}\n{}", finding.file.text);
        let with = rerun(&finding, Some(fault));
        let expected = BTreeSet::from([finding.file.slug.as_str()]);
        assert_eq!(failed(&with), expected, "{fault}\n{}", finding.file.text);
        let without = rerun(&finding, None);
        let all_passed = without
            .checks
            .iter()
            .all(|check| matches!(check.outcome, Outcome::Passed));
        assert!(all_passed, "{fault}\n{}", finding.file.text);
    }
}

#[test]
fn a_server_that_breaks_down_where_a_success_tells_nothing_is_found() {
    let mut config = cases(None, 400);
    config.session.transport = failing(config.session.transport);
    let found = wait(hunt(&config)).expect("the reference can be asked");
    let found = found.expect("a status of 500 is no success");
    let file = wait(found.make_small())
        .expect("it breaks down each time")
        .file;
    let summary = format!("{}: {}", file.did, file.got);
    let operations = [
        "openAccount",
        "setDefault",
        "deleteMethod",
        "setNewPassword",
    ];
    let named = operations
        .iter()
        .any(|operation| summary.contains(operation));
    assert!(named && summary.contains("status = 500"), "{summary}");
}

/// Turns the first success of opening an account into an answer with the status 500, and no other.
fn breaking_down_once(inner: Transport) -> Transport {
    let broke = Arc::new(AtomicBool::new(false));
    BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let (inner, broke) = (inner.clone(), Arc::clone(&broke));
        async move {
            let opens = request.uri().path().ends_with("/v1/account");
            let mut response = inner.oneshot(request).await?;
            if opens && response.status().is_success() && !broke.swap(true, Ordering::Relaxed) {
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
            Ok(response)
        }
    }))
}

#[test]
fn what_differs_once_and_not_again_is_told_and_is_no_verdict() {
    let mut config = cases(None, 60);
    config.session.transport = breaking_down_once(config.session.transport);
    let stop = CancellationToken::new();
    let explored = wait(explore(&config, |_| {}, &stop)).expect("the reference can be asked");
    assert!(explored.findings.is_empty());
    let [(_, chance)] = explored.chances.as_slice() else {
        panic!("{:?}", explored.chances);
    };
    assert!(chance.contains("openAccount"), "{chance}");
    let found = wait(hunt(&config)).expect("the reference can be asked");
    assert!(found.is_none());
}

#[test]
fn every_command_succeeds_in_some_of_a_thousand_cases() {
    // With this seed some never did, as long as every case was drawn freely.
    let mut config = cases(None, 1000);
    config.session.seed = 200;
    let stop = CancellationToken::new();
    let explored = wait(explore(&config, |_| {}, &stop)).expect("the reference can be asked");
    assert!(explored.findings.is_empty());
    assert_eq!(explored.failures, vec![]);
    assert_eq!(explored.never_succeeded(), [""; 0]);
}
