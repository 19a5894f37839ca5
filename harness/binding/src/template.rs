//! Templates: texts and TOML values with `{name}` in their string leaves.
//!
//! All names are resolved when the file is loaded. A leaf that is only a placeholder takes the value's type; an optional
//! variable without a value drops what it stands in. There are no loops and no conditions.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proofup_domain::secret::Secret;
use serde_json::{Map, Value as Json};

use super::operation::VariableSpec;
use super::problem::Mistake;
use super::value::{Value, Variables};

/// Reads a variable of the environment.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable that a template cannot do without has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unbound(pub(super) String);

/// What a rendering makes: none where an optional variable has no value.
pub(super) type Rendered<T> = Result<Option<T>, Unbound>;

/// What a template may name.
#[derive(Clone, Copy)]
pub(super) struct NameScope<'a> {
    /// The operation, or the place, of the template.
    pub(super) owner: &'a str,
    /// What the runner offers there.
    pub(super) offered: &'static [VariableSpec],
    /// The names that the file keeps beside those of the operations.
    pub(super) kept: &'a BTreeSet<String>,
    /// Where secrets come from.
    pub(super) environment: Environment<'a>,
}

/// A text with its placeholders resolved.
#[derive(Debug, Clone)]
pub(super) struct Template(Vec<TemplatePart>);

#[derive(Debug, Clone)]
enum TemplatePart {
    Text(String),
    Environment(Secret),
    Variable { name: String, optional: bool },
}

impl Template {
    /// Reads a template as far as it can be read, and returns every mistake in it.
    pub(super) fn parse(text: &str, scope: NameScope<'_>) -> (Self, Vec<Mistake>) {
        let mut parser = Parser {
            scope,
            pieces: Vec::new(),
            literal: String::new(),
            mistakes: Vec::new(),
        };
        parser.read(text);
        parser.flush();
        (Self(parser.pieces), parser.mistakes)
    }

    /// Lists the secrets that came from the environment.
    pub(super) fn environment_secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().filter_map(|piece| match piece {
            TemplatePart::Environment(secret) => Some(secret),
            TemplatePart::Text(_) | TemplatePart::Variable { .. } => None,
        })
    }

    /// Lists the variables in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            TemplatePart::Variable { name, .. } => Some(name.as_ref()),
            TemplatePart::Text(_) | TemplatePart::Environment(_) => None,
        })
    }

    /// Fills the template as text; `encode` is applied to every value and not to what the file says itself.
    pub(super) fn render(
        &self,
        variables: &Variables,
        encode: fn(&str) -> String,
    ) -> Rendered<String> {
        let mut text = String::new();
        let mut add = |piece: &str, is_value: bool| {
            if is_value {
                text.push_str(&encode(piece));
            } else {
                text.push_str(piece);
            }
        };
        let whole = self.pieces(variables, &mut add)?;
        Ok(whole.then_some(text))
    }

    /// Hands out the text piece by piece, and says of each whether it is a value; false: an optional variable has none.
    fn pieces(
        &self,
        variables: &Variables,
        add: &mut dyn FnMut(&str, bool),
    ) -> Result<bool, Unbound> {
        for piece in &self.0 {
            match piece {
                TemplatePart::Text(literal) => add(literal, false),
                TemplatePart::Environment(secret) => add(secret.expose(), true),
                TemplatePart::Variable { name, optional } => {
                    match find(variables, name, *optional)? {
                        Some(value) => add(&value.as_text(), true),
                        None => return Ok(false),
                    }
                }
            }
        }
        Ok(true)
    }

    /// Writes the text behind what is there; false, and nothing is written: an optional variable has no value.
    pub(super) fn write(
        &self,
        variables: &Variables,
        encode: fn(&str, &mut Vec<u8>),
        out: &mut Vec<u8>,
    ) -> Result<bool, Unbound> {
        let before = out.len();
        let mut add = |piece: &str, is_value: bool| {
            if is_value {
                encode(piece, out);
            } else {
                out.extend_from_slice(piece.as_bytes());
            }
        };
        let whole = self.pieces(variables, &mut add)?;
        if !whole {
            out.truncate(before);
        }
        Ok(whole)
    }

    /// Writes what [`Self::render_json`] gives.
    fn write_json(&self, variables: &Variables, out: &mut Vec<u8>) -> Result<bool, Unbound> {
        if let [TemplatePart::Variable { name, optional }] = self.0.as_slice() {
            return Ok(match find(variables, name, *optional)? {
                None => false,
                Some(Value::Plain(Json::String(text))) => json_text(text, out),
                Some(Value::Secret(secret)) => json_text(secret.expose(), out),
                Some(value) => json_value(&value.reveal(), out),
            });
        }
        if let [TemplatePart::Text(text)] = self.0.as_slice() {
            return Ok(json_text(text, out));
        }
        let text = self.render(variables, str::to_owned)?;
        Ok(text.is_some_and(|text| json_text(&text, out)))
    }

    /// Fills the template as JSON: a placeholder on its own takes the value's type.
    fn render_json(&self, variables: &Variables) -> Rendered<Json> {
        if let [TemplatePart::Variable { name, optional }] = self.0.as_slice() {
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
    scope: NameScope<'a>,
    pieces: Vec<TemplatePart>,
    literal: String,
    mistakes: Vec<Mistake>,
}

impl Parser<'_> {
    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.pieces
                .push(TemplatePart::Text(std::mem::take(&mut self.literal)));
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
                self.mistakes.push(Mistake::UnbalancedBrace { brace: '}' });
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
            self.mistakes.push(Mistake::UnbalancedBrace { brace });
            return "";
        };
        self.flush();
        resolve(self, name);
        rest
    }

    fn environment(&mut self, name: &str) {
        match (self.scope.environment)(name) {
            Some(value) => self
                .pieces
                .push(TemplatePart::Environment(Secret::new(value))),
            None => self
                .mistakes
                .push(Mistake::MissingEnvironment(name.to_owned())),
        }
    }

    /// Resolves `{name}`, or `{name?}` for one that may have no value.
    fn variable(&mut self, written: &str) {
        let name = written.strip_suffix('?').unwrap_or(written);
        let spec = self.scope.offered.iter().find(|spec| spec.name == name);
        if spec.is_none() && !self.scope.kept.contains(name) {
            let offered = self.scope.offered.iter().map(|spec| spec.name.to_owned());
            self.mistakes.push(Mistake::UnknownVariable {
                operation: self.scope.owner.to_owned(),
                name: name.to_owned(),
                allowed: offered.chain(self.scope.kept.iter().cloned()).collect(),
            });
            return;
        }
        self.pieces.push(TemplatePart::Variable {
            name: name.to_owned(),
            optional: written.len() > name.len() || spec.is_some_and(|spec| spec.optional),
        });
    }
}

/// A JSON value whose string leaves are templates.
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

    /// Writes the body that [`Self::render_body`] gives, without building it first.
    pub(super) fn write_body(
        &self,
        variables: &Variables,
        out: &mut Vec<u8>,
    ) -> Result<(), Unbound> {
        if !self.write(variables, out)? {
            let empty: &[u8] = if matches!(self, Self::List(_)) {
                b"[]"
            } else {
                b"{}"
            };
            out.extend_from_slice(empty);
        }
        Ok(())
    }

    /// Writes the value; false, and nothing is written: everything in it was dropped.
    fn write(&self, variables: &Variables, out: &mut Vec<u8>) -> Result<bool, Unbound> {
        let before = out.len();
        match self {
            Self::Leaf(template) => template.write_json(variables, out),
            Self::Constant(value) => Ok(json_value(value, out)),
            Self::Table(members) => {
                out.push(b'{');
                for (name, member) in members {
                    let end = out.len();
                    json_text(name, out);
                    out.push(b':');
                    if member.write(variables, out)? {
                        out.push(b',');
                    } else {
                        out.truncate(end);
                    }
                }
                Ok(close(out, before, b'}', members.is_empty()))
            }
            Self::List(elements) => {
                out.push(b'[');
                for element in elements {
                    if element.write(variables, out)? {
                        out.push(b',');
                    }
                }
                Ok(close(out, before, b']', elements.is_empty()))
            }
        }
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

/// Writes a text as JSON.
fn json_text(text: &str, out: &mut Vec<u8>) -> bool {
    serde_json::to_writer(out, text).is_ok()
}

fn json_value(value: &Json, out: &mut Vec<u8>) -> bool {
    serde_json::to_writer(out, value).is_ok()
}

/// Ends an object or a list that was begun at `before`; one that was emptied is taken back.
fn close(out: &mut Vec<u8>, before: usize, end: u8, was_empty: bool) -> bool {
    if out.len() == before + 1 && !was_empty {
        out.truncate(before);
        return false;
    }
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(end);
    true
}

/// What is percent-encoded of a value in a URL: everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Encodes a value for a URL.
pub(super) fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Encodes a value for a URL, behind what is there.
pub(super) fn percent_encode_to(text: &str, out: &mut Vec<u8>) {
    for piece in utf8_percent_encode(text, RESERVED) {
        out.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operation::Operation;

    fn template(text: &str) -> Template {
        let kept = BTreeSet::from(["stateToken".to_owned()]);
        let scope = NameScope {
            owner: "beginEnrollment",
            offered: Operation::BeginEnrollment.variables(),
            kept: &kept,
            environment: &|name| (name == "KEY").then(|| "k&y".to_owned()),
        };
        let (template, mistakes) = Template::parse(text, scope);
        assert_eq!(mistakes, [], "{text}");
        template
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
        let scope = NameScope {
            owner: "signIn",
            offered: Operation::SignIn.variables(),
            kept: &BTreeSet::new(),
            environment: &|_| None,
        };
        for text in ["{password", "password}", "${KEY"] {
            let (_, mistakes) = Template::parse(text, scope);
            assert!(
                matches!(mistakes.as_slice(), [Mistake::UnbalancedBrace { .. }]),
                "{text}"
            );
        }
    }
}
