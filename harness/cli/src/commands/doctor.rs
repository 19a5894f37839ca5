//! `proofup doctor`: says what is right and what is wrong with a target file, before anything is judged.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use proofup_domain::clock::Clock;
use proofup_runner::catalogue::embedded_catalogue;
use proofup_runner::doctor::{Finding, Probed, examine};
use tokio::sync::watch;
use url::Url;

use crate::aim::TransportKind;
use crate::aim::{self, Aim, Goal};
use crate::commands::targeting::spinner;
use crate::failure::{EXIT_OK, EXIT_USAGE, Failure};
use crate::render::doctor::{heading, json, report};
use crate::runtime::runtime;
use crate::shutdown::Signals;
use crate::{clock, terminal};

/// How long what is under way may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Holds the arguments of `proofup doctor`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup doctor --target my-server.toml        probe what the file says of a server\n  \
                        proofup doctor --target my-server.toml --url http://127.0.0.1:9000\n  \
                        proofup doctor --target my-server.toml --format json | jq '.findings[] | select(.result == \"wrong\")'\n  \
                        proofup init target my-server.toml            begin such a file\n\n\
                        Without --target the server at --url has to speak the contract; without either the built-in\n\
                        reference is probed. Nothing is judged: a defect that looks like a mistake in the file is told as either.\n\n\
                        Exit codes:\n    0  nothing is wrong with the file\n    2  something is, or the target cannot be reached\n  \
                        130  interrupted"
)]
pub(crate) struct DoctorArguments {
    /// The target file to examine
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    target: Option<PathBuf>,

    /// Where the implementation is, in place of the file's `base`
    #[arg(long, value_name = "URL", help_heading = "Target")]
    url: Option<Url>,

    /// The seed of everything random
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Running")]
    seed: u64,

    /// How to print what was found
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text, help_heading = "Output")]
    format: Format,
}

/// Names how findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines, and for what is wrong the exchange and what to change
    Text,
    /// One JSON document
    Json,
}

/// Examines, tells, and gives the exit code.
pub(crate) fn execute(arguments: &DoctorArguments) -> Result<u8, Failure> {
    let runtime = runtime()?;
    let examined = runtime.block_on(examined(arguments, clock::machine()));
    runtime.shutdown_background();
    let (aim, findings) = examined?;
    let text = match arguments.format {
        Format::Text => format!(
            "{}{}",
            heading(aim.session.target.name(), &aim.place()),
            report(&aim.text.path, &findings)
        ),
        Format::Json => json(aim.session.target.name(), &aim.text.path, &findings)?,
    };
    terminal::result(&text)?;
    let wrong = |finding: &Finding| matches!(finding.result, Probed::Wrong(_));
    Ok(if findings.iter().any(wrong) {
        EXIT_USAGE
    } else {
        EXIT_OK
    })
}

async fn examined(
    arguments: &DoctorArguments,
    clock: Clock,
) -> Result<(Aim, Vec<Finding>), Failure> {
    let signals = Signals::listen()?;
    let goal = Goal {
        target: arguments.target.as_deref(),
        url: arguments.url.as_ref(),
        transport: TransportKind::Loopback,
        seed: arguments.seed,
        fault: None,
    };
    let mut aim = aim::aim(goal, clock).await?;
    aim.surround().await?;
    let (session, catalogue) = (aim.session.clone(), Arc::new(embedded_catalogue()));
    let (stop, stopped) = watch::channel(false);
    let progress = spinner();
    let told = |finding: &Finding| progress.set_message(format!("probed {}", finding.probe));
    let text = aim.text.clone();
    let examining = examine(&session, &catalogue, &text, &told, &stopped);
    tokio::pin!(examining);
    let findings = tokio::select! {
        findings = &mut examining => Some(findings),
        () = signals.requested() => {
            stop.send_replace(true);
            tokio::time::timeout(GRACE, &mut examining).await.ok();
            None
        }
    };
    progress.finish_and_clear();
    aim.session.surroundings.stop().await;
    let findings = findings.ok_or_else(Failure::interrupted)?;
    Ok((aim, findings))
}
