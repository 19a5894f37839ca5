//! The walk of a file against the JSON Schema of its format: unknown, missing and mistyped keys, unknown words, numbers
//! out of range, lists that are empty or hold something twice.
//!
//! The schema is the one that editors get; there is no second description of a format. Of JSON Schema, what schemars
//! makes of types is understood: `$ref`, `anyOf`, `oneOf`, `type`, `const`, `enum`, `properties`, `required`,
//! `additionalProperties`, `items`, `minItems`, `uniqueItems`, `minimum`, `maximum`, `format`, `title`, `description`.
//! A general validator says that one of forty alternatives should have fitted; this one knows which was meant.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::nearest::{list, suggest};
use crate::node::{Kind, Node, TableEntry};
use crate::problem::Problem;

/// Walks a file; what is returned fits the schema, what does not fit being left out and reported.
///
/// `unknown_only`: the text is broken, so what is missing or mistyped may only be unread.
pub(crate) fn walk(
    file: &Node,
    text: &str,
    schema: &Value,
    unknown_only: bool,
) -> (Map<String, Value>, Vec<Problem>) {
    let mut walker = Walker {
        text,
        root: schema,
        unknown_only,
        problems: Vec::new(),
        place: Vec::new(),
    };
    let (value, _) = walker.table(file, 0..0, schema);
    (value, walker.problems)
}

struct Walker<'s> {
    text: &'s str,
    root: &'s Value,
    unknown_only: bool,
    problems: Vec<Problem>,
    /// The keys that lead here; a table that is one of several kinds begins anew, under its own name.
    place: Vec<String>,
}

impl<'s> Walker<'s> {
    /// Checks a value; none if it does not fit, which is then reported.
    fn value(
        &mut self,
        node: &Node,
        key: Option<&Range<usize>>,
        schema: &'s Value,
    ) -> Option<Value> {
        let branches = self.branches(schema);
        let fitting: Vec<&'s Value> = branches
            .iter()
            .copied()
            .filter(|branch| fits(branch, node))
            .collect();
        let Some(first) = fitting.first() else {
            self.mistyped(node, &branches);
            return None;
        };
        match &node.kind {
            Kind::String(text) => self.word(node, text, &fitting),
            Kind::Integer(number) => self.integer(node, *number, first),
            Kind::Boolean(truth) => self.boolean(node, *truth, first),
            Kind::Float(_) => Some(node.json()),
            Kind::List(items) => self.list(node, items, first),
            Kind::Table(_) => {
                let (branch, place) = self.meant(node, &fitting)?;
                let outer = place.map(|place| std::mem::replace(&mut self.place, vec![place]));
                // A long table is not marked as a whole.
                let one_line = self
                    .text
                    .get(node.span.clone())
                    .is_some_and(|text| !text.contains('\n'));
                let span = key.filter(|_| !one_line).unwrap_or(&node.span).clone();
                let (fields, whole) = self.table(node, span, branch);
                if let Some(outer) = outer {
                    self.place = outer;
                }
                whole.then_some(Value::Object(fields))
            }
        }
    }

    /// Returns the alternative that a table was meant to be, with the name that its place gets: by the word that tells
    /// the alternatives apart, else by the keys that it has.
    fn meant(&mut self, node: &Node, tables: &[&'s Value]) -> Option<(&'s Value, Option<String>)> {
        let several = tables.len() > 1;
        if let Some(tag) = tables
            .iter()
            .find_map(|table| tag(table))
            .filter(|_| several)
        {
            let (tagged, others): (Vec<&Value>, Vec<&Value>) = tables
                .iter()
                .copied()
                .partition(|table| word_of(table, tag).is_some());
            let other = others.into_iter().find_map(|other| {
                let key = required(other)
                    .next()
                    .filter(|key| node.get(key).is_some())?;
                Some((other, Some(format!("a `{key}` {}", titled(other, "table")))))
            });
            return match other {
                Some(other) => Some(other),
                None => self.tagged(node, tag, &tagged),
            };
        }
        let known = |table: &Value| {
            let entries = node.entries().iter();
            entries
                .filter(|entry| table["properties"].get(&entry.key).is_some())
                .count()
        };
        let best = tables.iter().rev().max_by_key(|table| known(table))?;
        if several && known(best) == 0 && !node.entries().is_empty() {
            let keys: Vec<&str> = tables.iter().copied().flat_map(properties).collect();
            for entry in node.entries() {
                self.unknown_key(entry, &keys);
            }
            return None;
        }
        Some((best, None))
    }

    /// Returns the alternative that a table names by its tag.
    fn tagged(
        &mut self,
        node: &Node,
        tag: &str,
        tables: &[&'s Value],
    ) -> Option<(&'s Value, Option<String>)> {
        let noun = tables
            .first()
            .map_or("table", |table| titled(table, "table"));
        let words: Vec<&str> = tables
            .iter()
            .filter_map(|table| word_of(table, tag))
            .collect();
        let Some(named) = node.get(tag) else {
            let message = format!("a {noun} without `{tag}`");
            let problem = Problem::new(message, format!("this {noun} needs it"), node.span.clone());
            self.push(problem.help(format!("allowed: {}", list(&words))));
            return None;
        };
        let Some(text) = named.text() else {
            let tags: Vec<&Value> = tables
                .iter()
                .map(|table| &table["properties"][tag])
                .collect();
            self.mistyped(named, &tags);
            return None;
        };
        let found = tables
            .iter()
            .find(|table| word_of(table, tag) == Some(text));
        let Some(table) = found else {
            let what = tables
                .first()
                .map_or("word", |table| titled(&table["properties"][tag], "word"));
            let message = format!("unknown {what} `{text}`");
            let problem = Problem::new(message, format!("unknown {what}"), named.span.clone());
            self.problems.push(problem.help(suggest(text, words)));
            return None;
        };
        Some((table, Some(format!("a `{text}` {noun}"))))
    }

    /// Checks a table; the boolean says whether everything that it must have is there.
    fn table(
        &mut self,
        node: &Node,
        span: Range<usize>,
        schema: &'s Value,
    ) -> (Map<String, Value>, bool) {
        let others = &schema["additionalProperties"];
        let mut fields = Map::new();
        for entry in node.entries() {
            let known = schema["properties"].get(&entry.key);
            let Some(property) = known.or((*others != Value::Bool(false)).then_some(others)) else {
                let names: Vec<&str> = properties(schema).collect();
                self.unknown_key(entry, &names);
                continue;
            };
            self.place.push(entry.key.clone());
            if let Some(value) = self.value(&entry.node, Some(&entry.key_span), property) {
                fields.insert(entry.key.clone(), value);
            }
            self.place.pop();
        }
        let mut whole = true;
        for key in required(schema) {
            whole &= fields.contains_key(key);
            if node.get(key).is_none() {
                self.missing(span.clone(), key, &schema["properties"][key]);
            }
        }
        (fields, whole)
    }

    fn list(&mut self, node: &Node, items: &[Node], schema: &'s Value) -> Option<Value> {
        if items.is_empty() && schema.get("minItems").is_some() {
            self.report(node, format!("{} is empty", self.key()), None);
        }
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let earlier = items[..index].iter().filter(|_| unique);
            if let Some(first) = earlier.into_iter().find(|one| one.json() == item.json()) {
                let message = format!("{} is listed twice", shown(item));
                let problem = Problem::new(message, "again", item.span.clone());
                self.push(problem.beside(first.span.clone(), "first"));
            }
            match schema.get("items") {
                Some(schema) => values.extend(self.value(item, None, schema)),
                None => values.push(item.json()),
            }
        }
        Some(Value::Array(values))
    }

    /// Checks a string against what strings may be here: any text, or one of some words.
    fn word(&mut self, node: &Node, text: &str, schemas: &[&'s Value]) -> Option<Value> {
        let free = |schema: &&Value| own_words(schema).next().is_none();
        let words: Vec<&str> = schemas.iter().copied().flat_map(own_words).collect();
        if schemas.iter().any(free) || words.contains(&text) {
            return Some(Value::from(text));
        }
        let message = format!("unknown value `{text}` for {}", self.key());
        let problem = Problem::new(message, "here", node.span.clone());
        self.problems.push(problem.help(suggest(text, words)));
        None
    }

    fn boolean(&mut self, node: &Node, truth: bool, schema: &'s Value) -> Option<Value> {
        if let Some(only) = schema.get("const").filter(|only| **only != truth) {
            self.report(node, format!("only `{only}` can be written here"), None);
            return None;
        }
        Some(Value::from(truth))
    }

    fn integer(&mut self, node: &Node, number: i128, schema: &'s Value) -> Option<Value> {
        let bound = |key: &str| {
            schema[key]
                .as_number()
                .and_then(serde_json::Number::as_i128)
        };
        let (lowest, highest) = match schema["format"].as_str() {
            Some("uint8") => (0, i128::from(u8::MAX)),
            Some("uint16") => (0, i128::from(u16::MAX)),
            Some("uint32") => (0, i128::from(u32::MAX)),
            Some("uint64" | "uint") => (0, i128::from(u64::MAX)),
            Some("int32") => (i128::from(i32::MIN), i128::from(i32::MAX)),
            _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
        };
        // What schemars knows of a type it says by a format, and of some also by bounds.
        let lowest = bound("minimum").unwrap_or(lowest).max(lowest);
        let highest = bound("maximum").unwrap_or(highest).min(highest);
        if number < lowest || number > highest {
            let message = format!("{number} is out of range for {}", self.key());
            let help = format!("write a whole number from {lowest} to {highest}");
            self.report(node, message, Some(help));
            return None;
        }
        Some(node.json())
    }

    fn unknown_key(&mut self, entry: &TableEntry, known: &[&str]) {
        let message = match self.place.as_slice() {
            [] => format!("unknown key `{}`", entry.key),
            place => format!("unknown key `{}` in {}", entry.key, described_place(place)),
        };
        let problem = Problem::new(message, "unknown key", entry.key_span.clone());
        self.problems
            .push(problem.help(suggest(&entry.key, known.iter().copied())));
    }

    fn missing(&mut self, span: Range<usize>, key: &str, property: &'s Value) {
        let message = match self.place.as_slice() {
            [] => format!("`{key}` is missing"),
            place => format!("`{key}` is missing in {}", described_place(place)),
        };
        let mut help = format!("add `{key} = …`");
        if let Some(about) = property.get("description").and_then(Value::as_str) {
            help = format!("{help}: {}", about.replace('\n', " "));
        }
        let words = self.words(property);
        if !words.is_empty() {
            help = format!("{help}; allowed: {}", list(&words));
        }
        self.push(Problem::new(message, "missing here", span).help(help));
    }

    fn mistyped(&mut self, node: &Node, schemas: &[&'s Value]) {
        let mut wanted: Vec<String> = Vec::new();
        for schema in schemas {
            for text in described_types(schema) {
                if !wanted.contains(&text) {
                    wanted.push(text);
                }
            }
        }
        let message = format!("{} cannot be {}", self.key(), node.what());
        let mut help = format!("write {}", wanted.join(" or "));
        let words: Vec<&str> = schemas
            .iter()
            .flat_map(|schema| self.words(schema))
            .collect();
        if !words.is_empty() {
            help = format!("{help}; allowed: {}", list(&words));
        }
        self.report(node, message, Some(help));
    }

    fn report(&mut self, node: &Node, message: String, help: Option<String>) {
        let mut problem = Problem::new(message, "here", node.span.clone());
        problem.help = help;
        self.push(problem);
    }

    /// Reports what can be the consequence of a broken text.
    fn push(&mut self, problem: Problem) {
        if !self.unknown_only {
            self.problems.push(problem);
        }
    }

    /// Returns the key whose value is looked at, as messages call it.
    fn key(&self) -> String {
        match self.place.as_slice() {
            [] => "the file".to_owned(),
            place => described_place(place),
        }
    }

    /// Returns the alternatives of a schema: references followed, choices within choices spread out, and null left out,
    /// which TOML does not have.
    fn branches(&self, schema: &'s Value) -> Vec<&'s Value> {
        let mut schema = schema;
        while let Some(name) = schema["$ref"]
            .as_str()
            .and_then(|at| at.strip_prefix("#/$defs/"))
        {
            schema = &self.root["$defs"][name];
        }
        match schema.get("oneOf").or_else(|| schema.get("anyOf")) {
            Some(Value::Array(several)) => several
                .iter()
                .filter(|branch| branch["type"] != "null")
                .flat_map(|branch| self.branches(branch))
                .collect(),
            _ => vec![schema],
        }
    }

    /// Returns the words that may be written, in a list too.
    fn words(&self, schema: &'s Value) -> Vec<&'s str> {
        let branches = self.branches(schema).into_iter();
        branches
            .flat_map(|branch| match branch.get("items") {
                Some(items) => self.branches(items),
                None => vec![branch],
            })
            .flat_map(own_words)
            .collect()
    }
}

/// Returns a place in words: `policy.twoStep`, or `expect.deferral` of a step.
fn described_place(place: &[String]) -> String {
    match place {
        [step] if step.starts_with("a ") => step.clone(),
        [step, keys @ ..] if step.starts_with("a ") => format!("`{}` of {step}", keys.join(".")),
        keys => format!("`{}`", keys.join(".")),
    }
}

/// Returns the key by whose word a table tells which of several it is.
fn tag(table: &Value) -> Option<&str> {
    let mut properties = table["properties"].as_object()?.iter();
    properties
        .find(|(_, property)| property["const"].is_string())
        .map(|(key, _)| key.as_str())
}

fn word_of<'s>(table: &'s Value, tag: &str) -> Option<&'s str> {
    table["properties"][tag]["const"].as_str()
}

fn titled<'s>(schema: &'s Value, otherwise: &'s str) -> &'s str {
    schema["title"].as_str().unwrap_or(otherwise)
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let keys = schema["required"].as_array().into_iter().flatten();
    keys.filter_map(Value::as_str)
}

fn properties(schema: &Value) -> impl Iterator<Item = &str> {
    let properties = schema["properties"].as_object().into_iter();
    properties.flat_map(|object| object.keys().map(String::as_str))
}

/// Returns the words of a closed set.
fn own_words(schema: &Value) -> impl Iterator<Item = &str> {
    let one = schema["const"].as_str().into_iter();
    let several = schema["enum"].as_array().into_iter().flatten();
    one.chain(several.filter_map(Value::as_str))
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several
            .iter()
            .filter_map(Value::as_str)
            .filter(|name| *name != "null")
            .collect(),
        _ if own_words(schema).next().is_some() => vec!["string"],
        _ => Vec::new(),
    }
}

fn fits(schema: &Value, node: &Node) -> bool {
    let types = types(schema);
    types.is_empty()
        || types.iter().any(|name| match node.kind {
            Kind::String(_) => *name == "string",
            Kind::Integer(_) => matches!(*name, "integer" | "number"),
            Kind::Float(number) => *name == "number" && number.is_finite(),
            Kind::Boolean(_) => *name == "boolean",
            Kind::List(_) => *name == "array",
            Kind::Table(_) => *name == "object",
        })
}

fn described_types(schema: &Value) -> Vec<String> {
    let describe = |name: &&str| match *name {
        "string" if own_words(schema).next().is_some() => "one of the words".to_owned(),
        "string" => "a string".to_owned(),
        "integer" => "a whole number".to_owned(),
        "number" => "a number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "array" => "a list".to_owned(),
        _ => match properties(schema).collect::<Vec<_>>().as_slice() {
            [only] => format!("`{{ {only} = … }}`"),
            _ => "a table".to_owned(),
        },
    };
    types(schema).iter().map(describe).collect()
}

fn shown(node: &Node) -> String {
    match node.text() {
        Some(text) => format!("`{text}`"),
        None => node.json().to_string(),
    }
}

#[cfg(test)]
mod tests;
