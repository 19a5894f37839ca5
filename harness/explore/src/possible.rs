//! What may be true of a target: the oracle's states that everything so far leaves possible.
//!
//! Where a tenant is made for the story, its clock told and every field of an answer mapped, that is one state. A product whose
//! clock runs, or whose file does not map a field, leaves several, and an answer is wrong only if it is wrong in all of them.

use jiff::Timestamp;
use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use proofup_domain::expect::Expectation;
use proofup_domain::policy::Policy;
use proofup_oracle::machine::{Expected, PreparedMoment, State, Transition, step, step_prepared};
use proofup_world::bounds::TargetBounds;

/// Counts the states that are kept at most; of more the likeliest.
const STATES_MAX: usize = 24;

/// The states that are possible, the likeliest first; never empty.
pub(crate) struct PossibleStates<'a> {
    states: Vec<State>,
    bounds: &'a TargetBounds,
}

/// What a command may lead to.
pub(crate) struct Foreseen {
    /// For each instant at which the request may have been there, the likeliest first: what it leads to from each state.
    at: Vec<Vec<Transition>>,
    /// What is admitted, from any state at any of the instants.
    pub(crate) expected: Expected,
}

impl<'a> PossibleStates<'a> {
    pub(crate) fn of(state: State, bounds: &'a TargetBounds) -> Self {
        Self {
            states: vec![state],
            bounds,
        }
    }

    /// Begins with several, the likeliest first; at least one.
    pub(crate) fn any_of(states: Vec<State>, bounds: &'a TargetBounds) -> Self {
        Self { states, bounds }
    }

    /// Returns the policy of the likeliest state.
    pub(crate) fn policy(&self) -> &Policy {
        self.states[0].policy()
    }

    /// Forgets what was done before the first step.
    pub(crate) fn begin_story(&mut self) {
        for state in &mut self.states {
            *state = state.begin_story();
        }
    }

    /// Works out what a command may lead to.
    pub(crate) fn foresee(&self, command: &Command, now: Timestamp) -> Foreseen {
        let from_each = |instant: Timestamp| -> Vec<Transition> {
            let states = self.states.iter();
            states.map(|state| step(state, command, instant)).collect()
        };
        let instants = self.bounds.instants(now);
        let at: Vec<Vec<Transition>> = instants.into_iter().map(from_each).collect();
        let mut all = at.iter().flatten().map(|one| one.expected.clone());
        let first = all.next().unwrap_or_else(|| {
            let likeliest = step(&self.states[0], command, now);
            likeliest.expected
        });
        let expected = all.fold(first, Expected::or);
        Foreseen { at, expected }
    }

    /// Goes on as an answer says; false: it is possible in no state.
    pub(crate) fn follow(
        &mut self,
        command: &Command,
        foreseen: &Foreseen,
        answer: &Answer,
    ) -> bool {
        if self.bounds.makes_tenants() {
            let Some(outcome) = foreseen.at.first().and_then(|at| at.first()) else {
                return false;
            };
            if outcome.expected.admits(answer).is_err() {
                return false;
            }
            self.states = vec![outcome.follow(answer).clone()];
            return true;
        }
        self.go_on(foreseen, &|pattern| {
            self.bounds.meets(command, pattern, answer)
        })
    }

    /// Goes on as if it had succeeded, which the target file says without asking.
    pub(crate) fn assume(&mut self, foreseen: &Foreseen) {
        self.go_on(foreseen, &Expectation::may_succeed);
    }

    /// Goes on as if what is expected had come.
    pub(crate) fn overlook(&mut self, foreseen: &Foreseen) {
        self.go_on(foreseen, &|_| true);
        if self.bounds.makes_tenants() {
            self.states.truncate(1);
        }
    }

    /// Returns the states, the likeliest first.
    pub(crate) fn into_states(self) -> Vec<State> {
        self.states
    }

    fn go_on(&mut self, foreseen: &Foreseen, passes: &dyn Fn(&Expectation) -> bool) -> bool {
        for transitions in &foreseen.at {
            let mut states: Vec<State> = Vec::new();
            for state in transitions.iter().flat_map(|one| one.following(passes)) {
                if states.len() < STATES_MAX && !states.contains(state) {
                    states.push(state.clone());
                }
            }
            if !states.is_empty() {
                self.states = states;
                return true;
            }
        }
        false
    }
}

/// Returns the states that are possible after commands that were made ready at one moment, one of them being answered so, where
/// it came upon one of these states.
pub(crate) fn after_prepared(
    states: &[State],
    prepared: &PreparedMoment,
    command: &Command,
    now: Timestamp,
    bounds: &TargetBounds,
    passes: &dyn Fn(&Expectation) -> bool,
) -> Vec<State> {
    for instant in bounds.instants(now) {
        let outcomes = states.iter();
        let outcomes = outcomes.map(|state| step_prepared(state, prepared, command, instant));
        let mut after: Vec<State> = Vec::new();
        for outcome in outcomes {
            for state in outcome.following(passes) {
                if after.len() < STATES_MAX && !after.contains(state) {
                    after.push(state.clone());
                }
            }
        }
        if !after.is_empty() {
            return after;
        }
    }
    Vec::new()
}
