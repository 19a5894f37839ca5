//! The reference implementation: an axum service with its own records, rules and wire types.
