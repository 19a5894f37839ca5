//! The oracle, held to facts, to data written by hand and to the suite.

mod auditor;
mod fixtures;
mod invariants;
mod suite;
