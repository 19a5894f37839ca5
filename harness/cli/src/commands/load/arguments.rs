//! The arguments of `proofup load`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use proofup_files::{nearest, quantity};
use proofup_load::engine::paired::ComparedFigure;
use proofup_load::flow::FlowName;
use proofup_load::plan::Overrides;
use proofup_load::threshold::Threshold;
use url::Url;

use crate::resolve::TransportKind;
use crate::values::{duration, duration_or_zero, number};

/// The arguments of `proofup load`.
#[derive(Debug, Clone, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  proofup load                                      the built-in reference, 20 sign-ins/s for 30 s\n  \
                        proofup load --plan fixtures/load/mix.toml --duration 30s --report json=r.json,hlog=r.hlog\n  \
                        proofup load --flow secondStepText --users 16 --duration 10s     a closed loop\n  \
                        proofup load --rate 500/s --threshold 'secondStepText.p99<50ms' --threshold 'throughput>450'\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup load --url http://10.0.0.7:8080 --shard 1/4 --report json=part-1.json\n  \
                        proofup load merge part-*.json --report json=whole.json\n\n\
                        Exit codes:\n    0  every answer was right, and every threshold is met\n    1  a wrong answer, no correct verification at all, or a target that stopped answering\n    \
                        2  wrong usage, an error in the plan or target file, or an unreachable target\n    3  no result: this machine was the bottleneck, or the comparison is inconclusive\n    5  a threshold is broken, or the target is slower than the other one or its baseline\n  130  interrupted"
)]
pub(crate) struct LoadArguments {
    #[command(subcommand)]
    pub(crate) command: Option<LoadCommand>,

    /// The load plan [default: sign-ins with a text message as second step, 20/s for 30 s]
    #[arg(long, value_name = "FILE", help_heading = "Plan")]
    pub(crate) plan: Option<PathBuf>,

    /// Run only this flow, instead of the plan's mix
    #[arg(long, value_name = "FLOW", value_parser = flow, help_heading = "Plan")]
    pub(crate) flow: Option<FlowName>,

    /// Arrival rate of an open loop, such as 200/s
    #[arg(long, value_name = "RATE", value_parser = rate, conflicts_with = "users", help_heading = "Plan")]
    pub(crate) rate: Option<f64>,

    /// Number of users in a closed loop: each starts its next flow when the last one has ended
    #[arg(long, value_name = "N", value_parser = number(1, u32::MAX), help_heading = "Plan")]
    pub(crate) users: Option<u32>,

    /// How long to start new flows, such as 30s or 5m
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Plan")]
    pub(crate) duration: Option<Duration>,

    /// Exclude this initial period from the results
    #[arg(long, value_name = "DURATION", value_parser = duration_or_zero, help_heading = "Plan")]
    pub(crate) warm_up: Option<Duration>,

    /// The seed of people, arrivals and probes [default: the plan's, else 1]
    #[arg(long, value_name = "N", value_parser = number(0, u64::MAX), help_heading = "Plan")]
    pub(crate) seed: Option<u64>,

    /// A condition that must hold, such as 'secondStepText.p99<50ms' or 'throughput>2000'; repeatable
    #[arg(long, value_name = "CONDITION", value_parser = threshold, help_heading = "Plan")]
    pub(crate) threshold: Vec<Threshold>,

    /// Search for the highest rate that meets the thresholds; each attempt takes as long as the plan
    #[arg(long, conflicts_with_all = ["users", "shard", "vs", "baseline", "save_baseline"], help_heading = "Plan")]
    pub(crate) find_max: bool,

    /// Run one part of the plan, such as 1/4; with auto/4, `JOB_COMPLETION_INDEX` (from 0) selects it
    #[arg(long, value_name = "I/N", help_heading = "Plan")]
    pub(crate) shard: Option<ShardWord>,

    /// The target file of the server to load
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub(crate) target: Option<PathBuf>,

    /// The address of the server; without --target it must implement the built-in contract
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub(crate) url: Option<Url>,

    /// How to call the built-in reference: over HTTP in a process of its own, or in this process without a socket
    /// [default: loopback]
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Target", conflicts_with_all = ["target", "url"])]
    pub(crate) transport: Option<TransportKind>,

    /// How messages arrive (only with --transport in-process) [default: in-process]
    #[arg(long, value_enum, value_name = "PLACE", help_heading = "Target")]
    pub(crate) gateways: Option<GatewayPlace>,

    /// Plant a fault in the built-in reference; `proofup faults --list` lists them
    #[arg(long, value_name = "NAME", help_heading = "Target", conflicts_with_all = ["target", "url"])]
    pub(crate) fault: Option<String>,

    /// The address on which the gateways listen, if the target is on another machine
    #[arg(long, value_name = "ADDRESS", help_heading = "Target")]
    pub(crate) gateway_bind: Option<std::net::IpAddr>,

    /// The host name under which the target reaches the gateways, if it is not that address
    #[arg(long, value_name = "HOST", help_heading = "Target")]
    pub(crate) gateway_host: Option<String>,

    /// Compare with another target in alternating rounds: a target file, a URL, or `reference`
    #[arg(long, value_name = "TARGET", conflicts_with_all = ["shard", "baseline", "save_baseline", "report"], help_heading = "Comparing")]
    pub(crate) vs: Option<String>,

    /// Treat differences below this as equal
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "5%", help_heading = "Comparing")]
    pub(crate) within: f64,

    /// Stop the comparison after this time, such as 90s or 5m
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2m", requires = "vs", help_heading = "Comparing")]
    pub(crate) deadline: Duration,

    /// The figure to compare by [default: throughput in a closed loop, else p99]
    #[arg(
        long,
        value_enum,
        value_name = "FIGURE",
        requires = "vs",
        help_heading = "Comparing"
    )]
    pub(crate) decide_by: Option<DecideBy>,

    /// Save the result as a baseline
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "shard",
        help_heading = "Comparing"
    )]
    pub(crate) save_baseline: Option<PathBuf>,

    /// Compare the result with a saved baseline
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "shard",
        help_heading = "Comparing"
    )]
    pub(crate) baseline: Option<PathBuf>,

    /// Let the built-in reference work this much longer on each request: for measuring comparisons
    #[arg(long, value_name = "DURATION", value_parser = duration, hide = true, conflicts_with_all = ["target", "url"])]
    pub(crate) burden: Option<Duration>,

    /// Write reports: json=FILE, hlog=FILE (HdrHistogram log), csv=FILE (time series)
    #[arg(
        long,
        value_name = "KIND=FILE",
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub(crate) report: Vec<LoadFile>,
}

/// A subcommand of `proofup load`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum LoadCommand {
    /// Merge the reports of all shards into one
    Merge(MergeArguments),
}

/// The arguments of `proofup load merge`.
#[derive(Debug, Clone, Args)]
pub(crate) struct MergeArguments {
    /// The JSON reports of all shards of one plan
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// A condition that must hold for all shards together; repeatable
    #[arg(long, value_name = "CONDITION", value_parser = threshold)]
    pub(crate) threshold: Vec<Threshold>,

    /// Write the merged report: json=FILE
    #[arg(long, value_name = "KIND=FILE", value_delimiter = ',')]
    pub(crate) report: Vec<LoadFile>,
}

impl LoadArguments {
    /// Returns what the command line sets in place of the plan's values.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            rate: self.rate,
            users: self.users,
            duration: self.duration,
            warm_up: self.warm_up,
            flow: self.flow,
            seed: self.seed,
            thresholds: self.threshold.clone(),
        }
    }
}

/// How messages reach the generator when the reference runs in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GatewayPlace {
    /// Directly, without a socket
    InProcess,
    /// Over HTTP and SMTP on 127.0.0.1
    Loopback,
}

/// The figure that decides a comparison.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum DecideBy {
    /// Correct verifications per second
    Throughput,
    /// The 99th percentile of the latency
    P99,
    /// The target's processor time per verification
    Cpu,
}

impl From<DecideBy> for ComparedFigure {
    fn from(by: DecideBy) -> Self {
        match by {
            DecideBy::Throughput => Self::Throughput,
            DecideBy::P99 => Self::P99,
            DecideBy::Cpu => Self::Cpu,
        }
    }
}

/// A file that a load run writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoadFile {
    /// The report.
    Json(PathBuf),
    /// The HdrHistogram log.
    Hlog(PathBuf),
    /// The CSV over time.
    Csv(PathBuf),
}

impl LoadFile {
    /// Returns the kind, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Json(_) => "report",
            Self::Hlog(_) => "HdrHistogram log",
            Self::Csv(_) => "CSV",
        }
    }
}

impl FromStr for LoadFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((_, "")) | None => Err("write json=FILE, hlog=FILE or csv=FILE".to_owned()),
            Some(("json", file)) => Ok(Self::Json(file.into())),
            Some(("hlog", file)) => Ok(Self::Hlog(file.into())),
            Some(("csv", file)) => Ok(Self::Csv(file.into())),
            Some((other, _)) => Err(format!(
                "unknown report `{other}`; write json=FILE, hlog=FILE or csv=FILE"
            )),
        }
    }
}

/// A part of a plan: its number, or the number that the environment gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShardWord {
    /// From 0; none: `JOB_COMPLETION_INDEX` says it.
    pub(crate) index: Option<u32>,
    /// How many parts.
    pub(crate) of: u32,
}

impl FromStr for ShardWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a part and the number of parts, such as 1/4 or auto/4".to_owned();
        let (part, of) = text.split_once('/').ok_or_else(wrong)?;
        let of: u32 = of.parse().map_err(|_| wrong())?;
        let index = match part {
            "auto" => None,
            number => {
                let number: u32 = number.parse().map_err(|_| wrong())?;
                if number == 0 || number > of {
                    return Err(format!("write a part from 1 to {of}"));
                }
                Some(number - 1)
            }
        };
        if of == 0 {
            return Err(wrong());
        }
        Ok(Self { index, of })
    }
}

fn flow(text: &str) -> Result<FlowName, String> {
    FlowName::from_word(text).ok_or_else(|| {
        let known: Vec<&str> = FlowName::ALL.iter().map(|flow| flow.as_str()).collect();
        let near = nearest(text, known.iter().copied())
            .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        format!("unknown flow; {near}the flows are {}", known.join(", "))
    })
}

fn rate(text: &str) -> Result<f64, String> {
    match quantity::rate(text) {
        Ok(rate) if rate > 0.0 => Ok(rate),
        Ok(_) => Err("write a rate above 0".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match quantity::share(text) {
        Ok(share) if share > 0.0 => Ok(share),
        Ok(_) => Err(
            "write a share above 0 %, because two measurements are never exactly equal".to_owned(),
        ),
        Err(error) => Err(error.to_string()),
    }
}

fn threshold(text: &str) -> Result<Threshold, String> {
    Threshold::parse(text).map_err(|error| format!("{error}; {}", error.help()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_by_this_table() {
        let word = |index, of| Ok(ShardWord { index, of });
        for (text, expected) in [("1/4", word(Some(0), 4)), ("auto/3", word(None, 3))] {
            assert_eq!(text.parse::<ShardWord>(), expected, "{text}");
        }
        for text in ["0/4", "5/4", "1", "a/b", "auto/0", "1/0"] {
            assert!(text.parse::<ShardWord>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_is_a_kind_and_a_name() {
        assert_eq!("hlog=a.hlog".parse(), Ok(LoadFile::Hlog("a.hlog".into())));
        for wrong in ["a.json", "json=", "xml=a"] {
            assert!(wrong.parse::<LoadFile>().is_err(), "{wrong}");
        }
    }
}
