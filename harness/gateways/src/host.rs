//! The hosts of the providers.
//!
//! [`Gateways`] is what a conformance run starts for each scenario: wiremock behind one address per channel, and SMTP.
//! [`Standalone`] is what load runs and `proofup gateways` start once: hyper on one port, SMTP on another, and a small
//! API for people without the harness. [`InProcessSink`] takes messages without a socket,
//! from a target in the same process.

mod conformance;
mod in_process_sink;
mod people_api;
mod standalone;

pub use conformance::{Gateways, StartError};
pub use in_process_sink::InProcessSink;
pub use standalone::{Standalone, StandaloneOptions, serve_gateways};
