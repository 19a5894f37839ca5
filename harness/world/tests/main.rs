//! The world of a case, beside the reference in process.

#[path = "support/planted.rs"]
mod planted;
mod policy_fit;
