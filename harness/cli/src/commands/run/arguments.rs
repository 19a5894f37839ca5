//! The arguments of `proofup run`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use proofup_domain::edition::Edition;
use proofup_domain::requirement::Level;
use url::Url;

use crate::resolve::TransportKind;
use crate::values::{duration, number};

/// The arguments of `proofup run`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup run                                       the whole suite, built-in reference\n  \
                        proofup run --requirement DEF-4 --requirement 'TEXT-*'\n  \
                        proofup run scenarios/deferral --seed 7 --report junit=j.xml,json=r.json\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup run --url http://127.0.0.1:8080\n  \
                        proofup run --target products/mine.toml --exemptions products/mine.exemptions.toml\n  \
                        proofup run --target reference --target products/mine.toml   compare two\n\n\
                        Exit codes:\n    0  every judged requirement holds\n    1  a requirement failed, an exemption is no longer needed, or a transcript differs\n    \
                        2  wrong usage, an error in a file, or an unreachable target\n    3  incomplete: a requirement of level \"must\" could not be judged, or the run ended early\n    \
                        4  the selection contains no check\n   70  a bug in proofup\n  130  interrupted; the results so far are reported"
)]
pub(crate) struct RunArguments {
    /// Scenario files, folders or patterns [default: the built-in suite]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// The target file of the server to test, or `reference` for the built-in one; give it twice to compare two
    /// targets
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub(crate) target: Vec<PathBuf>,

    /// The address of the server; without --target it must implement the built-in contract; give it twice to
    /// compare two targets
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub(crate) url: Vec<Url>,

    /// How to call the built-in reference: over HTTP on 127.0.0.1, or without a socket [default: loopback]
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Target")]
    pub(crate) transport: Option<TransportKind>,

    /// Plant a fault in the built-in reference, to see that proofup finds it; `proofup faults --list` lists them. If both
    /// targets are the reference, the second has the fault
    #[arg(long, value_name = "NAME", help_heading = "Target")]
    pub(crate) fault: Option<String>,

    /// Test only these requirements: ids, patterns such as 'DEF-*', or slugs of checks
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub(crate) requirement: Vec<String>,

    /// Test only these areas, such as DEF or "Deferral window"; adds to --requirement
    #[arg(
        long,
        value_name = "AREA",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub(crate) area: Vec<String>,

    /// Test only these editions: 2018-07-25, 2018-07-30, 2019-02-13
    #[arg(
        long,
        value_name = "EDITION",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub(crate) edition: Vec<Edition>,

    /// Also run matrix, explore, race and measure, with fixed sizes, so that every requirement is judged
    #[arg(long, help_heading = "Selection",
          conflicts_with_all = ["paths", "requirement", "area", "edition", "max_failures"])]
    pub(crate) full: bool,

    /// Use the scenarios of this folder instead of the built-in ones
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "paths",
        help_heading = "Selection"
    )]
    pub(crate) suite: Option<PathBuf>,

    /// The lowest level that counts; with must, a failed requirement of level should is only a warning
    #[arg(long, value_enum, default_value_t = LevelWord::Should, value_name = "LEVEL", help_heading = "Judging")]
    pub(crate) level: LevelWord,

    /// A file of known failures of this target, each with its reason
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    pub(crate) exemptions: Option<PathBuf>,

    /// Number of cases in parallel [default: 4 per processor]
    #[arg(long, value_name = "N", value_parser = number(1, usize::MAX), help_heading = "Running")]
    pub(crate) jobs: Option<usize>,

    /// The seed of all random choices
    #[arg(long, value_name = "N", value_parser = number(0, u64::MAX), default_value_t = 1, help_heading = "Running")]
    pub(crate) seed: u64,

    /// Stop after this many failed checks; the remaining checks count as could not run
    #[arg(long, value_name = "N", value_parser = number(1, usize::MAX), help_heading = "Running")]
    pub(crate) max_failures: Option<usize>,

    /// Stop after this time, such as 90s or 5m; the remaining checks count as could not run
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Running")]
    pub(crate) deadline: Option<Duration>,

    /// Show every exchange, with its secrets masked
    #[arg(long, help_heading = "Output")]
    pub(crate) trace: bool,

    /// Write report.json, junit.xml and a transcript of each case to this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) output_dir: Option<PathBuf>,

    /// Write reports: junit=FILE, json=FILE
    #[arg(
        long,
        value_name = "KIND=FILE",
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub(crate) report: Vec<ReportFile>,

    /// Compare the transcript of each case with the one in this folder; write those that are missing
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) snapshots: Option<PathBuf>,

    /// Overwrite the transcripts that differ, instead of failing
    #[arg(long, requires = "snapshots", help_heading = "Output")]
    pub(crate) update_snapshots: bool,
}

/// A level, as the command line spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelWord {
    Must,
    Should,
}

impl From<LevelWord> for Level {
    fn from(word: LevelWord) -> Self {
        match word {
            LevelWord::Must => Self::Must,
            LevelWord::Should => Self::Should,
        }
    }
}

/// A kind of report, and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReportFile {
    /// `JUnit` XML.
    Junit(PathBuf),
    /// JSON.
    Json(PathBuf),
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((_, "")) | None => Err("write junit=FILE or json=FILE".to_owned()),
            Some(("junit", file)) => Ok(Self::Junit(file.into())),
            Some(("json", file)) => Ok(Self::Json(file.into())),
            Some((other, _)) => Err(format!(
                "unknown report `{other}`; write junit=FILE or json=FILE"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_kind_and_a_file() {
        assert_eq!("junit=j.xml".parse(), Ok(ReportFile::Junit("j.xml".into())));
        assert_eq!("json=a=b".parse(), Ok(ReportFile::Json("a=b".into())));
        for wrong in ["j.xml", "html=x", "json=", ""] {
            assert!(wrong.parse::<ReportFile>().is_err(), "{wrong}");
        }
    }
}
