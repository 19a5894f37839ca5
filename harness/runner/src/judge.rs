//! Judging: what was expected, what came, and what that says about a requirement.

pub mod exemption;
pub mod outcome;
pub mod verdict;
