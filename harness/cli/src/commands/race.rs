//! `proofup race`: commands that are sent at the same moment, and whether some order explains what came back.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use proofup_domain::fault::FaultName;
use proofup_runner::catalogue::embedded_catalogue;
use proofup_runner::race::{Finding, RaceConfig, RaceOutput, race};
use proofup_runner::run::{RunConfig, Selection};
use proofup_runner::scenario::{Origin, Suite};
use tokio::sync::watch;
use url::Url;

use crate::commands::run::aim::{self, Aim, Goal};
use crate::commands::run::arguments::TransportKind;
use crate::commands::shutdown::Signals;
use crate::commands::{faults, processors, runtime};
use crate::failure::{EXIT_OK, Failure};
use crate::render::race::{Told, summary};
use crate::render::style::quoted;
use crate::{clock, terminal};

/// The exit code where something happened that no order explains.
const EXIT_VIOLATION: u8 = 1;

/// The exit code where a story could not be judged.
const EXIT_INCOMPLETE: u8 = 3;

/// The exit code where the user ended it.
const EXIT_INTERRUPTED: u8 = 130;

/// How long what is under way may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Histories side by side for each processor: while one waits for its answers, others are worked on.
const HISTORIES_PER_PROCESSOR: usize = 4;

/// Holds the arguments of `proofup race`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup race                                     the built-in reference, 1,000 histories over loopback\n  \
                        proofup race --histories 200 --seed 7\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup race --url http://127.0.0.1:8080\n  \
                        proofup race --fault double-accept --write found   what a violation looks like\n\n\
                        Exit codes:\n    0  some order explains every history\n    1  something happened that no order explains\n    \
                        2  usage, target file\n    3  a story could not be judged\n  130  interrupted"
)]
pub(crate) struct RaceArguments {
    /// The target file of the implementation to judge
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    target: Option<PathBuf>,

    /// Where the implementation is; without --target it speaks the contract as the reference does
    #[arg(long, value_name = "URL", help_heading = "Target")]
    url: Option<Url>,

    /// How requests reach the built-in reference: HTTP over loopback, or without a socket
    #[arg(long, value_enum, default_value_t = TransportKind::Loopback, value_name = "HOW", help_heading = "Target",
          conflicts_with_all = ["target", "url"])]
    transport: TransportKind,

    /// Plant a fault in the built-in reference, to see what is found; `proofup faults --list` lists them
    #[arg(long, value_name = "NAME", help_heading = "Target", conflicts_with_all = ["target", "url"])]
    fault: Option<String>,

    /// How many histories
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..),
          help_heading = "Running")]
    histories: u64,

    /// Histories side by side; default: four for each processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(NonZero<usize>), help_heading = "Running")]
    jobs: Option<NonZero<usize>>,

    /// The seed of everything random
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Running")]
    seed: u64,

    /// Write the scenario file of each violation below this folder
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Output")]
    write: PathBuf,
}

/// Races, tells, and gives the exit code.
pub(crate) fn execute(arguments: &RaceArguments) -> Result<u8, Failure> {
    let fault = arguments.fault.as_deref().map(faults::find).transpose()?;
    let clock = clock::machine();
    let began = clock.now();
    let runtime = runtime()?;
    let raced = runtime.block_on(judge(arguments, fault));
    runtime.shutdown_background();
    let output = raced?;
    let wall = clock.now().duration_since(began);
    let mut files = Vec::new();
    for finding in &output.findings {
        files.push(write(arguments, finding)?);
    }
    let again: Vec<Option<String>> = files
        .iter()
        .zip(&output.findings)
        .map(|(file, finding)| {
            let file = file.as_deref()?;
            Some(repeats(arguments, finding, file))
        })
        .collect();
    terminal::result(&summary(&Told {
        output: &output,
        again: &again,
        wall_ms: u64::try_from(wall.as_millis()).unwrap_or_default(),
    }))?;
    Ok(match (output.is_violated(), output.interrupted) {
        (_, true) => EXIT_INTERRUPTED,
        (true, false) => EXIT_VIOLATION,
        (false, false) if !output.unjudged().is_empty() => EXIT_INCOMPLETE,
        (false, false) => EXIT_OK,
    })
}

async fn judge(arguments: &RaceArguments, fault: Option<FaultName>) -> Result<RaceOutput, Failure> {
    let signals = Signals::listen()?;
    let clock = clock::machine();
    let goal = Goal {
        target: arguments.target.as_deref(),
        url: arguments.url.as_ref(),
        transport: arguments.transport,
        seed: arguments.seed,
    };
    let aim = aim::planted(goal, fault, clock.clone()).await?;
    let target = aim.target.name();
    terminal::result(&crate::render::race::heading(
        target,
        &aim.place(),
        arguments.histories,
    ))?;
    let config = config(arguments, &aim, clock);
    let progress = progress(arguments.histories);
    let (stop, stopped) = watch::channel(false);
    let shown = progress.clone();
    let racing = race(&config, move || shown.inc(1), stopped);
    tokio::pin!(racing);
    let raced = tokio::select! {
        raced = &mut racing => raced,
        () = signals.requested() => {
            stop.send_replace(true);
            tokio::time::timeout(GRACE, racing).await.map_err(|_| Failure::interrupted())?
        }
    };
    progress.finish_and_clear();
    raced.map_err(|error| goal.not_reached(&error))
}

fn config(arguments: &RaceArguments, aim: &Aim, clock: proofup_domain::clock::Clock) -> RaceConfig {
    let suite = Suite {
        scenarios: Vec::new(),
        hash: String::new(),
        origin: Origin::Embedded,
    };
    let jobs = || processors() * HISTORIES_PER_PROCESSOR;
    RaceConfig {
        run: RunConfig {
            suite: Arc::new(suite),
            catalogue: Arc::new(embedded_catalogue()),
            target: Arc::new(aim.target.clone()),
            transport: aim.transport.clone(),
            callback_base: aim.callback_base.clone(),
            control_token: aim.control_token.clone(),
            seed: arguments.seed,
            jobs: arguments.jobs.map_or_else(jobs, NonZero::get),
            selection: Selection::default(),
            trace: false,
            max_failures: None,
            deadline: None,
            clock,
        },
        histories: arguments.histories,
    }
}

fn progress(histories: u64) -> ProgressBar {
    let target = if terminal::is_watched() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(histories), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} histories  {eta}") {
        bar.set_style(style);
    }
    bar
}

/// Writes the scenario of a violation, if it has one.
fn write(arguments: &RaceArguments, finding: &Finding) -> Result<Option<PathBuf>, Failure> {
    let Some(scenario) = &finding.scenario else {
        return Ok(None);
    };
    let name = format!("proofup-race-{}-{}.toml", arguments.seed, finding.case);
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

/// Gives the command that lets a violation happen again.
fn repeats(arguments: &RaceArguments, finding: &Finding, file: &Path) -> String {
    if let Some(fault) = &arguments.fault {
        // The file knows nothing of the fault: without it, it passes.
        let (seed, case) = (arguments.seed, finding.case);
        return format!("proofup race --fault {fault} --seed {seed} --histories {case}");
    }
    let mut words = format!("proofup run {}", quoted(&file.display().to_string()));
    if let Some(target) = &arguments.target {
        words.push_str(&format!(
            " --target {}",
            quoted(&target.display().to_string())
        ));
    }
    if let Some(url) = &arguments.url {
        words.push_str(&format!(" --url {}", quoted(url.as_str())));
    }
    words
}
