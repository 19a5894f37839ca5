//! A violation as a scenario file: `proofup run FILE` lets the same commands race again.
//!
//! What the oracle admits is written down over all orders: how many of the simultaneous commands succeed and which words
//! refuse the others; where that cannot tell the violation, each of their answers; and what is seen afterwards.

use std::collections::{BTreeMap, BTreeSet};

use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Limits;
use proofup_domain::command::Command;
use proofup_domain::expect::{AnswersPattern, Expectation, FieldPatterns, TogetherPattern};
use proofup_domain::refusal::Refusal;
use proofup_oracle::machine::{PreparedMoment, State, step, step_prepared};
use proofup_scenario::spelling::ScenarioWriter;
use proofup_scenario::{Finder, Provenance};
use proofup_world::bounds::TargetBounds;
use serde_json::{Value as Json, json};

use super::judge::PlayedHistory;
use super::judge::{Moment, moved};
use super::plan::{HistoryPlan, START};

/// Bounds the steps of the walk through all orders; beyond it a file would say too little.
const STEPS_MOST: usize = 100_000;

/// Bounds the simultaneous commands whose answers are told one by one.
const TOLD_MOST: usize = 5;

/// Writes the scenario; none: the orders are too many to be written down.
pub(crate) fn write(
    plan: &HistoryPlan,
    bounds: &TargetBounds,
    played: &PlayedHistory,
    seed: u64,
    what: &str,
) -> Option<String> {
    let found = Provenance {
        by: Finder::Race,
        seed,
        case: plan.case,
    };
    let case = plan.case;
    let comment = format!("Found by `proofup race --seed {seed}`, history {case}: {what}.");
    let mut file = ScenarioWriter::begin(&[comment], plan.template.title);
    file.set("start", &json!(START));
    file.found(&found);
    file.policy(&plan.policy);
    for user in &plan.users {
        file.user(user);
    }
    let slug = |part: &str| format!("{}/{part}", plan.template.requirement);
    let (state, expected) = before(plan, bounds, played);
    for (index, (command, expect)) in plan.before.iter().zip(expected).enumerate() {
        let check = slug(&format!("race-before-{}", index + 1));
        file.step(expect.is_some().then_some(check.as_str()));
        file.command(command);
        file.set("expect", &json!(expect));
    }
    let start = Moment {
        state,
        now: played.now,
    };
    let orders = Orders::of(&start, &plan.together, &bounds.capabilities.limits, true)?;
    file.step(Some(&slug("race")));
    file.together(&runs(&plan.together));
    let expect = together(&start, plan, &bounds.capabilities.limits, &orders, played);
    file.set("expect", &expect.to_json());
    let seen = afterwards(&orders.ends, &plan.after);
    for (index, (command, patterns)) in plan.after.iter().zip(seen).enumerate() {
        file.step(Some(&slug(&format!("race-after-{}", index + 1))));
        file.command(command);
        file.set("expect", &json!(expectation(patterns)));
    }
    Some(file.finish())
}

/// Returns what is expected of each command before the race, and gives the state when it begins.
fn before(
    plan: &HistoryPlan,
    bounds: &TargetBounds,
    played: &PlayedHistory,
) -> (State, Vec<Option<Json>>) {
    let mut state = plan.tenant(bounds);
    let mut expected = Vec::new();
    let preparations = played.before.len().saturating_sub(plan.before.len());
    for (place, (now, command, answer)) in played.before.iter().enumerate() {
        if place == preparations {
            state = state.begin_story();
        }
        let outcome = step(&state, command, *now);
        let mut patterns = outcome.expected.alternatives().iter();
        let as_it_should = patterns.any(|pattern| bounds.meets(command, pattern, answer));
        expected
            .push((!answer.is_success() || !as_it_should).then(|| outcome.expected.to_expect()));
        state = outcome.follow(answer).clone();
    }
    if plan.before.is_empty() {
        state = state.begin_story();
    }
    (state, expected.split_off(preparations))
}

/// Returns what is expected of the simultaneous commands.
fn together(
    start: &Moment,
    plan: &HistoryPlan,
    limits: &Limits,
    orders: &Orders<'_>,
    played: &PlayedHistory,
) -> Expectation {
    let counts = orders
        .counts
        .iter()
        .map(|(succeeded, refused)| TogetherPattern::counts(*succeeded, refused))
        .map(Expectation::Together);
    let counts = any_of(counts.collect());
    let came = Answer::Together(played.together.clone());
    let tells = !counts.admits(&came);
    if tells || plan.together.len() > TOLD_MOST {
        return counts;
    }
    let Some(orders) = Orders::of(start, &plan.together, limits, false) else {
        return counts;
    };
    let told = orders.told.into_iter().map(|answers| {
        Expectation::Together(TogetherPattern {
            counts: FieldPatterns::new(),
            answers: Some(AnswersPattern::Each(answers)),
        })
    });
    let told = any_of(told.collect());
    if told.admits(&came) { counts } else { told }
}

/// Lists, for each command after the race, what may be answered to it after any order.
fn afterwards(ends: &[Moment], after: &[Command]) -> Vec<Vec<Expectation>> {
    let mut seen: Vec<Vec<Expectation>> = vec![Vec::new(); after.len()];
    for end in ends {
        let mut state = end.state.clone();
        for (command, seen) in after.iter().zip(&mut seen) {
            let outcome = step(&state, command, end.now);
            for pattern in outcome.expected.alternatives() {
                if !seen.contains(pattern) {
                    seen.push(pattern.clone());
                }
            }
            state = outcome.state;
        }
    }
    seen
}

fn expectation(patterns: Vec<Expectation>) -> Option<Json> {
    if patterns.is_empty() || patterns == [Expectation::success()] {
        return None;
    }
    Some(any_of(patterns).to_json())
}

fn any_of(mut several: Vec<Expectation>) -> Expectation {
    if several.len() == 1 {
        several.remove(0)
    } else {
        Expectation::AnyOf(several)
    }
}

/// Walks through every order of commands that were made ready at one moment, and every answer that each may get.
struct Orders<'a> {
    prepared: PreparedMoment,
    commands: &'a [Command],
    limits: &'a Limits,
    /// Equal commands are taken in one order only.
    alike: bool,
    steps: usize,
    counts: BTreeSet<(usize, Vec<&'static str>)>,
    told: Vec<Vec<Expectation>>,
    ends: Vec<Moment>,
}

impl<'a> Orders<'a> {
    fn of(
        start: &Moment,
        commands: &'a [Command],
        limits: &'a Limits,
        alike: bool,
    ) -> Option<Self> {
        let mut orders = Self {
            prepared: PreparedMoment {
                state: start.state.clone(),
                now: start.now,
            },
            commands,
            limits,
            alike,
            steps: 0,
            counts: BTreeSet::new(),
            told: Vec::new(),
            ends: Vec::new(),
        };
        let whole = orders.walk(start, &mut BTreeMap::new());
        whole.then_some(orders)
    }

    /// Goes on from a moment, with what was told so far by place; false: there are too many orders.
    fn walk(&mut self, at: &Moment, told: &mut BTreeMap<usize, Expectation>) -> bool {
        if told.len() == self.commands.len() {
            self.arrive(at, told);
            return true;
        }
        for index in 0..self.commands.len() {
            let command = &self.commands[index];
            let same_before = (0..index)
                .any(|other| !told.contains_key(&other) && self.commands[other] == *command);
            if told.contains_key(&index) || (self.alike && same_before) {
                continue;
            }
            self.steps += 1;
            if self.steps > STEPS_MOST {
                return false;
            }
            let outcome = step_prepared(&at.state, &self.prepared, command, at.now);
            let patterns = outcome.expected.alternatives();
            for (place, pattern) in patterns.iter().enumerate() {
                let answer = pattern.example();
                let same_words = |other: &Expectation| other.refusal() == pattern.refusal();
                let alike = self.alike && patterns[..place].iter().any(same_words);
                let next = outcome.follow(&answer);
                if alike && !outcome.depends_on_answer() {
                    continue;
                }
                let mut now = at.now;
                if answer.is_success() {
                    now += moved(command, self.limits);
                }
                let next = Moment {
                    state: next.clone(),
                    now,
                };
                told.insert(index, pattern.clone());
                let whole = self.walk(&next, told);
                told.remove(&index);
                if !whole {
                    return false;
                }
            }
        }
        true
    }

    fn arrive(&mut self, at: &Moment, told: &BTreeMap<usize, Expectation>) {
        let answers: Vec<Expectation> = told.values().cloned().collect();
        let examples: Vec<Answer> = answers.iter().map(Expectation::example).collect();
        let (succeeded, refused) = Answer::counts(&examples);
        let refused = refused.into_iter().map(Refusal::as_str);
        self.counts.insert((succeeded, refused.collect()));
        if !self.alike && !self.told.contains(&answers) {
            self.told.push(answers);
        }
        if !self.ends.contains(at) {
            self.ends.push(at.clone());
        }
    }
}

/// Puts equal neighbours together.
fn runs(commands: &[Command]) -> Vec<(&Command, usize)> {
    let mut runs: Vec<(&Command, usize)> = Vec::new();
    for command in commands {
        match runs.last_mut() {
            Some((last, times)) if *last == command => *times += 1,
            _ => runs.push((command, 1)),
        }
    }
    runs
}
