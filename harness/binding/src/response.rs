//! A response as it came: read only when somebody asks.

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::jar::set_by;
use super::transport::MAX_HEADERS;
use super::value::text_of;

/// A response as it came.
#[derive(Clone)]
pub struct RawResponse {
    /// The status.
    pub status: u16,
    headers: Headers,
    /// The body.
    pub body: Bytes,
    /// The address that answered, after redirects.
    pub(super) url: String,
    /// The cookies that would go with the next request there, where cookies are kept.
    pub(super) cookies: Vec<(String, String)>,
}

/// The headers of an answer: many are never looked at, so what came over a raw connection is read only when somebody asks.
#[derive(Clone)]
struct Headers {
    /// The head as it came; empty where the table was there first.
    head: Box<[u8]>,
    table: OnceLock<HeaderMap>,
}

impl Headers {
    fn table(&self) -> &HeaderMap {
        self.table
            .get_or_init(|| headers_of(&self.head).unwrap_or_default())
    }
}

impl From<HeaderMap> for Headers {
    fn from(table: HeaderMap) -> Self {
        Self {
            head: Box::default(),
            table: OnceLock::from(table),
        }
    }
}

impl std::fmt::Debug for RawResponse {
    /// Shows sizes only: the content may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.status)
            .field("headers", &self.headers().len())
            .field("body", &self.body.len())
            .finish()
    }
}

impl RawResponse {
    /// Reads a response of a transport as it came.
    #[must_use]
    pub fn of(response: http::Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers.into(),
            body,
            url: String::new(),
            cookies: Vec::new(),
        }
    }

    /// Makes a response without a request: what a command wrote, or nothing at all.
    pub(crate) fn made(status: u16, body: Bytes) -> Self {
        Self {
            status,
            headers: HeaderMap::new().into(),
            body,
            url: String::new(),
            cookies: Vec::new(),
        }
    }

    /// Takes an answer as it came over a raw connection, whose head is whole and was read before.
    pub(super) fn of_lane(status: u16, head: &[u8], body: Bytes) -> Self {
        Self {
            headers: Headers {
                head: Box::from(head),
                table: OnceLock::new(),
            },
            ..Self::made(status, body)
        }
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.headers.table()
    }

    /// Returns the value of a cookie: as this answer sets it, else as the jar holds it.
    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        set_by(self.headers(), name).or_else(|| {
            let held = self.cookies.iter().find(|(held, _)| held == name);
            held.map(|(_, value)| value.clone())
        })
    }

    /// Returns the body as text.
    pub(super) fn body_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Returns the first header of a name, as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let value = self.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// Reads the body as JSON; none if it is not.
    #[must_use]
    pub fn json(&self) -> Option<Json> {
        serde_json::from_slice(json_text(&self.body)).ok()
    }

    /// Returns headers and body as one text, for a search.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.headers() {
            text.push_str(&format!(
                "{name}: {}\n",
                String::from_utf8_lossy(value.as_bytes())
            ));
        }
        text.push_str(&String::from_utf8_lossy(&self.body));
        text
    }

    /// Lists every place that holds a text, with the text: `header:location`, `$.detail`, `$.value[*].id`.
    ///
    /// The elements of a list are one place, so that what stands in several of them is seen to recur. A body that is no
    /// JSON is the one place `body`.
    #[must_use]
    pub fn places(&self) -> Vec<(String, String)> {
        let mut places: Vec<(String, String)> = self
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    format!("header:{name}"),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        match self.json() {
            Some(body) => collect("$", &body, &mut places),
            None => places.push((
                "body".to_owned(),
                String::from_utf8_lossy(&self.body).into_owned(),
            )),
        }
        places
    }
}

/// Returns a body without the byte order mark before it: readers of JSON may ignore one (RFC 8259, 8.1), and most do.
pub(super) fn json_text(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Collects the leaves of a body, and the names of its members. The depth is bounded by the parser's.
fn collect(place: &str, node: &Json, places: &mut Vec<(String, String)>) {
    match node {
        Json::Object(members) => {
            for (name, member) in members {
                places.push((format!("{place}.~names"), name.clone()));
                collect(&format!("{place}.{name}"), member, places);
            }
        }
        Json::Array(elements) => {
            for element in elements {
                collect(&format!("{place}[*]"), element, places);
            }
        }
        leaf => places.push((place.to_owned(), text_of(leaf))),
    }
}

/// Reads the headers of an answer's head; none: that is not whole, or one is no header.
fn headers_of(head: &[u8]) -> Option<HeaderMap> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    response.parse(head).ok()?;
    head_map(response.headers)
}

/// Collects headers; none: one is not what the `http` crate takes for a header.
pub(super) fn head_map(headers: &[httparse::Header<'_>]) -> Option<HeaderMap> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        map.append(name, HeaderValue::from_bytes(header.value).ok()?);
    }
    Some(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body_projection::BodyProjection;

    #[test]
    fn a_byte_order_mark_before_json_is_read_past() {
        for (body, is_json) in [
            (&b"\xef\xbb\xbf{\"a\":1}"[..], true),
            (b"{\"a\":1}", true),
            (b"\xef\xbb\xbf\xef\xbb\xbf{}", false),
            (b"\xef\xbb\xbf", false),
        ] {
            let response = RawResponse::made(200, Bytes::from_static(body));
            assert_eq!(response.json().is_some(), is_json, "{body:?}");
            assert_eq!(
                BodyProjection::Whole.read(body),
                response.json(),
                "{body:?}"
            );
        }
    }
}
