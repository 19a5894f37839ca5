//! `proofup explore`: random stories, judged by the oracle; the first that fails is made small and written as a file.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use proofup_domain::answer::{REFUSED, SUCCEEDED};
use proofup_explore::explore::{ExploreConfig, ExploreFinding, ExploreOutput, explore};
use proofup_judge::outcome::Outcome;
use proofup_judge::report::words::{counted, thousands};
use proofup_scenario::catalogue::embedded_catalogue;
use tokio_util::sync::CancellationToken;

use crate::commands::targeting::{TargetArguments, progress, side_by_side};
use crate::failure::Failure;
use crate::render::rules::broken_rule;
use crate::render::style::{bad, bold, doubtful, good, quoted};
use crate::render::table;
use crate::resolve::{self, ResolvedTarget, TransportKind};
use crate::runtime::runtime;
use crate::shutdown::Signals;
use crate::values::{duration, number};
use crate::{clock, terminal};

/// The arguments of `proofup explore`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  proofup explore                              1,000 cases against the built-in reference\n  \
                        proofup explore --cases 10000 --transport loopback\n  \
                        PROOFUP_TEST_CONTROL_TOKEN=… proofup explore --url http://127.0.0.1:8080 --deadline 5m\n  \
                        proofup explore --seed 1 --case 17           run one case again\n\n\
                        Exit codes:\n    0  no wrong answer\n    1  a wrong answer; the counterexample was written to a file\n    \
                        2  wrong usage, an error in the target file, or an unreachable target\n    3  incomplete: some commands never succeeded (usual with --case), or a case could not be played\n  130  interrupted"
)]
pub(crate) struct ExploreArguments {
    #[command(flatten)]
    target: TargetArguments,

    /// Number of cases
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = number(1, u64::MAX),
          help_heading = "Running")]
    cases: u64,

    /// Run only the case with this number
    #[arg(long, value_name = "N", value_parser = number(1, u64::MAX), help_heading = "Running",
          conflicts_with = "cases")]
    case: Option<u64>,

    /// Maximum number of commands in a case, without the reads at its end
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = number(1_u16, 1000),
          help_heading = "Running")]
    steps: u16,

    /// Stop after this time, such as 90s or 5m
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Running")]
    deadline: Option<Duration>,

    /// Number of cases in parallel [default: 4 per processor]
    #[arg(long, value_name = "N", value_parser = number(1, u16::MAX), help_heading = "Running")]
    jobs: Option<u16>,

    /// The folder for the counterexample
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Output")]
    write: PathBuf,
}

/// Explores, prints the result, and returns the exit code.
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
    let spec = arguments.target.spec(TransportKind::InProcess)?;
    let resolved = resolve::resolve(spec, clock.clone()).await?;
    resolved.demand_tenants("proofup explore")?;
    terminal::result(&heading(arguments, &resolved))?;
    let config = ExploreConfig {
        session: resolved.session.clone(),
        catalogue: Arc::new(embedded_catalogue()),
        jobs: side_by_side(arguments.jobs),
        first: arguments.case.unwrap_or(1),
        cases: arguments.case.map_or(arguments.cases, |_| 1),
        steps: usize::from(arguments.steps),
        max_time: arguments.deadline,
    };
    let progress = progress(config.cases, "cases");
    let stop = CancellationToken::new();
    let shown = progress.clone();
    let exploring = explore(&config, move |done| shown.set_position(done), &stop);
    let explored = signals.stopping(&stop, exploring).await?;
    progress.finish_and_clear();
    explored.map_err(|error| spec.not_reached(&error))
}

fn heading(arguments: &ExploreArguments, resolved: &ResolvedTarget) -> String {
    format!(
        "proofup {} explore\n  target    {}\n  transport {}\n  seed      {}\n\n",
        env!("CARGO_PKG_VERSION"),
        resolved.described(),
        resolved.transport_name,
        arguments.target.seed,
    )
}

/// Returns the exit code: a finding comes before what could not be judged.
fn exit_code(explored: &ExploreOutput) -> u8 {
    if !explored.disagreements.is_empty() && explored.counterexample.is_none() {
        70
    } else if explored.interrupted {
        130
    } else if explored.counterexample.is_some() || !explored.broken.is_empty() {
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
        why.push(format!(
            "the target does not declare {}",
            missing.join(", ")
        ));
        return why;
    }
    for (case, failure) in explored.failures.iter().take(SHOWN_MAX) {
        why.push(format!("case {case} could not be played: {failure}"));
    }
    for (case, chance) in explored.chances.iter().take(SHOWN_MAX) {
        why.push(format!(
            "case {case} differed once, and not when it was repeated: {chance}"
        ));
    }
    let more = (explored.failures.len() + explored.chances.len()).saturating_sub(why.len());
    if more > 0 {
        why.push(format!("and {more} more"));
    }
    if explored.counterexample.is_none() {
        let never = explored.never_succeeded();
        if !never.is_empty() {
            why.push(format!("never succeeded: {}", never.join(", ")));
        }
    }
    why
}

/// How many failures are shown.
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
        table::plain(["command", SUCCEEDED, REFUSED], rows) + "\n"
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
        "{}, {} in {wall:.1} s ({} per second)",
        counted(explored.cases, "case"),
        counted(explored.commands, "command"),
        thousands(format!("{rate:.0}"))
    );
    if let Some((case, first)) = explored.stalls.first() {
        let skipped = explored.stalls.len();
        let _ = writeln!(
            text,
            "{} {} skipped ({} precondition was missing); first: case {case}, {first}",
            counted(skipped, "command"),
            if skipped == 1 { "was" } else { "were" },
            if skipped == 1 { "its" } else { "their" },
        );
    }
    for line in incomplete(explored) {
        let _ = writeln!(text, "incomplete: {line}");
    }
    for (case, violation) in explored.disagreements.iter().take(SHOWN_MAX) {
        let _ = writeln!(
            text,
            "case {case}: the auditor objects to an answer that the oracle admits: {violation}"
        );
    }
    for broken in &explored.broken {
        text.push_str(&broken_rule(broken));
    }
    let verdict = match exit_code(explored) {
        0 => good(&"conforms: no defect found"),
        1 => bad(&"nonconforming: a wrong answer was found"),
        3 => doubtful(&not_complete(explored)),
        70 => bad(&"a bug in proofup: its oracle and its auditor disagree"),
        _ => doubtful(&"interrupted"),
    };
    let out_of_time = if explored.out_of_time {
        " (stopped by --deadline)"
    } else {
        ""
    };
    let _ = writeln!(text, "{}{out_of_time}", bold(&verdict));
    text
}

/// Returns the verdict where no defect was found and something is missing.
fn not_complete(explored: &ExploreOutput) -> String {
    let never = explored.never_succeeded().len();
    if explored.missing.is_empty() && explored.failures.is_empty() && explored.chances.is_empty() {
        format!(
            "incomplete: no defect found, but {} never succeeded; try more cases (--cases {})",
            counted(never, "command"),
            explored.cases.saturating_mul(10).max(1000)
        )
    } else {
        "incomplete: no defect found, but not every case could be played".to_owned()
    }
}

/// Writes the counterexample, and returns its file.
fn written(arguments: &ExploreArguments, finding: &ExploreFinding) -> Result<PathBuf, Failure> {
    let folder = &arguments.write;
    let file = folder.join(format!("{}.toml", finding.file.stem));
    let unwritable = |error: &std::io::Error| {
        Failure::usage(
            format!("could not write `{}`: {error}", file.display()),
            "name a folder that can be written to with --write",
        )
    };
    fs::create_dir_all(folder).map_err(|error| unwritable(&error))?;
    fs::write(&file, &finding.file.text).map_err(|error| unwritable(&error))?;
    Ok(file)
}

/// Returns the counterexample, and the commands that repeat it.
fn repeats(
    arguments: &ExploreArguments,
    finding: &ExploreFinding,
    file: &std::path::Path,
) -> String {
    let mut text = format!(
        "\nFOUND in case {}: {}\n  {}\n    expected: {}\n    actual:   {}\n",
        finding.case, finding.file.slug, finding.file.did, finding.file.expected, finding.file.got
    );
    let _ = writeln!(
        text,
        "  shrunk from {} to {} in {}",
        counted(finding.drawn_steps, "step"),
        finding.file.steps,
        counted(finding.attempts, "attempt")
    );
    if let Some(result) = &finding.judged {
        for check in &result.checks {
            if let (Outcome::Failed(_), Some(exchange)) = (&check.outcome, check.exchanges.last()) {
                let _ = writeln!(text, "  {}", exchange.curl());
            }
        }
    }
    let state = if finding.is_confirmed() {
        "the file alone fails in the same way"
    } else {
        "the file alone did NOT fail in the same way: the defect does not repeat"
    };
    let words = arguments.target.words();
    let quoted = quoted(&file.display().to_string());
    let _ = writeln!(text, "  {state}");
    let _ = writeln!(text, "  repeat: proofup run {quoted}{words}");
    let _ = writeln!(
        text,
        "      or: proofup explore --seed {} --case {} --steps {}{words}",
        arguments.target.seed, finding.case, arguments.steps
    );
    text
}
