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

/// Tests implementations of security-info registration: how users set up, use and manage the methods that prove who they
/// are.
#[derive(Debug, Parser)]
#[command(
    name = "proofup",
    version,
    propagate_version = true,
    after_help = "Examples:\n  proofup run                               run every scenario against the built-in reference\n  \
                  proofup run --url http://localhost:8080   test a server that implements the built-in contract\n  \
                  proofup init target                       write a target file for another server\n  \
                  proofup explain DEF-4                     what a requirement says, and what checks it\n\n\
                  Exit codes:\n    0  success\n    1  the target does not conform, an exemption is no longer needed, or a transcript differs\n    \
                  2  usage, a wrong file, or an unreachable target\n    3  incomplete: something could not be judged\n    \
                  4  the selection holds no check\n    5  a threshold of a load run is broken, or the target is slower than its baseline\n   70  a bug of proofup\n  130  interrupted; what was judged is reported"
)]
pub(crate) struct Arguments {
    /// When output is coloured; auto respects the terminal, `NO_COLOR` and CI
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(crate) color: Colour,

    #[command(subcommand)]
    pub(crate) command: CliCommand,
}

/// A subcommand of `proofup`.
#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    /// Test an implementation, requirement by requirement
    Run(Box<RunArguments>),
    /// Test which methods each policy makes available and required
    Matrix(Box<MatrixArguments>),
    /// Test random user stories, and shrink the first that fails
    Explore(Box<ExploreArguments>),
    /// Repeat counterexamples: are they fixed?
    Replay(ReplayArguments),
    /// Test requests that are sent at the same moment
    Race(Box<RaceArguments>),
    /// Test the randomness of codes and tokens, and send malformed input to every endpoint
    Measure(Box<MeasureArguments>),
    /// Check a target file against its server: what is wrong, and what to change
    Doctor(DoctorArguments),
    /// Write a target file to fill in, with every key explained
    Init(InitArguments),
    /// Load a target: verifications per second, latency, correctness
    Load(Box<LoadArguments>),
    /// Serve the reference implementation
    Serve(ServeArguments),
    /// Serve mock SMS, voice, mail and push providers
    Gateways(GatewaysArguments),
    /// List the requirements, or the scenarios
    List(ListArguments),
    /// Explain a requirement: what it says, where it comes from, what checks it
    Explain(ExplainArguments),
    /// Plant faults in the reference, and report which check detects each
    Faults(FaultsArguments),
    /// Print the JSON Schema of a kind of file
    Schema(SchemaArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
}
