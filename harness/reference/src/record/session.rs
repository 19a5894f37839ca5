//! One session, from the right password on.

use std::sync::Arc;

use jiff::Timestamp;

use crate::tokens::TokenDigest;

/// One session.
#[derive(Debug)]
pub(crate) struct SessionRecord {
    pub(crate) id: Arc<str>,
    /// The user's account key.
    pub(crate) user: Arc<str>,
    pub(crate) expires_at: Timestamp,
    /// In, and no longer touched by policy.
    pub(crate) signed_in: bool,
    /// A second step was passed, or a first method was verified in its interrupt.
    pub(crate) second_step: bool,
    /// The review was confirmed.
    pub(crate) reviewed: bool,
    /// From the first prompt until "done".
    pub(crate) interrupt: Option<Interrupt>,
    pub(crate) digest: TokenDigest,
}

/// The prompt "More information required".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interrupt {
    /// It began while nothing usable for two-step verification was registered.
    pub(crate) began_with_none: bool,
    /// Methods verified in it.
    pub(crate) verified: u32,
}
