//! What is written where: results to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use anstream::ColorChoice;
use clap::ValueEnum;

use crate::failure::{EXIT_OK, EXIT_USAGE, Failure};

/// When output is coloured.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

/// Sets for the whole process when to colour.
pub(crate) fn choose_colour(colour: Colour) {
    match colour {
        Colour::Auto => ColorChoice::Auto,
        Colour::Always => ColorChoice::Always,
        Colour::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Writes a result.
///
/// A reader that has gone away (`proofup list | head`) wants no more, which is no fault.
pub(crate) fn result(text: &str) -> Result<(), Failure> {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::usage(
            format!("could not write to standard output: {error}"),
            "check whether the disk is full, or redirect to another place",
        )),
        _ => Ok(()),
    }
}

/// Writes a diagnostic; where even that is impossible, nobody is there to be told.
pub(crate) fn diagnostic(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Prints what clap reports, and returns the exit code: help and versions are results, the rest is a failure of usage.
pub(crate) fn usage(error: &clap::Error) -> u8 {
    let _ = error.print();
    if error.use_stderr() {
        EXIT_USAGE
    } else {
        EXIT_OK
    }
}

/// Returns whether a person watches: standard error is a terminal, and this is no CI.
pub(crate) fn is_watched() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stderr().is_terminal() && !set("CI") && !dumb
}
