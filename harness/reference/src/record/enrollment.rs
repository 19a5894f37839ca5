//! One method on its way to being registered.

use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::secret::Secret;
use proofup_domain::state::{ChallengeState, SetupPage};

use super::attempt::{AttemptOutcome, AttemptRecord};
use super::method::CodeKey;
use crate::address::EmailAddress;
use crate::phone::PhoneNumber;
use crate::time::runs;

/// One setup; it belongs to the session that began it.
#[derive(Debug)]
pub(crate) struct EnrollmentRecord {
    pub(crate) id: Arc<str>,
    /// The user's account key.
    pub(crate) user: Arc<str>,
    pub(crate) session: Arc<str>,
    pub(crate) method: Method,
    pub(crate) subject: EnrollmentSubject,
    /// The registered method whose value this is to replace.
    pub(crate) changes: Option<String>,
    pub(crate) page: SetupPage,
    pub(crate) expires_at: Timestamp,
    pub(crate) kept_until: Timestamp,
    pub(crate) closed: Option<Closed>,
    pub(crate) attempt: Option<AttemptRecord>,
    /// The method, once registered.
    pub(crate) method_id: Option<String>,
}

/// What is being set up.
#[derive(Debug, Clone)]
pub(crate) enum EnrollmentSubject {
    MicrosoftApp {
        /// From the page on that shows it.
        activation: Option<Activation>,
        /// The device, once activated.
        device: Option<String>,
    },
    SoftwareOath(CodeKey),
    Phone {
        number: PhoneNumber,
        kind: ChallengeKind,
    },
    Email(EmailAddress),
    Questions,
}

/// What a device is activated with.
#[derive(Debug, Clone)]
pub(crate) struct Activation {
    pub(crate) code: Secret,
    pub(crate) expires_at: Timestamp,
    pub(crate) used: bool,
}

/// How a setup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    Verified,
    Exhausted,
    Cancelled,
}

impl EnrollmentSubject {
    /// Returns the kind by which it is set up.
    pub(crate) fn kind(&self) -> ChallengeKind {
        match self {
            Self::MicrosoftApp { .. } => ChallengeKind::AppNotification,
            Self::SoftwareOath(_) => ChallengeKind::AppCode,
            Self::Phone { kind, .. } => *kind,
            Self::Email(_) => ChallengeKind::EmailCode,
            Self::Questions => ChallengeKind::Answers,
        }
    }
}

impl EnrollmentRecord {
    /// Returns where the setup stands.
    pub(crate) fn state(&self, now: Timestamp, code_end_included: bool) -> ChallengeState {
        match self.closed {
            Some(Closed::Verified) => return ChallengeState::Verified,
            Some(Closed::Exhausted) => return ChallengeState::Exhausted,
            Some(Closed::Cancelled) => return ChallengeState::Cancelled,
            None => {}
        }
        if self.is_over(now) {
            return ChallengeState::Expired;
        }
        match (&self.attempt, &self.subject) {
            (Some(attempt), _) => attempt.state(now, code_end_included),
            (
                None,
                EnrollmentSubject::MicrosoftApp {
                    device: Some(_), ..
                },
            ) => ChallengeState::DeviceActivated,
            (None, _) => ChallengeState::Started,
        }
    }

    /// Returns whether the setup's own life is over.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        !runs(now, self.expires_at, false)
    }

    /// Returns whether it can still come to a registration.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        self.closed.is_none() && !self.is_over(now)
    }

    /// Cancels the setup, unless it has come to something already.
    pub(crate) fn cancel(&mut self) {
        self.closed.get_or_insert(Closed::Cancelled);
        if let Some(attempt) = &mut self.attempt {
            attempt.cancel();
        }
    }

    /// Ends the setup with its attempt.
    pub(crate) fn close(&mut self, closed: Closed) {
        self.closed = Some(closed);
        if let Some(attempt) = &mut self.attempt {
            attempt.outcome = match closed {
                Closed::Verified => AttemptOutcome::Verified,
                Closed::Exhausted => AttemptOutcome::Exhausted,
                Closed::Cancelled => AttemptOutcome::Cancelled,
            };
        }
    }
}
