//! The arguments of `proofup run`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use proofup_domain::edition::Edition;
use proofup_domain::requirement::Level;
use url::Url;

use crate::aim::TransportKind;

/// Holds the arguments of `proofup run`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup run                                       the built-in reference, every scenario\n  \
                        proofup run --requirement DEF-4 --requirement 'TEXT-*'\n  \
                        proofup run scenarios/deferral --seed 7 --report junit=j.xml,json=r.json\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup run --url http://127.0.0.1:8080\n  \
                        proofup run --target products/mine.toml --exemptions products/mine.exemptions.toml\n  \
                        proofup run --target reference --target products/mine.toml   both, and where they part"
)]
pub(crate) struct RunArguments {
    /// Scenario files, folders or patterns; none: the built-in suite
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// The target file of the implementation to judge, or `reference` for the built-in one; given twice, both are
    /// judged and compared
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub(crate) target: Vec<PathBuf>,

    /// Where the implementation is; without --target it speaks the contract as the reference does; given twice, once for
    /// each of two that are compared
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub(crate) url: Vec<Url>,

    /// How requests reach the built-in reference: HTTP over loopback (the default), or without a socket
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Target")]
    pub(crate) transport: Option<TransportKind>,

    /// Plant a fault in the built-in reference (of two, in the last), to see how proofup finds it; `proofup faults --list`
    /// lists them
    #[arg(long, value_name = "NAME", help_heading = "Target")]
    pub(crate) fault: Option<String>,

    /// Only these requirements: an id, a check's slug, or a pattern such as 'DEF-*'
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub(crate) requirement: Vec<String>,

    /// Only these areas: DEF, or "Deferral window"
    #[arg(
        long,
        value_name = "AREA",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub(crate) area: Vec<String>,

    /// Only these editions: 2018-07-25, 2018-07-30, 2019-02-13
    #[arg(
        long,
        value_name = "EDITION",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    pub(crate) edition: Vec<Edition>,

    /// Also matrix, explore, race and measure, with fixed budgets: then nothing is set aside
    #[arg(long, help_heading = "Selection",
          conflicts_with_all = ["paths", "requirement", "area", "edition", "max_failures"])]
    pub(crate) full: bool,

    /// Read the scenarios below this folder instead of the built-in ones
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "paths",
        help_heading = "Selection"
    )]
    pub(crate) suite: Option<PathBuf>,

    /// What counts: with must, a missed should is a warning
    #[arg(long, value_enum, default_value_t = LevelWord::Should, value_name = "LEVEL", help_heading = "Judging")]
    pub(crate) level: LevelWord,

    /// Known failures of this target, each with its reason
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    pub(crate) exemptions: Option<PathBuf>,

    /// Cases side by side; default: four for each processor
    #[arg(long, value_name = "N", value_parser = at_least_one, help_heading = "Running")]
    pub(crate) jobs: Option<usize>,

    /// The seed of everything random
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Running")]
    pub(crate) seed: u64,

    /// Stop after this many failed checks; what was not reached makes the run incomplete
    #[arg(long, value_name = "N", value_parser = at_least_one, help_heading = "Running")]
    pub(crate) max_failures: Option<usize>,

    /// Stop after this long, such as 90s or 5m; what was not reached makes the run incomplete
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Running")]
    pub(crate) deadline: Option<Duration>,

    /// Show every exchange, with secrets masked
    #[arg(long, help_heading = "Output")]
    pub(crate) trace: bool,

    /// Write report.json, junit.xml and a transcript of each case below this folder
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

    /// Compare the transcript of each case with the one in this folder; write those that are not there
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) snapshots: Option<PathBuf>,

    /// Write the transcripts that differ instead of failing
    #[arg(long, requires = "snapshots", help_heading = "Output")]
    pub(crate) update_snapshots: bool,
}

/// Names a level on the command line.
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

/// Names a report and where it goes.
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
                "there is no report `{other}`: write junit=FILE or json=FILE"
            )),
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("write a number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let read = text
        .parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok());
    read.filter(|duration| !duration.is_zero())
        .ok_or_else(|| "write a duration such as 90s or 5m".to_owned())
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

    #[test]
    fn a_deadline_is_a_duration_above_zero() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        for wrong in ["0s", "-1s", "soon", "90"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
