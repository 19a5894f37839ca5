//! Where a session stands after a right password (`domain.md` §6).

use jiff::Timestamp;
use proofup_domain::policy::Policy;

use crate::required::{self, Obligation};
use crate::user::{Choice, User};
use crate::window::{self, Offer};
use crate::{default, usable};

/// Holds what a session has passed so far; a fresh one has passed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// The second step is passed, or a method usable for it was verified in an interrupt that began with none.
    pub second_step_passed: bool,
    /// An interrupt was shown and neither put off nor completed by "done".
    pub interrupted: bool,
    /// "Not now" was taken: this sign-in is complete.
    pub deferred: bool,
    /// "Looks good" was taken.
    pub reviewed: bool,
}

/// Holds the instants that a sign-in depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The instant of the request.
    pub now: Timestamp,
    /// When this user's deferral window opened, if it did.
    pub window_opened: Option<Timestamp>,
    /// The last registration, change or completed review, if there was one.
    pub last_change: Option<Timestamp>,
}

/// Tells where a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Blocked: answered like a wrong password (SIGN-7).
    InvalidCredentials,
    /// The second step is owed.
    SecondStepRequired {
        /// What is tried first.
        default: Option<Choice>,
        /// What may be chosen instead, strongest first (TWO-1).
        alternatives: Vec<Choice>,
    },
    /// "More information required".
    Interrupted(Offer),
    /// A second step is demanded, none is registered and none can be (AVAIL-13).
    ContactAdministrator,
    /// The registered info is shown for review.
    ReviewDue,
    /// In.
    SignedIn,
}

/// Works out where a session stands: the stages in order, read again from the start after each one passed.
///
/// A deferral completes the sign-in, so it ends the stages. An interrupt that was begun lasts until "done", also once the
/// obligations are met.
#[must_use]
pub fn outcome(policy: &Policy, user: &User, times: Times, progress: Progress) -> Outcome {
    if user.blocked {
        return Outcome::InvalidCredentials;
    }
    if progress.deferred {
        return Outcome::SignedIn;
    }
    if policy.two_step.required_at_sign_in && step_up_owed(policy, user, progress) {
        return second_step(policy, user);
    }
    if progress.interrupted || required::obligations(policy, user).interrupt() {
        let offer = window::offer(policy, times.window_opened, times.now);
        return Outcome::Interrupted(offer);
    }
    if policy.two_step.required_at_sign_in && !can_ever_step_up(policy, user) {
        return Outcome::ContactAdministrator;
    }
    if !progress.reviewed && review_due(policy, user, times) {
        return Outcome::ReviewDue;
    }
    Outcome::SignedIn
}

fn second_step(policy: &Policy, user: &User) -> Outcome {
    let default = default::shown(policy, user);
    let mut alternatives = default::proofs(policy, user);
    alternatives.retain(|proof| Some(*proof) != default);
    Outcome::SecondStepRequired {
        default,
        alternatives,
    }
}

/// Tells whether setting up, managing or confirming a review asks for a second step first (SIGN-10, MAN-5).
///
/// A second step is asked for once per session, and only of a user who has a usable one.
#[must_use]
pub fn step_up_owed(policy: &Policy, user: &User, progress: Progress) -> bool {
    !progress.second_step_passed && usable::has_second_step(policy, user)
}

/// Tells whether "done" completes the wizard: the obligations that bind are met (WIZ-10).
#[must_use]
pub fn may_complete(policy: &Policy, user: &User) -> bool {
    !required::obligations(policy, user).interrupt()
}

fn can_ever_step_up(policy: &Policy, user: &User) -> bool {
    let two_step = required::obligations(policy, user).two_step;
    debug_assert!(
        two_step != Obligation::Absent,
        "a second step required at sign-in obliges to register one"
    );
    two_step != Obligation::Unmeetable
}

/// Tells whether the registered info is due for review: at its instant it is (REV-1, REV-2).
#[must_use]
pub fn review_due(policy: &Policy, user: &User, times: Times) -> bool {
    let reset = &policy.reset;
    if !(reset.enabled && reset.registration_required) || reset.reconfirm_after_days == 0 {
        return false;
    }
    !usable::registered_gates(policy, user).is_empty()
        && times.last_change.is_some_and(|since| {
            window::days_have_passed(reset.reconfirm_after_days, since, times.now)
        })
}
