//! The suite against the reference: it conforms, its transcripts are what they were, and every expectation can fail.

mod broken;
mod every_expectation_can_fail;
mod harness;
mod transcripts;
