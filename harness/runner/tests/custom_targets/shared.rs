//! A product that is there already: users one by one, gateways for the whole run, a policy of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use proofup_binding::{CompiledTarget, TransportOptions, loopback_transport};
use proofup_domain::clock::Clock;
use proofup_judge::outcome::Outcome;
use proofup_judge::report::words::why;
use proofup_runner::run::{RunConfig, RunOutput, TargetSession, run};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Scenario, load};
use proofup_world::surroundings::Surroundings;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::config;
use crate::planted::{session, wait};
use crate::product::{Setup, TARGET, serve};

/// What every scenario here begins with.
const PEOPLE: &str = r#"
[[users]]
name = "alice"

[[users]]
name = "bob"

[[steps]]
do = "signIn"
user = "alice"

[[steps]]
do = "signIn"
user = "bob"
"#;

const REGISTERS: &str = r#"
[[steps]]
do = "beginEnrollment"
user = "alice"
method = "mobilePhone"

[[steps]]
check = "TEXT-2/it-reaches-the-number"
do = "readInbox"
user = "alice"
channel = "sms"
expect = { count = 1, to = "mobile", hasCode = true }

[[steps]]
check = "TEXT-4/wrong-registers-nothing"
do = "submitCode"
user = "alice"
code = "wrong"
control = "TEXT-3/right-registers"
expect = { refused = "wrongCode" }

[[steps]]
check = "TEXT-3/right-registers"
do = "submitCode"
user = "alice"
code = "lastSent"
expect = { state = "verified" }

[[steps]]
check = "MAN-1/it-is-listed"
do = "listMethods"
user = "alice"
expect = { methods = ["mobilePhone"] }
"#;

pub(crate) fn scenario(stem: &str, policy: &str, steps: &str) -> Scenario {
    let text = format!("title = \"{stem}\"\n{policy}\n{PEOPLE}\n{steps}");
    let path = format!("scenarios/text-message/{stem}.toml");
    load(&path, &text, &embedded_catalogue()).unwrap_or_else(|errors| panic!("{errors:?}"))
}

pub(crate) fn target(base: &str, more: &str) -> CompiledTarget {
    let text = TARGET.replace("{base}", base).replace("{more}", more);
    CompiledTarget::compile("tiny.toml", &text)
        .unwrap_or_else(|errors| panic!("{:?}", errors.problems()))
}

pub(crate) fn judging(
    target: CompiledTarget,
    surroundings: Arc<Surroundings>,
    scenarios: Vec<Scenario>,
) -> RunConfig {
    let base = target.base_url().cloned().expect("the file names one");
    RunConfig {
        session: TargetSession {
            transport: loopback_transport(&base, TransportOptions::default()),
            target: Arc::new(target),
            surroundings,
            control_token: None,
            ..session(None)
        },
        ..config(None, scenarios)
    }
}

/// Lists the outcomes of the checks: slug, word and reason.
pub(crate) fn outcomes(output: &RunOutput) -> Vec<(String, &'static str, String)> {
    let checks = output.cases.iter().flat_map(|case| &case.checks);
    checks
        .map(|check| {
            let word = match check.outcome {
                Outcome::Passed => "passed",
                Outcome::Failed(_) => "failed",
                Outcome::NotApplicable(_) => "notApplicable",
                Outcome::CouldNotRun(_) => "couldNotRun",
            };
            let told = why(&check.outcome).unwrap_or_else(|| format!("{:?}", check.outcome));
            (check.slug.clone(), word, told)
        })
        .collect()
}

/// Runs scenarios against the product on a port of its own.
fn judged(scenarios: Vec<Scenario>) -> (Vec<(String, &'static str, String)>, usize) {
    judged_with("[gateways]", scenarios)
}

/// Runs scenarios against the product, its target file having more to say.
fn judged_with(
    more: &str,
    scenarios: Vec<Scenario>,
) -> (Vec<(String, &'static str, String)>, usize) {
    let (outcomes, held, _) = judged_by(&|base| target(base, more), scenarios);
    (outcomes, held)
}

/// Runs scenarios against the product by a target file for its address; gives the outcomes, how many texts came, and how
/// many users are left.
fn judged_by(
    target: &dyn Fn(&str) -> CompiledTarget,
    scenarios: Vec<Scenario>,
) -> (Vec<(String, &'static str, String)>, usize, Value) {
    wait(async {
        let clock = Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant"));
        let declared = target("http://127.0.0.1:1");
        let surroundings = Surroundings::begin(&declared, &clock).await;
        let surroundings = Arc::new(surroundings.expect("gateways can be had"));
        let gateways = surroundings.gateways().expect("the file asks for them");
        let setup = Setup {
            sms_url: gateways.sms_url(),
            ..Setup::default()
        };
        let address = serve(setup, ([127, 0, 0, 1], 0).into()).await;
        let target = target(&format!("http://{address}"));
        let stop = tokio_util::sync::CancellationToken::new();
        let output = run(
            judging(target, Arc::clone(&surroundings), scenarios),
            |_| {},
            &stop,
        )
        .await;
        let held = gateways.inboxes().all().len();
        drop(gateways);
        surroundings.stop().await;
        let left = users_left(address).await;
        (outcomes(&output.expect("it can be reached")), held, left)
    })
}

/// Asks the product how many users it has.
async fn users_left(address: SocketAddr) -> Value {
    let base = format!("http://{address}").parse().expect("a URL");
    let request = http::Request::get(format!("http://{address}/users"));
    let request = request.body(bytes::Bytes::new()).expect("a request");
    let transport = loopback_transport(&base, TransportOptions::default());
    let answer = transport.oneshot(request).await.expect("it answers");
    serde_json::from_slice(answer.body()).expect("it is JSON")
}

fn assert_all_passed(outcomes: &[(String, &str, String)], count: usize) {
    let others: Vec<_> = outcomes
        .iter()
        .filter(|(_, word, _)| *word != "passed")
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(outcomes.len(), count);
}

#[test]
fn a_custom_target_is_judged_through_gateways_that_all_cases_share() {
    let asks = r#"policy.reset = { enabled = true, methods = ["email", "mobilePhone"] }"#;
    let one = scenario("one", asks, REGISTERS);
    let another = REGISTERS.replace("TEXT", "CODE").replace("MAN-1", "MAN-2");
    let another = another.replace("CODE-2/it-r", "TEXT-2/again-it-r");
    let another = another
        .replace("CODE-4/w", "TEXT-4/again-w")
        .replace("CODE-3/r", "TEXT-3/again-r");
    let (outcomes, texts) = judged(vec![one, scenario("another", asks, &another)]);
    assert_all_passed(&outcomes, 8);
    assert_eq!(texts, 2);
}

#[test]
fn users_are_deleted_by_what_the_target_calls_them() {
    let by_its_own_name = |base: &str| {
        let text = TARGET
            .replace("{base}", base)
            .replace("{more}", "[gateways]")
            .replace(
                "answers = [{ status = 201 }]",
                "answers = [{ status = 201 }]\nkeep = { login = { from = \"$.email\", open = true } }",
            )
            .replace("/users/{userPrincipalName}", "/users/{login}");
        CompiledTarget::compile("tiny.toml", &text).expect("it compiles")
    };
    let (outcomes, _, left) = judged_by(&by_its_own_name, vec![scenario("one", "", REGISTERS)]);
    assert_all_passed(&outcomes, 4);
    assert_eq!(left, serde_json::json!({ "users": 0 }));
}

#[test]
fn what_a_case_tells_the_gateways_ends_with_it() {
    let fails = r#"
[[steps]]
do = "setGateway"
channel = "sms"
behaviour = "answer5xx"

[[steps]]
id = "begins"
do = "beginEnrollment"
user = "alice"
method = "mobilePhone"
check = "GATE-1/it-is-told"
control = "works"
expect = { refused = "gatewayFailed" }

[[steps]]
do = "setGateway"
channel = "sms"
behaviour = "deliver"

[[steps]]
id = "works"
do = "beginEnrollment"
user = "alice"
method = "mobilePhone"

[[steps]]
do = "setGateway"
channel = "sms"
behaviour = "drop"
"#;
    let (outcomes, _) = judged(vec![
        scenario("fails", "", fails),
        scenario("works", "", REGISTERS),
    ]);
    assert_all_passed(&outcomes, 5);
}

#[test]
fn a_case_whose_expectations_hang_on_another_policy_could_not_run() {
    let steps = r#"
[[steps]]
check = "SIGN-2/it-interrupts"
do = "readSession"
user = "alice"
expect = { state = "interrupted" }
"#;
    let asks = "policy.twoStep = { kinds = [\"textMessage\"], registrationRequired = true }";
    let (outcomes, _) = judged(vec![scenario("interrupts", asks, steps)]);
    let (_, word, why) = &outcomes[0];
    assert_eq!(*word, "couldNotRun");
    assert!(
        why.starts_with("this scenario needs ")
            && why.contains("`twoStep.registrationRequired` = true"),
        "{why}"
    );
    assert!(
        why.contains("under the target's policy line 19 would have to expect"),
        "{why}"
    );
}

#[test]
fn administrators_take_what_this_target_does_not_give() {
    let administrator = r#"
title = "An administrator"

[[users]]
name = "alice"
role = "administrator"

[[steps]]
check = "SIGN-3/in"
do = "signIn"
user = "alice"
"#;
    let path = "scenarios/sign-in/administrator.toml";
    let administrator = load(path, administrator, &embedded_catalogue()).expect("it loads");
    let (outcomes, _) = judged(vec![administrator]);
    assert_eq!(outcomes[0].1, "couldNotRun");
    assert!(outcomes[0].2.contains("`users`"), "{}", outcomes[0].2);
}

#[test]
fn what_create_user_cannot_say_is_not_taken_for_done() {
    let blocked = r#"
title = "Somebody who is blocked"

[[users]]
name = "alice"
blocked = true

[[users]]
name = "bob"

[[steps]]
check = "SIGN-7/blocked"
do = "signIn"
user = "alice"
control = "SIGN-7/in"
expect = { refused = "invalidCredentials" }

[[steps]]
check = "SIGN-7/in"
do = "signIn"
user = "bob"
"#;
    let load = |role: &str| {
        let text = blocked.replace("blocked = true", role);
        let path = "scenarios/sign-in/blocked.toml";
        load(path, &text, &embedded_catalogue()).unwrap_or_else(|errors| panic!("{errors:?}"))
    };
    let gives_users = |base: &str, says: &str| {
        let text = TARGET
            .replace("{base}", base)
            .replace("{more}", "[gateways]")
            .replace("\"inbox:sms\"", "\"inbox:sms\", \"users\"")
            .replacen(
                "password = \"{password}\" }",
                &format!("password = \"{{password}}\"{says} }}"),
                1,
            );
        CompiledTarget::compile("tiny.toml", &text).expect("the file compiles")
    };
    for (user, name) in [
        ("blocked = true", "{blocked}"),
        ("role = \"administrator\"", "{role}"),
    ] {
        let (outcomes, ..) = judged_by(&|base| gives_users(base, ""), vec![load(user)]);
        assert_eq!(outcomes[0].1, "couldNotRun", "{outcomes:?}");
        assert!(outcomes[0].2.contains(name), "{}", outcomes[0].2);
    }
    // Where it is said, what comes of it is judged: this product does not heed it.
    let says = ", more = \"{blocked}\"";
    let scenarios = vec![load("blocked = true")];
    let (outcomes, ..) = judged_by(&|base| gives_users(base, says), scenarios);
    assert_eq!(outcomes[0].1, "failed", "{outcomes:?}");
}

#[test]
fn the_form_of_a_right_refusal_is_told_once() {
    let mangled = |slug: &str, mangle: &str, refused: &str| {
        format!(
            "[[steps]]\ncheck = \"API-1/{slug}\"\ndo = \"signIn\"\nuser = \"alice\"\nmangle = \"{mangle}\"\n\
             control = \"in\"\nexpect = {{ refused = \"{refused}\", problem = true }}\n"
        )
    };
    let steps = [
        mangled("cut-short", "truncatedBody", "malformed"),
        mangled("empty", "emptyBody", "malformed"),
        mangled("types", "wrongTypes", "invalidInput"),
        mangled("unknown", "unknownMember", "invalidInput"),
        "[[steps]]\nid = \"in\"\ndo = \"signIn\"\nuser = \"alice\"\n".to_owned(),
    ];
    let reads_400 = |base: &str| {
        let text = TARGET
            .replace("{base}", base)
            .replace("{more}", "[gateways]")
            .replacen(
                "refusals = [{ status = 401",
                "refusals = [{ status = [400, 415], refused = \"invalidInput\" }, { status = 401",
                1,
            );
        CompiledTarget::compile("tiny.toml", &text).expect("the file compiles")
    };
    let scenarios = vec![scenario("malformed", "", &steps.join("\n"))];
    let (outcomes, ..) = judged_by(&reads_400, scenarios);
    let words: Vec<(&str, &str)> = outcomes
        .iter()
        .map(|(slug, word, _)| (slug.as_str(), *word))
        .collect();
    assert_eq!(
        words,
        [
            ("API-1/cut-short", "passed"),
            ("API-1/empty", "passed"),
            ("API-1/types", "passed"),
            // What is taken is no matter of form.
            ("API-1/unknown", "failed"),
            ("API-1/refusals-are-problem-documents", "failed"),
            ("API-1/malformed-input-is-refused-by-its-name", "failed"),
        ],
        "{outcomes:?}"
    );
}

/// Moves the time by `by`, and lists what is registered.
fn later(by: &str) -> String {
    format!(
        r#"
[[steps]]
do = "advanceClock"
by = "{by}"

[[steps]]
check = "MAN-1/nothing-yet"
do = "listMethods"
user = "alice"
expect = {{ methods = [] }}
"#
    )
}

#[test]
fn a_command_moves_the_clock_and_a_clock_that_runs_meets_no_second() {
    let folder = tempfile::tempdir().expect("a folder");
    let moved = folder.path().join("moved");
    let more = format!(
        "clock = {{ scope = \"process\", mode = \"running\", move = \"command\", \
         command = \"echo {{seconds}} >> {}\" }}\n[gateways]",
        moved.display()
    );
    let (outcomes, _) = judged_with(
        &more,
        vec![
            scenario("stretch", "", &later("code + 1m")),
            scenario(
                "second",
                "",
                &later("code - 1s").replace("yet", "yet-to-the-second"),
            ),
        ],
    );
    assert_eq!(outcomes[0].1, "passed", "{}", outcomes[0].2);
    let told = std::fs::read_to_string(&moved).expect("the command ran");
    assert_eq!(told, "660\n");
    assert_eq!(outcomes[1].1, "couldNotRun");
    assert!(
        outcomes[1].2.contains("aims at a second"),
        "{}",
        outcomes[1].2
    );
}

#[test]
fn a_command_that_fails_is_told_and_judges_nothing() {
    let more = "clock = { move = \"command\", command = \"echo no way by {seconds} >&2; false\" }\n[gateways]";
    let (outcomes, _) = judged_with(more, vec![scenario("stretch", "", &later("1h"))]);
    assert_eq!(outcomes[0].1, "couldNotRun");
    assert!(
        outcomes[0].2.contains("no way by 3600"),
        "{}",
        outcomes[0].2
    );
}
