//! Compares an expectation with an answer and collects every difference.
//!
//! `expect` is a partial match: what it does not name may be anything. Lists match element by element. Five matchers may
//! stand in place of a value: `has`, `lacks`, `anyOf`, `atMost`, `atLeast` and `absent`.

use std::collections::{BTreeMap, BTreeSet};

use proofup_domain::refusal::Refusal;
use serde_json::{Map, Value};

use super::outcome::Mismatch;

/// Lists the matchers that may stand in place of a value.
pub const MATCHERS: [&str; 6] = ["has", "lacks", "anyOf", "atMost", "atLeast", "absent"];

/// Names the refusals that are as good as an expected one, by the catalogue.
pub type Allowed = BTreeMap<Refusal, BTreeSet<Refusal>>;

/// Compares an answer with what a file expects; no mismatch means that it fits.
///
/// `answer` is the abstract answer as one object: a refusal has `refused` in it, and an answer that no rule of the
/// target file matched has `unrecognised`.
#[must_use]
pub fn compare(expect: &Value, answer: &Map<String, Value>, allowed: &Allowed) -> Vec<Mismatch> {
    let Some(expected) = expect.as_object() else {
        return vec![mismatch("", expect, Some(&Value::Object(answer.clone())))];
    };
    if let Some(Value::Array(alternatives)) = single(expected, "anyOf") {
        let all: Vec<Vec<Mismatch>> = alternatives
            .iter()
            .map(|one| compare(one, answer, allowed))
            .collect();
        return if all.iter().any(Vec::is_empty) {
            Vec::new()
        } else {
            vec![mismatch("", expect, Some(&Value::Object(answer.clone())))]
        };
    }
    if answer.contains_key("succeeded") {
        return compare_together(expected, answer, allowed);
    }
    if is_no_success(answer) && !expected.contains_key("refused") {
        return vec![mismatch("", expect, Some(&Value::Object(answer.clone())))];
    }
    if !answer.contains_key("refused") && expected.contains_key("refused") {
        return vec![mismatch("", expect, Some(&Value::Object(answer.clone())))];
    }
    let mut found = Vec::new();
    for (key, value) in expected {
        if key == "refused" && refusal_is_allowed(value, answer.get(key), allowed) {
            continue;
        }
        compare_value(key, value, answer.get(key), &mut found);
    }
    found
}

/// Tells whether an abstract answer is anything but a success; of several at once, whether any was refused.
#[must_use]
pub fn is_no_success(answer: &Map<String, Value>) -> bool {
    let refused = match answer.get("refused") {
        None => false,
        Some(Value::Array(several)) => !several.is_empty(),
        Some(_) => true,
    };
    refused || answer.contains_key("unrecognised")
}

/// Compares what came of commands that were sent at the same moment; nothing expected means that all succeed.
///
/// Each of `answers` is held to its own expectation as a single answer is.
fn compare_together(
    expected: &Map<String, Value>,
    answer: &Map<String, Value>,
    allowed: &Allowed,
) -> Vec<Mismatch> {
    let all_must_succeed = expected.is_empty() && is_no_success(answer);
    if all_must_succeed || answer.contains_key("unrecognised") {
        let expected = Value::Object(expected.clone());
        return vec![mismatch(
            "",
            &expected,
            Some(&Value::Object(answer.clone())),
        )];
    }
    let mut found = Vec::new();
    for (key, value) in expected {
        match (key.as_str(), value, answer.get(key)) {
            ("answers", Value::Array(expected), Some(Value::Array(actual)))
                if expected.len() == actual.len() =>
            {
                for (index, (one, other)) in expected.iter().zip(actual).enumerate() {
                    let empty = Map::new();
                    let other = other.as_object().unwrap_or(&empty);
                    found.extend(
                        compare(one, other, allowed)
                            .into_iter()
                            .map(|one| Mismatch {
                                path: format!("answers[{index}].{}", one.path),
                                ..one
                            }),
                    );
                }
            }
            _ => compare_value(key, value, answer.get(key), &mut found),
        }
    }
    found
}

fn refusal_is_allowed(expected: &Value, actual: Option<&Value>, allowed: &Allowed) -> bool {
    let word = |value: &Value| value.as_str().and_then(Refusal::from_word);
    let (Some(expected), Some(actual)) = (word(expected), actual.and_then(word)) else {
        return false;
    };
    expected == actual
        || allowed
            .get(&expected)
            .is_some_and(|others| others.contains(&actual))
}

fn compare_value(path: &str, expected: &Value, actual: Option<&Value>, found: &mut Vec<Mismatch>) {
    match expected {
        Value::Object(table) => {
            if let Some((matcher, operand)) = matcher_of(table) {
                if !matches(matcher, operand, actual) {
                    found.push(mismatch(path, expected, actual));
                }
                return;
            }
            let Some(Value::Object(actual_table)) = actual else {
                found.push(mismatch(path, expected, actual));
                return;
            };
            for (key, value) in table {
                compare_value(
                    &format!("{path}.{key}"),
                    value,
                    actual_table.get(key),
                    found,
                );
            }
        }
        Value::Array(elements) => {
            let Some(Value::Array(actual_elements)) = actual else {
                found.push(mismatch(path, expected, actual));
                return;
            };
            if elements.len() != actual_elements.len() {
                found.push(mismatch(path, expected, actual));
                return;
            }
            for (index, (one, other)) in elements.iter().zip(actual_elements).enumerate() {
                compare_value(&format!("{path}[{index}]"), one, Some(other), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            if actual != Some(expected) {
                found.push(mismatch(path, expected, actual));
            }
        }
    }
}

fn fits(expected: &Value, actual: Option<&Value>) -> bool {
    let mut found = Vec::new();
    compare_value("", expected, actual, &mut found);
    found.is_empty()
}

fn matches(matcher: &str, operand: &Value, actual: Option<&Value>) -> bool {
    let elements = || actual.and_then(Value::as_array);
    let operands = || operand.as_array().map(Vec::as_slice).unwrap_or_default();
    let number = |value: &Value| value.as_f64();
    match matcher {
        "has" => elements().is_some_and(|list| {
            operands()
                .iter()
                .all(|one| list.iter().any(|other| fits(one, Some(other))))
        }),
        "lacks" => elements().is_some_and(|list| {
            operands()
                .iter()
                .all(|one| !list.iter().any(|other| fits(one, Some(other))))
        }),
        "anyOf" => operands().iter().any(|one| fits(one, actual)),
        "atMost" => actual
            .and_then(number)
            .zip(number(operand))
            .is_some_and(|(actual, limit)| actual <= limit),
        "atLeast" => actual
            .and_then(number)
            .zip(number(operand))
            .is_some_and(|(actual, limit)| actual >= limit),
        "absent" => (operand == &Value::Bool(true)) == actual.is_none_or(Value::is_null),
        _ => false,
    }
}

fn matcher_of(table: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (key, value) = table.iter().next().filter(|_| table.len() == 1)?;
    MATCHERS
        .contains(&key.as_str())
        .then_some((key.as_str(), value))
}

fn single<'a>(table: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    table.get(key).filter(|_| table.len() == 1)
}

fn mismatch(path: &str, expected: &Value, actual: Option<&Value>) -> Mismatch {
    Mismatch {
        path: path.to_owned(),
        expected: expected.clone(),
        actual: actual.cloned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "rows of a table are written in place"
    )]
    fn check(expect: Value, answer: Value, mismatched: &[&str]) {
        let answer = answer.as_object().expect("an answer is an object").clone();
        let found = compare(&expect, &answer, &Allowed::new());
        let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, mismatched, "{expect} against {answer:?}");
    }

    #[test]
    fn what_is_not_named_may_be_anything() {
        check(
            json!({ "state": "signedIn" }),
            json!({ "state": "signedIn", "more": 1 }),
            &[],
        );
        check(json!({}), json!({ "state": "signedIn" }), &[]);
    }

    #[test]
    fn every_difference_is_collected_with_its_path() {
        check(
            json!({ "state": "interrupted", "deferral": { "offered": true, "daysLeft": 14 } }),
            json!({ "state": "signedIn", "deferral": { "offered": true, "daysLeft": 13 } }),
            &["state", "deferral.daysLeft"],
        );
    }

    #[test]
    fn a_list_matches_whole_and_in_order() {
        check(
            json!({ "methods": ["a", "b"] }),
            json!({ "methods": ["a", "b"] }),
            &[],
        );
        check(
            json!({ "methods": ["a", "b"] }),
            json!({ "methods": ["b", "a"] }),
            &["methods[0]", "methods[1]"],
        );
        check(
            json!({ "methods": ["a"] }),
            json!({ "methods": ["a", "b"] }),
            &["methods"],
        );
    }

    #[test]
    fn matchers_stand_in_place_of_a_value() {
        check(
            json!({ "m": { "has": ["a"] } }),
            json!({ "m": ["b", "a"] }),
            &[],
        );
        check(
            json!({ "m": { "has": ["c"] } }),
            json!({ "m": ["b", "a"] }),
            &["m"],
        );
        check(
            json!({ "m": { "lacks": ["c"] } }),
            json!({ "m": ["b", "a"] }),
            &[],
        );
        check(
            json!({ "m": { "lacks": ["a"] } }),
            json!({ "m": ["b", "a"] }),
            &["m"],
        );
        check(json!({ "m": { "lacks": ["a"] } }), json!({}), &["m"]);
        check(json!({ "n": { "atMost": 10 } }), json!({ "n": 10 }), &[]);
        check(json!({ "n": { "atMost": 10 } }), json!({ "n": 11 }), &["n"]);
        check(json!({ "n": { "atLeast": 6 } }), json!({ "n": 5 }), &["n"]);
        check(json!({ "n": { "absent": true } }), json!({}), &[]);
        check(
            json!({ "n": { "absent": true } }),
            json!({ "n": 1 }),
            &["n"],
        );
        check(json!({ "n": { "absent": false } }), json!({}), &["n"]);
        check(
            json!({ "n": { "anyOf": [1, 2] } }),
            json!({ "n": 3 }),
            &["n"],
        );
    }

    #[test]
    fn a_refusal_never_fits_a_success_and_the_other_way_round() {
        check(json!({}), json!({ "refused": "wrongCode" }), &[""]);
        check(
            json!({}),
            json!({ "unrecognised": { "status": 500 } }),
            &[""],
        );
        check(
            json!({ "refused": "wrongCode" }),
            json!({ "state": "verified" }),
            &[""],
        );
        check(
            json!({ "refused": "wrongCode" }),
            json!({ "refused": "wrongCode", "triesLeft": 4 }),
            &[],
        );
        check(
            json!({ "refused": "wrongCode" }),
            json!({ "refused": "expired" }),
            &["refused"],
        );
    }

    #[test]
    fn an_allowed_alternative_is_as_good() {
        let allowed = Allowed::from([(Refusal::NotFound, BTreeSet::from([Refusal::Forbidden]))]);
        let answer = json!({ "refused": "forbidden" })
            .as_object()
            .expect("an object")
            .clone();
        assert!(compare(&json!({ "refused": "notFound" }), &answer, &allowed).is_empty());
        assert!(!compare(&json!({ "refused": "expired" }), &answer, &allowed).is_empty());
    }

    #[test]
    fn of_several_at_once_what_is_named_is_compared_and_nothing_means_all() {
        let answer = json!({
            "succeeded": 1,
            "refused": ["alreadyVerified"],
            "answers": [{ "refused": "alreadyVerified" }, { "state": "verified" }],
        });
        check(json!({ "succeeded": 1 }), answer.clone(), &[]);
        check(json!({ "succeeded": 2 }), answer.clone(), &["succeeded"]);
        check(json!({}), answer.clone(), &[""]);
        check(
            json!({ "refused": ["expired"] }),
            answer.clone(),
            &["refused[0]"],
        );
        check(
            json!({ "answers": [{}, { "state": "verified" }] }),
            answer.clone(),
            &["answers[0]."],
        );
        check(
            json!({ "anyOf": [{ "succeeded": 2 }, { "succeeded": 1 }] }),
            answer,
            &[],
        );
        let all = json!({ "succeeded": 2, "refused": [], "answers": [{}, {}] });
        check(json!({}), all, &[]);
        let odd = json!({ "succeeded": 1, "refused": [], "unrecognised": { "status": 500 } });
        check(json!({ "succeeded": 1 }), odd, &[""]);
    }

    #[test]
    fn one_of_several_answers_is_enough() {
        let expect = json!({ "anyOf": [{ "refused": "expired" }, { "state": "expired" }] });
        check(expect.clone(), json!({ "state": "expired" }), &[]);
        check(expect.clone(), json!({ "refused": "expired" }), &[]);
        check(expect, json!({ "state": "verified" }), &[""]);
    }
}
