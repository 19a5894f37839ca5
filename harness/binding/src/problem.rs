//! What is wrong with a target file: every problem at once, each with its line, the nearest word and what is allowed.

use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};

/// Says why a target file cannot be used: everything that is wrong with it, in the order of its lines.
#[derive(Debug, Clone, thiserror::Error)]
#[error("could not use the target file {path}: {} to put right", plural(.errors.len()))]
pub struct TargetErrors {
    path: String,
    text: NamedSource<String>,
    errors: Vec<TargetError>,
}

impl TargetErrors {
    pub(super) fn new(path: &str, text: &str, mut errors: Vec<TargetError>) -> Self {
        errors.sort_by_key(|error| error.span.offset());
        Self {
            path: path.to_owned(),
            text: NamedSource::new(path, text.to_owned()).with_language("toml"),
            errors,
        }
    }

    /// Lists the problems, in the order of their lines.
    #[must_use]
    pub fn errors(&self) -> &[TargetError] {
        &self.errors
    }
}

impl Diagnostic for TargetErrors {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(
            self.errors.iter().map(|error| error as &dyn Diagnostic),
        ))
    }
}

/// Holds one problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TargetError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: Problem,
    span: SourceSpan,
}

impl TargetError {
    pub(super) fn new(text: &str, span: Range<usize>, problem: Problem) -> Self {
        let start = span.start.min(text.len());
        let before = text.as_bytes().get(..start).unwrap_or_default();
        Self {
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            problem,
            span: (start..span.end.clamp(start, text.len())).into(),
        }
    }
}

impl Diagnostic for TargetError {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.problem.help()))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::at(
            self.span, "here",
        ))))
    }
}

/// Says what can be wrong with a target file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is no TOML.
    #[error("the text is no TOML: {0}")]
    Syntax(String),
    /// A key that is not of the format.
    #[error("unknown key `{key}`")]
    UnknownKey {
        /// The key.
        key: String,
        /// What could stand there.
        allowed: Vec<String>,
    },
    /// A key that must be there.
    #[error("`{key}` is missing")]
    MissingKey {
        /// The key.
        key: String,
    },
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What may stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A word outside a closed set.
    #[error("unknown word `{word}`")]
    UnknownWord {
        /// The word.
        word: String,
        /// The set.
        allowed: Vec<String>,
    },
    /// A placeholder that the runner does not fill.
    #[error("{operation} has no variable `{name}`")]
    UnknownVariable {
        /// The operation, or the place, of the template.
        operation: String,
        /// The placeholder's name.
        name: String,
        /// What is offered.
        allowed: Vec<String>,
    },
    /// A brace that opens or closes nothing.
    #[error("unbalanced `{brace}` in a template")]
    UnbalancedBrace {
        /// The brace.
        brace: char,
    },
    /// A name that is kept and that nothing uses.
    #[error("{operation} keeps `{name}`, and nothing uses it")]
    UnknownKeep {
        /// The operation.
        operation: String,
        /// The name.
        name: String,
        /// What the harness uses of it.
        allowed: Vec<String>,
    },
    /// A field outside the operation's answer.
    #[error("the answer of {operation} has no field `{name}`")]
    UnknownAnswerField {
        /// The operation, with the field where one is nested.
        operation: String,
        /// The name.
        name: String,
        /// The fields.
        allowed: Vec<String>,
    },
    /// A field mapped in a form that it does not have.
    #[error("`{name}` is {is}, and is mapped as {mapped}")]
    WrongMapping {
        /// The field.
        name: String,
        /// What the field holds.
        is: &'static str,
        /// What the mapping makes.
        mapped: &'static str,
    },
    /// A mapping without a meaning, or with two.
    #[error("a mapping says exactly one of `from`, `exists`, `value`, `collect` and `answer`")]
    AmbiguousMapping,
    /// An operation that can never succeed.
    #[error("`answers` is empty: the operation could never succeed")]
    NoAnswers,
    /// A path that is no JSONPath.
    #[error("`{path}` is no JSONPath ({reason})")]
    BadPath {
        /// The path.
        path: String,
        /// Where its parser stopped.
        reason: String,
    },
    /// A source, a filter or a matcher that cannot be read.
    #[error("`{written}` cannot be read ({reason})")]
    BadSource {
        /// What was written.
        written: String,
        /// Why not.
        reason: String,
    },
    /// A regular expression that cannot be compiled.
    #[error("`codePattern` is no regular expression: {0}")]
    BadPattern(String),
    /// A URL that cannot be a base.
    #[error("`{url}` cannot be the base: {reason}")]
    BadBase {
        /// The URL.
        url: String,
        /// Why not.
        reason: String,
    },
    /// A duration that cannot be read.
    #[error("`{0}` is no duration")]
    BadDuration(String),
    /// A status outside HTTP.
    #[error("`{0}` is no HTTP status")]
    BadStatus(String),
    /// A status that ends no sequence anyway.
    #[error("`goOn` names `{0}`, after which requests go on anyway")]
    NeedlessGoOn(String),
    /// A way that is never taken.
    #[error("this way is never taken: the one before it fits always")]
    UnreachableWay,
    /// A command where only requests can be.
    #[error("{0} cannot be a command")]
    NoCommand(String),
    /// An operation that something else of the file needs.
    #[error("`{key}` needs the operation `{operation}`")]
    NeedsOperation {
        /// What needs it.
        key: &'static str,
        /// The operation.
        operation: &'static str,
    },
    /// A proxy that cannot be one.
    #[error("`{url}` cannot be the proxy: {reason}")]
    BadProxy {
        /// The URL.
        url: String,
        /// Why not.
        reason: String,
    },
    /// A file of certificates that cannot be used.
    #[error("the certificates of `{path}` cannot be used: {reason}")]
    BadCertificates {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A request method that is none.
    #[error("`{0}` is no HTTP method")]
    BadMethod(String),
    /// A request path that is none.
    #[error("the path `{0}` does not begin with `/`")]
    BadRequestPath(String),
    /// A header name that is none.
    #[error("`{0}` is no header name")]
    BadHeader(String),
    /// A variable of the environment that is not set.
    #[error("the environment has no `{0}`")]
    MissingEnvironment(String),
    /// Two things of which only one can be.
    #[error("`{0}` and `{1}` exclude each other")]
    Exclusive(&'static str, &'static str),
    /// A facility that is declared and that no operation serves.
    #[error("the facility `{facility}` is declared, and nothing gives it")]
    UnservedFacility {
        /// The facility.
        facility: String,
        /// What would give it.
        by: &'static str,
    },
    /// What surrounds the implementation cannot be as the file says.
    #[error("{why}")]
    Surroundings {
        /// What is wrong.
        why: String,
        /// What to do about it.
        help: &'static str,
    },
    /// Two users of one name.
    #[error("two users are named `{0}`")]
    DuplicateUser(String),
}

impl Problem {
    /// Says what cannot be in the world around the implementation.
    pub(super) fn surroundings(why: impl Into<String>, help: &'static str) -> Self {
        let why = why.into();
        Self::Surroundings { why, help }
    }

    /// Says what to do about it.
    fn help(&self) -> String {
        match self {
            Self::Syntax(_) => "see https://toml.io; strings stand in quotes, tables in brackets".to_owned(),
            Self::UnknownKey { key, allowed } => nearest(key, allowed, "write"),
            Self::MissingKey { key } => format!("add `{key} = …`"),
            Self::WrongType { expected, .. } => format!("write {expected}"),
            Self::UnknownWord { word, allowed } => nearest(word, allowed, "write"),
            Self::UnknownVariable { name, allowed, .. } if allowed.is_empty() => {
                format!("nothing is offered here: write the value in place of `{{{name}}}`; `{{{{` is a plain brace")
            }
            Self::UnknownVariable { name, allowed, .. } => nearest(name, allowed, "offered:"),
            Self::UnbalancedBrace { .. } => {
                "a placeholder is `{name}`; a plain brace is written twice: `{{`, `}}`".to_owned()
            }
            Self::UnknownKeep { name, allowed, .. } => unused(name, allowed),
            Self::UnknownAnswerField { allowed, .. } if allowed.is_empty() => {
                "remove it: there is nothing to tell".to_owned()
            }
            Self::UnknownAnswerField { name, allowed, .. } => nearest(name, allowed, "write"),
            Self::WrongMapping { .. } => {
                "write a source, `{ each = …, answer = … }` for a list of objects, `{ at = …, answer = … }` for an object, or \
                 `{ collect = … }` for a list of single values"
                    .to_owned()
            }
            Self::AmbiguousMapping => {
                "write `{ from = …, words = … }`, `{ each = …, answer = … }`, `{ at = …, answer = … }`, `{ exists = … }`, \
                 `{ collect = … }` or `{ value = … }`"
                    .to_owned()
            }
            Self::NoAnswers => "write `answers = [{ status = 200 }]`".to_owned(),
            Self::BadPath { .. } => {
                "write an RFC 9535 path such as `$.value[*].id`, or `header:…`, `cookie:…`, `regex:…`, `html:…@…`, `body`, \
                 `url`, `status`"
                    .to_owned()
            }
            Self::BadSource { .. } => {
                "expressions are those of the `regex` crate, selectors those of CSS; filters are `qr`, `param:…`, `regex:…`, \
                 `html`, `base32`"
                    .to_owned()
            }
            Self::NeedlessGoOn(_) => "name statuses from 400, such as `goOn = [401]`".to_owned(),
            Self::UnreachableWay => "give the one before it a `when`, or put this one first".to_owned(),
            Self::NoCommand(_) => {
                "write requests: only what makes users, tenants, policy and time can be a command".to_owned()
            }
            Self::NeedsOperation { operation, .. } => format!("bind [operations.{operation}]"),
            Self::BadProxy { .. } => "write an http URL with a port, such as `http://127.0.0.1:3128`".to_owned(),
            Self::BadCertificates { .. } => "name a PEM file, its path from this file's folder".to_owned(),
            Self::BadPattern(_) => "write it in the syntax of the `regex` crate; look-around is not in it".to_owned(),
            Self::BadBase { .. } => "write an http URL such as `http://127.0.0.1:8080`".to_owned(),
            Self::BadDuration(_) => "write a number and a unit: `500ms`, `2s` or `1m`".to_owned(),
            Self::BadStatus(_) => "write a number from 100 to 599, or a class such as `2xx`".to_owned(),
            Self::BadMethod(_) => "write GET, POST, PUT, PATCH or DELETE".to_owned(),
            Self::BadRequestPath(_) => "write it from the root; what comes before stands in `base`".to_owned(),
            Self::BadHeader(_) => "write letters, digits and hyphens".to_owned(),
            Self::MissingEnvironment(name) => format!("set it before the run: `export {name}=…`"),
            Self::Exclusive(first, _) => format!("keep `{first}` or the other"),
            Self::UnservedFacility { by, .. } => format!("bind {by}, or take the facility out of the declaration"),
            Self::Surroundings { help, .. } => (*help).to_owned(),
            Self::DuplicateUser(_) => "rename one of them".to_owned(),
        }
    }
}

/// Says what to do about a name that nothing uses.
fn unused(name: &str, allowed: &[String]) -> String {
    let lead = format!("write `{{{name}}}` where it is needed, or remove it");
    if allowed.is_empty() {
        return lead;
    }
    format!("{}; or {lead}", nearest(name, allowed, "the harness uses"))
}

/// Names the nearest allowed word, if one is near, and then all of them.
fn nearest(word: &str, allowed: &[String], lead: &str) -> String {
    let limit = (word.chars().count() / 3).max(2);
    let closest = allowed
        .iter()
        .map(|one| (strsim::damerau_levenshtein(word, one), one))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance);
    let list: Vec<String> = allowed.iter().map(|one| format!("`{one}`")).collect();
    let list = format!("{lead} {}", list.join(", "));
    match closest {
        Some((_, one)) => format!("did you mean `{one}`? {list}"),
        None => list,
    }
}

fn plural(count: usize) -> String {
    if count == 1 {
        "1 problem".to_owned()
    } else {
        format!("{count} problems")
    }
}
