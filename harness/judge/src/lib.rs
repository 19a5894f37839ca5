//! Judging: what was expected, what came, and what that says about a requirement.

pub mod report;

pub mod exemption;
pub mod outcome;
#[cfg(test)]
pub(crate) mod samples;
pub mod verdict;
