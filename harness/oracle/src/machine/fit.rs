//! Whether one answer could meet two patterns.

use serde_json::{Map, Value};

/// Tells whether a scenario's expectation and a pattern of the oracle leave room for one answer that meets both.
///
/// Two people wrote the two; where no answer could please both, one of them expects something else to happen.
#[must_use]
pub fn compatible(expect: &Value, pattern: &Map<String, Value>) -> bool {
    alternatives(expect).iter().any(|expect| {
        let table = expect.as_object().cloned().unwrap_or_default();
        table.contains_key("refused") == pattern.contains_key("refused")
            && tables_meet(&table, pattern)
    })
}

/// Spreads a whole expectation of several alternatives.
fn alternatives(expect: &Value) -> Vec<Value> {
    match (expect.as_object().map(Map::len), expect["anyOf"].as_array()) {
        (Some(1), Some(list)) => list.clone(),
        _ => vec![expect.clone()],
    }
}

fn tables_meet(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    one.iter().all(|(key, mine)| match other.get(key) {
        Some(theirs) => meet(mine, theirs),
        None => true,
    })
}

fn meet(one: &Value, other: &Value) -> bool {
    match (matcher(one), matcher(other)) {
        (Some(("anyOf", list)), _) => items(list).iter().any(|item| meet(item, other)),
        (_, Some(("anyOf", list))) => items(list).iter().any(|item| meet(one, item)),
        (Some((name, operand)), None) => holds(name, operand, other),
        (None, Some((name, operand))) => holds(name, operand, one),
        (Some(("absent", _)), Some((name, _))) | (Some((name, _)), Some(("absent", _))) => {
            name == "absent"
        }
        (Some(_), Some(_)) => true,
        (None, None) => match (one, other) {
            (Value::Object(one), Value::Object(other)) => tables_meet(one, other),
            (Value::Array(one), Value::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(a, b)| meet(a, b))
            }
            (one, other) => one == other,
        },
    }
}

fn holds(name: &str, operand: &Value, value: &Value) -> bool {
    let has = |item: &Value| items(value).iter().any(|got| meet(item, got));
    match name {
        "has" => items(operand).iter().all(has),
        "lacks" => !items(operand).iter().any(has),
        "atMost" => value.as_i64() <= operand.as_i64(),
        "atLeast" => value.as_i64() >= operand.as_i64(),
        _ => false,
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn matcher(value: &Value) -> Option<(&str, &Value)> {
    let table = value.as_object().filter(|table| table.len() == 1)?;
    let (name, operand) = table.iter().next()?;
    ["has", "lacks", "anyOf", "atMost", "atLeast", "absent"]
        .contains(&name.as_str())
        .then_some((name.as_str(), operand))
}
