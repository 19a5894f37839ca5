//! The text of a target file, looked into for lines and keys: advice names the place that is to be changed.
//!
//! What is looked for is found wherever it stands below its operation, so the form in which the file says it does not
//! matter.

use proofup_domain::answer::REFUSED;
use proofup_files::{Kind, Node, TomlDocument, line_of};

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

    /// Finds the first rule for the answers of an operation that names a status: its line, and whether it reads JSON.
    /// With a word, of the refusals by that word; those of the whole file count as everybody's.
    #[must_use]
    pub fn rule_for(
        &self,
        operation: &str,
        word: Option<&str>,
        status: u16,
    ) -> Option<(usize, bool)> {
        let part = if word.is_some() {
            "refusals"
        } else {
            "answers"
        };
        let document = self.document();
        let root = document.root();
        let own = root.get("operations").and_then(|all| all.get(operation));
        let shared = word.map(|_| root);
        let places = own.into_iter().chain(shared);
        let mut all = places.flat_map(|place| rules(place, part));
        all.find_map(|rule| {
            let named = rule.entry("status")?;
            let line = line_of(&self.text, named.key_span.start);
            let is_meant = word.is_none() || rule.get(REFUSED).and_then(Node::text) == word;
            is_meant.then_some(())?;
            names_status(&named.node, status).then(|| (line, reads_json(rule)))
        })
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

/// Lists the rules under a name, of an operation and of its ways.
fn rules<'n>(place: &'n Node, part: &str) -> Vec<&'n Node> {
    let own = place.get(part).into_iter();
    let ways = place.get("ways").into_iter().flat_map(Node::items);
    own.chain(ways.filter_map(|way| way.get(part)))
        .flat_map(Node::items)
        .collect()
}

/// Returns whether a rule looks into JSON anywhere.
fn reads_json(node: &Node) -> bool {
    let mut inner = node.entries().iter().map(|entry| &entry.node);
    node.text().is_some_and(|text| text.starts_with('$'))
        || node
            .entries()
            .iter()
            .any(|entry| entry.key.starts_with('$'))
        || inner.any(reads_json)
        || node.items().iter().any(reads_json)
}

/// Returns whether a `status` of a rule names a status: a number, a class such as `"4xx"`, or a list of these.
fn names_status(named: &Node, status: u16) -> bool {
    match &named.kind {
        Kind::Integer(number) => *number == i128::from(status),
        Kind::String(class) => *class == format!("{}xx", status / 100),
        Kind::List(all) => all.iter().any(|one| names_status(one, status)),
        _ => false,
    }
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
        for (word, status, line) in [
            (None, 200, Some((6, true))),
            (None, 201, None),
            (Some("wrongCode"), 422, Some((10, false))),
            (Some("expired"), 422, None),
            (Some("wrongCode"), 404, None),
        ] {
            assert_eq!(
                text.rule_for("signIn", word, status),
                line,
                "{word:?} {status}"
            );
        }
        assert!(text.says("signIn", "answer", "state"));
        assert!(text.says("signIn", "keep", "session"));
        assert!(!text.says("signIn", "keep", "state"));
    }
}
