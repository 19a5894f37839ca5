//! Whether one of two sorts of requests is answered later: a sign test on pairs.
//!
//! The two requests of a pair are sent one after the other, in an order that a fair coin decides. If both sorts take the
//! same time, the coin alone decides which of the two came out slower, whatever else was going on: heavy tails, drift and
//! noise that lasts change nothing. So the number of pairs in which one sort was slower is binomial, and the bound on
//! false alarms is exact. It holds for a sort that is later by up to [`TOLERATED`], too: only more than that counts.
//!
//! **Invariant:** nothing here knows what was timed; it sees differences, in nanoseconds.

use statrs::distribution::{Binomial, DiscreteCDF as _};

/// Nanoseconds of a millisecond.
pub(super) const MILLISECOND: i64 = 1_000_000;

/// The difference that is told and not held against the target (`judging.md` §11).
pub(super) const TOLERATED: i64 = MILLISECOND;

/// How far beyond [`TOLERATED`] a pair has to lie in order to count: once all pairs count, and then only those further and
/// further apart, so that a part of the answers that is late shows among many that are not.
const BEYOND: [i64; 4] = [0, MILLISECOND, 4 * MILLISECOND, 19 * MILLISECOND];

/// Tests of one comparison: each of [`BEYOND`], in both directions.
pub(super) const TESTS: u32 = 2 * 4;

/// What the pairs of two sorts of requests show; times are of the second sort, against the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PairedTimes {
    /// How many pairs there are.
    pub(super) pairs: usize,
    /// The median of the differences.
    pub(super) median: i64,
    /// Between what the median of all differences that there could be lies; none where the pairs are too few to say.
    pub(super) interval: Option<(i64, i64)>,
    /// What counts as later, or earlier, and by chance would not have come out so.
    pub(super) excess: Option<Excess>,
}

/// Pairs that lie further apart than chance allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Excess {
    /// The second sort is the later one.
    pub(super) is_later: bool,
    /// How far apart the counted pairs lie at least.
    pub(super) apart: i64,
    /// How many pairs lie so far apart in this direction.
    pub(super) with: usize,
    /// How many lie so far apart, or as far on the other side of [`TOLERATED`].
    pub(super) counted: usize,
    /// How many of these would lie so far apart by chance, at most.
    pub(super) by_chance: usize,
}

impl PairedTimes {
    /// Tests the differences, each test at the rate `alpha` of false alarms.
    pub(super) fn of(differences: &[i64], alpha: f64) -> Self {
        let mut sorted = differences.to_vec();
        sorted.sort_unstable();
        let pairs = sorted.len();
        let interval = most_by_chance(pairs, alpha)
            .and_then(|most| Some((*sorted.get(pairs - most - 1)?, *sorted.get(most)?)));
        let negated: Vec<i64> = sorted.iter().map(|difference| -difference).collect();
        Self {
            pairs,
            median: sorted.get(pairs / 2).copied().unwrap_or_default(),
            interval,
            excess: excess(&sorted, true, alpha).or_else(|| excess(&negated, false, alpha)),
        }
    }

    /// Returns the smallest difference of all answers alike that would have failed amid this noise; none where none would.
    pub(super) fn seen_from(&self) -> Option<i64> {
        let (low, high) = self.interval?;
        let half = (self.median - low).max(high - self.median);
        Some(TOLERATED.saturating_add(half))
    }
}

fn excess(differences: &[i64], is_later: bool, alpha: f64) -> Option<Excess> {
    let mut widest_first = BEYOND.into_iter().rev();
    widest_first.find_map(|beyond| {
        let apart = TOLERATED + beyond;
        let with = count(differences, |difference| difference > apart);
        let against = count(differences, |difference| difference < TOLERATED - beyond);
        let counted = with + against;
        (chance(with, counted) <= alpha).then(|| Excess {
            is_later,
            apart,
            with,
            counted,
            by_chance: most_by_chance(counted, alpha).unwrap_or(counted),
        })
    })
}

fn count(differences: &[i64], counts: impl Fn(i64) -> bool) -> usize {
    let counting = differences.iter().filter(|difference| counts(**difference));
    counting.count()
}

/// Returns how many of so many fair coins show heads with more than the probability `alpha`, at most; none where even all of
/// them do.
fn most_by_chance(coins: usize, alpha: f64) -> Option<usize> {
    let (mut low, mut high) = (coins / 2, coins);
    while low < high {
        let middle = usize::midpoint(low, high);
        if chance(middle + 1, coins) <= alpha {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    (low < coins).then_some(low)
}

/// Returns how probable it is that at least so many of the coins, all of them fair, show heads.
fn chance(heads: usize, coins: usize) -> f64 {
    let Some(fewer) = heads.checked_sub(1) else {
        return 1.0;
    };
    Binomial::new(0.5, coins as u64).map_or(1.0, |coins| coins.sf(fewer as u64))
}

#[cfg(test)]
mod tests;
