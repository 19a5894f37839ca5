//! `--save-baseline` and `--baseline`: a result kept for another day, with what a fixed yardstick measured beside it.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use proofup_binding::{TransportOptions, loopback_transport};
use proofup_load::baseline::{Baseline, BaselineError};
use proofup_load::compare::Relation;
use proofup_load::report::LoadReport;
use tower::ServiceExt as _;
use url::Url;

use super::arguments::LoadArguments;
use super::subject;
use crate::failure::{EXIT_OK, Failure, read_text};
use crate::render::load as render;
use crate::{clock, terminal};

/// The chance that the interval of the ratio misses it.
const LEVEL: f64 = 0.01;

/// Connections of the yardstick, how long one of its rounds is, and how many there are.
const CONNECTIONS: usize = 16;
const ROUND: Duration = Duration::from_millis(500);
const ROUNDS: usize = 3;

/// Reads the baseline that the command line names, before anything runs.
pub(super) fn read(arguments: &LoadArguments) -> Result<Option<Baseline>, Failure> {
    let Some(file) = &arguments.baseline else {
        return Ok(None);
    };
    let path = file.display();
    let help = "name a file that `proofup load --save-baseline FILE` wrote";
    let text = read_text("the baseline", file, help)?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| Failure::usage(format!("`{path}` is not a baseline: {error}"), help))
}

/// Measures the yardstick, where a baseline is kept or held to: requests per second of a server that does nothing.
pub(super) fn yardstick(arguments: &LoadArguments) -> Result<Option<f64>, Failure> {
    if arguments.baseline.is_none() && arguments.save_baseline.is_none() {
        return Ok(None);
    }
    let (_server, base) = subject::hello()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::bug(format!("no runtime: {error}")))?;
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|_| runtime.block_on(round(&base)))
        .collect();
    rates.sort_by(f64::total_cmp);
    Ok(rates.get(ROUNDS / 2).copied())
}

async fn round(base: &Url) -> f64 {
    let clock = clock::machine();
    let begun = clock.now();
    let passed = || Duration::try_from(clock.now().duration_since(begun)).unwrap_or_default();
    let one = || async {
        let transport = loopback_transport(base, TransportOptions::default());
        let mut answered = 0_u64;
        while passed() < ROUND {
            let request = http::Request::post(base.as_str()).body(Bytes::from_static(b"{}"));
            let Ok(request) = request else { break };
            if transport.clone().oneshot(request).await.is_err() {
                break;
            }
            answered += 1;
        }
        answered
    };
    let ones = std::iter::repeat_with(one).take(CONNECTIONS);
    let answered: u64 = join_all(ones).await.into_iter().sum();
    answered as f64 / passed().as_secs_f64().max(1e-9)
}

/// Saves the result, or compares it with the saved one; returns the exit code of the comparison.
pub(super) fn after(
    arguments: &LoadArguments,
    report: LoadReport,
    before: Option<f64>,
    kept: Option<Baseline>,
) -> Result<Option<u8>, Failure> {
    let Some(before) = before else {
        return Ok(None);
    };
    // Before and after the run: what happened to the machine meanwhile counts.
    let now = yardstick(arguments)?.unwrap_or(before);
    let yardstick = f64::midpoint(before, now);
    let mut code = None;
    if let Some(kept) = kept {
        let held = kept
            .hold(&report, yardstick, arguments.within, LEVEL)
            .map_err(|error| refused(&error))?;
        terminal::result(&render::held(&held, arguments.within))?;
        code = Some(match held.relation {
            Relation::Faster | Relation::Same => EXIT_OK,
            Relation::Inconclusive => 3,
            Relation::Slower => 5,
        });
    }
    if let Some(file) = &arguments.save_baseline {
        save(file, &Baseline::new(report, yardstick))?;
    }
    Ok(code)
}

/// A failure because a baseline and a result cannot be compared.
pub(super) fn refused(error: &BaselineError) -> Failure {
    Failure::usage(
        error.to_string(),
        "compare on the same machine, with the same plan and target; or save a new baseline",
    )
}

fn save(file: &Path, baseline: &Baseline) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(baseline)
        .map_err(|error| Failure::bug(format!("the baseline cannot be written: {error}")))?;
    std::fs::write(file, format!("{text}\n")).map_err(|error| {
        Failure::usage(
            format!("could not write `{}`: {error}", file.display()),
            "name a file that can be written to with --save-baseline",
        )
    })
}
