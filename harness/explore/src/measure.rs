//! Measuring: what no single answer shows, and what nobody thought of asking.
//!
//! Codes and tokens are judged by their statistics ([`codes`], [`tokens`]), and so is the time of refusals (`time`). Shapes
//! near a code and malformed requests are drawn from the seed and sent ([`shapes`], [`malformed`]). `proofup run --full` and
//! `proofup faults` call [`measure`] like the command does.
//!
//! **Invariant:** codes and tokens are secrets: a measurement tells counts, statistics and masked exchanges only.

pub mod codes;
mod collect;
mod draw;
pub mod malformed;
mod openapi;
mod report;
mod sample;
pub mod shapes;
pub mod statistics;
mod time;
pub mod tokens;

use std::collections::BTreeSet;
use std::sync::Arc;

use proofup_domain::capabilities::Capabilities;
use proofup_domain::requirement::Catalogue;
use proofup_world::UnprovenMapping;
use proofup_world::bounds::TargetBounds;
use proofup_world::context::RunContext;
use proofup_world::session::{RunError, TargetSession, read_capabilities};
use tokio_util::sync::CancellationToken;

pub use report::{
    MeasureEnding, MeasureFinding, MeasureJudgement, MeasureReport, MeasureRow, Measured,
};
use time::TimedRefusal;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Codes show no bias. Requirement: `CODE-1`.
    Codes,
    /// Session tokens are different, long, and without sequence. Requirement: `SIGN-8`.
    Tokens,
    /// The time of a refused sign-in tells no users apart. Requirement: `SIGN-7`.
    SignInTime,
    /// The time of a refused reset tells no users apart. Requirement: `RESET-4`.
    ResetTime,
    /// Shapes near a code are refused. Requirement: `CODE-10`.
    CodeShapes,
    /// Malformed input is refused by every endpoint. Requirement: `API-1`.
    MalformedInput,
}

impl Measure {
    /// Lists them all, in the order in which they are taken.
    pub const ALL: [Self; 6] = [
        Self::Codes,
        Self::Tokens,
        Self::SignInTime,
        Self::ResetTime,
        Self::CodeShapes,
        Self::MalformedInput,
    ];

    /// Returns the name of the requirement that is judged.
    #[must_use]
    pub const fn requirement(self) -> &'static str {
        match self {
            Self::Codes => "CODE-1",
            Self::Tokens => "SIGN-8",
            Self::SignInTime => "SIGN-7",
            Self::ResetTime => "RESET-4",
            Self::CodeShapes => "CODE-10",
            Self::MalformedInput => "API-1",
        }
    }

    /// Finds what judges a requirement.
    #[must_use]
    pub fn of(requirement: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|measure| measure.requirement() == requirement)
    }
}

/// The fewest samples from which anything can be told: below, alphabets are not seen whole.
pub const SAMPLES_MIN: usize = 500;

/// The largest number of samples.
pub const SAMPLES_MAX: usize = 10_000;

/// What to measure, of whom, and how much.
#[derive(Debug, Clone)]
pub struct MeasureConfig {
    /// Whom to measure, and by which seed.
    pub session: TargetSession,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// What the doctor found that the target file does not carry: it is not measured.
    pub unproven: UnprovenMapping,
    /// What to measure.
    pub measures: BTreeSet<Measure>,
    /// Codes for each channel, and tokens: [`SAMPLES_MIN`] to [`SAMPLES_MAX`]. Times are taken in half as many rounds, in at
    /// most 500.
    pub samples: usize,
    /// Malformed requests for each endpoint, and shapes of a code.
    pub requests: usize,
    /// Of the drawn requests and shapes, only the one of this number.
    pub only: Option<usize>,
}

/// Takes every measure asked for; `told` hears what goes on, `stop` ends it early.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn measure(
    config: &MeasureConfig,
    told: &(dyn Fn(&str) + Send + Sync),
    stop: &CancellationToken,
) -> Result<MeasureReport, RunError> {
    let capabilities = read_capabilities(&config.session).await?;
    Ok(measure_declared(config, &capabilities, told, stop).await)
}

/// Measures as [`measure`] does a target whose capabilities are known: nothing is probed (`decisions.md` 8).
pub async fn measure_declared(
    config: &MeasureConfig,
    capabilities: &Capabilities,
    told: &(dyn Fn(&str) + Send + Sync),
    stop: &CancellationToken,
) -> MeasureReport {
    let mut context = RunContext::new(&config.session, &config.catalogue, capabilities);
    context.unproven = config.unproven.clone();
    let bounds = TargetBounds::new(&context, capabilities);
    let mut report = MeasureReport::default();
    for measure in Measure::ALL {
        if !config.measures.contains(&measure) {
            continue;
        }
        told(measure.requirement());
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                report.interrupted = true;
                break;
            }
            measured = take(measure, config, &context, &bounds) => {
                report.measured.push(measured);
            }
        }
    }
    report
}

async fn take(
    measure: Measure,
    config: &MeasureConfig,
    context: &RunContext,
    bounds: &TargetBounds,
) -> Measured {
    let samples = config.samples.clamp(SAMPLES_MIN, SAMPLES_MAX);
    let stand = collect::Stand {
        context,
        capabilities: &bounds.capabilities,
        bounds,
    };
    match measure {
        Measure::Codes => stand.codes(samples).await,
        Measure::Tokens => stand.tokens(samples).await,
        Measure::SignInTime => time::judge(&stand, TimedRefusal::SignIn, samples).await,
        Measure::ResetTime => time::judge(&stand, TimedRefusal::Reset, samples).await,
        Measure::CodeShapes => shapes::judge(&stand, config.requests, config.only).await,
        Measure::MalformedInput => malformed::judge(&stand, config.requests, config.only).await,
    }
}
