//! A second step, or one proof of a password reset.

use std::sync::Arc;

use proofup_domain::method::Method;

use super::attempt::AttemptRecord;

/// One challenge by a registered method.
#[derive(Debug)]
pub(crate) struct ChallengeRecord {
    pub(crate) id: Arc<str>,
    /// The user's account key.
    pub(crate) user: Arc<str>,
    pub(crate) owner: ChallengeOwner,
    pub(crate) method: Method,
    pub(crate) method_id: String,
    pub(crate) attempt: AttemptRecord,
    /// Its last instant in the records.
    pub(crate) kept_until: jiff::Timestamp,
}

/// What a challenge was begun for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChallengeOwner {
    /// The second step of this session.
    Session(Arc<str>),
    /// A gate of this reset.
    Reset(Arc<str>),
}

impl ChallengeOwner {
    /// Returns whether both are for the same use: newer codes kill older ones only within one use.
    pub(crate) fn same_use(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Session(_), Self::Session(_)) | (Self::Reset(_), Self::Reset(_))
        )
    }
}
