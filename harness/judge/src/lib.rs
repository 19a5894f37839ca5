//! Judging: what was expected, what came, and what that says about a requirement.

pub mod report;

extern crate self as judge;
use proofup_binding as target;

pub mod exemption;
pub mod matcher;
pub mod outcome;
#[cfg(test)]
pub(crate) mod samples;
pub mod verdict;
