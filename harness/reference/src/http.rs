//! HTTP: routes, extractors, problem documents, and the generated description.
//!
//! **Invariant:** whatever comes in, what goes out is JSON of the contract or a problem document; nothing but a failed gateway
//! answers 5xx.

mod audit;
mod calls;
mod capabilities;
mod challenges;
mod control;
mod devices;
mod enrollments;
mod extract;
mod json;
mod methods;
mod openapi;
mod problem;
mod resets;
mod router;
mod routes;
mod sessions;
mod straight;
mod surface;
mod wizard;

pub use self::openapi::description;
pub use self::router::Reference;
pub(crate) use self::router::service;
