//! How answers look on the wire, where the contract leaves it open.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::problem::PROBLEM_JSON;
use crate::rules::Surface;

/// How long a slow answer takes: more than a moment, less than any time-out.
const A_WHILE: Duration = Duration::from_millis(3);

/// The largest answer that is rewritten.
const LARGEST: usize = 16 * 1024 * 1024;

/// Returns an answer in the form that the rules ask for.
pub(crate) async fn dress(surface: Surface, mut response: Response) -> Response {
    match surface {
        Surface::Plain => response,
        Surface::ExtraMembers => {
            rewritten(response, |object| {
                let note = Value::from("more may be told than is asked for");
                object.insert("xNote".to_owned(), note);
            })
            .await
        }
        Surface::ExtraHeaders => {
            let headers = response.headers_mut();
            for (name, value) in [("x-request-id", "one-of-many"), ("server-timing", "all")] {
                let name = HeaderName::from_static(name);
                headers.insert(name, HeaderValue::from_static(value));
            }
            response
        }
        Surface::Terse if is(response.headers(), PROBLEM_JSON) => {
            rewritten(response, |problem| {
                problem.remove("detail");
                problem.insert("title".to_owned(), Value::from("No"));
            })
            .await
        }
        Surface::Slow => {
            take_a_while().await;
            response
        }
        Surface::FailsOnMalformed if response.status() == StatusCode::BAD_REQUEST => {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
        Surface::Terse | Surface::FailsOnMalformed | Surface::RepeatsRequest => response,
    }
}

/// Adds the body of a request to the refusal that answers it.
pub(crate) async fn repeated(body: Bytes, response: Response) -> Response {
    if !is(response.headers(), PROBLEM_JSON) {
        return response;
    }
    rewritten(response, |problem| {
        let repeated = String::from_utf8_lossy(&body).into_owned();
        problem.insert("received".to_owned(), Value::from(repeated));
    })
    .await
}

/// Reads the body of a request, and gives the request with it back.
pub(crate) async fn buffered(request: Request) -> (Bytes, Request) {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    (body.clone(), Request::from_parts(parts, Body::from(body)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "that an answer takes its time is what this looks like"
)]
async fn take_a_while() {
    tokio::time::sleep(A_WHILE).await;
}

fn is(headers: &HeaderMap, kind: &str) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|found| found == kind)
}

/// Changes the object in a JSON body; whatever else there is stays as it is.
async fn rewritten(response: Response, change: impl FnOnce(&mut Map<String, Value>)) -> Response {
    if !is(response.headers(), PROBLEM_JSON) && !is(response.headers(), "application/json") {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let Ok(Value::Object(mut object)) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    change(&mut object);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Value::Object(object).to_string()))
}
