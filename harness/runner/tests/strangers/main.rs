//! Targets that nobody here wrote: shared gateways, users made one by one, a policy of their own, a process of their own.

mod files;
mod foreseen;
#[path = "../support/planted.rs"]
mod planted;
#[path = "../support/port.rs"]
mod port;
mod process;
mod product;
mod shared;
