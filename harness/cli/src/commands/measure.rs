//! `proofup measure`: what no single answer shows, and what nobody thought of asking.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use proofup_domain::clock::Clock;
use proofup_explore::measure::{
    Measure, MeasureConfig, MeasureReport, SAMPLES_MAX, SAMPLES_MIN, measure,
};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_world::UnprovenMapping;
use tokio_util::sync::CancellationToken;

use crate::commands::targeting::{TargetArguments, probe, spinner};
use crate::failure::Failure;
use crate::render::measure::{MeasureSummary, RepeatRequest, heading, summary};
use crate::resolve::{self, ResolvedTarget, TransportKind};
use crate::runtime::runtime;
use crate::shutdown::Signals;
use crate::values::number;
use crate::{clock, terminal};

/// The arguments of `proofup measure`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup measure                              everything, against the built-in reference\n  \
                        proofup measure --requirement API-1 --requests 500\n  \
                        proofup measure --fault biased-codes         an example of a finding\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup measure --url http://127.0.0.1:8080\n\n\
                        Exit codes:\n    0  every measured requirement holds\n    1  at least one does not hold\n    \
                        2  wrong usage, an error in the target file, or an unreachable target\n    3  incomplete: something could not be measured\n  130  interrupted"
)]
pub(crate) struct MeasureArguments {
    #[command(flatten)]
    target: TargetArguments,

    /// Measure only these requirements: CODE-1, SIGN-8, SIGN-7, RESET-4, CODE-10, API-1
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Selection"
    )]
    requirement: Vec<MeasuredRequirement>,

    /// Send only the request with this number, as a finding names it
    #[arg(long, value_name = "N", value_parser = number(0, usize::MAX), help_heading = "Selection")]
    only: Option<usize>,

    /// Number of codes per channel and of session tokens, 500 to 10000; times are measured in half as many rounds
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = samples, help_heading = "Measuring")]
    samples: usize,

    /// Number of malformed requests per endpoint, and of malformed codes
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = number(1, u16::MAX),
          help_heading = "Measuring")]
    requests: u16,
}

/// A requirement that is measured.
#[derive(Debug, Clone, Copy)]
struct MeasuredRequirement(Measure);

impl FromStr for MeasuredRequirement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Measure::of(&text.to_ascii_uppercase()).map(Self);
        found.ok_or_else(|| {
            let known = Measure::ALL.map(Measure::requirement).join(", ");
            format!("write one of {known}")
        })
    }
}

fn samples(text: &str) -> Result<usize, String> {
    let samples = text.parse().ok();
    samples
        .filter(|samples| (SAMPLES_MIN..=SAMPLES_MAX).contains(samples))
        .ok_or_else(|| format!("write a number from {SAMPLES_MIN} to {SAMPLES_MAX}"))
}

/// Measures, prints the result, and returns the exit code.
pub(crate) fn execute(arguments: &MeasureArguments) -> Result<u8, Failure> {
    let clock = clock::machine();
    let began = clock.now();
    let runtime = runtime()?;
    let measured = runtime.block_on(take(arguments, clock.clone()));
    runtime.shutdown_background();
    let report = measured?;
    let wall = clock.now().duration_since(began).as_millis();
    terminal::result(&summary(&MeasureSummary {
        report: &report,
        repeats: arguments,
        wall_ms: u64::try_from(wall).unwrap_or_default(),
    }))?;
    Ok(report.ending().exit_code())
}

async fn take(arguments: &MeasureArguments, clock: Clock) -> Result<MeasureReport, Failure> {
    let signals = Signals::listen()?;
    let spec = arguments.target.spec(TransportKind::Loopback)?;
    let mut resolved = resolve::resolve(spec, clock).await?;
    let asked = arguments.measures();
    let measures = asked.iter().map(|one| one.requirement());
    terminal::result(&heading(
        &resolved.described(),
        &measures.collect::<Vec<_>>(),
        spec.fault,
    ))?;
    resolved.surround().await?;
    let progress = spinner();
    let told = |what: &str| progress.set_message(format!("measuring {what}"));
    let stop = CancellationToken::new();
    let measuring = async {
        let unproven = probe(&resolved, &spec, &stop).await?;
        let config = arguments.config(&resolved, unproven);
        let measured = measure(&config, &told, &stop).await;
        measured.map_err(|error| spec.not_reached(&error))
    };
    let measured = signals.stopping(&stop, measuring).await;
    progress.finish_and_clear();
    resolved.session.surroundings.stop().await;
    measured?
}

impl MeasureArguments {
    /// Returns what is measured: what is asked for, else everything.
    fn measures(&self) -> BTreeSet<Measure> {
        let asked: BTreeSet<Measure> = self.requirement.iter().map(|one| one.0).collect();
        if asked.is_empty() {
            Measure::ALL.into()
        } else {
            asked
        }
    }

    fn config(&self, resolved: &ResolvedTarget, unproven: UnprovenMapping) -> MeasureConfig {
        MeasureConfig {
            session: resolved.session.clone(),
            catalogue: Arc::new(embedded_catalogue()),
            unproven,
            measures: self.measures(),
            samples: self.samples,
            requests: usize::from(self.requests),
            only: self.only,
        }
    }
}

impl RepeatRequest for MeasureArguments {
    fn command(&self, requirement: &str, number: usize) -> String {
        let mut words = format!(
            "proofup measure --requirement {requirement} --seed {} --requests {} --only {number}",
            self.target.seed, self.requests
        );
        if self.target.transport == Some(TransportKind::InProcess) {
            words.push_str(" --transport in-process");
        }
        words + &self.target.words()
    }
}
