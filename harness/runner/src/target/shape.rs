//! The answer shapes of the domain, as far as a mapping needs them: which fields there are and which are lists.
//!
//! Read from the JSON Schema of the domain's types, so that a field added there can be mapped at once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value as Json};

/// Lists the fields of a shape by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fields(BTreeMap<String, FieldKind>);

/// Says what a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// A text, a number or a boolean.
    Scalar,
    /// A list of texts or numbers.
    List,
    /// An object of known fields.
    Object(Fields),
    /// A list of such objects.
    Objects(Fields),
}

impl Fields {
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
        let schema = resolve(schema, definitions);
        if schema["items"].is_object() {
            return match Self::read(&schema["items"], definitions) {
                Self::Object(fields) => Self::Objects(fields),
                Self::Scalar | Self::List | Self::Objects(_) => Self::List,
            };
        }
        if schema["properties"].is_object() {
            return Self::Object(Fields::read(schema, definitions));
        }
        Self::Scalar
    }

    /// Tells whether the field holds a list.
    pub(super) const fn is_list(&self) -> bool {
        matches!(self, Self::List | Self::Objects(_))
    }

    /// Leaves of a value only what the shape knows; what has another form stays, to be told as a mismatch.
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
            (_, other) => other,
        }
    }
}

/// Follows references, and the non-null branch of an optional.
fn resolve<'a>(schema: &'a Json, definitions: &'a Json) -> &'a Json {
    let mut schema = schema;
    for _ in 0..16 {
        if let Some(name) = schema["$ref"]
            .as_str()
            .and_then(|path| path.strip_prefix("#/$defs/"))
        {
            schema = &definitions[name];
        } else if let Some(branch) = schema["anyOf"]
            .as_array()
            .and_then(|branches| branches.iter().find(|branch| branch["type"] != "null"))
        {
            schema = branch;
        } else {
            break;
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use proofup_domain::answer::{MethodsAnswer, SessionAnswer};
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_know_their_form() {
        let session = Fields::of::<SessionAnswer>();
        assert_eq!(session.get("state"), Some(&FieldKind::Scalar));
        assert!(
            matches!(session.get("deferral"), Some(FieldKind::Object(fields)) if fields.get("daysLeft").is_some())
        );
        assert!(
            matches!(session.get("alternatives"), Some(FieldKind::Objects(fields)) if fields.get("kind").is_some())
        );
        let methods = Fields::of::<MethodsAnswer>();
        assert_eq!(methods.get("methods"), Some(&FieldKind::List));
    }

    #[test]
    fn what_the_shape_does_not_know_is_left_out() {
        let session = Fields::of::<SessionAnswer>();
        let proof = json!({"method": "email", "kind": "emailCode", "methodId": "m-1"});
        let kind = session.get("default").expect("sessions have a default");
        assert_eq!(
            kind.prune(proof),
            json!({"method": "email", "kind": "emailCode"})
        );
    }
}
