//! Load runs: against the reference over loopback, against faulty ones, against servers that stall or
//! die, and against products that make no tenants.

mod counted;
mod faulty;
mod plans;
#[path = "../../world/tests/support/product.rs"]
mod product;
mod runs;
mod strangers;
mod support;
mod trouble;
