//! How a tenant begins: its policy, limits and people, and what only the caller can know of numbers and addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proofup_domain::capabilities::Limits;
use proofup_domain::command::CodeShape;
use proofup_domain::method::Role;
use proofup_domain::policy::Policy;

use super::State;
use super::outbox::Outbox;
use super::records::PersonState;
use crate::user::User;

/// A tenant as it is provisioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionedTenant {
    /// The policy.
    pub policy: Policy,
    /// The declared limits.
    pub limits: Limits,
    /// The shapes near a code that are taken as the code (CODE-10).
    pub code_shapes_accepted: BTreeSet<CodeShape>,
    /// The verified domains: what stands in one is a work or school address.
    pub domains: BTreeSet<String>,
    /// The people, in any order.
    pub users: Vec<NewUser>,
    /// What is known of numbers that a file spells out, by region and number as typed. The oracle has no phone metadata; a
    /// number that is not listed is taken as a valid mobile number.
    pub numbers: BTreeMap<(String, String), NumberFacts>,
}

/// A person as provisioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The name that commands use.
    pub name: String,
    /// Member or administrator.
    pub role: Role,
    /// Blocked by the administrator.
    pub blocked: bool,
    /// False: never provisioned, the unknown user.
    pub exists: bool,
    /// The office number could be a mobile one by its range, so that it takes texts (North America).
    pub office_takes_texts: bool,
}

impl NewUser {
    /// Makes a member who exists, is not blocked and has an office number that takes no texts.
    #[must_use]
    pub fn member(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            role: Role::Member,
            blocked: false,
            exists: true,
            office_takes_texts: false,
        }
    }
}

/// What a number is, as the phone metadata has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberFacts {
    /// The number is one of its region.
    pub valid: bool,
    /// Its type can be mobile.
    pub takes_texts: bool,
    /// Its one normalised spelling: E.164.
    pub e164: String,
}

/// What does not change while a tenant lives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    pub(crate) limits: Limits,
    pub(crate) code_shapes_accepted: BTreeSet<CodeShape>,
    pub(crate) domains: BTreeSet<String>,
    pub(crate) numbers: BTreeMap<(String, String), NumberFacts>,
    /// Second steps are asked for where they are owed.
    pub(crate) second_steps: bool,
}

/// Makes the first state of a tenant.
pub(crate) fn start(tenant: ProvisionedTenant) -> State {
    let people = tenant
        .users
        .iter()
        .map(|new| {
            let mut user = User::new(new.role);
            user.blocked = new.blocked;
            Arc::new(PersonState {
                exists: new.exists,
                office_takes_texts: new.office_takes_texts,
                ..PersonState::new(&new.name, user)
            })
        })
        .collect();
    State {
        policy: Arc::new(tenant.policy),
        setting: Arc::new(Setting {
            limits: tenant.limits,
            code_shapes_accepted: tenant.code_shapes_accepted,
            domains: tenant.domains,
            numbers: tenant.numbers,
            second_steps: true,
        }),
        people,
        bindings: Arc::default(),
        outbox: Arc::new(Outbox::default()),
        audit: Arc::default(),
    }
}
