//! Invariants over what was done and answered: a second opinion that never asks the machine.
//!
//! The machine predicts each answer; a mistake in it could hide the same mistake elsewhere. These predicates know no
//! state, no policy decision and no reading of the design: only what must never be seen, whatever happened. They err on
//! the side of silence: where a history leaves room for an innocent explanation, nothing is reported.
//!
//! A history holds what was really done, from the first command of the tenant on (the setting up of `[[users]] methods`
//! included), and the abstract answers. A command that was not sent is left out; so is one whose answer never came.

mod action;
mod codes;
mod ledger;
mod registered;
mod sessions;

use std::collections::BTreeSet;

use jiff::Timestamp;
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Limits;
use proofup_domain::command::{CodeShape, Command};
use proofup_domain::policy::Policy;

use action::AuditedAction;
use codes::Codes;
use ledger::Ledger;
use registered::RegisteredMethodsCheck;
use sessions::Sessions;

/// What was known before the first command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounds {
    /// The policy at the beginning.
    pub policy: Policy,
    /// The declared limits.
    pub limits: Limits,
    /// The shapes near a code that are declared to be taken as the code.
    pub code_shapes_accepted: BTreeSet<CodeShape>,
}

/// One command, its instant and its answer.
pub type HistoryEntry = (Timestamp, Command, Answer);

/// What was broken, where in the history, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The place in the history, from 0.
    pub index: usize,
    /// What must never be seen.
    pub invariant: Invariant,
    /// What was seen.
    pub seen: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, id) = (self.invariant.name(), self.invariant.requirement());
        write!(f, "step {}: {name} ({id}): {}", self.index + 1, self.seen)
    }
}

/// An invariant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// What is shown as registered or verified was proved before.
    NothingRegisteredWithoutProof,
    /// The code that was accepted last is not accepted again, and nothing is verified twice.
    CodeWorksOnce,
    /// A wrong, missing or misshapen code, or another's, is not accepted.
    OnlyTheRightCode,
    /// A code is dead at the end of its life.
    CodeDiesInTime,
    /// Wrong tries that are left go down until something new is sent, and nothing is accepted after the last.
    TriesRunDown,
    /// Two sendings for one setup are not nearer than the declared interval.
    SendingIsThrottled,
    /// Days left never rise under an unchanged policy, and stay within what policy offers.
    DaysLeftNeverRise,
    /// What policy does not offer is not offered.
    NoOfferWithoutWindow,
    /// E-mail and answers are no second step, no default and no alternative.
    NeverMailOrAnswers,
    /// The default is registered and usable, or there is none because nothing is.
    DefaultIsEligible,
    /// The account opens only in a session that was told to be signed in.
    AccountOnlySignedIn,
    /// Nothing succeeds in a session that has ended.
    EndedSessionsAreDead,
    /// A refused command changes nothing that a later read shows.
    RefusedChangesNothing,
    /// A callback without the right secret does not count.
    CallbackNeedsSecret,
    /// A new password comes after at least one proof.
    PasswordAfterProof,
}

impl Invariant {
    /// Lists every invariant.
    pub const ALL: [Self; 15] = [
        Self::NothingRegisteredWithoutProof,
        Self::CodeWorksOnce,
        Self::OnlyTheRightCode,
        Self::CodeDiesInTime,
        Self::TriesRunDown,
        Self::SendingIsThrottled,
        Self::DaysLeftNeverRise,
        Self::NoOfferWithoutWindow,
        Self::NeverMailOrAnswers,
        Self::DefaultIsEligible,
        Self::AccountOnlySignedIn,
        Self::EndedSessionsAreDead,
        Self::RefusedChangesNothing,
        Self::CallbackNeedsSecret,
        Self::PasswordAfterProof,
    ];

    /// Spells the invariant for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NothingRegisteredWithoutProof => "nothing is registered without a proof",
            Self::CodeWorksOnce => "a code works once",
            Self::OnlyTheRightCode => "only the right code is accepted",
            Self::CodeDiesInTime => "a code dies in time",
            Self::TriesRunDown => "tries run down",
            Self::SendingIsThrottled => "sending is throttled",
            Self::DaysLeftNeverRise => "days left never rise",
            Self::NoOfferWithoutWindow => "there is no offer without a window",
            Self::NeverMailOrAnswers => "e-mail and answers are never a second step",
            Self::DefaultIsEligible => "the default is eligible",
            Self::AccountOnlySignedIn => "the account opens only when signed in",
            Self::EndedSessionsAreDead => "ended sessions are dead",
            Self::RefusedChangesNothing => "a refused command changes nothing",
            Self::CallbackNeedsSecret => "a callback needs its secret",
            Self::PasswordAfterProof => "a new password comes after a proof",
        }
    }

    /// Returns the requirement that it serves.
    #[must_use]
    pub const fn requirement(self) -> &'static str {
        match self {
            Self::NothingRegisteredWithoutProof => "MAIL-9",
            Self::CodeWorksOnce => "CODE-3",
            Self::OnlyTheRightCode => "CODE-4",
            Self::CodeDiesInTime => "CODE-2",
            Self::TriesRunDown => "CODE-6",
            Self::SendingIsThrottled => "CODE-8",
            Self::DaysLeftNeverRise => "DEF-6",
            Self::NoOfferWithoutWindow => "DEF-2",
            Self::NeverMailOrAnswers => "TWO-2",
            Self::DefaultIsEligible => "MAN-3",
            Self::AccountOnlySignedIn => "SIGN-4",
            Self::EndedSessionsAreDead => "SIGN-8",
            Self::RefusedChangesNothing => "API-1",
            Self::CallbackNeedsSecret => "GATE-3",
            Self::PasswordAfterProof => "RESET-1",
        }
    }
}

/// Lists what a history breaks, in its order.
#[must_use]
pub fn audit(grounds: &Grounds, history: &[HistoryEntry]) -> Vec<Violation> {
    let mut ledger = Ledger::new(grounds);
    let mut codes = Codes::default();
    let mut registered = RegisteredMethodsCheck::default();
    let mut sessions = Sessions::default();
    let mut violations = Vec::new();
    for (index, (at, command, answer)) in history.iter().enumerate() {
        let action = AuditedAction::new(*at, command, answer);
        let mut found = Vec::new();
        codes.see(&ledger, grounds, &action, &mut found);
        registered.see(&ledger, &action, &mut found);
        sessions.see(&ledger, &action, &mut found);
        violations.extend(found.into_iter().map(|(invariant, seen)| Violation {
            index,
            invariant,
            seen,
        }));
        ledger.take(&action);
    }
    violations
}

/// Collects what one command broke.
type Violations = Vec<(Invariant, String)>;
