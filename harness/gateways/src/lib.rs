//! Mocked SMS, voice, e-mail and push providers, and the people behind them.
//!
//! An implementation under test calls providers; here they are. What a provider takes becomes a [`message::Message`] in
//! an [`store::Inboxes`], where a simulated person reads it. One function, [`provider::handle`], plays every HTTP
//! provider; two hosts carry it: [`host::Gateways`] (wiremock, one per scenario) and [`host::Standalone`] (hyper, for
//! load and for `proofup gateways`). E-mail also comes in by real SMTP.
//!
//! **Invariant:** people never send. They say which request to make, and the runner carries it to the target; only the
//! standalone host, which serves people without the harness, makes such a request itself.

pub mod behaviour;
pub mod host;
mod listener;
pub mod message;
pub mod people;
pub mod provider;
mod smtp;
pub mod store;
