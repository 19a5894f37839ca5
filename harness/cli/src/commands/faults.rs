//! `proofup faults`: plants faults in the reference and tells which check catches each.

use std::fmt::Write as _;
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use proofup_domain::fault::FaultName;
use proofup_gateways::host::InProcessNetwork;
use proofup_runner::faults::{
    Catch, Fate, FaultMatrix, FaultResult, HuntBudget, HuntResult, judge_faults,
};
use proofup_runner::run::{RunConfig, Selection, TargetSession};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_world::surroundings::Surroundings;
use tokio_util::sync::CancellationToken;

use crate::commands::suite;
use crate::commands::targeting::fault_named;
use crate::failure::{EXIT_OK, Failure};
use crate::render::style::{bad, bold, good};
use crate::render::table;
use crate::resolve;
use crate::runtime::{processors, runtime};
use crate::shutdown::Signals;
use crate::values::number;
use crate::{clock, embedded, terminal};

/// The exit code where a fault survives or a harmless variant is flagged.
const EXIT_SURVIVOR: u8 = 1;

/// The exit code where the user ended it.
const EXIT_INTERRUPTED: u8 = 130;

/// Cases that are explored against each fault.
const HUNT_CASES: u64 = 800;

/// Commands of an explored case at most.
const HUNT_STEPS: usize = 24;

/// Histories that are raced against a fault that exploring does not find.
const HUNT_HISTORIES: u64 = 120;

/// Malformed requests for each endpoint against a fault that neither finds.
const HUNT_REQUESTS: usize = 20;

/// The arguments of `proofup faults`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  proofup faults                        every fault, and which check detects it\n  \
                        proofup faults code-accepted-twice    one fault\n  \
                        proofup faults --scripts-only         scenarios only; much faster\n  \
                        proofup faults --list                 what each fault does, and what it breaks\n\n\
                        Exit codes:\n    0  no fault survives the scenarios, and no harmless variant is flagged\n    \
                        1  a fault survives, or a harmless variant is flagged\n    2  wrong usage\n  130  interrupted"
)]
pub(crate) struct FaultsArguments {
    /// The faults to plant, one at a time [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// List the faults: what each does, and which requirements it breaks
    #[arg(long)]
    list: bool,

    /// Use only the scenarios, not explore, race and measure
    #[arg(long)]
    scripts_only: bool,

    /// Number of faults in parallel [default: 1 per processor]
    #[arg(long, value_name = "N", value_parser = number(1, usize::MAX))]
    jobs: Option<usize>,

    /// The seed of all random choices
    #[arg(long, value_name = "N", value_parser = number(0, u64::MAX), default_value_t = 1)]
    seed: u64,
}

/// Plants the faults, prints the result, and returns the exit code.
pub(crate) fn execute(arguments: &FaultsArguments) -> Result<u8, Failure> {
    let faults = chosen(&arguments.names)?;
    if arguments.list {
        terminal::result(&list(&faults))?;
        return Ok(EXIT_OK);
    }
    let runtime = runtime()?;
    let judged = runtime.block_on(judge(arguments, &faults));
    runtime.shutdown_background();
    let matrix = judged?;
    terminal::result(&told(&matrix))?;
    let sound = matrix.results.iter().all(FaultResult::is_as_it_should_be);
    Ok(match (matrix.interrupted, sound) {
        (true, _) => EXIT_INTERRUPTED,
        (false, true) => EXIT_OK,
        (false, false) => EXIT_SURVIVOR,
    })
}

fn chosen(names: &[String]) -> Result<Vec<FaultName>, Failure> {
    if names.is_empty() {
        return Ok(FaultName::ALL.to_vec());
    }
    names.iter().map(|name| fault_named(name)).collect()
}

async fn judge(arguments: &FaultsArguments, faults: &[FaultName]) -> Result<FaultMatrix, Failure> {
    let signals = Signals::listen()?;
    let clock = clock::machine();
    let catalogue = embedded_catalogue();
    let suite = suite::load(&[], None, &catalogue)?;
    let token = embedded::control_token();
    let seed = arguments.seed;
    let network = InProcessNetwork::default();
    let factory = {
        let (clock, token, network) = (clock.clone(), token.clone(), network.clone());
        move |fault| {
            let network = Some(network.clone());
            let router = embedded::planted(clock.clone(), token.clone(), seed, fault, network);
            embedded::in_process(router)
        }
    };
    let config = RunConfig {
        suite: Arc::new(suite),
        catalogue: Arc::new(catalogue),
        session: TargetSession {
            target: Arc::new(resolve::reference()?),
            transport: factory(None),
            callback_base: embedded::IN_PROCESS.to_owned(),
            control_token: Some(token),
            surroundings: Arc::new(Surroundings::in_process(network)),
            clock,
            seed,
            instance: None,
        },
        jobs: arguments.jobs.unwrap_or_else(processors),
        selection: Selection::default(),
        trace: false,
        max_failures: None,
        deadline: None,
        probed: None,
    };
    let progress = progress(faults.len());
    let stop = CancellationToken::new();
    let shown = progress.clone();
    let judged = judge_faults(
        &config,
        faults,
        (!arguments.scripts_only).then_some(HuntBudget {
            cases: HUNT_CASES,
            steps: HUNT_STEPS,
            histories: HUNT_HISTORIES,
            requests: HUNT_REQUESTS,
        }),
        &factory,
        move |result| show(&shown, result),
        &stop,
    );
    let judged = signals.stopping(&stop, judged).await?;
    progress.finish_and_clear();
    judged.map_err(|error| Failure::bug(error.to_string()))
}

fn progress(faults: usize) -> ProgressBar {
    let target = if terminal::is_watched() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let length = u64::try_from(faults).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(length), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} faults  {msg}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, result: &FaultResult) {
    bar.set_message(result.fault.as_str());
    if !result.is_as_it_should_be() {
        let (word, _) = words(&result.fate);
        bar.println(format!("{word} {}", result.fault));
    }
    bar.inc(1);
}

fn list(faults: &[FaultName]) -> String {
    let row = |fault: &FaultName| {
        let broken = broken(*fault);
        let description = fault.description().to_owned();
        [fault.to_string(), broken, description]
    };
    table::plain(["fault", "breaks", "what it does"], faults.iter().map(row))
}

/// Returns the ids of the requirements that a fault breaks.
fn broken(fault: FaultName) -> String {
    if fault.is_harmless() {
        "nothing".to_owned()
    } else {
        fault.requirements().join(" ")
    }
}

/// Returns the matrix and, under it, its counts and the verdict.
fn told(matrix: &FaultMatrix) -> String {
    let hunted_for = matrix
        .results
        .iter()
        .any(|result| result.hunted != HuntResult::NotTried);
    let mut text = rows(matrix, hunted_for);
    let count = |is: fn(&Fate) -> bool| {
        let results = matrix.results.iter();
        results.filter(|result| is(&result.fate)).count()
    };
    let caught = count(|fate| matches!(fate, Fate::Caught(_)));
    let survived = count(|fate| matches!(fate, Fate::Survived { .. }));
    let elsewhere = count(|fate| matches!(fate, Fate::JudgedBy(_)));
    let passed = count(|fate| matches!(fate, Fate::Passed));
    let flagged = count(|fate| matches!(fate, Fate::Flagged(_)));
    let _ = writeln!(
        text,
        "\nfaults: {caught} detected by scenarios, {survived} survived, {elsewhere} judged by another command"
    );
    if hunted_for {
        let defects = matrix
            .results
            .iter()
            .filter(|result| !result.fault.is_harmless());
        let found = defects
            .clone()
            .filter(|result| matches!(result.hunted, HuntResult::Found { .. }));
        let (found, all) = (found.count(), defects.count());
        let _ = writeln!(text, "without scenarios: {found} of {all} found");
    }
    let _ = writeln!(
        text,
        "harmless variants: {passed} passed every check, {flagged} flagged"
    );
    if matrix.interrupted {
        text.push_str("interrupted before the last fault\n");
    }
    let sound = survived + flagged == 0;
    let verdict = if sound {
        good(&"no planted fault survived, and no harmless variant was flagged")
    } else {
        bad(&"a planted fault survived, or a harmless variant was flagged")
    };
    let _ = writeln!(text, "{}", bold(&verdict));
    text
}

/// Returns the matrix, a line for each fault; `hunted_for` adds what found the fault without a scenario.
fn rows(matrix: &FaultMatrix, hunted_for: bool) -> String {
    let row = |result: &FaultResult| {
        let (word, place) = words(&result.fate);
        let hunted = hunted(&result.hunted);
        [
            result.fault.to_string(),
            broken(result.fault),
            word,
            place,
            hunted,
        ]
    };
    let rows = matrix.results.iter().map(row);
    if hunted_for {
        let headings = [
            "fault",
            "breaks",
            "detected by",
            "where",
            "without scenarios",
        ];
        return table::plain(headings, rows);
    }
    let short = |[fault, broken, word, place, _]: [String; 5]| [fault, broken, word, place];
    table::plain(["fault", "breaks", "detected by", "where"], rows.map(short))
}

/// Returns what found a fault without a scenario.
fn hunted(hunted: &HuntResult) -> String {
    match hunted {
        HuntResult::NotTried => String::new(),
        HuntResult::Found {
            by,
            after,
            requirement,
        } => format!("{requirement} by {by} {after}"),
        HuntResult::Missed => "-".to_owned(),
    }
}

/// Returns what became of a fault, and the check's place.
fn words(fate: &Fate) -> (String, String) {
    let place = |catch: &Catch| format!("{}:{}", catch.file, catch.line);
    match fate {
        Fate::Caught(catch) => (catch.slug.clone(), place(catch)),
        Fate::Survived { noticed: None } => ("SURVIVED".to_owned(), "no check failed".to_owned()),
        Fate::Survived {
            noticed: Some(catch),
        } => (
            "SURVIVED".to_owned(),
            format!("only {} failed, at {}", catch.slug, place(catch)),
        ),
        Fate::JudgedBy(command) => (
            format!("judged by `proofup {command}`"),
            "not by a scenario".to_owned(),
        ),
        Fate::Passed => ("nothing (harmless)".to_owned(), String::new()),
        Fate::Flagged(catch) => (format!("FLAGGED by {}", catch.slug), place(catch)),
    }
}
