//! The answer shapes of the domain, as far as a mapping needs them: which fields there are and which are lists.
//!
//! Read from the JSON Schema of the domain's types, so that a field added there can be mapped at once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value as Json};

use super::words::Words;

/// Lists the fields of a shape by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ShapeFields(BTreeMap<String, FieldKind>);

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Truth,
    /// A word of a closed set, with the implementation's own words for the domain's.
    Word(&'static str, BTreeMap<String, String>),
    /// A list of texts, numbers or words.
    List(Box<Self>),
    /// An object of known fields.
    Object(ShapeFields),
    /// A list of such objects.
    Objects(ShapeFields),
}

impl ShapeFields {
    /// Reads the fields of a type.
    pub(super) fn of<T: JsonSchema>() -> Self {
        let schema = Json::from(schemars::schema_for!(T));
        Self::read(&schema, &schema["$defs"])
    }

    fn read(schema: &Json, definitions: &Json) -> Self {
        let Some(properties) = schema["properties"].as_object() else {
            return Self::default();
        };
        let kind = |schema| FieldKind::read(schema, definitions);
        Self(
            properties
                .iter()
                .map(|(name, schema)| (name.clone(), kind(schema)))
                .collect(),
        )
    }

    /// Teaches every word of a set what the implementation says in its place.
    pub(super) fn with_words(self, words: &Words) -> Self {
        let taught = |(name, kind): (String, FieldKind)| (name, kind.with_words(words));
        Self(self.0.into_iter().map(taught).collect())
    }

    /// Finds a field.
    pub(super) fn get(&self, name: &str) -> Option<&FieldKind> {
        self.0.get(name)
    }

    /// Lists the names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Leaves of an object only the fields that the shape knows: an implementation's own ids stay out of answers.
    fn prune(&self, object: Map<String, Json>) -> Map<String, Json> {
        object
            .into_iter()
            .filter_map(|(name, value)| {
                let kind = self.get(&name)?;
                (!value.is_null()).then(|| (name, kind.prune(value)))
            })
            .collect()
    }
}

impl FieldKind {
    fn read(schema: &Json, definitions: &Json) -> Self {
        let (schema, name) = resolve(schema, definitions);
        if schema["items"].is_object() {
            return match Self::read(&schema["items"], definitions) {
                Self::Object(fields) => Self::Objects(fields),
                element => Self::List(Box::new(element)),
            };
        }
        if schema["properties"].is_object() {
            return Self::Object(ShapeFields::read(schema, definitions));
        }
        let is = |word: &str| {
            schema["type"] == word
                || schema["type"]
                    .as_array()
                    .is_some_and(|types| types.iter().any(|one| one == word))
        };
        match name {
            Some("Method") => Self::Word("method", BTreeMap::new()),
            Some("ChallengeKind") => Self::Word("kind", BTreeMap::new()),
            _ if is("integer") => Self::Number,
            _ if is("boolean") => Self::Truth,
            _ => Self::Text,
        }
    }

    fn with_words(self, words: &Words) -> Self {
        match self {
            Self::Word(set, _) => Self::Word(set, words.backwards(set)),
            Self::List(element) => Self::List(Box::new(element.with_words(words))),
            Self::Object(fields) => Self::Object(fields.with_words(words)),
            Self::Objects(fields) => Self::Objects(fields.with_words(words)),
            plain @ (Self::Text | Self::Number | Self::Truth) => plain,
        }
    }

    /// Returns what the field holds, for messages.
    pub(super) const fn described(&self) -> &'static str {
        match self {
            Self::Text | Self::Number | Self::Truth | Self::Word(..) => "a single value",
            Self::List(_) => "a list of single values",
            Self::Object(_) => "an object",
            Self::Objects(_) => "a list of objects",
        }
    }

    /// Returns whether the field holds a list.
    pub(super) const fn is_list(&self) -> bool {
        matches!(self, Self::List(_) | Self::Objects(_))
    }

    /// Leaves of a value only what the shape knows, and brings texts into the field's type and words; what has another
    /// form stays, to be told as a mismatch.
    pub(super) fn prune(&self, value: Json) -> Json {
        match (self, value) {
            (Self::Object(fields), Json::Object(object)) => Json::Object(fields.prune(object)),
            (Self::Objects(fields), Json::Array(list)) => Json::Array(
                list.into_iter()
                    .map(|element| match element {
                        Json::Object(object) => Json::Object(fields.prune(object)),
                        other => other,
                    })
                    .collect(),
            ),
            (Self::List(element), Json::Array(list)) => {
                list.into_iter().map(|one| element.prune(one)).collect()
            }
            (Self::Word(_, words), Json::String(text)) => {
                Json::from(words.get(&text).cloned().unwrap_or(text))
            }
            (Self::Number, Json::String(text)) => text
                .trim()
                .parse::<i64>()
                .map_or(Json::String(text), Json::from),
            (Self::Truth, Json::String(text)) => match text.trim() {
                "true" => Json::Bool(true),
                "false" => Json::Bool(false),
                _ => Json::String(text),
            },
            (_, other) => other,
        }
    }
}

/// Follows references, and the non-null branch of an optional; the name is that of the last definition.
fn resolve<'a>(schema: &'a Json, definitions: &'a Json) -> (&'a Json, Option<&'a str>) {
    let mut schema = schema;
    let mut last = None;
    for _ in 0..16 {
        if let Some(name) = schema["$ref"]
            .as_str()
            .and_then(|path| path.strip_prefix("#/$defs/"))
        {
            schema = &definitions[name];
            last = Some(name);
        } else if let Some(branch) = schema["anyOf"]
            .as_array()
            .and_then(|branches| branches.iter().find(|branch| branch["type"] != "null"))
        {
            schema = branch;
        } else {
            break;
        }
    }
    (schema, last)
}

#[cfg(test)]
mod tests {
    use proofup_domain::answer::{MethodsAnswer, SessionAnswer};
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_know_their_form() {
        let session = ShapeFields::of::<SessionAnswer>();
        assert_eq!(session.get("state"), Some(&FieldKind::Text));
        assert!(
            matches!(session.get("deferral"), Some(FieldKind::Object(fields)) if fields.get("daysLeft").is_some())
        );
        assert!(
            matches!(session.get("alternatives"), Some(FieldKind::Objects(fields)) if fields.get("kind").is_some())
        );
        let methods = ShapeFields::of::<MethodsAnswer>();
        let word = FieldKind::Word("method", BTreeMap::new());
        assert_eq!(
            methods.get("methods"),
            Some(&FieldKind::List(Box::new(word)))
        );
    }

    #[test]
    fn texts_take_the_type_and_the_word_of_their_field() {
        let words = Words::of([
            ("method", "mobilePhone", "sms"),
            ("kind", "textMessage", "sms"),
        ]);
        let challenge =
            ShapeFields::of::<proofup_domain::answer::ChallengeAnswer>().with_words(&words);
        let table = [
            ("triesLeft", json!(" 4 "), json!(4)),
            ("triesLeft", json!("many"), json!("many")),
            ("activation", json!("true"), json!(true)),
            ("method", json!("sms"), json!("mobilePhone")),
            ("method", json!("email"), json!("email")),
            ("kind", json!("sms"), json!("textMessage")),
        ];
        for (name, value, expected) in table {
            let kind = challenge.get(name).expect("challenges have it");
            assert_eq!(kind.prune(value), expected, "{name}");
        }
        let methods = ShapeFields::of::<MethodsAnswer>().with_words(&words);
        let kind = methods.get("methods").expect("there are methods");
        assert_eq!(
            kind.prune(json!(["sms", "email"])),
            json!(["mobilePhone", "email"])
        );
    }

    #[test]
    fn what_the_shape_does_not_know_is_left_out() {
        let session = ShapeFields::of::<SessionAnswer>();
        let proof = json!({"method": "email", "kind": "emailCode", "methodId": "m-1"});
        let kind = session.get("default").expect("sessions have a default");
        assert_eq!(
            kind.prune(proof),
            json!({"method": "email", "kind": "emailCode"})
        );
    }
}
