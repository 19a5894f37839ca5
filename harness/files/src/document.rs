//! A file as it was read: its text, its tree, and whether it is TOML at all.

use std::io;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use toml::de::DeTable;

use crate::node::Node;
use crate::problem::{FileErrors, Problem, line_of};
use crate::schema;

/// A TOML file, read as far as it could be.
#[derive(Debug)]
pub struct TomlDocument {
    path: String,
    text: Arc<str>,
    root: Node,
    syntax: Vec<Problem>,
    /// From here on nothing can be trusted: a bracket that is never closed swallows the rest of a file.
    swallowed: usize,
}

/// What a walk against a schema came to.
#[derive(Debug)]
pub struct Checked {
    /// What of the file fits the schema, what does not fit being left out.
    pub value: Map<String, Value>,
    /// What does not fit, and where the text is not TOML.
    pub problems: Vec<Problem>,
}

impl TomlDocument {
    /// Parses a text as far as it is TOML. `path` is how messages call the file; nothing is read from disk.
    #[must_use]
    pub fn parse(path: &str, text: &str) -> Self {
        let text: Arc<str> = Arc::from(text);
        let (table, errors) = DeTable::parse_recoverable(&text);
        let root = Node::from_document(&table);
        let (syntax, swallowed) = syntax(&text, &errors);
        Self {
            path: path.to_owned(),
            text,
            root,
            syntax,
            swallowed,
        }
    }

    /// Returns the file's table.
    #[must_use]
    pub const fn root(&self) -> &Node {
        &self.root
    }

    /// Returns the text.
    #[must_use]
    pub const fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Returns whether the whole text is TOML. Where it is not, what seems to be missing or wrong may only be unread, so
    /// rules beyond the schema are not worth checking.
    #[must_use]
    pub const fn is_toml(&self) -> bool {
        self.syntax.is_empty()
    }

    /// Walks the file against the JSON Schema of its format.
    ///
    /// In a text that is not TOML, only unknown keys and words are told beside that: all else may be its consequence.
    #[must_use]
    pub fn check(&self, schema: &Value) -> Checked {
        self.check_tree(&self.root, schema)
    }

    /// Walks a tree that was made of the file's, and whose places are those of the file.
    #[must_use]
    pub fn check_tree(&self, root: &Node, schema: &Value) -> Checked {
        let (value, found) = schema::walk(root, &self.text, schema, !self.is_toml());
        let mut problems = self.syntax.clone();
        let line = |problem: &Problem| line_of(&self.text, problem.span.start);
        problems.extend(found.into_iter().filter(|problem| {
            problem.span.start < self.swallowed
                && !self
                    .syntax
                    .iter()
                    .any(|broken| line(broken) == line(problem))
        }));
        Checked { value, problems }
    }

    /// The errors of this file.
    #[must_use]
    pub fn errors(&self, problems: Vec<Problem>) -> FileErrors {
        FileErrors::new(&self.path, &self.text, problems)
    }
}

/// Turns the parser's errors into problems, one a line, with the place from which nothing can be trusted.
fn syntax(text: &str, errors: &[toml::de::Error]) -> (Vec<Problem>, usize) {
    let mut problems: Vec<Problem> = Vec::new();
    // Behind a bracket that is never closed each line is an error of its own; only the first is told.
    let swallowed = ["array", "inline table"].into_iter().find(|bracket| {
        let unclosed = format!("unclosed {bracket}");
        errors
            .iter()
            .any(|error| error.message().starts_with(&unclosed))
    });
    let mut lines: Vec<usize> = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let line = line_of(text, span.start);
        if lines.contains(&line) {
            continue;
        }
        lines.push(line);
        let help = if error.message() == "duplicate key" {
            "a key can stand once in a table"
        } else {
            "this is not TOML (https://toml.io); the other rules are checked when it is"
        };
        if let Some(bracket) = swallowed.filter(|bracket| error.message().contains(bracket)) {
            let end = span.start;
            let message = format!("an {bracket} is not closed before this");
            problems.push(Problem::new(message, error.message(), span).help(help));
            return (problems, end);
        }
        problems.push(Problem::new(error.message(), "here", span).help(help));
    }
    (problems, usize::MAX)
}

/// Reads a text from disk.
///
/// # Errors
/// What the system says; and that the file is not UTF-8, with the offset of the first bad byte.
pub fn read_text(path: impl AsRef<Path>) -> io::Result<String> {
    String::from_utf8(std::fs::read(path)?).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let why = format!("not UTF-8 (first bad byte: offset {offset})");
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(text: &str) -> Vec<String> {
        let schema = json!({
            "type": "object",
            "properties": {
                "title": { "type": "string" },
                "days": { "type": "integer" },
                "kinds": { "type": "array", "items": { "const": "text" } },
            },
            "required": ["title"],
            "additionalProperties": false,
        });
        let document = TomlDocument::parse("x.toml", text);
        let problems = document.check(&schema).problems;
        let errors = document.errors(problems);
        errors.problems().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn beside_a_syntax_error_only_what_is_unknown_is_told() {
        assert_eq!(
            told("days = \"x\"\ntitel = 1\nkinds = [oops]\n"),
            [
                "line 2: unknown key `titel`",
                "line 3: string values must be quoted, expected literal string"
            ]
        );
        assert_eq!(
            told("days = \"x\"\n"),
            [
                "line 1: `title` is missing",
                "line 1: `days` cannot be a string"
            ]
        );
    }

    #[test]
    fn a_bracket_that_is_never_closed_is_one_error() {
        let found = told("kinds = [\"text\"\ndays = 1\ncolour = 2\ntitle = \"a\"\n");
        assert_eq!(found, ["line 2: an array is not closed before this"]);
    }

    #[test]
    fn a_key_that_stands_twice_is_an_error() {
        assert_eq!(
            told("title = \"a\"\ntitle = \"b\"\n"),
            ["line 2: duplicate key"]
        );
    }
}
