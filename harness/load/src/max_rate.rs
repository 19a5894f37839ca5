//! Searches the highest rate that meets the thresholds: doubling until one does not, then halving what lies between.

use super::plan::{LoadPlan, Overrides};
use super::report::{LoadReport, LoadVerdict};

/// What came of one rate.
#[derive(Debug, Clone, Copy)]
pub struct TriedRate<'a> {
    /// The rate.
    pub rate: f64,
    /// Every threshold held, and hardly an arrival was dropped.
    pub met: bool,
    /// More arrivals were dropped than may be.
    pub dropped: bool,
    /// The figures.
    pub report: &'a LoadReport,
}

/// What a search came to.
#[derive(Debug, Clone)]
pub enum RateSearchResult {
    /// It came to its end.
    Highest {
        /// The highest rate that met the thresholds; none: no rate did.
        rate: Option<f64>,
        /// The last rate at which the generator was the bottleneck.
        limited: Option<f64>,
    },
    /// A rate could not be judged by its thresholds: wrong answers, a target that is gone, somebody who ended the run.
    BrokenOff(Box<LoadReport>),
}

/// The share of arrivals that may be dropped: a rate that the accounts cannot carry is not carried.
const DROPPED: f64 = 0.01;

/// Searches the highest rate at which a plan meets its thresholds, beginning with the plan's own.
///
/// `play` plays a plan and tells what came of it; `told` is told of each rate. Each rate has people of its own, because a
/// target that keeps its users would refuse the same once more.
///
/// # Errors
/// What `play` or `told` give.
pub fn max_rate<E>(
    plan: &LoadPlan,
    exactness: f64,
    play: &mut dyn FnMut(&LoadPlan) -> Result<LoadReport, E>,
    told: &mut dyn FnMut(TriedRate<'_>) -> Result<(), E>,
) -> Result<RateSearchResult, E> {
    let start = plan.highest_rate().unwrap_or(10.0);
    let mut search = RateSearch::new(start, exactness);
    let mut limited = None;
    let mut seed = plan.seed;
    while let Some(rate) = search.next() {
        let tried = plan.clone().with(&Overrides {
            rate: Some(rate),
            seed: Some(seed),
            ..Overrides::default()
        });
        seed = seed.wrapping_add(1);
        let report = play(&tried)?;
        let counts = report.arrivals;
        let dropped = counts.dropped as f64 > counts.planned as f64 * DROPPED;
        let met = report.verdict == LoadVerdict::Passed && !dropped;
        told(TriedRate {
            rate,
            met,
            dropped,
            report: &report,
        })?;
        match report.verdict {
            LoadVerdict::Interrupted => return Ok(RateSearchResult::BrokenOff(Box::new(report))),
            // A target that carries nothing at a rate is not wrong: it is asked for less.
            LoadVerdict::Nonconforming if report.is_wrong() || report.target_gone() => {
                return Ok(RateSearchResult::BrokenOff(Box::new(report)));
            }
            LoadVerdict::GeneratorLimited => limited = Some(rate),
            LoadVerdict::Nonconforming | LoadVerdict::Passed | LoadVerdict::ThresholdBroken => {}
        }
        search.told(met);
    }
    Ok(RateSearchResult::Highest {
        rate: search.found(),
        limited,
    })
}

/// A search.
#[derive(Debug, Clone)]
pub struct RateSearch {
    next: Option<f64>,
    met: Option<f64>,
    missed: Option<f64>,
    exactness: f64,
    left: u32,
}

/// The most rates that are tried.
const TRIES: u32 = 24;

impl RateSearch {
    /// Begins at a rate; ends when the highest met and the lowest missed rate differ by less than `exactness`, such as 0.05.
    #[must_use]
    pub const fn new(start: f64, exactness: f64) -> Self {
        Self {
            next: Some(start),
            met: None,
            missed: None,
            exactness,
            left: TRIES,
        }
    }

    /// Returns the rate to try next; none: the search is over.
    #[must_use]
    pub const fn next(&self) -> Option<f64> {
        self.next
    }

    /// Takes what came of the rate that was tried.
    pub fn told(&mut self, met: bool) {
        let Some(rate) = self.next else { return };
        if met {
            self.met = Some(self.met.map_or(rate, |best| best.max(rate)));
        } else {
            self.missed = Some(self.missed.map_or(rate, |worst| worst.min(rate)));
        }
        self.left = self.left.saturating_sub(1);
        let next = match (self.met, self.missed) {
            (Some(met), None) => met * 2.0,
            (None, Some(missed)) => missed / 2.0,
            (Some(met), Some(missed)) if missed / met > 1.0 + self.exactness => {
                (met * missed).sqrt()
            }
            _ => {
                self.next = None;
                return;
            }
        };
        self.next = (self.left > 0 && next >= LOWEST).then_some(next);
    }

    /// Ends the search where trying further says nothing.
    pub const fn end(&mut self) {
        self.next = None;
    }

    /// Returns the highest rate that met the thresholds.
    #[must_use]
    pub const fn found(&self) -> Option<f64> {
        self.met
    }
}

/// No lower rate is tried: one arrival in ten seconds.
const LOWEST: f64 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn searched(start: f64, limit: f64) -> (Option<f64>, u32) {
        let mut search = RateSearch::new(start, 0.05);
        let mut tries = 0;
        while let Some(rate) = search.next() {
            search.told(rate <= limit);
            tries += 1;
        }
        (search.found(), tries)
    }

    #[test]
    fn the_limit_is_found_from_below_and_from_above() {
        for start in [10.0, 1000.0, 100_000.0] {
            let (found, tries) = searched(start, 777.0);
            let found = found.expect("there is a rate");
            assert!(found <= 777.0 && found > 777.0 / 1.06, "{found}");
            assert!(tries < 16, "{tries}");
        }
    }

    #[test]
    fn where_no_rate_will_do_none_is_found() {
        assert_eq!(searched(100.0, 0.0).0, None);
    }
}
