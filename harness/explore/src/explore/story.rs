//! A story: what a case of the explorer is made of.

use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::command::Command;
use proofup_domain::policy::Policy;
use proofup_oracle::machine::State;
use proofup_scenario::{GatewayForms, Scenario, Step, StepAction, UserSpec};
use proofup_world::bounds::TargetBounds;

/// A tenant, its people and what they do.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// The instant at which the tenant starts.
    pub start: Timestamp,
    /// The policy, its edition included.
    pub policy: Policy,
    /// The shapes in which providers are called.
    pub gateways: GatewayForms,
    /// The people.
    pub users: Vec<UserSpec>,
    /// What they do.
    pub steps: Vec<Command>,
}

impl Story {
    /// Returns the story as a scenario without checks, so that a world can be made for it.
    #[must_use]
    pub fn scenario(&self, stem: &str) -> Scenario {
        let step = |command: &Command| Step {
            line: 1,
            id: None,
            check: None,
            times: None,
            mangle: None,
            action: StepAction::One(command.clone()),
        };
        Scenario {
            title: String::new(),
            stem: stem.to_owned(),
            row: None,
            area: String::new(),
            path: String::new(),
            source: Arc::from(""),
            editions: vec![self.policy.edition],
            start: self.start,
            gateways: self.gateways,
            policy: self.policy.clone(),
            users: self.users.clone(),
            found: None,
            steps: self.steps.iter().map(step).collect(),
        }
    }

    /// Makes the oracle's tenant as it is provisioned, before anything is registered.
    #[must_use]
    pub fn tenant(&self, bounds: &TargetBounds) -> State {
        bounds.tenant(&self.users, &self.policy)
    }

    /// Returns the same story with what `[[users]] methods` means spelt out as steps.
    ///
    /// Where already the preparation goes wrong, its steps have to be judged like all others.
    #[must_use]
    pub fn spelt_out(&self, bounds: &TargetBounds) -> Self {
        let mut steps = bounds.preparation(&self.users, &self.policy);
        steps.extend(self.steps.iter().cloned());
        let mut policy = bounds.terms(&self.users, &self.policy).first;
        policy.edition = self.policy.edition;
        let users = self.users.iter().map(|user| UserSpec {
            methods: Vec::new(),
            ..user.clone()
        });
        Self {
            policy,
            users: users.collect(),
            steps,
            ..self.clone()
        }
    }
}
