//! `proofup explore`: random stories, judged by the oracle; what is found is told apart, made small and written as files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use proofup_domain::answer::{REFUSED, SUCCEEDED};
use proofup_domain::clock::Clock;
use proofup_domain::requirement::Catalogue;
use proofup_explore::explore::{ExploreConfig, ExploreFinding, ExploreOutput, explore};
use proofup_judge::exemption::Exemptions;
use proofup_judge::outcome::Outcome;
use proofup_judge::report::words::{counted, thousands};
use proofup_scenario::catalogue::embedded_catalogue;
use tokio_util::sync::CancellationToken;

use crate::commands::exempting;
use crate::commands::targeting::{TargetArguments, probe, progress, side_by_side};
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
                        Exit codes:\n    0  no wrong answer\n    1  a wrong answer, whose counterexample was written to a file, or a broken rule\n    \
                        2  wrong usage, an error in the target file, or an unreachable target\n    3  incomplete: some commands never succeeded (usual with --case), a case could not be\n       played, or a difference did not recur\n  130  interrupted"
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

    /// A file of known failures of this target, each with its reason; only entries for whole requirements count here
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    exemptions: Option<PathBuf>,

    /// The folder for the counterexamples
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Output")]
    write: PathBuf,
}

/// Explores, prints the result, and returns the exit code.
pub(crate) fn execute(arguments: &ExploreArguments) -> Result<u8, Failure> {
    let clock = clock::machine();
    let began = clock.now();
    let runtime = runtime()?;
    let catalogue = Arc::new(embedded_catalogue());
    let known = (&BTreeSet::new(), false);
    let exemptions = exempting::read(arguments.exemptions.as_deref(), known, &catalogue, &clock)?;
    let explored = runtime.block_on(search(arguments, &catalogue, &clock));
    runtime.shutdown_background();
    let told = ToldExploring {
        arguments,
        explored: explored?,
        exemptions,
    };
    let wall = clock.now().duration_since(began).as_secs_f64();
    terminal::result(&told.text(wall))?;
    for finding in &told.explored.findings {
        let file = written(arguments, finding)?;
        terminal::result(&told.finding(finding, &file))?;
    }
    terminal::result(&told.verdict())?;
    Ok(told.exit_code())
}

async fn search(
    arguments: &ExploreArguments,
    catalogue: &Arc<Catalogue>,
    clock: &Clock,
) -> Result<ExploreOutput, Failure> {
    let signals = Signals::listen()?;
    let spec = arguments.target.spec(TransportKind::InProcess)?;
    let mut resolved = resolve::resolve(spec, clock.clone()).await?;
    terminal::result(&heading(arguments, &resolved))?;
    resolved.surround().await?;
    let progress = progress(arguments.cases(), "cases");
    let stop = CancellationToken::new();
    let shown = progress.clone();
    let exploring = async {
        let config = ExploreConfig {
            unproven: probe(&resolved, &spec, &stop).await?,
            session: resolved.session.clone(),
            catalogue: Arc::clone(catalogue),
            jobs: side_by_side(arguments.jobs),
            first: arguments.case.unwrap_or(1),
            cases: arguments.cases(),
            steps: usize::from(arguments.steps),
            max_time: arguments.deadline,
        };
        let explored = explore(&config, move |done| shown.set_position(done), &stop).await;
        explored.map_err(|error| spec.not_reached(&error))
    };
    let explored = signals.stopping(&stop, exploring).await;
    progress.finish_and_clear();
    resolved.session.surroundings.stop().await;
    explored?
}

impl ExploreArguments {
    /// Returns how many cases are played.
    fn cases(&self) -> u64 {
        self.case.map_or(self.cases, |_| 1)
    }
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

/// What exploring led to, and how it is told.
struct ToldExploring<'a> {
    arguments: &'a ExploreArguments,
    explored: ExploreOutput,
    exemptions: Exemptions,
}

/// How many of a sort are shown.
const SHOWN_MAX: usize = 5;

impl ToldExploring<'_> {
    /// Returns the exit code: a finding comes before what could not be judged.
    fn exit_code(&self) -> u8 {
        let explored = &self.explored;
        if !explored.disagreements.is_empty() && explored.findings.is_empty() {
            70
        } else if explored.interrupted {
            130
        } else if self.counting() > 0 {
            1
        } else if self.incomplete().is_empty() {
            0
        } else {
            3
        }
    }

    /// Counts what was found and is not exempt.
    fn counting(&self) -> usize {
        let differences = self.explored.findings.iter();
        let differences = differences.map(|finding| finding.file.requirement.as_str());
        let rules = self.explored.broken.iter();
        let rules = rules.map(|broken| broken.rule.check().0);
        let counts = |id: &&str| exempting::of_requirement(&self.exemptions, id).is_none();
        differences.chain(rules).filter(counts).count()
    }

    /// Lists what could not be exercised.
    fn incomplete(&self) -> Vec<String> {
        let explored = &self.explored;
        let mut why = Vec::new();
        if let Some(users) = explored.used_up {
            why.push(format!(
                "{} of [[users]] were used up after {}",
                counted(users, "user"),
                counted(explored.cases, "case")
            ));
        }
        for (what, cases) in explored.unjudged.iter().take(SHOWN_MAX) {
            why.push(format!("not judged in {}: {what}", counted(*cases, "case")));
        }
        for (case, failure) in explored.failures.iter().take(SHOWN_MAX) {
            why.push(format!("case {case} could not be played: {failure}"));
        }
        for (case, chance) in explored.chances.iter().take(SHOWN_MAX) {
            why.push(format!(
                "case {case} differed once, and not when it was repeated: {chance}"
            ));
        }
        let all = explored.unjudged.len() + explored.failures.len() + explored.chances.len();
        let more = (all + usize::from(explored.used_up.is_some())).saturating_sub(why.len());
        if more > 0 {
            why.push(format!("and {more} more"));
        }
        if explored.findings.is_empty() {
            let never = explored.never_succeeded();
            if !never.is_empty() {
                why.push(format!("never succeeded: {}", never.join(", ")));
            }
        }
        why
    }

    fn text(&self, wall: f64) -> String {
        let explored = &self.explored;
        let rows = explored.tallies.iter().map(|(word, tally)| {
            [
                (*word).to_owned(),
                tally.succeeded.to_string(),
                tally.refused.to_string(),
            ]
        });
        let mut text = if self.arguments.case.is_none() {
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
        for line in self.incomplete() {
            let _ = writeln!(text, "incomplete: {line}");
        }
        for (what, cases) in &explored.not_applicable {
            let _ = writeln!(
                text,
                "not applicable in {}: the target declares no {what}",
                counted(*cases, "case")
            );
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
        text
    }

    /// Returns the last lines: how often each requirement was broken, and the verdict.
    fn verdict(&self) -> String {
        let mut text = String::new();
        let mut found: BTreeMap<&str, u64> = BTreeMap::new();
        for finding in &self.explored.findings {
            *found.entry(&finding.file.requirement).or_default() += finding.times;
        }
        if !found.is_empty() {
            text.push('\n');
        }
        for (requirement, times) in found {
            let exempt = exempting::of_requirement(&self.exemptions, requirement);
            let exempt = exempt.map(|entry| format!(" (exempt: {})", entry.reason));
            let _ = writeln!(
                text,
                "{requirement} broken in {}{}",
                counted(times, "case"),
                exempt.unwrap_or_default()
            );
        }
        let verdict = match self.exit_code() {
            0 => good(&"conforms: no defect found"),
            1 => bad(&"nonconforming: a wrong answer was found"),
            3 => doubtful(&self.not_complete()),
            70 => bad(&"a bug in proofup: its oracle and its auditor disagree"),
            _ => doubtful(&"interrupted"),
        };
        let out_of_time = if self.explored.out_of_time {
            " (stopped by --deadline)"
        } else {
            ""
        };
        let _ = writeln!(text, "{}{out_of_time}", bold(&verdict));
        text
    }

    /// Returns the verdict where no defect was found and something is missing.
    fn not_complete(&self) -> String {
        let explored = &self.explored;
        let played = explored.failures.is_empty() && explored.chances.is_empty();
        if played && explored.used_up.is_none() && explored.unjudged.is_empty() {
            format!(
                "incomplete: no defect found, but {} never succeeded; try more cases (--cases {})",
                counted(explored.never_succeeded().len(), "command"),
                explored.cases.saturating_mul(10).max(1000)
            )
        } else {
            "incomplete: no defect found, but not every case could be played to its end".to_owned()
        }
    }

    /// Returns a counterexample, and the commands that repeat it.
    fn finding(&self, finding: &ExploreFinding, file: &std::path::Path) -> String {
        let mut text = format!(
            "\nFOUND in case {}{}: {}\n  {}\n    expected: {}\n    actual:   {}\n",
            finding.case,
            match finding.times {
                1 => String::new(),
                more => format!(" and {} more", more - 1),
            },
            finding.file.slug,
            finding.file.did,
            finding.file.expected,
            finding.file.got
        );
        if let Some(attempts) = finding.attempts {
            let _ = writeln!(
                text,
                "  shrunk from {} to {} in {}",
                counted(finding.drawn_steps, "step"),
                finding.file.steps,
                counted(attempts, "attempt")
            );
        }
        if let Some(result) = &finding.judged {
            for check in &result.checks {
                if let (Outcome::Failed(_), Some(exchange)) =
                    (&check.outcome, check.exchanges.last())
                {
                    let _ = writeln!(text, "  {}", exchange.curl());
                }
            }
        }
        let state = if finding.is_confirmed() {
            "the file alone fails in the same way"
        } else {
            "the file alone did NOT fail in the same way: the defect does not repeat"
        };
        let arguments = self.arguments;
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
