//! The machine under random commands: it never panics, stays consistent, and the auditor finds nothing in what it tells.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proofup_domain::capabilities::Limits;
use proofup_domain::command::Command;
use proofup_domain::method::{ChallengeKind, Method, ResetMethod, Role};
use proofup_domain::policy::Policy;
use proofup_oracle::auditor::{Entry, Grounds, audit};
use proofup_oracle::machine::{NewUser, Outcome, State, Tenant, example, step};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::commands::{acts, name};
use super::draw;

const USERS: [&str; 3] = ["alice", "bob", "carol"];

/// Walks a random story: each command waits some seconds, and takes one of the admitted answers.
struct Story {
    state: State,
    now: Timestamp,
    grounds: Grounds,
    history: Vec<Entry>,
}

impl Story {
    fn new(policy: Policy) -> Self {
        let limits = Limits {
            account_failures: 12,
            ..limits()
        };
        let carol = NewUser {
            role: Role::Administrator,
            ..NewUser::member("carol")
        };
        let tenant = Tenant {
            policy: policy.clone(),
            limits: limits.clone(),
            code_shapes_accepted: BTreeSet::new(),
            domains: BTreeSet::from(["example.com".to_owned()]),
            users: vec![NewUser::member("alice"), NewUser::member("bob"), carol],
            numbers: BTreeMap::new(),
        };
        Self {
            state: State::new(tenant),
            now: Timestamp::from_second(1_768_467_600).expect("an instant of 2026"),
            grounds: Grounds {
                policy,
                limits,
                code_shapes_accepted: BTreeSet::new(),
            },
            history: Vec::new(),
        }
    }

    /// Does one command and checks what holds for each.
    fn go(&mut self, choice: usize, command: &Command) -> Outcome {
        let outcome = step(&self.state, command, self.now);
        assert_eq!(outcome, step(&self.state, command, self.now), "equal twice");
        if outcome.expected.unbound().is_some() {
            assert_eq!(outcome.state, self.state, "{command:?} could not be done");
            return outcome;
        }
        let patterns = outcome.expected.alternatives();
        let answer = example(&patterns[choice % patterns.len()]);
        assert_eq!(outcome.expected.admits(&answer), Ok(()), "{command:?}");
        let next = outcome.follow(&answer).clone();
        if answer.contains_key("refused") {
            self.unchanged(&next, command);
        }
        consistent(&next);
        self.state = next;
        self.history.push((self.now, command.clone(), answer));
        outcome
    }

    /// What is registered and chosen stands after a refusal.
    fn unchanged(&self, next: &State, command: &Command) {
        for user in USERS {
            let name = name(user);
            assert_eq!(self.state.user(&name), next.user(&name), "{command:?}");
        }
        assert_eq!(self.state.policy(), next.policy(), "{command:?}");
    }
}

/// At most five apps, one of each other method, ids that differ, and a choice that is registered.
fn consistent(state: &State) {
    for user in USERS {
        let user = state.user(&name(user)).expect("the user exists");
        let count = |wanted: &dyn Fn(Method) -> bool| {
            user.registered
                .iter()
                .filter(|held| wanted(held.method))
                .count()
        };
        let app = |method| {
            matches!(
                method,
                Method::MicrosoftAuthenticator | Method::SoftwareOath
            )
        };
        assert!(count(&app) <= 5);
        for method in Method::ALL.iter().copied().filter(|method| !app(*method)) {
            assert!(count(&|held| held == method) <= 1, "{method}");
        }
        let ids: BTreeSet<u32> = user.registered.iter().map(|held| held.id).collect();
        assert_eq!(ids.len(), user.registered.len());
        assert!(user.choice.is_none_or(|choice| ids.contains(&choice.id)));
    }
}

const fn limits() -> Limits {
    Limits {
        code_length: 6,
        code_tries: 3,
        account_failures: 12,
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

/// One act: how long is waited before it, which of the admitted answers is taken, and what is done.
type Act = (i64, usize, Vec<Command>);

/// Draws a policy and what happens under it.
fn story() -> impl Strategy<Value = (Policy, Vec<Act>)> {
    let wait = select(vec![
        0, 0, 0, 30, 30, 30, 31, 29, 60, 120, 600, 1800, 86_400,
    ]);
    let choice = select(vec![0, 0, 0, 0, 0, 1, 2]);
    let acts = vec((wait, choice, acts()), 1..40);
    (prop_oneof![draw::policy(), Just(generous())], acts)
}

/// Makes a policy under which everything can be set up and nothing must.
fn generous() -> Policy {
    let mut policy = Policy::default();
    policy.two_step.kinds = ChallengeKind::ALL[..4].iter().copied().collect();
    policy.reset.enabled = true;
    policy.reset.methods = ResetMethod::ALL.iter().copied().collect();
    policy.reset.questions = ["one", "two", "three", "four"].map(str::to_owned).to_vec();
    policy.reset.registration_required = true;
    policy.reset.reconfirm_after_days = 1;
    policy.app.code_with_notification = true;
    policy
}

#[test]
fn random_commands_break_no_invariant() {
    let mut runner = TestRunner::new(Config {
        cases: 200,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_190_213),
        ..Config::default()
    });
    let told = runner.run(&story(), |(policy, acts)| {
        let mut story = Story::new(policy);
        for (wait, choice, commands) in &acts {
            story.now += SignedDuration::from_secs(*wait);
            for command in commands {
                let _ = story.go(*choice, command);
            }
        }
        let violations = audit(&story.grounds, &story.history);
        let told: Vec<String> = violations.iter().map(ToString::to_string).collect();
        assert_eq!(told, Vec::<String>::new(), "{:#?}", story.history);
        Ok(())
    });
    assert_eq!(told, Ok(()));
}

#[test]
fn every_command_succeeds_and_is_refused_somewhere() {
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..Config::default()
    });
    let mut succeeded: BTreeSet<String> = BTreeSet::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for _ in 0..500 {
        let tree = story().new_tree(&mut runner).expect("a story can be drawn");
        let (policy, acts) = proptest::strategy::ValueTree::current(&tree);
        let mut story = Story::new(policy);
        for (wait, choice, commands) in &acts {
            story.now += SignedDuration::from_secs(*wait);
            for command in commands {
                let outcome = story.go(*choice, command);
                let json = serde_json::to_value(command).expect("a command is JSON");
                let word = json["do"].as_str().unwrap_or_default().to_owned();
                if outcome.expected.may_succeed() {
                    succeeded.insert(word.clone());
                }
                seen.insert(word);
            }
        }
    }
    let never: Vec<&String> = seen.difference(&succeeded).collect();
    assert!(never.is_empty(), "never succeeded: {never:?}");
    assert!(seen.len() > 40, "{} commands were drawn", seen.len());
}
