//! Where a response holds something: a JSONPath into its body, a header, a cookie, a place in HTML, what an expression
//! finds, and what filters make of it.

mod filter;
mod html;
mod path;
mod qr;

use http::HeaderName;
use regex::Regex;
use serde_json::Value as Json;

use super::body_projection::BodyProjection;
use super::problem::Mistake;
use super::response::RawResponse;
use filter::Filter;
use html::HtmlSource;
pub(super) use html::{Form, FormSelector};
pub(super) use path::BodyPath;

/// Points into a response.
#[derive(Debug, Clone)]
pub(super) struct Source {
    extractor: Extractor,
    filters: Vec<Filter>,
}

#[derive(Debug, Clone)]
enum Extractor {
    /// Into the JSON body, or into a node of it.
    Path(BodyPath),
    /// To a header.
    Header(HeaderName),
    /// To a cookie: as this answer sets it, else as the jar holds it.
    Cookie(String),
    /// To what an expression finds in the body.
    Regex(Regex),
    /// Into HTML.
    Html(HtmlSource),
    /// To the whole body.
    Body,
    /// To the address of the answer.
    Url,
    /// To the status.
    Status,
}

impl Source {
    /// Reads a source with its filters: `header:location | param:token`.
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        let mut parts = text.split(" | ");
        let extractor = Extractor::parse(parts.next().unwrap_or_default().trim())?;
        let filters = parts.map(|part| Filter::parse(part.trim()));
        Ok(Self {
            extractor,
            filters: filters.collect::<Result<_, _>>()?,
        })
    }

    /// Selects what is there, JSON null left out.
    pub(super) fn select(&self, response: &RawResponse, node: Option<&Json>) -> Vec<Json> {
        let mut filters = self.filters.as_slice();
        let mut found = match (&self.extractor, filters.split_first()) {
            // An image is no text, so it is read before anything makes one of it.
            (Extractor::Body, Some((Filter::Qr, rest))) => {
                filters = rest;
                qr::of_image_or_text(&response.body)
                    .map(Json::from)
                    .into_iter()
                    .collect()
            }
            (extractor, _) => extractor.select(response, node),
        };
        for filter in filters {
            found = found.iter().filter_map(|one| filter.apply(one)).collect();
        }
        found
    }

    /// Selects the first that is there, JSON null left out.
    pub(super) fn first(&self, response: &RawResponse, node: Option<&Json>) -> Option<Json> {
        match &self.extractor {
            // Most fields are this, and need no list.
            Extractor::Path(path) if self.filters.is_empty() => path.first(node?).cloned(),
            _ => self.select(response, node).into_iter().next(),
        }
    }

    /// Selects a list: none where there is not even a place for one.
    pub(super) fn select_list(
        &self,
        response: &RawResponse,
        node: Option<&Json>,
    ) -> Option<Vec<Json>> {
        match &self.extractor {
            Extractor::Path(path) if self.filters.is_empty() => path.select_list(node?),
            // A page that shows none of them shows an empty list.
            Extractor::Html(_) => Some(self.select(response, node)),
            _ => Some(self.select(response, node)).filter(|values| !values.is_empty()),
        }
    }

    /// Adds what it takes of a JSON body to what is wanted of that.
    pub(super) fn want(&self, wanted: &mut BodyProjection) {
        if let Extractor::Path(path) = &self.extractor {
            path.want(wanted);
        }
    }

    /// Returns whether it needs a JSON body.
    pub(super) const fn reads_json(&self) -> bool {
        matches!(self.extractor, Extractor::Path(_))
    }

    /// Returns whether what it finds has the types of JSON, and is not just text.
    pub(super) const fn is_typed(&self) -> bool {
        self.reads_json() && self.filters.is_empty()
    }
}

impl Extractor {
    fn parse(text: &str) -> Result<Self, Mistake> {
        match text {
            "body" => return Ok(Self::Body),
            "url" => return Ok(Self::Url),
            "status" => return Ok(Self::Status),
            _ => {}
        }
        match text.split_once(':') {
            Some(("header", name)) => HeaderName::try_from(name)
                .map(Self::Header)
                .map_err(|_| Mistake::BadHeader(name.to_owned())),
            Some(("cookie", name)) if !name.is_empty() => Ok(Self::Cookie(name.to_owned())),
            Some(("regex", pattern)) => expression(pattern).map(Self::Regex),
            Some(("html", selector)) => HtmlSource::parse(selector).map(Self::Html),
            _ => BodyPath::parse(text).map(Self::Path),
        }
    }

    fn select(&self, response: &RawResponse, node: Option<&Json>) -> Vec<Json> {
        let one = |text: Option<String>| text.map(Json::from).into_iter().collect();
        match self {
            Self::Path(path) => node
                .map(|node| path.select(node).into_iter().cloned().collect())
                .unwrap_or_default(),
            Self::Header(name) => one(response.header(name.as_str())),
            Self::Cookie(name) => one(response.cookie(name)),
            Self::Regex(regex) => found_by(regex, &response.body_text()).collect(),
            Self::Html(source) => source
                .select(&response.body_text())
                .into_iter()
                .map(Json::from)
                .collect(),
            Self::Body => one(Some(response.body_text().into_owned())),
            Self::Url => one(Some(response.url.clone()).filter(|url| !url.is_empty())),
            Self::Status => vec![Json::from(response.status)],
        }
    }
}

/// Compiles a regular expression of a source, a filter or a matcher.
pub(super) fn expression(pattern: &str) -> Result<Regex, Mistake> {
    Regex::new(pattern).map_err(|error| Mistake::BadSource {
        written: format!("regex:{pattern}"),
        reason: error
            .to_string()
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned(),
    })
}

/// Returns what an expression finds: its first group where it has one, else all of it.
fn found_by(regex: &Regex, text: &str) -> impl Iterator<Item = Json> {
    let found: Vec<Json> = regex
        .captures_iter(text)
        .filter_map(|captures| captures.get(1).or_else(|| captures.get(0)))
        .map(|found| Json::from(found.as_str()))
        .collect();
    found.into_iter()
}
