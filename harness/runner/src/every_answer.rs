//! What holds in every case of a run, told as checks: one for each rule for answers that anything was held against, and one for
//! each requirement that a refused step on the way to a check breaks.

use std::collections::{BTreeMap, BTreeSet};

use proofup_domain::edition::Edition;
use proofup_domain::requirement::RequirementId;
use proofup_judge::outcome::{CaseResult, CheckResult, Mismatch, Outcome};
use proofup_judge::report::words::{counted, thousands};
use proofup_scenario::SuiteOrigin;
use proofup_world::answer_rules::{AnswerRules, BrokenRule, ExchangeRule};
use proofup_world::context::RunContext;
use proofup_world::refused_steps::{RefusedStep, RefusedSteps};
use serde_json::Value as Json;

/// Returns the rules as one case; none where nothing was held against a rule of a selected requirement.
///
/// That a rule held is evidence in a run of the whole suite only: a file of one's own is judged by what it says, and by
/// the rules that it breaks.
pub(crate) fn case(
    context: &RunContext,
    selected: Option<&BTreeSet<String>>,
    origin: &SuiteOrigin,
) -> Option<CaseResult> {
    let mut checks = checks(context, selected);
    if *origin != SuiteOrigin::Embedded {
        checks.retain(|check| !matches!(check.outcome, Outcome::Passed));
    }
    if checks.is_empty() {
        return None;
    }
    Some(CaseResult {
        id: "every-answer".to_owned(),
        file: FILE.to_owned(),
        title: "What holds in every case of a run".to_owned(),
        edition: Edition::default(),
        checks,
        transcript: String::new(),
        trace: Vec::new(),
        wall_ms: 0,
        internal_error: None,
        secrets: BTreeSet::new(),
    })
}

/// What makes the checks again: a run.
const FILE: &str = "proofup run";

/// Returns the checks of what the cases of a run have met so far.
pub(crate) fn checks(
    context: &RunContext,
    selected: Option<&BTreeSet<String>>,
) -> Vec<CheckResult> {
    let is_selected = |id: &str| selected.is_none_or(|selected| selected.contains(id));
    let mut checks = of_rules(&context.answers, &is_selected);
    checks.extend(of_refused_steps(&context.refused, &is_selected));
    checks
}

/// Returns a check for each rule that anything was held against.
fn of_rules(rules: &AnswerRules, is_selected: &impl Fn(&str) -> bool) -> Vec<CheckResult> {
    let broken = rules.broken();
    let mut checks = Vec::new();
    for rule in ExchangeRule::ALL {
        let (requirement, words) = rule.check();
        if !is_selected(requirement) {
            continue;
        }
        let found: Vec<&BrokenRule> = broken.iter().filter(|one| one.rule == rule).collect();
        let looked = rules.looked(rule);
        if looked == 0 && found.is_empty() {
            continue;
        }
        let outcome = if found.is_empty() {
            Outcome::Passed
        } else {
            Outcome::Failed(found.iter().map(|one| mismatch(one)).collect())
        };
        let exchanges = found.iter().filter_map(|one| one.exchange.clone());
        checks.push(CheckResult {
            outcome,
            command: format!("held against {} answers and messages", thousands(looked)),
            exchanges: exchanges.collect(),
            ..check(requirement, words)
        });
    }
    checks
}

/// Returns a failed check for each requirement that a refused step breaks.
fn of_refused_steps(
    refused: &RefusedSteps,
    is_selected: &impl Fn(&str) -> bool,
) -> Vec<CheckResult> {
    let mut by_requirement: BTreeMap<&str, Vec<RefusedStep>> = BTreeMap::new();
    for step in refused.list() {
        by_requirement
            .entry(step.requirement)
            .or_default()
            .push(step);
    }
    by_requirement.retain(|requirement, _| is_selected(requirement));
    let checks = by_requirement.into_iter();
    checks
        .map(|(requirement, steps)| CheckResult {
            outcome: Outcome::Failed(steps.iter().map(refused_mismatch).collect()),
            exchanges: steps
                .iter()
                .filter_map(|one| one.exchange.clone())
                .collect(),
            ..check(requirement, "no-step-before-a-check-is-refused")
        })
        .collect()
}

/// Returns a check that no scenario wrote, not yet judged.
fn check(requirement: &str, words: &str) -> CheckResult {
    CheckResult {
        requirement: RequirementId(requirement.to_owned()),
        slug: format!("{requirement}/{words}"),
        outcome: Outcome::Passed,
        file: FILE.to_owned(),
        line: 1,
        expect_line: 1,
        command: "steps that lead up to checks".to_owned(),
        control_difference: None,
        exchanges: Vec::new(),
    }
}

fn refused_mismatch(step: &RefusedStep) -> Mismatch {
    Mismatch {
        path: step.command.clone(),
        expected: Json::from("success"),
        actual: Some(Json::from(format!(
            "{}, in {}",
            step.told,
            first_of(&step.case, step.cases)
        ))),
    }
}

/// Returns what broke a rule, and the first case, by name, that saw it.
pub(crate) fn mismatch(broken: &BrokenRule) -> Mismatch {
    let cases = first_of(&broken.case, broken.cases);
    Mismatch {
        path: format!("{}: {}", broken.operation, broken.place),
        expected: Json::from(broken.rule.wants()),
        actual: Some(Json::from(format!("broken in {cases}"))),
    }
}

/// Returns the first of some cases, and how many there are besides.
fn first_of(first: &str, cases: usize) -> String {
    match cases.saturating_sub(1) {
        0 => first.to_owned(),
        others => format!("{first} and {}", counted(others, "other case")),
    }
}
