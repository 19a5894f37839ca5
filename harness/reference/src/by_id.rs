//! Records by the text that names them.

/// Holds records by id, or by account key.
///
/// A tree would compare some twenty ids for each record that is found, each of them somewhere else in memory; that was a third
/// of what a verified code cost.
///
/// **Invariant:** nothing that is told depends on the order in which records are visited.
#[expect(
    clippy::disallowed_types,
    reason = "records are found by name; where all are visited, the order shows nowhere"
)]
pub(crate) type ById<T> = std::collections::HashMap<String, T>;
