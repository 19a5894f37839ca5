//! Drives exploring: cases side by side, and what is made of the first that fails.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use proofup_binding::Operation;
use proofup_domain::capabilities::{Capabilities, Facility};
use proofup_domain::requirement::Catalogue;
use proofup_judge::outcome::{CaseResult, Outcome};
use proofup_oracle::auditor::Violation;
use proofup_scenario::{COMMANDS, Finder, Provenance, load};
use proofup_world::answer_rules::BrokenRule;
use proofup_world::case::{Case, run_case};
use proofup_world::context::RunContext;
use proofup_world::session::{RunError, TargetSession, read_capabilities};
use proofup_world::side_by_side::{SideBySide, StopReason, Unfinished, join_or_repanic};
use tokio_util::sync::CancellationToken;

use super::draw;
use super::play::{PlayedStory, UnexpectedAnswer, play};
use super::requirement_at_fault::requirement_at_fault;
use super::shrink::{Shrinker, same};
use super::story::Story;
use super::write::{Counterexample, summary, write};

/// How much to explore.
#[derive(Debug, Clone)]
pub struct ExploreConfig {
    /// Whom to explore, and by which seed.
    pub session: TargetSession,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
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
    /// The first case that failed, made small.
    pub counterexample: Option<ExploreFinding>,
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
    /// What the target lacks that exploring needs.
    pub missing: BTreeSet<Facility>,
    /// The user ended it.
    pub interrupted: bool,
    /// The time was up.
    pub out_of_time: bool,
    /// What the target declared.
    pub capabilities: Capabilities,
}

impl ExploreOutput {
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

/// A failing case, made small and judged again.
#[derive(Debug)]
pub struct ExploreFinding {
    /// The number of the case.
    pub case: u64,
    /// The file.
    pub file: Counterexample,
    /// What came of running the file: without the explorer, as anybody would.
    pub judged: Option<CaseResult>,
    /// How many commands the case had before.
    pub drawn_steps: usize,
    /// How many smaller stories were played.
    pub attempts: usize,
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

/// Plays cases until one fails, the number is reached, the time is up or the user ends it.
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
    let capabilities = Arc::new(read_capabilities(&config.session).await?);
    let context = Arc::new(RunContext::new(
        &config.session,
        &config.catalogue,
        &capabilities,
    ));
    let mut output = ExploreOutput::new(&config.session, &capabilities);
    if !output.missing.is_empty() {
        return Ok(output);
    }
    let mut failing: BTreeMap<u64, (Story, UnexpectedAnswer)> = BTreeMap::new();
    let side_by_side = SideBySide {
        jobs: config.jobs,
        deadline: config.max_time,
        stop,
        // The first of several failing cases is told, whichever of them ends first.
        unfinished: Unfinished::Await,
    };
    let cases = (config.first..).take(usize::try_from(config.cases).unwrap_or(usize::MAX));
    let work = |case| {
        let (context, capabilities) = (Arc::clone(&context), Arc::clone(&capabilities));
        let (seed, steps) = (config.session.seed, config.steps);
        async move {
            let story = draw(&capabilities, seed, case, steps);
            let played = confirmed(&context, &capabilities, &story, &stem(seed, case)).await;
            (case, story, played)
        }
    };
    let ended = side_by_side
        .run(cases, work, |_, finished| {
            let (case, story, mut played) = join_or_repanic(finished);
            let difference = played.difference.take();
            output.take(case, played, difference.is_some());
            told(output.cases);
            match difference {
                Some(difference) => {
                    failing.insert(case, (story, difference));
                    ControlFlow::Break(())
                }
                None => ControlFlow::Continue(()),
            }
        })
        .await;
    output.interrupted = ended == StopReason::Interrupted;
    output.out_of_time = ended == StopReason::Deadline;
    output.broken = context.answers.broken();
    if let Some((case, (story, difference))) = failing.pop_first() {
        let seed = config.session.seed;
        let differed = summary(&difference);
        let small = make_small(&context, &capabilities, seed, case, story, difference).await;
        if small.is_none() {
            output.chances.push((case, differed));
        }
        output.counterexample = small;
    }
    Ok(output)
}

/// Looks for the first case that fails, one case after the other, and tells its number; for judging planted faults.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn hunt(config: &ExploreConfig) -> Result<Option<FailingCase>, RunError> {
    let capabilities = Arc::new(read_capabilities(&config.session).await?);
    let context = RunContext::new(&config.session, &config.catalogue, &capabilities);
    let seed = config.session.seed;
    for case in (config.first..).take(usize::try_from(config.cases).unwrap_or(usize::MAX)) {
        let story = draw(&capabilities, seed, case, config.steps);
        let played = confirmed(&context, &capabilities, &story, &stem(seed, case)).await;
        let broken = || context.answers.broken().into_iter().next();
        let failure = match played.difference {
            Some(difference) => Some(CaseFailure::Difference(difference)),
            None => broken().map(CaseFailure::Rule),
        };
        if let Some(failure) = failure {
            return Ok(Some(FailingCase {
                case,
                story,
                failure,
                context,
                capabilities,
                seed,
            }));
        }
    }
    Ok(None)
}

/// A case that failed, not yet made small.
#[derive(Debug)]
pub struct FailingCase {
    /// The number of the case.
    pub case: u64,
    story: Story,
    failure: CaseFailure,
    context: RunContext,
    capabilities: Arc<Capabilities>,
    seed: u64,
}

/// Why a case failed.
#[derive(Debug)]
enum CaseFailure {
    /// An answer that the oracle does not admit.
    Difference(UnexpectedAnswer),
    /// A rule for every answer that was broken by then.
    Rule(BrokenRule),
}

impl FailingCase {
    /// Returns the name of the requirement that is to blame, as far as can be told.
    #[must_use]
    pub fn requirement(&self) -> &'static str {
        match &self.failure {
            CaseFailure::Difference(UnexpectedAnswer {
                command,
                expected,
                got,
                ..
            }) => requirement_at_fault(command, expected, got).unwrap_or("API-1"),
            CaseFailure::Rule(broken) => broken.rule.check().0,
        }
    }

    /// Returns in a line what was done, what was admitted and what came; or where a rule was broken.
    #[must_use]
    pub fn summary(&self) -> String {
        match &self.failure {
            CaseFailure::Difference(difference) => summary(difference),
            CaseFailure::Rule(broken) => format!("{}: {}", broken.operation, broken.place),
        }
    }

    /// Makes it small and judges it again; none if it does not come again. A rule that was broken needs no story.
    pub async fn make_small(self) -> Option<ExploreFinding> {
        let CaseFailure::Difference(difference) = self.failure else {
            return None;
        };
        make_small(
            &self.context,
            &self.capabilities,
            self.seed,
            self.case,
            self.story,
            difference,
        )
        .await
    }
}

/// Plays a story; what differs has to differ again in the same way when the story is played once more, or it was chance.
///
/// A busy machine can make a provider look slower than a time-out. What does not repeat is told, and is no verdict.
async fn confirmed(
    context: &RunContext,
    capabilities: &Capabilities,
    story: &Story,
    stem: &str,
) -> PlayedStory {
    let mut played = play(context, capabilities, story, stem, false).await;
    let Some(first) = &played.difference else {
        return played;
    };
    let again = play(context, capabilities, story, stem, false).await;
    let repeats = again.difference.is_some_and(|second| same(first, &second));
    if !repeats {
        played.chance = played.difference.take().map(|one| summary(&one));
    }
    played
}

/// Makes a failing story small, writes it as a file and runs that file; none if what differed does not come again.
async fn make_small(
    context: &RunContext,
    capabilities: &Capabilities,
    seed: u64,
    case: u64,
    story: Story,
    difference: UnexpectedAnswer,
) -> Option<ExploreFinding> {
    let drawn_steps = story.steps.len();
    let stem = stem(seed, case);
    let whole = story.clone();
    let shrinker = Shrinker::new(context, capabilities, &stem, story, difference);
    let (mut story, _, attempts) = shrinker.shrink().await;
    let mut again = play(context, capabilities, &story, &stem, true).await;
    if again.difference.is_none() {
        story = whole;
        again = play(context, capabilities, &story, &stem, true).await;
    }
    let difference = again.difference?;
    let found = Provenance {
        by: Finder::Explore,
        seed,
        case,
    };
    let file = write(
        &story,
        &difference,
        &again.expectations,
        &found,
        &context.catalogue,
    );
    let path = format!("{}.toml", file.stem);
    let judged = match load(&path, &file.text, &context.catalogue) {
        Ok(scenario) => {
            let case = Case {
                edition: scenario.editions.first().copied().unwrap_or_default(),
                scenario: Arc::new(scenario),
            };
            Some(run_case(context, capabilities, &case).await)
        }
        Err(_) => None,
    };
    Some(ExploreFinding {
        case,
        file,
        judged,
        drawn_steps,
        attempts,
    })
}

/// Returns the name of a case: its tenant, its people and its file are called so.
fn stem(seed: u64, case: u64) -> String {
    format!("explore-{seed}-{case}")
}

impl ExploreOutput {
    fn new(session: &TargetSession, capabilities: &Capabilities) -> Self {
        let needed = [Facility::Policy, Facility::Users, Facility::Clock];
        let has = |word: &str| {
            Operation::from_word(word).is_none_or(|operation| session.target.has(operation))
        };
        Self {
            cases: 0,
            commands: 0,
            tallies: COMMANDS
                .iter()
                .filter(|(word, _)| has(word))
                .map(|(word, _)| (*word, Tally::default()))
                .collect(),
            counterexample: None,
            disagreements: Vec::new(),
            stalls: Vec::new(),
            chances: Vec::new(),
            broken: Vec::new(),
            failures: Vec::new(),
            missing: needed
                .into_iter()
                .filter(|facility| !capabilities.facilities.contains(facility))
                .collect(),
            interrupted: false,
            out_of_time: false,
            capabilities: capabilities.clone(),
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
