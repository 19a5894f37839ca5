//! Commands that were made ready before others changed the state: what they name is what it was then.

use jiff::{SignedDuration, Timestamp};
use proofup_domain::command::Command;
use serde_json::{Value, json};

use super::tenant;
use crate::machine::{PreparedMoment, State, step, step_prepared};

fn command(value: Value) -> Command {
    serde_json::from_value(value).expect("a command")
}

/// Lets commands happen one after the other, 60 s apart.
fn after(policy: &str, commands: &[Value]) -> PreparedMoment {
    let mut state: State = tenant(policy);
    let mut now: Timestamp = "2026-01-15T09:00:00Z".parse().expect("an instant");
    for value in commands {
        state = step(&state, &command(value.clone()), now).state;
        now += SignedDuration::from_secs(60);
    }
    PreparedMoment { state, now }
}

/// Returns what is answered to the second of two commands that were made ready together, when it comes second.
fn second(prepared: &PreparedMoment, first: Value, then: Value) -> Value {
    let first = step(&prepared.state, &command(first), prepared.now);
    assert!(first.expected.may_succeed(), "{:?}", first.expected);
    step_prepared(&first.state, prepared, &command(then), prepared.now)
        .expected
        .to_expect()
}

const RESET: &str = "reset.enabled = true\nreset.methods = [\"email\"]";

fn begun() -> PreparedMoment {
    after(
        RESET,
        &[
            json!({ "do": "signIn", "user": "alice", "as": "s" }),
            json!({ "do": "beginEnrollment", "user": "alice", "method": "email", "as": "e" }),
        ],
    )
}

#[test]
fn the_code_that_was_chosen_before_a_newer_one_was_sent_is_wrong() {
    let told = second(
        &begun(),
        json!({ "do": "sendCode", "user": "alice" }),
        json!({ "do": "submitCode", "user": "alice", "code": "lastSent" }),
    );
    assert_eq!(told["refused"], "wrongCode", "{told}");
}

#[test]
fn the_latest_session_is_the_one_of_before() {
    let told = second(
        &begun(),
        json!({ "do": "signOut", "user": "alice" }),
        json!({ "do": "readSession", "user": "alice" }),
    );
    assert_eq!(told["refused"], "unauthenticated", "{told}");
    let prepared = begun();
    let first = step(
        &prepared.state,
        &command(json!({ "do": "signIn", "user": "alice" })),
        prepared.now,
    );
    let out = command(json!({ "do": "signOut", "user": "alice" }));
    let out = step_prepared(&first.state, &prepared, &out, prepared.now);
    let read = command(json!({ "do": "readSession", "user": "alice" }));
    let read = step(&out.state, &read, prepared.now);
    assert!(
        read.expected.may_succeed(),
        "the newer session is not ended"
    );
}
