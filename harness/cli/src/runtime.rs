//! What commands run on: threads, and how many of them can be busy at once.

use crate::failure::Failure;

/// Returns the runtime of a command.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::usage(
                format!("could not start the runtime: {error}"),
                "check whether the machine has threads and file handles left",
            )
        })
}

/// Returns how many threads run in parallel on this machine; 1 where it does not say.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
