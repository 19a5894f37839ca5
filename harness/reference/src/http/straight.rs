//! The short way to what a set-up by text asks for, which is what a service is asked for most.
//!
//! These operations are in the router, too: what is spelled in any other way is found there, and answered by the same function.
//! Searching, boxing and copying on that way cost more than most operations do.

use axum::body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;

use super::extract::{At, Body};
use super::{enrollments, methods, sessions};
use crate::app::{App, Visitor};
use crate::refused::Refused;

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
    /// Finds the operation that a request asks for; none: the router is to find it.
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

    /// Does it.
    pub(super) async fn go(
        self,
        app: &App,
        headers: &HeaderMap,
        body: body::Body,
    ) -> Result<Response, Refused> {
        match self {
            Self::SignIn => {
                let body = Body::read(headers, body).await?;
                answered(sessions::sign_in(State(app.clone()), body).await)
            }
            Self::SignOut => answered(sessions::sign_out(Visitor::find(headers, app)?).await),
            Self::BeginEnrollment => {
                let visitor = Visitor::find(headers, app)?;
                let body = Body::read(headers, body).await?;
                answered(enrollments::begin_enrollment(State(app.clone()), visitor, body).await)
            }
            Self::VerifyEnrollment(id) => {
                let visitor = Visitor::find(headers, app)?;
                let body = Body::read(headers, body).await?;
                answered(enrollments::verify_enrollment(visitor, At(id), body).await)
            }
            Self::DeleteMethod(id) => {
                let visitor = Visitor::find(headers, app)?;
                answered(methods::delete_method(visitor, At(id)).await)
            }
        }
    }
}

fn answered(answer: Result<impl IntoResponse, Refused>) -> Result<Response, Refused> {
    answer.map(IntoResponse::into_response)
}

/// Takes an id as it is drawn: 32 hexadecimal digits. Whatever else stands there may be a word of a path, or be escaped.
fn drawn(id: &str) -> Option<String> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (id.len() == 32 && id.bytes().all(is_digit)).then(|| id.to_owned())
}
