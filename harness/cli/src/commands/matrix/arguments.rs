//! The arguments of `proofup matrix`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use proofup_explore::matrix::covering::Strength;
use url::Url;

use crate::values::number;

/// The arguments of `proofup matrix`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup matrix                              all 65,536 combinations, built-in reference\n  \
                        proofup matrix --export decisions.csv       also write the decision table\n  \
                        proofup matrix --registered 2               also test users with up to two methods\n  \
                        proofup matrix --transport loopback         the built-in reference over HTTP\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup matrix --url http://127.0.0.1:8080\n  \
                        proofup matrix --target mine.toml --strength 2   for a slow target: all pairs\n\n\
                        Exit codes:\n    0  the target agrees with the oracle on every combination\n    1  it differs on at least one; a counterexample was written to a file\n    \
                        2  wrong usage, an error in the target file, or an unreachable target\n    3  incomplete: some combinations could not be judged\n  130  interrupted"
)]
pub(crate) struct MatrixArguments {
    /// The target file of the server to test
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub(crate) target: Option<PathBuf>,

    /// The address of the server; without --target it must implement the built-in contract
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub(crate) url: Option<Url>,

    /// How to call the built-in reference
    #[arg(long, value_enum, default_value_t = MatrixTransport::Decisions, value_name = "HOW", help_heading = "Target",
          conflicts_with_all = ["target", "url"])]
    pub(crate) transport: MatrixTransport,

    /// Test only a covering array of the combinations: all pairs (2) or all triples (3) of values
    #[arg(long, value_name = "N", value_parser = strength, help_heading = "Selection")]
    pub(crate) strength: Option<Strength>,

    /// Also test users with up to N registered methods (only with --transport decisions)
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = number(0_u8, 2),
          help_heading = "Selection", conflicts_with_all = ["target", "url"])]
    pub(crate) registered: u8,

    /// Number of tenants in parallel, or threads with --transport decisions [default: 8 tenants or 1 thread per processor]
    #[arg(long, value_name = "N", value_parser = number(1, u16::MAX), help_heading = "Running")]
    pub(crate) jobs: Option<u16>,

    /// The seed of all random choices
    #[arg(long, value_name = "N", value_parser = number(0, u64::MAX), default_value_t = 1, help_heading = "Running")]
    pub(crate) seed: u64,

    /// Write the expected decisions as CSV, one line per combination, for users without registered methods
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) export: Option<PathBuf>,

    /// The folder for the counterexample of the first difference
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Output")]
    pub(crate) write: PathBuf,

    /// Write a report: json=FILE
    #[arg(long, value_name = "KIND=FILE", help_heading = "Output")]
    pub(crate) report: Option<JsonFile>,
}

/// How the built-in reference is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MatrixTransport {
    /// Call its decision functions directly, without HTTP
    Decisions,
    /// Send requests without a socket
    InProcess,
    /// Send requests over HTTP on 127.0.0.1
    Loopback,
}

/// The file of the JSON report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonFile(pub(crate) PathBuf);

impl FromStr for JsonFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some(("json", file)) if !file.is_empty() => Ok(Self(file.into())),
            _ => Err("write json=FILE, the only report of a matrix run".to_owned()),
        }
    }
}

fn strength(text: &str) -> Result<Strength, String> {
    match text {
        "2" => Ok(Strength::Pairs),
        "3" => Ok(Strength::Triples),
        _ => Err("write 2 for pairs or 3 for triples; leave it out to test everything".to_owned()),
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
