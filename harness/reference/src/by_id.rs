//! Records by the text that names them.

use std::sync::Arc;

use foldhash::fast::FixedState;

/// Records by id, or by account key.
///
/// A tree would compare some twenty ids for each record that is found, each of them somewhere else in memory; that was a third
/// of what a verified code cost. A name is one text for all records that have it, so that it is fetched only once.
///
/// **Invariant:** nothing that is told depends on the order in which records are visited.
pub(crate) type ById<T> = Map<Arc<str>, T>;

/// A map whose keys no stranger chooses.
///
/// Its hash is quick and the same in every run; it does not withstand keys that are chosen to collide. Ids are drawn, tokens are
/// known by their SHA-256, and accounts are named by whoever makes the tenant.
#[expect(
    clippy::disallowed_types,
    reason = "things are found by their keys; where all are visited, the order shows nowhere"
)]
pub(crate) type Map<K, T> = std::collections::HashMap<K, T, FixedState>;

/// A set of keys that no stranger chooses.
#[expect(
    clippy::disallowed_types,
    reason = "as with `Map`: the order shows nowhere"
)]
pub(crate) type Set<K> = std::collections::HashSet<K, FixedState>;
