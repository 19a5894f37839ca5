//! A violation as a scenario file: `proofup run FILE` lets the same commands race again.
//!
//! What the oracle admits is written down over all orders: how many of the simultaneous commands succeed and which words
//! refuse the others; where that cannot tell the violation, each of their answers; and what is seen afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proofup_domain::capabilities::{Capabilities, Limits};
use proofup_domain::command::Command;
use proofup_domain::policy::Policy;
use proofup_oracle::machine::{Pattern, Prepared, State, example, step, step_prepared};
use serde_json::{Value as Json, json};

use super::judge::Played;
use super::judge::{Moment, moved};
use super::plan::{Plan, START};
use crate::judge::matcher::{Allowed, compare, is_no_success};
use crate::scenario::UserSpec;
use crate::scenario::spelling::toml_value;

/// Bounds the steps of the walk through all orders; beyond it a file would say too little.
const STEPS_MOST: usize = 100_000;

/// Bounds the simultaneous commands whose answers are told one by one.
const TOLD_MOST: usize = 5;

/// Writes the scenario; none: the orders are too many to be written down.
pub(crate) fn write(
    plan: &Plan,
    capabilities: &Capabilities,
    played: &Played,
    seed: u64,
    what: &str,
) -> Option<String> {
    let mut file = String::new();
    let mut line = |text: &str| {
        let _ = writeln!(file, "{text}");
    };
    // What a target answers is not ours: a line break in it must not end the comment.
    line(&format!(
        "# Found by `proofup race --seed {seed}`, history {}: {}.",
        plan.case,
        what.escape_debug()
    ));
    line(&format!("title = {}", json!(plan.template.title)));
    line(&format!("start = \"{START}\""));
    let case = plan.case;
    line(&format!(
        "found = {{ by = \"race\", seed = {seed}, case = {case} }}"
    ));
    policy(&plan.policy, &mut line);
    for user in &plan.users {
        person(user, &mut line);
    }
    let slug = |part: &str| json!(format!("{}/{part}", plan.template.requirement));
    let (state, expected) = before(plan, capabilities, played);
    for (index, (command, expect)) in plan.before.iter().zip(expected).enumerate() {
        let mut keys = Vec::new();
        if let Some(expect) = expect {
            keys.push(("check", slug(&format!("race-before-{}", index + 1))));
            keys.push(("expect", expect));
        }
        single(command, keys, &mut line);
    }
    let start = Moment {
        state,
        now: played.now,
    };
    let orders = Orders::of(&start, &plan.together, &capabilities.limits, true)?;
    line("");
    line("[[steps]]");
    line(&format!("check = {}", slug("race")));
    line("together = [");
    for (command, times) in runs(&plan.together) {
        let mut fields = fields(command);
        if times > 1 {
            fields.push(("times".to_owned(), json!(times)));
        }
        line(&format!("    {},", inline(&fields)));
    }
    line("]");
    let expect = together(&start, plan, &capabilities.limits, &orders, played);
    line(&format!("expect = {}", toml_value(&expect)));
    let seen = afterwards(&orders.ends, &plan.after);
    for (index, (command, patterns)) in plan.after.iter().zip(seen).enumerate() {
        let mut keys = vec![("check", slug(&format!("race-after-{}", index + 1)))];
        keys.extend(expectation(patterns).map(|expect| ("expect", expect)));
        single(command, keys, &mut line);
    }
    Some(file)
}

/// Says what is expected of each command before the race, and gives the state when it begins.
fn before(plan: &Plan, capabilities: &Capabilities, played: &Played) -> (State, Vec<Option<Json>>) {
    let mut state = plan.tenant(capabilities);
    let mut expected = Vec::new();
    let preparations = played.before.len().saturating_sub(plan.before.len());
    for (place, (now, command, answer)) in played.before.iter().enumerate() {
        if place == preparations {
            state = state.begin_story();
        }
        let outcome = step(&state, command, *now);
        let as_it_should = outcome.expected.admits(answer).is_ok();
        expected
            .push((is_no_success(answer) || !as_it_should).then(|| outcome.expected.to_expect()));
        state = outcome.follow(answer).clone();
    }
    if plan.before.is_empty() {
        state = state.begin_story();
    }
    (state, expected.split_off(preparations))
}

/// Says what is expected of the simultaneous commands.
fn together(
    start: &Moment,
    plan: &Plan,
    limits: &Limits,
    orders: &Orders<'_>,
    played: &Played,
) -> Json {
    let counts = orders
        .counts
        .iter()
        .map(|(succeeded, refused)| json!({ "succeeded": succeeded, "refused": refused }));
    let counts = any_of(counts.collect());
    let came = crate::world::together::answer(played.together.clone());
    let tells = !compare(&counts, &came, &Allowed::new()).is_empty();
    if tells || plan.together.len() > TOLD_MOST {
        return counts;
    }
    let Some(orders) = Orders::of(start, &plan.together, limits, false) else {
        return counts;
    };
    let told: Vec<Json> = orders
        .told
        .into_iter()
        .map(|answers| json!({ "answers": answers }))
        .collect();
    let told = any_of(told);
    if compare(&told, &came, &Allowed::new()).is_empty() {
        counts
    } else {
        told
    }
}

/// Lists, for each command after the race, what may be answered to it after any order.
fn afterwards(ends: &[Moment], after: &[Command]) -> Vec<Vec<Pattern>> {
    let mut seen: Vec<Vec<Pattern>> = vec![Vec::new(); after.len()];
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

fn expectation(patterns: Vec<Pattern>) -> Option<Json> {
    let empty = |pattern: &Pattern| pattern.is_empty();
    if patterns.is_empty() || (patterns.len() == 1 && patterns.iter().all(empty)) {
        return None;
    }
    Some(any_of(patterns.into_iter().map(Json::Object).collect()))
}

fn any_of(mut several: Vec<Json>) -> Json {
    if several.len() == 1 {
        several.remove(0)
    } else {
        json!({ "anyOf": several })
    }
}

/// Walks through every order of commands that were made ready at one moment, and every answer that each may get.
struct Orders<'a> {
    prepared: Prepared,
    commands: &'a [Command],
    limits: &'a Limits,
    /// Equal commands are taken in one order only.
    alike: bool,
    steps: usize,
    counts: BTreeSet<(usize, Vec<String>)>,
    told: Vec<Vec<Pattern>>,
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
            prepared: Prepared {
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
    fn walk(&mut self, at: &Moment, told: &mut BTreeMap<usize, Pattern>) -> bool {
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
                let answer = example(pattern);
                let same_words = |other: &Pattern| other.get("refused") == pattern.get("refused");
                let alike = self.alike && patterns[..place].iter().any(same_words);
                let next = outcome.follow(&answer);
                if alike && !outcome.depends_on_answer() {
                    continue;
                }
                let mut now = at.now;
                if !is_no_success(&answer) {
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

    fn arrive(&mut self, at: &Moment, told: &BTreeMap<usize, Pattern>) {
        let answers: Vec<Pattern> = told.values().cloned().collect();
        let examples = answers.iter().map(example);
        let mut refused: Vec<String> = examples
            .filter_map(|answer| Some(answer.get("refused")?.as_str()?.to_owned()))
            .collect();
        refused.sort_unstable();
        self.counts.insert((answers.len() - refused.len(), refused));
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

fn single(command: &Command, keys: Vec<(&str, Json)>, line: &mut impl FnMut(&str)) {
    line("");
    line("[[steps]]");
    let (checks, others): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(key, _)| *key == "check");
    for (key, value) in checks {
        line(&format!("{key} = {}", toml_value(&value)));
    }
    for (key, value) in fields(command) {
        line(&format!("{key} = {}", toml_value(&value)));
    }
    for (key, value) in others {
        line(&format!("{key} = {}", toml_value(&value)));
    }
}

/// Lists a command's fields as a file spells them, its word first.
fn fields(command: &Command) -> Vec<(String, Json)> {
    match serde_json::to_value(command) {
        Ok(Json::Object(fields)) => fields.into_iter().collect(),
        _ => Vec::new(),
    }
}

fn inline(fields: &[(String, Json)]) -> String {
    let table = fields.iter().cloned().collect();
    toml_value(&Json::Object(table))
}

/// Writes what differs from the policy that a file need not spell out.
fn policy(policy: &Policy, line: &mut impl FnMut(&str)) {
    let (Ok(given), Ok(default)) = (
        serde_json::to_value(policy),
        serde_json::to_value(Policy::default()),
    ) else {
        return;
    };
    line("");
    line("[policy]");
    let empty = serde_json::Map::new();
    for (key, value) in given.as_object().unwrap_or(&empty) {
        let usual = &default[key];
        match value {
            Json::Object(group) => {
                for (field, value) in group
                    .iter()
                    .filter(|(field, value)| usual[*field] != **value)
                {
                    line(&format!("{key}.{field} = {}", toml_value(value)));
                }
            }
            value if value != usual && key != "edition" => {
                line(&format!("{key} = {}", toml_value(value)));
            }
            _ => {}
        }
    }
}

fn person(user: &UserSpec, line: &mut impl FnMut(&str)) {
    line("");
    line("[[users]]");
    line(&format!("name = {}", json!(user.name)));
    if !user.methods.is_empty() {
        line(&format!("methods = {}", toml_value(&json!(user.methods))));
    }
}
