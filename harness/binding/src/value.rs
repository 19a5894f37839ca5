//! Values that travel between steps: what templates are filled with and what answers leave behind.

use std::borrow::Cow;
use std::collections::BTreeMap;

use proofup_domain::secret::Secret;
use serde_json::Value as Json;

use super::jar::Jar;

/// A value that a template takes or that an answer left behind.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Anything that may be shown.
    Plain(Json),
    /// A text that may not.
    Secret(Secret),
    /// The cookies of one session or one reset; no template shows them.
    Jar(Jar),
}

impl Value {
    /// Hands the value out as JSON, secret or not; each caller answers for where it goes.
    #[must_use]
    pub fn reveal(&self) -> Json {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Secret(secret) => Json::from(secret.expose()),
            Self::Jar(_) => Json::Null,
        }
    }

    /// Hands the value out as the text that stands in a URL or a header.
    pub(super) fn to_text(&self) -> String {
        self.as_text().into_owned()
    }

    /// As [`Self::to_text`], without a copy where there is a text already.
    pub(super) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(Json::String(text)) => Cow::Borrowed(text),
            Self::Plain(value) => Cow::Owned(value.to_string()),
            Self::Secret(secret) => Cow::Borrowed(secret.expose()),
            Self::Jar(_) => Cow::Borrowed(""),
        }
    }
}

/// Writes a JSON value as the text that stands in a URL or a header: strings without quotes.
pub(super) fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl From<Secret> for Value {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

impl From<Json> for Value {
    fn from(value: Json) -> Self {
        Self::Plain(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Plain(Json::from(text))
    }
}

/// What a step offers to the templates of its operation, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variables(pub BTreeMap<String, Value>);

impl Variables {
    /// Offers a value; an earlier one of the same name is replaced.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Offers a value in the place of what a name stood for.
    ///
    /// As [`Self::insert`], but a place that is there is used again: load runs do this some ten times for each flow.
    pub fn put(&mut self, name: &str, value: impl Into<Value>) {
        match self.0.get_mut(name) {
            Some(place) => *place = value.into(),
            None => self.insert(name, value),
        }
    }

    /// Takes a value away. Its place stays: there is JSON null in it, which counts as none.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let place = self.0.get_mut(name)?;
        Some(std::mem::replace(place, Value::Plain(Json::Null)))
    }

    /// Finds a value; JSON null counts as none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .get(name)
            .filter(|value| !matches!(value, Value::Plain(Json::Null)))
    }

    /// Returns the cookies that go with them.
    pub(super) fn jar(&self) -> Option<&Jar> {
        match self.0.get(Jar::NAME) {
            Some(Value::Jar(jar)) => Some(jar),
            _ => None,
        }
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        Self(
            values
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}
