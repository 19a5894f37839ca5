//! The text of a target file, looked into for lines and keys: advice names the place that is to be changed.
//!
//! What is looked for is found wherever it stands below its operation, so the form in which the file says it does not
//! matter.

use proofup_domain::answer::REFUSED;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Holds the text of a target file and the name by which messages call it.
#[derive(Debug, Clone)]
pub struct TargetText {
    /// The file's name.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

impl TargetText {
    /// Holds a file's text.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Finds the line, from 1, of a dotted key such as `operations.signIn.keep.session`; where the file does not have all of
    /// it, the line of the nearest table above. None where it has nothing of it.
    #[must_use]
    pub fn line(&self, key: &str) -> Option<usize> {
        let (root, _) = DeTable::parse_recoverable(&self.text);
        let words: Vec<&str> = key.split('.').collect();
        if let ["refusals", word] = words.as_slice() {
            return refusal(root.get_ref(), word).map(|at| self.line_at(at));
        }
        let mut table = root.get_ref();
        let mut found = None;
        for (depth, word) in words.iter().enumerate() {
            let Some((key, value)) = entry(table, word) else {
                let below = words.get(depth..).unwrap_or_default();
                return deep(table, below).or(found).map(|at| self.line_at(at));
            };
            found = Some(key);
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                other => {
                    let below = words.get(depth + 1..).unwrap_or_default();
                    return in_value(other, below).or(found).map(|at| self.line_at(at));
                }
            }
        }
        found.map(|at| self.line_at(at))
    }

    /// Tells whether the file says something under `keep.name` or `answer.name` anywhere below an operation.
    #[must_use]
    pub fn says(&self, operation: &str, part: &str, name: &str) -> bool {
        let (root, _) = DeTable::parse_recoverable(&self.text);
        let operation = entry(root.get_ref(), "operations").and_then(|(_, value)| {
            let (_, operation) = entry(value.get_ref().as_table()?, operation)?;
            operation.get_ref().as_table()
        });
        operation.is_some_and(|table| deep(table, &[part, name]).is_some())
    }

    /// Tells whether any template of the file uses a name.
    #[must_use]
    pub fn uses(&self, name: &str) -> bool {
        [format!("{{{name}}}"), format!("{{{name}?}}")]
            .iter()
            .any(|template| self.text.contains(template.as_str()))
    }

    fn line_at(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }
}

fn entry<'a>(table: &'a DeTable<'_>, word: &str) -> Option<(usize, &'a Spanned<DeValue<'a>>)> {
    table
        .iter()
        .find(|(key, _)| key.get_ref().as_ref() == word)
        .map(|(key, value)| (key.span().start, value))
}

/// Finds a path of keys anywhere below a table.
fn deep(table: &DeTable<'_>, path: &[&str]) -> Option<usize> {
    let (first, rest) = path.split_first()?;
    if let Some((at, value)) = entry(table, first) {
        let found = if rest.is_empty() {
            Some(at)
        } else {
            in_value(value.get_ref(), rest)
        };
        if found.is_some() {
            return found;
        }
    }
    table
        .iter()
        .find_map(|(_, value)| in_value(value.get_ref(), path))
}

fn in_value(value: &DeValue<'_>, path: &[&str]) -> Option<usize> {
    match value {
        DeValue::Table(table) => deep(table, path),
        DeValue::Array(list) => list.iter().find_map(|one| in_value(one.get_ref(), path)),
        _ => None,
    }
}

/// Finds the rule of the file's own that a refusal's word stands in.
fn refusal(root: &DeTable<'_>, word: &str) -> Option<usize> {
    let (_, rules) = entry(root, "refusals")?;
    let DeValue::Array(rules) = rules.get_ref() else {
        return None;
    };
    rules.iter().find_map(|rule| {
        let DeValue::Table(rule) = rule.get_ref() else {
            return None;
        };
        let (at, refused) = entry(rule, REFUSED)?;
        matches!(refused.get_ref(), DeValue::String(text) if text.as_ref() == word).then_some(at)
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
