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

/// Judges implementations of security-info registration: how people set up, use and manage the methods that prove who
/// they are.
#[derive(Debug, Parser)]
#[command(
    name = "proofup",
    version,
    propagate_version = true,
    after_help = "Examples:\n  proofup run                          judge the built-in reference by every scenario\n  \
                  proofup run --url http://localhost:8080   judge a server that speaks the contract\n  \
                  proofup explain DEF-4                what a requirement says, and what checks it\n\n\
                  Exit codes:\n    0  conforms, or did what it was asked to\n    1  nonconforming, a stale exemption, or a transcript that differs\n    \
                  2  usage, configuration, target or scenario file\n    3  incomplete: a must could not be judged\n    \
                  4  nothing selected\n    5  a performance threshold or baseline\n   70  a bug of proofup\n  130  interrupted; what was judged is reported"
)]
pub(crate) struct Arguments {
    /// When to colour: auto minds the terminal, `NO_COLOR` and CI
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(crate) color: Colour,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Names a command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge an implementation, requirement by requirement
    Run(Box<RunArguments>),
    /// Judge what can be added and what is required under every policy
    Matrix(Box<MatrixArguments>),
    /// Explore by random stories that the oracle judges
    Explore(Box<ExploreArguments>),
    /// Run a counterexample again: is it fixed?
    Replay(ReplayArguments),
    /// Judge what happens when commands are sent at the same moment
    Race(Box<RaceArguments>),
    /// Measure codes and tokens, and send malformed input to every endpoint
    Measure(Box<MeasureArguments>),
    /// Probe what a target file says of an implementation: what is right, what is wrong, what to change
    Doctor(DoctorArguments),
    /// Begin a file: a target file with every key explained
    Init(InitArguments),
    /// Load an implementation: verifications per second, latency, correctness
    Load(Box<LoadArguments>),
    /// Serve the reference implementation
    Serve(ServeArguments),
    /// Serve mocked SMS, voice, mail and push providers
    Gateways(GatewaysArguments),
    /// List the requirements, or the scenarios
    List(ListArguments),
    /// Explain a requirement: what it says, where it comes from, what checks it
    Explain(ExplainArguments),
    /// Plant faults in the reference, and tell which check catches each
    Faults(FaultsArguments),
    /// Print the JSON Schema of a kind of file
    Schema(SchemaArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
}
