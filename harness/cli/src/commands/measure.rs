//! `proofup measure`: what no single answer shows, and what nobody thought of asking.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use proofup_domain::clock::Clock;
use proofup_domain::fault::FaultName;
use proofup_runner::catalogue::embedded_catalogue;
use proofup_runner::measure::{
    Measure, MeasureConfig, MeasureReport, SAMPLES_MAX, SAMPLES_MIN, measure,
};
use proofup_runner::run::{RunConfig, Selection};
use proofup_runner::scenario::{Origin, Suite};
use tokio::sync::watch;
use url::Url;

use crate::commands::faults::no_such_fault;
use crate::commands::run::aim::{self, Aim, Goal};
use crate::commands::run::arguments::TransportKind;
use crate::commands::runtime;
use crate::commands::shutdown::Signals;
use crate::failure::Failure;
use crate::render::measure::{Repeats, Told, heading, summary};
use crate::render::style::quoted;
use crate::{clock, terminal};

/// How long what is under way may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Holds the arguments of `proofup measure`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup measure                              the built-in reference, everything\n  \
                        proofup measure --requirement API-1 --requests 500\n  \
                        proofup measure --fault biased-codes         see a fault found\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup measure --url http://127.0.0.1:8080\n\n\
                        Exit codes:\n    0  everything that was measured holds\n    1  a measurement fails\n    \
                        2  usage, or the target\n    3  something could not be measured\n  130  interrupted"
)]
pub(crate) struct MeasureArguments {
    /// The target file of the implementation to measure
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    target: Option<PathBuf>,

    /// Where the implementation is; without --target it speaks the contract as the reference does
    #[arg(long, value_name = "URL", help_heading = "Target")]
    url: Option<Url>,

    /// How requests reach the built-in reference: HTTP over loopback, or without a socket
    #[arg(long, value_enum, default_value_t = TransportKind::Loopback, value_name = "HOW", help_heading = "Target",
          conflicts_with_all = ["target", "url"])]
    transport: TransportKind,

    /// Plant a fault in the built-in reference, to see it found: a name of `proofup faults --list`
    #[arg(long, value_name = "NAME", help_heading = "Target", conflicts_with_all = ["target", "url"])]
    fault: Option<String>,

    /// Only these requirements: CODE-1, SIGN-8, CODE-10, API-1
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    requirement: Vec<Measured>,

    /// Of the drawn requests and shapes, only the one of this number
    #[arg(long, value_name = "N", help_heading = "Selection")]
    only: Option<usize>,

    /// Codes for each channel, and session tokens: 500 to 10000
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = samples, help_heading = "Measuring")]
    samples: usize,

    /// Malformed requests for each endpoint, and shapes near a code
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..),
          help_heading = "Measuring")]
    requests: u16,

    /// The seed of everything random
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        help_heading = "Measuring"
    )]
    seed: u64,
}

/// Names a requirement that is measured.
#[derive(Debug, Clone, Copy)]
struct Measured(Measure);

impl FromStr for Measured {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Measure::of(&text.to_ascii_uppercase()).map(Self);
        found.ok_or_else(|| {
            let known = Measure::ALL.map(Measure::requirement).join(", ");
            format!("only these are measured: {known}")
        })
    }
}

fn samples(text: &str) -> Result<usize, String> {
    let samples = text.parse().ok();
    samples
        .filter(|samples| (SAMPLES_MIN..=SAMPLES_MAX).contains(samples))
        .ok_or_else(|| format!("write a number from {SAMPLES_MIN} to {SAMPLES_MAX}"))
}

/// Measures, tells, and gives the exit code.
pub(crate) fn execute(arguments: &MeasureArguments) -> Result<u8, Failure> {
    let find = |name: &String| FaultName::from_word(name).ok_or_else(|| no_such_fault(name));
    let fault = arguments.fault.as_ref().map(find).transpose()?;
    let clock = clock::machine();
    let began = clock.now();
    let runtime = runtime()?;
    let measured = runtime.block_on(take(arguments, fault, clock.clone()));
    runtime.shutdown_background();
    let report = measured?;
    let wall = clock.now().duration_since(began).as_millis();
    terminal::result(&summary(&Told {
        report: &report,
        repeats: arguments,
        wall_ms: u64::try_from(wall).unwrap_or_default(),
    }))?;
    Ok(report.ending().exit_code())
}

async fn take(
    arguments: &MeasureArguments,
    fault: Option<FaultName>,
    clock: Clock,
) -> Result<MeasureReport, Failure> {
    let signals = Signals::listen()?;
    let goal = Goal {
        target: arguments.target.as_deref(),
        url: arguments.url.as_ref(),
        transport: arguments.transport,
        seed: arguments.seed,
    };
    let aim = aim::aim_planted(goal, fault, clock.clone()).await?;
    let config = arguments.config(&aim, clock);
    let measures = config.measures.iter().map(|one| one.requirement());
    terminal::result(&heading(
        aim.target.name(),
        &aim.place(),
        &measures.collect::<Vec<_>>(),
        fault,
    ))?;
    let progress = progress();
    let told = |what: &str| progress.set_message(format!("measuring {what}"));
    let (stop, stopped) = watch::channel(false);
    let measuring = measure(&config, &told, stopped);
    tokio::pin!(measuring);
    let measured = tokio::select! {
        measured = &mut measuring => measured,
        () = signals.requested() => {
            stop.send_replace(true);
            tokio::time::timeout(GRACE, measuring).await.map_err(|_| Failure::interrupted())?
        }
    };
    progress.finish_and_clear();
    measured.map_err(|error| goal.not_reached(&error))
}

fn progress() -> ProgressBar {
    if !terminal::is_watched() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

impl MeasureArguments {
    fn config(&self, aim: &Aim, clock: Clock) -> MeasureConfig {
        let asked: BTreeSet<Measure> = self.requirement.iter().map(|one| one.0).collect();
        let suite = Suite {
            scenarios: Vec::new(),
            hash: String::new(),
            origin: Origin::Embedded,
        };
        MeasureConfig {
            run: RunConfig {
                suite: Arc::new(suite),
                catalogue: Arc::new(embedded_catalogue()),
                target: Arc::new(aim.target.clone()),
                transport: aim.transport.clone(),
                callback_base: aim.callback_base.clone(),
                control_token: aim.control_token.clone(),
                seed: self.seed,
                jobs: 1,
                selection: Selection::default(),
                trace: false,
                max_failures: None,
                deadline: None,
                clock,
            },
            measures: if asked.is_empty() {
                Measure::ALL.into()
            } else {
                asked
            },
            samples: self.samples,
            requests: usize::from(self.requests),
            only: self.only,
        }
    }
}

impl Repeats for MeasureArguments {
    fn command(&self, requirement: &str, number: usize) -> String {
        let mut words = format!(
            "proofup measure --requirement {requirement} --seed {} --requests {} --only {number}",
            self.seed, self.requests
        );
        if let Some(target) = &self.target {
            let target = quoted(&target.display().to_string());
            words.push_str(&format!(" --target {target}"));
        }
        if let Some(url) = &self.url {
            words.push_str(&format!(" --url {}", quoted(url.as_str())));
        }
        if self.transport == TransportKind::InProcess {
            words.push_str(" --transport in-process");
        }
        if let Some(fault) = &self.fault {
            words.push_str(&format!(" --fault {}", quoted(fault)));
        }
        words
    }
}
