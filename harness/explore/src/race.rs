//! Races: commands that are sent at the same moment, and whether some order of them explains what came back.
//!
//! A history is a story of a few commands one after the other, then two to eight at the same moment, then a look at what is
//! there (`templates` draws it, `plan` holds it, `play` lets it happen). The oracle judges what came alone; for what came
//! together an order is looked for in which it admits every answer and everything seen afterwards (`judge`, `search`). A
//! violation is made smaller (`shrink`), let happen again, and written as a scenario file (`counterexample`).
//!
//! **Invariant:** what a history is depends on the seed and its number alone; how it ends may be chance.

mod counterexample;
mod judge;
mod plan;
mod play;
pub mod search;
mod shrink;
mod teller;
mod templates;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use proofup_binding::Isolation;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::command::Command;
use proofup_domain::requirement::Catalogue;
use proofup_judge::outcome::Outcome;
use proofup_scenario::load;
use proofup_world::answer_rules::BrokenRule;
use proofup_world::case::{Case, run_case};
use proofup_world::context::RunContext;
use proofup_world::missing_facilities;
use proofup_world::needs::has_feature;
use proofup_world::operation_of;
use proofup_world::session::{RunError, TargetSession, read_capabilities};
use proofup_world::side_by_side::{SideBySide, StopReason, Unfinished, join_or_repanic};
use tokio_util::sync::CancellationToken;

use judge::HistoryJudgement;
use plan::HistoryPlan;
use play::{attempt, play};
use teller::HistoryTemplate;
use templates::{TEMPLATES, draw};

/// How often a violation is let happen again.
pub const REPETITIONS: u32 = 10;

/// Bounds the violations that are made smaller and written down, one of each story.
const FINDINGS_MOST: usize = 5;

/// How often a history that was a violation once is tried until it is one again.
const ATTEMPTS: u32 = 20;

/// How many histories of what.
#[derive(Debug, Clone)]
pub struct RaceConfig {
    /// Whose histories, and by which seed.
    pub session: TargetSession,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// Histories under way at once.
    pub jobs: usize,
    /// How many histories.
    pub histories: u64,
}

/// What was found out.
#[derive(Debug, Clone)]
pub struct RaceOutput {
    /// The stories, in their order.
    pub stories: Vec<RaceStory>,
    /// The violations, the earliest of each story.
    pub findings: Vec<RaceFinding>,
    /// Rules for every answer that some answer or message broke, each named with the first history, by name, that did.
    pub broken: Vec<BrokenRule>,
    /// It was interrupted before the last history.
    pub interrupted: bool,
    /// The target's name.
    pub target_name: String,
}

/// Counts the histories of one story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaceStory {
    /// Its name.
    pub name: &'static str,
    /// The requirement that a violation breaks.
    pub requirement: &'static str,
    /// Histories that happened.
    pub histories: u64,
    /// Histories that were judged.
    pub judged: u64,
    /// Commands in them.
    pub commands: u64,
    /// Violations among them.
    pub violations: u64,
    /// Why the first of those that could not be judged could not.
    pub unjudged: Option<String>,
    /// What the target declares that it does not have.
    pub not_applicable: Option<String>,
}

/// A violation, as small as it could be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaceFinding {
    /// The story.
    pub story: &'static str,
    /// The requirement that it breaks.
    pub requirement: &'static str,
    /// The number of the history, from 1.
    pub case: u64,
    /// What cannot be explained.
    pub what: String,
    /// Commands before, at the same moment, and after.
    pub commands: [usize; 3],
    /// How many of [`REPETITIONS`] of the smallest history were violations again.
    pub again: u32,
    /// The scenario file; none: it has too many orders to be written down, or it did not happen again.
    pub scenario: Option<String>,
    /// How many of [`REPETITIONS`] runs of that file failed.
    pub file_fails: u32,
}

impl RaceOutput {
    /// Returns whether something happened that no order explains, or that breaks a rule for every answer.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        !self.broken.is_empty() || self.stories.iter().any(|story| story.violations > 0)
    }

    /// Lists the stories of which not one history could be judged, though the target has what they need.
    #[must_use]
    pub fn unjudged(&self) -> Vec<&RaceStory> {
        let stories = self.stories.iter();
        stories
            .filter(|story| story.judged == 0 && story.not_applicable.is_none())
            .collect()
    }
}

/// Lets histories happen, `config.jobs` side by side, and judges them.
///
/// `told` is called as each is done; `stop` ends it early.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn race(
    config: &RaceConfig,
    told: impl Fn() + Send,
    stop: &CancellationToken,
) -> Result<RaceOutput, RunError> {
    let hunter = Hunter::new(config).await?;
    let mut stories: Vec<RaceStory> = TEMPLATES.iter().map(|one| hunter.story(one)).collect();
    let mut violations = BTreeMap::new();
    let side_by_side = SideBySide {
        jobs: hunter.jobs(config),
        deadline: None,
        stop,
        unfinished: Unfinished::Cancel,
    };
    let work = |case| {
        let (hunter, plan) = (hunter.clone(), hunter.plan(case));
        async move { (hunter.judged(&plan).await, plan) }
    };
    let ended = side_by_side
        .run(1..=config.histories, work, |_, history| {
            let (judgement, plan) = join_or_repanic(history);
            told();
            count(&mut stories, &plan, &judgement);
            if let HistoryJudgement::Violation(what) = judgement {
                violations.insert(plan.case, (plan, what));
            }
            ControlFlow::Continue(())
        })
        .await;
    let broken = hunter.context.answers.broken();
    let mut interrupted = ended == StopReason::Interrupted;
    let mut findings: Vec<RaceFinding> = Vec::new();
    for (plan, what) in violations.into_values() {
        let known = findings.iter().any(|one| one.story == plan.template.name);
        if known || findings.len() == FINDINGS_MOST || interrupted {
            continue;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => interrupted = true,
            finding = hunter.look_closer(plan, what) => findings.push(finding),
        }
    }
    Ok(RaceOutput {
        stories,
        findings,
        broken,
        interrupted,
        target_name: config.session.target.name().to_owned(),
    })
}

/// Lets histories happen one after the other until one is a violation, for as many as the configuration allows.
///
/// # Errors
/// As [`race`].
pub async fn hunt(config: &RaceConfig) -> Result<Option<RaceFinding>, RunError> {
    let hunter = Hunter::new(config).await?;
    for case in 1..=config.histories {
        let plan = hunter.plan(case);
        if let HistoryJudgement::Violation(what) = hunter.judged(&plan).await {
            return Ok(Some(hunter.look_closer(plan, what).await));
        }
        if let Some(broken) = hunter.context.answers.broken().into_iter().next() {
            return Ok(Some(RaceFinding {
                requirement: broken.rule.check().0,
                what: format!("{}: {}", broken.operation, broken.place),
                ..RaceFinding::of(&plan)
            }));
        }
    }
    Ok(None)
}

impl RaceFinding {
    /// Begins a finding about a history.
    fn of(plan: &HistoryPlan) -> Self {
        Self {
            story: plan.template.name,
            requirement: plan.template.requirement,
            case: plan.case,
            what: String::new(),
            commands: [plan.before.len(), plan.together.len(), plan.after.len()],
            again: 0,
            scenario: None,
            file_fails: 0,
        }
    }
}

fn count(stories: &mut [RaceStory], plan: &HistoryPlan, judgement: &HistoryJudgement) {
    let story = stories
        .iter_mut()
        .find(|story| story.name == plan.template.name);
    let Some(story) = story else { return };
    if story.not_applicable.is_some() {
        return;
    }
    story.histories += 1;
    match judgement {
        HistoryJudgement::Unjudged(why) => {
            story.unjudged.get_or_insert_with(|| why.clone());
            return;
        }
        HistoryJudgement::Violation(_) => story.violations += 1,
        HistoryJudgement::Sound => {}
    }
    story.judged += 1;
    story.commands += u64::try_from(plan.operations()).unwrap_or(u64::MAX);
}

/// What every history needs.
#[derive(Debug, Clone)]
struct Hunter {
    context: Arc<RunContext>,
    capabilities: Arc<Capabilities>,
    seed: u64,
}

impl Hunter {
    async fn new(config: &RaceConfig) -> Result<Self, RunError> {
        let capabilities = read_capabilities(&config.session).await?;
        Ok(Self {
            context: Arc::new(RunContext::new(
                &config.session,
                &config.catalogue,
                &capabilities,
            )),
            capabilities: Arc::new(capabilities),
            seed: config.session.seed,
        })
    }

    /// Returns how many histories may be under way: one, where nothing keeps them apart.
    fn jobs(&self, config: &RaceConfig) -> usize {
        if self.context.session.target.isolation() == Isolation::Tenant {
            config.jobs.max(1)
        } else {
            1
        }
    }

    /// Draws a history; what the target file does not bind is not looked at afterwards.
    fn plan(&self, case: u64) -> HistoryPlan {
        let mut plan = draw(self.seed, case, &self.capabilities.limits);
        let target = &self.context.session.target;
        let is_bound =
            |command: &Command| operation_of(command).is_none_or(|operation| target.has(operation));
        plan.after.retain(is_bound);
        plan
    }

    /// Begins to count a story.
    fn story(&self, template: &'static HistoryTemplate) -> RaceStory {
        let mut needs = template.needs.iter();
        let missing = needs.find(|need| !has_feature(&self.capabilities, **need));
        RaceStory {
            name: template.name,
            requirement: template.requirement,
            histories: 0,
            judged: 0,
            commands: 0,
            violations: 0,
            unjudged: None,
            not_applicable: missing.map(ToString::to_string),
        }
    }

    /// Lets a history happen, if the target has what it needs.
    async fn judged(&self, plan: &HistoryPlan) -> HistoryJudgement {
        let mut needs = plan.template.needs.iter();
        if let Some(missing) = needs.find(|need| !has_feature(&self.capabilities, **need)) {
            return HistoryJudgement::Unjudged(format!("the target has no {missing}"));
        }
        if missing_facilities(
            &plan.case().scenario,
            &self.context.session.target,
            &self.capabilities,
        )
        .is_some()
        {
            return HistoryJudgement::Unjudged(
                "the harness lacks means that this target does not give".to_owned(),
            );
        }
        attempt(&self.context, &self.capabilities, plan).await
    }

    /// Makes a violation smaller, lets it happen again, and writes it down.
    async fn look_closer(&self, plan: HistoryPlan, what: String) -> RaceFinding {
        let plan = shrink::shrink(&self.context, &self.capabilities, plan).await;
        let mut finding = RaceFinding {
            what,
            ..RaceFinding::of(&plan)
        };
        for round in 0..REPETITIONS + ATTEMPTS {
            if round >= REPETITIONS && finding.again > 0 {
                break;
            }
            let Ok(played) = play(&self.context, &plan).await else {
                continue;
            };
            let HistoryJudgement::Violation(what) =
                judge::judge(&plan, &self.capabilities, &played)
            else {
                continue;
            };
            if round < REPETITIONS {
                finding.again += 1;
            }
            if finding.scenario.is_none() {
                let seed = self.seed;
                finding.scenario =
                    counterexample::write(&plan, &self.capabilities, &played, seed, &what);
                finding.what = what;
            }
        }
        if let Some(scenario) = &finding.scenario {
            finding.file_fails = self.failures_of(scenario).await;
        }
        finding
    }

    /// Runs a scenario file several times, and counts how often it fails.
    async fn failures_of(&self, text: &str) -> u32 {
        let Ok(scenario) = load("race.toml", text, &self.context.catalogue) else {
            return 0;
        };
        let edition = scenario.editions.first().copied().unwrap_or_default();
        let case = Case {
            scenario: Arc::new(scenario),
            edition,
        };
        let mut failures = 0;
        for _ in 0..REPETITIONS {
            let result = run_case(&self.context, &self.capabilities, &case).await;
            let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
            failures += u32::from(result.checks.iter().any(|check| failed(&check.outcome)));
        }
        failures
    }
}
