//! Whether a scenario fits another policy than its own.
//!
//! The policy of a custom target often cannot be set, or only in part. A scenario written for one policy is then judged
//! under another, and that is fair only where every one of its expectations holds there, too. The oracle knows: the
//! scenario is walked with it, each expectation held against what the oracle admits, and the state followed as the
//! expectation wants. The judge of a run stays the expectation written by hand.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, Type, country};
use proofup_binding::{CompiledTarget, StandingPolicy, differing, field_of};
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::command::{Command, Dialled, PhoneRef};
use proofup_domain::edition::Edition;
use proofup_domain::expect::Expectation;
use proofup_domain::policy::Policy;
use proofup_oracle::machine::{NewUser, NumberFacts, ProvisionedTenant, State, Transition, step};
use proofup_scenario::{Quantity, Scenario, Step, StepAction};
use serde_json::Value as Json;

use crate::Terms;
use crate::needs::accepted_shape;
use crate::persona::office_takes_texts;

/// Where a scenario first expects what the oracle does not admit under the target's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyConflict {
    /// The fields in which the target's policy differs from the scenario's: `twoStep.kinds`.
    pub fields: Vec<String>,
    /// The same fields with the values that the scenario needs: `reset.enabled = true`.
    pub needs: Vec<String>,
    /// The line of the step, from 1; none: already what people have registered could not be registered.
    pub line: Option<usize>,
    /// What is expected and what is admitted.
    pub why: String,
}

impl std::fmt::Display for PolicyConflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let held = if self.needs.is_empty() {
            f.write_str("this scenario needs other limits than the target declares")?;
            "those limits"
        } else {
            write!(f, "this scenario needs {}", self.needs.join(", "))?;
            "the target's policy"
        };
        match self.line {
            Some(line) => write!(f, "; under {held} line {line} {}", self.why),
            None => write!(f, "; under {held} {}", self.why),
        }
    }
}

/// Looks whether the oracle admits every expectation of a scenario under the policy that the target has.
///
/// A target that has no policy of its own has the scenario's: every scenario fits.
///
/// # Errors
/// Where they part.
pub fn fits(
    scenario: &Scenario,
    edition: Edition,
    target: &CompiledTarget,
    capabilities: &Capabilities,
) -> Result<(), PolicyConflict> {
    let Some(own) = target.standing_policy() else {
        return Ok(());
    };
    let asked = Policy {
        edition,
        ..scenario.policy.clone()
    };
    let terms = Terms::of(target, &scenario.users, &asked);
    let walked = walk(scenario, &terms, Some(own), capabilities);
    walked.map_err(|parted| parted.conflict(&asked, differing(&asked, &terms.held)))
}

/// Looks whether the oracle admits every expectation of a scenario under a policy, methods being registered under the
/// provisioning policy and everything being settable.
///
/// # Errors
/// Where they part.
pub fn fits_under(
    scenario: &Scenario,
    policy: &Policy,
    capabilities: &Capabilities,
) -> Result<(), PolicyConflict> {
    let asked = Policy {
        edition: policy.edition,
        ..scenario.policy.clone()
    };
    let terms = Terms::provisioned(&scenario.users, policy);
    let walked = walk(scenario, &terms, None, capabilities);
    walked.map_err(|parted| parted.conflict(&asked, differing(&asked, policy)))
}

/// Where expectation and oracle part.
struct Parted {
    line: Option<usize>,
    why: String,
    /// The fields that a step wanted to set and could not.
    beyond: Vec<String>,
}

impl Parted {
    fn conflict(self, asked: &Policy, mut fields: Vec<String>) -> PolicyConflict {
        let more = self.beyond.into_iter().filter(|one| !fields.contains(one));
        let more: Vec<String> = more.collect();
        fields.extend(more);
        let needs = fields
            .iter()
            .map(|field| format!("`{field}` = {}", field_of(asked, field)))
            .collect();
        PolicyConflict {
            fields,
            needs,
            line: self.line,
            why: self.why,
        }
    }
}

fn walk(
    scenario: &Scenario,
    terms: &Terms,
    own: Option<&StandingPolicy>,
    capabilities: &Capabilities,
) -> Result<(), Parted> {
    let mut walk = FitCheck {
        state: beginning(scenario, &terms.first, capabilities),
        now: scenario.start,
        own,
        capabilities,
    };
    for command in terms.preparation(&scenario.users, &capabilities.limits) {
        walk.prepare(&command)?;
    }
    walk.state = walk.state.begin_story();
    for step in &scenario.steps {
        walk.step(step)?;
    }
    Ok(())
}

struct FitCheck<'a> {
    state: State,
    now: Timestamp,
    own: Option<&'a StandingPolicy>,
    capabilities: &'a Capabilities,
}

impl FitCheck<'_> {
    fn prepare(&mut self, command: &Command) -> Result<(), Parted> {
        let succeeded = succeed(&self.state, command, self.now);
        self.state = succeeded.map_err(|admitted| Parted {
            line: None,
            why: format!(
                "the setup command `{}` would be answered with {admitted}",
                proofup_scenario::transcript::command(command)
            ),
            beyond: Vec::new(),
        })?;
        self.pass(command);
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), Parted> {
        if step.mangle.is_some() {
            // What is wrong with a spoilt request does not depend on a policy, and it changes nothing.
            return Ok(());
        }
        if accepted_shape(step, self.capabilities).is_some() {
            // It is not sent: the target declares that it takes this shape for the code.
            return Ok(());
        }
        let parted = |why: String, beyond: Vec<String>| Parted {
            line: Some(step.line),
            why,
            beyond,
        };
        let StepAction::One(command) = &step.action else {
            let why = "sends commands at the same moment, whose answers depend on their order";
            return Err(parted(why.to_owned(), Vec::new()));
        };
        let beyond = self.beyond(command);
        if !beyond.is_empty() {
            let why = format!(
                "sets {}, which the target does not let it set",
                beyond.join(", ")
            );
            return Err(parted(why, beyond));
        }
        let none = Expectation::success();
        let check = step.check.as_ref();
        let expect = check
            .and_then(|check| check.expect.as_ref())
            .unwrap_or(&none);
        let limits = &self.capabilities.limits;
        let times = step
            .times
            .as_ref()
            .map_or(Ok(1), |times| times.count(limits));
        let times = times.map_err(|error| parted(error.to_string(), Vec::new()))?;
        for round in 1..=times {
            let earlier = expect.kind();
            let expect = if round == times { expect } else { &earlier };
            self.once(command, expect)
                .map_err(|why| parted(why, Vec::new()))?;
        }
        self.pass(command);
        Ok(())
    }

    /// Lists what a command would set and cannot.
    fn beyond(&self, command: &Command) -> Vec<String> {
        let (Some(own), Command::SetPolicy { policy }) = (self.own, command) else {
            return Vec::new();
        };
        let now = self.state.policy();
        let mut wanted = serde_json::to_value(now).unwrap_or_default();
        crate::merge(&mut wanted, &Json::Object(policy.clone()));
        match serde_json::from_value::<Policy>(wanted) {
            Ok(wanted) => own.beyond(now, &wanted),
            // No policy at all: refused whoever sets it.
            Err(_) => Vec::new(),
        }
    }

    fn once(&mut self, command: &Command, expect: &Expectation) -> Result<(), String> {
        let outcome = step(&self.state, command, self.now);
        if let Some(why) = outcome.expected.unbound() {
            return Err(format!("cannot be done: {why}"));
        }
        if outcome.expected.meeting(expect).is_none() {
            let admitted = outcome.expected.to_expect();
            return Err(format!(
                "would have to expect {admitted} in place of {expect}"
            ));
        }
        self.follow(&outcome, expect);
        Ok(())
    }

    /// Goes on as if the answer had been one that the expectation and the oracle both admit.
    fn follow(&mut self, outcome: &Transition, expect: &Expectation) {
        self.state = followed(outcome, expect);
    }

    /// Lets the time pass that a command moves.
    fn pass(&mut self, command: &Command) {
        if let Command::AdvanceClock { by } = command {
            let seconds = Quantity::parse(by)
                .and_then(|quantity| quantity.seconds(&self.capabilities.limits))
                .unwrap_or(0);
            let later = self.now.checked_add(SignedDuration::from_secs(seconds));
            self.now = later.unwrap_or(self.now);
        }
    }
}

/// Lets a command succeed, and gives what is known then.
///
/// # Errors
/// Where the oracle admits no success: what it admits, or why the command cannot be done.
pub fn succeed(state: &State, command: &Command, now: Timestamp) -> Result<State, Json> {
    let outcome = step(state, command, now);
    if let Some(why) = outcome.expected.unbound() {
        return Err(Json::from(why));
    }
    if !outcome.expected.may_succeed() {
        return Err(outcome.expected.to_expect());
    }
    Ok(followed(&outcome, &Expectation::success()))
}

/// Returns what is known after an answer that an expectation and the oracle both admit.
fn followed(outcome: &Transition, expect: &Expectation) -> State {
    let found = outcome.expected.meeting(expect);
    let answer = found.map_or_else(Answer::done, Expectation::example);
    outcome.follow(&answer).clone()
}

/// Returns what the oracle knows of a scenario's tenant before anything has happened.
pub(crate) fn beginning(
    scenario: &Scenario,
    policy: &Policy,
    capabilities: &Capabilities,
) -> State {
    let users = scenario
        .users
        .iter()
        .enumerate()
        .map(|(index, user)| NewUser {
            name: user.name.0.clone(),
            role: user.role,
            blocked: user.blocked,
            exists: user.exists,
            office_takes_texts: office_takes_texts(user, index),
        });
    State::new(ProvisionedTenant {
        policy: policy.clone(),
        limits: capabilities.limits.clone(),
        code_shapes_accepted: capabilities.code_shapes_accepted.clone(),
        domains: BTreeSet::new(),
        users: users.collect(),
        numbers: numbers(scenario),
    })
}

/// Returns what the numbers are that a scenario spells out.
fn numbers(scenario: &Scenario) -> BTreeMap<(String, String), NumberFacts> {
    let commands = scenario
        .steps
        .iter()
        .flat_map(|step| step.action.commands());
    commands
        .filter_map(|command| match command {
            Command::BeginEnrollment { phone, .. } | Command::ChangeMethod { phone, .. } => {
                match phone {
                    Some(PhoneRef::Dialled(dialled)) => Some(facts(dialled)),
                    _ => None,
                }
            }
            _ => None,
        })
        .collect()
}

fn facts(dialled: &Dialled) -> ((String, String), NumberFacts) {
    let region: Option<country::Id> = dialled.region.parse().ok();
    let number = region.and_then(|region| phonenumber::parse(Some(region), &dialled.number).ok());
    let facts = match number {
        Some(number) => NumberFacts {
            valid: number.is_valid() && number.country().id() == region,
            takes_texts: matches!(
                number.number_type(&DATABASE),
                Type::Mobile | Type::FixedLineOrMobile
            ),
            e164: number.format().mode(Mode::E164).to_string(),
        },
        None => NumberFacts {
            valid: false,
            takes_texts: false,
            e164: dialled.number.clone(),
        },
    };
    ((dialled.region.clone(), dialled.number.clone()), facts)
}
