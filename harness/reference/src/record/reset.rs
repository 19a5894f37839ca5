//! One password reset.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::method::Gate;

use crate::tokens::TokenDigest;

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
    pub(crate) digest: TokenDigest,
}

/// A gate as it is counted; the second is true only where a rule takes the two apps for two gates.
pub(crate) type GateKey = (Gate, bool);

/// Whether a reset goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResetProgress {
    Open,
    Completed,
    Cancelled,
}
