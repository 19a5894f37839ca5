//! Targets: the compiled target file, and the transports that carry its requests.

pub mod exchange;
