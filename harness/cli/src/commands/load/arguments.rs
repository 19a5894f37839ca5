//! The arguments of `proofup load`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use proofup_files::quantity;
use proofup_runner::load::engine::duel::Measure;
use proofup_runner::load::flow::FlowName;
use proofup_runner::load::plan::Overrides;
use proofup_runner::load::threshold::Threshold;
use url::Url;

/// Holds the arguments of `proofup load`.
#[derive(Debug, Clone, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  proofup load                                      sign-ins with a text, 20 a second for 30 s, the built-in reference\n  \
                        proofup load --plan fixtures/load/mix.toml --duration 30s --report json=r.json,hlog=r.hlog\n  \
                        proofup load --flow secondStepText --users 16 --duration 10s     a closed loop\n  \
                        proofup load --rate 500/s --threshold 'secondStepText.p99<50ms' --threshold 'throughput>450'\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup load --url http://10.0.0.7:8080 --shard auto/4 --report json=part.json\n  \
                        proofup load merge part-*.json --report json=whole.json\n\n\
                        Exit codes:\n    0  every answer was right, and every threshold is met\n    1  a wrong answer, no verification at all, or a target that stopped answering\n    \
                        2  usage, plan or target file\n    3  the generator was the bottleneck, or a comparison is inconclusive\n    5  a threshold is broken, or the target is slower\n  130  interrupted"
)]
pub(crate) struct LoadArguments {
    #[command(subcommand)]
    pub(crate) command: Option<LoadCommand>,

    /// The load plan; without one: sign-ins with a text, 20 a second for 30 s
    #[arg(long, value_name = "FILE", help_heading = "Plan")]
    pub(crate) plan: Option<PathBuf>,

    /// One flow alone, whatever the plan mixes
    #[arg(long, value_name = "FLOW", value_parser = flow, help_heading = "Plan")]
    pub(crate) flow: Option<FlowName>,

    /// So many arrivals, whatever the target does: an open loop
    #[arg(long, value_name = "RATE", value_parser = rate, conflicts_with = "users", help_heading = "Plan")]
    pub(crate) rate: Option<f64>,

    /// So many users at once, each beginning when the flow before is done: a closed loop
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Plan")]
    pub(crate) users: Option<u32>,

    /// How long flows begin
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Plan")]
    pub(crate) duration: Option<Duration>,

    /// What is not counted at the beginning
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Plan")]
    pub(crate) warm_up: Option<Duration>,

    /// The seed of people, arrivals and probes
    #[arg(long, value_name = "N", help_heading = "Plan")]
    pub(crate) seed: Option<u64>,

    /// What has to hold, such as 'secondStepText.p99<50ms' or 'throughput>2000'
    #[arg(long, value_name = "CONDITION", value_parser = threshold, help_heading = "Plan")]
    pub(crate) threshold: Vec<Threshold>,

    /// Search the highest rate that meets the thresholds, each rate for as long as the plan lasts
    #[arg(long, conflicts_with_all = ["users", "shard", "vs", "baseline", "save_baseline"], help_heading = "Plan")]
    pub(crate) find_max: bool,

    /// One part of the plan, such as 1/4; auto/4 takes the number from `JOB_COMPLETION_INDEX`
    #[arg(long, value_name = "I/N", help_heading = "Plan")]
    pub(crate) shard: Option<ShardWord>,

    /// The target file of the implementation to load
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub(crate) target: Option<PathBuf>,

    /// Where the implementation is; without --target it speaks the contract as the reference does
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub(crate) url: Option<Url>,

    /// Load the built-in reference without a socket, on the generator's own processor
    #[arg(long, help_heading = "Target", conflicts_with_all = ["target", "url"])]
    pub(crate) in_process: bool,

    /// With --in-process: where messages go
    #[arg(
        long,
        value_enum,
        value_name = "PLACE",
        default_value = "counter",
        requires = "in_process",
        help_heading = "Target"
    )]
    pub(crate) gateways: GatewayPlace,

    /// Plant a fault in the built-in reference; `proofup faults --list` lists them
    #[arg(long, value_name = "NAME", help_heading = "Target", conflicts_with_all = ["target", "url"])]
    pub(crate) fault: Option<String>,

    /// Where the gateways listen for a target on another machine
    #[arg(long, value_name = "ADDRESS", help_heading = "Target")]
    pub(crate) gateway_bind: Option<std::net::IpAddr>,

    /// The host name by which the target reaches the gateways, where that is not the bound address
    #[arg(long, value_name = "HOST", help_heading = "Target")]
    pub(crate) gateway_host: Option<String>,

    /// Play another target in turn, pair by pair: a target file, a URL, or `reference`
    #[arg(long, value_name = "TARGET", conflicts_with_all = ["shard", "baseline", "save_baseline", "report"], help_heading = "Comparing")]
    pub(crate) vs: Option<String>,

    /// Targets that differ by less are the same
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "5%", help_heading = "Comparing")]
    pub(crate) within: f64,

    /// How long pairs may go on
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2m", requires = "vs", help_heading = "Comparing")]
    pub(crate) budget: Duration,

    /// What decides: throughput, p99, or processor time per verification; default: throughput in a closed loop, else p99
    #[arg(
        long,
        value_enum,
        value_name = "FIGURE",
        requires = "vs",
        help_heading = "Comparing"
    )]
    pub(crate) decide_by: Option<DecideBy>,

    /// Keep the result, to hold a later one to it
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "shard",
        help_heading = "Comparing"
    )]
    pub(crate) save_baseline: Option<PathBuf>,

    /// Hold the result to one that was kept
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "shard",
        help_heading = "Comparing"
    )]
    pub(crate) baseline: Option<PathBuf>,

    /// Let the built-in reference work so much longer on each request: for measuring comparisons
    #[arg(long, value_name = "TIME", value_parser = duration, hide = true, conflicts_with_all = ["target", "url"])]
    pub(crate) burden: Option<Duration>,

    /// Write files: json=FILE, hlog=FILE (HdrHistogram log), csv=FILE (over time)
    #[arg(
        long,
        value_name = "KIND=FILE",
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub(crate) report: Vec<LoadFile>,
}

/// Names what else can be done.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum LoadCommand {
    /// Join the reports of shards into that of one run
    Merge(MergeArguments),
}

/// Holds the arguments of `proofup load merge`.
#[derive(Debug, Clone, Args)]
pub(crate) struct MergeArguments {
    /// The JSON reports of all shards of one plan
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// What has to hold for all of them together
    #[arg(long, value_name = "CONDITION", value_parser = threshold)]
    pub(crate) threshold: Vec<Threshold>,

    /// Write the joined report: json=FILE
    #[arg(long, value_name = "KIND=FILE", value_delimiter = ',')]
    pub(crate) report: Vec<LoadFile>,
}

impl LoadArguments {
    /// Says what stands in place of the plan's.
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

/// Names where messages go in process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GatewayPlace {
    /// To the generator, without a socket
    Counter,
    /// To gateways that listen on 127.0.0.1
    Loopback,
}

/// Names what decides a comparison.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum DecideBy {
    /// Correct verifications per second
    Throughput,
    /// The 99th percentile of the latency
    P99,
    /// Processor time of the target per verification
    Cpu,
}

impl From<DecideBy> for Measure {
    fn from(by: DecideBy) -> Self {
        match by {
            DecideBy::Throughput => Self::Throughput,
            DecideBy::P99 => Self::P99,
            DecideBy::Cpu => Self::Cpu,
        }
    }
}

/// Names a file that a load run writes.
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
    /// Names the kind.
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
                "there is no file `{other}`: write json=FILE, hlog=FILE or csv=FILE"
            )),
        }
    }
}

/// Names a part of a plan: its number from 1, or from the surroundings.
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
        let wrong = || "write the part and how many there are, such as 1/4, or auto/4".to_owned();
        let (part, of) = text.split_once('/').ok_or_else(wrong)?;
        let of: u32 = of.parse().map_err(|_| wrong())?;
        let index = match part {
            "auto" => None,
            number => {
                let number: u32 = number.parse().map_err(|_| wrong())?;
                if number == 0 || number > of {
                    return Err(format!("parts are numbered from 1 to {of}"));
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
        format!("no flow is called so; there are {}", known.join(", "))
    })
}

fn rate(text: &str) -> Result<f64, String> {
    match quantity::rate(text) {
        Ok(rate) if rate > 0.0 => Ok(rate),
        Ok(_) => Err("a rate of 0: nobody would ever come".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match quantity::share(text) {
        Ok(share) if share > 0.0 => Ok(share),
        Ok(_) => Err("nothing measured is ever the same within 0 %".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    quantity::duration(text).map_err(|error| error.to_string())
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
