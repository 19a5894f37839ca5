//! The commands, one module each.

pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod explore;
pub(crate) mod faults;
pub(crate) mod gateways;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod matrix;
pub(crate) mod measure;
pub(crate) mod race;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod shutdown;
pub(crate) mod suite;
pub(crate) mod targeting;

use crate::arguments::Command;
use crate::failure::Failure;

/// Does what the command line asks for, and gives the exit code.
pub(crate) fn execute(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Run(arguments) => run::execute(*arguments),
        Command::Matrix(arguments) => matrix::execute(*arguments),
        Command::Explore(arguments) => explore::execute(&arguments),
        Command::Replay(arguments) => replay::execute(&arguments),
        Command::Race(arguments) => race::execute(&arguments),
        Command::Measure(arguments) => measure::execute(&arguments),
        Command::Doctor(arguments) => doctor::execute(&arguments),
        Command::Init(arguments) => init::execute(&arguments),
        Command::Load(arguments) => load::execute(&arguments),
        Command::Serve(arguments) => serve::execute(arguments),
        Command::Gateways(arguments) => gateways::execute(&arguments),
        Command::List(arguments) => list::execute(&arguments),
        Command::Explain(arguments) => explain::execute(&arguments),
        Command::Schema(arguments) => schema::execute(&arguments),
        Command::Faults(arguments) => faults::execute(&arguments),
        Command::Completions(arguments) => completions::execute(&arguments),
    }
}

/// Makes the runtime of a command.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::usage(
                format!("could not start the runtime: {error}"),
                "see whether the machine has threads and file handles left",
            )
        })
}

/// Counts what can run side by side on this machine; one where it does not say.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
