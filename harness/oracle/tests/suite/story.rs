//! Walks one scenario file with the oracle.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Limits;
use proofup_domain::command::Command;
use proofup_domain::edition::Edition;
use proofup_domain::expect::{Allowed, Expectation, FieldPatterns, Pattern};
use proofup_domain::method::{Method, Role};
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use proofup_oracle::machine::{NewUser, NumberFacts, ProvisionedTenant, State, Transition, step};
use serde_json::{Value, json};

/// Keys of a step that are no fields of its command.
const APART: [&str; 6] = ["id", "check", "expect", "control", "times", "mangle"];

/// What the walk through a file found.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) checks: u32,
    pub(crate) disagreements: Vec<String>,
    /// Each check that blames an answer which the oracle admits, and that answer.
    pub(crate) blamed: Vec<(String, String)>,
}

/// Walks a file in one edition.
///
/// `allowed` tells which refusals the catalogue calls as good as an expected one, by requirement.
pub(crate) fn tell(story: &Value, edition: Edition, allowed: &BTreeMap<String, Allowed>) -> Told {
    let mut walk = Walk::new(story, edition, allowed);
    walk.prepare(story);
    for item in items(&story["steps"]) {
        walk.step(item);
    }
    walk.told
}

struct Walk<'a> {
    allowed: &'a BTreeMap<String, Allowed>,
    state: State,
    now: Timestamp,
    told: Told,
}

impl<'a> Walk<'a> {
    fn new(story: &Value, edition: Edition, allowed: &'a BTreeMap<String, Allowed>) -> Self {
        let mut policy = policy(story);
        policy.edition = edition;
        let users = items(&story["users"]).iter().map(|user| NewUser {
            name: text(&user["name"]),
            role: Role::from_word(&text(&user["role"])).unwrap_or(Role::Member),
            blocked: user["blocked"] == true,
            exists: user["exists"] != false,
            office_takes_texts: false,
        });
        let tenant = ProvisionedTenant {
            policy,
            limits: limits(),
            code_shapes_accepted: BTreeSet::new(),
            domains: BTreeSet::new(),
            users: users.collect(),
            numbers: numbers(),
        };
        let start = story["start"].as_str().unwrap_or("2026-01-15T09:00:00Z");
        Self {
            allowed,
            state: State::new(tenant),
            now: start.parse().expect("the start is an instant"),
            told: Told::default(),
        }
    }

    /// Registers what the file says is registered, under a policy that allows everything for reset.
    fn prepare(&mut self, story: &Value) {
        let kept = serde_json::to_value(self.state.policy()).expect("a policy is JSON");
        let questions = match items(&kept["reset"]["questions"]) {
            some if some.len() >= 3 => json!(some),
            _ => json!(["One?", "Two?", "Three?", "Four?", "Five?"]),
        };
        self.must(&json!({ "do": "setPolicy", "policy": {
            "twoStep": { "kinds": [], "registrationRequired": false, "requiredAtSignIn": false },
            "reset": {
                "enabled": true, "registrationRequired": false, "methodsRequired": 2,
                "methods": ["appNotification", "appCode", "email", "mobilePhone", "officePhone",
                    "securityQuestions"],
                "questions": questions,
            },
            "app": { "codeWithNotification": true },
        } }));
        for user in items(&story["users"]) {
            self.register(user);
        }
        self.must(&json!({ "do": "setPolicy", "policy": kept }));
        self.now += SignedDuration::from_secs(120);
        self.state = self.state.begin_story();
    }

    fn register(&mut self, user: &Value) {
        let methods = items(&user["methods"]);
        if methods.is_empty() {
            return;
        }
        let does = |what: &str| json!({ "do": what, "user": user["name"] });
        self.must(&does("signIn"));
        for method in methods {
            let mut begin = does("beginEnrollment");
            begin["method"] = method.clone();
            self.must(&begin);
            let code =
                |role: &str| json!({ "do": "submitCode", "user": user["name"], "code": role });
            let rest = match Method::from_word(&text(method)).expect("a method") {
                Method::MicrosoftAuthenticator => vec![
                    does("nextPage"),
                    does("nextPage"),
                    does("activateDevice"),
                    does("nextPage"),
                    does("approveNotification"),
                    does("readEnrollment"),
                ],
                Method::SoftwareOath => vec![does("addAccount"), code("current")],
                Method::MobilePhone | Method::Email => vec![code("lastSent")],
                Method::OfficePhone => vec![does("pressKey"), does("readEnrollment")],
                Method::SecurityQuestions => vec![does("submitAnswers")],
            };
            for item in rest {
                self.must(&item);
            }
            self.now += SignedDuration::from_secs(60);
        }
        self.must(&does("signOut"));
    }

    fn must(&mut self, item: &Value) {
        let outcome = self.run(item);
        if !outcome.expected.may_succeed() {
            let expected = outcome.expected.to_expect();
            self.disagree(item, &format!("a preparation is refused: {expected}"));
        }
        self.state = outcome.state;
    }

    fn step(&mut self, item: &Value) {
        if item.get("mangle").is_some() {
            return;
        }
        for _ in 1..times(&item["times"]) {
            let mut earlier = item.clone();
            earlier["check"] = Value::Null;
            if let Some(expect) = item.get("expect") {
                let expect = Expectation::read(expect).expect("the suite is loaded elsewhere");
                earlier["expect"] = expect.kind().to_json();
            }
            self.once(&earlier);
        }
        self.once(item);
        if item["do"] == "advanceClock" {
            let by = seconds(&text(&item["by"]));
            self.now += SignedDuration::from_secs(by);
        }
    }

    fn once(&mut self, item: &Value) {
        let outcome = self.run(item);
        let expect = item.get("expect").map(Expectation::read);
        let expect = expect.transpose().expect("the suite is loaded elsewhere");
        let expect = expect.unwrap_or(Expectation::success());
        if let Some(slug) = item["check"].as_str() {
            self.told.checks += 1;
            let requirement = slug.split('/').next().unwrap_or_default();
            let allowed = &self.allowed[requirement];
            let blamed = outcome
                .expected
                .alternatives()
                .iter()
                .flat_map(each_reading);
            let blamed = blamed.filter(|admitted| !has_room(&expect, admitted, allowed));
            let blamed = blamed.map(|admitted| (slug.to_owned(), admitted.to_string()));
            self.told.blamed.extend(blamed);
        }
        let found = outcome.expected.meeting(&expect);
        if let Some(why) = outcome.expected.unbound() {
            self.disagree(item, &format!("cannot be done: {why}"));
        } else if found.is_none() {
            let admitted = outcome.expected.to_expect();
            self.disagree(
                item,
                &format!("expects {expect}, the oracle admits {admitted}"),
            );
        }
        self.state = outcome
            .follow(&found.map_or_else(Answer::done, Expectation::example))
            .clone();
    }

    fn run(&self, item: &Value) -> Transition {
        let mut table = item.as_object().expect("a step is a table").clone();
        table.retain(|key, _| !APART.contains(&key.as_str()));
        let command: Command = serde_json::from_value(Value::Object(table))
            .unwrap_or_else(|error| panic!("{item}: {error}"));
        step(&self.state, &command, self.now)
    }

    fn disagree(&mut self, item: &Value, why: &str) {
        let slug = item["check"].as_str().or(item["do"].as_str());
        let line = format!("{}: {why}", slug.unwrap_or_default());
        self.told.disagreements.push(line);
    }
}

/// Lists what an expectation of the oracle admits, one by one: with one refusal, and one value of each field.
fn each_reading(admitted: &Expectation) -> Vec<Expectation> {
    match admitted {
        Expectation::AnyOf(several) => several.iter().flat_map(each_reading).collect(),
        Expectation::Refused(refused) => {
            let reasons = refused.reasons.as_slice().iter();
            let one = |reason: &_| Expectation::refused_with(*reason, refused.details.clone());
            reasons.map(one).collect()
        }
        Expectation::Success(fields) => {
            let mut readings = vec![FieldPatterns::new()];
            for (name, pattern) in fields.iter() {
                let values = match pattern {
                    Pattern::AnyOf(values) => values.as_slice(),
                    one => std::slice::from_ref(one),
                };
                let each = readings.iter().flat_map(|reading| {
                    values.iter().map(move |value| {
                        let mut reading = reading.clone();
                        reading.set(name.to_owned(), value.clone());
                        reading
                    })
                });
                readings = each.collect();
            }
            readings.into_iter().map(Expectation::Success).collect()
        }
        Expectation::Together(_) => vec![admitted.clone()],
    }
}

/// Returns whether what a check expects leaves room for an answer, by itself or by what the catalogue calls as good.
fn has_room(expect: &Expectation, admitted: &Expectation, allowed: &Allowed) -> bool {
    let as_good = |(expected, good): (&Refusal, &BTreeSet<Refusal>)| {
        let is_good = admitted.refusal().is_some_and(|came| good.contains(&came));
        is_good && expect.meets(&Expectation::refused(*expected))
    };
    expect.meets(admitted) || allowed.iter().any(as_good)
}

/// Returns the facts of the numbers that files spell out: the oracle has no phone metadata.
fn numbers() -> BTreeMap<(String, String), NumberFacts> {
    let facts = |region: &str, number: &str, valid| {
        let facts = NumberFacts {
            valid,
            takes_texts: false,
            e164: format!("{region} {number}"),
        };
        ((region.to_owned(), number.to_owned()), facts)
    };
    BTreeMap::from([
        facts("NL", "020 624 1111", true),
        facts("NL", "020 12", false),
        facts("JP", "020 624 1111 22", false),
        facts("XX", "020 624 1111", false),
    ])
}

fn policy(story: &Value) -> Policy {
    match story.get("policy") {
        None => Policy::default(),
        Some(policy) => serde_json::from_value(policy.clone()).expect("the policy parses"),
    }
}

/// Returns the limits that the design declares for the reference.
fn limits() -> Limits {
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

fn times(value: &Value) -> i64 {
    match value {
        Value::Null => 1,
        Value::String(text) => sum(text, |term| match term {
            "codeTries" => i64::from(limits().code_tries),
            "accountFailures" => i64::from(limits().account_failures),
            number => number.parse().expect("a count"),
        }),
        number => number.as_i64().expect("a count"),
    }
}

fn seconds(text: &str) -> i64 {
    sum(text, |term| {
        let limits = limits();
        match term {
            "code" => limits.code_seconds.into(),
            "activation" => limits.activation_seconds.into(),
            "enrollment" => limits.enrollment_seconds.into(),
            "notification" => limits.notification_seconds.into(),
            "call" => limits.call_seconds.into(),
            "reset" => limits.reset_seconds.into(),
            "session" => limits.session_seconds.into(),
            "resend" => limits.resend_seconds.into(),
            "block" => limits.block_seconds.into(),
            "totpStep" => 30,
            written => written.split_whitespace().map(unit).sum(),
        }
    })
}

/// Reads one number with its unit.
fn unit(word: &str) -> i64 {
    let (number, unit) = word.split_at(word.len() - 1);
    let number: i64 = number.parse().expect("a number before its unit");
    number
        * match unit {
            "d" => 86_400,
            "h" => 3600,
            "m" => 60,
            _ => 1,
        }
}

/// Adds terms joined by ` + ` and ` - `.
fn sum(text: &str, term: impl Fn(&str) -> i64) -> i64 {
    let mut total = 0;
    let mut sign = 1;
    let mut words = Vec::new();
    for word in text.split_whitespace().chain(["+"]) {
        match word {
            "+" | "-" => {
                total += sign * term(&words.join(" "));
                words.clear();
                sign = if word == "-" { -1 } else { 1 };
            }
            _ => words.push(word),
        }
    }
    total
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
