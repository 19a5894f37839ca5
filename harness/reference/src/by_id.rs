//! Records by the text that names them.

use std::sync::Arc;

/// Holds records by id, or by account key.
///
/// A tree would compare some twenty ids for each record that is found, each of them somewhere else in memory; that was a third
/// of what a verified code cost. A name is one text for all records that have it, so that it is fetched only once.
///
/// **Invariant:** nothing that is told depends on the order in which records are visited.
#[expect(
    clippy::disallowed_types,
    reason = "records are found by name; where all are visited, the order shows nowhere"
)]
pub(crate) type ById<T> = std::collections::HashMap<Arc<str>, T>;
