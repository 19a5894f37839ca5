//! The short way to what a set-up by text asks for, which is what a service is asked for most.
//!
//! These operations are in the router, too: what is spelled in any other way is found there, and answered by the same function.
//! Searching, boxing and copying on that way cost more than most operations do.

use std::pin::Pin;

use axum::extract::{FromRequest as _, Request, State};
use axum::response::{IntoResponse, Response};

use super::extract::{At, JsonBody};
use super::{enrollments, methods, sessions};
use crate::refused::Refused;
use crate::service::{App, Visitor};

/// An operation that is found without a search.
#[derive(Debug)]
pub(super) enum Straight {
    SignIn,
    SignOut,
    BeginEnrollment,
    VerifyEnrollment(String),
    DeleteMethod(String),
}

impl Straight {
    /// Returns the operation that a request asks for, or none if the router is to find it.
    pub(super) fn of(request: &Request) -> Option<Self> {
        match (request.method().as_str(), request.uri().path()) {
            ("POST", "/v1/sessions") => Some(Self::SignIn),
            ("DELETE", "/v1/sessions/current") => Some(Self::SignOut),
            ("POST", "/v1/enrollments") => Some(Self::BeginEnrollment),
            ("POST", path) => {
                let rest = path.strip_prefix("/v1/enrollments/")?;
                drawn(rest.strip_suffix("/verification")?).map(Self::VerifyEnrollment)
            }
            ("DELETE", path) => drawn(path.strip_prefix("/v1/methods/")?).map(Self::DeleteMethod),
            _ => None,
        }
    }

    /// Does it. Each operation is boxed by itself, so that none takes the room of the largest.
    pub(super) fn go(self, app: &App, request: Request) -> Answering<'_> {
        match self {
            Self::SignIn => Box::pin(sign_in(app, request)),
            Self::SignOut => Box::pin(sign_out(app, request)),
            Self::BeginEnrollment => Box::pin(begin_enrollment(app, request)),
            Self::VerifyEnrollment(id) => Box::pin(verify_enrollment(app, request, id)),
            Self::DeleteMethod(id) => Box::pin(delete_method(app, request, id)),
        }
    }
}

/// An operation under way.
type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response, Refused>> + Send + 'a>>;

async fn sign_in(app: &App, request: Request) -> Result<Response, Refused> {
    let body = JsonBody::from_request(request, app).await?;
    answered(sessions::sign_in(State(app.clone()), body).await)
}

async fn sign_out(app: &App, request: Request) -> Result<Response, Refused> {
    let visitor = Visitor::find(request.headers(), app)?;
    answered(sessions::sign_out(visitor).await)
}

async fn begin_enrollment(app: &App, request: Request) -> Result<Response, Refused> {
    let visitor = Visitor::find(request.headers(), app)?;
    let body = JsonBody::from_request(request, app).await?;
    answered(enrollments::begin_enrollment(State(app.clone()), visitor, body).await)
}

async fn verify_enrollment(app: &App, request: Request, id: String) -> Result<Response, Refused> {
    let visitor = Visitor::find(request.headers(), app)?;
    let body = JsonBody::from_request(request, app).await?;
    answered(enrollments::verify_enrollment(visitor, At(id), body).await)
}

async fn delete_method(app: &App, request: Request, id: String) -> Result<Response, Refused> {
    let visitor = Visitor::find(request.headers(), app)?;
    answered(methods::delete_method(visitor, At(id)).await)
}

fn answered(answer: Result<impl IntoResponse, Refused>) -> Result<Response, Refused> {
    answer.map(IntoResponse::into_response)
}

/// Takes an id as it is drawn: 32 hexadecimal digits. Whatever else stands there may be a word of a path, or be escaped.
fn drawn(id: &str) -> Option<String> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (id.len() == 32 && id.bytes().all(is_digit)).then(|| id.to_owned())
}
