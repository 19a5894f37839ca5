//! A run against a server that breaks down at every second success that has nothing to tell.

use proofup_judge::outcome::{CheckResult, Outcome};
use proofup_runner::run::run;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::load;

use crate::config;
use crate::failing::failing;
use crate::planted::wait;

const STORY: &str = r#"
title = "The account opens again and again"

[[users]]
name = "alice"

[[steps]]
do = "signIn"
user = "alice"

[[steps]]
check = "SIGN-4/once"
do = "openAccount"
user = "alice"

[[steps]]
check = "SIGN-4/twice"
do = "openAccount"
user = "alice"
"#;

fn judged(breaks_down: bool) -> Vec<CheckResult> {
    let scenario = load("story.toml", STORY, &embedded_catalogue())
        .unwrap_or_else(|errors| panic!("{:#?}", errors.problems()));
    let mut config = config(None, vec![scenario]);
    if breaks_down {
        config.session.transport = failing(config.session.transport);
    }
    let stop = tokio_util::sync::CancellationToken::new();
    let output = wait(run(config, |_| {}, &stop)).expect("the reference can be reached");
    let mut cases = output.cases.into_iter();
    cases.next().expect("the file is one case").checks
}

#[test]
fn a_server_that_breaks_down_where_a_success_tells_nothing_is_found() {
    let sound = judged(false);
    let passed = |check: &CheckResult| matches!(check.outcome, Outcome::Passed);
    assert!(sound.iter().all(passed), "{sound:#?}");
    let broken = judged(true);
    assert!(passed(&broken[0]), "{broken:#?}");
    let Outcome::Failed(mismatches) = &broken[1].outcome else {
        panic!("{:#?}", broken[1].outcome)
    };
    assert_eq!(broken[1].command, "alice openAccount");
    let came = mismatches[0].actual.as_ref().expect("an answer came");
    assert_eq!(came["unrecognised"]["status"], 500, "{came}");
}
