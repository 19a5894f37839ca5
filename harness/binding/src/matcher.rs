//! Recognises answers: by their status, and by what stands in them.

use std::ops::RangeInclusive;

use regex::Regex;
use serde_json::Value as Json;

use super::body_projection::BodyProjection;
use super::response::RawResponse;
use super::source::Source;
use super::value::text_of;

/// Statuses, single ones and whole classes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Statuses(pub(super) Vec<RangeInclusive<u16>>);

impl Statuses {
    /// Returns whether a status is one of them.
    pub(super) fn contain(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

/// Recognises an answer by its status and by what stands in it.
#[derive(Debug, Clone)]
pub(super) struct Recogniser {
    pub(super) statuses: Statuses,
    pub(super) conditions: Conditions,
}

impl Recogniser {
    /// Returns whether a response is such an answer.
    pub(super) fn recognises(&self, response: &RawResponse, body: Option<&Json>) -> bool {
        self.statuses.contain(response.status) && self.conditions.hold(response, body)
    }
}

/// What must stand in a response, all of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions(pub(super) Vec<(Source, Test)>);

impl Conditions {
    /// Adds what they look at to what is wanted of a body.
    pub(super) fn want(&self, wanted: &mut BodyProjection) {
        self.0.iter().for_each(|(source, _)| source.want(wanted));
    }

    /// Returns whether all of it stands there.
    pub(super) fn hold(&self, response: &RawResponse, node: Option<&Json>) -> bool {
        self.0.iter().all(|(source, test)| {
            let found = source.select(response, node);
            test.passes(&found, source.is_typed())
        })
    }
}

/// Tests what a source found.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// It equals a constant.
    Equals(Json),
    /// All that is said of it holds.
    Matches(Box<Matcher>),
}

/// What is said of a value; what is not said does not matter.
#[derive(Debug, Clone, Default)]
pub(super) struct Matcher {
    /// An expression finds something in it.
    pub(super) matches: Option<Regex>,
    /// It contains this text; a list, this element.
    pub(super) contains: Option<String>,
    /// There is anything at all.
    pub(super) exists: Option<bool>,
    /// It equals one of these.
    pub(super) one_of: Option<Vec<Json>>,
}

impl Test {
    fn passes(&self, found: &[Json], typed: bool) -> bool {
        match self {
            Self::Equals(wanted) => found.iter().any(|one| equal(one, wanted, typed)),
            Self::Matches(matcher) => matcher.passes(found, typed),
        }
    }
}

impl Matcher {
    fn passes(&self, found: &[Json], typed: bool) -> bool {
        if self.exists.is_some_and(|wanted| wanted == found.is_empty()) {
            return false;
        }
        let says_more = self.matches.is_some() || self.contains.is_some() || self.one_of.is_some();
        !says_more || found.iter().any(|one| self.fits(one, typed))
    }

    fn fits(&self, one: &Json, typed: bool) -> bool {
        let text = text_of(one);
        let contains = |wanted: &String| match one {
            Json::Array(elements) => elements.iter().any(|element| text_of(element) == *wanted),
            _ => text.contains(wanted),
        };
        let is_one_of = |wanted: &Vec<Json>| wanted.iter().any(|other| equal(one, other, typed));
        self.matches
            .as_ref()
            .is_none_or(|regex| regex.is_match(&text))
            && self.contains.as_ref().is_none_or(contains)
            && self.one_of.as_ref().is_none_or(is_one_of)
    }
}

/// Compares values; where the source gives only texts, by their texts.
fn equal(found: &Json, wanted: &Json, typed: bool) -> bool {
    found == wanted || (!typed && text_of(found) == text_of(wanted))
}
