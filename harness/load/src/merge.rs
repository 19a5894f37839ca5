//! Joins the reports of shards: counts add up, histograms are joined whole, and nothing is averaged.

use std::collections::BTreeSet;

use super::report::{HistogramError, Latency, LoadReport, ShardTold};
use super::threshold::Threshold;
use super::timeline::{Point, Timeline};

/// Why reports cannot be joined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is none.
    #[error("no report to join")]
    Nothing,
    /// The plans differ.
    #[error("the reports have different plans: {0} and {1}")]
    OtherPlan(String, String),
    /// The targets differ.
    #[error("the reports have different targets: {0} and {1}")]
    OtherTarget(String, String),
    /// Another form.
    #[error("a report has version {0}, which this proofup does not read")]
    OtherVersion(u32),
    /// The parts do not make a whole.
    #[error("the shards are not complete: {0}")]
    NotWhole(String),
    /// A histogram is broken.
    #[error("{0}")]
    Histogram(#[from] HistogramError),
}

/// Joins the reports of all shards of one run.
///
/// Throughput is what all of them verified, over the longest measured time: shards run side by side.
///
/// # Errors
/// If they are of different plans or targets, or one is missing or there twice.
pub fn merge(reports: &[LoadReport], thresholds: &[Threshold]) -> Result<LoadReport, MergeError> {
    let first = reports.first().ok_or(MergeError::Nothing)?;
    check(reports, first)?;
    let mut figures = first.figures()?;
    for other in &reports[1..] {
        figures.add(&other.figures()?);
    }
    let seconds = reports
        .iter()
        .map(|report| report.measured_seconds)
        .fold(0.0, f64::max);
    let mut whole = LoadReport::of_figures(&figures, seconds);
    whole.plan = first.plan.clone();
    whole.target = first.target.clone();
    whole.machine = first.machine.clone();
    let started = reports.iter().map(|report| &report.started);
    whole.started = started.min().cloned().unwrap_or_default();
    whole.shards = vec![ShardTold { index: 0, of: 1 }];
    whole.generator.lateness = Latency::of(&figures.lateness);
    for report in reports {
        let (mine, theirs) = (&mut whole.generator, &report.generator);
        mine.cpu_seconds = sum(mine.cpu_seconds, theirs.cpu_seconds);
        mine.busy = match (mine.busy, theirs.busy) {
            (Some(one), Some(two)) => Some(one.max(two)),
            (one, two) => one.or(two),
        };
        mine.accounts += theirs.accounts;
        mine.retired += theirs.retired;
        mine.starved += theirs.starved;
        mine.strays += theirs.strays;
        if mine.bottleneck.is_none() {
            mine.bottleneck.clone_from(&theirs.bottleneck);
        }
        whole.target_cpu_seconds = sum(whole.target_cpu_seconds, report.target_cpu_seconds);
        for example in &report.examples {
            if !whole.examples.contains(example) {
                whole.examples.push(example.clone());
            }
        }
    }
    whole.timeline = joined(reports);
    let gone = reports.iter().any(LoadReport::target_gone);
    let interrupted = reports.iter().any(LoadReport::interrupted);
    whole.judge(thresholds, &figures, gone, interrupted);
    Ok(whole)
}

fn sum(one: Option<f64>, two: Option<f64>) -> Option<f64> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one + two),
        (one, two) => one.or(two),
    }
}

fn check(reports: &[LoadReport], first: &LoadReport) -> Result<(), MergeError> {
    let mut parts = BTreeSet::new();
    let mut of = None;
    for report in reports {
        if report.version != super::report::VERSION {
            return Err(MergeError::OtherVersion(report.version));
        }
        if report.plan.fingerprint != first.plan.fingerprint {
            let [one, two] = [&first.plan, &report.plan]
                .map(|plan| format!("{} ({})", plan.title, plan.fingerprint));
            return Err(MergeError::OtherPlan(one, two));
        }
        // Each shard may reach the target at an address of its own.
        let [one, two] = [first, report]
            .map(|report| format!("{} by {}", report.target.name, report.target.transport));
        if one != two {
            return Err(MergeError::OtherTarget(one, two));
        }
        for shard in &report.shards {
            if of.is_some_and(|of| of != shard.of) {
                let why = "some are of another number of parts".to_owned();
                return Err(MergeError::NotWhole(why));
            }
            of = Some(shard.of);
            if !parts.insert(shard.index) {
                let why = format!("part {} comes twice", shard.index + 1);
                return Err(MergeError::NotWhole(why));
            }
        }
    }
    let of = of.unwrap_or(1);
    let missing: Vec<String> = (0..of)
        .filter(|index| !parts.contains(index))
        .map(|index| (index + 1).to_string())
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        let why = format!("of {of} parts, {} is missing", missing.join(", "));
        Err(MergeError::NotWhole(why))
    }
}

/// Puts timelines on top of each other, each from its own beginning.
fn joined(reports: &[LoadReport]) -> Vec<Point> {
    let longest = reports.iter().map(|report| report.timeline.len()).max();
    let worse = |one: Option<f64>, two: Option<f64>| match (one, two) {
        (Some(one), Some(two)) => Some(one.max(two)),
        (one, two) => one.or(two),
    };
    let add = |one: Option<u64>, two: Option<u64>| match (one, two) {
        (Some(one), Some(two)) => Some(one + two),
        (one, two) => one.or(two),
    };
    let mut timeline = Timeline::default();
    for index in 0..longest.unwrap_or_default() {
        let mut whole = Point::default();
        for point in reports
            .iter()
            .filter_map(|report| report.timeline.get(index))
        {
            whole = Point {
                at: point.at,
                length: whole.length.max(point.length),
                started: whole.started + point.started,
                correct: whole.correct + point.correct,
                wrong: whole.wrong + point.wrong,
                failed: whole.failed + point.failed,
                dropped: whole.dropped + point.dropped,
                under_way: whole.under_way + point.under_way,
                p50_ms: worse(whole.p50_ms, point.p50_ms),
                p99_ms: worse(whole.p99_ms, point.p99_ms),
                max_ms: worse(whole.max_ms, point.max_ms),
                generator_bytes: add(whole.generator_bytes, point.generator_bytes),
                target_bytes: add(whole.target_bytes, point.target_bytes),
            };
        }
        timeline.push(whole);
    }
    timeline.points().to_vec()
}
