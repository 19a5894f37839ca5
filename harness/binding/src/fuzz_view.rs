//! What drawn requests need to know of a target: where things stand in its paths, and what a request would hold.

use bytes::Bytes;
use http::{Method, Request};
use proofup_domain::answer::Answer;
use proofup_domain::secret::Secret;
use tower::ServiceExt as _;

use super::CompiledTarget;
use super::exchange::Exchange;
use super::mask::{Masker, texts};
use super::meaning::{refused, unrecognised};
use super::operation::Operation;
use super::request::RequestTemplate;
use super::response::RawResponse;
use super::template::percent_encode;
use super::transport::{Transport, TransportError};
use super::value::{Value, Variables};

/// What came back for a drawn request, unmasked: it is shown by [`CompiledTarget::exchange_of`] only.
pub type DrawnOutcome = Result<RawResponse, TransportError>;

impl CompiledTarget {
    /// Puts a path behind the base, which has no slash at its end.
    pub fn address_of(&self, path: &str) -> String {
        self.absolute(path)
    }

    /// Sends a drawn request. Nothing is masked yet: masking takes longer than sending, and most answers are never shown.
    pub async fn send_drawn(&self, transport: &Transport, request: Request<Bytes>) -> DrawnOutcome {
        let response = transport.clone().oneshot(request).await?;
        Ok(RawResponse::of(response))
    }

    /// Returns what an answer that is no success means by the file's own refusals.
    pub fn refusal_of(&self, response: &RawResponse) -> Answer {
        let body = response.json();
        refused(&self.refusals, response, body.as_ref())
            .unwrap_or_else(|| unrecognised(response, body.as_ref()))
    }

    /// Makes what may be shown of a drawn request and of what came back.
    pub fn exchange_of(
        &self,
        name: &str,
        request: &Request<Bytes>,
        came: &DrawnOutcome,
        secrets: &[Secret],
    ) -> Exchange {
        let mut masker = Masker::default();
        masker.learn(texts(secrets));
        masker.learn(texts(&self.environment_secrets));
        // A body that was drawn to break off may do so in the middle of a secret.
        let exchange = Exchange::of_request(name, request, true, &masker);
        match came {
            Ok(response) => exchange.answered(response, &masker),
            Err(error) => exchange.failed(error),
        }
    }

    /// Returns the bodies of an operation's requests; none where one cannot be made of the variables.
    pub fn bodies(&self, operation: Operation, variables: &Variables) -> Option<Vec<Bytes>> {
        let binding = self.operations.get(&operation)?;
        let prefix = self.prefix();
        let body = |template: &RequestTemplate| {
            let request = template
                .render(operation, &prefix, &self.headers, variables)
                .ok()?;
            Some(request.into_body())
        };
        binding.requests().map(body).collect()
    }

    /// Finds the operation that a path with `{placeholders}` belongs to, and the variables that stand in its place.
    ///
    /// Only where a whole segment is one variable is its name told.
    pub fn operation_at(
        &self,
        method: &Method,
        path: &str,
    ) -> Option<(Operation, Vec<Option<&'static str>>)> {
        self.operations.iter().find_map(|(operation, binding)| {
            let mut templates = binding.requests();
            templates.find_map(|template| {
                let names = names_in(*operation, template, method, path)?;
                Some((*operation, names))
            })
        })
    }
}

impl CompiledTarget {
    /// Returns whether a path belongs to test control, by where the paths of its operations begin.
    pub fn is_control(&self, path: &str) -> bool {
        let begins = |operation: Operation| {
            let binding = self.operations.get(&operation);
            let templates = binding.into_iter().flat_map(super::Binding::requests);
            let mut paths = templates.filter_map(move |template| marked(operation, template));
            paths.any(|own| first_segment(&own) == first_segment(path))
        };
        CONTROL.into_iter().any(begins) && !begins(Operation::SignIn)
    }
}

/// The operations of test control.
const CONTROL: [Operation; 10] = [
    Operation::CreateTenant,
    Operation::DeleteTenant,
    Operation::CreateUser,
    Operation::DeleteUser,
    Operation::ReadClock,
    Operation::AdvanceClock,
    Operation::SetPolicy,
    Operation::BlockUser,
    Operation::UnblockUser,
    Operation::ReadAudit,
];

fn first_segment(path: &str) -> Option<&str> {
    path.split('/').nth(1)
}

/// Writes a text as one segment of a path.
pub fn segment(text: &str) -> String {
    percent_encode(text)
}

/// Returns a template's path with its variables as `{name}`.
fn marked(operation: Operation, template: &RequestTemplate) -> Option<String> {
    let specs = operation.variables().iter();
    let marks: Variables = specs
        .map(|spec| {
            (
                spec.name,
                Value::from(format!("{{{}}}", spec.name).as_str()),
            )
        })
        .collect();
    template.path.as_ref()?.render(&marks, str::to_owned).ok()?
}

/// Lists the variables of a template in the places where a path has placeholders; none where they do not fit.
fn names_in(
    operation: Operation,
    template: &RequestTemplate,
    method: &Method,
    path: &str,
) -> Option<Vec<Option<&'static str>>> {
    if template.method.as_ref() != Some(method) {
        return None;
    }
    let specs = operation.variables();
    let rendered = marked(operation, template)?;
    let (own, other): (Vec<&str>, Vec<&str>) =
        (rendered.split('/').collect(), path.split('/').collect());
    if own.len() != other.len() {
        return None;
    }
    let mut names = Vec::new();
    for (own, other) in own.iter().zip(&other) {
        if other.starts_with('{') {
            let name = specs
                .iter()
                .find(|spec| **own == format!("{{{}}}", spec.name));
            names.push(name.map(|spec| spec.name));
        } else if own != other {
            return None;
        }
    }
    Some(names)
}
