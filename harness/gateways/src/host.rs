//! The hosts of the providers.
//!
//! [`Gateways`] is what a conformance run starts for each scenario: wiremock behind one address per channel, and SMTP.
//! [`Standalone`] is what load runs and `proofup gateways` start once: hyper on one port, SMTP on another, and a small
//! API for people without the harness. [`InProcessNetwork`] connects a target in the same process with its providers
//! without a socket.

mod conformance;
mod in_process;
mod people_api;
mod standalone;

pub use conformance::{Gateways, StartError};
pub use in_process::{InProcessEnding, InProcessGateways, InProcessNetwork};
pub use standalone::{Standalone, StandaloneOptions, serve_gateways};
