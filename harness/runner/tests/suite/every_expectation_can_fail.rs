//! Every expectation can fail: change any one expected value and the check fails, at its file and line.
//!
//! An expectation that nothing could miss would be a check that passes without being exercised. So each scalar of each
//! `expect` is changed in turn, the case is run again, and the check must fail. Checks of one case do not influence each
//! other, so one run changes one scalar in every check of the case at once.

use std::collections::BTreeSet;

use proofup_domain::expect::Expectation;
use proofup_domain::refusal::Refusal;
use proofup_judge::outcome::Outcome;
use serde_json::{Map, Value, json};

use super::harness::{Place, run_suite, suite};

#[test]
fn changing_any_expected_value_fails_its_check() {
    let suite = suite();
    let most = suite
        .scenarios
        .iter()
        .flat_map(|scenario| &scenario.steps)
        .filter_map(|step| step.check.as_ref())
        .map(|check| variants(check.expect.as_ref()).len())
        .max()
        .unwrap_or(0);
    assert!(most > 0, "the suite expects nothing");
    let mut survivors = Vec::new();
    for round in 0..most {
        let mut changed = suite.clone();
        let mut slugs = BTreeSet::new();
        for scenario in &mut changed.scenarios {
            for check in scenario
                .steps
                .iter_mut()
                .filter_map(|step| step.check.as_mut())
            {
                if let Some(variant) = variants(check.expect.as_ref()).into_iter().nth(round) {
                    check.expect = Some(variant);
                    slugs.insert(check.slug.clone());
                }
            }
            if !scenario
                .steps
                .iter()
                .filter_map(|step| step.check.as_ref())
                .any(|check| slugs.contains(&check.slug))
            {
                scenario.steps.clear();
            }
        }
        changed
            .scenarios
            .retain(|scenario| !scenario.steps.is_empty());
        for case in run_suite(changed, Place::InProcess, 4).into_values() {
            for check in case
                .checks
                .iter()
                .filter(|check| slugs.contains(&check.slug))
            {
                if !matches!(check.outcome, Outcome::Failed(_)) {
                    survivors.push(format!(
                        "{}:{} {} value {round}: {:?}",
                        check.file, check.expect_line, check.slug, check.outcome
                    ));
                }
            }
        }
    }
    assert!(
        survivors.is_empty(),
        "{} changed expectations went unnoticed:\n{}\n",
        survivors.len(),
        survivors.join("\n")
    );
}

/// Lists what an expectation becomes when one of its values is changed, value by value.
fn variants(expect: Option<&Expectation>) -> Vec<Expectation> {
    let read = |expect: &Expectation, changed: &Value| {
        let together = matches!(expect, Expectation::Together(_))
            || matches!(expect, Expectation::AnyOf(several) if several.iter().any(|one| matches!(one, Expectation::Together(_))));
        let read = if together {
            Expectation::read_together(changed)
        } else {
            Expectation::read(changed)
        };
        read.unwrap_or_else(|error| panic!("{changed}: {error}"))
    };
    let expect = expect.into_iter();
    let variants = expect.flat_map(|expect| {
        let mut others = OTHER_REASONS.into_iter();
        let named = expect.named().reasons;
        let other = others.find(|reason| !named.contains(reason));
        let other = other.expect("no expectation names both");
        let changed = changed(&expect.to_json(), other.as_str());
        changed.into_iter().map(move |one| read(expect, &one))
    });
    variants.collect()
}

/// Reasons for a refusal, one of which is another than what an expectation names; the catalogue takes none
/// for them, and no state is called so.
const OTHER_REASONS: [Refusal; 2] = [Refusal::GatewayFailed, Refusal::NotInterrupted];

fn changed(value: &Value, other: &str) -> Vec<Value> {
    match value {
        Value::Object(table) => {
            if let Some(replacement) = changed_matcher(table, other) {
                return vec![replacement];
            }
            let mut all = Vec::new();
            for (key, inner) in table {
                for variant in changed(inner, other) {
                    let mut table = table.clone();
                    table.insert(key.clone(), variant);
                    all.push(Value::Object(table));
                }
            }
            all
        }
        Value::Array(list) if list.is_empty() => vec![json!(["nothing of this name"])],
        Value::Array(list) => {
            let mut all = Vec::new();
            for (index, inner) in list.iter().enumerate() {
                for variant in changed(inner, other) {
                    let mut list = list.clone();
                    list[index] = variant;
                    all.push(Value::Array(list));
                }
            }
            all
        }
        Value::Bool(one) => vec![json!(!one)],
        Value::Number(number) => vec![json!(number.as_i64().unwrap_or(0) + 1)],
        Value::String(text) if Refusal::from_word(text).is_some() => vec![json!(other)],
        Value::String(text) => vec![json!(format!("not {text}"))],
        Value::Null => Vec::new(),
    }
}

/// Turns a matcher into one that the answer cannot meet if it met the first.
fn changed_matcher(table: &Map<String, Value>, other: &str) -> Option<Value> {
    let (key, operand) = table.iter().next().filter(|_| table.len() == 1)?;
    Some(match key.as_str() {
        "has" => json!({ "lacks": operand }),
        "lacks" => json!({ "has": operand }),
        "anyOf"
            if operand
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_object)) =>
        {
            json!({ "anyOf": [{ "refused": other }] })
        }
        "anyOf" => json!({ "anyOf": [other] }),
        "atMost" => json!({ "atMost": -1 }),
        "atLeast" => json!({ "atLeast": 1_000_000_000 }),
        "absent" => json!({ "has": [] }),
        _ => return None,
    })
}
