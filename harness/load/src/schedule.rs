//! When flows begin: the arrivals of an open loop, one after the other.
//!
//! The whole schedule is worked out by every shard in the same way, and each takes its own part of it: arrival *k* belongs to
//! shard *k* mod *n*. So shards are disjoint, and together they are the plan.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::flow::FlowName;
use super::plan::{Arrivals, LoadPlan, Spacing, Stop, Stretch};

/// One part of several that together are a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 0.
    pub index: u32,
    /// How many parts.
    pub of: u32,
}

impl Shard {
    /// The whole run.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Returns whether the part holds the *k*th of something.
    #[must_use]
    pub fn holds(self, k: u64) -> bool {
        k % u64::from(self.of.max(1)) == u64::from(self.index)
    }

    /// Counts how many of the first `count` the part holds.
    #[must_use]
    pub fn part_of(self, count: u64) -> u64 {
        let of = u64::from(self.of.max(1));
        count / of + u64::from(count % of > u64::from(self.index))
    }
}

/// One arrival.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Arrival {
    /// Its place in the plan, from 0.
    pub(crate) number: u64,
    /// When, after the beginning.
    pub(crate) at: Duration,
    /// What begins.
    pub(crate) flow: FlowName,
}

/// Goes through the arrivals of one part of a plan, in order of time.
#[derive(Debug)]
pub(crate) struct Schedule {
    draws: Draws,
    shard: Shard,
    stop: Stop,
    spacing: Spacing,
    rng: ChaCha8Rng,
    rate: Rate,
    next: u64,
    /// The arrivals that the rate calls for up to here.
    passed: f64,
}

impl Schedule {
    /// Begins the schedule of a plan; none: a closed loop has none.
    pub(crate) fn new(plan: &LoadPlan, shard: Shard) -> Option<Self> {
        let Arrivals::Open { rate, spacing } = plan.arrivals else {
            return None;
        };
        Some(Self {
            draws: Draws::new(plan),
            shard,
            stop: plan.stop,
            spacing,
            rng: ChaCha8Rng::seed_from_u64(plan.seed ^ ARRIVALS),
            rate: Rate::new(rate, &plan.ramp),
            next: 0,
            passed: 0.0,
        })
    }

    /// Returns the next arrival of the whole plan.
    fn any(&mut self) -> Option<Arrival> {
        let number = self.next;
        if matches!(self.stop, Stop::Flows(flows) if number >= flows) {
            return None;
        }
        self.passed = match self.spacing {
            Spacing::Constant => number as f64,
            // A draw of 0 would be an infinite wait.
            Spacing::Poisson => {
                let draw: f64 = self.rng.random_range(f64::MIN_POSITIVE..1.0);
                self.passed - draw.ln()
            }
        };
        let at = self.rate.when(self.passed)?;
        if matches!(self.stop, Stop::After(after) if at >= after) {
            return None;
        }
        self.next += 1;
        Some(Arrival {
            number,
            at,
            flow: self.draws.flow(number),
        })
    }
}

impl Iterator for Schedule {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        loop {
            let arrival = self.any()?;
            if self.shard.holds(arrival.number) {
                return Some(arrival);
            }
        }
    }
}

const ARRIVALS: u64 = 0x6172_7269_7661_6c73;
const MIX: u64 = 0x6d69_785f_6d69_785f;
const WRONG: u64 = 0x7772_6f6e_675f_5f5f;
const REUSED: u64 = 0x7265_7573_6564_5f5f;

/// How many of the first arrivals try a code that must be refused.
const FIRST: u64 = 20;

/// Draws what belongs to an arrival from its number alone, so that no part has to know of the others.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    seed: u64,
    mix: Vec<(FlowName, u64)>,
    weights: u64,
    wrong_code: f64,
    reused_code: f64,
}

impl Draws {
    pub(crate) fn new(plan: &LoadPlan) -> Self {
        let mut weights = 0;
        let mix = plan
            .mix
            .iter()
            .map(|(flow, weight)| {
                weights += u64::from(*weight);
                (*flow, weights)
            })
            .collect();
        Self {
            seed: plan.seed,
            mix,
            weights,
            wrong_code: plan.wrong_code,
            reused_code: plan.reused_code,
        }
    }

    /// Draws the flow of an arrival, by the weights of the mix.
    pub(crate) fn flow(&self, number: u64) -> FlowName {
        let draw = mixed(self.seed ^ MIX, number) % self.weights.max(1);
        self.mix
            .iter()
            .find(|(_, up_to)| draw < *up_to)
            .map_or(FlowName::SignIn, |(flow, _)| *flow)
    }

    /// Draws whether an arrival tries a wrong code.
    ///
    /// Of the first arrivals every other one does, so that no run is too short to have tried.
    pub(crate) fn tries_wrong_code(&self, number: u64) -> bool {
        let first = number < FIRST && number.is_multiple_of(2) && self.wrong_code > 0.0;
        first || unit(mixed(self.seed ^ WRONG, number)) < self.wrong_code
    }

    /// Draws whether an arrival tries its code again; of the first arrivals every other one does.
    pub(crate) fn tries_code_again(&self, number: u64) -> bool {
        let first = number < FIRST && number % 2 == 1 && self.reused_code > 0.0;
        first || unit(mixed(self.seed ^ REUSED, number)) < self.reused_code
    }
}

/// Mixes two numbers (`SplitMix64`).
fn mixed(seed: u64, number: u64) -> u64 {
    let mut z = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Brings a number between 0 and 1.
fn unit(draw: u64) -> f64 {
    (draw >> 11) as f64 / (1_u64 << 53) as f64
}

/// The rate over time: straight lines, and a constant at the end.
#[derive(Debug)]
struct Rate {
    pieces: Vec<RateSegment>,
    last: RateSegment,
}

/// One straight line of the rate.
#[derive(Debug, Clone, Copy)]
struct RateSegment {
    /// When it begins, in seconds.
    from: f64,
    /// The arrivals before it.
    before: f64,
    rate: f64,
    to: f64,
    length: f64,
}

impl Rate {
    fn new(rate: f64, ramp: &[Stretch]) -> Self {
        let mut pieces = Vec::new();
        let (mut from, mut before, mut at) = (0.0, 0.0, rate);
        for stretch in ramp {
            let length = stretch.over.as_secs_f64();
            if length > 0.0 {
                pieces.push(RateSegment {
                    from,
                    before,
                    rate: at,
                    to: stretch.to,
                    length,
                });
            }
            before += (at + stretch.to) / 2.0 * length;
            from += length;
            at = stretch.to;
        }
        let last = RateSegment {
            from,
            before,
            rate: at,
            to: at,
            length: f64::INFINITY,
        };
        Self { pieces, last }
    }

    /// Returns when so many arrivals have passed; none: never, because the rate has come down to 0.
    fn when(&self, passed: f64) -> Option<Duration> {
        let within = |piece: &&RateSegment| {
            passed < piece.before + (piece.rate + piece.to) / 2.0 * piece.length
        };
        let piece = self.pieces.iter().find(within).unwrap_or(&self.last);
        let left = (passed - piece.before).max(0.0);
        let slope = if piece.length.is_finite() {
            (piece.to - piece.rate) / piece.length
        } else {
            0.0
        };
        let after = if slope.abs() < 1e-12 {
            left / piece.rate
        } else {
            // The stable form of the quadratic's root: rate·t + slope·t²/2 = left.
            let root = (piece.rate * piece.rate + 2.0 * slope * left)
                .max(0.0)
                .sqrt();
            2.0 * left / (piece.rate + root)
        };
        // The first arrival of a rate that begins at 0 comes at once: 0/0. Where the rate stays 0 nobody comes.
        let comes = piece.rate > 0.0 || slope > 0.0;
        let after = if left == 0.0 && comes { 0.0 } else { after };
        Duration::try_from_secs_f64(piece.from + after).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::plan::read;

    fn plan(arrivals: &str, rest: &str) -> LoadPlan {
        let text = format!(
            "arrivals = {{ {arrivals} }}\nstop = {{ after = \"10s\" }}\nmix = {{ enrollText = 1, signIn = 3 }}\n{rest}"
        );
        read("plan.toml", &text).expect("the plan is right")
    }

    fn times(plan: &LoadPlan) -> Vec<f64> {
        Schedule::new(plan, Shard::WHOLE)
            .expect("an open loop")
            .map(|arrival| arrival.at.as_secs_f64())
            .collect()
    }

    #[test]
    fn a_constant_rate_is_evenly_spaced_from_the_beginning() {
        let times = times(&plan("rate = \"20/s\"", ""));
        assert_eq!(times.len(), 200);
        assert_eq!(times.first(), Some(&0.0));
        assert!((times[199] - 9.95).abs() < 1e-9);
    }

    #[test]
    fn poisson_arrivals_come_at_the_rate_and_are_the_same_for_a_seed() {
        let poisson = plan("rate = \"400/s\", spacing = \"poisson\"", "");
        let [one, two] = [times(&poisson), times(&poisson)];
        assert_eq!(one, two);
        assert!((3700..4300).contains(&one.len()), "{}", one.len());
        assert!(one.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn a_ramp_goes_in_straight_lines_and_stays_at_its_end() {
        let times = times(&plan(
            "rate = \"10/s\"",
            "ramp = [{ to = \"30/s\", over = \"4s\" }, { to = \"30/s\", over = \"1s\" }]",
        ));
        // 80 in the first four seconds, then 30 a second for six.
        assert_eq!(times.len(), 80 + 180);
        let up_to_two = times.iter().filter(|at| **at < 2.0).count();
        assert_eq!(up_to_two, 30);
    }

    #[test]
    fn a_rate_that_comes_down_to_nothing_ends() {
        let times = times(&plan(
            "rate = \"10/s\"",
            "ramp = [{ to = \"0/s\", over = \"2s\" }]",
        ));
        assert_eq!(times.len(), 10);
    }

    #[test]
    fn shards_are_disjoint_and_together_the_plan() {
        let plan = plan("rate = \"100/s\", spacing = \"poisson\"", "");
        let whole: Vec<Arrival> = Schedule::new(&plan, Shard::WHOLE)
            .expect("an open loop")
            .collect();
        let mut parts: Vec<Arrival> = (0..3)
            .flat_map(|index| Schedule::new(&plan, Shard { index, of: 3 }).expect("an open loop"))
            .collect();
        parts.sort_by_key(|arrival| arrival.number);
        assert_eq!(whole, parts);
    }

    #[test]
    fn the_mix_follows_its_weights() {
        let draws = Draws::new(&plan("rate = \"1/s\"", ""));
        let mut counts: BTreeMap<FlowName, u32> = BTreeMap::new();
        for number in 0..10_000 {
            *counts.entry(draws.flow(number)).or_default() += 1;
        }
        let text = counts[&FlowName::EnrollText];
        assert!((2300..2700).contains(&text), "{text}");
        let wrong = (0..10_000).filter(|n| draws.tries_wrong_code(*n)).count();
        assert!((60..140).contains(&wrong), "{wrong}");
    }

    #[test]
    fn parts_of_a_number_sum_up_to_it() {
        for count in [0, 1, 7, 8, 1001] {
            let sum: u64 = (0..4)
                .map(|index| Shard { index, of: 4 }.part_of(count))
                .sum();
            assert_eq!(sum, count);
        }
    }
}
