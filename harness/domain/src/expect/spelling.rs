//! How expectations are spelled as JSON: in the `expect` of a scenario's step and in reports.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    AnswerPath, AnswersPattern, Expectation, FieldPatterns, Pattern, Reasons, RefusalPattern,
    TogetherPattern,
};
use crate::answer::REFUSED;
use crate::refusal::Refusal;

/// The matchers that may stand in place of a value.
pub const MATCHERS: [&str; 6] = ["has", "lacks", ANY_OF, "atMost", "atLeast", "absent"];

const ANY_OF: &str = "anyOf";
const ANSWERS: &str = "answers";

/// Why JSON is no expectation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is {problem}")]
pub struct Misspelt {
    /// What is misspelt.
    pub value: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

fn misspelt(value: &Value, problem: &'static str) -> Misspelt {
    Misspelt {
        value: value.to_string(),
        problem,
    }
}

impl Expectation {
    /// Reads what is expected of one answer.
    ///
    /// # Errors
    ///
    /// If a refusal has no documented reason, a matcher has an operand that it does not take, or a value is `null`.
    pub fn read(expect: &Value) -> Result<Self, Misspelt> {
        let table = object(expect)?;
        if let Some(Value::Array(several)) = single(table, ANY_OF) {
            return several
                .iter()
                .map(Self::read)
                .collect::<Result<_, _>>()
                .map(Self::AnyOf);
        }
        let Some(refused) = table.get(REFUSED) else {
            return FieldPatterns::read(table.iter()).map(Self::Success);
        };
        let details = table.iter().filter(|(key, _)| *key != REFUSED);
        Ok(Self::Refused(RefusalPattern {
            reasons: Reasons::read(refused)?,
            details: FieldPatterns::read(details)?,
        }))
    }

    /// Reads what is expected of several commands that are sent at the same moment.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub fn read_together(expect: &Value) -> Result<Self, Misspelt> {
        let table = object(expect)?;
        if let Some(Value::Array(several)) = single(table, ANY_OF) {
            let several = several.iter().map(Self::read_together);
            return several.collect::<Result<_, _>>().map(Self::AnyOf);
        }
        let counts = table.iter().filter(|(key, _)| *key != ANSWERS);
        Ok(Self::Together(TogetherPattern {
            counts: FieldPatterns::read(counts)?,
            answers: table.get(ANSWERS).map(AnswersPattern::read).transpose()?,
        }))
    }

    /// Returns the expectation as the `expect` of a scenario's step.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Success(fields) => fields.to_json(),
            Self::Refused(refused) => {
                let mut table = Map::new();
                table.insert(REFUSED.to_owned(), refused.reasons.to_json());
                refused.details.write(&mut table);
                Value::Object(table)
            }
            Self::Together(together) => {
                let mut table = Map::new();
                together.counts.write(&mut table);
                let answers = together.answers.as_ref();
                table.extend(answers.map(|answers| (ANSWERS.to_owned(), answers.to_json())));
                Value::Object(table)
            }
            Self::AnyOf(several) => matcher(ANY_OF, several.iter().map(Self::to_json).collect()),
        }
    }
}

impl Serialize for Expectation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl std::fmt::Display for Expectation {
    /// Writes the expectation as JSON.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_json().fmt(f)
    }
}

/// Spells where and which reasons were expected.
pub(super) fn reason(path: &AnswerPath<'_>, reasons: &Reasons) -> (String, Value) {
    (
        AnswerPath::Key(path, REFUSED).to_string(),
        reasons.to_json(),
    )
}

impl Reasons {
    fn read(refused: &Value) -> Result<Self, Misspelt> {
        let reason = |word: &Value| {
            let reason = word.as_str().and_then(Refusal::from_word);
            reason.ok_or_else(|| misspelt(word, "no reason for a refusal"))
        };
        match refused.as_object().and_then(|table| single(table, ANY_OF)) {
            Some(several) => {
                let several = list(several)?.iter().map(reason);
                several.collect::<Result<_, _>>().map(Self::AnyOf)
            }
            None => reason(refused).map(Self::One),
        }
    }

    /// Returns the reasons as JSON, as an `expect` spells them.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::One(reason) => reason.as_str().into(),
            Self::AnyOf(reasons) => {
                matcher(ANY_OF, reasons.iter().map(|one| one.as_str()).collect())
            }
        }
    }
}

impl AnswersPattern {
    fn read(answers: &Value) -> Result<Self, Misspelt> {
        let each = |list: &[Value]| list.iter().map(Expectation::read).collect::<Result<_, _>>();
        if let Value::Array(answers) = answers {
            return each(answers).map(Self::Each);
        }
        match matcher_of(object(answers)?) {
            Some(("has", operand)) => each(list(operand)?).map(Self::Has),
            Some(("lacks", operand)) => each(list(operand)?).map(Self::Lacks),
            Some((ANY_OF, operand)) => {
                let several = list(operand)?.iter().map(Self::read);
                several.collect::<Result<_, _>>().map(Self::AnyOf)
            }
            _ => Err(misspelt(answers, "no list of answers")),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let each = |list: &[Expectation]| list.iter().map(Expectation::to_json).collect();
        match self {
            Self::Each(list) => each(list),
            Self::Has(list) => matcher("has", each(list)),
            Self::Lacks(list) => matcher("lacks", each(list)),
            Self::AnyOf(several) => matcher(ANY_OF, several.iter().map(Self::to_json).collect()),
        }
    }
}

impl FieldPatterns {
    fn read<'v>(table: impl Iterator<Item = (&'v String, &'v Value)>) -> Result<Self, Misspelt> {
        let read =
            |(key, value): (&String, &Value)| Ok((Cow::Owned(key.clone()), Pattern::read(value)?));
        table.map(read).collect::<Result<_, _>>().map(Self)
    }

    fn write(&self, table: &mut Map<String, Value>) {
        table.extend(
            self.iter()
                .map(|(name, pattern)| (name.to_owned(), pattern.to_json())),
        );
    }

    fn to_json(&self) -> Value {
        let mut table = Map::new();
        self.write(&mut table);
        Value::Object(table)
    }
}

impl Pattern {
    /// Reads what a value is expected to be.
    ///
    /// # Errors
    ///
    /// If a matcher has an operand that it does not take, or a value is `null`.
    pub fn read(expect: &Value) -> Result<Self, Misspelt> {
        let all = |list: &[Value]| list.iter().map(Self::read).collect::<Result<_, _>>();
        let number = |operand: &Value| match operand {
            Value::Number(number) => Ok(number.clone()),
            other => Err(misspelt(other, "no number")),
        };
        Ok(match expect {
            Value::Null => return Err(misspelt(expect, "no value: write `absent`")),
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::Text(Cow::Owned(text.clone())),
            Value::Array(elements) => Self::List(all(elements)?),
            Value::Object(table) => match matcher_of(table) {
                Some(("has", operand)) => Self::Has(all(list(operand)?)?),
                Some(("lacks", operand)) => Self::Lacks(all(list(operand)?)?),
                Some((ANY_OF, operand)) => Self::AnyOf(all(list(operand)?)?),
                Some(("atMost", operand)) => Self::AtMost(number(operand)?),
                Some(("atLeast", operand)) => Self::AtLeast(number(operand)?),
                Some(("absent", Value::Bool(true))) => Self::Absent,
                Some(("absent", operand)) => {
                    return Err(misspelt(operand, "nothing that `absent` takes but `true`"));
                }
                _ => Self::Fields(FieldPatterns::read(table.iter())?),
            },
        })
    }

    /// Returns the pattern as JSON, as an `expect` spells it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let all = |list: &[Self]| list.iter().map(Self::to_json).collect();
        match self {
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::from(text.as_ref()),
            Self::Fields(fields) => fields.to_json(),
            Self::List(list) => all(list),
            Self::Has(list) => matcher("has", all(list)),
            Self::Lacks(list) => matcher("lacks", all(list)),
            Self::AnyOf(list) => matcher(ANY_OF, all(list)),
            Self::AtMost(bound) => matcher("atMost", Value::Number(bound.clone())),
            Self::AtLeast(bound) => matcher("atLeast", Value::Number(bound.clone())),
            Self::Absent => matcher("absent", Value::Bool(true)),
        }
    }
}

fn matcher(key: &str, operand: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), operand)]))
}

/// Finds the matcher that a table is: one of exactly one known key.
fn matcher_of(table: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (key, operand) = table.iter().next().filter(|_| table.len() == 1)?;
    let known = MATCHERS.contains(&key.as_str());
    known.then_some((key.as_str(), operand))
}

fn single<'t>(table: &'t Map<String, Value>, key: &str) -> Option<&'t Value> {
    table.get(key).filter(|_| table.len() == 1)
}

fn object(value: &Value) -> Result<&Map<String, Value>, Misspelt> {
    value.as_object().ok_or_else(|| misspelt(value, "no table"))
}

fn list(value: &Value) -> Result<&[Value], Misspelt> {
    let list = value.as_array().map(Vec::as_slice);
    list.ok_or_else(|| misspelt(value, "no list"))
}
