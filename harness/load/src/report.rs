//! The report of a run: what others read, what a later run is compared with, and what shards are joined from.
//!
//! Histograms travel whole, in the compressed form of HdrHistogram and base64, so that joining loses nothing and no average is
//! ever taken of quantiles.

mod latency;

use std::collections::BTreeMap;

use proofup_judge::report::words::counted;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::engine::LoadOutput;
use super::figures::{Figures, FlowCounts};
use super::flow::FlowName;
use super::plan::{Arrivals, Connections, LoadPlan, Spacing, Stop};
use super::schedule::Shard;
use super::threshold::{Metric, Threshold};
use super::timeline::Point;
pub use latency::{HistogramError, Latency};

/// The version of the report's form.
pub const VERSION: u32 = 1;

/// What a load run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Report")]
pub struct LoadReport {
    /// The version of this form.
    pub version: u32,
    /// The version of proofup.
    pub proofup: String,
    /// What was planned.
    pub plan: PlanTold,
    /// What was loaded.
    pub target: TargetTold,
    /// The machine of the generator.
    pub machine: MachineTold,
    /// When the first arrival was due (RFC 3339).
    pub started: String,
    /// Which shards are in it.
    pub shards: Vec<ShardTold>,
    /// Seconds that were measured, the warm-up left out.
    pub measured_seconds: f64,
    /// Correct verifications per second, over all flows.
    pub throughput: f64,
    /// The arrivals of all flows together.
    pub arrivals: FlowCounts,
    /// What began during the warm-up, and is not counted elsewhere.
    pub warm_up: FlowCounts,
    /// The latency of all flows together, from the intended start.
    pub latency: Latency,
    /// The flows.
    pub flows: BTreeMap<FlowName, FlowTold>,
    /// The generator itself.
    pub generator: GeneratorTold,
    /// Processor time of the target over the measured time, in seconds, where it is a process of ours.
    pub target_cpu_seconds: Option<f64>,
    /// What happened when, the warm-up included.
    pub timeline: Vec<Point>,
    /// The thresholds and what they were held to.
    pub thresholds: Vec<ThresholdTold>,
    /// The verdict.
    pub verdict: LoadVerdict,
    /// Why it is not `passed`, in words.
    pub reasons: Vec<String>,
    /// One flow for each way in which flows did not end well, with its exchange, masked.
    pub examples: Vec<Json>,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Verdict")]
pub enum LoadVerdict {
    /// Every answer was right and every threshold is met.
    Passed,
    /// An answer was wrong, nothing was verified, or the target stopped answering.
    Nonconforming,
    /// The generator could not keep up, so the figures are its own and not the target's.
    GeneratorLimited,
    /// A threshold is broken.
    ThresholdBroken,
    /// Somebody ended the run.
    Interrupted,
}

impl LoadVerdict {
    /// Returns the exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Nonconforming => 1,
            Self::GeneratorLimited => 3,
            Self::ThresholdBroken => 5,
            Self::Interrupted => 130,
        }
    }
}

/// What was planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanTold {
    /// Its title.
    pub title: String,
    /// The fingerprint of the plan's content, whatever its title and thresholds.
    pub fingerprint: String,
    /// The seed.
    pub seed: u64,
    /// `open` or `closed`.
    #[serde(rename = "loop")]
    pub kind: String,
    /// Arrivals per second before the ramp, in an open loop.
    pub rate: Option<f64>,
    /// How they are spaced, in an open loop.
    pub spacing: Option<Spacing>,
    /// Users at once, in a closed loop.
    pub users: Option<u32>,
    /// Seconds in which flows begin, where the plan ends by time.
    pub seconds: Option<f64>,
    /// Flows after which it ends, where it ends by number.
    pub flows: Option<u64>,
    /// Seconds of warm-up.
    pub warm_up_seconds: f64,
    /// The weights.
    pub mix: BTreeMap<FlowName, u32>,
    /// Whether connections were kept alive.
    pub connections: Connections,
    /// Seconds that passed for the tenants in one.
    pub pace: u32,
    /// The share of flows that tried a wrong code, and the share that tried a code again.
    pub probes: [f64; 2],
    /// Milliseconds that one answer or message could take.
    pub timeout_ms: u64,
}

/// What was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetTold {
    /// The name in the target file.
    pub name: String,
    /// The address; none in process.
    pub url: Option<String>,
    /// How requests reached it: `http`, `child` or `inProcess`.
    pub transport: String,
}

/// The machine on which the generator ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MachineTold {
    /// Operating system and processor kind.
    pub platform: String,
    /// Processors.
    pub processors: usize,
    /// The name of the processor, where the system tells.
    pub model: Option<String>,
}

/// A shard.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct ShardTold {
    /// Which, from 0.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

/// The figures of one flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowTold {
    /// The counts.
    pub counts: FlowCounts,
    /// Correct verifications per second.
    pub throughput: f64,
    /// The latency from the intended start to the last right answer.
    pub latency: Latency,
    /// The steps, in the order of the flow.
    pub steps: Vec<StepTold>,
}

/// The figures of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepTold {
    /// The step.
    pub name: String,
    /// How long it took.
    pub latency: Latency,
}

/// How the generator fared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GeneratorTold {
    /// Processor seconds over the measured time.
    pub cpu_seconds: Option<f64>,
    /// How much of the measured time its thread was on a processor, from 0 to 1; of several shards the busiest.
    pub busy: Option<f64>,
    /// How much later than intended flows began.
    pub lateness: Latency,
    /// The accounts that were prepared.
    pub accounts: usize,
    /// Accounts that could not be put back as they were, and were not used again.
    pub retired: u64,
    /// Times that a user of a closed loop waited for an account to rest.
    pub starved: u64,
    /// Messages that were for nobody.
    pub strays: u64,
    /// Why the generator was the bottleneck; none: it was not.
    pub bottleneck: Option<String>,
}

/// A threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThresholdTold {
    /// As it was written.
    pub text: String,
    /// The figure: milliseconds, verifications per second, or a share of one; none: nothing was measured.
    pub figure: Option<f64>,
    /// Whether it is met. What was not measured is not met.
    pub holds: bool,
}

/// What surrounds a run and is not part of its output.
#[derive(Debug, Clone)]
pub struct Testbed {
    /// The target.
    pub target: TargetTold,
    /// The machine.
    pub machine: MachineTold,
}

/// The reason that a target which stopped answering is given.
const TARGET_GONE: &str = "the target stopped answering";

/// What [`TargetTold::transport`] says of a target in this process.
pub const IN_PROCESS: &str = "in-process";

/// The generator is the bottleneck above this share of a processor.
const BUSY: f64 = 0.95;

/// How late, as a share of the median latency: where flows take long, a late start matters less.
const LATE_SHARE: f64 = 0.5;

impl LoadReport {
    /// Returns an output.
    #[must_use]
    pub fn of(plan: &LoadPlan, shard: Shard, testbed: &Testbed, output: &LoadOutput) -> Self {
        let seconds = output.measured.as_secs_f64();
        let examples = output.figures.examples.iter();
        let mut report = Self::of_figures(&output.figures, seconds);
        report.plan = PlanTold::of(plan);
        report.target = testbed.target.clone();
        report.machine = testbed.machine.clone();
        report.started = output.begun.to_string();
        report.shards = vec![ShardTold {
            index: shard.index,
            of: shard.of,
        }];
        report.generator = GeneratorTold {
            cpu_seconds: output.generator_time.map(|time| time.as_secs_f64()),
            busy: output.generator_busy,
            lateness: Latency::of(&output.figures.lateness),
            accounts: output.accounts,
            retired: output.retired,
            starved: output.starved,
            strays: output.strays,
            bottleneck: None,
        };
        report.target_cpu_seconds = output.target_time.map(|time| time.as_secs_f64());
        report.timeline = output.timeline.points().to_vec();
        report.examples = examples
            .filter_map(|example| serde_json::to_value(example).ok())
            .collect();
        report.generator.bottleneck = report.bottleneck(plan.lateness.as_secs_f64() * 1e3);
        report.judge(
            &plan.thresholds,
            &output.figures,
            output.target_gone,
            output.interrupted,
        );
        report
    }

    /// Makes the report of figures, with everything around them left empty.
    pub(super) fn of_figures(figures: &Figures, seconds: f64) -> Self {
        let per_second = |count: u64| {
            if seconds > 0.0 {
                count as f64 / seconds
            } else {
                0.0
            }
        };
        let arrivals = figures.counts();
        let flows = figures.flows.iter().map(|(flow, figures)| {
            let steps = figures.steps.iter().map(|(name, histogram)| StepTold {
                name: name.clone(),
                latency: Latency::of(histogram),
            });
            let told = FlowTold {
                counts: figures.counts,
                throughput: per_second(figures.counts.correct),
                latency: Latency::of(&figures.latency),
                steps: steps.collect(),
            };
            (*flow, told)
        });
        Self {
            version: VERSION,
            proofup: env!("CARGO_PKG_VERSION").to_owned(),
            plan: PlanTold::nothing(),
            target: TargetTold {
                name: String::new(),
                url: None,
                transport: String::new(),
            },
            machine: MachineTold {
                platform: String::new(),
                processors: 0,
                model: None,
            },
            started: String::new(),
            shards: Vec::new(),
            measured_seconds: seconds,
            throughput: per_second(arrivals.correct),
            arrivals,
            warm_up: figures.warm_up,
            latency: Latency::of(&figures.latency()),
            flows: flows.collect(),
            generator: GeneratorTold {
                cpu_seconds: None,
                busy: None,
                lateness: Latency::of(&figures.lateness),
                accounts: 0,
                retired: 0,
                starved: 0,
                strays: 0,
                bottleneck: None,
            },
            target_cpu_seconds: None,
            timeline: Vec::new(),
            thresholds: Vec::new(),
            verdict: LoadVerdict::Passed,
            reasons: Vec::new(),
            examples: Vec::new(),
        }
    }

    /// Reads the figures back.
    ///
    /// # Errors
    /// If a histogram cannot be read.
    pub fn figures(&self) -> Result<Figures, HistogramError> {
        let mut figures = Figures::of(self.flows.keys().copied());
        for (flow, told) in &self.flows {
            let Some(mine) = figures.flows.get_mut(flow) else {
                continue;
            };
            mine.counts = told.counts;
            mine.latency = told.latency.read()?;
            mine.steps = Vec::new();
            for step in &told.steps {
                mine.steps.push((step.name.clone(), step.latency.read()?));
            }
        }
        figures.warm_up = self.warm_up;
        figures.lateness = self.generator.lateness.read()?;
        Ok(figures)
    }

    /// Returns the verdict, worst first: wrong answers, the generator, the thresholds.
    pub(super) fn judge(
        &mut self,
        thresholds: &[Threshold],
        figures: &Figures,
        target_gone: bool,
        interrupted: bool,
    ) {
        self.thresholds = thresholds
            .iter()
            .map(|threshold| self.hold(threshold, figures))
            .collect();
        let mut reasons = Vec::new();
        let mut all = self.arrivals;
        all.add(&self.warm_up);
        if all.wrong > 0 {
            reasons.push(format!("{} got a wrong answer", counted(all.wrong, "flow")));
        }
        if target_gone {
            reasons.push(TARGET_GONE.to_owned());
        }
        if all.correct == 0 && !interrupted {
            reasons.push("no verification was right".to_owned());
        }
        let nonconforming = !reasons.is_empty();
        reasons.extend(self.generator.bottleneck.clone());
        let broken = self.thresholds.iter().filter(|one| !one.holds);
        reasons.extend(broken.map(|one| format!("threshold broken: {}", one.text)));
        self.verdict = if interrupted {
            LoadVerdict::Interrupted
        } else if nonconforming {
            LoadVerdict::Nonconforming
        } else if self.generator.bottleneck.is_some() {
            LoadVerdict::GeneratorLimited
        } else if self.thresholds.iter().any(|one| !one.holds) {
            LoadVerdict::ThresholdBroken
        } else {
            LoadVerdict::Passed
        };
        self.reasons = reasons;
    }

    /// Returns whether the run was ended because the target stopped answering.
    pub(super) fn target_gone(&self) -> bool {
        self.reasons.iter().any(|reason| reason == TARGET_GONE)
    }

    /// Returns whether an answer was wrong, in the warm-up or after it.
    pub(super) const fn is_wrong(&self) -> bool {
        self.arrivals.wrong + self.warm_up.wrong > 0
    }

    /// Returns whether somebody ended the run.
    pub(super) fn interrupted(&self) -> bool {
        self.verdict == LoadVerdict::Interrupted
    }

    /// Returns why the generator was the bottleneck, if it was.
    ///
    /// In process the target works on the generator's thread, so how busy that is says nothing.
    fn bottleneck(&self, late_ms: f64) -> Option<String> {
        let busy = self.generator.busy.filter(|busy| *busy >= BUSY);
        if let Some(busy) = busy.filter(|_| self.target.transport != IN_PROCESS) {
            return Some(format!(
                "this machine was the bottleneck (the generator was busy {:.0} % of the time); use more shards or a lower rate",
                busy * 100.0
            ));
        }
        let late = self.generator.lateness.p99_ms?;
        let allowed = self
            .latency
            .p50_ms
            .map_or(late_ms, |p50| (p50 * LATE_SHARE).max(late_ms));
        (late > allowed).then(|| {
            format!(
                "this machine started flows late (p99 {late:.0} ms; at most {allowed:.0} ms are allowed, see `lateness` in plans), \
                 because other processes kept it busy; use more shards, a lower rate, or a quieter machine"
            )
        })
    }

    fn hold(&self, threshold: &Threshold, figures: &Figures) -> ThresholdTold {
        let figure = figure(threshold, figures, self.measured_seconds);
        let shown = figure.map(|figure| {
            if threshold.metric.is_latency() {
                figure / 1e6
            } else {
                figure
            }
        });
        ThresholdTold {
            text: threshold.text.clone(),
            figure: shown,
            holds: figure.is_some_and(|figure| threshold.holds(figure)),
        }
    }
}

/// Works out the figure of a threshold; none: nothing of the kind was measured.
fn figure(threshold: &Threshold, figures: &Figures, seconds: f64) -> Option<f64> {
    let all = figures.latency();
    let flow = match threshold.flow {
        Some(flow) => Some(figures.flows.get(&flow)?),
        None => None,
    };
    let counts = flow.map_or_else(|| figures.counts(), |flow| flow.counts);
    let histogram = match (&threshold.step, flow) {
        (Some(step), Some(flow)) => &flow.steps.iter().find(|(name, _)| name == step)?.1,
        (Some(_), None) => return None,
        (None, Some(flow)) => &flow.latency,
        (None, None) => &all,
    };
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let measured = !histogram.is_empty();
    match threshold.metric {
        Metric::Quantile(hundredths) => {
            measured.then(|| histogram.value_at_quantile(f64::from(hundredths) / 10_000.0) as f64)
        }
        Metric::Mean => measured.then(|| histogram.mean()),
        Metric::Max => measured.then(|| histogram.max() as f64),
        Metric::Throughput => (seconds > 0.0).then(|| counts.correct as f64 / seconds),
        Metric::Wrong => share(counts.wrong, counts.finished),
        Metric::Errors => share(counts.failed(), counts.finished + counts.unfinished),
        Metric::Dropped => share(counts.dropped, counts.planned),
    }
}

impl PlanTold {
    /// Returns a plan.
    #[must_use]
    pub fn of(plan: &LoadPlan) -> Self {
        let (kind, rate, spacing, users) = match plan.arrivals {
            Arrivals::Open { rate, spacing } => ("open", Some(rate), Some(spacing), None),
            Arrivals::Closed { users } => ("closed", None, None, Some(users)),
        };
        let (seconds, flows) = match plan.stop {
            Stop::After(after) => (Some(after.as_secs_f64()), None),
            Stop::Flows(flows) => (None, Some(flows)),
        };
        Self {
            title: plan.title.clone(),
            fingerprint: plan.fingerprint(),
            seed: plan.seed,
            kind: kind.to_owned(),
            rate,
            spacing,
            users,
            seconds,
            flows,
            warm_up_seconds: plan.warm_up.as_secs_f64(),
            mix: plan.mix.clone(),
            connections: plan.connections,
            pace: plan.pace,
            probes: [plan.wrong_code, plan.reused_code],
            timeout_ms: u64::try_from(plan.timeout.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn nothing() -> Self {
        Self {
            title: String::new(),
            fingerprint: String::new(),
            seed: 0,
            kind: String::new(),
            rate: None,
            spacing: None,
            users: None,
            seconds: None,
            flows: None,
            warm_up_seconds: 0.0,
            mix: BTreeMap::new(),
            connections: Connections::default(),
            pace: 1,
            probes: [0.0; 2],
            timeout_ms: 0,
        }
    }
}

/// Returns the JSON Schema of the report.
#[must_use]
pub fn json_schema() -> Json {
    schemars::schema_for!(LoadReport).to_value()
}
