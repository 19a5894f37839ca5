//! The tenants of a load run: their time, and what all their users share.

use std::cell::Cell;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proofup_binding::{ClockMode, ClockScope, CompiledTarget, Operation};
use proofup_domain::capabilities::Capabilities;
use proofup_domain::clock::Clock;
use proofup_domain::method::{ChallengeKind, ResetMethod};
use proofup_domain::policy::{AppPolicy, ChoicePolicy, Policy, ResetPolicy, TwoStepPolicy};
use proofup_gateways::host::InProcessGateways;
use proofup_world::session::TargetSession;

use super::messages::MessageRouter;
use super::wire::Lanes;

/// What every user of a run shares.
#[derive(Debug)]
pub(crate) struct UserContext {
    /// The target, what everybody sends over who has no connection, and gateways, process and clock of the run.
    pub(crate) session: TargetSession,
    pub(crate) capabilities: Capabilities,
    pub(crate) router: MessageRouter,
    /// Where a target in this process brings its messages.
    pub(crate) in_process: Option<InProcessGateways>,
    /// The connections of those who are under way, where requests can be written straight onto one.
    pub(crate) lanes: Option<Lanes>,
    /// How long a message may take.
    pub(crate) timeout: std::time::Duration,
    /// The target file wants more than a contract of tenants needs: names of its own, cookies, what a command is about.
    pub(crate) is_custom: bool,
    /// The operations of whose answers the target file does not tell every field.
    pub(crate) silent: BTreeSet<Operation>,
}

/// One tenant.
#[derive(Debug)]
pub(crate) struct LoadTenant {
    /// Its id; empty where the target makes none.
    pub(crate) id: String,
    /// The policy that is set once everybody has registered; none: the first one stays.
    pub(crate) turn: Option<Policy>,
    time: Cell<TenantTime>,
    /// Time passes by itself.
    runs: bool,
    clock: Clock,
}

/// What is known of a tenant's time.
#[derive(Debug, Clone, Copy)]
enum TenantTime {
    /// It stands here.
    Stands(Timestamp),
    /// It is this machine's, and so much more.
    Ahead(SignedDuration),
}

impl LoadTenant {
    /// Takes this machine's time for the tenant's until another is told.
    pub(crate) fn new(
        id: String,
        turn: Option<Policy>,
        target: &CompiledTarget,
        clock: Clock,
    ) -> Self {
        let control = target.clock();
        // A clock that nothing moves cannot be one that stands: nobody would ever rest.
        let runs = control.mode == ClockMode::Running || control.moved.is_none();
        Self {
            id,
            turn,
            time: Cell::new(TenantTime::Ahead(SignedDuration::ZERO)),
            runs,
            clock,
        }
    }

    /// Returns its time.
    pub(crate) fn now(&self) -> Timestamp {
        match self.time.get() {
            TenantTime::Stands(at) => at,
            TenantTime::Ahead(ahead) if ahead.is_zero() => self.clock.now(),
            TenantTime::Ahead(ahead) => later(self.clock.now(), ahead),
        }
    }

    /// Takes its time as it was told.
    pub(crate) fn set_now(&self, now: Timestamp) {
        self.time.set(if self.runs {
            TenantTime::Ahead(now.duration_since(self.clock.now()))
        } else {
            TenantTime::Stands(now)
        });
    }

    /// Counts a movement in that nobody tells.
    pub(crate) fn shift(&self, seconds: i64) {
        self.set_now(later(self.now(), SignedDuration::from_secs(seconds)));
    }

    /// Returns whether the time of its own is moved, and not that of everything.
    pub(crate) fn moves_alone(&self, target: &CompiledTarget) -> bool {
        target.clock().scope == ClockScope::Tenant && !self.id.is_empty()
    }
}

fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(from)
}

/// Returns the policy under which methods are set up and passwords reset: one gate, and nothing is a second step.
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

/// Returns the policy under which a second step is demanded: every kind is good.
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
        // Where no other policy can be had for it, people register under this one: whatever their flow needs.
        choice: ChoicePolicy {
            different_method: true,
        },
        ..manage_policy()
    }
}
