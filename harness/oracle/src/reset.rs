//! What a password reset asks for and offers (`domain.md` §4, §10).

use std::collections::BTreeSet;

use proofup_domain::method::Gate;
use proofup_domain::policy::Policy;

use crate::user::{Choice, User};
use crate::{default, usable};

/// Tells whether a reset may begin; if not, the one answer is "contact your administrator" (RESET-4).
#[must_use]
pub fn may_begin(policy: &Policy, user: &User) -> bool {
    let gates = usable::registered_gates(policy, user).len();
    let needed = usable::gates(policy, user.role);
    policy.reset.enabled && !user.blocked && u32::try_from(gates).is_ok_and(|gates| gates >= needed)
}

/// Lists the ways to pass a gate that is not passed yet.
///
/// The default comes first where it may be used; then by rank of the method, the oldest first, and by kind (RESET-2,
/// RESET-3).
#[must_use]
pub fn proofs(policy: &Policy, user: &User, passed: &BTreeSet<Gate>) -> Vec<Choice> {
    let default = default::shown(policy, user);
    let mut methods: Vec<_> = user
        .registered
        .iter()
        .filter(|held| !passed.contains(&usable::gate(held.method)))
        .collect();
    methods.sort_by_key(|held| held.method);
    let mut proofs: Vec<Choice> = methods
        .into_iter()
        .flat_map(|held| {
            usable::reset_kinds(policy, user.role, held)
                .into_iter()
                .map(|kind| Choice { id: held.id, kind })
        })
        .collect();
    proofs.sort_by_key(|proof| Some(*proof) != default);
    proofs
}
