//! The commands, one module each.

pub(crate) mod arguments;
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
pub(crate) mod suite;
pub(crate) mod targeting;

use clap::CommandFactory as _;

use crate::failure::Failure;
use arguments::{Arguments, Command};

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
        Command::Completions(arguments) => completions::execute(&arguments, Arguments::command()),
    }
}
