//! `--find-max`: the highest rate that meets the thresholds.

use std::time::Duration;

use proofup_load::Shard;
use proofup_load::max_rate::{RateSearchResult, max_rate};
use proofup_load::plan::LoadPlan;
use proofup_load::report::LoadVerdict;

use super::files::Files;
use super::{LoadContext, loaded};
use crate::failure::{EXIT_OK, Failure};
use crate::render::load as render;
use crate::terminal;

/// How close the highest met and the lowest missed rate come.
const EXACTNESS: f64 = 0.05;

/// Searches, prints the result, and returns the exit code.
pub(super) fn execute(work: &LoadContext<'_>, plan: &LoadPlan) -> Result<u8, Failure> {
    let mut examples = Vec::new();
    let found = max_rate(
        plan,
        EXACTNESS,
        &mut |tried| {
            let output = loaded(work, tried, Shard::WHOLE, &mut Files::default())?;
            let report = work.report(tried, Shard::WHOLE, &output);
            examples = output.figures.examples;
            Ok(report)
        },
        &mut |tried| {
            terminal::result(&render::tried(&tried))?;
            // A moment for the machine to calm down: what was begun last may still be cleared away.
            std::thread::park_timeout(Duration::from_millis(200));
            Ok::<(), Failure>(())
        },
    )?;
    let (rate, limited) = match found {
        RateSearchResult::Highest { rate, limited } => (rate, limited),
        RateSearchResult::BrokenOff(report) => {
            if report.verdict != LoadVerdict::Interrupted {
                terminal::result(&render::summary(&report, &examples))?;
            }
            return Ok(report.verdict.exit_code());
        }
    };
    terminal::result(&render::found(rate, limited))?;
    let lowest_missed_is_ours =
        limited.is_some_and(|limit| rate.is_none_or(|rate| limit < rate * 1.2));
    Ok(match rate {
        None => LoadVerdict::ThresholdBroken.exit_code(),
        Some(_) if lowest_missed_is_ours => LoadVerdict::GeneratorLimited.exit_code(),
        Some(_) => EXIT_OK,
    })
}
