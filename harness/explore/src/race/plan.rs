//! What a history is made of: who there is, what happens first, what happens at once, what is looked at afterwards.

use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::command::Command;
use proofup_domain::edition::Edition;
use proofup_domain::policy::Policy;
use proofup_oracle::machine::State;
use proofup_scenario::{GatewayForms, Scenario, Step, StepAction, UserSpec};
use proofup_world::bounds::TargetBounds;
use proofup_world::case::Case;
use proofup_world::registrations;

use super::teller::HistoryTemplate;

/// The instant at which every tenant starts.
pub(crate) const START: &str = "2026-01-15T09:00:00Z";

/// A short history before it happens.
#[derive(Debug, Clone)]
pub(crate) struct HistoryPlan {
    pub(crate) template: &'static HistoryTemplate,
    /// The number of the case, from 1.
    pub(crate) case: u64,
    pub(crate) policy: Policy,
    pub(crate) users: Vec<UserSpec>,
    /// One after the other.
    pub(crate) before: Vec<Command>,
    /// At the same moment.
    pub(crate) together: Vec<Command>,
    /// One after the other again: what is there to be seen.
    pub(crate) after: Vec<Command>,
}

impl HistoryPlan {
    /// Counts the commands.
    pub(crate) fn operations(&self) -> usize {
        self.before.len() + self.together.len() + self.after.len()
    }

    /// Returns the instant at which it begins where a tenant is made for it.
    pub(crate) fn start(&self) -> Timestamp {
        start()
    }

    /// Returns its name.
    pub(crate) fn name(&self) -> String {
        format!("race-{}", self.case)
    }

    /// Makes the case in whose world the history happens, under this name.
    pub(crate) fn case(&self, stem: &str) -> Case {
        let stem = stem.to_owned();
        let commands = [&self.before, &self.together, &self.after];
        let steps = commands.into_iter().flatten().map(|command| Step {
            line: 1,
            id: None,
            check: None,
            times: None,
            mangle: None,
            action: StepAction::from(command.clone()),
        });
        let scenario = Scenario {
            title: self.template.title.to_owned(),
            path: format!("race/{stem}.toml"),
            stem,
            row: None,
            area: "race".to_owned(),
            source: Arc::from(""),
            editions: vec![Edition::default()],
            start: start(),
            gateways: GatewayForms::default(),
            policy: self.policy.clone(),
            users: self.users.clone(),
            found: None,
            steps: steps.collect(),
        };
        Case {
            scenario: Arc::new(scenario),
            edition: Edition::default(),
        }
    }

    /// Returns the oracle's tenant as it is made, before anybody has registered anything.
    pub(crate) fn tenant(&self, bounds: &TargetBounds) -> State {
        bounds.tenant(&self.users, &self.policy)
    }

    /// Makes a history of one that could not happen as it is drawn: under the policy that the target has, with what people
    /// have registered registered at the beginning, and without looking at what nobody can see.
    pub(crate) fn within(mut self, bounds: &TargetBounds) -> Self {
        self.policy = bounds.policy(self.policy);
        let people = bounds.people(self.users.clone());
        if people != self.users {
            let mut before = registrations(&self.users);
            before.append(&mut self.before);
            self.before = before;
            self.users = people;
        }
        let policy = &self.policy;
        let can_be_given = |command: &Command| bounds.forbids(policy, command).is_none();
        self.after.retain(can_be_given);
        self.together
            .retain(|command| !is_a_look(command) || can_be_given(command));
        self
    }
}

/// Returns whether a command only looks at what is there: the story is the same without it.
const fn is_a_look(command: &Command) -> bool {
    matches!(
        command,
        Command::ReadEnrollment { .. }
            | Command::ReadSession { .. }
            | Command::ListMethods { .. }
            | Command::ListAvailable { .. }
    )
}

fn start() -> Timestamp {
    START.parse().expect("it is an instant")
}
