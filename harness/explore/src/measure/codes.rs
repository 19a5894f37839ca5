//! Whether codes show any bias (CODE-1).

use std::collections::BTreeMap;

use proofup_domain::secret::Secret;

use super::report::MeasureRow;
use super::statistics::{
    ALPHA, chi_square, chi_square_threshold, commonest_difference, commonest_difference_threshold,
    longest_run, longest_run_threshold, normal_threshold, real, repeats, repeats_threshold,
    serial_correlation,
};

/// The fewest digits of a code.
const DIGITS_MIN: usize = 6;

/// The most digits whose values are reckoned with; of a longer code the last ones are.
const DIGITS_MAX: usize = 18;

/// Tests codes in the order in which they were sent.
///
/// `channel` names them in the rows, `declared` is the length that the target declares, `people` took turns in asking
/// for them: a counter of each person's own shows only from one turn to the next.
#[must_use]
pub fn judge(channel: &str, codes: &[Secret], declared: usize, people: usize) -> Vec<MeasureRow> {
    let wrong = codes.iter().filter(|code| !is_code(code, declared)).count();
    let mut rows = vec![MeasureRow {
        what: format!("{channel}: digits of a code"),
        samples: codes.len(),
        statistic: format!("{wrong} of another shape"),
        threshold: format!("all {declared} digits, at least {DIGITS_MIN}"),
        false_alarm: None,
        holds: wrong == 0 && declared >= DIGITS_MIN,
    }];
    if wrong > 0 || codes.is_empty() || declared == 0 {
        return rows;
    }
    let digits: Vec<Vec<u8>> = codes.iter().map(digits).collect();
    rows.extend(counts(channel, &digits, declared));
    rows.extend(order(channel, &digits, people));
    rows
}

fn is_code(code: &Secret, declared: usize) -> bool {
    let text = code.expose();
    text.len() == declared && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn digits(code: &Secret) -> Vec<u8> {
    let digits = code.expose().bytes();
    digits.map(|byte| byte.wrapping_sub(b'0')).collect()
}

/// Tests how often each digit stands where.
fn counts(channel: &str, digits: &[Vec<u8>], length: usize) -> Vec<MeasureRow> {
    let threshold = chi_square_threshold(9, ALPHA);
    let counted = |drawn: &mut dyn Iterator<Item = u8>| {
        let mut counts = [0; 10];
        for digit in drawn {
            counts[usize::from(digit % 10)] += 1;
        }
        chi_square(&counts)
    };
    let position = |place: usize| {
        let statistic = counted(&mut digits.iter().filter_map(|code| code.get(place).copied()));
        let what = format!("{channel}: chi-square of digit {}", place + 1);
        MeasureRow::at_most(what, digits.len(), statistic, threshold, ALPHA)
    };
    let mut rows: Vec<MeasureRow> = (0..length).map(position).collect();
    rows.push(MeasureRow::at_most(
        format!("{channel}: chi-square of all digits"),
        digits.len() * length,
        counted(&mut digits.iter().flatten().copied()),
        threshold,
        ALPHA,
    ));
    rows
}

/// Tests what the order tells.
fn order(channel: &str, digits: &[Vec<u8>], people: usize) -> Vec<MeasureRow> {
    let samples = digits.len();
    let values: Vec<u64> = digits.iter().map(|code| value(code)).collect();
    let length = digits.first().map_or(DIGITS_MIN, Vec::len).min(DIGITS_MAX);
    // At most 18 digits, which fit.
    let modulus = 10_u64.pow(u32::try_from(length).unwrap_or_default());
    let of_values: Vec<f64> = values.iter().map(|value| real(*value)).collect();
    let of_digits: Vec<f64> = digits.iter().flatten().map(|one| f64::from(*one)).collect();
    let mut rows = vec![
        correlation(
            format!("{channel}: serial correlation of codes"),
            &of_values,
        ),
        correlation(
            format!("{channel}: serial correlation of digits"),
            &of_digits,
        ),
        MeasureRow::at_most(
            format!("{channel}: codes sent before"),
            samples,
            real(repeats(&values)),
            real(repeats_threshold(samples, real(modulus), ALPHA)),
            ALPHA,
        ),
        MeasureRow::at_most(
            format!("{channel}: longest run up or down"),
            samples,
            real(longest_run(&values)),
            real(longest_run_threshold(samples, ALPHA)),
            ALPHA,
        ),
    ];
    let lags: BTreeMap<usize, String> = [
        (
            people,
            format!("{channel}: commonest step of one person's codes"),
        ),
        (1, format!("{channel}: commonest step between codes")),
    ]
    .into();
    rows.extend(lags.into_iter().map(|(lag, what)| {
        let differences = samples.saturating_sub(lag);
        MeasureRow::at_most(
            what,
            differences,
            real(commonest_difference(&values, modulus, lag)),
            real(commonest_difference_threshold(
                differences,
                real(modulus),
                ALPHA,
            )),
            ALPHA,
        )
    }));
    rows
}

/// Tests the correlation of each value with the next, as a standard normal value.
pub(super) fn correlation(what: String, values: &[f64]) -> MeasureRow {
    let correlation = serial_correlation(values).map_or(f64::INFINITY, f64::abs);
    let threshold = normal_threshold(ALPHA);
    MeasureRow::at_most(what, values.len(), correlation, threshold, ALPHA)
}

fn value(digits: &[u8]) -> u64 {
    let last = digits.len().saturating_sub(DIGITS_MAX);
    let value = |sum: u64, digit: &u8| sum * 10 + u64::from(*digit);
    digits[last..].iter().fold(0, value)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::measure::statistics::NOMINAL_TOTAL;

    fn sample(mut code: impl FnMut(u32, &mut ChaCha8Rng) -> u32) -> Vec<Secret> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let code = (0..1000).map(|at| format!("{:06}", code(at, &mut rng) % 1_000_000));
        code.map(Secret::new).collect()
    }

    fn failing(codes: &[Secret]) -> Vec<String> {
        let rows = judge("sms", codes, 6, 5);
        let failing = rows.into_iter().filter(|row| !row.holds);
        failing.map(|row| row.what).collect()
    }

    #[test]
    fn a_fair_sample_passes_whatever_the_seed() {
        for seed in 0..20 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let code = (0..1000).map(|_| format!("{:06}", rng.random_range(0..1_000_000)));
            let codes: Vec<Secret> = code.map(Secret::new).collect();
            assert_eq!(failing(&codes), Vec::<String>::new(), "{seed}");
        }
    }

    #[test]
    fn biased_samples_fail_by_what_is_biased() {
        let table: [(&str, Vec<Secret>, &str); 7] = [
            (
                "the first digit is never 0",
                sample(|_, rng| rng.random_range(100_000..1_000_000)),
                "sms: chi-square of digit 1",
            ),
            (
                "always even",
                sample(|_, rng| rng.random_range(0..500_000) * 2),
                "sms: chi-square of digit 6",
            ),
            (
                "one after the other",
                sample(|at, _| 482_913 + at),
                "sms: commonest step between codes",
            ),
            (
                "far apart, always as far",
                sample(|at, _| at.wrapping_mul(387_421) % 1_000_000),
                "sms: commonest step between codes",
            ),
            (
                "always the same",
                sample(|_, _| 482_913),
                "sms: codes sent before",
            ),
            (
                "one of few",
                sample(|_, rng| rng.random_range(0..5000) * 199),
                "sms: codes sent before",
            ),
            (
                "a counter for each person",
                sample(|at, _| (at % 5) * 182_321 + at / 5 * 7919),
                "sms: commonest step of one person's codes",
            ),
        ];
        for (what, codes, expected) in table {
            let failing = failing(&codes);
            assert!(
                failing.iter().any(|row| row == expected),
                "{what}: {failing:?}"
            );
        }
    }

    #[test]
    fn what_is_no_code_of_the_declared_length_fails() {
        let mut codes = sample(|_, rng| rng.random_range(0..1_000_000));
        codes[500] = Secret::new("48291a");
        assert_eq!(failing(&codes), ["sms: digits of a code"]);
        let four: Vec<Secret> = vec![Secret::new("1234"); 1000];
        assert!(!judge("sms", &four, 4, 1)[0].holds);
        assert!(!judge("sms", &sample(|at, _| at), 8, 1)[0].holds);
    }

    #[test]
    fn two_channels_together_stay_far_below_one_false_alarm_in_a_million() {
        let codes: Vec<Secret> = (0..1000)
            .map(|at| Secret::new(format!("{at:010}")))
            .collect();
        let alarm: f64 = judge("sms", &codes, 10, 5)
            .iter()
            .filter_map(|row| row.false_alarm)
            .sum();
        assert!(2.0 * alarm <= NOMINAL_TOTAL / 2.0, "{alarm}");
    }

    #[test]
    fn no_row_tells_a_code() {
        let told = format!("{:?}", judge("sms", &sample(|_, _| 482_913), 6, 5));
        assert!(!told.contains("482913"), "{told}");
    }
}
