//! `proofup explore`: random stories, judged by the oracle; the first that fails is made small and written as a file.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use proofup_runner::catalogue::embedded_catalogue;
use proofup_runner::explore::{ExploreConfig, ExploreOutput, Finding, explore};
use proofup_runner::judge::outcome::Outcome;
use tokio::sync::watch;

use crate::aim::TransportKind;
use crate::aim::{self, Aim};
use crate::commands::run::arguments::duration;
use crate::commands::targeting::{TargetArguments, progress, side_by_side};
use crate::failure::Failure;
use crate::render::style::{bad, bold, doubtful, good, quoted};
use crate::render::table;
use crate::runtime::runtime;
use crate::shutdown::Signals;
use crate::{clock, terminal};

/// How long what is under way may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Holds the arguments of `proofup explore`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  proofup explore                              1,000 cases against the built-in reference, in process\n  \
                        proofup explore --cases 10000 --transport loopback\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup explore --url http://127.0.0.1:8080 --max-time 5m\n  \
                        proofup explore --seed 1 --case 17           one case again\n\n\
                        Exit codes:\n    0  nothing was found\n    1  an answer that the oracle does not admit; its file is written\n    \
                        2  usage, or the target cannot be reached\n    3  incomplete: something could not be exercised\n  130  interrupted"
)]
pub(crate) struct ExploreArguments {
    #[command(flatten)]
    target: TargetArguments,

    /// How many cases
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..),
          help_heading = "Running")]
    cases: u64,

    /// Only this case
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Running",
          conflicts_with = "cases")]
    case: Option<u64>,

    /// Commands of a case at most, its quiet end aside
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=1000),
          help_heading = "Running")]
    steps: u16,

    /// Stop after this long: 90s, 5m
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Running")]
    max_time: Option<Duration>,

    /// Cases under way at once; default: four for each processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Running")]
    jobs: Option<u16>,

    /// Write the counterexample into this folder; default: here
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    write: Option<PathBuf>,
}

/// Explores, tells, and gives the exit code.
pub(crate) fn execute(arguments: &ExploreArguments) -> Result<u8, Failure> {
    let clock = clock::machine();
    let began = clock.now();
    let runtime = runtime()?;
    let explored = runtime.block_on(search(arguments, &clock));
    runtime.shutdown_background();
    let explored = explored?;
    let wall = clock.now().duration_since(began).as_secs_f64();
    terminal::result(&told(arguments, &explored, wall))?;
    if let Some(finding) = &explored.counterexample {
        let file = written(arguments, finding)?;
        terminal::result(&repeats(arguments, finding, &file))?;
    }
    Ok(exit_code(&explored))
}

async fn search(
    arguments: &ExploreArguments,
    clock: &proofup_domain::clock::Clock,
) -> Result<ExploreOutput, Failure> {
    let signals = Signals::listen()?;
    let goal = arguments.target.goal(TransportKind::InProcess)?;
    let aim = aim::aim(goal, clock.clone()).await?;
    aim.demand_tenants("proofup explore")?;
    terminal::result(&heading(arguments, &aim))?;
    let config = ExploreConfig {
        session: aim.session.clone(),
        catalogue: Arc::new(embedded_catalogue()),
        jobs: side_by_side(arguments.jobs),
        first: arguments.case.unwrap_or(1),
        cases: arguments.case.map_or(arguments.cases, |_| 1),
        steps: usize::from(arguments.steps),
        max_time: arguments.max_time,
    };
    let progress = progress(config.cases, "cases");
    let (stop, stopped) = watch::channel(false);
    let shown = progress.clone();
    let exploring = explore(&config, move |done| shown.set_position(done), stopped);
    tokio::pin!(exploring);
    let explored = tokio::select! {
        explored = &mut exploring => explored,
        () = signals.requested() => {
            stop.send_replace(true);
            tokio::time::timeout(GRACE, exploring).await.map_err(|_| Failure::interrupted())?
        }
    };
    progress.finish_and_clear();
    explored.map_err(|error| goal.not_reached(&error))
}

fn heading(arguments: &ExploreArguments, aim: &Aim) -> String {
    format!(
        "proofup {} explore\n  target    {} at {}\n  transport {}\n  seed      {}\n\n",
        env!("CARGO_PKG_VERSION"),
        aim.session.target.name(),
        aim.place(),
        aim.transport_name,
        arguments.target.seed,
    )
}

/// Gives the exit code: what was found before what could not be judged.
fn exit_code(explored: &ExploreOutput) -> u8 {
    if !explored.disagreements.is_empty() && explored.counterexample.is_none() {
        70
    } else if explored.interrupted {
        130
    } else if explored.counterexample.is_some() {
        1
    } else if incomplete(explored).is_empty() {
        0
    } else {
        3
    }
}

/// Lists what could not be exercised.
fn incomplete(explored: &ExploreOutput) -> Vec<String> {
    let mut why = Vec::new();
    if !explored.missing.is_empty() {
        let missing: Vec<&str> = explored.missing.iter().map(|one| one.as_str()).collect();
        why.push(format!("the target has no {}", missing.join(", ")));
        return why;
    }
    for (case, failure) in explored.failures.iter().take(SHOWN_MAX) {
        why.push(format!("case {case} could not be played: {failure}"));
    }
    for (case, chance) in explored.chances.iter().take(SHOWN_MAX) {
        why.push(format!("case {case} differed once and not again: {chance}"));
    }
    let more = (explored.failures.len() + explored.chances.len()).saturating_sub(why.len());
    if more > 0 {
        why.push(format!("and {more} more"));
    }
    if explored.counterexample.is_none() {
        let never = explored.never_succeeded();
        if !never.is_empty() {
            why.push(format!("never once succeeded: {}", never.join(", ")));
        }
    }
    why
}

/// How many of what could not be played are told.
const SHOWN_MAX: usize = 5;

fn told(arguments: &ExploreArguments, explored: &ExploreOutput, wall: f64) -> String {
    let rows = explored.tallies.iter().map(|(word, tally)| {
        [
            (*word).to_owned(),
            tally.succeeded.to_string(),
            tally.refused.to_string(),
        ]
    });
    let mut text = if arguments.case.is_none() {
        table::plain(["command", "succeeded", "refused"], rows) + "\n"
    } else {
        String::new()
    };
    let rate = if wall > 0.0 {
        f64::from(u32::try_from(explored.commands).unwrap_or(u32::MAX)) / wall
    } else {
        0.0
    };
    let _ = writeln!(
        text,
        "{} cases, {} commands in {wall:.1} s ({rate:.0} commands per second)",
        explored.cases, explored.commands
    );
    if let Some((case, first)) = explored.stalls.first() {
        let _ = writeln!(
            text,
            "{} commands were left out because nothing was there to do them with, the first in case {case}, {first}",
            explored.stalls.len()
        );
    }
    let why = incomplete(explored);
    for line in &why {
        let _ = writeln!(text, "could not run: {line}");
    }
    for (case, violation) in explored.disagreements.iter().take(SHOWN_MAX) {
        let _ = writeln!(
            text,
            "case {case}: the auditor objects where the oracle does not: {violation}"
        );
    }
    let verdict = match exit_code(explored) {
        0 => good(&"nothing was found"),
        1 => bad(&"an answer that the oracle does not admit"),
        3 => doubtful(&"incomplete: nothing was found, and not everything was exercised"),
        70 => bad(&"a bug of proofup: its oracle and its auditor disagree"),
        _ => doubtful(&"interrupted"),
    };
    let out_of_time = if explored.out_of_time {
        " (the time was up)"
    } else {
        ""
    };
    let _ = writeln!(text, "{}{out_of_time}", bold(&verdict));
    text
}

/// Writes the counterexample, and says where.
fn written(arguments: &ExploreArguments, finding: &Finding) -> Result<PathBuf, Failure> {
    let folder = arguments.write.clone().unwrap_or_default();
    let file = folder.join(format!("{}.toml", finding.file.stem));
    let unwritable = |error: &std::io::Error| {
        Failure::usage(
            format!("could not write `{}`: {error}", file.display()),
            "name a folder that can be written to with --write",
        )
    };
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(&folder).map_err(|error| unwritable(&error))?;
    }
    fs::write(&file, &finding.file.text).map_err(|error| unwritable(&error))?;
    Ok(file)
}

/// Tells the counterexample and how to see it again.
fn repeats(arguments: &ExploreArguments, finding: &Finding, file: &std::path::Path) -> String {
    let mut text = format!(
        "\nFOUND in case {}: {}\n  {}\n",
        finding.case, finding.file.slug, finding.file.summary
    );
    let _ = writeln!(
        text,
        "  {} steps of {} are left after {} attempts",
        finding.file.steps, finding.drawn_steps, finding.attempts
    );
    if let Some(result) = &finding.judged {
        for check in &result.checks {
            if let (Outcome::Failed(_), Some(exchange)) = (&check.outcome, check.exchanges.last()) {
                let _ = writeln!(text, "  {}", exchange.curl());
            }
        }
    }
    let state = if finding.is_confirmed() {
        "its file alone fails in the same way"
    } else {
        "its file alone did NOT fail in the same way: the difference does not repeat"
    };
    let words = arguments.target.words();
    let quoted = quoted(&file.display().to_string());
    let _ = writeln!(text, "  {state}");
    let _ = writeln!(text, "  repeat proofup run {quoted}{words}");
    let _ = writeln!(
        text,
        "      or proofup explore --seed {} --case {} --steps {}{words}",
        arguments.target.seed, finding.case, arguments.steps
    );
    text
}
