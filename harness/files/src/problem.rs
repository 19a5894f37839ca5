//! What is wrong with a file that a person wrote: every problem at once, each with its place and a way out.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// A problem of a file: what is wrong, where, and what to do about it.
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
    /// A problem at a place; its line is filled in when the file is done.
    #[must_use]
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
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the other place.
    #[must_use]
    pub fn beside(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
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

/// Every problem of one file, in the order of its lines.
#[derive(Debug, Clone)]
pub struct FileErrors {
    path: String,
    source: NamedSource<Arc<str>>,
    problems: Vec<Problem>,
}

impl FileErrors {
    /// The problems of a file, sorted, each with its line.
    #[must_use]
    pub fn new(path: &str, text: &Arc<str>, mut problems: Vec<Problem>) -> Self {
        for problem in &mut problems {
            let start = problem.span.start.min(text.len());
            problem.span = start..problem.span.end.clamp(start, text.len());
            problem.line = line_of(text, start);
        }
        problems.sort_by(|a, b| (a.span.start, &a.message).cmp(&(b.span.start, &b.message)));
        problems.dedup();
        Self {
            path: path.to_owned(),
            source: NamedSource::new(path, Arc::clone(text)).with_language("toml"),
            problems,
        }
    }

    /// Returns the path by which messages call the file.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the problems, in the order of their lines.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for FileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => write!(f, "{} has an error", self.path),
            count => write!(f, "{} has {count} errors", self.path),
        }
    }
}

impl std::error::Error for FileErrors {}

impl Diagnostic for FileErrors {
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

/// Returns the line of a byte offset, from 1.
#[must_use]
pub fn line_of(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    text.as_bytes()[..end]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one() {
        for (offset, line) in [(0, 1), (1, 1), (2, 2), (99, 2)] {
            assert_eq!(line_of("a\nb", offset), line, "{offset}");
        }
    }

    #[test]
    fn problems_are_sorted_told_once_and_kept_inside_the_text() {
        let text: Arc<str> = Arc::from("a = 1\nb = 2\n");
        let problems = vec![
            Problem::new("second", "here", 6..7),
            Problem::new("first", "here", 0..1),
            Problem::new("second", "here", 6..7),
            Problem::new("beyond", "here", 40..50),
        ];
        let errors = FileErrors::new("x.toml", &text, problems);
        let told: Vec<String> = errors.problems().iter().map(ToString::to_string).collect();
        assert_eq!(told, ["line 1: first", "line 2: second", "line 3: beyond"]);
        assert_eq!(errors.problems()[2].span, 12..12);
        assert_eq!(errors.to_string(), "x.toml has 3 errors");
    }
}
