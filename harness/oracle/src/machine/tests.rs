//! Tables: a policy, people, what they do and when, and what the last of it has to answer.
//!
//! A line is a command: `+30s` moves the clock before it, `bob:` says who acts (alice if nobody is named), `?` lets it be
//! refused on the way, then the command and its fields. An expectation is `!word` for a refusal, then fields by path.

mod account;
mod left_open;
mod prepared;
mod proving;
mod served;
mod setting_up;
mod signing_in;
mod which_device;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proofup_domain::capabilities::Limits;
use proofup_domain::command::Command;
use proofup_domain::method::Role;
use serde_json::{Map, Value, json};

use super::{NewUser, ProvisionedTenant, State, step};

/// Returns the limits that the design declares for the reference.
pub(super) const fn limits() -> Limits {
    Limits {
        code_length: 6,
        code_tries: 5,
        account_failures: 20,
        block_seconds: 900,
        resend_seconds: 30,
        gateway_timeout_ms: 100,
        code_seconds: 600,
        activation_seconds: 600,
        enrollment_seconds: 1800,
        notification_seconds: 120,
        call_seconds: 120,
        reset_seconds: 1800,
        session_seconds: 28_800,
    }
}

/// Makes a tenant of alice and bob, members, carol, an administrator, and mallory, who is blocked; nobody is unknown.
pub(super) fn tenant(policy: &str) -> State {
    let member = NewUser::member;
    let users = vec![
        member("alice"),
        member("bob"),
        NewUser {
            role: Role::Administrator,
            ..member("carol")
        },
        NewUser {
            blocked: true,
            ..member("mallory")
        },
        NewUser {
            exists: false,
            ..member("nobody")
        },
    ];
    State::new(ProvisionedTenant {
        policy: crate::testing::policy(policy),
        limits: limits(),
        code_shapes_accepted: BTreeSet::new(),
        domains: BTreeSet::from(["example.com".to_owned()]),
        users,
        numbers: BTreeMap::new(),
    })
}

pub(super) fn start() -> Timestamp {
    Timestamp::from_second(1_768_467_600).expect("an instant of 2026")
}

/// Checks what the last command of a story answers.
#[track_caller]
pub(super) fn check(policy: &str, story: &[&str], expected: &str) {
    let mut state = tenant(policy);
    let mut now = start();
    let mut last = None;
    for (index, line) in story.iter().enumerate() {
        let (wait, may_be_refused, command) = read(line);
        now += SignedDuration::from_secs(wait);
        let outcome = step(&state, &command, now);
        let told = outcome.expected.to_expect();
        assert_eq!(outcome.expected.unbound(), None, "`{line}` can be done");
        if index + 1 < story.len() && !may_be_refused {
            let first = &outcome.expected.alternatives()[0];
            assert!(first.may_succeed(), "`{line}` is refused: {told}");
        }
        state = outcome.state;
        last = Some(outcome.expected);
    }
    let last = last.expect("a story has a command");
    let first = last.alternatives()[0].to_json();
    for word in expected.split_whitespace() {
        match word.strip_prefix('!') {
            Some(refusal) => assert_eq!(first["refused"], refusal, "{first}"),
            None => field(&first, word),
        }
    }
    let refused = first.get("refused").is_some();
    assert_eq!(refused, expected.contains('!'), "{first}");
}

/// Checks which refusals the last command of a story may be answered with.
#[track_caller]
pub(super) fn refusals(policy: &str, story: &[&str], expected: &[&str]) {
    let (mut state, mut now, mut last) = (tenant(policy), start(), None);
    for line in story {
        let (wait, _, command) = read(line);
        now += SignedDuration::from_secs(wait);
        let outcome = step(&state, &command, now);
        state = outcome.state;
        last = Some(outcome.expected);
    }
    let last = last.expect("a story has a command");
    let told: BTreeSet<&str> = last
        .alternatives()
        .iter()
        .filter_map(|one| Some(one.refusal()?.as_str()))
        .collect();
    assert_eq!(told, expected.iter().copied().collect());
}

#[track_caller]
fn field(answer: &Value, word: &str) {
    let (path, wanted) = word.split_once('=').expect("a field has a value");
    let pointer = format!("/{}", path.replace('.', "/"));
    let got = answer.pointer(&pointer).unwrap_or(&Value::Null);
    assert_eq!(*got, value(wanted), "{path} of {answer}");
}

/// Reads a line of a story: seconds to wait, whether it may be refused, and the command.
#[track_caller]
pub(super) fn read(line: &str) -> (i64, bool, Command) {
    let mut words = line.split_whitespace().peekable();
    let wait = words.next_if(|word| word.starts_with('+'));
    let wait = wait.map_or(0, |word| {
        let (number, unit) = word[1..].split_at(word.len() - 2);
        let number: i64 = number.parse().expect("a number of seconds");
        number * if unit == "d" { 86_400 } else { 1 }
    });
    let may_be_refused = words.next_if_eq(&"?").is_some();
    let user = words.next_if(|word| word.ends_with(':'));
    let user = user.map_or("alice", |word| word.trim_end_matches(':'));
    let name = words.next().expect("a command");
    let mut table = Map::new();
    table.insert("do".to_owned(), name.into());
    let world = ["setPolicy", "setGateway", "releaseMessages", "readAudit"];
    if !world.contains(&name) {
        table.insert("user".to_owned(), user.into());
    }
    if name == "setPolicy" {
        let rest: Vec<&str> = words.by_ref().collect();
        let patch: Map<String, Value> =
            toml::from_str(&rest.join(" ").replace(';', "\n")).expect("a patch parses");
        table.insert("policy".to_owned(), patch.into());
    }
    for word in words {
        let (key, text) = word.split_once('=').expect("a field has a value");
        table.insert(key.to_owned(), value(text));
    }
    let command = serde_json::from_value(Value::Object(table));
    (
        wait,
        may_be_refused,
        command.unwrap_or_else(|error| panic!("{line}: {error}")),
    )
}

/// Reads a value: a number, a truth, a list of words joined by `+`, JSON, or a word.
fn value(text: &str) -> Value {
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    match text.strip_suffix('+') {
        Some(one) => json!([one]),
        None if text.contains('+') => text.split('+').collect(),
        None => text.into(),
    }
}
