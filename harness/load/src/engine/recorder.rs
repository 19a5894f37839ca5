//! Takes down what happens while it happens: the figures so far, and what is new since the last interval.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::figures::{End, Example, Figures, FlowCounts, histogram, record};
use crate::flow::FlowName;
use crate::plan::LoadPlan;
use crate::timeline::{Point, Timeline};

/// What was taken down.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) figures: Figures,
    pub(crate) timeline: Timeline,
    /// New latencies by flow, since the last interval.
    pub(crate) fresh: BTreeMap<FlowName, Histogram<u64>>,
    /// Everything counted, the warm-up included; and what of it was there at the last interval.
    all: FlowCounts,
    before: FlowCounts,
    pub(crate) under_way: u64,
    warm_up: Duration,
    /// Failures without an answer in a row, and since when.
    pub(crate) silence: Option<(u32, Duration)>,
}

/// One flow that came to an end.
#[derive(Debug)]
pub(crate) struct EndedFlow {
    pub(crate) flow: FlowName,
    /// When it should have begun, after the beginning of the run.
    pub(crate) intended: Duration,
    /// When its last answer was there, without what its probes took.
    pub(crate) at: Duration,
    pub(crate) end: End,
    /// The time of each step.
    pub(crate) steps: Vec<(&'static str, u64)>,
    pub(crate) wrong_code_refused: bool,
    pub(crate) reused_code_refused: bool,
    /// Nobody answered at all.
    pub(crate) silent: bool,
}

impl Recorder {
    pub(crate) fn new(plan: &LoadPlan) -> Self {
        let flows = plan.mix.keys().copied();
        Self {
            figures: Figures::of(flows.clone()),
            timeline: Timeline::default(),
            fresh: flows.map(|flow| (flow, histogram())).collect(),
            all: FlowCounts::default(),
            before: FlowCounts::default(),
            under_way: 0,
            warm_up: plan.warm_up,
            silence: None,
        }
    }

    /// Counts an arrival that the plan calls for.
    pub(crate) fn planned(&mut self, flow: FlowName, intended: Duration) {
        self.count(flow, intended, |counts| counts.planned += 1);
    }

    /// Counts an arrival that begins.
    pub(crate) fn started(&mut self, flow: FlowName, intended: Duration, now: Duration) {
        self.count(flow, intended, |counts| counts.started += 1);
        self.under_way += 1;
        if intended >= self.warm_up {
            let late = now.saturating_sub(intended);
            record(&mut self.figures.lateness, nanoseconds(late));
        }
    }

    /// Counts an arrival that cannot begin.
    pub(crate) fn dropped(&mut self, flow: FlowName, intended: Duration) {
        self.count(flow, intended, |counts| counts.dropped += 1);
    }

    /// Counts a flow that is given up because the run is over.
    pub(crate) fn unfinished(&mut self, flow: FlowName, intended: Duration) {
        self.under_way = self.under_way.saturating_sub(1);
        self.count(flow, intended, |counts| counts.unfinished += 1);
    }

    /// Takes down a flow that came to an end.
    pub(crate) fn ended(&mut self, ended: &EndedFlow) {
        self.under_way = self.under_way.saturating_sub(1);
        self.silence = match (ended.silent, self.silence) {
            (false, _) => None,
            (true, None) => Some((1, ended.at)),
            (true, Some((count, since))) => Some((count.saturating_add(1), since)),
        };
        self.count(ended.flow, ended.intended, |counts| {
            counts.finished += 1;
            match ended.end {
                End::Correct => counts.correct += 1,
                End::Wrong => counts.wrong += 1,
                End::Error => counts.errors += 1,
                End::TimedOut => counts.timed_out += 1,
                End::Refused => counts.refused += 1,
            }
            counts.wrong_codes_refused += u64::from(ended.wrong_code_refused);
            counts.reused_codes_refused += u64::from(ended.reused_code_refused);
        });
        if ended.intended < self.warm_up {
            return;
        }
        let Some(figures) = self.figures.flows.get_mut(&ended.flow) else {
            return;
        };
        for (name, time) in &ended.steps {
            if let Some((_, histogram)) = figures.steps.iter_mut().find(|(known, _)| known == name)
            {
                record(histogram, *time);
            }
        }
        // What failed has no latency of a verification, but what was waited for in vain must not look fast.
        if matches!(ended.end, End::Correct | End::TimedOut) {
            let latency = nanoseconds(ended.at.saturating_sub(ended.intended));
            record(&mut figures.latency, latency);
            if let Some(fresh) = self.fresh.get_mut(&ended.flow) {
                record(fresh, latency);
            }
        }
    }

    /// Takes a flow that was correct for wrong, because of what came while its user was put back.
    pub(crate) fn spoilt(&mut self, ended: &EndedFlow) {
        self.count(ended.flow, ended.intended, |counts| {
            counts.correct = counts.correct.saturating_sub(1);
            counts.wrong += 1;
        });
    }

    /// Keeps an example.
    pub(crate) fn show(&mut self, example: Example) {
        self.figures.show(example);
    }

    fn count(&mut self, flow: FlowName, intended: Duration, add: impl Fn(&mut FlowCounts)) {
        add(&mut self.all);
        if intended < self.warm_up {
            add(&mut self.figures.warm_up);
        } else if let Some(figures) = self.figures.flows.get_mut(&flow) {
            add(&mut figures.counts);
        }
    }

    /// Closes an interval: a point for the timeline, and the fresh histograms for whoever writes them down.
    pub(crate) fn interval(
        &mut self,
        at: f64,
        length: f64,
        memory: (Option<u64>, Option<u64>),
    ) -> Point {
        let mut latencies = histogram();
        for fresh in self.fresh.values() {
            let _ = latencies.add(fresh);
        }
        let quantile =
            |q: f64| (!latencies.is_empty()).then(|| milliseconds(latencies.value_at_quantile(q)));
        let (now, before) = (self.all, self.before);
        let point = Point {
            at,
            length,
            started: now.started - before.started,
            correct: now.correct - before.correct,
            wrong: now.wrong - before.wrong,
            failed: now.failed() - before.failed(),
            dropped: now.dropped - before.dropped,
            under_way: self.under_way,
            p50_ms: quantile(0.5),
            p99_ms: quantile(0.99),
            max_ms: (!latencies.is_empty()).then(|| milliseconds(latencies.max())),
            generator_bytes: memory.0,
            target_bytes: memory.1,
        };
        self.before = now;
        self.timeline.push(point);
        point
    }

    /// Forgets the fresh histograms, once they are written down.
    pub(crate) fn forget_fresh(&mut self) {
        for fresh in self.fresh.values_mut() {
            fresh.reset();
        }
    }

    /// Counts everything so far, the warm-up included.
    pub(crate) const fn all(&self) -> &FlowCounts {
        &self.all
    }
}

fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
