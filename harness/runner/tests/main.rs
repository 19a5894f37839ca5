//! The runner, beside the reference, products that nobody here wrote, and hostile servers.

mod doctor;
#[path = "../../binding/tests/support/end.rs"]
mod end;
mod hostile;
#[path = "../../binding/tests/support/hostile_server.rs"]
mod hostile_server;
#[path = "../../world/tests/support/planted.rs"]
mod planted;
#[path = "../../world/tests/support/product.rs"]
mod product;
mod races;
mod strangers;
mod suite;
