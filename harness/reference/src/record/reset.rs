//! One password reset.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::decide::GateKey;

/// One password reset; whoever knows its id acts in it.
#[derive(Debug)]
pub(crate) struct ResetRecord {
    pub(crate) id: Arc<str>,
    /// The user's account key.
    pub(crate) user: Arc<str>,
    pub(crate) progress: ResetProgress,
    /// The gates passed, each with the method that passed it.
    pub(crate) passed: BTreeMap<GateKey, String>,
    pub(crate) expires_at: Timestamp,
    pub(crate) kept_until: Timestamp,
    pub(crate) digest: crate::tokens::TokenDigest,
}

/// Whether a reset goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResetProgress {
    Open,
    Completed,
    Cancelled,
}
