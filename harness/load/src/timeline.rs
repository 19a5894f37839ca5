//! What happened when: one point a second, and coarser ones where a run takes long, so that memory stays flat.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened in one interval.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// When it begins, in seconds from the first arrival.
    pub at: f64,
    /// How long it is, in seconds.
    pub length: f64,
    /// Flows that began.
    pub started: u64,
    /// Verifications that were right.
    pub correct: u64,
    /// Flows with a wrong answer.
    pub wrong: u64,
    /// Flows that failed otherwise.
    pub failed: u64,
    /// Arrivals that could not start.
    pub dropped: u64,
    /// Flows under way at the end of the interval.
    pub under_way: u64,
    /// The median latency in milliseconds; none: nothing finished.
    pub p50_ms: Option<f64>,
    /// The 99th percentile in milliseconds.
    pub p99_ms: Option<f64>,
    /// The highest latency in milliseconds.
    pub max_ms: Option<f64>,
    /// Memory of the generator, in bytes.
    pub generator_bytes: Option<u64>,
    /// Memory of the target, in bytes, where it is a process of ours.
    pub target_bytes: Option<u64>,
}

/// The points of a run.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    points: Vec<Point>,
    /// How many intervals of a second one point holds.
    each: u32,
    filled: u32,
}

/// The most points that are kept.
const POINTS: usize = 600;

impl Timeline {
    /// Adds an interval.
    pub fn push(&mut self, point: Point) {
        let each = self.each.max(1);
        match self.points.last_mut() {
            Some(last) if self.filled < each => {
                *last = joined(last, &point);
                self.filled += 1;
                return;
            }
            _ => {}
        }
        if self.points.len() >= POINTS {
            self.points = self
                .points
                .chunks(2)
                .map(|pair| match pair {
                    [one, two] => joined(one, two),
                    rest => rest.first().copied().unwrap_or_default(),
                })
                .collect();
            self.each = each * 2;
        }
        self.points.push(point);
        self.filled = 1;
    }

    /// Returns the points in order.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }
}

/// Joins two intervals: counts add up, latencies are the worse ones.
fn joined(one: &Point, two: &Point) -> Point {
    let worse = |one: Option<f64>, two: Option<f64>| match (one, two) {
        (Some(one), Some(two)) => Some(one.max(two)),
        (one, two) => one.or(two),
    };
    Point {
        at: one.at,
        length: one.length + two.length,
        started: one.started + two.started,
        correct: one.correct + two.correct,
        wrong: one.wrong + two.wrong,
        failed: one.failed + two.failed,
        dropped: one.dropped + two.dropped,
        under_way: two.under_way,
        p50_ms: worse(one.p50_ms, two.p50_ms),
        p99_ms: worse(one.p99_ms, two.p99_ms),
        max_ms: worse(one.max_ms, two.max_ms),
        generator_bytes: two.generator_bytes.or(one.generator_bytes),
        target_bytes: two.target_bytes.or(one.target_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_its_counts_in_a_bounded_number_of_points() {
        let mut timeline = Timeline::default();
        for second in 0..10_000 {
            timeline.push(Point {
                at: f64::from(second),
                length: 1.0,
                correct: 3,
                max_ms: (second == 7).then_some(2000.0),
                ..Point::default()
            });
        }
        assert!(timeline.points().len() <= POINTS);
        let correct: u64 = timeline.points().iter().map(|point| point.correct).sum();
        assert_eq!(correct, 30_000);
        let length: f64 = timeline.points().iter().map(|point| point.length).sum();
        assert!((length - 10_000.0).abs() < 1e-6);
        assert_eq!(timeline.points()[0].max_ms, Some(2000.0));
    }
}
