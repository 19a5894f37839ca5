//! Judges a history that happened: what came one after the other by the oracle as it is, what came at once by looking for
//! an order that explains it.

use jiff::{SignedDuration, Timestamp};
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::{Capabilities, Limits};
use proofup_domain::command::Command;
use proofup_domain::refusal::Refusal;
use proofup_oracle::machine::{PreparedMoment, State, step, step_prepared};
use proofup_scenario::Quantity;

use super::plan::HistoryPlan;
use super::search::{Model, SearchResult, classes, search};

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
    capabilities: &Capabilities,
    played: &PlayedHistory,
) -> HistoryJudgement {
    let mut state = plan.tenant(capabilities);
    let preparations = played.before.len().saturating_sub(plan.before.len());
    for (place, told) in played.before.iter().enumerate() {
        if place == preparations {
            // What was registered beforehand is no event of this story.
            state = state.begin_story();
        }
        match follow(&state, told) {
            Ok(next) => state = next,
            Err(why) => return HistoryJudgement::Violation(format!("before the race, {why}")),
        }
    }
    if plan.before.is_empty() {
        state = state.begin_story();
    }
    let start = Moment {
        state,
        now: played.now,
    };
    let race = Race {
        prepared: PreparedMoment {
            state: start.state.clone(),
            now: start.now,
        },
        after: &played.after,
        limits: &capabilities.limits,
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

/// Returns the state after a command that came alone; the error says what the oracle does not admit.
fn follow(state: &State, (now, command, answer): &TimedAnswer) -> Result<State, String> {
    let outcome = step(state, command, *now);
    match outcome.expected.admits(answer) {
        Ok(()) => Ok(outcome.follow(answer).clone()),
        Err(mismatches) => Err(format!(
            "`{}` was answered with {}: {}",
            proofup_scenario::transcript::command(command),
            proofup_scenario::transcript::answer(answer),
            mismatches.join("; ")
        )),
    }
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
    limits: &'a Limits,
}

impl Model for Race<'_> {
    type State = Moment;
    type Operation = (Command, Answer);

    fn after(&self, at: &Moment, (command, answer): &(Command, Answer)) -> Option<Moment> {
        let outcome = step_prepared(&at.state, &self.prepared, command, at.now);
        outcome.expected.admits(answer).ok()?;
        let mut now = at.now;
        if answer.is_success() {
            now += moved(command, self.limits);
        }
        Some(Moment {
            state: outcome.follow(answer).clone(),
            now,
        })
    }

    fn fits(&self, at: &Moment) -> bool {
        let mut state = at.state.clone();
        self.after.iter().all(|told| match follow(&state, told) {
            Ok(next) => {
                state = next;
                true
            }
            Err(_) => false,
        })
    }
}
