//! `proofup`: judges implementations of security-info registration.
//!
//! This crate is the edge: it reads arguments and the machine's clock, prints, and exits. What it says is decided in
//! `proofup-runner`.
//!
//! **Invariant:** standard output is the result and standard error is everything else; nothing but `main` ends the
//! process, with the exit codes of `decisions.md` 10.

mod clock;
mod commands;
mod embedded;
mod failure;
mod matching;
mod render;
mod resolve;
mod runtime;
mod shutdown;
mod terminal;
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use mimalloc::MiMalloc;

use crate::commands::arguments::Arguments;
use crate::failure::EXIT_BUG;

/// Hands out memory, because flows under load ask for it some hundred times each: the system's own allocator takes a
/// quarter of their processor time (`docs/how-fast.md`).
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    set_hook(Box::new(|panic| {
        terminal::diagnostic(&failure::bug_report(panic))
    }));
    let code = catch_unwind(AssertUnwindSafe(|| {
        let arguments = match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(error) => {
                return terminal::usage(&matching::with_nearest_command(
                    error,
                    &Arguments::command(),
                ));
            }
        };
        terminal::choose_colour(arguments.color);
        match commands::execute(arguments.command) {
            Ok(code) => code,
            Err(failure) => {
                terminal::diagnostic(&failure.to_string());
                failure.exit_code()
            }
        }
    }));
    ExitCode::from(code.unwrap_or(EXIT_BUG))
}
