//! `proofup replay`: repeats counterexamples, and reports for each whether it is fixed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use proofup_files::suggest;
use proofup_judge::outcome::{CaseResult, Outcome};
use proofup_judge::report::words;
use proofup_runner::run::{RunConfig, RunOutput, Selection, TargetSession, run};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Scenario, Suite};
use tokio_util::sync::CancellationToken;

use crate::commands::suite;
use crate::commands::targeting::{TargetArguments, side_by_side};
use crate::failure::{EXIT_OK, Failure};
use crate::render::style::{bad, doubtful, good};
use crate::resolve::{self, TransportKind};
use crate::runtime::runtime;
use crate::shutdown::Signals;
use crate::{clock, terminal};

/// The exit code where a counterexample still fails.
const EXIT_FAILED: u8 = 1;

/// The exit code where a counterexample could not be judged.
const EXIT_ERROR: u8 = 3;

/// The exit code where the user ended it.
const EXIT_INTERRUPTED: u8 = 130;

/// The arguments of `proofup replay`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  proofup replay explore-1-17.toml\n  \
                        proofup replay explore-1-17.toml --fault code-accepted-twice\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup replay found/ --url http://127.0.0.1:8080\n\n\
                        Result of each file:\n  FIXED   every check passes\n  FAILED  a check fails\n  ERROR   it could not be judged\n\n\
                        Without --seed, the files run with the seed with which the first of them was found.\n\n\
                        Exit codes:\n    0  all are fixed\n    1  at least one still fails\n    2  wrong usage, an error in a file, or an unreachable target\n    \
                        3  none fails, but at least one could not be judged\n  130  interrupted")]
pub(crate) struct ReplayArguments {
    /// Scenario files, folders, or patterns such as 'found/*.toml'
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,

    /// Run only this row of a file with rows; repeatable
    #[arg(long, value_name = "NAME")]
    row: Vec<String>,

    #[command(flatten)]
    target: TargetArguments,
}

/// Replays, prints the result, and returns the exit code.
pub(crate) fn execute(arguments: &ReplayArguments) -> Result<u8, Failure> {
    let runtime = runtime()?;
    let output = runtime.block_on(replay(arguments));
    runtime.shutdown_background();
    let output = output?;
    let mut code = EXIT_OK;
    for case in &output.cases {
        let (word, why, its_code) = judged(case);
        terminal::result(&told(case, &word, &why))?;
        code = match (code, its_code) {
            (EXIT_FAILED, _) | (_, EXIT_FAILED) => EXIT_FAILED,
            (one, other) => one.max(other),
        };
    }
    Ok(if output.interrupted {
        EXIT_INTERRUPTED
    } else {
        code
    })
}

async fn replay(arguments: &ReplayArguments) -> Result<RunOutput, Failure> {
    let signals = Signals::listen()?;
    let clock = clock::machine();
    let catalogue = embedded_catalogue();
    let mut suite = suite::load(&arguments.files, None, &catalogue)?;
    keep_rows(&mut suite, &arguments.row)?;
    let spec = arguments.target.spec(TransportKind::Loopback)?;
    let resolved = resolve::resolve(spec, clock).await?;
    let config = RunConfig {
        session: TargetSession {
            seed: seed_of(arguments, &suite),
            ..resolved.session
        },
        suite: Arc::new(suite),
        catalogue: Arc::new(catalogue),
        jobs: side_by_side(None),
        selection: Selection::default(),
        trace: false,
        max_failures: None,
        deadline: None,
        probed: None,
    };
    let stop = CancellationToken::new();
    let running = run(config, |_| {}, &stop);
    let output = signals.stopping(&stop, running).await?;
    output.map_err(|error| spec.not_reached(&error))
}

/// Keeps only the scenarios of some rows, where rows were named.
fn keep_rows(suite: &mut Suite, named: &[String]) -> Result<(), Failure> {
    let rows = suite.scenarios.iter().filter_map(|one| one.row.as_deref());
    let rows: BTreeSet<&str> = rows.collect();
    if let Some(unknown) = named.iter().find(|row| !rows.contains(row.as_str())) {
        let help = match rows.is_empty() {
            true => "the files have no rows: leave `--row` out".to_owned(),
            false => suggest(unknown, rows),
        };
        return Err(Failure::usage(format!("unknown row `{unknown}`"), help));
    }
    let is_named = |one: &Scenario| one.row.as_ref().is_some_and(|row| named.contains(row));
    suite
        .scenarios
        .retain(|one| named.is_empty() || is_named(one));
    Ok(())
}

/// Returns the seed with which the first file was found, unless the command line gives another: people and codes are then
/// the same as they were.
fn seed_of(arguments: &ReplayArguments, suite: &Suite) -> u64 {
    let found = suite
        .scenarios
        .iter()
        .find_map(|scenario| scenario.found.as_ref());
    match (arguments.target.seed, found) {
        (1, Some(found)) => found.seed,
        (seed, _) => seed,
    }
}

/// Returns the result of a counterexample: the word, why, and its exit code.
fn judged(case: &CaseResult) -> (String, String, u8) {
    let failed = case.checks.iter().find_map(|check| match &check.outcome {
        Outcome::Failed(mismatches) => Some((check, mismatches)),
        _ => None,
    });
    if let Some((check, mismatches)) = failed {
        let mut why = format!("{} at {}:{}", check.slug, check.file, check.line);
        for mismatch in mismatches {
            let _ = write!(why, "\n  {}", words::mismatch(mismatch));
        }
        return (bad(&"FAILED"), why, EXIT_FAILED);
    }
    let stuck = case
        .checks
        .iter()
        .find(|check| !matches!(check.outcome, Outcome::Passed));
    if let Some(error) = &case.internal_error {
        return (doubtful(&"ERROR"), error.clone(), EXIT_ERROR);
    }
    match stuck {
        Some(check) => {
            let why = words::why(&check.outcome).unwrap_or_default();
            (
                doubtful(&"ERROR"),
                format!("{}: {why}", check.slug),
                EXIT_ERROR,
            )
        }
        None => (good(&"FIXED"), String::new(), EXIT_OK),
    }
}

/// Returns the result of a case in words: by its file, and of a row also by the id of its case.
fn told(case: &CaseResult, word: &str, why: &str) -> String {
    let (mut text, file) = (format!("{word}: {}", case.file), case.file.as_str());
    let stem = file.rsplit('/').next().unwrap_or(file);
    let stem = stem.strip_suffix(".toml").unwrap_or(stem);
    if case
        .id
        .strip_prefix(stem)
        .is_some_and(|rest| rest.starts_with('.'))
    {
        let _ = write!(text, " {}", case.id);
    }
    if !why.is_empty() {
        let _ = write!(text, "\n  {why}");
    }
    text.push('\n');
    text
}
