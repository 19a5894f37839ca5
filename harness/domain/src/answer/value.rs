//! The one value that an answer is, and how it is written as JSON.
//!
//! **Invariant:** the keys `refused` and `unrecognised` of that JSON are written here and nowhere else.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The key under which a refusal has its reason, and of several answers at once the reasons of those that were refused.
pub const REFUSED: &str = "refused";

/// The key under which several answers at once have how many succeeded.
pub const SUCCEEDED: &str = "succeeded";

/// The fields of a success, by the names of the answer shapes, in the order in which they were told.
pub type AnswerFields = Map<String, Value>;

/// What came of a command.
///
/// As JSON, a success is its fields; a refusal has `refused` in it, what no rule knows has `unrecognised`, and several
/// answers at once have `succeeded`.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The command did what it is for: the fields that were told.
    Success(AnswerFields),
    /// It was refused for a documented reason.
    Refused {
        /// The reason.
        reason: Refusal,
        /// What goes with it.
        details: Box<Refusing>,
    },
    /// An answer of the implementation that no rule of the target file matches.
    Unrecognised {
        /// The HTTP status.
        status: u16,
        /// The member `code` of the body, if there is one.
        code: Option<String>,
    },
    /// A payload was shown that no authenticator can read.
    Unreadable,
    /// What came of several commands that were sent at the same moment, in the order of the commands.
    Together(Vec<Self>),
}

/// What goes with a refusal.
///
/// Values are kept as they were told: where an implementation tells no number of tries, a report shows what it told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Refusing {
    /// Wrong tries that are left.
    pub tries_left: Option<Value>,
    /// Seconds until it is worth trying again.
    pub retry_after: Option<Value>,
    /// The field that is wrong.
    pub field: Option<Value>,
    /// Whether the body is a problem document (RFC 9457); none where nobody looked.
    pub problem: Option<bool>,
}

impl Refusing {
    /// Returns what was told under a name of `RefusedAnswer`, other than the reason.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, Value>> {
        match name {
            "triesLeft" => self.tries_left.as_ref().map(Cow::Borrowed),
            "retryAfter" => self.retry_after.as_ref().map(Cow::Borrowed),
            "field" => self.field.as_ref().map(Cow::Borrowed),
            "problem" => self.problem.map(Value::Bool).map(Cow::Owned),
            _ => None,
        }
    }

    /// Sets what is told under a name of `RefusedAnswer`, unless something is told there already; any other name is ignored.
    pub fn complete(&mut self, name: &str, value: Value) {
        let place = match name {
            "triesLeft" => &mut self.tries_left,
            "retryAfter" => &mut self.retry_after,
            "field" => &mut self.field,
            "problem" => {
                self.problem = self.problem.or(value.as_bool());
                return;
            }
            _ => return,
        };
        place.get_or_insert(value);
    }
}

impl Answer {
    /// Returns a success that tells nothing.
    #[must_use]
    pub fn done() -> Self {
        Self::Success(AnswerFields::new())
    }

    /// Returns a success with the fields of an answer shape; what is no object tells nothing.
    #[must_use]
    pub fn of(shape: &impl Serialize) -> Self {
        match serde_json::to_value(shape) {
            Ok(Value::Object(fields)) => Self::Success(fields),
            _ => Self::done(),
        }
    }

    /// Adds the fields of an answer shape to a success; any other answer stays as it is.
    pub fn tell(&mut self, shape: &impl Serialize) {
        if let (Self::Success(fields), Self::Success(more)) = (self, Self::of(shape)) {
            fields.extend(more);
        }
    }

    /// Adds from an answer of the same kind what is not told here, of the fields that are chosen.
    pub fn complete(&mut self, from: Self, chosen: impl Fn(&str) -> bool) {
        match (self, from) {
            (Self::Success(fields), Self::Success(more)) => {
                for (name, value) in more.into_iter().filter(|(name, _)| chosen(name)) {
                    fields.entry(name).or_insert(value);
                }
            }
            (Self::Refused { details, .. }, Self::Refused { details: more, .. }) => {
                for name in DETAILS.into_iter().filter(|name| chosen(name)) {
                    if let Some(value) = more.get(name) {
                        details.complete(name, value.into_owned());
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns a refusal with nothing but its reason.
    #[must_use]
    pub fn refused(reason: Refusal) -> Self {
        Self::Refused {
            reason,
            details: Box::default(),
        }
    }

    /// Whether the command did what it is for; of several at once, whether all did.
    #[must_use]
    pub fn is_success(&self) -> bool {
        match self {
            Self::Success(_) => true,
            Self::Refused { .. } | Self::Unrecognised { .. } | Self::Unreadable => false,
            Self::Together(answers) => answers.iter().all(Self::is_success),
        }
    }

    /// Whether it is neither success nor refusal; of several at once, whether any is.
    #[must_use]
    pub fn is_unrecognised(&self) -> bool {
        match self {
            Self::Success(_) | Self::Refused { .. } => false,
            Self::Unrecognised { .. } | Self::Unreadable => true,
            Self::Together(answers) => answers.iter().any(Self::is_unrecognised),
        }
    }

    /// Returns the reason of a refusal.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { reason, .. } => Some(*reason),
            _ => None,
        }
    }

    /// Returns the fields of a success.
    #[must_use]
    pub const fn fields(&self) -> Option<&AnswerFields> {
        match self {
            Self::Success(fields) => Some(fields),
            _ => None,
        }
    }

    /// Returns the fields of a success, to change them.
    pub const fn fields_mut(&mut self) -> Option<&mut AnswerFields> {
        match self {
            Self::Success(fields) => Some(fields),
            _ => None,
        }
    }

    /// Returns a field of a success.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields()?.get(name)
    }

    /// Returns a field of a success that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.field(name)?.as_str()
    }

    /// Returns in words what came in place of a success or a refusal.
    #[must_use]
    pub fn unrecognised(&self) -> Option<String> {
        match self {
            Self::Unrecognised { status, code } => Some(match code {
                Some(code) => format!("status {status}, code {code}"),
                None => format!("status {status}"),
            }),
            Self::Unreadable => Some(UNREADABLE.to_owned()),
            Self::Together(answers) => answers.iter().find_map(Self::unrecognised),
            Self::Success(_) | Self::Refused { .. } => None,
        }
    }

    /// Counts several answers at once: how many succeeded, and the reasons of the refusals, sorted by their words, each as
    /// often as it came.
    #[must_use]
    pub fn counts(answers: &[Self]) -> (usize, Vec<Refusal>) {
        let succeeded = answers.iter().filter(|answer| answer.is_success()).count();
        let mut refused: Vec<Refusal> = answers.iter().filter_map(Self::refusal).collect();
        refused.sort_unstable_by_key(|reason| reason.as_str());
        (succeeded, refused)
    }

    /// Changes every text that was told, wherever it stands.
    pub fn each_text_mut(&mut self, change: &mut impl FnMut(&mut String)) {
        match self {
            Self::Success(fields) => fields.values_mut().for_each(|one| each_text(one, change)),
            Self::Refused { details, .. } => {
                let Refusing {
                    tries_left,
                    retry_after,
                    field,
                    problem: _,
                } = details.as_mut();
                let told = [tries_left, retry_after, field];
                let told = told.into_iter().flatten();
                told.for_each(|one| each_text(one, change));
            }
            Self::Unrecognised { code, .. } => code.iter_mut().for_each(change),
            Self::Unreadable => {}
            Self::Together(answers) => {
                answers.iter_mut().for_each(|one| one.each_text_mut(change));
            }
        }
    }

    /// Returns the answer as one JSON object, as expectations, transcripts and reports spell it.
    #[must_use]
    pub fn to_fields(&self) -> AnswerFields {
        match self {
            Self::Success(fields) => fields.clone(),
            Self::Refused { reason, details } => {
                let mut fields = one(REFUSED, reason.as_str());
                for name in DETAILS {
                    if let Some(value) = details.get(name) {
                        fields.insert(name.to_owned(), value.into_owned());
                    }
                }
                fields
            }
            Self::Unrecognised { status, code } => {
                let mut what = one("status", *status);
                if let Some(code) = code {
                    what.insert("code".to_owned(), Value::from(code.as_str()));
                }
                one("unrecognised", what)
            }
            Self::Unreadable => one("unrecognised", one("payload", UNREADABLE)),
            Self::Together(answers) => {
                let (succeeded, refused) = Self::counts(answers);
                let refused: Value = refused.into_iter().map(Refusal::as_str).collect();
                let mut fields = one(SUCCEEDED, succeeded);
                fields.extend(one(REFUSED, refused));
                let mut unknown = answers.iter().filter(|answer| answer.is_unrecognised());
                fields.extend(unknown.next().map(Self::to_fields).unwrap_or_default());
                let answers: Value = answers.iter().map(Self::to_json).collect();
                fields.extend(one("answers", answers));
                fields
            }
        }
    }

    /// Returns the answer as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.to_fields())
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_fields().serialize(serializer)
    }
}

impl std::fmt::Display for Answer {
    /// Writes the answer as JSON.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_json().fmt(f)
    }
}

/// What goes with a refusal, in the order in which it is written.
const DETAILS: [&str; 4] = ["triesLeft", "retryAfter", "field", "problem"];

const UNREADABLE: &str = "no authenticator can read it";

fn one(key: &str, value: impl Into<Value>) -> AnswerFields {
    Map::from_iter([(key.to_owned(), value.into())])
}

fn each_text(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(list) => list.iter_mut().for_each(|one| each_text(one, change)),
        Value::Object(table) => table.values_mut().for_each(|one| each_text(one, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(answer: &Answer, json: &Value) {
        // Texts are compared, because the order of the members shows in reports.
        assert_eq!(answer.to_string(), json.to_string());
    }

    #[test]
    fn an_answer_is_written_as_files_and_reports_spell_it() {
        check(&Answer::done(), &json!({}));
        let fields = json!({ "state": "signedIn", "more": 1 });
        check(&Answer::of(&fields), &fields);
        check(
            &Answer::refused(Refusal::Expired),
            &json!({ "refused": "expired" }),
        );
        let whole = Answer::Refused {
            reason: Refusal::WrongCode,
            details: Box::new(Refusing {
                tries_left: Some(json!(4)),
                retry_after: Some(json!(30)),
                field: Some(json!("code")),
                problem: Some(true),
            }),
        };
        let spelt = json!({
            "refused": "wrongCode", "triesLeft": 4, "retryAfter": 30, "field": "code", "problem": true,
        });
        check(&whole, &spelt);
        let unknown = Answer::Unrecognised {
            status: 500,
            code: Some("oops".to_owned()),
        };
        let spelt = json!({ "unrecognised": { "status": 500, "code": "oops" } });
        check(&unknown, &spelt);
        let payload = json!({ "unrecognised": { "payload": "no authenticator can read it" } });
        check(&Answer::Unreadable, &payload);
    }

    #[test]
    fn of_several_at_once_the_counts_come_first() {
        let unknown = Answer::Unrecognised {
            status: 500,
            code: None,
        };
        let expired = Answer::refused(Refusal::Expired);
        let answers = vec![
            expired.clone(),
            Answer::done(),
            Answer::refused(Refusal::AlreadyVerified),
            expired,
            unknown,
        ];
        let together = Answer::Together(answers);
        assert!(!together.is_success() && together.is_unrecognised());
        assert_eq!(together.unrecognised().as_deref(), Some("status 500"));
        check(
            &together,
            &json!({
                "succeeded": 1,
                "refused": ["alreadyVerified", "expired", "expired"],
                "unrecognised": { "status": 500 },
                "answers": [
                    { "refused": "expired" }, {}, { "refused": "alreadyVerified" },
                    { "refused": "expired" }, { "unrecognised": { "status": 500 } },
                ],
            }),
        );
        assert!(Answer::Together(vec![Answer::done()]).is_success());
    }

    #[test]
    fn every_text_can_be_changed() {
        let mut refused = Answer::refused(Refusal::InvalidInput);
        let Answer::Refused { details, .. } = &mut refused else {
            panic!("{refused} is a refusal")
        };
        details.complete("field", json!("password=hunter2"));
        details.complete("field", json!("a second value is ignored"));
        let code = Some("hunter2".to_owned());
        let mut all = Answer::Together(vec![
            refused,
            Answer::Unrecognised { status: 500, code },
            Answer::of(&json!({ "list": [{ "text": "hunter2" }], "number": 1 })),
        ]);
        all.each_text_mut(&mut |text| {
            if text.contains("hunter2") {
                "***".clone_into(text);
            }
        });
        let told = all.to_string();
        assert!(!told.contains("hunter2"), "{told}");
        assert_eq!(told.matches("***").count(), 4, "{told}");
        assert!(!told.contains("second"), "{told}");
    }
}
