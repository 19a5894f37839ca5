//! The hosts of the providers.
//!
//! [`Gateways`] is what a conformance run starts for each scenario: wiremock behind one address per channel, and SMTP.
//! [`Standalone`] is what `proofup gateways` starts once: hyper on one port, SMTP on another, and a small
//! API for people without the harness. [`Handover`] is what load runs start: it keeps nothing, and needs no socket where the
//! target is in the same process.

mod conformance;
mod handover;
mod people_api;
mod standalone;

pub use conformance::{Gateways, StartError};
pub use handover::{Counter, Handover};
pub use standalone::{Standalone, StandaloneOptions, serve_gateways};
