//! The values of security info: what the other crates talk about.
//!
//! Names, spellings and sets follow `domain.md` of the design pages: Rust as rustfmt and clippy expect it, JSON and TOML
//! in its camelCase. Everything here is a value. Whether a method is available, a code is right or a window is open is
//! decided elsewhere, and twice: in `proofup-oracle` and in `proofup-reference`, which share these words and nothing else.
//!
//! **Invariant:** nothing here does I/O, reads a clock or draws a random number.

pub mod answer;
pub mod capabilities;
pub mod clock;
pub mod command;
pub mod edition;
pub mod expect;
pub mod fault;
pub mod method;
pub mod policy;
pub mod refusal;
pub mod requirement;
pub mod secret;
pub mod state;
