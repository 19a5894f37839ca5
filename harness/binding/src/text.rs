//! The text of a target file, looked into for lines and keys: advice names the place that is to be changed.
//!
//! What is looked for is found wherever it stands below its operation, so the form in which the file says it does not
//! matter.

use proofup_domain::answer::REFUSED;
use proofup_files::{Node, TomlDocument, line_of};

/// The text of a target file and the name by which messages call it.
#[derive(Debug, Clone)]
pub struct TargetText {
    /// The file's name.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

impl TargetText {
    /// Reads a file's text.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Returns the line, from 1, of a dotted key such as `operations.signIn.keep.session`; where the file does not have all of
    /// it, the line of the nearest table above. None where it has nothing of it.
    #[must_use]
    pub fn line(&self, key: &str) -> Option<usize> {
        let document = self.document();
        let words: Vec<&str> = key.split('.').collect();
        let place = match words.as_slice() {
            ["refusals", word] => refusal(document.root(), word),
            words => closest(document.root(), words),
        };
        place.map(|at| line_of(&self.text, at))
    }

    /// Returns whether the file has `keep.name` or `answer.name` anywhere below an operation.
    #[must_use]
    pub fn says(&self, operation: &str, part: &str, name: &str) -> bool {
        let document = self.document();
        let operations = document.root().get("operations");
        let operation = operations.and_then(|operations| operations.get(operation));
        operation.is_some_and(|operation| deep(operation, &[part, name]).is_some())
    }

    fn document(&self) -> TomlDocument {
        TomlDocument::parse(&self.path, &self.text)
    }

    /// Returns whether any template of the file uses a name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        [format!("{{{name}}}"), format!("{{{name}?}}")]
            .iter()
            .any(|template| self.text.contains(template.as_str()))
    }
}

/// Returns the place of the last key of a path; where the path ends early, that of the key below which it might go on.
fn closest(root: &Node, words: &[&str]) -> Option<usize> {
    let mut here = root;
    let mut found = None;
    for (depth, word) in words.iter().enumerate() {
        let Some(entry) = here.entry(word) else {
            let below = words.get(depth..).unwrap_or_default();
            return deep(here, below).or(found);
        };
        found = Some(entry.key_span.start);
        here = &entry.node;
    }
    found
}

/// Returns the place of a path of keys anywhere below a table or a list.
fn deep(node: &Node, path: &[&str]) -> Option<usize> {
    let (first, rest) = path.split_first()?;
    let direct = node.entry(first).and_then(|entry| {
        if rest.is_empty() {
            Some(entry.key_span.start)
        } else {
            deep(&entry.node, rest)
        }
    });
    let entries = node.entries().iter().map(|entry| &entry.node);
    direct.or_else(|| {
        entries
            .chain(node.items())
            .find_map(|inner| deep(inner, path))
    })
}

/// Returns the place of the file's own rule for a refusal's word.
fn refusal(root: &Node, word: &str) -> Option<usize> {
    root.get("refusals")?.items().iter().find_map(|rule| {
        let refused = rule.entry(REFUSED)?;
        (refused.node.text() == Some(word)).then_some(refused.key_span.start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = \"x\"\n\n[operations.signIn]\nkeep = { session = \"$.token\" }\n\
                        [[operations.signIn.answers]]\nstatus = 200\n[operations.signIn.answers.answer]\nstate = \"$.s\"\n\
                        [[refusals]]\nstatus = 422\nrefused = \"wrongCode\"\n";

    #[test]
    fn lines_are_found_by_this_table() {
        let text = TargetText::new("x.toml", TEXT);
        let table = [
            ("name", Some(1)),
            ("operations.signIn.keep.session", Some(4)),
            ("operations.signIn.answers", Some(5)),
            ("operations.signIn.answer.state", Some(8)),
            ("operations.signIn.keep.challenge", Some(4)),
            ("operations.signOut", Some(3)),
            ("refusals.wrongCode", Some(11)),
            ("refusals.expired", None),
            ("codePattern", None),
        ];
        for (key, line) in table {
            assert_eq!(text.line(key), line, "{key}");
        }
        assert!(text.says("signIn", "answer", "state"));
        assert!(text.says("signIn", "keep", "session"));
        assert!(!text.says("signIn", "keep", "state"));
    }
}
