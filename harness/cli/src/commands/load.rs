//! `proofup load`: how many verifications an implementation carries, at which latency, correctly.

pub(crate) mod arguments;
mod baseline;
mod files;
mod merge;
mod search;
mod subject;
mod versus;

use std::path::Path;
use std::sync::Arc;

use proofup_binding::{Operation, TransportOptions};
use proofup_gateways::host::InProcessNetwork;
use proofup_gateways::host::StandaloneOptions;
use proofup_load::baseline::Baseline;
use proofup_load::plan::{self, LoadPlan};
use proofup_load::report::{LoadReport, MachineTold, PlanTold, Testbed};
use proofup_load::{LoadConfig, LoadError, LoadEvent, LoadOutput, Shard, run};
use proofup_world::surroundings::gateway_options;
use tokio_util::sync::CancellationToken;

use crate::commands::targeting::{fault_named, spinner};
use crate::failure::{Failure, read_text};
use crate::render::load as render;
use crate::resolve::{TargetSpec, TransportKind};
use crate::runtime::{processors, runtime};
use crate::shutdown::Signals;
use crate::{clock, terminal};
use arguments::{GatewayPlace, LoadArguments, LoadCommand, ShardWord};
use files::Files;
use subject::LoadTarget;

/// What is loaded where no plan is named.
const DEFAULT_PLAN: &str = r#"title = "Sign-ins with a text"
arrivals = { rate = "20/s" }
stop = { after = "30s" }
warmUp = "2s"
pace = 12
mix = { secondStepText = 1 }
"#;

/// Loads, prints the result, and returns the exit code.
pub(crate) fn execute(arguments: &LoadArguments) -> Result<u8, Failure> {
    if let Some(LoadCommand::Merge(arguments)) = &arguments.command {
        return merge::execute(arguments);
    }
    let mut plan = read_plan(arguments.plan.as_deref())?.with(&arguments.overrides());
    if arguments.find_max && plan.thresholds.is_empty() {
        return Err(Failure::usage(
            "--find-max needs a threshold; without one, every rate would do",
            "add one, such as --threshold 'secondStepText.p99<50ms'",
        ));
    }
    let in_process = arguments.transport == Some(TransportKind::InProcess);
    if arguments.gateways.is_some() && !in_process {
        return Err(Failure::usage(
            "--gateways works only with --transport in-process",
            "leave out --gateways: with other transports, messages always go over HTTP and SMTP",
        ));
    }
    let shard = shard(arguments.shard)?;
    let kept = baseline::read(arguments)?;
    let files = Files::open(&arguments.report)?;
    let runtime = runtime()?;
    let subject = runtime.block_on(subject(arguments, &plan))?;
    if arguments.plan.is_none() && !subject.session.target.has(Operation::AdvanceClock) {
        // Nobody has asked for another pace than this machine's.
        plan.pace = 1;
    }
    let told = render::heading(&plan, shard, &subject.told);
    terminal::result(&told)?;
    let stop = CancellationToken::new();
    let signals = runtime.block_on(async { Signals::listen() })?;
    let asked = stop.clone();
    runtime.spawn(async move {
        signals.requested().await;
        asked.cancel();
    });
    let work = LoadContext {
        arguments,
        subject: &subject,
        stop: &stop,
    };
    let code = if let Some(other) = &arguments.vs {
        let other = runtime.block_on(versus::other(other, arguments, &plan))?;
        versus::execute(&work, &plan, &other)
    } else if arguments.find_max {
        search::execute(&work, &plan)
    } else {
        once(&work, &plan, shard, files, kept)
    };
    drop(subject);
    runtime.shutdown_background();
    code
}

/// What every kind of load run needs.
struct LoadContext<'a> {
    arguments: &'a LoadArguments,
    subject: &'a LoadTarget,
    stop: &'a CancellationToken,
}

/// Runs the plan once, and prints the result.
fn once(
    work: &LoadContext<'_>,
    plan: &LoadPlan,
    shard: Shard,
    mut files: Files,
    kept: Option<Baseline>,
) -> Result<u8, Failure> {
    let arguments = work.arguments;
    if let Some(kept) = &kept {
        let (told, target) = (PlanTold::of(plan), &work.subject.told);
        let fits = kept.fits(&told, target, &machine());
        fits.map_err(|error| baseline::refused(&error))?;
    }
    let before = baseline::yardstick(arguments)?;
    let output = loaded(work, plan, shard, &mut files)?;
    let report = work.report(plan, shard, &output);
    files.finish(&report)?;
    terminal::result(&render::summary(&report, &output.figures.examples))?;
    let code = report.verdict.exit_code();
    match baseline::after(arguments, report, before, kept)? {
        Some(held) if code == 0 => Ok(held),
        _ => Ok(code),
    }
}

impl LoadContext<'_> {
    fn report(&self, plan: &LoadPlan, shard: Shard, output: &LoadOutput) -> LoadReport {
        let testbed = Testbed {
            target: self.subject.told.clone(),
            machine: machine(),
        };
        LoadReport::of(plan, shard, &testbed, output)
    }

    fn config(&self, plan: &LoadPlan, shard: Shard) -> LoadConfig {
        config(self.arguments, self.subject, plan, shard)
    }
}

/// Runs a plan on a subject; what happens is written down and shown.
fn loaded(
    work: &LoadContext<'_>,
    plan: &LoadPlan,
    shard: Shard,
    files: &mut Files,
) -> Result<LoadOutput, Failure> {
    let clock = clock::machine();
    let progress = spinner();
    let mut shown = render::ProgressLine::default();
    let output = run(
        &work.config(plan, shard),
        &mut |event: LoadEvent<'_>| {
            files.take(&event, clock.now());
            progress.set_message(shown.line(&event));
        },
        work.stop,
    );
    progress.finish_and_clear();
    output.map_err(|error| not_begun(&error, work.arguments))
}

fn config(
    arguments: &LoadArguments,
    subject: &LoadTarget,
    plan: &LoadPlan,
    shard: Shard,
) -> LoadConfig {
    LoadConfig {
        plan: plan.clone(),
        shard,
        session: subject.session.clone(),
        connect: Arc::clone(&subject.connect),
        direct: subject.direct.clone(),
        network: subject.network.clone(),
        watched: subject.process,
        gateways: gateways(arguments, subject),
    }
}

/// Returns where the gateways listen: as the command line says, else as the target file says.
fn gateways(arguments: &LoadArguments, subject: &LoadTarget) -> StandaloneOptions {
    let plan = subject.session.target.surroundings_plan().gateways.as_ref();
    let mut options = plan.map_or_else(StandaloneOptions::default, gateway_options);
    if let Some(address) = arguments.gateway_bind {
        options.http.set_ip(address);
        options.smtp.set_ip(address);
    }
    if let Some(host) = &arguments.gateway_host {
        options.advertised = Some(host.clone());
    }
    options
}

fn read_plan(file: Option<&Path>) -> Result<LoadPlan, Failure> {
    let Some(file) = file else {
        return plan::read("the default plan", DEFAULT_PLAN)
            .map_err(|error| Failure::bug(format!("{error}")));
    };
    let path = file.display().to_string();
    let help = "name a file; `proofup schema load` prints the schema of load plans";
    let text = read_text("the load plan", file, help)?;
    plan::read(&path, &text).map_err(Failure::diagnostic)
}

/// Returns the part of the plan that --shard names.
fn shard(word: Option<ShardWord>) -> Result<Shard, Failure> {
    let Some(word) = word else {
        return Ok(Shard::WHOLE);
    };
    let index = match word.index {
        Some(index) => index,
        None => std::env::var("JOB_COMPLETION_INDEX")
            .ok()
            .and_then(|text| text.parse().ok())
            .filter(|index| *index < word.of)
            .ok_or_else(|| {
                Failure::usage(
                    format!(
                        "JOB_COMPLETION_INDEX is not a number from 0 to {}",
                        word.of.saturating_sub(1)
                    ),
                    "run proofup as an Indexed Job of Kubernetes with that many completions, or name the part, such as --shard 1/4",
                )
            })?,
    };
    Ok(Shard { index, of: word.of })
}

fn options(plan: &LoadPlan) -> TransportOptions {
    TransportOptions {
        timeout: plan.timeout,
        ..TransportOptions::default()
    }
}

async fn subject(arguments: &LoadArguments, plan: &LoadPlan) -> Result<LoadTarget, Failure> {
    let fault = arguments.fault.as_deref().map(fault_named).transpose()?;
    let options = options(plan);
    if arguments.target.is_some() || arguments.url.is_some() {
        let spec = TargetSpec {
            target: arguments.target.as_deref(),
            url: arguments.url.as_ref(),
            transport: TransportKind::Loopback,
            seed: plan.seed,
            fault: None,
        };
        return LoadTarget::named(spec, options, clock::machine()).await;
    }
    if arguments.transport == Some(TransportKind::InProcess) {
        let network = match arguments.gateways {
            None | Some(GatewayPlace::InProcess) => Some(InProcessNetwork::default()),
            Some(GatewayPlace::Loopback) => None,
        };
        return LoadTarget::in_process(plan.seed, fault, clock::machine(), network);
    }
    LoadTarget::child(
        plan.seed,
        clock::machine(),
        options,
        fault,
        arguments.burden,
    )
}

fn not_begun(error: &LoadError, arguments: &LoadArguments) -> Failure {
    let help = match error {
        LoadError::Interrupted => return Failure::interrupted(),
        LoadError::Surroundings(error) => error.help(),
        LoadError::Lacks { .. } => {
            "leave the flow out of the mix, or declare it under [capabilities] in the target file"
        }
        LoadError::NotBound { .. } => {
            "bind it in the target file, or leave the flow out of the mix"
        }
        LoadError::NotUnderPolicy(_) => {
            "leave the flow out of the mix, or correct [policy] in the target file"
        }
        LoadError::UserNotMade(_) => {
            "check `createUser` in the target file; if a user of an earlier run has the same address, use another --seed"
        }
        LoadError::NoClock(_) => {
            "with `pace = 1` the run needs more accounts, because each has to rest 30 s of real time between two flows"
        }
        LoadError::TooManyAccounts { .. } => {
            "each account has to rest 30 s of the target's time between two flows"
        }
        LoadError::NoUsers(_) => {
            "add [[users]] to the target file, or bind `createUser` or `createTenant`"
        }
        LoadError::Unreachable(_) if arguments.target.is_none() && arguments.url.is_some() => {
            "start the server, or correct --url; a server without a target file must implement the built-in contract"
        }
        LoadError::Unreachable(_) | LoadError::NotTheContract(_) => {
            "start the server, or correct `base` of the target file or --url"
        }
        LoadError::NotProvisioned(_) => {
            "is test control switched on, and is PROOFUP_TEST_CONTROL_TOKEN its token?"
        }
        LoadError::NotRegistered { .. } => {
            "`proofup run` tests the same commands one by one and shows the exchanges"
        }
        LoadError::NotStarted(_) => {
            "check whether the machine has ports, threads and file handles left"
        }
    };
    Failure::usage(error.to_string(), help)
}

/// Returns the description of this machine.
fn machine() -> MachineTold {
    let model = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
    MachineTold {
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        processors: processors(),
        model,
    }
}
