//! The reference without a fault, and behind a server that breaks down.

use proofup_explore::race::race;

use super::{races, wait};
use crate::failing::failing;

#[test]
fn nothing_that_races_against_the_reference_lacks_an_order() {
    let stop = tokio_util::sync::CancellationToken::new();
    let output = wait(race(&races(None, 60), || {}, &stop)).expect("the reference can be reached");
    let found: Vec<String> = output
        .findings
        .iter()
        .map(|finding| {
            let scenario = finding.scenario.as_deref().unwrap_or("no file");
            format!("{}: {}\n{scenario}", finding.story, finding.what)
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n\n"));
    assert!(!output.is_violated());
    for story in &output.stories {
        assert_eq!(story.histories, 4, "{}", story.name);
        assert_eq!(story.judged, 4, "{}: {:?}", story.name, story.unjudged);
    }
}

#[test]
fn what_is_interrupted_before_it_begins_has_judged_nothing() {
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    let output = wait(race(&races(None, 60), || {}, &stop)).expect("the reference can be reached");
    assert!(output.interrupted);
    assert_eq!(output.unjudged().len(), output.stories.len());
}

#[test]
fn a_server_that_breaks_down_where_a_success_tells_nothing_is_found() {
    let mut config = races(None, 60);
    config.session.transport = failing(config.session.transport);
    let stop = tokio_util::sync::CancellationToken::new();
    let output = wait(race(&config, || {}, &stop)).expect("the reference can be reached");
    assert!(output.is_violated());
    let told: Vec<&str> = output
        .findings
        .iter()
        .map(|one| one.what.as_str())
        .collect();
    for operation in ["deleteMethod", "setNewPassword"] {
        let named = |what: &&&str| what.contains(operation) && what.contains("status 500");
        assert!(
            told.iter().any(|what| named(&what)),
            "{operation}: {told:#?}"
        );
    }
}
