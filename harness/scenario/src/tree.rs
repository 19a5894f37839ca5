//! A TOML file as a tree in which every key and value knows its place.
//!
//! The parser's own tree keeps spans too, but its numbers are text and its dates are not JSON. This one is walked,
//! searched and turned into JSON, which is what the typed values are read from.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Holds a value and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value's text; for a table with a header, the header.
    pub span: Range<usize>,
    /// The value.
    pub(crate) kind: Kind,
}

/// Holds a value.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A string, or a date as it is written.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A number that is not whole, or too large to be a whole one.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A list.
    List(Vec<Node>),
    /// A table, in the order of the file.
    Table(Vec<Entry>),
}

/// Holds one entry of a table.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// The key's place.
    pub(crate) key_span: Range<usize>,
    /// The value.
    pub(crate) node: Node,
}

impl Node {
    /// Takes over a parsed document.
    pub fn from_document(table: &Spanned<DeTable<'_>>) -> Self {
        Self {
            span: 0..0,
            kind: Kind::Table(entries(table.get_ref())),
        }
    }

    fn from_value(value: &Spanned<DeValue<'_>>) -> Self {
        let kind = match value.get_ref() {
            DeValue::String(text) => Kind::String(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Kind::Float(f64::MAX), Kind::Integer),
            DeValue::Float(number) => Kind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(truth) => Kind::Boolean(*truth),
            DeValue::Datetime(date) => Kind::String(date.to_string()),
            DeValue::Array(items) => Kind::List(items.iter().map(Self::from_value).collect()),
            DeValue::Table(table) => Kind::Table(entries(table)),
        };
        Self {
            span: value.span(),
            kind,
        }
    }

    /// Gives the entries of a table, and none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Table(entries) => entries,
            _ => &[],
        }
    }

    /// Gives the items of a list, and none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// Finds an entry of a table.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Finds the value of a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Follows dotted keys as far as the file has them, so that the nearest place is told.
    pub fn closest(&self, path: &str) -> &Self {
        let mut here = self;
        for key in path.split('.') {
            match here.get(key) {
                Some(next) => here = next,
                None => break,
            }
        }
        here
    }

    /// Gives the text of a string.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// Turns the tree into JSON; the places are lost.
    pub fn json(&self) -> Value {
        match &self.kind {
            Kind::String(text) => Value::from(text.as_str()),
            Kind::Integer(number) => Value::from(*number),
            Kind::Float(number) => Value::from(*number),
            Kind::Boolean(truth) => Value::from(*truth),
            Kind::List(items) => Value::Array(items.iter().map(Self::json).collect()),
            Kind::Table(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.node.json()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// Says what the value is, with its article.
    pub(crate) fn what(&self) -> &'static str {
        match &self.kind {
            Kind::String(_) => "a string",
            Kind::Integer(_) => "a whole number",
            Kind::Float(_) => "a fraction",
            Kind::Boolean(_) => "a boolean",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }
}

fn entries(table: &DeTable<'_>) -> Vec<Entry> {
    table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: key.span(),
            node: Node::from_value(value),
        })
        .collect()
}
