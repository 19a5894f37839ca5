//! Walks a parsed TOML table against a JSON Schema: every unknown, missing and mistyped key with its span.
//!
//! What is wrong is reported and left out, so that the rest can still be read and checked: one load tells everything.
//! The schema is the one that editors get; there is no second description of the format.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, TargetError};

/// Holds where each key and value of a file stands, by JSON Pointer.
#[derive(Debug, Default)]
pub(super) struct Spans {
    keys: BTreeMap<String, Range<usize>>,
    values: BTreeMap<String, Range<usize>>,
}

impl Spans {
    /// Finds a key, else the value there, else the start of the file.
    pub(super) fn key(&self, pointer: &str) -> Range<usize> {
        self.keys
            .get(pointer)
            .or_else(|| self.values.get(pointer))
            .cloned()
            .unwrap_or_default()
    }

    /// Finds a value, else the start of the file.
    pub(super) fn value(&self, pointer: &str) -> Range<usize> {
        self.values.get(pointer).cloned().unwrap_or_default()
    }
}

/// Joins a name to a JSON Pointer.
pub(super) fn join(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Walks the file; what is returned fits the schema but for what was reported.
pub(super) fn walk(
    text: &str,
    root: &Spanned<DeTable<'_>>,
    schema: &Json,
    errors: &mut Vec<TargetError>,
) -> (Map<String, Json>, Spans) {
    let mut walker = Walker {
        text,
        schema,
        spans: Spans::default(),
        errors,
    };
    let (table, _) = walker.table(root.get_ref(), 0..0, schema, "");
    (table, walker.spans)
}

struct Walker<'a> {
    text: &'a str,
    schema: &'a Json,
    spans: Spans,
    errors: &'a mut Vec<TargetError>,
}

impl<'a> Walker<'a> {
    fn report(&mut self, span: Range<usize>, problem: Problem) {
        self.errors.push(TargetError::new(self.text, span, problem));
    }

    /// Walks a table; the boolean says whether everything that it must have is there.
    fn table(
        &mut self,
        table: &DeTable<'_>,
        span: Range<usize>,
        schema: &'a Json,
        pointer: &str,
    ) -> (Map<String, Json>, bool) {
        let properties = schema["properties"].as_object();
        let others = &schema["additionalProperties"];
        let mut fields = Map::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let inner = join(pointer, name);
            self.spans.keys.insert(inner.clone(), key.span());
            let known = properties.and_then(|properties| properties.get(name));
            let Some(schema) = known.or((*others != Json::Bool(false)).then_some(others)) else {
                let allowed = properties
                    .into_iter()
                    .flat_map(Map::keys)
                    .cloned()
                    .collect();
                let key = name.to_owned();
                self.report(self.spans.key(&inner), Problem::UnknownKey { key, allowed });
                continue;
            };
            if let Some(value) = self.value(value, schema, &inner) {
                fields.insert(name.to_owned(), value);
            }
        }
        let required = schema["required"].as_array().into_iter().flatten();
        let mut whole = true;
        for key in required.filter_map(Json::as_str) {
            whole &= fields.contains_key(key);
            if !table.contains_key(key) {
                let key = key.to_owned();
                self.report(span.clone(), Problem::MissingKey { key });
            }
        }
        (fields, whole)
    }

    /// Walks a value; none if it does not fit, which is then reported.
    fn value(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        schema: &'a Json,
        pointer: &str,
    ) -> Option<Json> {
        self.spans.values.insert(pointer.to_owned(), value.span());
        let branches = self.branches(schema);
        let words: Vec<String> = branches.iter().flat_map(|branch| words(branch)).collect();
        if let (DeValue::String(word), false) = (value.get_ref(), words.is_empty()) {
            if words.iter().any(|one| one == word.as_ref()) {
                return Some(Json::from(word.as_ref()));
            }
            let word = word.as_ref().to_owned();
            self.report(
                value.span(),
                Problem::UnknownWord {
                    word,
                    allowed: words,
                },
            );
            return None;
        }
        let Some(schema) = branches
            .iter()
            .copied()
            .find(|branch| fits(branch, value.get_ref()))
        else {
            let expected = branches
                .iter()
                .map(|branch| expected(branch))
                .collect::<Vec<_>>()
                .join(" or ");
            let found = described(value.get_ref()).to_owned();
            self.report(value.span(), Problem::WrongType { expected, found });
            return None;
        };
        match value.get_ref() {
            DeValue::Table(table) => {
                let (fields, whole) =
                    self.table(table, self.place(pointer, value.span()), schema, pointer);
                whole.then_some(Json::Object(fields))
            }
            DeValue::Array(list) => {
                let elements = list.iter().enumerate();
                let walked = elements.filter_map(|(index, element)| {
                    self.value(element, &schema["items"], &format!("{pointer}/{index}"))
                });
                Some(Json::Array(walked.collect()))
            }
            scalar => Some(scalar_to_json(scalar)),
        }
    }

    /// Finds what to underline for a whole table: its key where it has one, so that long tables stay readable.
    fn place(&self, pointer: &str, span: Range<usize>) -> Range<usize> {
        self.spans.keys.get(pointer).cloned().unwrap_or(span)
    }

    /// Lists the alternatives of a schema, references followed and null left out: TOML has none.
    fn branches(&self, schema: &'a Json) -> Vec<&'a Json> {
        if let Some(name) = schema["$ref"]
            .as_str()
            .and_then(|path| path.strip_prefix("#/$defs/"))
        {
            return self.branches(&self.schema["$defs"][name]);
        }
        let alternatives = schema["anyOf"]
            .as_array()
            .or_else(|| schema["oneOf"].as_array());
        match alternatives {
            Some(branches) => branches
                .iter()
                .filter(|branch| branch["type"] != "null")
                .flat_map(|branch| self.branches(branch))
                .collect(),
            None => vec![schema],
        }
    }
}

/// Lists the words of a closed set.
fn words(schema: &Json) -> Vec<String> {
    let one = schema["const"].as_str().into_iter();
    let many = schema["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str);
    one.chain(many).map(str::to_owned).collect()
}

fn types(schema: &Json) -> Vec<&str> {
    match &schema["type"] {
        Json::String(one) => vec![one],
        Json::Array(many) => many
            .iter()
            .filter_map(Json::as_str)
            .filter(|one| *one != "null")
            .collect(),
        _ => Vec::new(),
    }
}

fn fits(schema: &Json, value: &DeValue<'_>) -> bool {
    let types = types(schema);
    types.is_empty()
        || types.iter().any(|one| match value {
            DeValue::String(_) | DeValue::Datetime(_) => *one == "string",
            DeValue::Integer(_) => matches!(*one, "integer" | "number"),
            DeValue::Float(_) => *one == "number",
            DeValue::Boolean(_) => *one == "boolean",
            DeValue::Array(_) => *one == "array",
            DeValue::Table(_) => *one == "object",
        })
}

fn expected(schema: &Json) -> String {
    let name = |one: &&str| match *one {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a table",
        _ => "a value",
    };
    types(schema)
        .iter()
        .map(name)
        .collect::<Vec<_>>()
        .join(" or ")
}

const fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn scalar_to_json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Json::Null, Json::from)
        }
        DeValue::Float(number) => number
            .as_str()
            .parse::<f64>()
            .map_or(Json::Null, Json::from),
        DeValue::Boolean(truth) => Json::from(*truth),
        DeValue::Datetime(instant) => Json::from(instant.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => Json::Null,
    }
}
