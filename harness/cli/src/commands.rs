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

use crate::arguments::CliCommand;
use crate::failure::Failure;

/// Runs the command, and returns the exit code.
pub(crate) fn execute(command: CliCommand) -> Result<u8, Failure> {
    match command {
        CliCommand::Run(arguments) => run::execute(*arguments),
        CliCommand::Matrix(arguments) => matrix::execute(*arguments),
        CliCommand::Explore(arguments) => explore::execute(&arguments),
        CliCommand::Replay(arguments) => replay::execute(&arguments),
        CliCommand::Race(arguments) => race::execute(&arguments),
        CliCommand::Measure(arguments) => measure::execute(&arguments),
        CliCommand::Doctor(arguments) => doctor::execute(&arguments),
        CliCommand::Init(arguments) => init::execute(&arguments),
        CliCommand::Load(arguments) => load::execute(&arguments),
        CliCommand::Serve(arguments) => serve::execute(arguments),
        CliCommand::Gateways(arguments) => gateways::execute(&arguments),
        CliCommand::List(arguments) => list::execute(&arguments),
        CliCommand::Explain(arguments) => explain::execute(&arguments),
        CliCommand::Schema(arguments) => schema::execute(&arguments),
        CliCommand::Faults(arguments) => faults::execute(&arguments),
        CliCommand::Completions(arguments) => completions::execute(&arguments),
    }
}

/// Returns the runtime of a command.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
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
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
