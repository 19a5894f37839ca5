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

use proofup_domain::command::{CodeRole, Command};
use proofup_domain::requirement::Catalogue;
use proofup_judge::outcome::Outcome;
use proofup_oracle::machine::step;
use proofup_scenario::load;
use proofup_world::UnprovenMapping;
use proofup_world::answer_rules::BrokenRule;
use proofup_world::bounds::TargetBounds;
use proofup_world::case::{Case, run_case};
use proofup_world::context::RunContext;
use proofup_world::needs::has_feature;
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
    /// What the doctor found that the target file does not carry: it is not done, and not judged.
    pub unproven: UnprovenMapping,
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
        jobs: config
            .session
            .jobs(&hunter.bounds.capabilities, config.jobs),
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
    bounds: Arc<TargetBounds>,
    seed: u64,
}

impl Hunter {
    async fn new(config: &RaceConfig) -> Result<Self, RunError> {
        let capabilities = read_capabilities(&config.session).await?;
        let mut context = RunContext::new(&config.session, &config.catalogue, &capabilities);
        context.unproven = config.unproven.clone();
        Ok(Self {
            bounds: Arc::new(TargetBounds::new(&context, &capabilities)),
            context: Arc::new(context),
            seed: config.session.seed,
        })
    }

    /// Draws a history, within the bounds of the target.
    fn plan(&self, case: u64) -> HistoryPlan {
        let limits = &self.bounds.capabilities.limits;
        let sends = self.bounds.methods_with_codes();
        draw(self.seed, case, limits, &sends).within(&self.bounds)
    }

    /// Returns what a story needs that the target declares that it does not have.
    fn lacks(&self, template: &HistoryTemplate) -> Option<String> {
        let vehicles = template.vehicles.iter();
        let vehicles = vehicles.filter(|_| self.bounds.makes_tenants());
        let mut needs = template.needs.iter().chain(vehicles);
        let missing = needs.find(|need| !has_feature(&self.bounds.capabilities, **need));
        missing.map(ToString::to_string)
    }

    /// Begins to count a story.
    fn story(&self, template: &'static HistoryTemplate) -> RaceStory {
        RaceStory {
            name: template.name,
            requirement: template.requirement,
            histories: 0,
            judged: 0,
            commands: 0,
            violations: 0,
            unjudged: None,
            not_applicable: self.lacks(template),
        }
    }

    /// Lets a history happen, if the target has what it needs.
    async fn judged(&self, plan: &HistoryPlan) -> HistoryJudgement {
        if let Some(missing) = self.lacks(plan.template) {
            return HistoryJudgement::Unjudged(format!("the target has no {missing}"));
        }
        let mut commands = plan.before.iter().chain(&plan.together);
        if let Some(why) = commands.find_map(|one| self.bounds.forbids(&plan.policy, one)) {
            return HistoryJudgement::Unjudged(why);
        }
        if let Some(why) = self.refuses(plan) {
            return HistoryJudgement::Unjudged(why);
        }
        attempt(&self.context, &self.bounds, plan).await
    }

    /// Returns the first command before the race that could not succeed under a policy and limits of the target's own.
    fn refuses(&self, plan: &HistoryPlan) -> Option<String> {
        if self.bounds.makes_tenants() {
            return None;
        }
        let mut state = plan.tenant(&self.bounds);
        let now = plan.start();
        plan.before.iter().find_map(|command| {
            let guesses = matches!(command, Command::SubmitCode { code, .. } | Command::SubmitSecondStepCode { code, .. } | Command::SubmitResetCode { code, .. } if *code == CodeRole::Wrong);
            let outcome = step(&state, command, now);
            let possible = guesses || outcome.expected.may_succeed();
            state = outcome.state;
            (!possible).then(|| {
                format!(
                    "under the target's policy `{}` has to be refused",
                    command.word()
                )
            })
        })
    }

    /// Makes a violation smaller, lets it happen again, and writes it down.
    async fn look_closer(&self, plan: HistoryPlan, what: String) -> RaceFinding {
        let plan = shrink::shrink(&self.context, &self.bounds, plan).await;
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
            let HistoryJudgement::Violation(what) = judge::judge(&plan, &self.bounds, &played)
            else {
                continue;
            };
            if round < REPETITIONS {
                finding.again += 1;
            }
            if finding.scenario.is_none() {
                let seed = self.seed;
                finding.scenario = counterexample::write(&plan, &self.bounds, &played, seed, &what);
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
        let mut failures = 0;
        for _ in 0..REPETITIONS {
            let path = format!("{}.toml", self.context.fresh_name("race"));
            let Ok(scenario) = load(&path, text, &self.context.catalogue) else {
                return 0;
            };
            let case = Case {
                edition: scenario.editions.first().copied().unwrap_or_default(),
                scenario: Arc::new(scenario),
            };
            let result = run_case(&self.context, &self.bounds.capabilities, &case).await;
            let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
            failures += u32::from(result.checks.iter().any(|check| failed(&check.outcome)));
        }
        failures
    }
}
