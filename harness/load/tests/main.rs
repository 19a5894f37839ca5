//! Load runs: against the reference over loopback, against faulty ones, against servers that stall or
//! die, and against products that make no tenants.

mod counted;
mod custom_targets;
#[path = "../../world/tests/support/failing.rs"]
mod failing;
mod faulty;
mod plans;
#[path = "../../world/tests/support/port.rs"]
mod port;
#[path = "../../world/tests/support/product.rs"]
mod product;
mod runs;
mod support;
mod trouble;
