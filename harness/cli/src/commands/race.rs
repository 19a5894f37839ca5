//! `proofup race`: commands that are sent at the same moment, and whether some order explains what came back.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use proofup_explore::race::{RaceConfig, RaceFinding, RaceOutput, race};
use proofup_scenario::catalogue::embedded_catalogue;
use tokio_util::sync::CancellationToken;

use crate::commands::targeting::{TargetArguments, probe, progress, side_by_side};
use crate::failure::{EXIT_OK, Failure};
use crate::render::race::{RaceSummary, summary};
use crate::render::style::quoted;
use crate::resolve::{self, TransportKind};
use crate::runtime::runtime;
use crate::shutdown::Signals;
use crate::values::number;
use crate::{clock, terminal};

/// The exit code where something happened that no order explains.
const EXIT_VIOLATION: u8 = 1;

/// The exit code where a story could not be judged.
const EXIT_INCOMPLETE: u8 = 3;

/// The exit code where the user ended it.
const EXIT_INTERRUPTED: u8 = 130;

/// The arguments of `proofup race`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup race                                     1,000 histories against the built-in reference\n  \
                        proofup race --histories 200 --seed 7\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup race --url http://127.0.0.1:8080\n  \
                        proofup race --fault double-accept --write found   an example of a finding\n\n\
                        A history is a few commands one after the other, then two to eight at the same moment, then some\n\
                        reads. It conforms if the oracle admits every answer in some order of the simultaneous commands\n\
                        (linearizability).\n\n\
                        Exit codes:\n    0  every history conforms\n    1  at least one does not; its counterexample was written to a file if it could be repeated\n    \
                        2  wrong usage, an error in the target file, or an unreachable target\n    3  incomplete: some kind of history could never be judged\n  130  interrupted"
)]
pub(crate) struct RaceArguments {
    #[command(flatten)]
    target: TargetArguments,

    /// Number of histories
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = number(1, u64::MAX),
          help_heading = "Running")]
    histories: u64,

    /// Number of histories in parallel [default: 4 per processor]
    #[arg(long, value_name = "N", value_parser = number(1, u16::MAX), help_heading = "Running")]
    jobs: Option<u16>,

    /// The folder for counterexamples
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Output")]
    write: PathBuf,
}

/// Races, prints the result, and returns the exit code.
pub(crate) fn execute(arguments: &RaceArguments) -> Result<u8, Failure> {
    let clock = clock::machine();
    let began = clock.now();
    let runtime = runtime()?;
    let raced = runtime.block_on(judge(arguments));
    runtime.shutdown_background();
    let output = raced?;
    let wall = clock.now().duration_since(began);
    let mut files = Vec::new();
    for finding in &output.findings {
        files.push(write(arguments, finding)?);
    }
    let repeats: Vec<Option<String>> = files
        .iter()
        .map(|file| Some(repeat(arguments, file.as_deref()?)))
        .collect();
    terminal::result(&summary(&RaceSummary {
        output: &output,
        repeats: &repeats,
        wall_ms: u64::try_from(wall.as_millis()).unwrap_or_default(),
    }))?;
    Ok(match (output.is_violated(), output.interrupted) {
        (_, true) => EXIT_INTERRUPTED,
        (true, false) => EXIT_VIOLATION,
        (false, false) if !output.unjudged().is_empty() => EXIT_INCOMPLETE,
        (false, false) => EXIT_OK,
    })
}

async fn judge(arguments: &RaceArguments) -> Result<RaceOutput, Failure> {
    let signals = Signals::listen()?;
    let clock = clock::machine();
    let spec = arguments.target.spec(TransportKind::Loopback)?;
    let mut resolved = resolve::resolve(spec, clock).await?;
    terminal::result(&crate::render::race::heading(
        &resolved.described(),
        arguments.histories,
    ))?;
    resolved.surround().await?;
    let progress = progress(arguments.histories, "histories");
    let stop = CancellationToken::new();
    let shown = progress.clone();
    let racing = async {
        let config = RaceConfig {
            unproven: probe(&resolved, &spec, &stop).await?,
            session: resolved.session.clone(),
            catalogue: Arc::new(embedded_catalogue()),
            jobs: side_by_side(arguments.jobs),
            histories: arguments.histories,
        };
        let raced = race(&config, move || shown.inc(1), &stop).await;
        raced.map_err(|error| spec.not_reached(&error))
    };
    let raced = signals.stopping(&stop, racing).await;
    progress.finish_and_clear();
    resolved.session.surroundings.stop().await;
    raced?
}

/// Writes the scenario of a violation, if it has one.
fn write(arguments: &RaceArguments, finding: &RaceFinding) -> Result<Option<PathBuf>, Failure> {
    let Some(scenario) = &finding.scenario else {
        return Ok(None);
    };
    let name = format!(
        "proofup-race-{}-{}.toml",
        arguments.target.seed, finding.case
    );
    let file = arguments.write.join(name);
    let written = fs::create_dir_all(&arguments.write).and_then(|()| fs::write(&file, scenario));
    written.map_err(|error| {
        Failure::usage(
            format!("could not write `{}`: {error}", file.display()),
            "name a folder that can be written to with --write",
        )
    })?;
    Ok(Some(file))
}

/// Returns the command that repeats a violation.
fn repeat(arguments: &RaceArguments, file: &Path) -> String {
    let words = arguments.target.words();
    format!("proofup run {}{words}", quoted(&file.display().to_string()))
}
