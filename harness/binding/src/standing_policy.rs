//! The implementation's own policy: which fields of a policy it decides itself, and which a case can set.

use std::collections::{BTreeMap, BTreeSet};

use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::policy::Policy;
use serde_json::{Map, Value as Json};

/// The policy that an implementation has whatever a scenario says.
#[derive(Debug, Clone, PartialEq)]
pub struct StandingPolicy {
    /// The whole policy, field by field.
    own: BTreeMap<String, Json>,
    /// The fields that a case can set.
    settable: BTreeSet<String>,
    /// The words of methods and kinds that exist; nothing: all.
    existing: Option<BTreeSet<&'static str>>,
}

impl StandingPolicy {
    /// Completes a policy as files write it with the documented values of what it leaves out.
    ///
    /// `settable` names the fields that a case can set; nothing: all that `policy` does not name where policies can be set
    /// at all (`all`), else none.
    pub(super) fn new(policy: &Json, settable: Option<Vec<String>>, all: bool) -> Self {
        // Read and written again, sets have the order that they have everywhere.
        let whole: Policy = serde_json::from_value(policy.clone()).unwrap_or_default();
        let own = flat(&json(&whole));
        let named = flat(policy);
        let settable = match settable {
            Some(settable) => settable.into_iter().collect(),
            None if all => fields()
                .into_iter()
                .filter(|field| !named.contains_key(field))
                .collect(),
            None => BTreeSet::new(),
        };
        Self {
            own,
            settable,
            existing: None,
        }
    }

    /// Leaves out of what a case asks for the kinds and methods that do not exist: nobody can allow them.
    pub(super) fn with_only(mut self, methods: &[Method], kinds: &[ChallengeKind]) -> Self {
        let methods = methods.iter().map(|method| method.as_str());
        let kinds = kinds.iter().map(|kind| kind.as_str());
        self.existing = Some(methods.chain(kinds).collect());
        self
    }

    /// Returns the policy under which a case runs that asks for another: what can be set is as it asks.
    #[must_use]
    pub fn under(&self, asked: &Policy) -> Policy {
        let mut held = self.own.clone();
        for (field, value) in flat(&json(asked)) {
            if field == EDITION || self.settable.contains(&field) {
                held.insert(field, value);
            }
        }
        // The walk over the schema has let nothing through that is no policy.
        let mut held: Policy =
            serde_json::from_value(deep(&held)).unwrap_or_else(|_| asked.clone());
        if let Some(existing) = &self.existing {
            let exists = |word: &str| existing.contains(word);
            held.two_step.kinds.retain(|kind| exists(kind.as_str()));
            held.reset.methods.retain(|method| exists(method.as_str()));
        }
        held
    }

    /// Returns the part of a policy that a case can set, as a merge patch.
    #[must_use]
    pub fn settable_part(&self, policy: &Policy) -> Map<String, Json> {
        let mut fields = flat(&json(policy));
        fields.retain(|field, _| self.settable.contains(field));
        match deep(&fields) {
            Json::Object(patch) => patch,
            _ => Map::new(),
        }
    }

    /// Lists the fields that differ between two policies and that nobody can set.
    #[must_use]
    pub fn beyond(&self, now: &Policy, wanted: &Policy) -> Vec<String> {
        let mut fields = differing(now, wanted);
        fields.retain(|field| !self.settable.contains(field));
        fields
    }

    /// Returns whether a case can set anything.
    #[must_use]
    pub fn is_settable(&self) -> bool {
        !self.settable.is_empty()
    }
}

/// Lists the fields in which two policies differ: `twoStep.kinds`.
#[must_use]
pub fn differing(one: &Policy, other: &Policy) -> Vec<String> {
    let other = flat(&json(other));
    flat(&json(one))
        .into_iter()
        .filter(|(field, value)| other.get(field) != Some(value))
        .map(|(field, _)| field)
        .collect()
}

/// Takes some fields of another policy, and leaves the rest.
#[must_use]
pub fn with_fields(policy: &Policy, other: &Policy, fields: &[String]) -> Policy {
    let other = flat(&json(other));
    let mut mixed = flat(&json(policy));
    for field in fields {
        if let Some(value) = other.get(field) {
            mixed.insert(field.clone(), value.clone());
        }
    }
    serde_json::from_value(deep(&mixed)).unwrap_or_else(|_| policy.clone())
}

/// Returns the value of a field of a policy, `twoStep.kinds`; null where there is no such field.
#[must_use]
pub fn field_of(policy: &Policy, field: &str) -> Json {
    flat(&json(policy)).remove(field).unwrap_or(Json::Null)
}

/// Lists the fields of a policy that a file may name: all but the edition.
pub(super) fn fields() -> Vec<String> {
    let mut fields: Vec<String> = flat(&json(&Policy::default())).into_keys().collect();
    fields.retain(|field| field != EDITION);
    fields
}

const EDITION: &str = "edition";

fn json(policy: &Policy) -> Json {
    serde_json::to_value(policy).unwrap_or(Json::Null)
}

/// Spreads tables: `{ twoStep: { kinds: [] } }` becomes `twoStep.kinds`.
fn flat(value: &Json) -> BTreeMap<String, Json> {
    let mut fields = BTreeMap::new();
    for (name, member) in value.as_object().into_iter().flatten() {
        if member.is_object() {
            for (inner, value) in flat(member) {
                fields.insert(format!("{name}.{inner}"), value);
            }
        } else {
            fields.insert(name.clone(), member.clone());
        }
    }
    fields
}

/// Puts spread fields back into tables.
fn deep(fields: &BTreeMap<String, Json>) -> Json {
    let mut whole = Map::new();
    for (field, value) in fields {
        match field.split_once('.') {
            None => {
                whole.insert(field.clone(), value.clone());
            }
            Some((table, name)) => {
                let table = whole
                    .entry(table.to_owned())
                    .or_insert_with(|| Json::Object(Map::new()));
                if let Json::Object(table) = table {
                    table.insert(name.to_owned(), value.clone());
                }
            }
        }
    }
    Json::Object(whole)
}
