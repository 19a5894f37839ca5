//! Whether session tokens are different, long, and without sequence (SIGN-8).
//!
//! A token is looked at place by place, in the part that all tokens have. A place in which the symbol of one token says
//! something about that of the next belongs to a sequence: a counter, a time, a constant. What is left has to hold the
//! 64 bits by itself, and is tested as a number.

use std::collections::{BTreeMap, BTreeSet};

use proofup_domain::secret::Secret;

use super::codes::correlation;
use super::report::MeasureRow;
use super::statistics::{
    ALPHA, equal_steps, equal_steps_threshold, longest_run, longest_run_threshold, near_neighbours,
    near_neighbours_threshold, real, repeats,
};

/// The fewest bits of a token.
const BITS_MIN: f64 = 64.0;

/// What each place is held to: tokens have many places, and one false alarm among them costs its bits.
const ALPHA_OF_A_PLACE: f64 = 1e-11;

/// Symbols of a place that may be missing from the sample, as a share of the alphabet.
const MISSING: f64 = 0.1;

/// How near a token may be to the one before, as a share of the whole range.
const NEAR: f64 = 1e-6;

/// As many places as the 53 bits of a real number hold.
const NUMBER_PLACES: usize = 13;

/// Tests tokens in the order in which they were issued.
#[must_use]
pub fn judge(tokens: &[Secret]) -> Vec<MeasureRow> {
    let samples = tokens.len();
    let places = places(tokens);
    let alphabet: BTreeSet<char> = places
        .iter()
        .filter(|place| place.varies())
        .flat_map(|place| place.counts.keys().copied())
        .collect();
    let bits = |chosen: &mut dyn Iterator<Item = &Place>| -> f64 {
        chosen.map(|place| place.bits(alphabet.len())).sum()
    };
    let free: Vec<&Place> = places.iter().filter(|place| place.is_free()).collect();
    let repeated = repeats(tokens);
    // Two of so many equally likely values of 64 bits are equal.
    let pairs = real(samples as u64) * real(samples as u64) / 2.0;
    let places_false_alarm = real(places.len() as u64) * ALPHA_OF_A_PLACE;
    let unseen = unseen(alphabet.len(), samples, places.len());
    let mut rows = vec![
        MeasureRow::at_most(
            "tokens issued before",
            samples,
            real(repeated),
            0.0,
            pairs / BITS_MIN.exp2(),
        ),
        at_least("bits of a token", samples, bits(&mut places.iter()), unseen),
        at_least(
            "bits of it outside any sequence",
            samples,
            bits(&mut free.iter().copied()),
            unseen + places_false_alarm,
        ),
    ];
    if !free.is_empty() {
        rows.extend(as_numbers(&free, alphabet.len(), samples));
    }
    rows
}

fn at_least(what: &str, samples: usize, bits: f64, false_alarm: f64) -> MeasureRow {
    MeasureRow {
        what: what.to_owned(),
        samples,
        statistic: format!("{:.1}", bits.max(0.0) + 0.0),
        threshold: format!("at least {BITS_MIN:.0}"),
        false_alarm: Some(false_alarm),
        // What adds up to 64 may fall short of it by how real numbers are added.
        holds: bits >= BITS_MIN - 1e-6,
    }
}

/// Tests the free part of the tokens as numbers between 0 and 1.
fn as_numbers(free: &[&Place], alphabet: usize, samples: usize) -> Vec<MeasureRow> {
    let ranked: Vec<Vec<usize>> = (0..samples)
        .map(|token| free.iter().map(|place| place.rank(token)).collect())
        .collect();
    let base = real(alphabet.max(2) as u64);
    let number = |ranks: &Vec<usize>| {
        let digits = ranks.iter().take(NUMBER_PLACES).rev();
        digits.fold(0.0, |sum, rank| (sum + real(*rank as u64)) / base)
    };
    let numbers: Vec<f64> = ranked.iter().map(number).collect();
    vec![
        correlation("serial correlation of tokens".to_owned(), &numbers),
        MeasureRow::at_most(
            "longest run up or down",
            samples,
            real(longest_run(&ranked)),
            real(longest_run_threshold(samples, ALPHA)),
            ALPHA,
        ),
        MeasureRow::at_most(
            "tokens next to the one before",
            samples,
            real(near_neighbours(&numbers, NEAR)),
            real(near_neighbours_threshold(samples, NEAR, ALPHA)),
            ALPHA,
        ),
    ]
}

/// Bounds how often so many symbols of an alphabet stay unseen in one place that it loses bits.
fn unseen(alphabet: usize, samples: usize, places: usize) -> f64 {
    let alphabet = real(alphabet.max(2) as u64);
    let missing = (alphabet * MISSING).floor() + 1.0;
    let mut choices = 1.0;
    let mut chosen = 0.0;
    while chosen < missing {
        choices *= (alphabet - chosen) / (chosen + 1.0);
        chosen += 1.0;
    }
    let none = (1.0 - missing / alphabet).powf(real(samples as u64));
    (real(places as u64) * choices * none).min(1.0)
}

/// What stands in one place of every token, in order.
struct Place {
    symbols: Vec<char>,
    counts: BTreeMap<char, u64>,
}

impl Place {
    fn varies(&self) -> bool {
        self.counts.len() > 1
    }

    /// Returns the information of the place: that of the whole alphabet where nearly all of it was seen.
    fn bits(&self, alphabet: usize) -> f64 {
        let seen = real(self.counts.len() as u64);
        let alphabet = real(alphabet as u64);
        if self.varies() && seen >= alphabet * (1.0 - MISSING) {
            alphabet.log2()
        } else {
            seen.log2()
        }
    }

    /// Returns whether the place varies and no symbol says anything about the next.
    fn is_free(&self) -> bool {
        self.varies()
            && equal_steps(&self.symbols) <= equal_steps_threshold(&self.counts, ALPHA_OF_A_PLACE)
    }

    fn rank(&self, token: usize) -> usize {
        let symbol = self.symbols.get(token);
        let place = self.counts.keys().position(|one| Some(one) == symbol);
        place.unwrap_or_default()
    }
}

/// Takes the tokens apart, as far as the shortest reaches.
fn places(tokens: &[Secret]) -> Vec<Place> {
    let tokens: Vec<Vec<char>> = tokens
        .iter()
        .map(|token| token.expose().chars().collect())
        .collect();
    let length = tokens.iter().map(Vec::len).min().unwrap_or_default();
    let place = |at: usize| {
        let symbols: Vec<char> = tokens.iter().map(|token| token[at]).collect();
        let mut counts = BTreeMap::new();
        for symbol in &symbols {
            *counts.entry(*symbol).or_default() += 1;
        }
        Place { symbols, counts }
    };
    (0..length).map(place).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use rand::{Rng as _, RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::measure::statistics::NOMINAL_TOTAL;

    fn sample(seed: u64, mut token: impl FnMut(u64, &mut ChaCha8Rng) -> String) -> Vec<Secret> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..1000)
            .map(|at| Secret::new(token(at, &mut rng)))
            .collect()
    }

    fn failing(tokens: &[Secret]) -> Vec<String> {
        let rows = judge(tokens).into_iter().filter(|row| !row.holds);
        rows.map(|row| row.what).collect()
    }

    fn base64url<const N: usize>(rng: &mut ChaCha8Rng) -> String {
        let mut bytes = [0; N];
        rng.fill_bytes(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    #[test]
    fn sound_tokens_pass_in_every_spelling() {
        for seed in 0..10 {
            let spellings: [Vec<Secret>; 6] = [
                sample(seed, |_, rng| base64url::<24>(rng)),
                // Exactly 64 bits.
                sample(seed, |_, rng| base64url::<8>(rng)),
                sample(seed, |_, rng| format!("{:016x}", rng.random::<u64>())),
                sample(seed, |_, rng| format!("{:064b}", rng.random::<u64>())),
                sample(seed, |_, rng| format!("sess_{:020}", rng.random::<u64>())),
                // With a head, and a time that goes up.
                sample(seed, |at, rng| {
                    format!(
                        "eyJhbGciOi.{}.{}",
                        1_768_467_600 + at / 90,
                        base64url::<16>(rng)
                    )
                }),
            ];
            for (spelling, tokens) in spellings.iter().enumerate() {
                assert_eq!(failing(tokens), Vec::<String>::new(), "{seed} {spelling}");
            }
        }
    }

    #[test]
    fn short_and_sequential_tokens_fail() {
        let table: [(&str, Vec<Secret>, &str); 8] = [
            (
                "36 bits",
                sample(1, |_, rng| base64url::<24>(rng)[..6].to_owned()),
                "bits of a token",
            ),
            (
                "56 bits",
                sample(1, |_, rng| format!("{:014x}", rng.random::<u64>() >> 8)),
                "bits of a token",
            ),
            (
                "always the same",
                sample(1, |_, _| "c2Vzc2lvbg".to_owned()),
                "tokens issued before",
            ),
            (
                "some again",
                sample(1, |at, _| {
                    URL_SAFE_NO_PAD
                        .encode((at / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
                }),
                "tokens issued before",
            ),
            (
                "a counter",
                sample(1, |at, _| format!("{:032x}", u128::from(at) + (7 << 90))),
                "bits of a token",
            ),
            (
                "a counter of large steps",
                sample(1, |at, _| {
                    format!(
                        "{:032x}",
                        u128::from(at).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
                    )
                }),
                "bits of it outside any sequence",
            ),
            (
                "a counter in base64url",
                sample(1, |at, _| {
                    URL_SAFE_NO_PAD.encode((at.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes())
                }),
                "bits of it outside any sequence",
            ),
            (
                "a time and a little",
                sample(1, |at, rng| {
                    format!("{:010}{:08x}", 1_768_467_600 + at * 37, rng.random::<u32>())
                }),
                "bits of it outside any sequence",
            ),
        ];
        for (what, tokens, expected) in table {
            let failing = failing(&tokens);
            assert!(
                failing.iter().any(|row| row == expected),
                "{what}: {failing:?}"
            );
        }
    }

    #[test]
    fn false_alarms_add_up_to_little() {
        let tokens = sample(1, |_, rng| base64url::<24>(rng));
        let alarm: f64 = judge(&tokens)
            .iter()
            .filter_map(|row| row.false_alarm)
            .sum();
        assert!(alarm < NOMINAL_TOTAL / 5.0, "{alarm}");
        assert!(unseen(64, 500, 32) < NOMINAL_TOTAL / 100.0);
        assert!(unseen(16, 500, 32) < NOMINAL_TOTAL / 100.0);
    }

    #[test]
    fn no_row_tells_a_token() {
        let tokens = sample(1, |_, _| "c2Vzc2lvbg".to_owned());
        assert!(!format!("{:?}", judge(&tokens)).contains("c2Vz"));
    }
}
