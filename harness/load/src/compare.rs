//! Comparing two targets: pairs of short rounds, and an interval of their ratio that may be looked at more than once.
//!
//! Each pair is one round on either target, right after each other, in an order that alternates, so that what the machine
//! does beside falls on both. The logarithms of the pairs' ratios are taken as a sample; after certain numbers of pairs their
//! mean gets an interval by Student's t, at a level that is shared out among all the looks (Bonferroni). So the chance that
//! any interval of the whole comparison misses the true ratio is at most [`Precision::error`], however soon it ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// How certain, and how exact, a comparison is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// Targets that differ by less than this share are the same.
    pub within: f64,
    /// The chance of a wrong verdict, each way.
    pub error: f64,
    /// The most pairs: the budget.
    pub pairs: u32,
}

/// What a comparison came to. The first target is judged beside the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Relation {
    /// Better than the other by whatever the interval says, and not by nothing.
    Faster,
    /// Worse.
    Slower,
    /// The same within the margin.
    Same,
    /// The budget was spent before anything could be said.
    Inconclusive,
}

impl Relation {
    /// Spells the relation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Same => "same",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// A ratio and its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ratio {
    /// The geometric mean of the pairs' ratios, better is above one.
    pub ratio: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The pairs that are in it.
    pub pairs: u32,
}

/// The numbers of pairs after which is looked.
const LOOKS: [u32; 9] = [6, 8, 12, 16, 24, 32, 48, 64, 96];

/// Takes pairs until something can be said.
#[derive(Debug, Clone)]
pub struct PairedSample {
    aim: Precision,
    /// Logarithms of ratios.
    sample: Vec<f64>,
    looks: Vec<u32>,
    /// What the last look came to.
    ratio: Option<Ratio>,
    relation: Option<Relation>,
}

impl PairedSample {
    /// Begins a comparison.
    #[must_use]
    pub fn new(aim: Precision) -> Self {
        let mut looks: Vec<u32> = LOOKS
            .iter()
            .copied()
            .filter(|look| *look < aim.pairs)
            .collect();
        // A sample of one has no spread.
        looks.push(aim.pairs.max(2));
        Self {
            aim,
            sample: Vec::new(),
            looks,
            ratio: None,
            relation: None,
        }
    }

    /// Adds a pair: how much better the first target was in it; above one is better.
    pub fn push(&mut self, ratio: f64) {
        if !(ratio.is_finite() && ratio > 0.0) || self.relation.is_some() {
            return;
        }
        self.sample.push(ratio.ln());
        let pairs = self.pairs();
        if self.looks.contains(&pairs) {
            self.look(pairs);
        }
    }

    fn pairs(&self) -> u32 {
        u32::try_from(self.sample.len()).unwrap_or(u32::MAX)
    }

    fn look(&mut self, pairs: u32) {
        let level = self.aim.error / self.looks.len() as f64;
        let Some((mean, half)) = interval(&self.sample, level) else {
            return;
        };
        let (low, high) = (mean - half, mean + half);
        self.ratio = Some(Ratio {
            ratio: mean.exp(),
            low: low.exp(),
            high: high.exp(),
            pairs,
        });
        let (least, most) = ((1.0 - self.aim.within).ln(), (1.0 + self.aim.within).ln());
        self.relation = if low > least && high < most {
            Some(Relation::Same)
        } else if low > 0.0 {
            Some(Relation::Faster)
        } else if high < 0.0 {
            Some(Relation::Slower)
        } else if pairs >= self.aim.pairs {
            Some(Relation::Inconclusive)
        } else {
            None
        };
    }

    /// Returns what can be said; none: more pairs are needed.
    #[must_use]
    pub const fn relation(&self) -> Option<Relation> {
        self.relation
    }

    /// Returns the ratio at the last look.
    #[must_use]
    pub const fn ratio(&self) -> Option<Ratio> {
        self.ratio
    }

    /// Returns the ratio of what there is, for figures that decide nothing; its interval is at the level of a single look.
    #[must_use]
    pub fn so_far(&self) -> Option<Ratio> {
        let (mean, half) = interval(&self.sample, self.aim.error)?;
        Some(Ratio {
            ratio: mean.exp(),
            low: (mean - half).exp(),
            high: (mean + half).exp(),
            pairs: self.pairs(),
        })
    }
}

/// Returns the mean of a sample and half the width of its interval; none: too few, or no spread can be told.
fn interval(sample: &[f64], level: f64) -> Option<(f64, f64)> {
    let n = sample.len() as f64;
    if sample.len() < 2 {
        return None;
    }
    let mean = sample.iter().sum::<f64>() / n;
    let squares: f64 = sample.iter().map(|x| (x - mean).powi(2)).sum();
    let spread = (squares / (n - 1.0)).sqrt();
    let t = StudentsT::new(0.0, 1.0, n - 1.0).ok()?;
    let quantile = t.inverse_cdf(1.0 - level / 2.0);
    Some((mean, quantile * spread / n.sqrt()))
}

/// Returns the exact interval of a share (Clopper and Pearson), for counts of verdicts.
#[must_use]
pub fn exact_interval(hits: u64, of: u64, level: f64) -> (f64, f64) {
    let (k, n) = (hits as f64, of as f64);
    let beta = |a: f64, b: f64, q: f64| {
        statrs::distribution::Beta::new(a, b).map_or(q, |beta| beta.inverse_cdf(q))
    };
    let low = if hits == 0 {
        0.0
    } else {
        beta(k, n - k + 1.0, level / 2.0)
    };
    let high = if hits >= of {
        1.0
    } else {
        beta(k + 1.0, n - k, 1.0 - level / 2.0)
    };
    (low, high)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const AIM: Precision = Precision {
        within: 0.05,
        error: 0.01,
        pairs: 96,
    };

    /// Compares targets whose true ratio is `truth`, with noise of `spread` on each pair.
    fn compared(truth: f64, spread: f64, seed: u64) -> Relation {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut comparison = PairedSample::new(AIM);
        loop {
            // The sum of twelve uniform draws is nearly normal.
            let noise: f64 = (0..12).map(|_| rng.random_range(-0.5..0.5)).sum();
            comparison.push(truth * (spread * noise).exp());
            if let Some(relation) = comparison.relation() {
                return relation;
            }
        }
    }

    #[test]
    fn verdicts_are_wrong_as_seldom_as_aimed_at() {
        let of = 1000;
        let count = |truth, wrong: fn(Relation) -> bool| {
            (0..of)
                .filter(|seed| wrong(compared(truth, 0.06, *seed)))
                .count()
        };
        let alarms = count(1.0, |found| {
            matches!(found, Relation::Faster | Relation::Slower)
        });
        let misses = count(0.9, |found| {
            matches!(found, Relation::Same | Relation::Faster)
        });
        assert!(alarms <= 10 && misses <= 10, "{alarms} {misses}");
        let found = count(0.9, |found| found == Relation::Slower);
        assert!(found > 950, "{found}");
    }

    #[test]
    fn noise_that_hides_everything_is_inconclusive() {
        let relations: Vec<Relation> = (0..20).map(|seed| compared(0.97, 1.0, seed)).collect();
        assert!(relations.contains(&Relation::Inconclusive));
        assert!(!relations.contains(&Relation::Same));
    }

    #[test]
    fn exact_intervals_are_those_of_the_tables() {
        let (low, high) = exact_interval(0, 60, 0.05);
        assert!(low == 0.0 && (high - 0.0596).abs() < 0.001, "{high}");
        let (low, high) = exact_interval(60, 60, 0.05);
        assert!(
            (low - 0.9404).abs() < 0.001 && (high - 1.0).abs() < 1e-9,
            "{low}"
        );
    }
}
