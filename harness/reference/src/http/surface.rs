//! How answers look on the wire, where the contract leaves it open.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::body::Frame;
use serde::Serialize as _;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Value};

use super::problem::PROBLEM_JSON;
use crate::pause::Pause;
use crate::rules::Surface;

/// The media type of answers that are no problem document.
const JSON: &str = "application/json";

/// How long a slow answer takes: more than a moment, less than any time-out.
const A_WHILE: Duration = Duration::from_millis(3);

/// The largest answer that is rewritten.
const LARGEST: usize = 16 * 1024 * 1024;

/// Returns an answer in the form that the rules ask for.
pub(crate) async fn dress(surface: Surface, mut response: Response, pause: &Pause) -> Response {
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
            pause.take(A_WHILE).await;
            response
        }
        Surface::Reversed
        | Surface::Spaced
        | Surface::Escaped
        | Surface::ExtraMembersEverywhere
        | Surface::NoDaysLeftUnsaid => respelt(response, |value| spelling(surface, value)).await,
        Surface::NullsInProblems if is(response.headers(), PROBLEM_JSON) => {
            rewritten(response, |problem| {
                for member in ["detail", "field", "triesLeft", "retryAfter", "instance"] {
                    problem.entry(member).or_insert(Value::Null);
                }
            })
            .await
        }
        Surface::MediaTypesRespelt => with_media_type_respelt(response),
        Surface::InPieces => in_pieces(response).await,
        Surface::ClosesConnections => {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
            response
        }
        Surface::FailsOnMalformed if response.status() == StatusCode::BAD_REQUEST => {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
        Surface::Terse
        | Surface::NullsInProblems
        | Surface::FailsOnMalformed
        | Surface::RepeatsRequest => response,
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

fn is(headers: &HeaderMap, kind: &str) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|found| found == kind)
}

/// Changes the object in a JSON body; whatever else there is stays as it is.
async fn rewritten(response: Response, change: impl FnOnce(&mut Map<String, Value>)) -> Response {
    respelt(response, |mut value| {
        if let Some(object) = value.as_object_mut() {
            change(object);
        }
        text(&value)
    })
    .await
}

/// Writes a JSON body in another way; whatever is no JSON stays as it is.
async fn respelt(response: Response, spell: impl FnOnce(Value) -> Vec<u8>) -> Response {
    if !is(response.headers(), PROBLEM_JSON) && !is(response.headers(), JSON) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let Ok(value) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(spell(value)))
}

/// Writes JSON as a look wants it.
fn spelling(surface: Surface, value: Value) -> Vec<u8> {
    match surface {
        Surface::Reversed => text(&reversed(value)),
        Surface::Spaced => format!("\r\n{value:#}\n\t").into_bytes(),
        Surface::Escaped => escaped(&value),
        Surface::ExtraMembersEverywhere => text(&extended(value)),
        Surface::NoDaysLeftUnsaid => text(&without_no_days_left(value)),
        _ => text(&value),
    }
}

/// Takes `daysLeft` away where it is 0.
fn without_no_days_left(mut value: Value) -> Value {
    let deferral = value.get_mut("deferral").and_then(Value::as_object_mut);
    if let Some(deferral) = deferral
        && deferral.get("daysLeft").and_then(Value::as_u64) == Some(0)
    {
        deferral.remove("daysLeft");
    }
    value
}

/// Spells the media type in capitals, and adds a charset to it.
fn with_media_type_respelt(mut response: Response) -> Response {
    let respelt = match response.headers().get(CONTENT_TYPE) {
        Some(kind) if kind == PROBLEM_JSON => "Application/Problem+JSON; charset=utf-8",
        Some(kind) if kind == JSON => "Application/JSON; Charset=\"utf-8\"",
        _ => return response,
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(respelt));
    response
}

fn text(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Turns the order of the members of every object round.
fn reversed(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let members = object.into_iter().rev();
            Value::Object(
                members
                    .map(|(name, value)| (name, reversed(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(reversed).collect()),
        other => other,
    }
}

/// Adds a member to every object. The description of the service stays as it is: a member more would change what it means.
fn extended(value: Value) -> Value {
    match value {
        Value::Object(object) if object.contains_key("openapi") => Value::Object(object),
        Value::Object(object) => {
            let members = object.into_iter();
            let mut object: Map<_, _> = members
                .map(|(name, value)| (name, extended(value)))
                .collect();
            object.insert("xNote".to_owned(), Value::from(["one", "more"].as_slice()));
            Value::Object(object)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(extended).collect()),
        other => other,
    }
}

/// Writes each character of a text as `\u` and four digits (RFC 8259, 7).
struct Escapes;

impl Formatter for Escapes {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> std::io::Result<()> {
        fragment
            .encode_utf16()
            .try_for_each(|unit| write!(writer, "\\u{unit:04x}"))
    }
}

fn escaped(value: &Value) -> Vec<u8> {
    let mut written = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut written, Escapes);
    match value.serialize(&mut serializer) {
        Ok(()) => written,
        Err(_) => text(value),
    }
}

/// A body of unknown length, piece after piece.
struct Pieces(VecDeque<Bytes>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

async fn in_pieces(response: Response) -> Response {
    const PIECE: usize = 7;
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, LARGEST).await.unwrap_or_default();
    if whole.is_empty() {
        return Response::from_parts(parts, Body::empty());
    }
    parts.headers.remove(CONTENT_LENGTH);
    let pieces = whole.chunks(PIECE).map(Bytes::copy_from_slice).collect();
    Response::from_parts(parts, Body::new(Pieces(pieces)))
}
