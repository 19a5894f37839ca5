//! The stages of a sign-in, read from the start at each request (`domain.md` §6).

use jiff::Timestamp;
use proofup_domain::method::Purpose;
use proofup_domain::state::SessionState;

use super::standing::UserUnderPolicy;
use crate::time::later;

/// Where a session stands.
pub(crate) type SessionStage = SessionState;

/// What a session has behind it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SessionProgress {
    pub(crate) signed_in: bool,
    pub(crate) second_step: bool,
    /// It was prompted and has neither said "done" nor "not now".
    pub(crate) interrupted: bool,
    pub(crate) reviewed: bool,
    /// "Not now" of an earlier sign-in holds for this one.
    pub(crate) deferred_before: bool,
}

impl UserUnderPolicy<'_> {
    /// Works the stage out. Who is in stays in.
    pub(crate) fn stage(
        self,
        progress: SessionProgress,
        confirmed_at: Option<Timestamp>,
        now: Timestamp,
    ) -> SessionStage {
        let demanded = self.policy.two_step.required_at_sign_in;
        if progress.signed_in {
            return SessionState::SignedIn;
        }
        let asks = demanded && self.rules.second_step_at_sign_in;
        if asks && !progress.second_step && self.has_second_step() {
            return SessionState::SecondStepRequired;
        }
        if progress.interrupted || (self.is_prompted() && !progress.deferred_before) {
            return SessionState::Interrupted;
        }
        let dead_end = demanded && !self.has_second_step() && !self.can_add_second_step();
        if dead_end && self.rules.dead_end_is_told {
            return SessionState::ContactAdministrator;
        }
        if !progress.reviewed && self.is_review_due(confirmed_at, now) {
            return SessionState::ReviewDue;
        }
        SessionState::SignedIn
    }

    fn is_prompted(self) -> bool {
        self.rules.interrupts && (self.unmet().any() || self.rules.interrupts_everybody)
    }

    fn is_review_due(self, confirmed_at: Option<Timestamp>, now: Timestamp) -> bool {
        let reset = &self.policy.reset;
        let days = reset.reconfirm_after_days;
        let asked = reset.enabled && reset.registration_required && days > 0;
        let Some(confirmed_at) = confirmed_at else {
            return false;
        };
        if !asked || !self.rules.reviews_become_due {
            return false;
        }
        let registered = self.usable_methods(Purpose::PasswordReset).next().is_some();
        let due = later(confirmed_at, i64::from(days) * 86_400);
        let is_due = now > due || (now == due && self.rules.review_due_at_its_instant);
        registered && is_due
    }
}
