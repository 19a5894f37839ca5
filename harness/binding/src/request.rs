//! Requests as a target file describes them, and how they are filled.

mod body;
mod written;

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use proofup_domain::secret::Secret;
use url::Url;

pub(super) use body::{Body, BodyTemplate};

use super::matcher::{Conditions, Statuses};
use super::meaning::KeepRule;
use super::operation::Operation;
use super::response::RawResponse;
use super::source::FormSelector;
use super::template::{Template, Unbound, percent_encode};
use super::transport::TransportError;
use super::value::Variables;

/// Describes one request of an operation.
#[derive(Debug, Clone)]
pub(super) struct RequestTemplate {
    /// None only where a form says it.
    pub(super) method: Option<Method>,
    /// None only where a form says it.
    pub(super) path: Option<Template>,
    pub(super) query: Vec<(String, Template)>,
    pub(super) headers: Vec<(HeaderName, Template)>,
    pub(super) body: BodyTemplate,
    /// The form in the answer before whose fields are sent.
    pub(super) from_form: Option<FormSelector>,
    /// What the answer holds for later requests and later operations.
    pub(super) keep: Vec<KeepRule>,
    /// Statuses from 400 after which the sequence goes on all the same.
    pub(super) go_on: Statuses,
    /// Redirects are followed.
    pub(super) follow: bool,
    /// Its own time-out.
    pub(super) timeout: Option<Duration>,
    /// It is sent until something holds.
    pub(super) poll: Option<Poll>,
    /// The file's CSRF token goes with it.
    pub(super) csrf: bool,
}

/// How long a request is sent again and again.
#[derive(Debug, Clone)]
pub(super) struct Poll {
    /// Until this holds …
    pub(super) until: Conditions,
    /// … with this pause …
    pub(super) every: Duration,
    /// … or this long.
    pub(super) within: Duration,
}

/// A request that is filled, and can still be added to.
pub(super) struct RequestDraft {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
}

impl RequestTemplate {
    /// Fills the request. Paths are put behind `base`, which has no slash at its end.
    pub(super) fn render(
        &self,
        operation: Operation,
        base: &str,
        shared: &HeaderMap,
        variables: &Variables,
    ) -> Result<Request<Bytes>, TransportError> {
        self.draft(operation, base, shared, variables, None)?
            .finish()
    }

    /// Returns whether it needs nothing but its variables.
    pub(super) fn is_plain(&self) -> bool {
        self.from_form.is_none()
            && self.keep.is_empty()
            && !self.follow
            && self.timeout.is_none()
            && self.poll.is_none()
    }

    /// Fills the request, with what a form of the answer before sends.
    pub(super) fn draft(
        &self,
        operation: Operation,
        base: &str,
        shared: &HeaderMap,
        variables: &Variables,
        before: Option<&RawResponse>,
    ) -> Result<RequestDraft, TransportError> {
        let unbound = |Unbound(variable)| TransportError::Unbound {
            operation,
            variable,
        };
        let form = match &self.from_form {
            Some(selector) => Some(form_of(selector, before)?),
            None => None,
        };
        let url = match &self.path {
            Some(path) => {
                let path = path.render(variables, percent_encode).map_err(unbound)?;
                // A path cannot do without a part of it, even where the variable is optional elsewhere.
                let path = path.ok_or_else(|| {
                    TransportError::NotSent("a variable of its path has no value".to_owned())
                })?;
                format!("{base}{path}")
            }
            None => form
                .as_ref()
                .map(|form| form.url.clone())
                .unwrap_or_default(),
        };
        let is_get = form.as_ref().is_some_and(|form| form.form.is_get);
        let method = self
            .method
            .clone()
            .unwrap_or(if is_get { Method::GET } else { Method::POST });
        let mut query = pairs(&self.query, variables).map_err(unbound)?;
        let mut body = self.body.render(variables).map_err(unbound)?;
        if let Some(form) = form {
            let body_fields = body.take_fields();
            let fields = body::merged(form.form.fields, body_fields);
            if method == Method::GET {
                query.extend(fields);
            } else {
                body = Body::Fields {
                    multipart: form.form.multipart
                        || matches!(self.body, BodyTemplate::Multipart(_)),
                    fields,
                };
            }
        }
        Ok(RequestDraft {
            method,
            url,
            query,
            headers: self.headers(operation, shared, variables)?,
            body,
        })
    }

    fn headers(
        &self,
        operation: Operation,
        shared: &HeaderMap,
        variables: &Variables,
    ) -> Result<HeaderMap, TransportError> {
        let mut headers = HeaderMap::new();
        for (name, template) in &self.headers {
            let rendered = template.render(variables, str::to_owned);
            let unbound = |Unbound(variable)| TransportError::Unbound {
                operation,
                variable,
            };
            let Some(text) = rendered.map_err(unbound)? else {
                continue;
            };
            if text.is_empty() {
                continue;
            }
            headers.append(name, header_value(name, &text)?);
        }
        for (name, value) in shared {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        Ok(headers)
    }

    /// Lists the templates in it.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let named = self.query.iter().map(|(_, template)| template);
        let headers = self.headers.iter().map(|(_, template)| template);
        self.path
            .iter()
            .chain(named)
            .chain(headers)
            .chain(self.body.templates())
    }

    /// Returns whether anything is sent as its body.
    pub(super) const fn sends_a_body(&self) -> bool {
        self.from_form.is_some() || !matches!(self.body, BodyTemplate::Empty)
    }

    /// Lists the secrets of the environment that it holds.
    pub(super) fn environment_secrets(&self) -> Vec<Secret> {
        self.templates()
            .flat_map(Template::environment_secrets)
            .cloned()
            .collect()
    }
}

impl RequestDraft {
    /// Sets a header, in place of one of its name.
    pub(super) fn set_header(
        &mut self,
        name: &HeaderName,
        text: &str,
    ) -> Result<(), TransportError> {
        let value = header_value(name, text)?;
        self.headers.insert(name, value);
        Ok(())
    }

    /// Writes the request.
    pub(super) fn finish(self) -> Result<Request<Bytes>, TransportError> {
        let mut headers = self.headers;
        let (kind, body) = self.body.write();
        if let Some(kind) = kind {
            let kind = HeaderValue::try_from(kind)
                .map_err(|error| TransportError::NotSent(error.to_string()))?;
            headers.entry(CONTENT_TYPE).or_insert(kind);
        }
        let mut url = self.url;
        if !self.query.is_empty() {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&body::encoded(&self.query));
        }
        let mut request = Request::builder()
            .method(self.method)
            .uri(url)
            .body(body)
            .map_err(|error| TransportError::NotSent(error.to_string()))?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

pub(super) fn header_value(name: &HeaderName, text: &str) -> Result<HeaderValue, TransportError> {
    HeaderValue::from_str(text)
        .map_err(|_| TransportError::NotSent(format!("the value of its header {name} is none")))
}

/// A form with its address made whole.
struct FoundForm {
    form: super::source::Form,
    url: String,
}

fn form_of(
    selector: &FormSelector,
    before: Option<&RawResponse>,
) -> Result<FoundForm, TransportError> {
    let not_sent = |why: String| TransportError::NotSent(why);
    let missing = || {
        not_sent(format!(
            "the answer before holds no form `{}`",
            selector.css()
        ))
    };
    let before = before.ok_or_else(missing)?;
    let mut form = selector.find(&before.body_text()).ok_or_else(missing)?;
    let page = Url::parse(&before.url).map_err(|error| not_sent(error.to_string()))?;
    let mut url = page
        .join(&form.action)
        .map_err(|error| not_sent(format!("its form goes to `{}`: {error}", form.action)))?;
    if url.origin() != page.origin() {
        return Err(not_sent(format!("its form goes to another host, {url}")));
    }
    url.set_fragment(None);
    if form.is_get {
        // A browser writes the fields in place of the address's own query.
        url.set_query(None);
    }
    form.action.clear();
    Ok(FoundForm {
        form,
        url: url.to_string(),
    })
}

/// Fills names and values; a pair without a value is left out.
pub(super) fn pairs(
    pairs: &[(String, Template)],
    variables: &Variables,
) -> Result<Vec<(String, String)>, Unbound> {
    let mut filled = Vec::with_capacity(pairs.len());
    for (name, template) in pairs {
        if let Some(value) = template.render(variables, str::to_owned)? {
            filled.push((name.clone(), value));
        }
    }
    Ok(filled)
}
