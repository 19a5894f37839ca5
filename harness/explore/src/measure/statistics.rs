//! The statistics of codes and tokens: what is computed of a sample, and beyond what it counts as no chance any more.
//!
//! Every test is held to the same nominal rate of false alarms, [`ALPHA`]. Chi-square and normal thresholds are
//! asymptotic, and so far out in the tail they can be off by a small factor; the other thresholds are bounds that hold
//! exactly. The sum of all nominal rates stays below a tenth of one in a million, which leaves room for that factor.
//!
//! **Invariant:** nothing here knows what is measured; it sees counts and numbers only.

use std::collections::BTreeMap;

use statrs::distribution::{ChiSquared, ContinuousCDF as _, Normal};

/// The nominal rate of false alarms of one test.
pub const ALPHA: f64 = 1e-9;

/// What the sum of all nominal rates of one run stays below.
pub const NOMINAL_TOTAL: f64 = 1e-7;

/// Computes Pearson's statistic of counts that should all be equal.
#[must_use]
pub fn chi_square(counts: &[u64]) -> f64 {
    let total: f64 = counts.iter().map(|count| real(*count)).sum();
    let cells = real(counts.len() as u64);
    if total == 0.0 {
        return 0.0;
    }
    let expected = total / cells;
    counts
        .iter()
        .map(|count| (real(*count) - expected).powi(2) / expected)
        .sum()
}

/// Returns the value that a chi-square statistic with so many degrees of freedom exceeds with the probability `alpha`.
#[must_use]
pub fn chi_square_threshold(degrees: usize, alpha: f64) -> f64 {
    let Ok(distribution) = ChiSquared::new(real(degrees.max(1) as u64)) else {
        return f64::INFINITY;
    };
    critical(|x| distribution.sf(x), alpha)
}

/// Returns the value that a standard normal exceeds, to either side, with the probability `alpha`.
#[must_use]
pub fn normal_threshold(alpha: f64) -> f64 {
    let distribution = Normal::standard();
    critical(|x| distribution.sf(x), alpha / 2.0)
}

/// Finds where a falling function passes a value; what `statrs` inverts starts from `1 - alpha`, which is too coarse here.
fn critical(survival: impl Fn(f64) -> f64, alpha: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while survival(high) > alpha {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if survival(middle) > alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Computes the correlation of each value with the next as a standard normal value; none where all values are equal.
#[must_use]
pub fn serial_correlation(values: &[f64]) -> Option<f64> {
    let pairs = real(values.len().checked_sub(1).filter(|pairs| *pairs > 1)? as u64);
    let mean = values.iter().sum::<f64>() / real(values.len() as u64);
    let spread: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    if spread == 0.0 {
        return None;
    }
    let product: f64 = values
        .windows(2)
        .map(|pair| (pair[0] - mean) * (pair[1] - mean))
        .sum();
    Some((product / spread + 1.0 / (pairs + 1.0)) * pairs.sqrt())
}

/// Counts the values that were there before.
#[must_use]
pub fn repeats<T: Ord>(values: &[T]) -> u64 {
    let distinct: std::collections::BTreeSet<&T> = values.iter().collect();
    (values.len() - distinct.len()) as u64
}

/// Returns how many of `samples` values, each one of `values` equally likely, may repeat an earlier one.
///
/// Each draw repeats one of at most `i` earlier ones, whatever came before, so the probability of `k` repeats is at most
/// `mean^k / k!`, whose `mean` is the sum of those of each draw.
#[must_use]
pub fn repeats_threshold(samples: usize, values: f64, alpha: f64) -> u64 {
    let samples = real(samples as u64);
    rare_events_threshold(samples * (samples - 1.0) / (2.0 * values), alpha)
}

/// Returns how many rare events there may be where `mean` are expected and each is as rare whatever came before.
///
/// The probability of `k` of them is at most `mean^k / k!`, and at most the Chernoff bound of a Poisson variable.
fn rare_events_threshold(mean: f64, alpha: f64) -> u64 {
    let mut factorial = 0.0;
    let mut k = 0;
    loop {
        k += 1;
        let count = real(k);
        factorial += count.ln();
        let union = count * mean.ln() - factorial;
        let chernoff = count * (1.0 + mean.ln() - count.ln()) - mean;
        if count > mean && union.min(chernoff) <= alpha.ln() {
            return k - 1;
        }
    }
}

/// Counts how often the commonest difference between a value and the one `lag` later occurs, modulo `modulus`.
#[must_use]
pub fn commonest_difference(values: &[u64], modulus: u64, lag: usize) -> u64 {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    for (earlier, later) in values.iter().zip(values.iter().skip(lag)) {
        let (earlier, later) = (earlier % modulus, later % modulus);
        let difference = if later >= earlier {
            later - earlier
        } else {
            later + (modulus - earlier)
        };
        *counts.entry(difference).or_default() += 1;
    }
    counts.into_values().max().unwrap_or_default()
}

/// Returns how often one difference may occur among so many.
///
/// The differences of independent, equally likely values are independent and equally likely themselves, so the
/// probability that some difference occurs `k` times is at most the number of choices of `k` over `modulus^(k - 1)`.
#[must_use]
pub fn commonest_difference_threshold(differences: usize, modulus: f64, alpha: f64) -> u64 {
    let differences = real(differences as u64);
    let mut bound = differences;
    let mut k = 1.0;
    let mut allowed = 0;
    while bound > alpha && k <= differences {
        bound *= (differences - k) / (k + 1.0) / modulus;
        k += 1.0;
        allowed += 1;
    }
    allowed
}

/// Finds the longest stretch of values that only rise or only fall.
#[must_use]
pub fn longest_run<T: Ord>(values: &[T]) -> u64 {
    let (mut rising, mut falling, mut longest) = (1, 1, u64::from(!values.is_empty()));
    for pair in values.windows(2) {
        rising = if pair[0] < pair[1] { rising + 1 } else { 1 };
        falling = if pair[0] > pair[1] { falling + 1 } else { 1 };
        longest = longest.max(rising).max(falling);
    }
    longest
}

/// Returns how long a stretch of rising or falling values may be: `k` values are in order with probability `1 / k!`.
#[must_use]
pub fn longest_run_threshold(samples: usize, alpha: f64) -> u64 {
    let mut bound = 2.0 * real(samples as u64);
    let mut length = 1;
    while bound > alpha {
        length += 1;
        bound /= real(length);
    }
    length - 1
}

/// Counts the values that lie within `share` of the whole range of the one before; values lie between 0 and 1.
#[must_use]
pub fn near_neighbours(values: &[f64], share: f64) -> u64 {
    let near = values
        .windows(2)
        .filter(|pair| (pair[0] - pair[1]).abs() < share);
    near.count() as u64
}

/// Returns how many values may lie that near to the one before, each with a probability of at most `2 * share`.
#[must_use]
pub fn near_neighbours_threshold(samples: usize, share: f64, alpha: f64) -> u64 {
    rare_events_threshold(2.0 * share * real(samples as u64), alpha)
}

/// Counts the pairs of equal steps: how often going from one symbol to the next was done before in the same way.
///
/// A sequence in which the last symbol says something about the next has many more of them than chance.
#[must_use]
pub fn equal_steps(symbols: &[char]) -> f64 {
    let mut counts: BTreeMap<(char, char), u64> = BTreeMap::new();
    for pair in symbols.windows(2) {
        *counts.entry((pair[0], pair[1])).or_default() += 1;
    }
    counts
        .into_values()
        .map(|count| real(count) * (real(count) - 1.0) / 2.0)
        .sum()
}

/// Returns how many equal steps symbols of these counts may take: the larger of the bounds for many and for few of them.
#[must_use]
pub fn equal_steps_threshold(counts: &BTreeMap<char, u64>, alpha: f64) -> f64 {
    let total: f64 = counts.values().map(|count| real(*count)).sum();
    let steps = total - 1.0;
    let alike: f64 = counts
        .values()
        .map(|count| (real(*count) / total).powi(2))
        .sum();
    // As many equally likely steps as would be equal as often.
    let cells = 1.0 / (alike * alike);
    let mean = steps * (steps - 1.0) / 2.0 / cells;
    let degrees = whole((cells - 1.0).max(1.0));
    let many = (chi_square_threshold(degrees, alpha) - (cells - 1.0)) * steps / (2.0 * cells);
    // A Poisson variable exceeds `mean + excess` with at most the probability of this Chernoff bound.
    let exponent = |excess: f64| (mean + excess) * (1.0 + excess / mean).ln() - excess;
    let few = critical(|excess| (-exponent(excess)).exp(), alpha);
    mean + many.max(few)
}

/// Writes a count as a real number; counts are far below 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "samples are counted, and nobody takes 2^53 of them"
)]
pub(crate) const fn real(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "cells are counted: few enough, and never less than none"
)]
const fn whole(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(one: f64, other: f64) {
        assert!(
            (one - other).abs() < 1e-2 * other.abs().max(1.0),
            "{one} {other}"
        );
    }

    #[test]
    fn thresholds_are_those_of_the_tables() {
        near(chi_square_threshold(9, 0.05), 16.919);
        near(chi_square_threshold(1, 0.001), 10.828);
        near(chi_square_threshold(9, 1e-9), 60.660);
        near(normal_threshold(0.05), 1.960);
        near(normal_threshold(1e-9), 6.109);
    }

    #[test]
    fn equal_counts_have_no_chi_square_and_unequal_ones_the_known_one() {
        near(chi_square(&[100; 10]), 0.0);
        // The textbook die: 60 throws.
        near(chi_square(&[5, 8, 9, 8, 10, 20]), 13.4);
        near(chi_square(&[0, 0]), 0.0);
    }

    #[test]
    fn serial_correlation_sees_what_goes_on_and_what_goes_back() {
        let rising: Vec<f64> = (0..1000_u32).map(f64::from).collect();
        assert!(serial_correlation(&rising).expect("they vary") > 30.0);
        let back_and_forth: Vec<f64> = (0..1000_u32).map(|n| f64::from(n % 2)).collect();
        assert!(serial_correlation(&back_and_forth).expect("they vary") < -30.0);
        assert_eq!(serial_correlation(&[1.0; 9]), None);
        assert_eq!(serial_correlation(&[1.0]), None);
    }

    #[test]
    fn repeats_are_allowed_by_this_table() {
        assert_eq!(repeats(&[1, 2, 1, 1]), 2);
        // The birthday bound: 1,000 codes of six digits repeat half a time on average.
        assert_eq!(repeats_threshold(1000, 1e6, 1e-9), 9);
        assert_eq!(repeats_threshold(1000, 1e18, 1e-9), 0);
        let many = repeats_threshold(100_000, 1e6, 1e-9);
        assert!((5000..5600).contains(&many), "{many}");
    }

    #[test]
    fn differences_wrap_around_and_are_counted() {
        assert_eq!(commonest_difference(&[8, 9, 0, 1, 5], 10, 1), 3);
        assert_eq!(commonest_difference(&[1, 7, 3, 9, 5], 10, 2), 3);
        assert_eq!(commonest_difference(&[], 10, 1), 0);
        assert_eq!(commonest_difference_threshold(999, 1e6, 1e-9), 4);
        assert_eq!(commonest_difference_threshold(999, 1e18, 1e-9), 1);
    }

    #[test]
    fn runs_go_up_and_down() {
        assert_eq!(longest_run(&[3, 1, 2, 5, 4]), 3);
        assert_eq!(longest_run(&[5, 4, 3, 3]), 3);
        assert_eq!(longest_run::<u8>(&[]), 0);
        // 2,000 / 15! is 1.5e-9, 2,000 / 16! is 1e-10.
        assert_eq!(longest_run_threshold(1000, 1e-9), 15);
    }

    #[test]
    fn a_chain_takes_more_equal_steps_than_chance_allows() {
        let alphabet: Vec<char> = ('a'..='p').collect();
        let chain: Vec<char> = (0..1000).map(|at| alphabet[at % 16]).collect();
        let counts = alphabet.iter().map(|symbol| (*symbol, 62)).collect();
        let threshold = equal_steps_threshold(&counts, 1e-9);
        assert!(equal_steps(&chain) > 3.0 * threshold, "{threshold}");
        // The bound lies above the mean of chance, 1,917 pairs, and not far above it.
        assert!((1917.0..2600.0).contains(&threshold), "{threshold}");
    }

    #[test]
    fn neighbours_are_near_or_not() {
        assert_eq!(near_neighbours(&[0.1, 0.1000001, 0.9], 1e-6), 1);
        assert_eq!(near_neighbours_threshold(1000, 1e-6, 1e-9), 3);
    }
}
