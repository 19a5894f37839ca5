//! The sign test on synthetic times: noise of every kind, with and without a difference.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;

/// What one test of one look is held to; see `FALSE_ALARM` of the comparison.
const STRICT: f64 = 1e-10;

/// Noise of a machine and a network, one value after the other, in nanoseconds.
struct Noise {
    kind: NoiseKind,
    rng: ChaCha8Rng,
    sent: u32,
    /// What lasts from one request to the next.
    state: f64,
}

#[derive(Debug, Clone, Copy)]
enum NoiseKind {
    /// A tail without a mean: Pareto with the exponent 0.9 above 0.1 ms.
    HeavyTail,
    /// Every third request waits for a time slice of 4 ms.
    Bimodal,
    /// The machine becomes slower by 0.1 ms with each request.
    Drift,
    /// What disturbs one request disturbs the next ones: busy for a while, quiet for a while.
    Lasting,
    /// Recorded times of sign-ins beside a busy loop, drawn again.
    Recorded,
}

const KINDS: [NoiseKind; 5] = [
    NoiseKind::HeavyTail,
    NoiseKind::Bimodal,
    NoiseKind::Drift,
    NoiseKind::Lasting,
    NoiseKind::Recorded,
];

impl Noise {
    fn new(kind: NoiseKind, seed: u64) -> Self {
        Self {
            kind,
            rng: ChaCha8Rng::seed_from_u64(seed),
            sent: 0,
            state: 0.0,
        }
    }

    fn next(&mut self) -> i64 {
        self.sent += 1;
        let even: f64 = self.rng.random();
        let milliseconds = match self.kind {
            NoiseKind::HeavyTail => 0.1 * (1.0 - even).powf(-1.0 / 0.9),
            NoiseKind::Bimodal if self.rng.random_bool(1.0 / 3.0) => 4.0 + 0.2 * even,
            NoiseKind::Bimodal => 0.2 + 0.1 * even,
            NoiseKind::Drift => 0.1 * f64::from(self.sent) + 0.2 * even,
            NoiseKind::Lasting => {
                if self.rng.random_bool(0.05) {
                    self.state = 6.0 * even;
                }
                self.state + 0.3 * self.rng.random::<f64>()
            }
            NoiseKind::Recorded => RECORDED[self.rng.random_range(0..RECORDED.len())] * 1e-3,
        };
        nanoseconds(milliseconds)
    }
}

fn nanoseconds(milliseconds: f64) -> i64 {
    // Far below what a float holds exactly.
    let text = format!("{:.0}", milliseconds * 1e6);
    text.parse().unwrap_or(i64::MAX / 4)
}

/// Times pairs whose second request takes `longer` more; the coin decides the order.
fn differences(pairs: usize, noise: &mut Noise, longer: impl Fn(usize) -> i64) -> Vec<i64> {
    let pair = |at| {
        let (first, second) = (noise.next(), noise.next());
        if noise.rng.random() {
            second + longer(at) - first
        } else {
            first + longer(at) - second
        }
    };
    (0..pairs).map(pair).collect()
}

#[test]
fn twenty_thousand_sound_servers_give_no_false_alarm() {
    for kind in KINDS {
        for seed in 0..4_000 {
            let times = differences(125, &mut Noise::new(kind, seed), |_| 0);
            let found = PairedTimes::of(&times, STRICT);
            assert_eq!(found.excess, None, "{kind:?} {seed}");
        }
    }
}

#[test]
fn the_rate_of_false_alarms_stays_below_its_bound() {
    // At a rate that can be seen, and with the largest difference that is tolerated. Eight tests share what is seen.
    for kind in KINDS {
        for tolerated in [0, TOLERATED, -TOLERATED] {
            let runs = 400;
            let alarms = (0..runs).filter(|seed| {
                let times = differences(60, &mut Noise::new(kind, *seed), |_| tolerated);
                PairedTimes::of(&times, 0.2 / f64::from(TESTS))
                    .excess
                    .is_some()
            });
            // 80 are expected at most; 125 come with a probability of one in ten million.
            let alarms = alarms.count();
            assert!(alarms < 125, "{kind:?} {tolerated}: {alarms} of {runs}");
        }
    }
}

#[test]
fn without_the_coin_drift_would_be_blamed() {
    // What the drawn order is for: always asking in the same order makes drift look like a difference.
    let mut noise = Noise::new(NoiseKind::Drift, 1);
    noise.sent = 0;
    let steep = |noise: &mut Noise| noise.next() * 40;
    let ordered: Vec<i64> = (0..125)
        .map(|_| {
            let first = steep(&mut noise);
            steep(&mut noise) - first
        })
        .collect();
    assert!(PairedTimes::of(&ordered, STRICT).excess.is_some());
}

/// Counts how many of 50 servers with the difference fail, after so many pairs.
fn caught(kind: NoiseKind, pairs: usize, longer: impl Fn(usize) -> i64) -> usize {
    let fails = |seed: &u64| {
        let times = differences(pairs, &mut Noise::new(kind, *seed), &longer);
        PairedTimes::of(&times, STRICT).excess.is_some()
    };
    (0..50).filter(fails).count()
}

#[test]
fn the_power_rises_with_the_difference_and_with_the_pairs() {
    for kind in KINDS {
        let at = |pairs, tenths: i64| caught(kind, pairs, |_| tenths * MILLISECOND / 10);
        // 30 ms, which a slow hash takes, are found in the first quarter of the smallest sample, amid anything.
        assert_eq!(at(62, 300), 50, "{kind:?}");
        assert_eq!(at(62, -300), 50, "{kind:?}");
        // 3 ms are found at the latest when all is in; so small a difference as is tolerated never is.
        assert_eq!(at(500, 30), 50, "{kind:?}");
        assert_eq!(at(500, 9), 0, "{kind:?}");
        let curve: Vec<usize> = [12, 15, 20, 25, 30].map(|tenths| at(125, tenths)).into();
        assert!(curve.is_sorted(), "{kind:?} {curve:?}");
    }
}

#[test]
fn what_is_said_to_be_seen_is_seen() {
    for kind in KINDS {
        for seed in 0..20 {
            let times = differences(250, &mut Noise::new(kind, seed), |_| 0);
            let found = PairedTimes::of(&times, STRICT);
            let seen = found.seen_from().expect("there are enough pairs");
            assert!(seen >= TOLERATED, "{kind:?} {seen}");
            // The same noise, and a difference of just this much.
            let shift = seen - found.median + 1;
            let later: Vec<i64> = times.iter().map(|time| time + shift).collect();
            let earlier: Vec<i64> = times
                .iter()
                .map(|time| time - seen - found.median - 1)
                .collect();
            for times in [later, earlier] {
                assert!(
                    PairedTimes::of(&times, STRICT).excess.is_some(),
                    "{kind:?} {seed}"
                );
            }
        }
    }
}

#[test]
fn a_part_of_the_answers_that_is_late_is_found() {
    // One in three is 30 ms late: the median hardly moves.
    let some_late = |at: usize| {
        if at.is_multiple_of(3) {
            30 * MILLISECOND
        } else {
            0
        }
    };
    for kind in [
        NoiseKind::Bimodal,
        NoiseKind::Drift,
        NoiseKind::Lasting,
        NoiseKind::Recorded,
    ] {
        assert_eq!(caught(kind, 250, some_late), 50, "{kind:?}");
        let times = differences(250, &mut Noise::new(kind, 1), some_late);
        let found = PairedTimes::of(&times, STRICT).excess.expect("it is found");
        assert_eq!(
            (found.is_later, found.apart),
            (true, 20 * MILLISECOND),
            "{kind:?}"
        );
    }
}

#[test]
fn too_few_pairs_say_nothing() {
    let few = PairedTimes::of(&[300 * MILLISECOND; 20], STRICT);
    assert_eq!(
        (few.interval, few.excess, few.seen_from()),
        (None, None, None)
    );
    let none = PairedTimes::of(&[], STRICT);
    assert_eq!((none.median, none.seen_from()), (0, None));
    // 2 to the power of -34 is 5.8e-11.
    assert!(
        PairedTimes::of(&[300 * MILLISECOND; 33], STRICT)
            .excess
            .is_none()
    );
    assert!(
        PairedTimes::of(&[300 * MILLISECOND; 34], STRICT)
            .excess
            .is_some()
    );
}

#[test]
fn the_bound_of_fair_coins_is_that_of_the_tables() {
    // 10 coins: 56 of 1,024 ways show 8 heads or more, 11 show 9 or more.
    assert!((chance(8, 10) - 56.0 / 1024.0).abs() < 1e-12);
    assert_eq!(most_by_chance(10, 0.06), Some(7));
    assert_eq!(most_by_chance(10, 0.05), Some(8));
    assert_eq!(most_by_chance(10, 1e-4), None);
    assert_eq!(most_by_chance(0, 0.05), None);
    // Far out in the tail, against the sum of exact powers of two: 100 coins, 90 heads or more.
    let ways = |heads: u32| {
        (0..heads).fold(1.0, |ways, at| {
            ways * f64::from(100 - at) / f64::from(at + 1)
        })
    };
    let exact: f64 = (90..=100).map(ways).sum::<f64>() / 2.0_f64.powi(100);
    assert!((chance(90, 100) / exact - 1.0).abs() < 1e-9, "{exact}");
}

/// Microseconds of refused sign-ins at the reference, over loopback, on two cores with a busy loop on each: the quantiles of
/// 1,800 in steps of 2.5 %.
const RECORDED: [f64; 40] = [
    315.0, 343.0, 362.0, 374.0, 387.0, 396.0, 404.0, 410.0, 417.0, 422.0, 427.0, 431.0, 434.0,
    439.0, 443.0, 447.0, 452.0, 457.0, 462.0, 468.0, 473.0, 479.0, 486.0, 493.0, 506.0, 517.0,
    528.0, 543.0, 562.0, 593.0, 640.0, 709.0, 836.0, 1030.0, 1911.0, 3063.0, 3806.0, 4497.0,
    8469.0, 20037.0,
];
