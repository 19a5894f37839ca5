//! What an answer may be: patterns in the form of a scenario's `expect`, and how an answer is held to them.

use proofup_domain::refusal::Refusal;
use serde_json::{Map, Value, json};

/// Holds one pattern: a partial table of the answer, with matchers in place of values.
pub type Pattern = Map<String, Value>;

/// Tells what a command may answer: any one of several patterns where the design leaves a choice.
///
/// Each is a partial match, as in a scenario file: what it does not name may be anything. A pattern without `refused`
/// stands for success and admits no refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    alternatives: Vec<Pattern>,
    unbound: Option<&'static str>,
}

impl Expected {
    /// Gives the patterns, the preferred reading of the design first; empty if the command could not be done.
    #[must_use]
    pub fn alternatives(&self) -> &[Pattern] {
        &self.alternatives
    }

    /// Says why the command could not be done at all: it names something that does not exist in the run.
    ///
    /// A code that nobody received or a session that was never begun: there is nothing to send, so there is no answer to
    /// judge. A generator drops such a command, or takes it as not applicable.
    #[must_use]
    pub const fn unbound(&self) -> Option<&'static str> {
        self.unbound
    }

    /// Tells whether success is among what is admitted.
    #[must_use]
    pub fn may_succeed(&self) -> bool {
        self.alternatives
            .iter()
            .any(|pattern| !pattern.contains_key("refused"))
    }

    /// Holds an answer to the patterns.
    ///
    /// # Errors
    ///
    /// Every mismatch with the pattern that comes closest, as `path: expected, got`.
    pub fn admits(&self, answer: &Map<String, Value>) -> Result<(), Vec<String>> {
        if let Some(why) = self.unbound {
            return Err(vec![format!("the command could not be done: {why}")]);
        }
        let mut closest: Option<Vec<String>> = None;
        for pattern in &self.alternatives {
            let mismatches = mismatches(pattern, answer);
            if mismatches.is_empty() {
                return Ok(());
            }
            if closest
                .as_ref()
                .is_none_or(|best| mismatches.len() < best.len())
            {
                closest = Some(mismatches);
            }
        }
        Err(closest.unwrap_or_default())
    }

    /// Makes an answer that meets the preferred pattern; none: the command could not be done.
    #[must_use]
    pub fn example(&self) -> Option<Map<String, Value>> {
        self.alternatives.first().map(example)
    }

    /// Writes the patterns as the `expect` of a scenario's step.
    #[must_use]
    pub fn to_expect(&self) -> Value {
        match self.alternatives.as_slice() {
            [one] => Value::Object(one.clone()),
            several => json!({ "anyOf": several }),
        }
    }

    pub(crate) fn of(told: Told) -> Self {
        match told {
            // As a rule there is one, which is like no other.
            Told::Answers(patterns) if patterns.len() == 1 => Self {
                alternatives: patterns,
                unbound: None,
            },
            Told::Answers(patterns) => {
                let mut expected = Self {
                    alternatives: Vec::new(),
                    unbound: None,
                };
                expected.extend(patterns);
                expected
            }
            Told::Unbound(why) => Self {
                alternatives: Vec::new(),
                unbound: Some(why),
            },
        }
    }

    pub(crate) fn extend(&mut self, patterns: Vec<Pattern>) {
        for pattern in patterns {
            if !self.alternatives.contains(&pattern) {
                self.alternatives.push(pattern);
            }
        }
    }
}

/// Holds what one reading of the design answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Answers(Vec<Pattern>),
    Unbound(&'static str),
}

impl Told {
    /// Answers with an object.
    pub(crate) fn success(answer: Value) -> Self {
        match answer {
            Value::Object(pattern) => Self::Answers(vec![pattern]),
            _ => Self::Answers(vec![Pattern::new()]),
        }
    }

    /// Answers with nothing to tell.
    pub(crate) fn done() -> Self {
        Self::Answers(vec![Pattern::new()])
    }

    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self::any_of(&[refusal])
    }

    /// Refuses for any one of several reasons.
    pub(crate) fn any_of(refusals: &[Refusal]) -> Self {
        Self::Answers(refusals.iter().map(|refusal| refused(*refusal)).collect())
    }

    /// Refuses with something that goes with the reason.
    pub(crate) fn refused_with(refusal: Refusal, key: &str, value: impl Into<Value>) -> Self {
        let mut pattern = refused(refusal);
        pattern.insert(key.to_owned(), value.into());
        Self::Answers(vec![pattern])
    }

    /// Admits what another admits too.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Answers(mut mine), Self::Answers(theirs)) => {
                mine.extend(theirs);
                Self::Answers(mine)
            }
            (one, _) => one,
        }
    }

    /// Tells whether nothing but refusals is admitted.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Answers(patterns) if patterns.iter().all(|one| one.contains_key("refused")))
    }

    /// Admits these refusals too.
    pub(crate) fn or_refused(self, refusals: &[Refusal]) -> Self {
        self.or(Self::any_of(refusals))
    }
}

/// Makes an answer that meets a pattern: what a matcher leaves open is chosen.
#[must_use]
pub fn example(pattern: &Pattern) -> Map<String, Value> {
    let fields = pattern.iter();
    let fields = fields.filter_map(|(key, value)| Some((key.clone(), chosen(value)?)));
    fields.collect()
}

/// Chooses a value that is admitted; none: nothing is.
fn chosen(expected: &Value) -> Option<Value> {
    match (matcher(expected), expected) {
        (Some(("absent", _)), _) => None,
        (Some(("anyOf", list)), _) => chosen(list.get(0)?),
        (Some((_, operand)), _) => Some(operand.clone()),
        (None, Value::Object(table)) => Some(Value::Object(example(table))),
        (None, Value::Array(list)) => Some(list.iter().filter_map(chosen).collect()),
        (None, plain) => Some(plain.clone()),
    }
}

fn refused(refusal: Refusal) -> Pattern {
    let mut pattern = Pattern::new();
    pattern.insert("refused".to_owned(), refusal.as_str().into());
    pattern
}

/// Lists where an answer differs from a pattern; empty: the pattern admits it.
pub(crate) fn mismatches(pattern: &Pattern, answer: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(reason) = answer.get("refused")
        && !pattern.contains_key("refused")
    {
        found.push(format!("refused: expected success, got {reason}"));
    }
    table("", pattern, answer, &mut found);
    found
}

fn table(path: &str, pattern: &Pattern, answer: &Map<String, Value>, found: &mut Vec<String>) {
    for (key, expected) in pattern {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        value(&path, expected, answer.get(key), found);
    }
}

fn value(path: &str, expected: &Value, got: Option<&Value>, found: &mut Vec<String>) {
    let shown = || got.map_or_else(|| "nothing".to_owned(), Value::to_string);
    if let Some((name, operand)) = matcher(expected) {
        if !matches(name, operand, got) {
            found.push(format!("{path}: expected {expected}, got {}", shown()));
        }
        return;
    }
    match (expected, got) {
        (Value::Object(expected), Some(Value::Object(got))) => table(path, expected, got, found),
        (Value::Array(expected), Some(Value::Array(got))) if expected.len() == got.len() => {
            for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                value(&format!("{path}[{index}]"), expected, Some(got), found);
            }
        }
        (expected, Some(got)) if expected == got => {}
        _ => found.push(format!("{path}: expected {expected}, got {}", shown())),
    }
}

/// Reads a matcher: a table of exactly one of the known keys.
fn matcher(expected: &Value) -> Option<(&str, &Value)> {
    let table = expected.as_object().filter(|table| table.len() == 1)?;
    let (name, operand) = table.iter().next()?;
    ["has", "lacks", "anyOf", "atMost", "atLeast", "absent"]
        .contains(&name.as_str())
        .then_some((name.as_str(), operand))
}

fn matches(name: &str, operand: &Value, got: Option<&Value>) -> bool {
    let wanted = operand.as_array().map_or(&[][..], Vec::as_slice);
    let holds = |item: &Value| {
        got.and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|got| fits(item, Some(got))))
    };
    let number = got.and_then(Value::as_i64).zip(operand.as_i64());
    match name {
        "has" => wanted.iter().all(holds),
        "lacks" => got.is_some_and(Value::is_array) && !wanted.iter().any(holds),
        "anyOf" => wanted.iter().any(|item| fits(item, got)),
        "atMost" => number.is_some_and(|(got, bound)| got <= bound),
        "atLeast" => number.is_some_and(|(got, bound)| got >= bound),
        "absent" => got.is_none() == operand.as_bool().unwrap_or(true),
        _ => false,
    }
}

fn fits(expected: &Value, got: Option<&Value>) -> bool {
    let mut found = Vec::new();
    value("", expected, got, &mut found);
    found.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: Value, answer: &Value, admitted: bool) {
        let expected = Expected::of(Told::success(pattern));
        let answer = answer.as_object().expect("an answer is an object").clone();
        assert_eq!(expected.admits(&answer).is_ok(), admitted, "{answer:?}");
    }

    #[test]
    fn a_pattern_is_a_partial_match_and_lists_are_exact() {
        check(
            json!({"state": "signedIn"}),
            &json!({"state": "signedIn", "more": 1}),
            true,
        );
        check(json!({"state": "signedIn"}), &json!({}), false);
        check(
            json!({"methods": ["email"]}),
            &json!({"methods": ["email", "x"]}),
            false,
        );
        check(
            json!({"details": [{"method": "email"}]}),
            &json!({"details": [{"method": "email", "kinds": []}]}),
            true,
        );
    }

    #[test]
    fn success_admits_no_refusal() {
        check(json!({}), &json!({"refused": "expired"}), false);
        check(json!({}), &json!({}), true);
    }

    #[test]
    fn matchers_stand_in_place_of_values() {
        check(json!({"n": {"atMost": 3}}), &json!({"n": 3}), true);
        check(json!({"n": {"atLeast": 4}}), &json!({"n": 3}), false);
        check(json!({"d": {"absent": true}}), &json!({"d": {}}), false);
        check(
            json!({"d": {"anyOf": [false, {"absent": true}]}}),
            &json!({}),
            true,
        );
        check(
            json!({"l": {"has": ["a"]}}),
            &json!({"l": ["a", "b"]}),
            true,
        );
        check(
            json!({"l": {"lacks": ["a"]}}),
            &json!({"l": ["a", "b"]}),
            false,
        );
    }

    #[test]
    fn mismatches_name_path_expectation_and_answer() {
        let expected = Expected::of(Told::refused(Refusal::Expired));
        let answer = json!({"refused": "notFound"});
        assert_eq!(
            expected.admits(answer.as_object().expect("an object")),
            Err(vec![
                "refused: expected \"expired\", got \"notFound\"".to_owned()
            ])
        );
    }
}
