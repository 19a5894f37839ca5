//! The reference implementation: an axum service with its own records, rules and wire types.
//!
//! [`app::app`] makes the service, [`serve::serve`] puts it on a socket. What it decides is in `decide`, what each request does to
//! a tenant is in `flow`, what goes over the wire is in `wire`, and every decision that an edition or a planted defect could
//! change is a field of [`rules::Rules`].
//!
//! **Invariants:** one lock per tenant, never held across an await; no secret in `Debug`; time comes from the [`Clock`] that the
//! process was given; no answer but a failed gateway's is 5xx.
//!
//! [`Clock`]: proofup_domain::clock::Clock

pub mod address;
pub mod app;
pub mod delivery;
pub mod demo;
pub mod faults;
pub mod keyed;
pub mod pause;
pub mod phone;
pub mod policy_evaluator;
pub mod random;
pub mod rules;
pub mod serve;
pub mod totp;

mod by_id;
mod decide;
mod flow;
mod http;
mod record;
mod refused;
mod service;
mod tenant;
mod time;
mod tokens;
mod wire;

pub use self::http::description;
