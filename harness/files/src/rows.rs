//! Rows: one story that is told of many small cases.
//!
//! A file with `rows` is a table and one story. Each row gives words to the story's parameters, spelled `{role}`, and
//! becomes a file of its own, so that whoever reads such files knows nothing of rows. Rows are listed, each with its
//! `name`, or they are the product of lists of values, whose names they then bear.
//!
//! - A text that is nothing but `{role}` becomes the value, of whatever type; in a longer text the value is spelled out.
//!   `{command.refused}` is a part of a value that is a table.
//! - In the texts of some keys, which the format names, the words of a value are joined by hyphens: `upperCase` is
//!   `upper-case`.
//! - A table's `fields = "{command}"` stands for the fields of that table; what the story says itself goes before.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::{Value, json};

use crate::nearest::{list, suggest};
use crate::node::{Kind, Node, TableEntry};
use crate::problem::Problem;

/// One row: what it gives to the parameters of the story.
#[derive(Debug)]
pub struct FileRow {
    /// Its name, unique in the file: lower-case words joined by hyphens.
    pub name: String,
    /// Where it is.
    span: Range<usize>,
    /// What it gives, by parameter; `name` among them.
    given: Vec<TableEntry>,
}

/// Reads the rows of a file, which the schema let through, and checks them against the story; nothing where it has none.
pub fn read_rows(file: &Node, problems: &mut Vec<Problem>) -> Option<Vec<FileRow>> {
    let rows = match file.get(ROWS)? {
        Node {
            kind: Kind::List(items),
            ..
        } => listed(items, problems),
        product => multiplied(product, problems),
    };
    let mut names: BTreeMap<&str, &Range<usize>> = BTreeMap::new();
    for row in &rows {
        if let Some(first) = names.get(row.name.as_str()) {
            let message = format!("two rows are called `{}`", row.name);
            problems.push(
                Problem::new(message, "again", row.span.clone())
                    .beside((*first).clone(), "first")
                    .help("a row's name is part of the id of its case: give it another"),
            );
        }
        names.entry(&row.name).or_insert(&row.span);
    }
    parameters(file, &rows, problems);
    Some(rows)
}

/// Returns what is wrong with the stories of the rows, each problem once: with the row where it is not that of all.
pub fn merge_problems(file: &Node, told: Vec<(&FileRow, Vec<Problem>)>) -> Vec<Problem> {
    let all = told.len();
    let mut counted: Vec<(&FileRow, Problem, usize)> = Vec::new();
    for (row, problems) in told {
        for problem in problems {
            match counted.iter_mut().find(|(_, known, _)| *known == problem) {
                Some((_, _, count)) => *count += 1,
                None => counted.push((row, problem, 1)),
            }
        }
    }
    let each = counted.into_iter().map(|(row, problem, count)| {
        let in_rows = file.get(ROWS).is_some_and(|rows| rows.holds(&problem.span));
        if count == all || in_rows || problem.other.is_some() {
            problem
        } else {
            let label = format!("in the row `{}`", row.name);
            problem.beside(row.span.clone(), label)
        }
    });
    each.collect()
}

/// Makes the schema of the rows of a file, for the schema of a format that has them.
#[must_use]
pub fn rows_schema() -> Value {
    json!({
        "description": "The story is told once for each row, with its words in place of the parameters, which are spelled `{role}`.",
        "anyOf": [
            {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "description": "A row: what it gives to each parameter.",
                    "properties": { "name": {
                        "type": "string",
                        "description": "The row's name, part of the id of its case: lower-case words joined by hyphens.",
                    } },
                    "required": ["name"],
                },
            },
            {
                "type": "object",
                "description": "Lists of values, by parameter: there is a row for every combination. A value is a word, or a table with a `name`.",
                "properties": { "except": {
                    "type": "array",
                    "description": "Combinations that are left out: the names of values, by parameter.",
                    "items": { "type": "object" },
                } },
                "additionalProperties": { "type": "array", "minItems": 1, "items": {} },
            },
        ],
    })
}

/// The key of the rows.
pub const ROWS: &str = "rows";

/// The parameter that every row gives.
const NAME: &str = "name";

/// The key of a product beside its parameters.
const EXCEPT: &str = "except";

/// The key of a table that stands for the fields of another.
const FIELDS: &str = "fields";

fn listed(items: &[Node], problems: &mut Vec<Problem>) -> Vec<FileRow> {
    let read = items.iter().filter_map(|item| {
        let name = item.get(NAME)?;
        let text = name.text()?;
        if !is_kebab(text) {
            problems.push(
                Problem::new(
                    format!("`{text}` cannot name a row"),
                    "here",
                    name.span.clone(),
                )
                .help("write lower-case words and digits, joined by hyphens: `upper-case`"),
            );
        }
        Some(FileRow {
            name: text.to_owned(),
            span: item.span.clone(),
            given: item.entries().to_vec(),
        })
    });
    read.collect()
}

/// Multiplies lists of values: each row has one of each.
fn multiplied(product: &Node, problems: &mut Vec<Problem>) -> Vec<FileRow> {
    let mut rows: Vec<(FileRow, Vec<String>)> = vec![(
        FileRow {
            name: String::new(),
            span: product.span.clone(),
            given: Vec::new(),
        },
        Vec::new(),
    )];
    let mut lists: Vec<(&str, Vec<String>)> = Vec::new();
    for entry in product.entries().iter().filter(|entry| entry.key != EXCEPT) {
        let mut values: Vec<(&Node, String)> = Vec::new();
        for item in entry.node.items() {
            match label(item) {
                Some(label) => values.push((item, label)),
                None => problems.push(nameless(&entry.key, item)),
            }
        }
        let next = |(row, labels): &(FileRow, Vec<String>)| {
            let (row_given, row_labels) = (row.given.clone(), labels.clone());
            let one = values.iter().map(move |(item, label)| {
                let mut given = row_given.clone();
                given.push(TableEntry {
                    key: entry.key.clone(),
                    key_span: entry.key_span.clone(),
                    node: (*item).clone(),
                });
                let mut labels = row_labels.clone();
                labels.push(label.clone());
                let row = FileRow {
                    name: labels.join("-"),
                    span: item.span.clone(),
                    given,
                };
                (row, labels)
            });
            one.collect::<Vec<_>>()
        };
        rows = rows.iter().flat_map(next).collect();
        let labels = values.into_iter().map(|(_, label)| label).collect();
        lists.push((&entry.key, labels));
    }
    let exceptions = product.get(EXCEPT).map(Node::items).unwrap_or_default();
    for exception in exceptions {
        if known_exception(exception, &lists, problems) {
            rows.retain(|(_, labels)| !excepts(exception, &lists, labels));
        }
    }
    let named = rows.into_iter().map(|(mut row, _)| {
        row.given.push(TableEntry {
            key: NAME.to_owned(),
            key_span: row.span.clone(),
            node: Node {
                span: row.span.clone(),
                kind: Kind::String(row.name.clone()),
            },
        });
        row
    });
    named.collect()
}

/// Describes a value of a product that cannot name its rows.
fn nameless(parameter: &str, value: &Node) -> Problem {
    let message = format!("a value of `{parameter}` has no name for its rows");
    let help = format!(
        "write a word, or a table whose `name` is lower-case words joined by hyphens: \
         `{{ name = \"five-behind\", value = -5 }}`, of which the story spells `{{{parameter}.value}}`"
    );
    Problem::new(message, "here", value.span.clone()).help(help)
}

/// Returns how a value of a product names its rows: a word is its own name, a table has one.
fn label(value: &Node) -> Option<String> {
    let text = match &value.kind {
        Kind::Table(_) => value.get(NAME)?.text()?.to_owned(),
        _ => kebab(&spelled(value)?),
    };
    is_kebab(&text).then_some(text)
}

/// Whether an exception names parameters and values of the product.
fn known_exception(
    exception: &Node,
    lists: &[(&str, Vec<String>)],
    problems: &mut Vec<Problem>,
) -> bool {
    let before = problems.len();
    for entry in exception.entries() {
        let Some((_, labels)) = lists.iter().find(|(key, _)| *key == entry.key) else {
            let message = format!("unknown parameter `{}` in `except`", entry.key);
            let keys = lists.iter().map(|(key, _)| *key);
            problems.push(
                Problem::new(message, "no list of this name", entry.key_span.clone())
                    .help(suggest(&entry.key, keys)),
            );
            continue;
        };
        for value in values_of(&entry.node) {
            let named = label(value).unwrap_or_default();
            if !labels.contains(&named) {
                let message = format!("`{}` has no value `{named}`", entry.key);
                problems.push(
                    Problem::new(message, "here", value.span.clone())
                        .help(suggest(&named, labels.iter().map(String::as_str))),
                );
            }
        }
    }
    problems.len() == before
}

/// Whether an exception takes out the row of these values.
fn excepts(exception: &Node, lists: &[(&str, Vec<String>)], labels: &[String]) -> bool {
    exception.entries().iter().all(|entry| {
        let mine = lists
            .iter()
            .zip(labels)
            .find(|((key, _), _)| *key == entry.key);
        mine.is_some_and(|(_, mine)| {
            let mut named = values_of(&entry.node).iter().filter_map(label);
            named.any(|named| named == *mine)
        })
    })
}

/// Lists the values that an exception names for a parameter: one, or several.
fn values_of(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// Checks that each parameter of the story is given by each row, and that nothing is given that the story does not ask for.
fn parameters(file: &Node, rows: &[FileRow], problems: &mut Vec<Problem>) {
    let mut asked: BTreeMap<&str, &Range<usize>> = BTreeMap::new();
    let mut spelled_out: BTreeSet<&str> = BTreeSet::new();
    let story = file.entries().iter().filter(|entry| entry.key != ROWS);
    for entry in story {
        ask(&entry.node, &mut |path, node| {
            asked.entry(path).or_insert(&node.span);
            if whole(node.text().unwrap_or_default()).is_none() {
                spelled_out.insert(path);
            }
        });
    }
    let mut given: Vec<&TableEntry> = Vec::new();
    for entry in rows.iter().flat_map(|row| &row.given) {
        if !given.iter().any(|known| known.key == entry.key) {
            given.push(entry);
        }
    }
    for (path, span) in &asked {
        let first = first_part(path);
        if !given.iter().any(|entry| entry.key == first) {
            let message = format!("unknown parameter `{{{path}}}`");
            let keys = given.iter().map(|entry| entry.key.as_str());
            problems.push(
                Problem::new(message, "no row gives it", (*span).clone())
                    .help(suggest(first, keys)),
            );
            continue;
        }
        for row in rows {
            problems.extend(row.lacks(path, spelled_out.contains(path)));
        }
    }
    for entry in given.iter().filter(|entry| entry.key != NAME) {
        if !asked.keys().any(|path| first_part(path) == entry.key) {
            let message = format!("the story does not ask for `{}`", entry.key);
            let help = format!("spell it `{{{}}}` in the story, or take it away", entry.key);
            problems.push(Problem::new(message, "unused", entry.key_span.clone()).help(help));
        }
    }
}

/// Goes through the parameters in the texts of a value, each with the text's node.
fn ask<'n>(node: &'n Node, asked: &mut impl FnMut(&'n str, &'n Node)) {
    match &node.kind {
        Kind::String(text) => references(text).for_each(|(_, path)| asked(path, node)),
        Kind::List(items) => items.iter().for_each(|item| ask(item, asked)),
        Kind::Table(entries) => entries.iter().for_each(|entry| ask(&entry.node, asked)),
        Kind::Integer(_) | Kind::Float(_) | Kind::Boolean(_) => {}
    }
}

/// Lists the parameters in a text, each with its place: what stands between braces and is a name, or names joined by dots.
fn references(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    text.match_indices('{').filter_map(|(start, _)| {
        let (path, _) = text[start + 1..].split_once('}')?;
        let is_path = path.split('.').all(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric())
        });
        is_path.then(|| (start..start + path.len() + 2, path))
    })
}

/// Returns the parameter that a text is, if it is nothing else.
fn whole(text: &str) -> Option<&str> {
    let (place, path) = references(text).next()?;
    (place == (0..text.len())).then_some(path)
}

fn first_part(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

/// Returns a value as it is spelled within a text; a list and a table are not.
fn spelled(value: &Node) -> Option<String> {
    match &value.kind {
        Kind::String(text) => Some(text.clone()),
        Kind::Integer(number) => Some(number.to_string()),
        Kind::Float(number) => Some(number.to_string()),
        Kind::Boolean(truth) => Some(truth.to_string()),
        Kind::List(_) | Kind::Table(_) => None,
    }
}

/// Joins the words of a camelCase name by hyphens: `upperCase` is `upper-case`, and `CODE-5` stays as it is.
fn kebab(text: &str) -> String {
    let mut joined = String::with_capacity(text.len() + 2);
    for letter in text.chars() {
        let ends_a_word = |last: char| last.is_ascii_lowercase() || last.is_ascii_digit();
        if letter.is_ascii_uppercase() && joined.ends_with(ends_a_word) {
            joined.push('-');
            joined.push(letter.to_ascii_lowercase());
        } else {
            joined.push(letter);
        }
    }
    joined
}

impl FileRow {
    /// Returns the story of the row: the tree of a file without rows, whose places are those of the file.
    ///
    /// In the texts of the keys `hyphenated` the words of a value are joined by hyphens.
    #[must_use]
    pub fn tell(&self, file: &Node, hyphenated: &[&str]) -> Node {
        let entries = file.entries().iter().filter(|entry| entry.key != ROWS);
        Node {
            span: file.span.clone(),
            kind: Kind::Table(self.filled_entries(entries, hyphenated)),
        }
    }

    /// Returns the value of a parameter, or of a part of it.
    fn value(&self, path: &str) -> Option<&Node> {
        let mut names = path.split('.');
        let first = names.next()?;
        let given = self.given.iter().find(|entry| entry.key == first)?;
        names.try_fold(&given.node, Node::get)
    }

    /// Finds what a row lacks: a parameter, a part of one, or a value that can be spelled within a text.
    fn lacks(&self, path: &str, within_a_text: bool) -> Option<Problem> {
        let first = first_part(path);
        let Some(value) = self.value(path) else {
            let given = self.given.iter().find(|entry| entry.key == first);
            let (message, span) = match given {
                None => (
                    format!("the row `{}` has no `{first}`", self.name),
                    &self.span,
                ),
                Some(given) => (
                    format!(
                        "`{first}` of the row `{}` has no `{}`",
                        self.name,
                        &path[first.len() + 1..]
                    ),
                    &given.node.span,
                ),
            };
            let help = format!("the story asks for `{{{path}}}`: give it in every row");
            return Some(Problem::new(message, "missing here", span.clone()).help(help));
        };
        let unspelled = within_a_text && spelled(value).is_none();
        unspelled.then(|| {
            let message = format!("`{path}` cannot be {} within a text", value.what());
            let parts: Vec<String> = value
                .entries()
                .iter()
                .map(|entry| format!("{{{path}.{}}}", entry.key))
                .collect();
            let help = if parts.is_empty() {
                format!("only a text that is nothing but `{{{path}}}` can be a list or a table")
            } else {
                format!("name a part of it: {}", list(&parts))
            };
            Problem::new(message, "here", value.span.clone()).help(help)
        })
    }

    fn filled(&self, node: &Node, key: Option<&str>, hyphenated: &[&str]) -> Node {
        let kind = match &node.kind {
            Kind::String(text) => match whole(text).and_then(|path| self.value(path)) {
                Some(value) => return value.clone(),
                None => Kind::String(
                    self.spelled_out(text, key.is_some_and(|key| hyphenated.contains(&key))),
                ),
            },
            Kind::List(items) => Kind::List(
                items
                    .iter()
                    .map(|item| self.filled(item, None, hyphenated))
                    .collect(),
            ),
            Kind::Table(entries) => Kind::Table(self.filled_entries(entries.iter(), hyphenated)),
            other => other.clone(),
        };
        Node {
            span: node.span.clone(),
            kind,
        }
    }

    fn filled_entries<'n>(
        &self,
        entries: impl Iterator<Item = &'n TableEntry> + Clone,
        hyphenated: &[&str],
    ) -> Vec<TableEntry> {
        let own = entries.clone().map(|entry| entry.key.as_str());
        let own: BTreeSet<&str> = own.collect();
        let mut filled = Vec::new();
        for entry in entries {
            let spread = (entry.key == FIELDS)
                .then(|| self.value(whole(entry.node.text()?)?))
                .flatten();
            match spread.map(|value| &value.kind) {
                Some(Kind::Table(fields)) => {
                    let more = fields
                        .iter()
                        .filter(|field| !own.contains(field.key.as_str()));
                    filled.extend(more.filter(|field| field.key != NAME).cloned());
                }
                _ => filled.push(TableEntry {
                    key: entry.key.clone(),
                    key_span: entry.key_span.clone(),
                    node: self.filled(&entry.node, Some(&entry.key), hyphenated),
                }),
            }
        }
        filled
    }

    /// Spells the values of a text's parameters out.
    fn spelled_out(&self, text: &str, hyphenated: bool) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut end = 0;
        for (place, path) in references(text) {
            let Some(value) = self.value(path).and_then(spelled) else {
                continue;
            };
            filled.push_str(&text[end..place.start]);
            filled.push_str(&if hyphenated { kebab(&value) } else { value });
            end = place.end;
        }
        filled.push_str(&text[end..]);
        filled
    }
}

/// Returns whether a text is lower-case words and digits joined by hyphens.
#[must_use]
pub fn is_kebab(text: &str) -> bool {
    text.split('-').all(|word| {
        !word.is_empty()
            && word
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    })
}
