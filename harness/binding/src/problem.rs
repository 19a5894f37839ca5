//! What can be wrong with a target file beyond its form: templates, sources, mappings, and what belongs together.

use std::ops::Range;

use proofup_files::quantity::BadQuantity;
use proofup_files::{Problem, list, nearest, suggest};

/// A mistake in a target file that its schema cannot tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Mistake {
    /// A key that must be there.
    #[error("`{key}` is missing")]
    MissingKey {
        /// The key.
        key: String,
    },
    /// A word outside a closed set.
    #[error("unknown value `{word}`")]
    UnknownWord {
        /// The word.
        word: String,
        /// The set.
        allowed: Vec<String>,
    },
    /// A placeholder that the harness cannot fill.
    #[error("{operation} has no variable `{name}`")]
    UnknownVariable {
        /// The operation, or the place, of the template.
        operation: String,
        /// The placeholder's name.
        name: String,
        /// What there is.
        allowed: Vec<String>,
    },
    /// A brace that opens or closes nothing.
    #[error("unbalanced `{brace}` in a template")]
    UnbalancedBrace {
        /// The brace.
        brace: char,
    },
    /// A name that is kept, but that nothing uses.
    #[error("{operation} keeps `{name}`, but nothing uses it")]
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
    #[error("`{name}` is {is}, but is mapped as {mapped}")]
    WrongMapping {
        /// The field.
        name: String,
        /// What the field holds.
        is: &'static str,
        /// What the mapping makes.
        mapped: &'static str,
    },
    /// A mapping without a meaning, or with two.
    #[error("a mapping has exactly one of `from`, `exists`, `value`, `collect` and `answer`")]
    AmbiguousMapping,
    /// An operation that can never succeed.
    #[error("`answers` is empty: the operation could never succeed")]
    NoAnswers,
    /// A path that is not a JSONPath.
    #[error("`{path}` is not a JSONPath ({reason})")]
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
    #[error("`codePattern` is not a regular expression: {0}")]
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
    #[error("bad duration \"{0}\"")]
    BadDuration(String),
    /// A status outside HTTP.
    #[error("`{0}` is not an HTTP status")]
    BadStatus(String),
    /// A status that ends no sequence anyway.
    #[error("`goOn` lists `{0}`, after which requests go on anyway")]
    NeedlessGoOn(String),
    /// A way that is never taken.
    #[error("this way is never taken: the one before it always fits")]
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
    /// A request method that HTTP does not have.
    #[error("`{0}` is not an HTTP method")]
    BadMethod(String),
    /// A request path that does not begin at the root.
    #[error("the path `{0}` does not begin with `/`")]
    BadRequestPath(String),
    /// A text that cannot be the name of a header.
    #[error("`{0}` is not a header name")]
    BadHeader(String),
    /// A variable of the environment that is not set.
    #[error("the environment variable `{0}` is not set")]
    MissingEnvironment(String),
    /// Two things of which only one can be.
    #[error("`{0}` and `{1}` exclude each other")]
    Exclusive(&'static str, &'static str),
    /// A facility that is declared, but that no operation provides.
    #[error("the facility `{facility}` is declared, but nothing provides it")]
    UnservedFacility {
        /// The facility.
        facility: String,
        /// What would provide it.
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

impl Mistake {
    /// A mistake about the world around the implementation.
    pub(super) fn surroundings(why: impl Into<String>, help: &'static str) -> Self {
        let why = why.into();
        Self::Surroundings { why, help }
    }

    /// The problem that this mistake is at a place of the file.
    pub(super) fn at(self, span: Range<usize>) -> Problem {
        Problem::new(self.to_string(), "here", span).help(self.help())
    }

    /// Returns what to do about it.
    fn help(&self) -> String {
        match self {
            Self::MissingKey { key } => format!("add `{key} = …`"),
            Self::UnknownWord { word, allowed } => suggest(word, allowed.iter().map(String::as_str)),
            Self::UnknownVariable { name, allowed, .. } if allowed.is_empty() => {
                format!("there are no variables here: write the value in place of `{{{name}}}`; `{{{{` is a plain brace")
            }
            Self::UnknownVariable { name, allowed, .. } => suggest(name, allowed.iter().map(String::as_str)),
            Self::UnbalancedBrace { .. } => {
                "a placeholder is `{name}`; a plain brace is written twice: `{{`, `}}`".to_owned()
            }
            Self::UnknownKeep { name, allowed, .. } => unused(name, allowed),
            Self::UnknownAnswerField { allowed, .. } if allowed.is_empty() => {
                "remove it: this answer has no fields".to_owned()
            }
            Self::UnknownAnswerField { name, allowed, .. } => suggest(name, allowed.iter().map(String::as_str)),
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
                "write requests: only operations on users, tenants, policy and time can be commands".to_owned()
            }
            Self::NeedsOperation { operation, .. } => format!("add [operations.{operation}]"),
            Self::BadProxy { .. } => "write an http URL with a port, such as `http://127.0.0.1:3128`".to_owned(),
            Self::BadCertificates { .. } => "write the path of a PEM file, relative to this file's folder".to_owned(),
            Self::BadPattern(_) => "write it in the syntax of the `regex` crate; look-around is not in it".to_owned(),
            Self::BadBase { .. } => "write an http URL such as `http://127.0.0.1:8080`".to_owned(),
            Self::BadDuration(_) => BadQuantity::Duration.to_string(),
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

/// Returns what to do about a name that nothing uses.
fn unused(name: &str, allowed: &[String]) -> String {
    let lead = format!("write `{{{name}}}` where it is needed, or remove it");
    if allowed.is_empty() {
        return lead;
    }
    let near = nearest(name, allowed.iter().map(String::as_str));
    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    format!("{near}the harness uses {}; or {lead}", list(allowed))
}
