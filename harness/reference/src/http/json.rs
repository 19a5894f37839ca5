//! Answers in JSON.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// Answers in JSON, as axum's own type does, but written into a buffer that most answers fit.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// How long most answers are at most: a set-up takes some 350 bytes.
const USUAL: usize = 512;

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        written(&self.0, "application/json")
    }
}

/// Writes an answer in JSON under a media type.
pub(super) fn written(value: &impl Serialize, media_type: &'static str) -> Response {
    let mut text = Vec::with_capacity(USUAL);
    if serde_json::to_writer(&mut text, value).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut response = Response::new(Body::from(text));
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
