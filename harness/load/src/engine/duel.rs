//! Plays two targets in turn, pair by pair, until something can be said or the budget is spent.

use std::time::Duration;

use tokio::sync::watch;

use super::stage::Stage;
use super::{LoadConfig, LoadError, LoadOutput};
use crate::compare::{Aim, Comparison, Ratio, Relation};

/// What decides a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Correct verifications per second.
    Throughput,
    /// The 99th percentile of the latency.
    P99,
    /// Processor time of the target per correct verification.
    Cpu,
}

impl Measure {
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
pub struct DuelConfig {
    /// How certain and how exact.
    pub aim: Aim,
    /// What decides.
    pub decides: Measure,
    /// How long after its beginning no further pair begins.
    pub budget: Duration,
}

/// What a comparison came to.
#[derive(Debug, Clone)]
pub struct Duel {
    /// What decided.
    pub decides: Measure,
    /// What the first target is beside the second.
    pub relation: Relation,
    /// The ratio of each measure that there was, the deciding one at its last look.
    pub ratios: Vec<(Measure, Ratio)>,
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
pub fn duel(
    one: &LoadConfig,
    two: &LoadConfig,
    how: DuelConfig,
    told: &mut dyn FnMut(u32, Option<Ratio>),
    stop: &watch::Receiver<bool>,
) -> Result<Duel, LoadError> {
    super::on_a_thread_of_its_own(async {
        let mut asked = stop.clone();
        let mut first = Stage::set(one, &mut asked).await?;
        let second = Stage::set(two, &mut asked).await;
        let mut second = match second {
            Ok(stage) => stage,
            Err(error) => {
                first.strike(one).await;
                return Err(error);
            }
        };
        let found = pairs((one, &mut first), (two, &mut second), how, told, stop).await;
        first.strike(one).await;
        second.strike(two).await;
        found
    })
}

async fn pairs(
    (one, first): (&LoadConfig, &mut Stage),
    (two, second): (&LoadConfig, &mut Stage),
    how: DuelConfig,
    told: &mut dyn FnMut(u32, Option<Ratio>),
    stop: &watch::Receiver<bool>,
) -> Result<Duel, LoadError> {
    let begun = one.session.clock.now();
    let mut comparisons = Measure::ALL.map(|measure| (measure, Comparison::new(how.aim)));
    let mut duel = Duel {
        decides: how.decides,
        relation: Relation::Inconclusive,
        ratios: Vec::new(),
        pairs: 0,
        wrong: [0; 2],
        failed: [0; 2],
        interrupted: false,
        target_gone: false,
    };
    let mut deciding = Comparison::new(how.aim);
    // The first round of each warms both up, and counts for nothing.
    let mut warm = false;
    while deciding.relation().is_none()
        && super::pacer::since(begun, &one.session.clock) < how.budget
    {
        let silent = &mut |_: super::Event<'_>| {};
        let in_turn = duel.pairs.is_multiple_of(2);
        let (a, b) = if in_turn {
            let a = first.play(one, silent, stop.clone()).await?;
            (a, second.play(two, silent, stop.clone()).await?)
        } else {
            let b = second.play(two, silent, stop.clone()).await?;
            (first.play(one, silent, stop.clone()).await?, b)
        };
        for (index, output) in [&a, &b].into_iter().enumerate() {
            let counts = output.figures.counts();
            duel.wrong[index] += counts.wrong;
            duel.failed[index] += counts.failed();
            duel.interrupted |= output.interrupted;
            duel.target_gone |= output.target_gone;
        }
        if duel.interrupted || duel.target_gone || duel.wrong != [0; 2] {
            break;
        }
        if !warm {
            warm = true;
            continue;
        }
        duel.pairs += 1;
        for (measure, comparison) in &mut comparisons {
            if let Some(ratio) = measure.ratio(&a, &b) {
                comparison.push(ratio);
                if *measure == how.decides {
                    deciding.push(ratio);
                }
            }
        }
        told(duel.pairs, deciding.so_far());
        if duel.pairs >= how.aim.pairs {
            break;
        }
    }
    duel.relation = deciding.relation().unwrap_or(Relation::Inconclusive);
    duel.ratios = comparisons
        .iter()
        .filter_map(|(measure, comparison)| {
            let at_last_look = (*measure == how.decides)
                .then(|| deciding.ratio())
                .flatten();
            Some((*measure, at_last_look.or_else(|| comparison.so_far())?))
        })
        .collect();
    Ok(duel)
}
