//! Drives a whole run: cases side by side, events for whoever watches.
//!
//! Cases are independent: each has its own tenant, people and gateways, and draws its randomness from (seed, case id).
//! So the order in which they finish changes nothing but the order of the events; results are in file order.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use proofup_binding::TargetText;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::edition::Edition;
use proofup_domain::requirement::Catalogue;
use proofup_judge::outcome::{CaseResult, CheckResult, CouldNotRun, Outcome};
use proofup_scenario::{Scenario, Suite};
use proofup_world::case::{Case, run_case};
use proofup_world::context::RunContext;
use proofup_world::session::reach;
pub use proofup_world::session::{RunError, TargetSession, read_capabilities};
use proofup_world::side_by_side::{SideBySide, StopReason, Unfinished};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use crate::declared_limits;
use crate::doctor::{self, ProbeFinding, unproven};
use crate::every_answer;

/// Narrows a run down; empty lists narrow nothing.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Requirement ids; `DEF-*` means a whole area.
    pub requirements: Vec<String>,
    /// Areas, by id or title.
    pub areas: Vec<String>,
    /// Editions.
    pub editions: Vec<Edition>,
}

/// What to run, against what, and how.
#[derive(Debug, Clone)]
pub struct RunConfig {
    /// The target and what it is reached by.
    pub session: TargetSession,
    /// The scenarios.
    pub suite: Arc<Suite>,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// Cases under way at once.
    pub jobs: usize,
    /// What of the suite.
    pub selection: Selection,
    /// Keep every exchange.
    pub trace: bool,
    /// Stop after this many failed checks.
    pub max_failures: Option<usize>,
    /// Stop after this long.
    pub deadline: Option<Duration>,
    /// The text of the target file, where the doctor looks at the mapping first (decision 8); none: nothing is probed.
    pub probed: Option<Arc<TargetText>>,
}

/// How a run is going.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// The cases are chosen.
    RunStarted {
        /// How many cases.
        cases: usize,
        /// How many checks.
        checks: usize,
    },
    /// A case began.
    CaseStarted {
        /// Its id.
        id: String,
    },
    /// A case ended.
    CaseFinished(Arc<CaseResult>),
    /// All is done.
    RunFinished,
}

/// What a run led to.
#[derive(Debug)]
pub struct RunOutput {
    /// The cases in file order.
    pub cases: Vec<CaseResult>,
    /// It was interrupted.
    pub interrupted: bool,
    /// The deadline ended it.
    pub deadline_hit: bool,
    /// What the target declared.
    pub capabilities: Capabilities,
    /// The target's name.
    pub target_name: String,
    /// What the doctor found before; empty where nothing was probed.
    pub found: Vec<ProbeFinding>,
}

/// Runs the selected cases and collects their results; `stop` ends the run early.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn run(
    config: RunConfig,
    events: impl Fn(RunEvent) + Send + Sync + 'static,
    stop: &CancellationToken,
) -> Result<RunOutput, RunError> {
    if config.probed.is_some() {
        reach(&config.session).await?;
    }
    let capabilities = read_capabilities(&config.session).await?;
    let cases = select(&config.suite, &config.selection, &config.catalogue);
    let checks = cases
        .iter()
        .map(|case| checks_of(&case.scenario).count())
        .sum();
    events(RunEvent::RunStarted {
        cases: cases.len(),
        checks,
    });
    let mut context = RunContext::new(&config.session, &config.catalogue, &capabilities);
    context.trace = config.trace;
    let found = match &config.probed {
        Some(text) => doctor::silently(&context, &capabilities, text, stop).await,
        None => Vec::new(),
    };
    context.unproven = unproven(&found);
    let (context, declared) = (Arc::new(context), Arc::new(capabilities.clone()));
    let mut finished = Finished {
        cases: &cases,
        events: &events,
        results: vec![None; cases.len()],
        failures: 0,
        max_failures: config.max_failures,
    };
    let side_by_side = SideBySide {
        jobs: config.session.jobs(&capabilities, config.jobs),
        deadline: config.deadline,
        stop,
        unfinished: Unfinished::Cancel,
    };
    let work = |case: Case| {
        events(RunEvent::CaseStarted { id: case.id() });
        let (context, declared) = (Arc::clone(&context), Arc::clone(&declared));
        async move { run_case(&context, &declared, &case).await }
    };
    let ended = side_by_side
        .run(cases.clone(), work, |place, result| {
            finished.add(place, result)
        })
        .await;
    let results = finished.results.into_iter().zip(&cases);
    let mut cases: Vec<CaseResult> = results
        .map(|(result, case)| result.unwrap_or_else(|| not_reached(case, not_begun(ended))))
        .collect();
    let selected = selected_ids(&config.selection, &config.catalogue);
    cases.extend(every_answer::case(
        &context,
        selected.as_ref(),
        &config.suite.origin,
    ));
    cases.extend(declared_limits::case(
        &context.limits,
        &context.unproven,
        selected.as_ref(),
    ));
    events(RunEvent::RunFinished);
    Ok(RunOutput {
        cases,
        interrupted: ended == StopReason::Interrupted,
        deadline_hit: ended == StopReason::Deadline,
        capabilities,
        target_name: config.session.target.name().to_owned(),
        found,
    })
}

/// Returns why a case was not judged when the run ended so.
const fn not_begun(ended: StopReason) -> &'static str {
    match ended {
        StopReason::Done => "the harness lost this case; please report it",
        StopReason::Interrupted => "the run was interrupted before",
        StopReason::Deadline => "the run's deadline came before",
        StopReason::Enough => "the run stopped before, at --max-failures",
    }
}

/// The cases that have ended.
struct Finished<'a> {
    cases: &'a [Case],
    events: &'a (dyn Fn(RunEvent) + Send + Sync),
    results: Vec<Option<CaseResult>>,
    /// Failed checks so far.
    failures: usize,
    max_failures: Option<usize>,
}

impl Finished<'_> {
    /// Adds a result, or the panic that came instead, and ends the run where enough has failed.
    fn add(&mut self, place: usize, result: Result<CaseResult, JoinError>) -> ControlFlow<()> {
        let result = result.unwrap_or_else(|error| {
            let mut result = not_reached(&self.cases[place], "the harness failed in this case");
            result.internal_error =
                Some(format!("the case ended in a panic of the harness: {error}"));
            result
        });
        let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
        let checks = result.checks.iter();
        self.failures += checks.filter(|check| failed(&check.outcome)).count();
        (self.events)(RunEvent::CaseFinished(Arc::new(result.clone())));
        self.results[place] = Some(result);
        match self.max_failures {
            Some(limit) if self.failures >= limit => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Chooses the cases: every edition of every scenario that has a selected check.
#[must_use]
pub fn select(suite: &Suite, selection: &Selection, catalogue: &Catalogue) -> Vec<Case> {
    let ids = selected_ids(selection, catalogue);
    let mut cases = Vec::new();
    for scenario in &suite.scenarios {
        if let Some(ids) = &ids
            && !checks_of(scenario).any(|id| ids.contains(id))
        {
            continue;
        }
        for edition in &scenario.editions {
            if selection.editions.is_empty() || selection.editions.contains(edition) {
                cases.push(Case {
                    scenario: Arc::new(scenario.clone()),
                    edition: *edition,
                });
            }
        }
    }
    cases
}

/// Returns the selected cases where the target could not be asked at all: nothing of them was judged, for this reason.
#[must_use]
pub fn unreached(
    suite: &Suite,
    selection: &Selection,
    catalogue: &Catalogue,
    why: &str,
) -> Vec<CaseResult> {
    let cases = select(suite, selection, catalogue);
    cases.iter().map(|case| not_reached(case, why)).collect()
}

/// Lists the ids that a selection names; none where it names none.
#[must_use]
pub fn selected_ids(selection: &Selection, catalogue: &Catalogue) -> Option<BTreeSet<String>> {
    if selection.requirements.is_empty() && selection.areas.is_empty() {
        return None;
    }
    let titles: Vec<&str> = catalogue
        .areas
        .iter()
        .filter(|area| {
            selection.areas.iter().any(|word| {
                word.eq_ignore_ascii_case(&area.id) || word.eq_ignore_ascii_case(&area.title)
            })
        })
        .map(|area| area.id.as_str())
        .collect();
    let named = |id: &str, area: &str| {
        titles.contains(&area)
            || selection
                .requirements
                .iter()
                .any(|word| word == id || word.strip_suffix("-*") == Some(area))
    };
    let chosen = catalogue
        .requirements
        .iter()
        .filter(|requirement| named(&requirement.id.0, requirement.id.area()));
    Some(chosen.map(|requirement| requirement.id.0.clone()).collect())
}

pub(crate) fn checks_of(scenario: &Scenario) -> impl Iterator<Item = &str> {
    scenario
        .steps
        .iter()
        .filter_map(|step| step.check.as_ref())
        .map(|check| check.requirement.0.as_str())
}

/// Returns the result of a case that was never run.
fn not_reached(case: &Case, why: &str) -> CaseResult {
    let checks = case
        .scenario
        .steps
        .iter()
        .filter_map(|step| Some((step, step.check.as_ref()?)))
        .map(|(step, check)| CheckResult {
            requirement: check.requirement.clone(),
            slug: check.slug.clone(),
            outcome: Outcome::CouldNotRun(CouldNotRun::NotReached(why.to_owned())),
            file: case.scenario.path.clone(),
            line: check.line,
            expect_line: check.expect_line,
            command: proofup_scenario::transcript::action(&step.action),
            control_difference: None,
            exchanges: Vec::new(),
        });
    CaseResult {
        id: case.id(),
        file: case.scenario.path.clone(),
        title: case.scenario.title.clone(),
        edition: case.edition,
        checks: checks.collect(),
        transcript: String::new(),
        trace: Vec::new(),
        wall_ms: 0,
        internal_error: None,
        secrets: BTreeSet::new(),
    }
}
