//! A TOML file as a tree in which every key and value knows its place.
//!
//! The parser's own tree keeps places too, but its numbers are text and its dates are not JSON. This one is walked,
//! searched and turned into JSON, from which the typed values are read.

use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value's text, in bytes; for a table with a header, the header.
    pub span: Range<usize>,
    /// The value.
    pub kind: Kind,
}

/// A value of a file.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A string, or a date as it is written.
    String(String),
    /// A whole number; wider than TOML's own, so that one that is too large can be told from a fraction.
    Integer(i128),
    /// A number that is not whole.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A list.
    List(Vec<Node>),
    /// A table, in the order of the file.
    Table(Vec<TableEntry>),
}

/// An entry of a table.
#[derive(Debug, Clone)]
pub struct TableEntry {
    /// The key.
    pub key: String,
    /// The key's place.
    pub key_span: Range<usize>,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The tree of a parsed document.
    pub(crate) fn from_document(table: &Spanned<DeTable<'_>>) -> Self {
        Self {
            span: 0..0,
            kind: Kind::Table(entries(table.get_ref())),
        }
    }

    fn from_value(value: &Spanned<DeValue<'_>>) -> Self {
        let kind = match value.get_ref() {
            DeValue::String(text) => Kind::String(text.to_string()),
            DeValue::Integer(number) => Kind::Integer(
                i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX),
            ),
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

    /// Returns the entries of a table; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[TableEntry] {
        match &self.kind {
            Kind::Table(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// Returns an entry of a table.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&TableEntry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Whether a place is that of the value, or of a key or a value in it.
    #[must_use]
    pub fn holds(&self, place: &Range<usize>) -> bool {
        let mut entries = self.entries().iter();
        self.span == *place
            || entries.any(|entry| entry.key_span == *place || entry.node.holds(place))
            || self.items().iter().any(|item| item.holds(place))
    }

    /// Returns the text of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// Follows dotted keys as far as the file has them, so that the nearest place is told.
    #[must_use]
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

    /// Returns the place of the value at a JSON Pointer (RFC 6901); of the nearest table or list above, where the file has
    /// nothing there.
    #[must_use]
    pub fn value_span(&self, pointer: &str) -> Range<usize> {
        self.follow(pointer).1.span.clone()
    }

    /// Returns the place of the key at a JSON Pointer; of the value, where it is an item of a list.
    #[must_use]
    pub fn key_span(&self, pointer: &str) -> Range<usize> {
        let (key, value) = self.follow(pointer);
        key.unwrap_or(&value.span).clone()
    }

    /// Returns the value at a JSON Pointer.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Self> {
        let tokens = pointer.split('/').skip(1);
        tokens
            .into_iter()
            .try_fold(self, |here, token| Some(here.child(token)?.1))
    }

    /// Returns the value at one token of a JSON Pointer, with the place of its key.
    fn child(&self, token: &str) -> Option<(Option<&Range<usize>>, &Self)> {
        match &self.kind {
            Kind::List(items) => items
                .get(token.parse::<usize>().ok()?)
                .map(|item| (None, item)),
            _ => self
                .entry(&token.replace("~1", "/").replace("~0", "~"))
                .map(|entry| (Some(&entry.key_span), &entry.node)),
        }
    }

    fn follow(&self, pointer: &str) -> (Option<&Range<usize>>, &Self) {
        let mut here = (None, self);
        for token in pointer.split('/').skip(1) {
            let Some(next) = here.1.child(token) else {
                break;
            };
            here = next;
        }
        here
    }

    /// Turns the tree into JSON; the places are lost, and a number that JSON does not have becomes null.
    #[must_use]
    pub fn json(&self) -> Value {
        match &self.kind {
            Kind::String(text) => Value::from(text.as_str()),
            Kind::Integer(number) => Number::from_i128(*number).map_or(Value::Null, Value::Number),
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

    /// Returns what the value is, with its article: `a string`.
    #[must_use]
    pub const fn what(&self) -> &'static str {
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

/// Joins a name to a JSON Pointer.
#[must_use]
pub fn join(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn entries(table: &DeTable<'_>) -> Vec<TableEntry> {
    table
        .iter()
        .map(|(key, value)| TableEntry {
            key: key.get_ref().to_string(),
            key_span: key.span(),
            node: Node::from_value(value),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = { \"b/c\" = [1, { d = \"e\" }] }\n[f]\ng = 2026-01-15\n";

    fn node() -> Node {
        Node::from_document(&DeTable::parse(TEXT).expect("it is TOML"))
    }

    #[test]
    fn places_are_found_by_pointer_and_the_nearest_where_there_is_none() {
        let node = node();
        let table = [
            ("/a", "a", "{ \"b/c\" = [1, { d = \"e\" }] }"),
            ("/a/b~1c", "\"b/c\"", "[1, { d = \"e\" }]"),
            ("/a/b~1c/0", "1", "1"),
            ("/a/b~1c/1/d", "d", "\"e\""),
            ("/a/b~1c/7", "\"b/c\"", "[1, { d = \"e\" }]"),
            ("/f/g", "g", "2026-01-15"),
            ("/f/missing/more", "f", "[f]"),
            ("/missing", "", ""),
        ];
        for (pointer, key, value) in table {
            assert_eq!(&TEXT[node.key_span(pointer)], key, "{pointer}");
            assert_eq!(&TEXT[node.value_span(pointer)], value, "{pointer}");
        }
    }

    #[test]
    fn what_is_written_is_found_and_nothing_else() {
        let node = node();
        let pointer = join(&join("", "a"), "b/c");
        assert!(node.at(&pointer).is_some());
        assert!(node.at("/a/b~1c/7").is_none());
        assert!(node.at("/f/g/h").is_none());
    }

    #[test]
    fn a_tree_becomes_json() {
        let json = serde_json::json!({"a": {"b/c": [1, {"d": "e"}]}, "f": {"g": "2026-01-15"}});
        assert_eq!(node().json(), json);
    }
}
