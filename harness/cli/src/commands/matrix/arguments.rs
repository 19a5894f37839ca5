//! The arguments of `proofup matrix`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use proofup_runner::matrix::covering::Strength;
use url::Url;

/// Holds the arguments of `proofup matrix`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup matrix                              the built-in reference's decisions, all 65,536 combinations\n  \
                        proofup matrix --export decisions.csv       and the decision table as a file\n  \
                        proofup matrix --registered 2               also for users who have registered one or two methods\n  \
                        proofup matrix --transport loopback         the built-in reference over HTTP\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup matrix --url http://127.0.0.1:8080\n  \
                        proofup matrix --target mine.toml --strength 2   a slow target: every pair of values"
)]
pub(crate) struct MatrixArguments {
    /// The target file of the implementation to judge
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub(crate) target: Option<PathBuf>,

    /// Where the implementation is; without --target it speaks the contract as the reference does
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub(crate) url: Option<Url>,

    /// How the built-in reference is asked
    #[arg(long, value_enum, default_value_t = Asking::Decisions, value_name = "HOW", help_heading = "Target",
          conflicts_with_all = ["target", "url"])]
    pub(crate) transport: Asking,

    /// Only so many combinations that every pair (2) or every triple (3) of values occurs
    #[arg(long, value_name = "N", value_parser = strength, help_heading = "Selection")]
    pub(crate) strength: Option<Strength>,

    /// Also for users who have registered every set of at most so many methods; only of --transport decisions
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=2),
          help_heading = "Selection", conflicts_with_all = ["target", "url"])]
    pub(crate) registered: u8,

    /// Side by side: tenants over HTTP, threads otherwise; default: 8 tenants or 1 thread for each processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Running")]
    pub(crate) jobs: Option<u16>,

    /// The seed of everything random
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Running")]
    pub(crate) seed: u64,

    /// Write the decision table: a line for each combination, for a user who has registered nothing
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) export: Option<PathBuf>,

    /// Write the scenario of the first difference here; default: proofup-matrix-NUMBER.toml
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) counterexample: Option<PathBuf>,

    /// Write a report: json=FILE
    #[arg(long, value_name = "KIND=FILE", help_heading = "Output")]
    pub(crate) report: Option<JsonFile>,
}

/// Names how the built-in reference is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Asking {
    /// Its decisions as functions, without HTTP
    Decisions,
    /// HTTP without a socket
    InProcess,
    /// HTTP over loopback
    Loopback,
}

/// Names where the report goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonFile(pub(crate) PathBuf);

impl FromStr for JsonFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some(("json", file)) if !file.is_empty() => Ok(Self(file.into())),
            _ => Err("write json=FILE: a matrix has no other report".to_owned()),
        }
    }
}

fn strength(text: &str) -> Result<Strength, String> {
    match text {
        "2" => Ok(Strength::Pairs),
        "3" => Ok(Strength::Triples),
        _ => Err("write 2 for pairs or 3 for triples; leave it out for everything".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_json_and_a_file() {
        assert_eq!("json=a=b".parse(), Ok(JsonFile("a=b".into())));
        for wrong in ["junit=x", "json=", "x", ""] {
            assert!(wrong.parse::<JsonFile>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_strength_is_two_or_three() {
        assert_eq!(strength("2"), Ok(Strength::Pairs));
        assert_eq!(strength("3"), Ok(Strength::Triples));
        for wrong in ["1", "4", "", "two"] {
            assert!(strength(wrong).is_err(), "{wrong}");
        }
    }
}
