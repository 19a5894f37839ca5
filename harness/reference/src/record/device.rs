//! What answers from outside: devices, notifications and calls.

use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::secret::Secret;

use super::method::CodeKey;
use crate::keyed::Digest;

/// A phone on which the Microsoft app was activated.
#[derive(Debug)]
pub(crate) struct DeviceRecord {
    pub(crate) secret: Digest,
    pub(crate) push_token: Secret,
    pub(crate) codes: CodeKey,
}

/// What a callback is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallbackTarget {
    /// A setup.
    Enrollment(Arc<str>),
    /// A second step or a proof of a reset.
    Challenge(Arc<str>),
}

/// A notification that waits for approval.
#[derive(Debug)]
pub(crate) struct Notification {
    pub(crate) device: String,
    pub(crate) target: CallbackTarget,
    /// The attempt that sent it.
    pub(crate) attempt: String,
    pub(crate) answered: bool,
    pub(crate) kept_until: Timestamp,
}

/// A call that waits for the pound key.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) secret: Digest,
    pub(crate) target: CallbackTarget,
    /// The attempt that placed it.
    pub(crate) attempt: String,
    pub(crate) answered: bool,
    pub(crate) kept_until: Timestamp,
}
