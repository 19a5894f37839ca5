//! Judges a history that happened: what came one after the other by the oracle as it is, what came at once by looking for
//! an order that explains it.

use jiff::{SignedDuration, Timestamp};
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Limits;
use proofup_domain::command::Command;
use proofup_domain::expect::Expectation;
use proofup_domain::refusal::Refusal;
use proofup_oracle::machine::{PreparedMoment, State, step_prepared};
use proofup_scenario::Quantity;
use proofup_world::bounds::TargetBounds;

use super::plan::HistoryPlan;
use super::search::{Model, SearchResult, classes, search};
use crate::possible::{PossibleStates, after_prepared};

/// Bounds how many operations the search tries.
const TRIED_MOST: usize = 50_000;

/// What a history is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HistoryJudgement {
    /// Some order explains it.
    Sound,
    /// Nothing does: what cannot be explained.
    Violation(String),
    /// It could not be judged: why.
    Unjudged(String),
}

/// What was told, and when it was asked.
pub(crate) type TimedAnswer = (Timestamp, Command, Answer);

/// What happened.
#[derive(Debug, Clone)]
pub(crate) struct PlayedHistory {
    /// One after the other, the preparations included.
    pub(crate) before: Vec<TimedAnswer>,
    /// The tenant's time when what comes together was made ready.
    pub(crate) now: Timestamp,
    /// The answers to what came together, in the order of the plan.
    pub(crate) together: Vec<Answer>,
    /// One after the other again.
    pub(crate) after: Vec<TimedAnswer>,
}

/// Where a tenant stands: the oracle's state, and the tenant's time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moment {
    pub(crate) state: State,
    pub(crate) now: Timestamp,
}

/// Judges a history.
pub(crate) fn judge(
    plan: &HistoryPlan,
    bounds: &TargetBounds,
    played: &PlayedHistory,
) -> HistoryJudgement {
    let states = match begin(plan, bounds, played) {
        Ok(states) => states,
        Err(judgement) => return judgement,
    };
    if let Some(why) = spared(plan, bounds, played) {
        return HistoryJudgement::Unjudged(why);
    }
    let Some(likeliest) = states.first().cloned() else {
        return HistoryJudgement::Unjudged("nothing is known of its beginning".to_owned());
    };
    let start = RaceState {
        states,
        now: played.now,
    };
    let race = Race {
        prepared: PreparedMoment {
            state: likeliest,
            now: start.now,
        },
        after: &played.after,
        bounds,
    };
    let operations = plan.together.iter().cloned().zip(played.together.clone());
    let classes = classes(operations);
    match search(&race, &start, &classes, TRIED_MOST) {
        SearchResult::Order(_) => HistoryJudgement::Sound,
        SearchResult::NoOrder => HistoryJudgement::Violation(format!(
            "no order of the {} simultaneous commands explains their answers: {}",
            plan.together.len(),
            summary(plan, played)
        )),
        SearchResult::NoOrderWithAftermath => HistoryJudgement::Violation(format!(
            "no order of the {} simultaneous commands explains what was read afterwards: {}",
            plan.together.len(),
            summary(plan, played)
        )),
        SearchResult::Undecided => HistoryJudgement::Unjudged(format!(
            "the search for an order was given up after {TRIED_MOST} tries"
        )),
    }
}

/// Follows what came before the race, and gives what is possible then.
fn begin(
    plan: &HistoryPlan,
    bounds: &TargetBounds,
    played: &PlayedHistory,
) -> Result<Vec<State>, HistoryJudgement> {
    let mut possible = PossibleStates::of(plan.tenant(bounds), bounds);
    let preparations = played.before.len().saturating_sub(plan.before.len());
    for (place, (now, command, answer)) in played.before.iter().enumerate() {
        if place == preparations {
            // What was registered beforehand is no event of this story.
            possible.begin_story();
        }
        let foreseen = possible.foresee(command, *now);
        if possible.follow(command, &foreseen, answer) {
            continue;
        }
        let why = format!(
            "before the race, `{}` was answered with {}: {}",
            proofup_scenario::transcript::command(command),
            proofup_scenario::transcript::answer(answer),
            foreseen
                .expected
                .admits(answer)
                .err()
                .unwrap_or_default()
                .join("; ")
        );
        return Err(if bounds.makes_tenants() {
            HistoryJudgement::Violation(why)
        } else {
            // What comes one after the other is judged by scenarios and by exploring, which know what to spare.
            HistoryJudgement::Unjudged(why)
        });
    }
    if plan.before.is_empty() {
        possible.begin_story();
    }
    Ok(possible.into_states())
}

/// Returns what of the answers cannot be judged through the target file, if anything: what it does not know, and limits that it
/// cannot tell.
fn spared(plan: &HistoryPlan, bounds: &TargetBounds, played: &PlayedHistory) -> Option<String> {
    if bounds.makes_tenants() {
        return None;
    }
    let after = played
        .after
        .iter()
        .map(|(_, command, answer)| (command, answer));
    let mut all = plan.together.iter().zip(&played.together).chain(after);
    all.find_map(|(command, answer)| {
        let word = command.word();
        if let Some(what) = answer.unrecognised() {
            return Some(format!(
                "`{word}`: no rule of the target file knows the answer: {what}"
            ));
        }
        let throttled = answer.refusal() == Some(Refusal::Throttled);
        throttled.then(|| format!("`{word}` was throttled while commands came together"))
    })
}

/// Returns what came of a race in one line.
fn summary(plan: &HistoryPlan, played: &PlayedHistory) -> String {
    let (succeeded, refused) = Answer::counts(&played.together);
    let refused: Vec<&str> = refused.into_iter().map(Refusal::as_str).collect();
    let mut line = if refused.is_empty() {
        format!("{succeeded} succeeded, none was refused")
    } else {
        format!("{succeeded} succeeded, refused: {}", refused.join(", "))
    };
    for (command, answer) in plan.together.iter().zip(&played.together) {
        if let Some(what) = answer.unrecognised() {
            line.push_str(&format!(
                ", no rule knows the answer to `{}`: {what}",
                proofup_scenario::transcript::command(command)
            ));
        }
    }
    line
}

/// Returns how far a command moves the clock.
pub(crate) fn moved(command: &Command, limits: &Limits) -> SignedDuration {
    let Command::AdvanceClock { by } = command else {
        return SignedDuration::ZERO;
    };
    let seconds = Quantity::parse(by).and_then(|quantity| quantity.seconds(limits));
    SignedDuration::from_secs(seconds.unwrap_or_default())
}

/// Commands that were made ready at one moment, and what was seen when all were answered.
struct Race<'a> {
    prepared: PreparedMoment,
    after: &'a [TimedAnswer],
    bounds: &'a TargetBounds,
}

/// What is possible while commands that came together are put in an order.
#[derive(Debug, Clone, PartialEq)]
struct RaceState {
    states: Vec<State>,
    now: Timestamp,
}

impl Race<'_> {
    /// Returns whether an answer is as expected, or refuses in another word: which refusal is the first to be seen is nobody's
    /// promise where commands come together. A code that is looked at (`wrongCode`) stands for no refusal to look at it.
    fn meets(&self, command: &Command, pattern: &Expectation, answer: &Answer) -> bool {
        if self.bounds.meets(command, pattern, answer) {
            return true;
        }
        let refuses = matches!(pattern, Expectation::Refused(_)) && !self.bounds.makes_tenants();
        let came = answer.refusal();
        refuses && came.is_some_and(|reason| reason != Refusal::WrongCode)
    }
}

impl Model for Race<'_> {
    type State = RaceState;
    type Operation = (Command, Answer);

    fn after(&self, at: &RaceState, (command, answer): &(Command, Answer)) -> Option<RaceState> {
        let mut now = at.now;
        if answer.is_success() {
            now += moved(command, &self.bounds.capabilities.limits);
        }
        let states = if self.bounds.makes_tenants() {
            let state = at.states.first()?;
            let outcome = step_prepared(state, &self.prepared, command, at.now);
            outcome.expected.admits(answer).ok()?;
            vec![outcome.follow(answer).clone()]
        } else {
            let passes = |pattern: &Expectation| self.meets(command, pattern, answer);
            let (states, prepared) = (&at.states, &self.prepared);
            after_prepared(states, prepared, command, at.now, self.bounds, &passes)
        };
        (!states.is_empty()).then_some(RaceState { states, now })
    }

    fn fits(&self, at: &RaceState) -> bool {
        let mut possible = PossibleStates::any_of(at.states.clone(), self.bounds);
        self.after.iter().all(|(now, command, answer)| {
            let foreseen = possible.foresee(command, *now);
            possible.follow(command, &foreseen, answer)
        })
    }
}
