//! Whether one answer could meet two expectations, and what such an answer looks like.

use serde_json::Value;

use super::{Expectation, FieldPatterns, Pattern, RefusalPattern, order};
use crate::answer::{Answer, AnswerFields, Refusing};

impl Expectation {
    /// Whether one answer could meet both expectations.
    ///
    /// Two people wrote the two; where no answer could please both, one of them expects something else to happen. Of
    /// several commands at once nothing is foreseen: such an expectation meets no other.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::AnyOf(several), other) => several.iter().any(|one| one.meets(other)),
            (one, Self::AnyOf(several)) => several.iter().any(|other| one.meets(other)),
            (Self::Success(one), Self::Success(other)) => fields(one, other),
            (Self::Refused(one), Self::Refused(other)) => refusals(one, other),
            _ => false,
        }
    }

    /// Whether some answer could meet it that tells at least what an answer told.
    ///
    /// A target file may be silent about fields; then what was told must fit, and what was not may be anything.
    #[must_use]
    pub fn admits_more_than(&self, told: &Answer) -> bool {
        match (self, told) {
            (Self::AnyOf(several), told) => several.iter().any(|one| one.admits_more_than(told)),
            (Self::Success(wanted), Answer::Success(told)) => told.iter().all(|(name, value)| {
                let pattern = wanted.get(name);
                pattern.is_none_or(|pattern| pattern.admits(Some(value)))
            }),
            (Self::Refused(wanted), Answer::Refused { reason, details }) => {
                let told = |(name, pattern): (&str, &Pattern)| {
                    let value = details.get(name);
                    value.is_none_or(|value| pattern.admits(Some(&value)))
                };
                wanted.reasons.as_slice().contains(reason) && wanted.details.iter().all(told)
            }
            _ => false,
        }
    }

    /// Returns an answer that meets it, where there is one: what a matcher leaves open is chosen. Of several the first.
    #[must_use]
    pub fn example(&self) -> Answer {
        match self {
            Self::Success(wanted) => Answer::Success(told(wanted)),
            Self::Refused(wanted) => {
                let mut details = Box::<Refusing>::default();
                for (name, value) in told(&wanted.details) {
                    details.complete(&name, value);
                }
                let mut reasons = wanted.reasons.as_slice().iter();
                match reasons.next() {
                    Some(reason) => Answer::Refused {
                        reason: *reason,
                        details,
                    },
                    None => Answer::done(),
                }
            }
            Self::Together(_) => Answer::Together(Vec::new()),
            Self::AnyOf(several) => several.first().map_or_else(Answer::done, Self::example),
        }
    }
}

fn refusals(one: &RefusalPattern, other: &RefusalPattern) -> bool {
    let (mine, theirs) = (one.reasons.as_slice(), other.reasons.as_slice());
    mine.iter().any(|reason| theirs.contains(reason)) && fields(&one.details, &other.details)
}

/// Whether there could be an object for both: what only one names may be what that one wants.
fn fields(one: &FieldPatterns, other: &FieldPatterns) -> bool {
    let mut named = one
        .iter()
        .filter_map(|(name, pattern)| Some((pattern, other.get(name)?)));
    named.all(|(one, other)| values(one, other))
}

fn values(one: &Pattern, other: &Pattern) -> bool {
    use Pattern as P;
    match (one, other) {
        (P::AnyOf(several), other) => several.iter().any(|one| values(one, other)),
        (one, P::AnyOf(several)) => several.iter().any(|other| values(one, other)),
        (P::Absent, P::Absent) => true,
        (P::Fields(one), P::Fields(other)) => fields(one, other),
        (P::List(one), P::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| values(one, other))
        }
        (P::Has(wanted), P::List(list)) | (P::List(list), P::Has(wanted)) => {
            wanted.iter().all(|one| among(list, one))
        }
        (P::Lacks(wanted), P::List(list)) | (P::List(list), P::Lacks(wanted)) => {
            !wanted.iter().any(|one| among(list, one))
        }
        (P::Has(wanted), P::Lacks(unwanted)) | (P::Lacks(unwanted), P::Has(wanted)) => {
            !wanted.iter().any(|one| unwanted.contains(one))
        }
        (P::Has(_), P::Has(_)) | (P::Lacks(_), P::Lacks(_)) => true,
        (P::AtMost(bound), P::Number(number)) | (P::Number(number), P::AtMost(bound)) => {
            order(number, bound).is_some_and(std::cmp::Ordering::is_le)
        }
        (P::AtLeast(bound), P::Number(number)) | (P::Number(number), P::AtLeast(bound)) => {
            order(number, bound).is_some_and(std::cmp::Ordering::is_ge)
        }
        (P::AtMost(most), P::AtLeast(least)) | (P::AtLeast(least), P::AtMost(most)) => {
            order(least, most).is_some_and(std::cmp::Ordering::is_le)
        }
        (P::AtMost(_), P::AtMost(_)) | (P::AtLeast(_), P::AtLeast(_)) => true,
        (P::Number(one), P::Number(other)) => {
            order(one, other).is_some_and(std::cmp::Ordering::is_eq)
        }
        (one, other) => one == other,
    }
}

fn among(list: &[Pattern], one: &Pattern) -> bool {
    list.iter().any(|other| values(one, other))
}

fn told(wanted: &FieldPatterns) -> AnswerFields {
    let fields = wanted.iter();
    let fields = fields.filter_map(|(name, pattern)| Some((name.to_owned(), chosen(pattern)?)));
    fields.collect()
}

/// Returns a value that is as expected; none: it is expected to be absent.
fn chosen(pattern: &Pattern) -> Option<Value> {
    Some(match pattern {
        Pattern::Absent => return None,
        Pattern::AnyOf(several) => return chosen(several.first()?),
        Pattern::Bool(truth) => Value::Bool(*truth),
        Pattern::Number(number) | Pattern::AtMost(number) | Pattern::AtLeast(number) => {
            Value::Number(number.clone())
        }
        Pattern::Text(text) => Value::from(text.as_ref()),
        Pattern::Fields(fields) => Value::Object(told(fields)),
        Pattern::List(list) | Pattern::Has(list) => list.iter().filter_map(chosen).collect(),
        Pattern::Lacks(_) => Value::Array(Vec::new()),
    })
}
