//! The command line, as a whole.

use clap::{Parser, Subcommand};

use crate::commands::completions::CompletionsArguments;
use crate::commands::doctor::DoctorArguments;
use crate::commands::explain::ExplainArguments;
use crate::commands::explore::ExploreArguments;
use crate::commands::faults::FaultsArguments;
use crate::commands::gateways::GatewaysArguments;
use crate::commands::init::InitArguments;
use crate::commands::list::ListArguments;
use crate::commands::load::arguments::LoadArguments;
use crate::commands::matrix::MatrixArguments;
use crate::commands::measure::MeasureArguments;
use crate::commands::race::RaceArguments;
use crate::commands::replay::ReplayArguments;
use crate::commands::run::RunArguments;
use crate::commands::schema::SchemaArguments;
use crate::commands::serve::ServeArguments;
use crate::terminal::Colour;

/// Tests servers that register security info: how users set up, use and manage the methods that prove who they are
#[derive(Debug, Parser)]
#[command(
    name = "proofup",
    version,
    propagate_version = true,
    after_help = "Examples:\n  proofup run                               test the built-in reference\n  \
                  proofup run --url http://localhost:8080   test a server of the built-in contract\n  \
                  proofup init target                       write a target file for any other server\n  \
                  proofup explain DEF-4                     what a requirement says, and what checks it\n\n\
                  Exit codes:\n    0  the target conforms, or the command did its work\n    1  the target does not conform, or the command found something wrong\n    \
                  2  wrong usage, an error in a file, or an unreachable target\n    3  incomplete: something could not be judged or measured\n    \
                  4  the selection contains no check\n    5  load: a threshold is broken, or the target is slower\n   70  a bug in proofup\n  130  interrupted; the results so far are reported"
)]
pub(crate) struct Arguments {
    /// When to colour the output; auto does so on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(crate) color: Colour,

    #[command(subcommand)]
    pub(crate) command: CliCommand,
}

/// A subcommand of `proofup`.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    /// Test a server, requirement by requirement
    Run(Box<RunArguments>),
    /// Test every policy combination: which methods it makes available and required
    Matrix(Box<MatrixArguments>),
    /// Test random user sessions, and shrink what fails
    Explore(Box<ExploreArguments>),
    /// Run counterexamples again, and report which are fixed
    Replay(ReplayArguments),
    /// Test for race conditions: send commands at the same moment
    Race(Box<RaceArguments>),
    /// Test the randomness of codes and tokens, and send malformed requests to every endpoint
    Measure(Box<MeasureArguments>),
    /// Check a target file against its server, and say what to change
    Doctor(DoctorArguments),
    /// Write a target file to fill in, with every key explained
    Init(InitArguments),
    /// Run a load test: correct verifications per second, and their latency
    Load(Box<LoadArguments>),
    /// Serve the reference implementation
    Serve(ServeArguments),
    /// Serve mock SMS, voice, mail and push providers
    Gateways(GatewaysArguments),
    /// List the requirements, or the scenarios
    List(ListArguments),
    /// Explain a requirement: what it says, where it comes from, and what checks it
    Explain(ExplainArguments),
    /// Plant faults in the reference, and report which check detects each
    Faults(FaultsArguments),
    /// Print the JSON Schema of a kind of file
    Schema(SchemaArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
}
