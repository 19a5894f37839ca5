//! What should happen: pure decisions over domain values, written from domain.md alone.
//!
//! The explorer and the matrix ask this crate what an implementation has to answer. It shares words with the reference
//! implementation and not one decision: a disagreement between the two is a finding about one of them. Each function
//! works its answer out afresh from the policy, the user and the instant that it is given. [`machine`] puts them together
//! with a memory and answers every command; [`auditor`] looks at whole histories and never asks the machine.
//!
//! **Invariant:** nothing here does I/O, reads a clock, draws a random number or fails.

pub mod auditor;
pub mod available;
pub mod default;
pub mod machine;
mod patch;
pub mod policy;
pub mod required;
pub mod reset;
pub mod sign_in;
#[cfg(test)]
mod testing;
pub mod usable;
pub mod user;
pub mod window;
