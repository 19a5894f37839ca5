//! The reference implementation: an axum service with its own records, rules and wire types.

pub mod address;
pub mod delivery;
pub mod keyed;
pub mod phone;
pub mod random;
pub mod totp;
