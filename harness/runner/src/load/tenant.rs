//! The tenants of a load run: their time, and what all their users share.

use std::cell::Cell;
use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::clock::Clock;
use proofup_domain::method::{ChallengeKind, ResetMethod};
use proofup_domain::policy::{AppPolicy, Policy, ResetPolicy, TwoStepPolicy};
use proofup_domain::secret::Secret;

use super::flow::Family;
use super::post::Post;
use crate::target::{CompiledTarget, Direct};

/// Holds what every user of a run shares.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) target: Arc<CompiledTarget>,
    pub(crate) control_token: Option<Secret>,
    pub(crate) capabilities: Capabilities,
    pub(crate) post: Post,
    /// Where users' own connections lead, where they can have such.
    pub(crate) direct: Option<Direct>,
    /// How long a message may take.
    pub(crate) timeout: std::time::Duration,
}

/// Holds one tenant.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// Its id; empty where the target makes none.
    pub(crate) id: String,
    pub(crate) family: Family,
    /// Its time as it was told last; none: it is this machine's.
    now: Cell<Option<Timestamp>>,
    clock: Clock,
}

impl Tenant {
    pub(crate) const fn new(id: String, family: Family, clock: Clock) -> Self {
        Self {
            id,
            family,
            now: Cell::new(None),
            clock,
        }
    }

    /// Tells its time.
    pub(crate) fn now(&self) -> Timestamp {
        self.now.get().unwrap_or_else(|| self.clock.now())
    }

    /// Takes its time as it was told.
    pub(crate) fn set_now(&self, now: Timestamp) {
        self.now.set(Some(now));
    }
}

/// Gives the policy under which methods are set up and passwords reset: one gate, and nothing is a second step.
pub(crate) fn manage_policy() -> Policy {
    Policy {
        two_step: TwoStepPolicy::default(),
        reset: ResetPolicy {
            enabled: true,
            methods: ResetMethod::ALL.iter().copied().collect(),
            methods_required: 1,
            questions: (1..=5)
                .map(|number| format!("What is the answer to question {number} of the load run?"))
                .collect(),
            ..ResetPolicy::default()
        },
        app: AppPolicy {
            code_with_notification: true,
        },
        ..Policy::default()
    }
}

/// Gives the policy under which a second step is demanded: every kind is good.
pub(crate) fn second_step_policy() -> Policy {
    let kinds = [
        ChallengeKind::AppNotification,
        ChallengeKind::AppCode,
        ChallengeKind::TextMessage,
        ChallengeKind::VoiceCall,
    ];
    Policy {
        two_step: TwoStepPolicy {
            kinds: kinds.into_iter().collect(),
            registration_required: true,
            required_at_sign_in: true,
        },
        ..manage_policy()
    }
}
