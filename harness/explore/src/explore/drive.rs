//! Drives exploring: cases side by side, and what is made of those that fail.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use proofup_domain::capabilities::Capabilities;
use proofup_domain::requirement::Catalogue;
use proofup_judge::outcome::{CaseResult, Outcome};
use proofup_oracle::auditor::Violation;
use proofup_scenario::{COMMANDS, Finder, Provenance, load};
use proofup_world::UnprovenMapping;
use proofup_world::answer_rules::BrokenRule;
use proofup_world::bounds::TargetBounds;
use proofup_world::case::{Case, run_case};
use proofup_world::context::RunContext;
use proofup_world::session::{RunError, TargetSession, read_capabilities};
use proofup_world::side_by_side::{SideBySide, StopReason, Unfinished, join_or_repanic};
use tokio_util::sync::CancellationToken;

use super::draw;
use super::play::{PlayedStory, Spared, UnexpectedAnswer, play};
use super::requirement_at_fault::requirement_at_fault;
use super::shrink::{Shrinker, same, shape};
use super::story::Story;
use super::write::{Counterexample, summary, write};

/// How much to explore.
#[derive(Debug, Clone)]
pub struct ExploreConfig {
    /// Whom to explore, and by which seed.
    pub session: TargetSession,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// What the doctor found that the target file does not carry: it is not done, and not judged.
    pub unproven: UnprovenMapping,
    /// Cases under way at once.
    pub jobs: usize,
    /// The number of the first case, from 1.
    pub first: u64,
    /// How many cases.
    pub cases: u64,
    /// Commands of a case at most, its quiet end aside.
    pub steps: usize,
    /// Stop after this long.
    pub max_time: Option<Duration>,
}

/// Counts how often commands of one kind were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How often it succeeded.
    pub succeeded: u64,
    /// How often it was refused.
    pub refused: u64,
}

/// What exploring led to.
#[derive(Debug)]
pub struct ExploreOutput {
    /// How many cases were played.
    pub cases: u64,
    /// How many commands were answered, those that register methods beforehand aside.
    pub commands: u64,
    /// What each kind of command came to, in the order of the vocabulary.
    pub tallies: Vec<(&'static str, Tally)>,
    /// The differences, the one of the earliest case first; those that look alike are one.
    pub findings: Vec<ExploreFinding>,
    /// What was answered otherwise and could not be judged, with the number of stories that it ended.
    pub unjudged: BTreeMap<String, u64>,
    /// What the target declares that it does not have, with the number of stories that came upon it.
    pub not_applicable: BTreeMap<String, u64>,
    /// How many users of `[[users]]` there are, where stories had used them up before the last case.
    pub used_up: Option<usize>,
    /// What the auditor found where the oracle found nothing: one of them is wrong.
    pub disagreements: Vec<(u64, Violation)>,
    /// Commands that the harness could not make although the oracle says that they can be done.
    pub stalls: Vec<(u64, String)>,
    /// Differences that did not come again when the same story was played once more.
    pub chances: Vec<(u64, String)>,
    /// Cases that could not be played, and why.
    pub failures: Vec<(u64, String)>,
    /// Rules for every answer that some answer or message broke, each named with the first case, by name, that did.
    pub broken: Vec<BrokenRule>,
    /// The user ended it.
    pub interrupted: bool,
    /// The time was up.
    pub out_of_time: bool,
    /// What the target declared.
    pub capabilities: Capabilities,
}

impl ExploreOutput {
    /// Returns the difference of the earliest case.
    #[must_use]
    pub fn first(&self) -> Option<&ExploreFinding> {
        self.findings.first()
    }

    /// Lists the kinds of commands that the target has and that never once succeeded.
    #[must_use]
    pub fn never_succeeded(&self) -> Vec<&'static str> {
        self.tallies
            .iter()
            .filter(|(_, tally)| tally.succeeded == 0)
            .map(|(word, _)| *word)
            .collect()
    }
}

/// A difference: the earliest case that shows it, made small and judged again, and how often it came.
#[derive(Debug)]
pub struct ExploreFinding {
    /// The number of the case.
    pub case: u64,
    /// In how many cases it was what came first.
    pub times: u64,
    /// The file.
    pub file: Counterexample,
    /// What came of running the file: without the explorer, as anybody would.
    pub judged: Option<CaseResult>,
    /// How many commands the case had before.
    pub drawn_steps: usize,
    /// How many smaller stories were played; none: it was one of too many to make each of them small.
    pub attempts: Option<usize>,
}

impl ExploreFinding {
    /// Returns whether the file alone fails at its last check.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.judged.as_ref().is_some_and(|result| {
            result.checks.iter().any(|check| {
                check.slug == self.file.slug && matches!(check.outcome, Outcome::Failed(_))
            })
        })
    }
}

/// Bounds the differences of which each is made small; of the others the whole stories are written.
const SMALL_MAX: usize = 5;

/// What was found different so far, by requirement and shape: the earliest case, and how many there were.
#[derive(Debug, Default)]
struct Differences(BTreeMap<(&'static str, [String; 4]), (FailingStory, u64)>);

/// A story that failed.
#[derive(Debug)]
struct FailingStory {
    case: u64,
    story: Story,
    difference: UnexpectedAnswer,
}

impl Differences {
    fn add(&mut self, failing: FailingStory) {
        let key = (blamed(&failing.difference), shape(&failing.difference));
        match self.0.get_mut(&key) {
            None => {
                self.0.insert(key, (failing, 1));
            }
            Some((earliest, times)) => {
                *times += 1;
                if failing.case < earliest.case {
                    *earliest = failing;
                }
            }
        }
    }

    /// Lists them by their earliest case.
    fn in_order(self) -> Vec<(FailingStory, u64)> {
        let mut all: Vec<(FailingStory, u64)> = self.0.into_values().collect();
        all.sort_by_key(|(failing, _)| failing.case);
        all
    }
}

/// Returns the name of the requirement that is to blame, as far as can be told.
fn blamed(difference: &UnexpectedAnswer) -> &'static str {
    let UnexpectedAnswer {
        command,
        expected,
        got,
        ..
    } = difference;
    requirement_at_fault(command, expected, got).unwrap_or("API-1")
}

/// Plays cases until the number is reached, the time is up, nobody is left to play them with, or the user ends it.
///
/// `told` is called with the number of cases played so far.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn explore(
    config: &ExploreConfig,
    told: impl Fn(u64) + Send,
    stop: &CancellationToken,
) -> Result<ExploreOutput, RunError> {
    let ground = Arc::new(Ground::of(config).await?);
    let mut output = ExploreOutput::new(&ground.bounds);
    let mut differences = Differences::default();
    let side_by_side = SideBySide {
        jobs: config
            .session
            .jobs(&ground.bounds.capabilities, config.jobs),
        deadline: config.max_time,
        stop,
        // The earliest of several failing cases is told, whichever of them ends first.
        unfinished: Unfinished::Await,
    };
    let cases = (config.first..).take(usize::try_from(config.cases).unwrap_or(usize::MAX));
    let work = |case| {
        let (ground, steps) = (Arc::clone(&ground), config.steps);
        async move {
            let story = draw(&ground.bounds, ground.seed, case, steps);
            if let Some(users) = ground.context.used_up(&story.users) {
                return Err(users);
            }
            let played = ground.confirmed(&story, case).await;
            Ok((case, story, played))
        }
    };
    let ended = side_by_side
        .run(cases, work, |_, finished| {
            let (case, story, mut played) = match join_or_repanic(finished) {
                Ok(finished) => finished,
                Err(users) => {
                    output.used_up = Some(users);
                    return ControlFlow::Break(());
                }
            };
            let difference = played.difference.take();
            output.take(case, played, difference.is_some());
            told(output.cases);
            if let Some(difference) = difference {
                differences.add(FailingStory {
                    case,
                    story,
                    difference,
                });
            }
            ControlFlow::Continue(())
        })
        .await;
    output.interrupted = ended == StopReason::Interrupted;
    output.out_of_time = ended == StopReason::Deadline;
    output.broken = ground.context.answers.broken();
    for (failing, times) in differences.in_order() {
        let is_small = output.findings.len() < SMALL_MAX && !stop.is_cancelled();
        let differed = summary(&failing.difference);
        let case = failing.case;
        match ground.look_closer(failing, times, is_small).await {
            Some(finding) => output.findings.push(finding),
            None => output.chances.push((case, differed)),
        }
    }
    Ok(output)
}

/// What every story needs.
#[derive(Debug)]
struct Ground {
    context: RunContext,
    bounds: Arc<TargetBounds>,
    seed: u64,
}

impl Ground {
    async fn of(config: &ExploreConfig) -> Result<Self, RunError> {
        let capabilities = read_capabilities(&config.session).await?;
        let mut context = RunContext::new(&config.session, &config.catalogue, &capabilities);
        context.unproven = config.unproven.clone();
        Ok(Self {
            bounds: Arc::new(TargetBounds::new(&context, &capabilities)),
            context,
            seed: config.session.seed,
        })
    }

    /// Plays a story; what differs has to differ again in the same way when the story is played once more, or it was chance.
    ///
    /// A busy machine can make a provider look slower than a time-out. What does not repeat is told, and is no verdict.
    async fn confirmed(&self, story: &Story, case: u64) -> PlayedStory {
        let stem = stem(self.seed, case);
        let mut played = play(&self.context, &self.bounds, story, &stem, false).await;
        let Some(first) = &played.difference else {
            return played;
        };
        let again = play(&self.context, &self.bounds, story, &stem, false).await;
        let repeats = again.difference.is_some_and(|second| same(first, &second));
        if !repeats {
            played.chance = played.difference.take().map(|one| summary(&one));
        }
        played
    }

    /// Makes a failing story small, writes it as a file and runs that file; none if what differed does not come again.
    async fn look_closer(
        &self,
        failing: FailingStory,
        times: u64,
        is_small: bool,
    ) -> Option<ExploreFinding> {
        let (context, bounds) = (&self.context, &self.bounds);
        let (case, whole) = (failing.case, failing.story);
        let drawn_steps = whole.steps.len();
        let stem = stem(self.seed, case);
        let mut story = whole.clone();
        let mut attempts = None;
        if is_small {
            let shrinker = Shrinker::new(context, bounds, &stem, story, failing.difference);
            let (small, _, played) = shrinker.shrink().await;
            (story, attempts) = (small, Some(played));
        }
        let mut again = play(context, bounds, &story, &stem, true).await;
        if again.difference.is_none() {
            story = whole;
            again = play(context, bounds, &story, &stem, true).await;
        }
        let difference = again.difference?;
        let found = Provenance {
            by: Finder::Explore,
            seed: self.seed,
            case,
        };
        let file = write(
            &story,
            &difference,
            &again.expectations,
            &found,
            &context.catalogue,
        );
        let path = format!("{}.toml", context.fresh_name(&file.stem));
        let judged = match load(&path, &file.text, &context.catalogue) {
            Ok(scenario) => {
                let case = Case {
                    edition: scenario.editions.first().copied().unwrap_or_default(),
                    scenario: Arc::new(scenario),
                };
                Some(run_case(context, &bounds.capabilities, &case).await)
            }
            Err(_) => None,
        };
        Some(ExploreFinding {
            case,
            times,
            file,
            judged,
            drawn_steps,
            attempts,
        })
    }
}

/// Looks for the first case that fails, one case after the other, and tells its number; for judging planted faults.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn hunt(config: &ExploreConfig) -> Result<Option<FailingCase>, RunError> {
    let ground = Ground::of(config).await?;
    // A difference has a story that can be made small, so a rule that was broken counts where no case differs.
    let mut first_broken = None;
    for case in (config.first..).take(usize::try_from(config.cases).unwrap_or(usize::MAX)) {
        let story = draw(&ground.bounds, ground.seed, case, config.steps);
        let played = ground.confirmed(&story, case).await;
        if let Some(difference) = played.difference {
            let failing = FailingStory {
                case,
                story,
                difference,
            };
            return Ok(Some(FailingCase {
                case,
                failure: CaseFailure::Difference(Box::new(failing)),
                ground,
            }));
        }
        if first_broken.is_none() {
            let broken = ground.context.answers.broken().into_iter().next();
            first_broken = broken.map(|rule| (case, rule));
        }
    }
    Ok(first_broken.map(|(case, rule)| FailingCase {
        case,
        failure: CaseFailure::Rule(Box::new(rule)),
        ground,
    }))
}

/// A case that failed, not yet made small.
#[derive(Debug)]
pub struct FailingCase {
    /// The number of the case.
    pub case: u64,
    failure: CaseFailure,
    ground: Ground,
}

/// Why a case failed.
#[derive(Debug)]
enum CaseFailure {
    /// An answer that the oracle does not admit.
    Difference(Box<FailingStory>),
    /// A rule for every answer that was broken by then.
    Rule(Box<BrokenRule>),
}

impl FailingCase {
    /// Returns the name of the requirement that is to blame, as far as can be told.
    #[must_use]
    pub fn requirement(&self) -> &'static str {
        match &self.failure {
            CaseFailure::Difference(failing) => blamed(&failing.difference),
            CaseFailure::Rule(broken) => broken.rule.check().0,
        }
    }

    /// Returns in a line what was done, what was admitted and what came; or where a rule was broken.
    #[must_use]
    pub fn summary(&self) -> String {
        match &self.failure {
            CaseFailure::Difference(failing) => summary(&failing.difference),
            CaseFailure::Rule(broken) => format!("{}: {}", broken.operation, broken.place),
        }
    }

    /// Makes it small and judges it again; none if it does not come again. A rule that was broken needs no story.
    pub async fn make_small(self) -> Option<ExploreFinding> {
        let CaseFailure::Difference(failing) = self.failure else {
            return None;
        };
        self.ground.look_closer(*failing, 1, true).await
    }
}

/// Returns the name of a case: its tenant, its people and its file are called so.
fn stem(seed: u64, case: u64) -> String {
    format!("explore-{seed}-{case}")
}

impl ExploreOutput {
    fn new(bounds: &TargetBounds) -> Self {
        Self {
            cases: 0,
            commands: 0,
            tallies: COMMANDS
                .iter()
                .filter(|(word, _)| bounds.has_word(word))
                .map(|(word, _)| (*word, Tally::default()))
                .collect(),
            findings: Vec::new(),
            unjudged: BTreeMap::new(),
            not_applicable: BTreeMap::new(),
            used_up: None,
            disagreements: Vec::new(),
            stalls: Vec::new(),
            chances: Vec::new(),
            broken: Vec::new(),
            failures: Vec::new(),
            interrupted: false,
            out_of_time: false,
            capabilities: bounds.capabilities.clone(),
        }
    }

    fn take(&mut self, case: u64, played: PlayedStory, differs: bool) {
        self.cases += 1;
        for (word, succeeded) in played.answered {
            self.commands += 1;
            let tally = self.tallies.iter_mut().find(|(known, _)| *known == word);
            if let Some((_, tally)) = tally {
                if succeeded {
                    tally.succeeded += 1;
                } else {
                    tally.refused += 1;
                }
            }
        }
        self.stalls
            .extend(played.stalls.into_iter().map(|stall| (case, stall)));
        match played.unjudged {
            Some(Spared::NotJudged(why)) => *self.unjudged.entry(why).or_default() += 1,
            Some(Spared::NotApplicable(what)) => {
                *self.not_applicable.entry(what).or_default() += 1;
            }
            None => {}
        }
        let chance = played.chance.map(|chance| (case, chance));
        self.chances.extend(chance);
        self.failures
            .extend(played.failure.map(|failure| (case, failure)));
        if !differs {
            self.disagreements.extend(
                played
                    .violations
                    .into_iter()
                    .map(|violation| (case, violation)),
            );
        }
    }
}
