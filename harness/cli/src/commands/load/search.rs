//! `--find-max`: the highest rate that meets the thresholds.

use std::time::Duration;

use proofup_runner::load::Shard;
use proofup_runner::load::find::Search;
use proofup_runner::load::plan::{LoadPlan, Overrides};
use proofup_runner::load::report::Verdict;

use super::files::Files;
use super::{Work, loaded};
use crate::failure::{EXIT_OK, Failure};
use crate::render::load as render;
use crate::terminal;

/// How close the highest met and the lowest missed rate come.
const EXACTNESS: f64 = 0.05;

/// The share of arrivals that may be dropped: a rate that the accounts cannot carry is not carried.
const DROPPED: f64 = 0.01;

/// Searches, tells, and gives the exit code.
pub(super) fn execute(work: &Work<'_>, plan: &LoadPlan) -> Result<u8, Failure> {
    let start = plan.highest_rate().unwrap_or(10.0);
    let mut search = Search::new(start, EXACTNESS);
    let mut limited = None;
    while let Some(rate) = search.next() {
        let tried = plan.clone().with(&Overrides {
            rate: Some(rate),
            ..Overrides::default()
        });
        let output = loaded(work, &tried, Shard::WHOLE, &mut Files::default())?;
        let report = work.report(&tried, Shard::WHOLE, &output);
        let counts = report.arrivals;
        let dropped = counts.dropped as f64 > counts.planned as f64 * DROPPED;
        let met = report.verdict == Verdict::Passed && !dropped;
        terminal::result(&render::tried(rate, met, dropped, &report))?;
        match report.verdict {
            Verdict::Interrupted => return Ok(report.verdict.exit_code()),
            Verdict::Nonconforming => {
                terminal::result(&render::summary(&report, &output.figures.examples))?;
                return Ok(report.verdict.exit_code());
            }
            Verdict::GeneratorLimited => limited = Some(rate),
            Verdict::Passed | Verdict::ThresholdBroken => {}
        }
        search.told(met);
        // A moment for the machine to calm down: what was begun last may still be cleared away.
        std::thread::park_timeout(Duration::from_millis(200));
    }
    terminal::result(&render::found(search.found(), limited))?;
    let lowest_missed_is_ours =
        limited.is_some_and(|rate| search.found().is_none_or(|found| rate < found * 1.2));
    Ok(match search.found() {
        None => Verdict::ThresholdBroken.exit_code(),
        Some(_) if lowest_missed_is_ours => Verdict::GeneratorLimited.exit_code(),
        Some(_) => EXIT_OK,
    })
}
