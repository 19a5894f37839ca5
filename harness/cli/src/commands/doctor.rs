//! `proofup doctor`: what is right and what is wrong with a target file, before anything is judged.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use proofup_domain::clock::Clock;
use proofup_runner::doctor::{DoctorConclusion, ProbeFinding, examine};
use proofup_scenario::catalogue::embedded_catalogue;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::commands::targeting::spinner;
use crate::failure::{EXIT_INCOMPLETE, EXIT_OK, EXIT_USAGE, Failure};
use crate::render::doctor::{heading, json, report};
use crate::resolve::{self, ResolvedTarget, TargetSpec, TransportKind};
use crate::runtime::runtime;
use crate::shutdown::Signals;
use crate::values::number;
use crate::{clock, terminal};

/// The arguments of `proofup doctor`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  proofup doctor --target my-server.toml        check the file against its server\n  \
                        proofup doctor --target my-server.toml --url http://127.0.0.1:9000\n  \
                        proofup doctor --target my-server.toml --format json | jq '.findings[] | select(.result == \"wrong\")'\n  \
                        proofup init target my-server.toml            write a target file to fill in\n\n\
                        Without --target, the server at --url must implement the built-in contract. Without either, the\n\
                        built-in reference is checked. The doctor does not judge the server: if the cause can be the file\n\
                        or the server, it names both.\n\n\
                        Exit codes:\n    0  no probe found a mistake\n    2  a mistake in the target file, wrong usage, or an unreachable target\n    \
                        3  incomplete: no mistake was found, but not every probe was reached\n  130  interrupted"
)]
pub(crate) struct DoctorArguments {
    /// The target file to check
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    target: Option<PathBuf>,

    /// The address of the server, instead of `base` in the file
    #[arg(long, value_name = "URL", help_heading = "Target")]
    url: Option<Url>,

    /// The seed of all random choices
    #[arg(long, value_name = "N", value_parser = number(0, u64::MAX), default_value_t = 1, help_heading = "Running")]
    seed: u64,

    /// The output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text, help_heading = "Output")]
    format: Format,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line for each probe; for each mistake, the exchange and what to change
    Text,
    /// One JSON document
    Json,
}

/// Examines, prints the findings, and returns the exit code.
pub(crate) fn execute(arguments: &DoctorArguments) -> Result<u8, Failure> {
    let runtime = runtime()?;
    let examined = runtime.block_on(examined(arguments, clock::machine()));
    runtime.shutdown_background();
    let (resolved, findings) = examined?;
    let text = match arguments.format {
        Format::Text => format!(
            "{}{}",
            heading(&resolved.described()),
            report(&resolved.text.path, &findings)
        ),
        Format::Json => json(
            resolved.session.target.name(),
            &resolved.text.path,
            &findings,
        )?,
    };
    terminal::result(&text)?;
    Ok(match DoctorConclusion::of(&findings) {
        DoctorConclusion::Wrong => EXIT_USAGE,
        DoctorConclusion::Incomplete => EXIT_INCOMPLETE,
        DoctorConclusion::Right => EXIT_OK,
    })
}

async fn examined(
    arguments: &DoctorArguments,
    clock: Clock,
) -> Result<(ResolvedTarget, Vec<ProbeFinding>), Failure> {
    let signals = Signals::listen()?;
    let spec = TargetSpec {
        target: arguments.target.as_deref(),
        url: arguments.url.as_ref(),
        transport: TransportKind::Loopback,
        seed: arguments.seed,
        fault: None,
    };
    let mut resolved = resolve::resolve(spec, clock).await?;
    resolved.surround().await?;
    let (session, catalogue) = (resolved.session.clone(), Arc::new(embedded_catalogue()));
    let stop = CancellationToken::new();
    let progress = spinner();
    let told = |finding: &ProbeFinding| progress.set_message(format!("probed {}", finding.probe));
    let text = resolved.text.clone();
    let examining = examine(&session, &catalogue, &text, &told, &stop);
    let findings = signals.stopping(&stop, examining).await;
    progress.finish_and_clear();
    resolved.session.surroundings.stop().await;
    if stop.is_cancelled() {
        return Err(Failure::interrupted());
    }
    Ok((resolved, findings?))
}
