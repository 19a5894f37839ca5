//! Hostile servers on loopback: a run goes on, and ends.

use std::sync::Arc;

use proofup_binding::{CompiledTarget, loopback_transport};
use proofup_domain::clock::Clock;
use proofup_domain::secret::Secret;
use proofup_judge::outcome::{CouldNotRun, Outcome};
use proofup_runner::run::{RunConfig, RunError, RunOutput, Selection, TargetSession, run};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Suite, SuiteOrigin, load};
use tokio_util::sync::CancellationToken;

use crate::end::{End, FAR_TOO_LONG, with_all};
use crate::hostile_server::{HostileServer, Hostility};

/// A story of one person who signs in, wrongly and rightly.
const STORY: &str = r#"title = "A wrong password lets nobody in"

[[users]]
name = "alice"

[[steps]]
check = "SIGN-7/hostile-wrong-password"
do = "signIn"
user = "alice"
password = "wrong"
expect = { refused = "invalidCredentials" }
control = "SIGN-3/hostile-right-password"

[[steps]]
check = "SIGN-3/hostile-right-password"
do = "signIn"
user = "alice"
expect = { state = "signedIn" }
"#;

/// Reads a target file that ships.
fn text(name: &str) -> String {
    let path = format!(
        "{}/../../fixtures/targets/{name}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).expect("the file ships")
}

fn target(name: &str, text: &str) -> CompiledTarget {
    CompiledTarget::compile(name, text)
        .unwrap_or_else(|errors| panic!("{:?}", miette::Report::new(errors)))
}

/// Compiles a target that ships, with its capabilities declared, so that a run gets as far as its cases.
fn declared(name: &str) -> CompiledTarget {
    let text = text(name)
        .replace("facilities = []\n", "")
        .replace("[capabilities]\n", "")
        .replace(
            "capabilities = { discover = \"/.well-known/security-info\" }\n",
            "",
        )
        .replace("discover = \"/.well-known/security-info\"\n", "");
    let text = format!("{text}\n{}", crate::hostile_server::CAPABILITIES);
    target(name, &text)
}

async fn judged(target: CompiledTarget, hostility: Hostility) -> Result<RunOutput, RunError> {
    let server = HostileServer::start(hostility);
    let base = server.base().parse().expect("a URL");
    let catalogue = embedded_catalogue();
    let scenario = load("story.toml", STORY, &catalogue)
        .unwrap_or_else(|errors| panic!("{:?}", miette::Report::new(errors)));
    let config = RunConfig {
        session: TargetSession {
            instance: None,
            transport: loopback_transport(&base, End::of(hostility).options()),
            callback_base: server.base(),
            target: Arc::new(target.with_base(base)),
            control_token: Some(Secret::new("a-token-of-these-tests")),
            seed: 1,
            clock: Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant")),
            surroundings: Arc::default(),
        },
        suite: Arc::new(Suite {
            scenarios: vec![scenario],
            hash: String::new(),
            origin: SuiteOrigin::Disk("tests".to_owned()),
        }),
        catalogue: Arc::new(catalogue),
        jobs: 1,
        selection: Selection::default(),
        trace: false,
        max_failures: None,
        deadline: None,
        probed: None,
    };
    let stop = CancellationToken::new();
    tokio::time::timeout(3 * FAR_TOO_LONG, run(config, |_| {}, &stop))
        .await
        .unwrap_or_else(|_| panic!("a run against {hostility:?} does not end"))
}

#[tokio::test]
async fn a_target_that_is_hostile_from_the_start_is_not_judged_at_all() {
    let target = target("reference", &text("reference"));
    let all = with_all(async |hostility| judged(target.clone(), hostility).await).await;
    for (hostility, output) in all {
        assert!(output.is_err(), "{hostility:?}: {output:?}");
    }
}

#[tokio::test]
async fn a_run_whose_tenants_cannot_be_made_could_not_run() {
    let target = declared("reference");
    let all = with_all(async |hostility| judged(target.clone(), hostility).await).await;
    for (hostility, output) in all {
        let output = output.unwrap_or_else(|error| panic!("{hostility:?}: {error}"));
        // What answers 200 or 201 has made the tenant, as far as the target file says.
        let made = matches!(
            End::of(hostility),
            End::Unrecognised(200 | 201) | End::ResetOrUnrecognised(_)
        );
        for check in &output.cases[0].checks {
            let could_not_run = matches!(check.outcome, Outcome::CouldNotRun(_));
            let failed = made && matches!(check.outcome, Outcome::Failed(_));
            assert!(
                could_not_run || failed,
                "{hostility:?}: {:?}",
                check.outcome
            );
        }
        assert_eq!(output.cases[0].checks.len(), 2, "{hostility:?}");
        assert_eq!(output.cases[0].internal_error, None, "{hostility:?}");
    }
}

#[tokio::test]
async fn a_check_without_answer_could_not_run_and_a_senseless_answer_fails() {
    let target = declared("demo");
    let all = with_all(async |hostility| judged(target.clone(), hostility).await).await;
    for (hostility, output) in all {
        let output = output.unwrap_or_else(|error| panic!("{hostility:?}: {error}"));
        let answers = matches!(
            End::of(hostility),
            End::Unrecognised(_) | End::ResetOrUnrecognised(_)
        );
        for check in &output.cases[0].checks {
            let right = match &check.outcome {
                Outcome::CouldNotRun(CouldNotRun::Transport(_)) => true,
                Outcome::Failed(_) => answers,
                _ => false,
            };
            assert!(right, "{hostility:?}: {:?}", check.outcome);
        }
        assert_eq!(output.cases[0].checks.len(), 2, "{hostility:?}");
    }
}
