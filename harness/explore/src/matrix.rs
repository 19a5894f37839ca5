//! The matrix: every policy combination, decided by the oracle and by an implementation, and what differs.
//!
//! Eight fields of the policy and the role make 65,536 combinations (`decisions.md` 23). For each the oracle says whether
//! the policy is refused, what a user who has registered nothing can add, what the wizard requires and whether the sign-in
//! is interrupted. An implementation is asked the same in one of two ways: its decisions as functions ([`sweep`]: also
//! for users who have registered something), or over HTTP, by whatever its target file binds ([`live`]). Where 65,536 are
//! too many, a covering array takes their place ([`covering`]).
//!
//! **Invariant:** combinations are counted and told in the order of their numbers, whoever finished first.

pub mod combination;
pub(crate) mod counterexample;
pub mod covering;
pub mod decision;
pub mod export;
pub mod finding;
pub mod live;
pub mod report;
pub mod sweep;

pub use counterexample::counterexample;

/// The requirement that the matrix judges.
pub const REQUIREMENT: &str = "AVAIL-10";
