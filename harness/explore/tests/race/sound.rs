//! The reference without a fault.

use proofup_explore::race::race;

use super::{races, wait};

#[test]
fn nothing_that_races_against_the_reference_lacks_an_order() {
    let (_keep, stop) = tokio::sync::watch::channel(false);
    let output = wait(race(&races(None, 60), || {}, stop)).expect("the reference can be reached");
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
    let (_keep, stop) = tokio::sync::watch::channel(true);
    let output = wait(race(&races(None, 60), || {}, stop)).expect("the reference can be reached");
    assert!(output.interrupted);
    assert_eq!(output.unjudged().len(), output.stories.len());
}
