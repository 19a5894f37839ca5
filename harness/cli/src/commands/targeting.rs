//! The arguments by which commands are told what to judge, alike for all that explore, race and measure.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use proofup_domain::fault::FaultName;
use proofup_files::nearest;
use proofup_runner::doctor::{before_judging, unproven};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_world::UnprovenMapping;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::failure::Failure;
use crate::render::doctor::mistakes;
use crate::render::style::quoted;
use crate::resolve::{ResolvedTarget, TargetSpec, TransportKind};
use crate::runtime::processors;
use crate::terminal;
use crate::values::number;

/// What is under way for each processor: while one waits for its answers, others are worked on.
const PER_PROCESSOR: usize = 4;

/// The arguments that name a target.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArguments {
    /// The target file of the server to test
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub(crate) target: Option<PathBuf>,

    /// The address of the server; without --target it must implement the built-in contract
    #[arg(long, value_name = "URL", help_heading = "Target")]
    pub(crate) url: Option<Url>,

    /// How to call the built-in reference: over HTTP on 127.0.0.1, or without a socket [default: loopback; explore:
    /// in-process]
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Target", conflicts_with_all = ["target", "url"])]
    pub(crate) transport: Option<TransportKind>,

    /// Plant a fault in the built-in reference, to see that proofup finds it; `proofup faults --list` lists them
    #[arg(long, value_name = "NAME", help_heading = "Target", conflicts_with_all = ["target", "url"])]
    pub(crate) fault: Option<String>,

    /// The seed of all random choices
    #[arg(long, value_name = "N", value_parser = number(0, u64::MAX), default_value_t = 1, help_heading = "Running")]
    pub(crate) seed: u64,
}

impl TargetArguments {
    /// Returns the target that the arguments name; `default` is how the built-in reference is reached without --transport.
    pub(crate) fn spec(&self, default: TransportKind) -> Result<TargetSpec<'_>, Failure> {
        Ok(TargetSpec {
            target: self.target.as_deref(),
            url: self.url.as_ref(),
            transport: self.transport.unwrap_or(default),
            seed: self.seed,
            fault: self.fault.as_deref().map(fault_named).transpose()?,
        })
    }

    /// Writes the arguments that name the target again.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        if let Some(target) = &self.target {
            words.push_str(&format!(
                " --target {}",
                quoted(&target.display().to_string())
            ));
        }
        if let Some(url) = &self.url {
            words.push_str(&format!(" --url {}", quoted(url.as_str())));
        }
        if let Some(fault) = &self.fault {
            words.push_str(&format!(" --fault {fault}"));
        }
        words
    }
}

/// Lets the doctor look at the mapping before anything is judged through it; the reference's own is not looked at.
pub(crate) async fn probe(
    resolved: &ResolvedTarget,
    spec: &TargetSpec<'_>,
    stop: &CancellationToken,
) -> Result<UnprovenMapping, Failure> {
    let Some(text) = resolved.probed() else {
        return Ok(UnprovenMapping::default());
    };
    let catalogue = Arc::new(embedded_catalogue());
    let found = before_judging(&resolved.session, &catalogue, &text, stop).await;
    let found = found.map_err(|error| spec.not_reached(&error))?;
    let told = mistakes(&found, "nothing that depends on them is done or judged");
    terminal::result(&told)?;
    Ok(unproven(&found))
}

/// Finds a fault by its name.
pub(crate) fn fault_named(name: &str) -> Result<FaultName, Failure> {
    FaultName::from_word(name).ok_or_else(|| {
        let known = FaultName::ALL.iter().map(|fault| fault.as_str());
        let help = nearest(name, known).map_or_else(
            || "`proofup faults --list` lists them".to_owned(),
            |near| format!("did you mean `{near}`? `proofup faults --list` lists them all"),
        );
        Failure::usage(format!("unknown fault `{name}`"), help)
    })
}

/// Returns how many are under way at once: as many as the command line says, else some for each processor.
pub(crate) fn side_by_side(jobs: Option<u16>) -> usize {
    jobs.map_or_else(|| processors() * PER_PROCESSOR, usize::from)
}

/// A progress bar that is only drawn where a person watches.
pub(crate) fn progress(length: u64, of: &str) -> ProgressBar {
    let target = if terminal::is_watched() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    let template = format!("{{bar:30}} {{pos}}/{{len}} {of}  {{eta}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

/// A spinner for work of unknown length.
pub(crate) fn spinner() -> ProgressBar {
    if !terminal::is_watched() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}
