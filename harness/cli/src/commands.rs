//! The commands, one module each.

pub(crate) mod arguments;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod exempting;
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
pub(crate) mod suite;
pub(crate) mod targeting;

use clap::CommandFactory as _;

use crate::failure::Failure;
use arguments::{Arguments, CliCommand};

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
        CliCommand::Completions(arguments) => {
            completions::execute(&arguments, Arguments::command())
        }
    }
}
