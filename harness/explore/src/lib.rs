//! What nobody scripted: stories that are drawn ([`explore`]), commands at the same moment ([`race`]), every combination of a
//! policy ([`matrix`]), and what only statistics and malformed requests show ([`measure`]).
//!
//! **Invariant:** the oracle decides what is right; nothing here knows how the target was built.

pub mod explore;
pub mod matrix;
pub mod measure;
mod possible;
pub mod race;
