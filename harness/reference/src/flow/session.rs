//! Signing in, the stages that follow, and signing out (`domain.md` §6).

use std::sync::Arc;
use std::time::Duration;

use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use proofup_domain::state::{Activity, SessionState};

use crate::decide::{
    DeferralOffer, ProtectedOperation, SessionProgress, SessionStage, UserUnderPolicy, offer,
};
use crate::record::{ChallengeOwner, Interrupt, SessionRecord, Window};
use crate::refused::Refused;
use crate::tenant::Turn;
use crate::time::{later, runs};
use crate::tokens::TokenKind;
use crate::wire;

/// Who asks, in a session that may ask this.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) session: Arc<str>,
    /// The account key.
    pub(crate) user: Arc<str>,
    pub(crate) stage: SessionStage,
}

impl Turn<'_> {
    /// Signs in. The password was compared already, for an unknown user too, so that every refusal takes the same time.
    pub(crate) fn sign_in(
        &mut self,
        user: &str,
        right: bool,
    ) -> Result<wire::SessionView, Refused> {
        let Some((key, account)) = self.state.users.get_key_value(user) else {
            let told = self.rules.tells_unknown_at_sign_in;
            return Err(refusal_at_sign_in(told, Refusal::NotFound));
        };
        if !right {
            return Err(Refusal::InvalidCredentials.into());
        }
        if account.is_blocked(self.now) {
            let told = self.rules.tells_blocked_at_sign_in;
            return Err(refusal_at_sign_in(told, Refusal::Blocked));
        }
        let key = Arc::clone(key);
        if self.rules.window_restarts_at_sign_in {
            self.user_mut(user).window = None;
        }
        let second_step = std::mem::take(&mut self.user_mut(user).proved_by_reset);
        let token = self.draw_token();
        let id = self.draw_id();
        let tokens = &mut self.state.tokens;
        let digest = tokens.insert(TokenKind::Session, token.expose(), Arc::clone(&id));
        let expires_at = later(self.now, self.rules.limits.session_seconds);
        let session = SessionRecord {
            id: id.clone(),
            user: key,
            expires_at,
            signed_in: false,
            second_step,
            reviewed: false,
            interrupt: None,
            digest,
        };
        self.state.sessions.insert(id.clone(), session);
        self.user_mut(user).sessions.insert(id.clone());
        let stage = self.refresh(&id);
        let mut view = self.session_view(&id, stage);
        view.token = Some(wire::Revealed(token));
        Ok(view)
    }

    /// Returns how much later an answer about a user comes where that tells whether there is one.
    pub(crate) fn later_if_known(&self, user: &str, milliseconds: u64) -> Duration {
        let is_known = milliseconds > 0 && self.state.users.contains_key(user);
        Duration::from_millis(if is_known { milliseconds } else { 0 })
    }

    /// Draws a session token; rules may leave it six characters, or have it be the one before and one.
    fn draw_token(&mut self) -> Secret {
        let token = self.state.random.token();
        if !self.rules.tokens_are_drawn {
            let first = u128::from_le_bytes(self.state.random.bytes());
            let last = self.state.last_token;
            let next = last.map_or(first, |last| last.wrapping_add(1));
            self.state.last_token = Some(next);
            return Secret::new(format!("{next:032x}"));
        }
        if self.rules.tokens_are_long {
            return token;
        }
        Secret::new(token.expose().chars().take(6).collect::<String>())
    }

    /// Admits a session to an endpoint, or refuses it: the session's life, the account, the table, the second step.
    pub(crate) fn enter(
        &mut self,
        session: &Arc<str>,
        endpoint: ProtectedOperation,
    ) -> Result<Caller, Refused> {
        let user = match self.state.sessions.get(session) {
            Some(one) if self.is_alive(one) && !self.is_suspended(one) => one.user.clone(),
            _ => return Err(Refusal::Unauthenticated.into()),
        };
        let stage = self.refresh(session);
        let caller = Caller {
            session: Arc::clone(session),
            user,
            stage,
        };
        if endpoint == ProtectedOperation::SignOut && !self.rules.block_stops_sign_out {
            return Ok(caller);
        }
        let waits = stage != SessionState::SignedIn && self.rules.block_stops_open_sessions;
        if waits && self.user(&caller.user).is_blocked(self.now) {
            return Err(Refusal::Blocked.into());
        }
        let admission = endpoint.admission();
        if let Some(refusal) = admission.refusal(stage) {
            if self.waves_through(endpoint, stage) {
                return Ok(caller);
            }
            return Err(refusal.into());
        }
        if admission.step_up.contains(&stage) && self.owes_second_step(session, stage) {
            return Err(Refused::because(
                Refusal::SecondStepRequired,
                "prove a second step first: POST /v1/challenges",
            ));
        }
        Ok(caller)
    }

    /// Returns whether a rule lets a session use what its stage forbids.
    fn waves_through(&self, endpoint: ProtectedOperation, stage: SessionStage) -> bool {
        use ProtectedOperation as Op;
        match (stage, endpoint) {
            (SessionState::SecondStepRequired, Op::ListMethods | Op::ListAvailable) => {
                self.rules.owing_session_reads
            }
            (SessionState::SecondStepRequired, Op::Defer) => self.rules.owing_session_defers,
            (
                SessionState::SecondStepRequired,
                Op::BeginEnrollment
                | Op::ReadEnrollment
                | Op::NextPage
                | Op::SendAgain
                | Op::VerifyEnrollment,
            ) => self.rules.owing_session_sets_up,
            (SessionState::Interrupted, Op::ReadAudit) => self.rules.interrupted_reads_trail,
            (_, Op::ReadAccount) => self.rules.interrupted_reaches_account,
            _ => false,
        }
    }

    /// Returns whether a session may still be used.
    pub(crate) fn is_alive(&self, session: &SessionRecord) -> bool {
        runs(
            self.now,
            session.expires_at,
            self.rules.session_end_included,
        )
    }

    /// Returns whether a session waits for its user to be unblocked, where a rule has it wait. Requirement: `SIGN-12`.
    fn is_suspended(&self, session: &SessionRecord) -> bool {
        self.rules.block_suspends_sessions && self.user(&session.user).blocked
    }

    /// Returns whether manage, setup or review has to wait for a second step that the user has.
    pub(crate) fn owes_second_step(&self, session: &str, stage: SessionStage) -> bool {
        let Some(session) = self.state.sessions.get(session) else {
            return false;
        };
        let asked = match stage {
            SessionState::Interrupted => self.rules.step_up_while_interrupted,
            SessionState::ReviewDue => self.rules.step_up_in_review,
            SessionState::SecondStepRequired
            | SessionState::ContactAdministrator
            | SessionState::SignedIn => self.rules.step_up_in_manage,
        };
        asked
            && !session.second_step
            && !self.is_older_than_methods(session)
            && self.standing(&session.user).has_second_step()
    }

    /// Returns whether a session began before anything was registered, where a rule asks such a session for nothing.
    fn is_older_than_methods(&self, session: &SessionRecord) -> bool {
        let life = i64::from(self.rules.limits.session_seconds);
        let began = later(session.expires_at, -life);
        let mut methods = self.user(&session.user).methods.iter();
        !self.rules.older_sessions_owe_second_step && methods.all(|one| one.registered_at > began)
    }

    /// Works a session's stage out afresh and keeps what comes of it: being in, being prompted, the window.
    pub(crate) fn refresh(&mut self, id: &str) -> SessionStage {
        let Some(session) = self.state.sessions.get(id) else {
            return SessionState::ContactAdministrator;
        };
        let user = self.user(&session.user);
        let standing = UserUnderPolicy::new(self.rules, &self.state.policy, user);
        let progress = SessionProgress {
            signed_in: session.signed_in,
            second_step: session.second_step,
            interrupted: session.interrupt.is_some(),
            reviewed: session.reviewed,
            deferred_before: user.deferred && self.rules.deferral_is_remembered,
        };
        let stage = standing.stage(progress, user.confirmed_at, self.now);
        match stage {
            SessionState::SignedIn if !session.signed_in => {
                self.change_session(id, |session| session.signed_in = true);
            }
            SessionState::Interrupted => {
                let began_with_none = !standing.has_second_step();
                let key = session.user.clone();
                self.open_window(&key);
                self.change_session(id, |session| {
                    session.interrupt.get_or_insert(Interrupt {
                        began_with_none,
                        verified: 0,
                    });
                });
            }
            SessionState::SignedIn
            | SessionState::SecondStepRequired
            | SessionState::ContactAdministrator
            | SessionState::ReviewDue => {}
        }
        stage
    }

    fn change_session(&mut self, id: &str, change: impl FnOnce(&mut SessionRecord)) {
        if let Some(session) = self.state.sessions.get_mut(id) {
            change(session);
        }
    }

    /// Works the offer of "not now" out for a user.
    pub(crate) fn offer(&self, user: &str) -> DeferralOffer {
        let window = self.user(user).window;
        offer(self.rules, &self.state.policy, window, self.now)
    }

    /// Opens the user's window at the first offer. Requirement: `DEF-7`.
    fn open_window(&mut self, user: &str) {
        if self.user(user).window.is_none() && self.offer(user).offered {
            let window = Window {
                opened_at: self.now,
                days_at_opening: self.state.policy.deferral_days,
            };
            self.user_mut(user).window = Some(window);
        }
    }

    /// Signs out.
    pub(crate) fn sign_out(&mut self, caller: &Caller) {
        if caller.stage == SessionState::Interrupted {
            let reason = Some("signedOut");
            self.record(&caller.user, Activity::WizardCancelled, None, reason);
        }
        if self.rules.window_restarts_at_sign_out {
            self.user_mut(&caller.user).window = None;
        }
        if self.rules.token_dies_at_sign_out {
            self.end_session(&caller.session);
        }
    }

    /// Ends a session with everything that belongs to it.
    pub(crate) fn end_session(&mut self, id: &str) {
        let Some(session) = self.state.sessions.remove(id) else {
            return;
        };
        self.state.tokens.remove(session.digest);
        self.user_mut(&session.user).sessions.remove(id);
        self.drop_setups(&session.user, id);
        let owner = ChallengeOwner::Session(id.into());
        self.each_challenge(&session.user, |one| {
            if one.owner == owner {
                one.attempt.cancel();
            }
        });
    }

    /// Drops the setups of a session that are not verified. Requirement: `WIZ-9`.
    pub(crate) fn drop_setups(&mut self, user: &str, session: &str) {
        self.each_enrollment(user, |one| {
            if *one.session == *session {
                one.cancel();
            }
        });
    }

    /// Answers "not now".
    pub(crate) fn defer(&mut self, caller: &Caller) -> Result<wire::SessionView, Refused> {
        if self.rules.judges_deferral && !self.offer(&caller.user).offered {
            return Err(Refusal::DeferralNotOffered.into());
        }
        let reason = Some("deferred");
        self.record(&caller.user, Activity::WizardCancelled, None, reason);
        if self.rules.leaving_drops_setups {
            self.drop_setups(&caller.user, &caller.session);
        }
        let user = self.user_mut(&caller.user);
        user.deferred = true;
        if self.rules.window_restarts_at_deferral {
            self.user_mut(&caller.user).window = None;
        }
        let completes = self.rules.deferral_completes_sign_in;
        let proves = self.rules.not_now_counts_as_second_step;
        if let Some(session) = self.state.sessions.get_mut(&caller.session) {
            session.signed_in = completes;
            session.second_step |= proves;
            session.interrupt = None;
        }
        Ok(self.refreshed_view(&caller.session))
    }

    /// Confirms a review.
    pub(crate) fn complete_review(&mut self, caller: &Caller) -> wire::SessionView {
        if let Some(session) = self.state.sessions.get_mut(&caller.session) {
            session.reviewed = true;
        }
        if self.rules.review_postpones_next {
            let now = self.now;
            self.user_mut(&caller.user).confirmed_at = Some(now);
        }
        self.record(&caller.user, Activity::ReviewCompleted, None, None);
        self.refreshed_view(&caller.session)
    }

    /// Shows a session as it stands now.
    pub(crate) fn refreshed_view(&mut self, session: &str) -> wire::SessionView {
        let stage = self.refresh(session);
        self.session_view(session, stage)
    }
}

fn refusal_at_sign_in(told: bool, refusal: Refusal) -> Refused {
    if told {
        refusal.into()
    } else {
        Refusal::InvalidCredentials.into()
    }
}
