//! Problem documents (RFC 9457): one shape for every refusal, those of the framework included.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use proofup_domain::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use super::json::written;
use crate::refused::Refused;
use crate::wire::word;

/// The media type of a problem document.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was refused (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProblemDocument {
    /// `urn:proofup:problem:` and the code.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The code in words.
    pub(crate) title: &'static str,
    /// The status of the response.
    pub(crate) status: u16,
    /// The documented reason.
    #[schema(schema_with = word::<Refusal>)]
    pub(crate) code: Refusal,
    /// What is wrong and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<&'static str>,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// Wrong tries that are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tries_left: Option<u32>,
    /// Seconds until it is worth trying again; also the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u32>,
    /// Everything that is wrong, where several things are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<ProblemField>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemField {
    /// The field, as its path in the body.
    pub(crate) field: String,
    /// A stable word.
    pub(crate) reason: &'static str,
}

/// Returns a refusal's status and title.
pub(crate) const fn status_and_title(refusal: Refusal) -> (StatusCode, &'static str) {
    use Refusal as R;
    use StatusCode as S;
    match refusal {
        R::InvalidCredentials => (S::UNAUTHORIZED, "the user name or password is not right"),
        R::Unauthenticated => (S::UNAUTHORIZED, "no valid token or secret was sent"),
        R::Interrupted => (S::FORBIDDEN, "more information is required first"),
        R::SecondStepRequired => (S::FORBIDDEN, "a second step is required first"),
        R::ReviewDue => (S::FORBIDDEN, "the security info is to be reviewed first"),
        R::ContactAdministrator => (S::FORBIDDEN, "contact the administrator"),
        R::Blocked => (S::FORBIDDEN, "the account is blocked for now"),
        R::Forbidden => (S::FORBIDDEN, "only administrators may do this"),
        R::MethodNotAvailable => (S::FORBIDDEN, "the method is not available"),
        R::DeferralNotOffered => (S::CONFLICT, "waiting is not offered"),
        R::NotInterrupted => (S::CONFLICT, "no information is required"),
        R::NoReviewDue => (S::CONFLICT, "no review is due"),
        R::RequiredInfoMissing => (S::CONFLICT, "required information is missing"),
        R::OutOfOrder => (S::CONFLICT, "the request came out of order"),
        R::AlreadyVerified => (S::CONFLICT, "already verified"),
        R::AlreadyAnswered => (S::CONFLICT, "already answered"),
        R::NotEligible => (S::CONFLICT, "this cannot be chosen or changed"),
        R::GateAlreadyPassed => (S::CONFLICT, "another gate is needed"),
        R::GatesMissing => (S::CONFLICT, "not all gates are passed"),
        R::WrongCode => (S::UNPROCESSABLE_ENTITY, "the code is wrong"),
        R::WrongAnswers => (S::UNPROCESSABLE_ENTITY, "the answers are wrong"),
        R::InvalidAddress => (S::UNPROCESSABLE_ENTITY, "the address is not valid"),
        R::WorkAddressNotAllowed => (
            S::UNPROCESSABLE_ENTITY,
            "a work or school address cannot be registered",
        ),
        R::InvalidNumber => (S::UNPROCESSABLE_ENTITY, "the number is not valid"),
        R::NumberCannotReceiveTexts => (S::UNPROCESSABLE_ENTITY, "the number cannot receive texts"),
        R::InvalidAnswers => (S::UNPROCESSABLE_ENTITY, "the answers break a rule"),
        R::InvalidPassword => (S::UNPROCESSABLE_ENTITY, "the password breaks a rule"),
        R::InvalidPolicy => (S::UNPROCESSABLE_ENTITY, "the policy cannot be met"),
        R::InvalidInput => (S::UNPROCESSABLE_ENTITY, "a field is not valid"),
        R::Expired => (S::GONE, "expired"),
        R::Exhausted => (S::GONE, "no tries are left"),
        R::Cancelled => (S::GONE, "it was cancelled"),
        R::Denied => (S::CONFLICT, "it was denied"),
        R::NotFound => (S::NOT_FOUND, "not found"),
        R::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "the path does not have this method"),
        R::PayloadTooLarge => (S::PAYLOAD_TOO_LARGE, "the body is too large"),
        R::UnsupportedMediaType => (
            S::UNSUPPORTED_MEDIA_TYPE,
            "the media type of the body is not supported",
        ),
        R::Malformed => (S::BAD_REQUEST, "the request cannot be read"),
        R::Throttled => (S::TOO_MANY_REQUESTS, "too soon"),
        R::GatewayFailed => (S::BAD_GATEWAY, "the message could not be sent"),
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, title) = status_and_title(self.refusal);
        let status = self.status.unwrap_or(status);
        let errors = self.errors.into_iter();
        let problem = ProblemDocument {
            kind: format!("urn:proofup:problem:{}", self.refusal),
            title,
            status: status.as_u16(),
            code: self.refusal,
            detail: self.detail,
            field: self.field,
            tries_left: self.tries_left,
            retry_after: self.retry_after,
            errors: errors
                .map(|error| ProblemField {
                    field: error.field,
                    reason: error.reason,
                })
                .collect(),
        };
        let mut response = written(&problem, PROBLEM_JSON);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.refusal == Refusal::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Makes a problem document of an error that the framework answered in its own words.
pub(crate) fn translate(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_problem = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == PROBLEM_JSON);
    if !is_error || is_problem {
        return response;
    }
    let refusal = match status {
        StatusCode::NOT_FOUND => Refusal::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Refusal::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal::UnsupportedMediaType,
        _ => Refusal::Malformed,
    };
    let (parts, body) = response.into_parts();
    drop::<Body>(body);
    let mut problem = Refused::from(refusal).into_response();
    for (name, value) in &parts.headers {
        if name == http::header::ALLOW {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    problem
}
