//! Transcripts: the run as told, in aliases.
//!
//! One line per step: when (from the scenario's start), who, what, and the abstract answer. No HTTP, no free text, no
//! secret, nothing that only this run knows; so equal seeds give equal bytes, and two implementations can be compared.

use std::fmt::Write as _;

use jiff::Timestamp;
use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use proofup_files::quantity::spell_seconds;
use serde_json::{Map, Value};

use crate::{Part, StepAction};

/// What an answer may hold as free text or in the target's own words: never told.
const UNTOLD: [&str; 6] = [
    "destination",
    "questions",
    "issuer",
    "account",
    "field",
    "retryAfter",
];

/// Returns an instant from the scenario's start: `T0+13d23h59m59s`.
#[must_use]
pub fn instant(zero: Timestamp, at: Timestamp) -> String {
    let seconds = at.as_second() - zero.as_second();
    if seconds == 0 {
        return "T0".to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    format!("T0{sign}{}", spell_seconds(seconds.saturating_abs()))
}

/// Returns a command in one line: who, what, and what goes with it.
#[must_use]
pub fn command(command: &Command) -> String {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(command) else {
        return String::new();
    };
    let word = fields
        .shift_remove("do")
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default();
    let user = fields
        .shift_remove("user")
        .and_then(|user| user.as_str().map(str::to_owned));
    let mut text = user.map_or_else(|| word.clone(), |user| format!("{user} {word}"));
    for (key, value) in &fields {
        // Answers are secrets by type, even those that a file spells out.
        let given = value.get("given").and_then(Value::as_array);
        let told = given.map_or_else(|| plain(value), |given| format!("given({})", given.len()));
        let _ = write!(text, " {key}={told}");
    }
    text
}

/// Returns in one line what a step does.
#[must_use]
pub fn action(action: &StepAction) -> String {
    let part = |part: &Part| match &part.times {
        None => command(&part.command),
        Some(times) => format!("{times} x {}", command(&part.command)),
    };
    match action {
        StepAction::One(one) => command(one),
        StepAction::Together(parts) => {
            let parts: Vec<String> = parts.iter().map(part).collect();
            format!("together: {}", parts.join("; "))
        }
    }
}

/// Returns whether a command types a code that has an alias.
#[must_use]
pub const fn types_a_code(command: &Command) -> bool {
    matches!(
        command,
        Command::SubmitCode { .. }
            | Command::SubmitSecondStepCode { .. }
            | Command::SubmitResetCode { .. }
    )
}

/// Returns an abstract answer in one line.
#[must_use]
pub fn answer(answer: &Answer) -> String {
    fields(&answer.to_fields())
}

/// Returns the fields of an answer in one line.
#[must_use]
pub fn fields(fields: &Map<String, Value>) -> String {
    let mut parts = Vec::new();
    flatten("", fields, &mut parts);
    if parts.is_empty() {
        "ok".to_owned()
    } else {
        parts.join(" ")
    }
}

fn flatten(prefix: &str, table: &Map<String, Value>, parts: &mut Vec<String>) {
    let mut keys: Vec<&String> = table.keys().collect();
    keys.sort();
    for key in keys {
        if UNTOLD.contains(&key.as_str()) {
            continue;
        }
        match &table[key] {
            Value::Null => {}
            Value::Object(inner) => flatten(&format!("{prefix}{key}."), inner, parts),
            value => parts.push(format!("{prefix}{key}={}", plain(&told(value)))),
        }
    }
}

/// Leaves out, in lists of objects too, what is never told.
fn told(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(told).collect(),
        Value::Object(table) => Value::Object(
            table
                .iter()
                .filter(|(key, value)| !UNTOLD.contains(&key.as_str()) && !value.is_null())
                .map(|(key, value)| (key.clone(), told(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text)
            if !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && c != '"') =>
        {
            text.clone()
        }
        Value::Array(list) => format!("[{}]", list.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Object(table) => {
            format!(
                "{{{}}}",
                table
                    .iter()
                    .map(|(key, value)| format!("{key}={}", plain(value)))
                    .collect::<Vec<_>>()
                    .join(" ")
            )
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn instants_are_told_from_the_start() {
        let zero: Timestamp = "2026-01-15T09:00:00Z".parse().expect("an instant");
        let at = |text: &str| instant(zero, text.parse().expect("an instant"));
        assert_eq!(at("2026-01-15T09:00:00Z"), "T0");
        assert_eq!(at("2026-01-15T09:10:00Z"), "T0+10m");
        assert_eq!(at("2026-01-29T08:59:59Z"), "T0+13d23h59m59s");
        assert_eq!(at("2026-01-15T08:59:30Z"), "T0-30s");
    }

    #[test]
    fn a_line_tells_who_what_and_the_answer() {
        let step: Command =
            serde_json::from_value(json!({ "do": "signIn", "user": "alice", "password": "wrong" }))
                .expect("a command");
        assert_eq!(command(&step), "alice signIn password=wrong");
        let told = json!({ "state": "interrupted", "deferral": { "offered": true, "daysLeft": 14 }, "destination": "+31 ***" });
        assert_eq!(
            answer(&Answer::of(&told)),
            "deferral.daysLeft=14 deferral.offered=true state=interrupted"
        );
        assert_eq!(answer(&Answer::done()), "ok");
    }
}
