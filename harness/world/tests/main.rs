//! The world of a case, beside the reference in process.

mod foreseen;
#[path = "support/planted.rs"]
mod planted;
