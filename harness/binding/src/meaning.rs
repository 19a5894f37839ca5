//! What answers mean: the compiled rules for successes and refusals, and the fields they fill.

use std::collections::BTreeMap;

use proofup_domain::answer::{Answer, Refusing};
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use serde_json::{Map, Value as Json};

use super::body_projection::BodyProjection;
use super::matcher::{Conditions, Recogniser};
use super::response::RawResponse;
use super::shape::FieldKind;
use super::source::{BodyPath, Source};
use super::value::{Value, text_of};

/// Recognises a success and fills its answer.
#[derive(Debug, Clone)]
pub(super) struct AnswerRule {
    pub(super) recogniser: Recogniser,
    pub(super) fields: FieldRules,
}

/// Recognises a refusal and fills its details.
#[derive(Debug, Clone)]
pub(super) struct RefusalRule {
    pub(super) recogniser: Recogniser,
    pub(super) refused: Refusal,
    pub(super) tries_left: Option<Source>,
    pub(super) retry_after: Option<Source>,
    pub(super) field: Option<Source>,
}

impl RefusalRule {
    /// Adds what it looks at to what is wanted of a body.
    fn want(&self, wanted: &mut BodyProjection) {
        self.recogniser.conditions.want(wanted);
        let details = [&self.tries_left, &self.retry_after, &self.field];
        details
            .into_iter()
            .flatten()
            .for_each(|source| source.want(wanted));
    }

    /// Returns whether it gives a detail.
    pub(super) const fn tells(&self, field: &str) -> bool {
        match field.as_bytes() {
            b"triesLeft" => self.tries_left.is_some(),
            b"retryAfter" => self.retry_after.is_some(),
            b"field" => self.field.is_some(),
            _ => false,
        }
    }
}

/// Fills the fields of an object.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldRules(pub(super) Vec<(String, FieldKind, FieldRule)>);

/// Fills one field.
#[derive(Debug, Clone)]
pub(super) enum FieldRule {
    /// With what the first source finds that finds anything.
    First(Vec<Source>),
    /// With whether the source finds anything.
    Exists(Source),
    /// With a constant.
    Constant(Json),
    /// With an object, made of the node of a path (none: the node at hand).
    Object(Option<BodyPath>, FieldRules),
    /// With a list of objects, one for each node of a path.
    Each(BodyPath, FieldRules),
    /// With a list of the constants whose conditions hold.
    Collect(Vec<(Json, Conditions)>),
    /// With what another rule finds, in words of the file's own.
    Translated(Box<Self>, BTreeMap<String, Json>),
}

/// Takes what later steps need, under a name.
#[derive(Debug, Clone)]
pub(super) struct KeepRule {
    pub(super) name: String,
    /// It is masked.
    pub(super) secret: bool,
    /// Every node that its path selects is kept, as a list.
    pub(super) list: bool,
    /// The first that finds anything.
    pub(super) sources: Vec<Source>,
}

impl KeepRule {
    /// Takes the value, where there is one.
    pub(super) fn take(&self, response: &RawResponse, body: Option<&Json>) -> Option<Value> {
        let found = self.sources.iter().find_map(|source| {
            if self.list {
                source.select_list(response, body).map(Json::from)
            } else {
                source.first(response, body)
            }
        })?;
        Some(if self.secret {
            Value::Secret(Secret::new(text_of(&found)))
        } else {
            Value::Plain(found)
        })
    }
}

/// Takes what several rules find.
pub(super) fn taken(
    rules: &[KeepRule],
    response: &RawResponse,
    body: Option<&Json>,
) -> Vec<(String, Value)> {
    let take = |rule: &KeepRule| Some((rule.name.clone(), rule.take(response, body)?));
    rules.iter().filter_map(take).collect()
}

impl FieldRules {
    /// Fills every field for which there is something.
    fn fill(&self, response: &RawResponse, node: Option<&Json>) -> Map<String, Json> {
        let mut filled = Map::with_capacity(self.0.len());
        for (name, kind, rule) in &self.0 {
            if let Some(value) = rule.fill(kind, response, node) {
                filled.insert(name.clone(), kind.prune(value));
            }
        }
        filled
    }

    fn want(&self, wanted: &mut BodyProjection) {
        self.0.iter().for_each(|(_, _, rule)| rule.want(wanted));
    }

    /// Returns whether any field needs a JSON body.
    fn read_body(&self) -> bool {
        self.0.iter().any(|(_, _, rule)| rule.reads_json())
    }
}

impl FieldRule {
    fn reads_json(&self) -> bool {
        match self {
            Self::First(sources) => sources.iter().all(Source::reads_json) && !sources.is_empty(),
            Self::Exists(_) | Self::Constant(_) | Self::Collect(_) => false,
            Self::Object(path, fields) => path.is_some() || fields.read_body(),
            Self::Each(..) => true,
            Self::Translated(rule, _) => rule.reads_json(),
        }
    }

    fn want(&self, wanted: &mut BodyProjection) {
        match self {
            Self::First(sources) => sources.iter().for_each(|source| source.want(wanted)),
            Self::Exists(source) => source.want(wanted),
            Self::Constant(_) => {}
            Self::Object(None, fields) => fields.want(wanted),
            Self::Object(Some(path), _) | Self::Each(path, _) => path.want(wanted),
            Self::Collect(constants) => constants
                .iter()
                .for_each(|(_, conditions)| conditions.want(wanted)),
            Self::Translated(rule, _) => rule.want(wanted),
        }
    }

    fn fill(&self, kind: &FieldKind, response: &RawResponse, node: Option<&Json>) -> Option<Json> {
        match self {
            Self::First(sources) if kind.is_list() => sources
                .iter()
                .find_map(|source| source.select_list(response, node))
                .map(Json::from),
            Self::First(sources) => sources
                .iter()
                .find_map(|source| source.first(response, node)),
            Self::Exists(source) => Some(Json::from(!source.select(response, node).is_empty())),
            Self::Constant(value) => Some(value.clone()),
            Self::Object(path, fields) => {
                let node = match path {
                    Some(path) => Some(path.first(node?)?),
                    None => node,
                };
                Some(Json::Object(fields.fill(response, node)))
            }
            Self::Each(path, fields) => {
                let nodes = path.select_list(node?)?;
                Some(
                    nodes
                        .iter()
                        .map(|node| Json::Object(fields.fill(response, Some(node))))
                        .collect(),
                )
            }
            Self::Collect(constants) => Some(
                constants
                    .iter()
                    .filter(|(_, conditions)| conditions.hold(response, node))
                    .map(|(value, _)| value.clone())
                    .collect(),
            ),
            Self::Translated(rule, words) => {
                let translate = |found: Json| words.get(&text_of(&found)).cloned().unwrap_or(found);
                Some(match rule.fill(kind, response, node)? {
                    Json::Array(list) => list.into_iter().map(translate).collect(),
                    one => translate(one),
                })
            }
        }
    }
}

/// What the answers of one operation mean.
#[derive(Debug, Clone, Default)]
pub(super) struct Meaning {
    pub(super) answers: Vec<AnswerRule>,
    pub(super) refusals: Vec<RefusalRule>,
    pub(super) keep: Vec<KeepRule>,
}

impl Meaning {
    /// Returns whether any rule of it gives a field of an answer.
    pub(super) fn tells_of_success(&self, field: &str) -> bool {
        let of_answers = |rule: &AnswerRule| rule.fields.0.iter().any(|(name, ..)| name == field);
        self.answers.iter().any(of_answers)
    }

    /// Returns whether any rule of it gives a field of an answer or of a refusal.
    pub(super) fn tells(&self, field: &str) -> bool {
        self.tells_of_success(field) || self.refusals.iter().any(|rule| rule.tells(field))
    }

    /// Returns what of a body any rule looks at, with the file's own refusals.
    pub(super) fn wanted(&self, shared: &[RefusalRule]) -> BodyProjection {
        let mut wanted = BodyProjection::default();
        for rule in &self.answers {
            rule.recogniser.conditions.want(&mut wanted);
            rule.fields.want(&mut wanted);
        }
        let refusals = self.refusals.iter().chain(shared);
        refusals.for_each(|rule| rule.want(&mut wanted));
        let kept = self.keep.iter().flat_map(|rule| &rule.sources);
        kept.for_each(|source| source.want(&mut wanted));
        // What makes a problem document, and what is told of an answer that no rule matches.
        for member in ["type", "title", "status", "code"] {
            wanted.want([member]);
        }
        wanted
    }

    /// Returns what a response means, with the file's own refusals tried after the operation's.
    pub(super) fn read(
        &self,
        response: &RawResponse,
        body: Option<&Json>,
        shared: &[RefusalRule],
    ) -> Answer {
        // A success whose fields cannot be read for want of JSON is none.
        let success = self.answers.iter().find(|rule| {
            rule.recogniser.recognises(response, body)
                && (body.is_some() || !rule.fields.read_body())
        });
        if let Some(rule) = success {
            return Answer::Success(rule.fields.fill(response, body));
        }
        let refusals = self.refusals.iter().chain(shared);
        refused(refusals, response, body).unwrap_or_else(|| unrecognised(response, body))
    }

    /// Takes what later steps need.
    pub(super) fn kept(&self, response: &RawResponse, body: Option<&Json>) -> Vec<(String, Value)> {
        taken(&self.keep, response, body)
    }
}

/// Finds the first refusal that a response is.
pub(super) fn refused<'a>(
    rules: impl IntoIterator<Item = &'a RefusalRule>,
    response: &RawResponse,
    body: Option<&Json>,
) -> Option<Answer> {
    let rule = rules
        .into_iter()
        .find(|rule| rule.recogniser.recognises(response, body))?;
    let found = |source: &Option<Source>| source.as_ref()?.first(response, body);
    let number = |source: &Option<Source>| {
        let found = found(source)?;
        // A header is a text, and the number in it is meant.
        let number = found
            .as_str()
            .and_then(|text| text.trim().parse::<u32>().ok());
        Some(number.map_or(found, Json::from))
    };
    Some(Answer::Refused {
        reason: rule.refused,
        details: Box::new(Refusing {
            tries_left: number(&rule.tries_left),
            retry_after: number(&rule.retry_after),
            field: found(&rule.field),
            problem: Some(is_problem(response, body)),
        }),
    })
}

/// Returns whether a response is a problem document (RFC 9457) that tells its own status.
fn is_problem(response: &RawResponse, body: Option<&Json>) -> bool {
    let media_type = response.header("content-type").unwrap_or_default();
    let media_type = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    media_type == "application/problem+json"
        && body.is_some_and(|body| {
            body["type"].is_string()
                && body["title"].is_string()
                && body["status"] == response.status
        })
}

/// Returns what is known of a response that no rule matches.
pub(super) fn unrecognised(response: &RawResponse, body: Option<&Json>) -> Answer {
    let code = body
        .and_then(|body| body["code"].as_str())
        .map(|code| code.chars().take(64).collect());
    Answer::Unrecognised {
        status: response.status,
        code,
    }
}
