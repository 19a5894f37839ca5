//! Requests as a target file describes them, and how they are filled.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use proofup_domain::secret::Secret;

use super::operation::Operation;
use super::template::{JsonTemplate, Template, Unbound, percent_encode};
use super::transport::TransportError;
use super::value::Variables;

/// Describes one request of an operation.
#[derive(Debug, Clone)]
pub(super) struct RequestTemplate {
    pub(super) method: Method,
    pub(super) path: Template,
    pub(super) query: Vec<(String, Template)>,
    pub(super) headers: Vec<(HeaderName, Template)>,
    pub(super) body: BodyTemplate,
}

/// Describes the body of a request.
#[derive(Debug, Clone)]
pub(super) enum BodyTemplate {
    /// None.
    Empty,
    /// JSON.
    Json(JsonTemplate),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
}

impl RequestTemplate {
    /// Fills the request. Paths are put behind `base`, which has no slash at its end.
    pub(super) fn render(
        &self,
        operation: Operation,
        base: &str,
        variables: &Variables,
    ) -> Result<Request<Bytes>, TransportError> {
        let unbound = |Unbound(variable)| TransportError::Unbound {
            operation,
            variable,
        };
        let path = self
            .path
            .render(variables, percent_encode)
            .map_err(unbound)?;
        // A path cannot do without a part of it, even where the variable is optional elsewhere.
        let path = path.ok_or_else(|| {
            TransportError::NotSent("a variable of its path has no value".to_owned())
        })?;
        let query = pairs(&self.query, variables).map_err(unbound)?;
        let mark = if path.contains('?') { '&' } else { '?' };
        let query = if query.is_empty() {
            query
        } else {
            format!("{mark}{query}")
        };
        let mut headers = self.headers(operation, variables)?;
        let (kind, body) = match &self.body {
            BodyTemplate::Empty => (None, Bytes::new()),
            BodyTemplate::Json(body) => {
                let body = body.render_body(variables).map_err(unbound)?;
                (Some("application/json"), Bytes::from(body.to_string()))
            }
            BodyTemplate::Form(fields) => {
                let fields = pairs(fields, variables).map_err(unbound)?;
                (
                    Some("application/x-www-form-urlencoded"),
                    Bytes::from(fields),
                )
            }
        };
        if let Some(kind) = kind {
            headers
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static(kind));
        }
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(format!("{base}{path}{query}"))
            .body(body)
            .map_err(|error| TransportError::NotSent(error.to_string()))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn headers(
        &self,
        operation: Operation,
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
            let value = HeaderValue::from_str(&text).map_err(|_| {
                TransportError::NotSent(format!("the value of its header {name} is none"))
            })?;
            headers.append(name, value);
        }
        Ok(headers)
    }

    /// Lists the secrets of the environment that it holds.
    pub(super) fn environment_secrets(&self) -> Vec<Secret> {
        let named = self.query.iter().map(|(_, template)| template);
        let headers = self.headers.iter().map(|(_, template)| template);
        let body = match &self.body {
            BodyTemplate::Empty => Vec::new(),
            BodyTemplate::Json(body) => body.templates(),
            BodyTemplate::Form(fields) => fields.iter().map(|(_, template)| template).collect(),
        };
        let templates = std::iter::once(&self.path)
            .chain(named)
            .chain(headers)
            .chain(body);
        templates
            .flat_map(Template::environment_secrets)
            .cloned()
            .collect()
    }
}

/// Fills names and values as a query or a form; a pair without a value is left out.
fn pairs(pairs: &[(String, Template)], variables: &Variables) -> Result<String, Unbound> {
    let mut text = String::new();
    for (name, template) in pairs {
        if let Some(value) = template.render(variables, percent_encode)? {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(&format!("{}={value}", percent_encode(name)));
        }
    }
    Ok(text)
}
