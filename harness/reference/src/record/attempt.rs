//! One act of proof: what was sent or is awaited, and what became of it.

use jiff::Timestamp;
use proofup_domain::method::ChallengeKind;
use proofup_domain::secret::Secret;
use proofup_domain::state::ChallengeState;

use crate::keyed::Digest;
use crate::time::runs;

/// One act of proof. A setup has one at a time, each send making a new one; a challenge has one for its life.
#[derive(Debug, Clone)]
pub(crate) struct AttemptRecord {
    /// Which attempt: callbacks name it, so that those of an older one are known.
    pub(crate) id: String,
    pub(crate) kind: ChallengeKind,
    pub(crate) expected: ExpectedProof,
    /// The masked destination.
    pub(crate) destination: Option<String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) tries_left: u32,
    pub(crate) outcome: AttemptOutcome,
    /// The code, where a rule makes the service show it (`shows_codes`); otherwise only its digest is kept.
    pub(crate) shown: Option<Secret>,
}

/// What proves.
#[derive(Debug, Clone)]
pub(crate) enum ExpectedProof {
    /// The code with this digest.
    Code(Digest),
    /// A code of the authenticator.
    AppCode,
    /// The pound key, or an approval: never something that the session sends.
    Callback,
    /// The answers to these registered questions.
    Answers(Vec<String>),
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    Open,
    Verified,
    Denied,
    Exhausted,
    Cancelled,
}

impl AttemptRecord {
    /// Returns where the attempt stands.
    pub(crate) fn state(&self, now: Timestamp, end_included: bool) -> ChallengeState {
        match self.outcome {
            AttemptOutcome::Verified => ChallengeState::Verified,
            AttemptOutcome::Denied => ChallengeState::Denied,
            AttemptOutcome::Exhausted => ChallengeState::Exhausted,
            AttemptOutcome::Cancelled => ChallengeState::Cancelled,
            AttemptOutcome::Open if runs(now, self.expires_at, end_included) => {
                ChallengeState::ChallengeSent
            }
            AttemptOutcome::Open => ChallengeState::Expired,
        }
    }

    /// Uses up one try, and returns how many are left.
    pub(crate) fn take_try(&mut self) -> u32 {
        self.tries_left = self.tries_left.saturating_sub(1);
        self.tries_left
    }

    /// Cancels the attempt, unless it has come to something already.
    pub(crate) fn cancel(&mut self) {
        if matches!(self.outcome, AttemptOutcome::Open | AttemptOutcome::Denied) {
            self.outcome = AttemptOutcome::Cancelled;
        }
    }
}
