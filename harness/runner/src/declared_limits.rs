//! Limits that a target declares of itself, held against the requirements that bound them.
//!
//! The suite counts and waits by what is declared, so a limit that is itself too high would be kept to the second and pass.

use std::collections::BTreeSet;

use proofup_domain::capabilities::Limits;
use proofup_domain::edition::Edition;
use proofup_domain::requirement::RequirementId;
use proofup_judge::outcome::{CaseResult, CheckResult, Mismatch, Outcome};
use proofup_world::UnprovenMapping;
use serde_json::json;

/// Digits of a code, at least (CODE-1).
const CODE_LENGTH_MIN: u32 = 6;
/// Seconds for which a code is valid, at most (CODE-2).
const CODE_SECONDS_MAX: u32 = 600;
/// Wrong tries that a code outlives, at most (CODE-6).
const CODE_TRIES_MAX: u32 = 10;
/// Consecutive failures of an account, at most (CODE-11).
const ACCOUNT_FAILURES_MAX: u32 = 100;

/// Returns the limits that no target may declare as one case; none where all keep within the requirements that are
/// selected. A limit that a probe found wrong could not run: the target file may have it wrong, and not the target.
pub(crate) fn case(
    limits: &Limits,
    unproven: &UnprovenMapping,
    selected: Option<&BTreeSet<String>>,
) -> Option<CaseResult> {
    let at_least = |name, limit: u32, least: u32| {
        (limit < least).then(|| (name, json!({ "atLeast": least }), limit))
    };
    let at_most = |name, limit: u32, most: u32| {
        (limit > most).then(|| (name, json!({ "atMost": most }), limit))
    };
    let held = [
        (
            "CODE-1",
            at_least("codeLength", limits.code_length, CODE_LENGTH_MIN),
        ),
        (
            "CODE-2",
            at_most("codeSeconds", limits.code_seconds, CODE_SECONDS_MAX),
        ),
        (
            "CODE-6",
            at_most("codeTries", limits.code_tries, CODE_TRIES_MAX),
        ),
        (
            "CODE-11",
            at_most(
                "accountFailures",
                limits.account_failures,
                ACCOUNT_FAILURES_MAX,
            ),
        ),
    ];
    let checks: Vec<CheckResult> = held
        .into_iter()
        .filter(|(requirement, _)| selected.is_none_or(|selected| selected.contains(*requirement)))
        .filter_map(|(requirement, broken)| Some((requirement, broken?)))
        .map(|(requirement, (name, expected, declared))| CheckResult {
            requirement: RequirementId(requirement.to_owned()),
            slug: format!("{requirement}/declared-limit"),
            outcome: match unproven.of_limit(name.strip_suffix("Seconds").unwrap_or(name)) {
                Some(unproven) => Outcome::CouldNotRun(unproven),
                None => Outcome::Failed(vec![Mismatch {
                    path: format!("limits.{name}"),
                    expected,
                    actual: Some(json!(declared)),
                }]),
            },
            file: "proofup run".to_owned(),
            line: 1,
            expect_line: 1,
            command: "what the target declares of itself".to_owned(),
            control_difference: None,
            exchanges: Vec::new(),
        })
        .collect();
    (!checks.is_empty()).then(|| CaseResult {
        id: "declared-limits".to_owned(),
        file: "proofup run".to_owned(),
        title: "Limits that the target declares".to_owned(),
        edition: Edition::default(),
        checks,
        transcript: String::new(),
        trace: Vec::new(),
        wall_ms: 0,
        internal_error: None,
        secrets: BTreeSet::new(),
    })
}
