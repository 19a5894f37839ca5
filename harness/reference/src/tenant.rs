//! A tenant: the unit of isolation, one lock, one clock, one source of randomness.
//!
//! **Invariant:** the lock is taken by [`Tenant::turn`] alone, for synchronous work; it cannot be held across an await.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use jiff::Timestamp;
use proofup_domain::clock::Clock;
use proofup_domain::method::Method;
use proofup_domain::policy::Policy;
use proofup_domain::secret::Secret;
use proofup_domain::state::Activity;

use crate::by_id::ById;
use crate::decide::UserUnderPolicy;
use crate::delivery::GatewayConfig;
use crate::keyed::Keyed;
use crate::random::Random;
use crate::record::{
    Audit, AuditRecord, Call, ChallengeRecord, DeviceRecord, EnrollmentRecord, EnrollmentSubject,
    Notification, ResetRecord, SessionRecord, UserRecord, domain_key,
};
use crate::rules::{RuleBook, Rules};
use crate::time::later;
use crate::tokens::{TenantTokens, TokenIndex, TokenKind};

/// One organisation and everything in it.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    /// Verified domains in the form in which they are compared.
    pub(crate) domain_keys: BTreeSet<String>,
    rule_book: Arc<RuleBook>,
    state: Mutex<TenantState>,
}

/// What a tenant is made of.
#[derive(Debug)]
pub(crate) struct TenantSetup {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) policy: Policy,
    pub(crate) domains: Vec<String>,
    pub(crate) users: ById<UserRecord>,
    pub(crate) gateways: GatewayConfig,
    pub(crate) clock: TenantClock,
    pub(crate) random: Random,
}

/// The clock of a tenant.
#[derive(Debug, Clone)]
pub(crate) enum TenantClock {
    /// It stands until it is advanced.
    Manual(Timestamp),
    /// It is the process's.
    Real(Clock),
}

impl TenantClock {
    /// Reads the time.
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Self::Manual(now) => *now,
            Self::Real(clock) => clock.now(),
        }
    }
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct TenantState {
    pub(crate) display_name: String,
    pub(crate) policy: Policy,
    pub(crate) domains: Vec<String>,
    pub(crate) gateways: Arc<GatewayConfig>,
    pub(crate) clock: TenantClock,
    /// The process's clock, which must not be used for anything of a tenant.
    pub(crate) machine: Clock,
    pub(crate) random: Random,
    /// The last code and the last token, where rules say that they are counted up.
    pub(crate) last_code: Option<u64>,
    pub(crate) last_token: Option<u128>,
    /// The last code for each purpose and destination, where rules say that it is sent again.
    pub(crate) codes_by_purpose: BTreeMap<String, Secret>,
    pub(crate) keyed: Arc<Keyed>,
    pub(crate) tokens: TenantTokens<Tenant>,
    /// By account key.
    pub(crate) users: ById<UserRecord>,
    pub(crate) sessions: ById<SessionRecord>,
    pub(crate) enrollments: ById<EnrollmentRecord>,
    pub(crate) challenges: ById<ChallengeRecord>,
    pub(crate) resets: ById<ResetRecord>,
    pub(crate) devices: ById<DeviceRecord>,
    pub(crate) notifications: ById<Notification>,
    pub(crate) calls: ById<Call>,
    pub(crate) audit: Audit,
    /// What was begun, oldest first, so that what is over can be dropped when there is much of it.
    pub(crate) begun: VecDeque<OpenRecord>,
    swept_at: Timestamp,
}

/// A record that lives for a while.
#[derive(Debug)]
pub(crate) enum OpenRecord {
    Enrollment(Arc<str>),
    Challenge(Arc<str>),
    Reset(Arc<str>),
    Notification(Arc<str>),
    Call(Arc<str>),
}

impl Tenant {
    /// Makes a tenant.
    pub(crate) fn new(
        setup: TenantSetup,
        machine: Clock,
        rule_book: Arc<RuleBook>,
        keyed: Arc<Keyed>,
        index: Arc<TokenIndex<Self>>,
    ) -> Arc<Self> {
        let domains = setup.domains.iter();
        let domain_keys: BTreeSet<String> = domains.map(|domain| domain_key(domain)).collect();
        Arc::new_cyclic(|own: &Weak<Self>| Self {
            id: setup.id,
            domain_keys,
            rule_book,
            state: Mutex::new(TenantState {
                swept_at: setup.clock.now(),
                display_name: setup.display_name,
                policy: setup.policy,
                domains: setup.domains,
                gateways: Arc::new(setup.gateways),
                clock: setup.clock,
                machine,
                random: setup.random,
                last_code: None,
                last_token: None,
                codes_by_purpose: BTreeMap::new(),
                keyed,
                tokens: TenantTokens::new(index, Weak::clone(own)),
                users: setup.users,
                sessions: ById::default(),
                enrollments: ById::default(),
                challenges: ById::default(),
                resets: ById::default(),
                devices: ById::default(),
                notifications: ById::default(),
                calls: ById::default(),
                audit: Audit::default(),
                begun: VecDeque::new(),
            }),
        })
    }

    /// Does one piece of work under the lock.
    ///
    /// A panic of an earlier turn does not close the tenant: every turn leaves the records consistent before it can panic.
    pub(crate) fn turn<T>(&self, work: impl FnOnce(&mut Turn<'_>) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state.clock.now();
        let rules = self.rule_book.of(state.policy.edition);
        let mut turn = Turn {
            state: &mut state,
            rules,
            now,
        };
        turn.sweep();
        work(&mut turn)
    }
}

/// One request's turn at a tenant: the records, the rules of its edition, and the time.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) state: &'a mut TenantState,
    pub(crate) rules: &'a Rules,
    pub(crate) now: Timestamp,
}

/// Seconds for which what is over is kept, so that the answer to a late callback says that it is late.
const KEPT_SECONDS: i64 = 3600;

/// Seconds between two sweeps.
const SWEEP_SECONDS: i64 = 600;

impl Turn<'_> {
    /// Finds the user that a record names.
    pub(crate) fn user(&self, key: &str) -> &UserRecord {
        self.state.users.get(key).expect(USERS_STAY)
    }

    /// Finds the user that a record names, to change it.
    pub(crate) fn user_mut(&mut self, key: &str) -> &mut UserRecord {
        self.state.users.get_mut(key).expect(USERS_STAY)
    }

    /// Finds the user that a record names, to change it under the policy.
    pub(crate) fn policy_and_user_mut(&mut self, key: &str) -> (&Policy, &mut UserRecord) {
        let state = &mut *self.state;
        let user = state.users.get_mut(key).expect(USERS_STAY);
        (&state.policy, user)
    }

    /// Draws the id of a new record.
    pub(crate) fn draw_id(&mut self) -> Arc<str> {
        self.state.random.id().into()
    }

    /// Takes the standing of a user.
    pub(crate) fn standing(&self, key: &str) -> UserUnderPolicy<'_> {
        UserUnderPolicy::new(self.rules, &self.state.policy, self.user(key))
    }

    /// Records an audit event of a user.
    pub(crate) fn record(
        &mut self,
        key: &str,
        activity: Activity,
        method: Option<Method>,
        reason: Option<&'static str>,
    ) {
        if !self.rules.records_events {
            return;
        }
        let user = self.user(key).principal_name.clone();
        let time = self.now;
        let event = AuditRecord {
            number: 0,
            time,
            user,
            activity,
            reason,
            method,
        };
        if self.rules.records_twice {
            self.state.audit.record(event.clone());
        }
        self.state.audit.record(event);
    }

    /// Returns until when a record that begins now and lives for `seconds` is kept.
    pub(crate) fn kept_until(&self, seconds: u32) -> Timestamp {
        later(self.now, i64::from(seconds) + KEPT_SECONDS)
    }

    /// Drops sessions that are over and what is long over, now and then.
    fn sweep(&mut self) {
        let now = self.now;
        if now < later(self.state.swept_at, SWEEP_SECONDS) {
            return;
        }
        self.state.swept_at = now;
        let state = &mut *self.state;
        let ended: Vec<Arc<str>> = state
            .sessions
            .values()
            .filter(|session| later(session.expires_at, 1_i64) < now)
            .map(|session| session.id.clone())
            .collect();
        for id in ended {
            self.end_session(&id);
        }
        let state = &mut *self.state;
        for enrollment in state.enrollments.values() {
            if let EnrollmentSubject::MicrosoftApp {
                activation: Some(activation),
                ..
            } = &enrollment.subject
                && now >= enrollment.kept_until
            {
                let code = activation.code.expose();
                state.tokens.remove_for(TokenKind::Activation, code);
            }
        }
        state.enrollments.retain(|_, one| now < one.kept_until);
        state.challenges.retain(|_, one| now < one.kept_until);
        state.notifications.retain(|_, one| now < one.kept_until);
        for reset in state.resets.values() {
            if now >= reset.kept_until {
                state.tokens.remove(reset.digest);
            }
        }
        state.resets.retain(|_, one| now < one.kept_until);
        for (id, call) in &state.calls {
            if now >= call.kept_until {
                state.tokens.remove_for(TokenKind::Call, id);
            }
        }
        state.calls.retain(|_, one| now < one.kept_until);
        self.sweep_devices();
    }
}

const USERS_STAY: &str = "records name only users of their tenant, which stay as long as it";
