//! The suite against the reference: it conforms, its transcripts are what they were, and every expectation bites.

mod bites;
mod harness;
mod transcripts;
