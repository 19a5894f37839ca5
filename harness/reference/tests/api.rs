//! The service as its clients see it: requests in, answers out, no socket but those of the providers.

#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "helpers fail as the tests do that they help, and take what `json!` makes"
)]

mod app_setup;
mod audit;
mod codes;
mod contract;
mod control;
mod deferral;
mod gateways;
mod implementing;
mod input;
mod isolation;
mod manage;
mod resets;
mod serving;
mod setup;
mod sign_in;
mod support;
mod ways;
mod wizard;
