//! The rules for every answer, told as checks of a run: one for each rule that anything was held against.

use std::collections::BTreeSet;

use proofup_domain::edition::Edition;
use proofup_domain::requirement::RequirementId;
use proofup_judge::outcome::{CaseResult, CheckResult, Mismatch, Outcome};
use proofup_judge::report::words::{counted, thousands};
use proofup_scenario::SuiteOrigin;
use proofup_world::answer_rules::{AnswerRules, BrokenRule, ExchangeRule};
use serde_json::Value as Json;

/// Returns the rules as one case; none where nothing was held against a rule of a selected requirement.
///
/// That a rule held is evidence in a run of the whole suite only: a file of one's own is judged by what it says, and by
/// the rules that it breaks.
pub(crate) fn case(
    rules: &AnswerRules,
    selected: Option<&BTreeSet<String>>,
    origin: &SuiteOrigin,
) -> Option<CaseResult> {
    let mut checks = checks(rules, selected);
    if *origin != SuiteOrigin::Embedded {
        checks.retain(|check| !matches!(check.outcome, Outcome::Passed));
    }
    if checks.is_empty() {
        return None;
    }
    Some(CaseResult {
        id: "every-answer".to_owned(),
        file: FILE.to_owned(),
        title: "Rules for every answer and every message of a run".to_owned(),
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

/// Returns a check for each rule that anything was held against.
pub(crate) fn checks(rules: &AnswerRules, selected: Option<&BTreeSet<String>>) -> Vec<CheckResult> {
    let broken = rules.broken();
    let mut checks = Vec::new();
    for rule in ExchangeRule::ALL {
        let (requirement, words) = rule.check();
        if selected.is_some_and(|selected| !selected.contains(requirement)) {
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
        checks.push(CheckResult {
            requirement: RequirementId(requirement.to_owned()),
            slug: format!("{requirement}/{words}"),
            outcome,
            file: FILE.to_owned(),
            line: 1,
            expect_line: 1,
            command: format!("held against {} answers and messages", thousands(looked)),
            control_difference: None,
            exchanges: found
                .iter()
                .filter_map(|one| one.exchange.clone())
                .collect(),
        });
    }
    checks
}

/// Returns what broke a rule, and the first case, by name, that saw it.
pub(crate) fn mismatch(broken: &BrokenRule) -> Mismatch {
    let others = broken.cases.saturating_sub(1);
    let also = match others {
        0 => String::new(),
        _ => format!(" and {}", counted(others, "other case")),
    };
    Mismatch {
        path: format!("{}: {}", broken.operation, broken.place),
        expected: Json::from(broken.rule.wants()),
        actual: Some(Json::from(format!("broken in {}{also}", broken.case))),
    }
}
