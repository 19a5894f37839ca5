//! Templates: texts and TOML values with `{name}` in their string leaves.
//!
//! Names are resolved when the file is loaded. A leaf that is only a placeholder takes the value's type; an optional
//! variable without a value drops what it stands in. There are no loops and no conditions.

use std::collections::BTreeSet;

use proofup_domain::secret::Secret;
use serde_json::{Map, Value as Json};

use super::operation::VariableSpec;
use super::problem::Problem;
use super::value::{Value, Variables};

/// Reads a variable of the environment.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Says that a variable which a template cannot do without has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unbound(pub(super) String);

/// What a rendering makes: none where an optional variable has no value.
pub(super) type Rendered<T> = Result<Option<T>, Unbound>;

/// Says what a template may name.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The operation, or the place, of the template.
    pub(super) owner: &'a str,
    /// What the runner offers there.
    pub(super) offered: &'static [VariableSpec],
    /// The names that the file keeps beside those of the operations.
    pub(super) kept: &'a BTreeSet<String>,
    /// Where secrets come from.
    pub(super) environment: Environment<'a>,
}

/// Holds a text with its placeholders resolved.
#[derive(Debug, Clone)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Environment(Secret),
    Variable { name: String, optional: bool },
}

impl Template {
    /// Reads a template; every problem in it is reported.
    pub(super) fn parse(text: &str, scope: Scope<'_>) -> Result<Self, Vec<Problem>> {
        let mut parser = Parser {
            scope,
            pieces: Vec::new(),
            literal: String::new(),
            problems: Vec::new(),
        };
        parser.read(text);
        parser.flush();
        if parser.problems.is_empty() {
            Ok(Self(parser.pieces))
        } else {
            Err(parser.problems)
        }
    }

    /// Lists the secrets that came from the environment.
    pub(super) fn environment_secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Environment(secret) => Some(secret),
            Piece::Text(_) | Piece::Variable { .. } => None,
        })
    }

    /// Lists the variables in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Variable { name, .. } => Some(name.as_ref()),
            Piece::Text(_) | Piece::Environment(_) => None,
        })
    }

    /// Fills the template as text; `encode` is applied to every value and not to what the file says itself.
    pub(super) fn render(
        &self,
        variables: &Variables,
        encode: fn(&str) -> String,
    ) -> Rendered<String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Environment(secret) => text.push_str(&encode(secret.expose())),
                Piece::Variable { name, optional } => match find(variables, name, *optional)? {
                    Some(value) => text.push_str(&encode(&value.to_text())),
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(text))
    }

    /// Fills the template as JSON: a placeholder on its own takes the value's type.
    fn render_json(&self, variables: &Variables) -> Rendered<Json> {
        if let [Piece::Variable { name, optional }] = self.0.as_slice() {
            return Ok(find(variables, name, *optional)?.map(Value::reveal));
        }
        Ok(self.render(variables, str::to_owned)?.map(Json::from))
    }
}

fn find<'a>(variables: &'a Variables, name: &str, optional: bool) -> Rendered<&'a Value> {
    match variables.get(name) {
        None if !optional => Err(Unbound(name.to_owned())),
        found => Ok(found),
    }
}

struct Parser<'a> {
    scope: Scope<'a>,
    pieces: Vec<Piece>,
    literal: String,
    problems: Vec<Problem>,
}

impl Parser<'_> {
    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.pieces
                .push(Piece::Text(std::mem::take(&mut self.literal)));
        }
    }

    fn read(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}', '$']) {
            let (before, found) = rest.split_at(at);
            self.literal.push_str(before);
            rest = if let Some(after) = found.strip_prefix("${") {
                self.placeholder(after, '{', Self::environment)
            } else if let Some(after) = found.strip_prefix('$') {
                self.plain('$', after)
            } else if let Some(after) = found.strip_prefix("{{") {
                self.plain('{', after)
            } else if let Some(after) = found.strip_prefix("}}") {
                self.plain('}', after)
            } else if let Some(after) = found.strip_prefix('{') {
                self.placeholder(after, '{', Self::variable)
            } else {
                self.problems.push(Problem::UnbalancedBrace { brace: '}' });
                &found[1..]
            };
        }
        self.literal.push_str(rest);
    }

    fn plain<'t>(&mut self, character: char, after: &'t str) -> &'t str {
        self.literal.push(character);
        after
    }

    fn placeholder<'t>(
        &mut self,
        after: &'t str,
        brace: char,
        resolve: fn(&mut Self, &str),
    ) -> &'t str {
        let Some((name, rest)) = after.split_once('}') else {
            self.problems.push(Problem::UnbalancedBrace { brace });
            return "";
        };
        self.flush();
        resolve(self, name);
        rest
    }

    fn environment(&mut self, name: &str) {
        match (self.scope.environment)(name) {
            Some(value) => self.pieces.push(Piece::Environment(Secret::new(value))),
            None => self
                .problems
                .push(Problem::MissingEnvironment(name.to_owned())),
        }
    }

    /// Resolves `{name}`, or `{name?}` for one that may have no value.
    fn variable(&mut self, written: &str) {
        let name = written.strip_suffix('?').unwrap_or(written);
        let spec = self.scope.offered.iter().find(|spec| spec.name == name);
        if spec.is_none() && !self.scope.kept.contains(name) {
            let offered = self.scope.offered.iter().map(|spec| spec.name.to_owned());
            self.problems.push(Problem::UnknownVariable {
                operation: self.scope.owner.to_owned(),
                name: name.to_owned(),
                allowed: offered.chain(self.scope.kept.iter().cloned()).collect(),
            });
            return;
        }
        self.pieces.push(Piece::Variable {
            name: name.to_owned(),
            optional: written.len() > name.len() || spec.is_some_and(|spec| spec.optional),
        });
    }
}

/// Holds a JSON value whose string leaves are templates.
#[derive(Debug, Clone)]
pub(super) enum JsonTemplate {
    /// A string leaf.
    Leaf(Template),
    /// An object; members in the order of the file.
    Table(Vec<(String, Self)>),
    /// A list.
    List(Vec<Self>),
    /// A number or a boolean.
    Constant(Json),
}

impl JsonTemplate {
    /// Fills the body. The outermost object stays, even when everything in it was dropped.
    pub(super) fn render_body(&self, variables: &Variables) -> Result<Json, Unbound> {
        let empty = || match self {
            Self::List(_) => Json::Array(Vec::new()),
            Self::Leaf(_) | Self::Table(_) | Self::Constant(_) => Json::Object(Map::new()),
        };
        Ok(self.render(variables)?.unwrap_or_else(empty))
    }

    fn render(&self, variables: &Variables) -> Rendered<Json> {
        match self {
            Self::Leaf(template) => template.render_json(variables),
            Self::Constant(value) => Ok(Some(value.clone())),
            Self::Table(members) => {
                let mut object = Map::new();
                for (name, member) in members {
                    if let Some(value) = member.render(variables)? {
                        object.insert(name.clone(), value);
                    }
                }
                let emptied = object.is_empty() && !members.is_empty();
                Ok((!emptied).then_some(Json::Object(object)))
            }
            Self::List(elements) => {
                let mut list = Vec::new();
                for element in elements {
                    list.extend(element.render(variables)?);
                }
                let emptied = list.is_empty() && !elements.is_empty();
                Ok((!emptied).then_some(Json::Array(list)))
            }
        }
    }

    /// Visits every template in it.
    pub(super) fn templates(&self) -> Vec<&Template> {
        match self {
            Self::Leaf(template) => vec![template],
            Self::Table(members) => members
                .iter()
                .flat_map(|(_, member)| member.templates())
                .collect(),
            Self::List(elements) => elements.iter().flat_map(Self::templates).collect(),
            Self::Constant(_) => Vec::new(),
        }
    }
}

/// Encodes a value for a URL: everything but RFC 3986's unreserved characters.
pub(super) fn percent_encode(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
            encoded.push(char::from(DIGITS[usize::from(byte & 0xf)]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::target::operation::Operation;

    fn template(text: &str) -> Template {
        let kept = BTreeSet::from(["stateToken".to_owned()]);
        let scope = Scope {
            owner: "beginEnrollment",
            offered: Operation::BeginEnrollment.variables(),
            kept: &kept,
            environment: &|name| (name == "KEY").then(|| "k&y".to_owned()),
        };
        Template::parse(text, scope).expect("the template is well formed")
    }

    fn variables() -> Variables {
        [
            ("method", Value::from(json!("mobilePhone"))),
            ("number", Value::from(json!(7))),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn texts_are_filled_by_this_table() {
        let table = [
            ("plain", Some("plain")),
            ("{method}", Some("mobilePhone")),
            ("a {method} of {number}", Some("a mobilePhone of 7")),
            ("{{method}} $5", Some("{method} $5")),
            ("${KEY}", Some("k&y")),
            ("Bearer {session}", None),
            ("{method}{address}", None),
        ];
        for (text, expected) in table {
            let rendered = template(text).render(&variables(), str::to_owned);
            assert_eq!(rendered, Ok(expected.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn values_are_encoded_and_the_file_s_own_text_is_not() {
        let rendered = template("/a?b={method}&c=${KEY}").render(&variables(), percent_encode);
        assert_eq!(rendered, Ok(Some("/a?b=mobilePhone&c=k%26y".to_owned())));
    }

    #[test]
    fn a_needed_variable_without_a_value_is_told() {
        let rendered = template("{method}").render(&Variables::default(), str::to_owned);
        assert_eq!(rendered, Err(Unbound("method".to_owned())));
        let rendered = template("{stateToken}").render(&Variables::default(), str::to_owned);
        assert_eq!(rendered, Err(Unbound("stateToken".to_owned())));
        for text in ["{method?}", "a {stateToken?}"] {
            let rendered = template(text).render(&Variables::default(), str::to_owned);
            assert_eq!(rendered, Ok(None), "{text}");
        }
    }

    #[test]
    fn unbalanced_braces_are_told() {
        let scope = Scope {
            owner: "signIn",
            offered: Operation::SignIn.variables(),
            kept: &BTreeSet::new(),
            environment: &|_| None,
        };
        for text in ["{password", "password}", "${KEY"] {
            let problems = Template::parse(text, scope).expect_err("a brace is missing");
            assert!(
                matches!(problems.as_slice(), [Problem::UnbalancedBrace { .. }]),
                "{text}"
            );
        }
    }
}
