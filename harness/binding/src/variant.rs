//! Ways to do an operation: which one fits the variables, and what it does.

use serde_json::{Map, Value as Json};

use super::body_projection::BodyProjection;
use super::meaning::{Meaning, RefusalRule};
use super::request::RequestTemplate;
use super::template::Template;
use super::value::{Variables, text_of};

/// Binds one operation: its ways, in the order of the file.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) ways: Vec<Variant>,
}

/// One way to do an operation.
#[derive(Debug, Clone)]
pub(super) struct Variant {
    /// What each variable must be; none is needed where the list is empty.
    pub(super) when: Vec<(String, Vec<Json>)>,
    pub(super) does: VariantAction,
    pub(super) meaning: Meaning,
    /// It is one request after the other, with nothing in between.
    pub(super) plain: bool,
    /// Its requests can be written without being built first.
    pub(super) writes_directly: bool,
    /// What of a body the rules look at.
    pub(super) wanted: BodyProjection,
}

/// What a way does.
#[derive(Debug, Clone)]
pub(super) enum VariantAction {
    /// It sends requests.
    Requests(Vec<RequestTemplate>),
    /// Nothing: the implementation needs no request here, and this is its answer.
    Assumed(Map<String, Json>),
    /// It runs a command.
    Command(String),
}

impl Binding {
    /// Works out what of a body each way looks at, now that the file's own refusals are known.
    pub(super) fn look_out(&mut self, shared: &[RefusalRule]) {
        for variant in &mut self.ways {
            variant.wanted = variant.meaning.wanted(shared);
        }
    }

    /// Finds the first way that fits.
    pub(super) fn variant(&self, variables: &Variables) -> Option<&Variant> {
        self.ways.iter().find(|variant| variant.fits(variables))
    }

    /// Returns whether any way runs a command.
    pub(super) fn runs_commands(&self) -> bool {
        self.ways
            .iter()
            .any(|variant| matches!(variant.does, VariantAction::Command(_)))
    }

    /// Lists the requests of all ways.
    pub(super) fn requests(&self) -> impl Iterator<Item = &RequestTemplate> {
        self.ways.iter().flat_map(Variant::requests)
    }

    /// Returns the variables for which no way fits: `method = officePhone`.
    pub(super) fn misfit(&self, variables: &Variables) -> String {
        let mut told = Vec::new();
        for (name, _) in self.ways.iter().flat_map(|variant| &variant.when) {
            let value = variables.get(name).map(|value| match value {
                super::value::Value::Plain(plain) => text_of(plain),
                super::value::Value::Secret(_) | super::value::Value::Jar(_) => "***".to_owned(),
            });
            let one = match value {
                Some(value) => format!("{name} = {value}"),
                None => format!("no {name}"),
            };
            if !told.contains(&one) {
                told.push(one);
            }
        }
        told.join(", ")
    }
}

impl Variant {
    pub(super) fn new(
        when: Vec<(String, Vec<Json>)>,
        does: VariantAction,
        meaning: Meaning,
    ) -> Self {
        let all = |fits: fn(&RequestTemplate) -> bool| matches!(&does, VariantAction::Requests(requests) if requests.iter().all(fits));
        Self {
            plain: all(RequestTemplate::is_plain),
            writes_directly: all(RequestTemplate::can_write_directly),
            when,
            does,
            meaning,
            wanted: BodyProjection::Whole,
        }
    }

    /// Returns whether another request follows one that was answered so.
    pub(super) fn goes_on(&self, index: usize, status: u16) -> bool {
        let requests = self.requests();
        let goes_on = status < 400 || requests[index].go_on.contain(status);
        index + 1 < requests.len() && goes_on
    }

    fn fits(&self, variables: &Variables) -> bool {
        self.when.iter().all(|(name, allowed)| {
            let value = variables.get(name);
            value.is_some_and(|value| {
                let text = value.to_text();
                allowed.iter().any(|one| text_of(one) == text)
            })
        })
    }

    /// Returns whether it gives a field of an answer or of a refusal.
    pub(super) fn tells(&self, field: &str) -> bool {
        matches!(&self.does, VariantAction::Assumed(answer) if answer.contains_key(field))
            || self.meaning.tells(field)
    }

    /// Returns whether it gives a field of the answer that a success is.
    pub(super) fn tells_of_success(&self, field: &str) -> bool {
        matches!(&self.does, VariantAction::Assumed(answer) if answer.contains_key(field))
            || self.meaning.tells_of_success(field)
    }

    /// Lists the variables that its requests name; none where it takes all there are, or nothing at all.
    pub(super) fn names(&self) -> Option<impl Iterator<Item = &str>> {
        match &self.does {
            VariantAction::Requests(requests) => Some(
                requests
                    .iter()
                    .flat_map(RequestTemplate::templates)
                    .flat_map(Template::names),
            ),
            VariantAction::Assumed(_) | VariantAction::Command(_) => None,
        }
    }

    /// Lists its requests.
    pub(super) fn requests(&self) -> &[RequestTemplate] {
        match &self.does {
            VariantAction::Requests(requests) => requests,
            VariantAction::Assumed(_) | VariantAction::Command(_) => &[],
        }
    }
}

/// How a CSRF token is had and where it goes.
#[derive(Debug, Clone)]
pub(super) struct Csrf {
    pub(super) request: RequestTemplate,
    pub(super) token: super::source::Source,
    pub(super) place: CsrfPlace,
    /// It is fetched once for each session, not for each request.
    pub(super) once: bool,
}

/// Where a CSRF token goes.
#[derive(Debug, Clone)]
pub(super) enum CsrfPlace {
    /// Into a header.
    Header(http::HeaderName),
    /// Into the form, or the JSON object.
    Field(String),
}

impl Csrf {
    /// Lists the templates in it.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.request.templates()
    }
}
