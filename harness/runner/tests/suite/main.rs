//! The suite against the reference: it conforms, its transcripts are what they were, and every expectation bites.

mod bites;
mod broken;
#[path = "../support/failing.rs"]
mod failing;
mod harness;
#[path = "../support/planted.rs"]
mod planted;
mod transcripts;
