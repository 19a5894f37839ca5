//! What an answer is expected to be, and the one matcher that holds an answer to it.
//!
//! An [`Expectation`] is a partial match: what it does not name may be anything. In place of a value a matcher may stand:
//! `has`, `lacks`, `anyOf`, `atMost`, `atLeast` or `absent`. The judge reads expectations from files, the oracle builds
//! them; both are held to an answer by [`Expectation::compare`] or [`Expectation::admits`], and two of them to one another
//! by [`Expectation::meets`].
//!
//! What was decided, and why:
//!
//! - An answer that no rule knows meets no expectation, not even that of a success without fields: a server that answers
//!   500 has not done what it was asked for.
//! - A success never meets the expectation of a refusal, nor a refusal that of a success.
//! - `null` is absent: a member that says "nothing" tells as much as none. So `absent` admits it, and every other matcher
//!   treats it as it treats a missing field. `absent` takes `true` alone: a field that must be there is named by what it
//!   must be.
//! - Numbers are compared by their value, integers exactly: `5.0` is `5`, as in JSON Schema. What is no number is neither
//!   at most nor at least anything.
//! - `has` and `lacks` want a list: what is not told is not known to lack anything.
//! - Refusals that the catalogue allows in place of one are as good wherever that one is named, alone or in `anyOf`.
//! - `answers` of several commands at once are held to their expectations as single answers are.
//!
//! **Invariant:** the keys of the language are read and written in `spelling` alone.

mod meeting;
mod naming;
mod spelling;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Number, Value};

use crate::answer::{Answer, REFUSED, SUCCEEDED};
use crate::refusal::Refusal;
pub use naming::Named;
pub use spelling::{MATCHERS, Misspelt};

/// The refusals that are as good as an expected one, by the catalogue.
pub type Allowed = BTreeMap<Refusal, BTreeSet<Refusal>>;

/// What an answer is expected to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// A success that tells these fields. Without fields it is met by several answers at once, too, if all are successes.
    Success(FieldPatterns),
    /// A refusal.
    Refused(RefusalPattern),
    /// What comes of several commands that are sent at the same moment.
    Together(TogetherPattern),
    /// Any one of several.
    AnyOf(Vec<Self>),
}

/// What a refusal is expected to be.
#[derive(Debug, Clone, PartialEq)]
pub struct RefusalPattern {
    /// The reasons, any of which will do.
    pub reasons: Reasons,
    /// What goes with the reason, by the names of `RefusedAnswer`.
    pub details: FieldPatterns,
}

/// The reasons for a refusal, any of which will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reasons {
    /// This one.
    One(Refusal),
    /// Any of these.
    AnyOf(Vec<Refusal>),
}

impl Reasons {
    /// Returns the reasons.
    #[must_use]
    pub const fn as_slice(&self) -> &[Refusal] {
        match self {
            Self::One(reason) => std::slice::from_ref(reason),
            Self::AnyOf(reasons) => reasons.as_slice(),
        }
    }

    fn admit(&self, came: Refusal, allowed: &Allowed) -> bool {
        let as_good = |reason| allowed.get(reason).is_some_and(|more| more.contains(&came));
        let mut reasons = self.as_slice().iter();
        reasons.any(|reason| *reason == came || as_good(reason))
    }
}

/// What is expected of several commands that are sent at the same moment; nothing: that all succeed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TogetherPattern {
    /// The counts: `succeeded`, and `refused` with the sorted words.
    pub counts: FieldPatterns,
    /// The answers, one by one.
    pub answers: Option<AnswersPattern>,
}

/// What is expected of the answers of several commands, in the order of the commands.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswersPattern {
    /// Each meets its own expectation.
    Each(Vec<Expectation>),
    /// For each expectation there is an answer that meets it.
    Has(Vec<Expectation>),
    /// No answer meets any of the expectations.
    Lacks(Vec<Expectation>),
    /// Any one of several.
    AnyOf(Vec<Self>),
}

/// What the fields of an answer, or of an object in it, are expected to be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldPatterns(Vec<(Cow<'static, str>, Pattern)>);

/// What a value is expected to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// This truth.
    Bool(bool),
    /// This number.
    Number(Number),
    /// This text.
    Text(Cow<'static, str>),
    /// An object with these fields, whatever others it has.
    Fields(FieldPatterns),
    /// A list of as many elements, one by one.
    List(Vec<Self>),
    /// A list that has an element for each of these.
    Has(Vec<Self>),
    /// A list none of whose elements is any of these.
    Lacks(Vec<Self>),
    /// Any one of these.
    AnyOf(Vec<Self>),
    /// A number that is not larger.
    AtMost(Number),
    /// A number that is not smaller.
    AtLeast(Number),
    /// Nothing.
    Absent,
}

/// One difference between what was expected and what came.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mismatch {
    /// Where in the answer: `deferral.daysLeft`; empty where the whole answer is of another kind.
    pub path: String,
    /// What was expected.
    pub expected: Value,
    /// What came; nothing where the field is absent.
    pub actual: Option<Value>,
}

impl FieldPatterns {
    /// Returns no patterns.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &'static str, pattern: impl Into<Pattern>) -> Self {
        self.set(name, pattern);
        self
    }

    /// Adds a field.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, pattern: impl Into<Pattern>) {
        self.0.push((name.into(), pattern.into()));
    }

    /// Returns the pattern of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Pattern> {
        let mut fields = self.iter();
        fields.find_map(|(known, pattern)| (known == name).then_some(pattern))
    }

    /// Lists the fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Pattern)> {
        self.0
            .iter()
            .map(|(name, pattern)| (name.as_ref(), pattern))
    }

    /// Whether no field is named.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn hold<'v>(
        &self,
        path: &AnswerPath<'_>,
        told: &dyn Fn(&str) -> Option<Cow<'v, Value>>,
        found: &mut dyn FnMut(Discrepancy<'_>),
    ) {
        for (name, pattern) in self.iter() {
            pattern.hold(&AnswerPath::Key(path, name), told(name).as_deref(), found);
        }
    }
}

impl Pattern {
    /// Returns the text of a pattern that wants one certain text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether a value is as expected; none stands for a field that is absent.
    #[must_use]
    pub fn admits(&self, value: Option<&Value>) -> bool {
        let mut fits = true;
        self.hold(&AnswerPath::Root, value, &mut |_| fits = false);
        fits
    }

    fn hold(
        &self,
        path: &AnswerPath<'_>,
        value: Option<&Value>,
        found: &mut dyn FnMut(Discrepancy<'_>),
    ) {
        let value = value.filter(|value| !value.is_null());
        let among = |list: &[Value], one: &Self| list.iter().any(|value| one.admits(Some(value)));
        let fits = match (self, value) {
            (Self::Fields(fields), Some(Value::Object(told))) => {
                return fields.hold(path, &|name| told.get(name).map(Cow::Borrowed), found);
            }
            (Self::List(list), Some(Value::Array(told))) if list.len() == told.len() => {
                for (index, (one, value)) in list.iter().zip(told).enumerate() {
                    one.hold(&AnswerPath::Index(path, index), Some(value), found);
                }
                return;
            }
            (Self::Has(wanted), Some(Value::Array(told))) => {
                wanted.iter().all(|one| among(told, one))
            }
            (Self::Lacks(wanted), Some(Value::Array(told))) => {
                !wanted.iter().any(|one| among(told, one))
            }
            (Self::AnyOf(several), value) => several.iter().any(|one| one.admits(value)),
            (Self::Absent, value) => value.is_none(),
            (Self::Bool(wanted), Some(Value::Bool(told))) => wanted == told,
            (Self::Text(wanted), Some(Value::String(told))) => wanted == told,
            (Self::Number(wanted), Some(Value::Number(told))) => {
                order(told, wanted) == Some(Ordering::Equal)
            }
            (Self::AtMost(bound), Some(Value::Number(told))) => {
                order(told, bound).is_some_and(Ordering::is_le)
            }
            (Self::AtLeast(bound), Some(Value::Number(told))) => {
                order(told, bound).is_some_and(Ordering::is_ge)
            }
            _ => false,
        };
        if !fits {
            found(Discrepancy::Value(path, self, value));
        }
    }
}

/// Compares two numbers by their value; none: one of them is none.
fn order(one: &Number, other: &Number) -> Option<Ordering> {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

impl From<bool> for Pattern {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<u32> for Pattern {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<&'static str> for Pattern {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<FieldPatterns> for Pattern {
    fn from(fields: FieldPatterns) -> Self {
        Self::Fields(fields)
    }
}

impl<P: Into<Self>> FromIterator<P> for Pattern {
    fn from_iter<I: IntoIterator<Item = P>>(list: I) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

impl Expectation {
    /// Returns the expectation of a success, whatever it tells.
    #[must_use]
    pub const fn success() -> Self {
        Self::Success(FieldPatterns::new())
    }

    /// Returns the expectation of a refusal for this reason.
    #[must_use]
    pub const fn refused(reason: Refusal) -> Self {
        Self::refused_with(reason, FieldPatterns::new())
    }

    /// Returns the expectation of a refusal for this reason, and of what goes with it.
    #[must_use]
    pub const fn refused_with(reason: Refusal, details: FieldPatterns) -> Self {
        Self::Refused(RefusalPattern {
            reasons: Reasons::One(reason),
            details,
        })
    }

    /// Whether some success meets it; of several commands at once that is not known, and this is true.
    #[must_use]
    pub fn may_succeed(&self) -> bool {
        match self {
            Self::Success(_) | Self::Together(_) => true,
            Self::Refused(_) => false,
            Self::AnyOf(several) => several.iter().any(Self::may_succeed),
        }
    }

    /// Returns the one reason for which a refusal is expected; none of a success, or where several will do.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused(RefusalPattern {
                reasons: Reasons::One(reason),
                ..
            }) => Some(*reason),
            _ => None,
        }
    }

    /// Returns what is expected of a field of a success.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Pattern> {
        match self {
            Self::Success(fields) => fields.get(name),
            _ => None,
        }
    }

    /// Returns what is left of it where only the kind of the answer counts: success, or a refusal for the same reasons.
    #[must_use]
    pub fn kind(&self) -> Self {
        match self {
            Self::Refused(refused) => Self::Refused(RefusalPattern {
                reasons: refused.reasons.clone(),
                details: FieldPatterns::new(),
            }),
            Self::AnyOf(several) => Self::AnyOf(several.iter().map(Self::kind).collect()),
            Self::Success(_) | Self::Together(_) => Self::success(),
        }
    }

    /// Whether an answer is as expected.
    #[must_use]
    pub fn admits(&self, answer: &Answer) -> bool {
        self.fits(answer, &Allowed::new())
    }

    /// Lists every difference between an answer and what is expected; none: the answer is as expected.
    ///
    /// An answer of another kind is one difference, of the whole. `allowed` are refusals that are as good as expected ones.
    #[must_use]
    pub fn compare(&self, answer: &Answer, allowed: &Allowed) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        self.hold(&AnswerPath::Root, answer, allowed, &mut |found| {
            mismatches.push(found.into());
        });
        mismatches
    }

    fn fits(&self, answer: &Answer, allowed: &Allowed) -> bool {
        let mut fits = true;
        self.hold(&AnswerPath::Root, answer, allowed, &mut |_| fits = false);
        fits
    }

    fn hold(
        &self,
        path: &AnswerPath<'_>,
        answer: &Answer,
        allowed: &Allowed,
        found: &mut dyn FnMut(Discrepancy<'_>),
    ) {
        let fits = match (self, answer) {
            (Self::AnyOf(several), answer) => several.iter().any(|one| one.fits(answer, allowed)),
            (Self::Success(wanted), Answer::Success(told)) => {
                return wanted.hold(path, &|name| told.get(name).map(Cow::Borrowed), found);
            }
            (Self::Refused(wanted), Answer::Refused { reason, details }) => {
                if !wanted.reasons.admit(*reason, allowed) {
                    found(Discrepancy::Reason(path, &wanted.reasons, *reason));
                }
                return wanted.details.hold(path, &|name| details.get(name), found);
            }
            (Self::Success(wanted), Answer::Together(answers)) if wanted.is_empty() => {
                answers.iter().all(Answer::is_success)
            }
            (Self::Together(wanted), Answer::Together(answers)) if !answer.is_unrecognised() => {
                if wanted.counts.is_empty() && wanted.answers.is_none() {
                    answers.iter().all(Answer::is_success)
                } else {
                    return wanted.hold(path, answers, allowed, found);
                }
            }
            _ => false,
        };
        if !fits {
            found(Discrepancy::Whole(path, self, answer));
        }
    }
}

impl TogetherPattern {
    /// Returns the expectation that so many succeed, and that the others are refused for these reasons, sorted by their
    /// words.
    #[must_use]
    pub fn counts(succeeded: usize, refused: &[&'static str]) -> Self {
        let refused: Pattern = refused.iter().copied().collect();
        let counts = FieldPatterns::new().with(SUCCEEDED, Pattern::Number(succeeded.into()));
        Self {
            counts: counts.with(REFUSED, refused),
            answers: None,
        }
    }

    fn hold(
        &self,
        path: &AnswerPath<'_>,
        answers: &[Answer],
        allowed: &Allowed,
        found: &mut dyn FnMut(Discrepancy<'_>),
    ) {
        let (succeeded, refused) = Answer::counts(answers);
        let counts = |name: &str| {
            Some(Cow::Owned(match name {
                SUCCEEDED => succeeded.into(),
                REFUSED => refused.iter().map(|reason| reason.as_str()).collect(),
                _ => return None,
            }))
        };
        self.counts.hold(path, &counts, found);
        if let Some(wanted) = &self.answers {
            wanted.hold(&AnswerPath::Key(path, "answers"), answers, allowed, found);
        }
    }
}

impl AnswersPattern {
    fn hold(
        &self,
        path: &AnswerPath<'_>,
        answers: &[Answer],
        allowed: &Allowed,
        found: &mut dyn FnMut(Discrepancy<'_>),
    ) {
        let among = |one: &Expectation| answers.iter().any(|answer| one.fits(answer, allowed));
        let fits = match self {
            Self::Each(each) if each.len() == answers.len() => {
                for (index, (one, answer)) in each.iter().zip(answers).enumerate() {
                    let place = AnswerPath::Index(path, index);
                    one.hold(&place, answer, allowed, found);
                }
                return;
            }
            Self::Each(_) => false,
            Self::Has(wanted) => wanted.iter().all(among),
            Self::Lacks(wanted) => !wanted.iter().any(among),
            Self::AnyOf(several) => several.iter().any(|one| {
                let mut fits = true;
                one.hold(path, answers, allowed, &mut |_| fits = false);
                fits
            }),
        };
        if !fits {
            found(Discrepancy::Answers(path, self, answers));
        }
    }
}

/// A place in an answer, written down only where something differs there.
enum AnswerPath<'p> {
    Root,
    Key(&'p Self, &'p str),
    Index(&'p Self, usize),
}

impl std::fmt::Display for AnswerPath<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(path, key) => write!(f, "{path}.{key}"),
            Self::Index(path, index) => write!(f, "{path}[{index}]"),
        }
    }
}

/// A difference, as it is found.
enum Discrepancy<'f> {
    Whole(&'f AnswerPath<'f>, &'f Expectation, &'f Answer),
    Reason(&'f AnswerPath<'f>, &'f Reasons, Refusal),
    Value(&'f AnswerPath<'f>, &'f Pattern, Option<&'f Value>),
    Answers(&'f AnswerPath<'f>, &'f AnswersPattern, &'f [Answer]),
}

impl From<Discrepancy<'_>> for Mismatch {
    fn from(found: Discrepancy<'_>) -> Self {
        let (path, expected, actual) = match found {
            // The whole of one of several answers: `answers[0].`.
            Discrepancy::Whole(path @ AnswerPath::Index(..), expected, answer) => (
                format!("{path}."),
                expected.to_json(),
                Some(answer.to_json()),
            ),
            Discrepancy::Whole(path, expected, answer) => {
                (path.to_string(), expected.to_json(), Some(answer.to_json()))
            }
            Discrepancy::Reason(path, expected, came) => {
                let (path, expected) = spelling::reason(path, expected);
                (path, expected, Some(came.as_str().into()))
            }
            Discrepancy::Value(path, expected, value) => {
                (path.to_string(), expected.to_json(), value.cloned())
            }
            Discrepancy::Answers(path, expected, answers) => (
                path.to_string(),
                expected.to_json(),
                Some(answers.iter().map(Answer::to_json).collect()),
            ),
        };
        Self {
            path,
            expected,
            actual,
        }
    }
}
