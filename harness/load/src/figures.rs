//! The figures of a run: counts and histograms, by flow and by step. They add up, so that shards can be joined without loss.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use proofup_binding::exchange::Exchange;
use proofup_domain::answer::REFUSED;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flow::FlowName;

/// The unit of all histograms is the nanosecond: from half a microsecond to ten minutes, to three digits.
const LOWEST: u64 = 512;
const HIGHEST: u64 = 600_000_000_000;
const DIGITS: u8 = 3;

/// Makes an empty histogram. All have the same shape from the beginning, so that memory is flat and merging loses nothing.
#[must_use]
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(LOWEST, HIGHEST, DIGITS)
        .expect("these bounds are within the crate's")
}

/// Records a latency; what is beyond the histogram's end counts as its end.
pub(crate) fn record(histogram: &mut Histogram<u64>, nanoseconds: u64) {
    histogram.saturating_record(nanoseconds);
}

/// Counts what came of the arrivals of one flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Counts")]
pub struct FlowCounts {
    /// Arrivals that the plan calls for.
    pub planned: u64,
    /// Arrivals that began.
    pub started: u64,
    /// Flows that came to an end, whichever.
    pub finished: u64,
    /// Flows whose every answer was right: the verifications that count.
    pub correct: u64,
    /// Flows with an answer that the oracle does not admit.
    pub wrong: u64,
    /// Flows that got no answer: the connection failed, or something was missing from an answer.
    pub errors: u64,
    /// Flows that got an answer, or a message, too late to be waited for.
    pub timed_out: u64,
    /// Flows that were refused, and rightly: an expired code, a sending throttled.
    pub refused: u64,
    /// Arrivals that could not start, because no account had rested.
    pub dropped: u64,
    /// Flows that were still under way when the run was over.
    pub unfinished: u64,
    /// Wrong codes that were tried, and rightly refused.
    pub wrong_codes_refused: u64,
    /// Codes that were tried again, and rightly refused.
    pub reused_codes_refused: u64,
}

impl FlowCounts {
    /// Adds the counts of another part.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.planned, other.planned),
            (&mut self.started, other.started),
            (&mut self.finished, other.finished),
            (&mut self.correct, other.correct),
            (&mut self.wrong, other.wrong),
            (&mut self.errors, other.errors),
            (&mut self.timed_out, other.timed_out),
            (&mut self.refused, other.refused),
            (&mut self.dropped, other.dropped),
            (&mut self.unfinished, other.unfinished),
            (&mut self.wrong_codes_refused, other.wrong_codes_refused),
            (&mut self.reused_codes_refused, other.reused_codes_refused),
        ];
        for (mine, theirs) in pairs {
            *mine += theirs;
        }
    }

    /// Counts the flows that failed without a wrong answer.
    #[must_use]
    pub const fn failed(&self) -> u64 {
        self.errors + self.timed_out + self.refused + self.unfinished
    }
}

/// How a flow ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// Every answer was right.
    Correct,
    /// An answer was wrong.
    Wrong,
    /// No answer came.
    Error,
    /// It took too long.
    TimedOut,
    /// It was refused, and rightly.
    Refused,
}

impl End {
    /// Returns the end as people read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Correct => "correct",
            Self::Wrong => "wrong",
            Self::Error => "error",
            Self::TimedOut => "timed out",
            Self::Refused => REFUSED,
        }
    }
}

/// Shows one flow that did not end well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Example {
    /// The flow.
    pub flow: FlowName,
    /// The step at which it ended.
    pub step: String,
    /// How it ended.
    pub end: End,
    /// What was expected, where there was an expectation.
    pub expected: Option<String>,
    /// What came, or why nothing did.
    pub got: String,
    /// The request and what came back, masked.
    pub exchange: Option<Exchange>,
}

/// Bounds the examples that are kept: one for each flow, step and end.
const EXAMPLES: usize = 24;

/// The figures of one flow.
#[derive(Debug, Clone)]
pub struct FlowFigures {
    /// The counts.
    pub counts: FlowCounts,
    /// The time from the intended start to the last right answer.
    pub latency: Histogram<u64>,
    /// The time of each step, in the order of the flow.
    pub steps: Vec<(String, Histogram<u64>)>,
}

impl FlowFigures {
    fn of(flow: FlowName) -> Self {
        let mut steps: Vec<(String, Histogram<u64>)> = Vec::new();
        let script = flow.script();
        let probes = [
            script.wrong.is_some().then_some(WRONG_CODE),
            script.reused.is_some().then_some(REUSED_CODE),
        ];
        for name in script.steps().chain(probes.into_iter().flatten()) {
            if steps.iter().all(|(known, _)| known != name) {
                steps.push((name.to_owned(), histogram()));
            }
        }
        Self {
            counts: FlowCounts::default(),
            latency: histogram(),
            steps,
        }
    }
}

/// The step that tries a wrong code.
pub(crate) const WRONG_CODE: &str = "wrongCode";

/// The step that tries a used code.
pub(crate) const REUSED_CODE: &str = "reusedCode";

/// The figures of a run, or of several that were joined.
#[derive(Debug, Clone)]
pub struct Figures {
    /// By flow, those of the plan's mix.
    pub flows: BTreeMap<FlowName, FlowFigures>,
    /// What began during the warm-up, all flows together; none of it is in `flows`, but for wrong answers.
    pub warm_up: FlowCounts,
    /// How much later than intended flows began: the generator's own lateness.
    pub lateness: Histogram<u64>,
    /// Flows that did not end well.
    pub examples: Vec<Example>,
}

impl Figures {
    /// Makes empty figures for the flows of a mix.
    pub fn of(flows: impl IntoIterator<Item = FlowName>) -> Self {
        Self {
            flows: flows
                .into_iter()
                .map(|flow| (flow, FlowFigures::of(flow)))
                .collect(),
            warm_up: FlowCounts::default(),
            lateness: histogram(),
            examples: Vec::new(),
        }
    }

    /// Returns the counts of all flows together.
    #[must_use]
    pub fn counts(&self) -> FlowCounts {
        let mut all = FlowCounts::default();
        for flow in self.flows.values() {
            all.add(&flow.counts);
        }
        all
    }

    /// Returns the latencies of all flows together.
    #[must_use]
    pub fn latency(&self) -> Histogram<u64> {
        let mut all = histogram();
        for flow in self.flows.values() {
            // All histograms have the same bounds, so adding cannot fail.
            let _ = all.add(&flow.latency);
        }
        all
    }

    /// Keeps an example, unless there is one of its kind.
    pub(crate) fn show(&mut self, example: Example) {
        if self.has_example(example.flow, &example.step, example.end)
            || self.examples.len() >= EXAMPLES
        {
            return;
        }
        self.examples.push(example);
    }

    /// Returns whether there is an example of a kind.
    pub(crate) fn has_example(&self, flow: FlowName, step: &str, end: End) -> bool {
        self.examples
            .iter()
            .any(|known| known.flow == flow && known.step == step && known.end == end)
    }

    /// Adds the figures of another part.
    pub fn add(&mut self, other: &Self) {
        for (flow, theirs) in &other.flows {
            let mine = self
                .flows
                .entry(*flow)
                .or_insert_with(|| FlowFigures::of(*flow));
            mine.counts.add(&theirs.counts);
            let _ = mine.latency.add(&theirs.latency);
            for (name, histogram) in &theirs.steps {
                match mine.steps.iter_mut().find(|(known, _)| known == name) {
                    Some((_, sum)) => {
                        let _ = sum.add(histogram);
                    }
                    None => mine.steps.push((name.clone(), histogram.clone())),
                }
            }
        }
        self.warm_up.add(&other.warm_up);
        let _ = self.lateness.add(&other.lateness);
        for example in &other.examples {
            self.show(example.clone());
        }
    }
}
