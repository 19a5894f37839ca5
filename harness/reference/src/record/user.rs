//! One account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use caseless::Caseless as _;
use jiff::Timestamp;
use proofup_domain::method::{ChallengeKind, Method, Role};

use super::method::MethodRecord;
use crate::keyed::Digest;

/// One account.
#[derive(Debug)]
pub(crate) struct UserRecord {
    pub(crate) principal_name: Arc<str>,
    pub(crate) role: Role,
    /// Blocked by the administrator.
    pub(crate) blocked: bool,
    pub(crate) password: Digest,
    /// Wrong codes and answers since the last right one.
    pub(crate) failures: u32,
    /// Blocked after too many failures, until then.
    pub(crate) blocked_until: Option<Timestamp>,
    pub(crate) window: Option<Window>,
    /// Has said "not now" before.
    pub(crate) deferred: bool,
    /// The password was reset since the last sign-in, where a rule has that count as a second step.
    pub(crate) proved_by_reset: bool,
    /// In the order of registration.
    pub(crate) methods: Vec<MethodRecord>,
    pub(crate) choice: Option<DefaultChoice>,
    /// The last registration, change or completed review.
    pub(crate) confirmed_at: Option<Timestamp>,
    /// The last send to each normalised destination.
    pub(crate) sent_at: BTreeMap<String, Timestamp>,
    /// Sessions that have not ended.
    pub(crate) sessions: BTreeSet<Arc<str>>,
    /// Setups, challenges and resets; all that are open, and perhaps some that are over.
    pub(crate) enrollments: Vec<Arc<str>>,
    pub(crate) challenges: Vec<Arc<str>>,
    pub(crate) resets: Vec<Arc<str>>,
}

/// The deferral window: once opened, for ever.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) opened_at: Timestamp,
    pub(crate) days_at_opening: u32,
}

/// The chosen default. It is kept when policy stops allowing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DefaultChoice {
    pub(crate) method: Method,
    pub(crate) method_id: String,
    pub(crate) kind: ChallengeKind,
}

impl UserRecord {
    /// Makes an account with nothing registered.
    pub(crate) fn new(principal_name: String, role: Role, blocked: bool, password: Digest) -> Self {
        Self {
            principal_name: principal_name.into(),
            role,
            blocked,
            password,
            failures: 0,
            blocked_until: None,
            window: None,
            deferred: false,
            proved_by_reset: false,
            methods: Vec::new(),
            choice: None,
            confirmed_at: None,
            sent_at: BTreeMap::new(),
            sessions: BTreeSet::new(),
            enrollments: Vec::new(),
            challenges: Vec::new(),
            resets: Vec::new(),
        }
    }

    /// Returns whether the account is blocked, by whomever.
    pub(crate) fn is_blocked(&self, now: Timestamp) -> bool {
        self.blocked || self.blocked_until.is_some_and(|until| now < until)
    }

    /// Finds a registered method.
    pub(crate) fn method(&self, id: &str) -> Option<&MethodRecord> {
        self.methods.iter().find(|method| method.id == id)
    }
}

/// Brings a sign-in address to the form in which accounts are found: no case, the domain in A-label form.
pub(crate) fn account_key(principal_name: &str) -> String {
    let name = principal_name.trim();
    match name.rsplit_once('@') {
        Some((local, domain)) => {
            let local: String = local.chars().default_case_fold().collect();
            format!("{local}@{}", domain_key(domain))
        }
        None => name.chars().default_case_fold().collect(),
    }
}

/// Brings a domain to the form in which domains are compared.
pub(crate) fn domain_key(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_without_case_and_in_either_script() {
        assert_eq!(account_key("Alice@EXAMPLE.com"), "alice@example.com");
        assert_eq!(
            account_key("ÅSE@bücher.example"),
            account_key("åse@xn--bcher-kva.EXAMPLE")
        );
        assert_eq!(account_key("no address"), "no address");
    }
}
