//! Plays two targets in turn, pair by pair, until something can be said or the budget is spent.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::session::LoadSession;
use super::{LoadConfig, LoadError, LoadOutput};
use crate::compare::{PairedSample, Precision, Ratio, Relation};

/// What decides a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedFigure {
    /// Correct verifications per second.
    Throughput,
    /// The 99th percentile of the latency.
    P99,
    /// Processor time of the target per correct verification.
    Cpu,
}

impl ComparedFigure {
    /// Lists every measure.
    pub const ALL: [Self; 3] = [Self::Throughput, Self::P99, Self::Cpu];

    /// Spells the measure.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::P99 => "p99",
            Self::Cpu => "cpu",
        }
    }

    /// Returns how much better one round was than another: above one is better. None: it was not measured.
    fn ratio(self, one: &LoadOutput, two: &LoadOutput) -> Option<f64> {
        let [one, two] = [self.cost(one)?, self.cost(two)?];
        (one > 0.0 && two > 0.0).then(|| two / one)
    }

    /// Returns the figure, lower is better.
    fn cost(self, output: &LoadOutput) -> Option<f64> {
        let correct = output.figures.counts().correct;
        if correct == 0 {
            return None;
        }
        match self {
            Self::Throughput => Some(output.measured.as_secs_f64() / correct as f64),
            Self::P99 => Some(output.figures.latency().value_at_quantile(0.99) as f64),
            Self::Cpu => Some(output.target_time?.as_secs_f64() / correct as f64),
        }
    }
}

/// How two targets are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComparisonConfig {
    /// How certain and how exact.
    pub aim: Precision,
    /// What decides.
    pub decides: ComparedFigure,
    /// How long after its beginning no further pair begins.
    pub budget: Duration,
}

/// What a comparison came to.
#[derive(Debug, Clone)]
pub struct PairedComparison {
    /// What decided.
    pub decides: ComparedFigure,
    /// What the first target is beside the second.
    pub relation: Relation,
    /// The ratio of each measure that there was, the deciding one at its last look.
    pub ratios: Vec<(ComparedFigure, Ratio)>,
    /// Pairs that were played.
    pub pairs: u32,
    /// Wrong answers of either target: then speed says nothing.
    pub wrong: [u64; 2],
    /// Flows without an answer of either target.
    pub failed: [u64; 2],
    /// Somebody ended it.
    pub interrupted: bool,
    /// A target stopped answering.
    pub target_gone: bool,
}

/// Compares two targets; `told` is called after each pair, with the number of pairs and the ratio so far.
///
/// Blocks the calling thread, as [`super::run`] does.
///
/// # Errors
/// Where one of them could not be made ready.
pub fn compare_targets(
    one: &LoadConfig,
    two: &LoadConfig,
    how: ComparisonConfig,
    told: &mut dyn FnMut(u32, Option<Ratio>),
    stop: &CancellationToken,
) -> Result<PairedComparison, LoadError> {
    super::on_a_thread_of_its_own(async {
        let mut first = LoadSession::start(one, stop).await?;
        let second = LoadSession::start(two, stop).await;
        let mut second = match second {
            Ok(session) => session,
            Err(error) => {
                first.tear_down(one).await;
                return Err(error);
            }
        };
        let found = pairs((one, &mut first), (two, &mut second), how, told, stop).await;
        first.tear_down(one).await;
        second.tear_down(two).await;
        found
    })
}

async fn pairs(
    (one, first): (&LoadConfig, &mut LoadSession),
    (two, second): (&LoadConfig, &mut LoadSession),
    how: ComparisonConfig,
    told: &mut dyn FnMut(u32, Option<Ratio>),
    stop: &CancellationToken,
) -> Result<PairedComparison, LoadError> {
    let begun = one.session.clock.now();
    let mut comparisons = ComparedFigure::ALL.map(|measure| (measure, PairedSample::new(how.aim)));
    let mut found = PairedComparison {
        decides: how.decides,
        relation: Relation::Inconclusive,
        ratios: Vec::new(),
        pairs: 0,
        wrong: [0; 2],
        failed: [0; 2],
        interrupted: false,
        target_gone: false,
    };
    let mut deciding = PairedSample::new(how.aim);
    // The first round of each warms both up, and counts for nothing.
    let mut warm = false;
    while deciding.relation().is_none()
        && super::pacer::since(begun, &one.session.clock) < how.budget
    {
        let silent = &mut |_: super::LoadEvent<'_>| {};
        let in_turn = found.pairs.is_multiple_of(2);
        let (a, b) = if in_turn {
            let a = first.run(one, silent, stop).await?;
            (a, second.run(two, silent, stop).await?)
        } else {
            let b = second.run(two, silent, stop).await?;
            (first.run(one, silent, stop).await?, b)
        };
        for (index, output) in [&a, &b].into_iter().enumerate() {
            let counts = output.figures.counts();
            found.wrong[index] += counts.wrong;
            found.failed[index] += counts.failed();
            found.interrupted |= output.interrupted;
            found.target_gone |= output.target_gone;
        }
        if found.interrupted || found.target_gone || found.wrong != [0; 2] {
            break;
        }
        if !warm {
            warm = true;
            continue;
        }
        found.pairs += 1;
        for (measure, comparison) in &mut comparisons {
            if let Some(ratio) = measure.ratio(&a, &b) {
                comparison.push(ratio);
                if *measure == how.decides {
                    deciding.push(ratio);
                }
            }
        }
        told(found.pairs, deciding.so_far());
        if found.pairs >= how.aim.pairs {
            break;
        }
    }
    found.relation = deciding.relation().unwrap_or(Relation::Inconclusive);
    found.ratios = comparisons
        .iter()
        .filter_map(|(measure, comparison)| {
            let at_last_look = (*measure == how.decides)
                .then(|| deciding.ratio())
                .flatten();
            Some((*measure, at_last_look.or_else(|| comparison.so_far())?))
        })
        .collect();
    Ok(found)
}
