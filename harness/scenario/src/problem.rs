//! What is wrong with a file that a person wrote: every error at once, each with its place and a way out.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// Holds one error of a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// The line on which it is, from 1.
    pub line: usize,
    /// What the marked text is.
    pub label: String,
    /// The marked text, in bytes.
    pub span: Range<usize>,
    /// Another place that has to do with it, with what it is.
    pub other: Option<(Range<usize>, String)>,
    /// What is near, what is allowed, what to do.
    pub help: Option<String>,
}

impl Problem {
    /// Describes an error at a place; the line is filled in when the file is done.
    pub fn new(message: impl Into<String>, label: impl Into<String>, span: Range<usize>) -> Self {
        Self {
            message: message.into(),
            line: 0,
            label: label.into(),
            span,
            other: None,
            help: None,
        }
    }

    /// Adds what to do next.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the other place.
    pub(crate) fn beside(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.other = Some((span, label.into()));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let first = LabeledSpan::new_primary_with_span(Some(self.label.clone()), self.span.clone());
        let other = self
            .other
            .iter()
            .map(|(span, label)| LabeledSpan::new_with_span(Some(label.clone()), span.clone()));
        Some(Box::new(std::iter::once(first).chain(other)))
    }
}

/// Holds every error of one scenario file, in the order of the file.
#[derive(Debug, Clone)]
pub struct ScenarioErrors {
    path: String,
    source: NamedSource<Arc<str>>,
    problems: Vec<Problem>,
}

impl ScenarioErrors {
    /// Sorts the errors of a file and gives each its line.
    pub fn new(path: &str, source: &Arc<str>, mut problems: Vec<Problem>) -> Self {
        for problem in &mut problems {
            problem.line = line_of(source, problem.span.start);
        }
        problems.sort_by(|a, b| (a.span.start, &a.message).cmp(&(b.span.start, &b.message)));
        problems.dedup();
        Self {
            path: path.to_owned(),
            source: NamedSource::new(path, Arc::clone(source)),
            problems,
        }
    }

    /// Names the file, as the suite does.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Gives the errors in the order of the file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => write!(f, "{} has an error", self.path),
            count => write!(f, "{} has {count} errors", self.path),
        }
    }
}

impl std::error::Error for ScenarioErrors {}

impl Diagnostic for ScenarioErrors {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.problems
                .iter()
                .map(|problem| problem as &dyn Diagnostic),
        ))
    }
}

/// Tells the line of a byte offset, from 1.
pub(crate) fn line_of(source: &str, offset: usize) -> usize {
    let end = offset.min(source.len());
    source.as_bytes()[..end]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// Finds the known word that somebody probably meant.
pub fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let lower = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Writes the help for a word that nobody knows: what is near, and what is allowed.
pub(crate) fn suggest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let allowed = match known.as_slice() {
        [] => "nothing is allowed here".to_owned(),
        words => format!("allowed: {}", list(words)),
    };
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {allowed}"),
        None => allowed,
    }
}

/// Writes words in backticks, joined by commas.
pub fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_ignores_case_and_forgives_a_slip() {
        assert_eq!(nearest("signin", ["signIn", "signOut"]), Some("signIn"));
        assert_eq!(nearest("sginIn", ["signIn", "signOut"]), Some("signIn"));
        assert_eq!(nearest("banana", ["signIn", "signOut"]), None);
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!(line_of("a\nb", 0), 1);
        assert_eq!(line_of("a\nb", 2), 2);
        assert_eq!(line_of("a\nb", 99), 2);
    }
}
