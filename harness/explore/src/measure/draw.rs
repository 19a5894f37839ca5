//! Draws malformed requests: one thing is wrong with each, and what that is is told.

mod odd;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use proofup_binding::fuzz_view::segment;
use proofup_binding::{CompiledTarget, Variables};
use proofup_domain::secret::Secret;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::Value as Json;

use self::odd::{odd_value, places, with};
use super::openapi::{Endpoint, OTHER_METHODS, OpenApiDocument};
use super::sample::Sampler;

/// A drawn request.
pub(super) struct Drawn {
    /// What is wrong with it.
    pub(super) what: String,
    pub(super) request: Request<Bytes>,
    /// The body says it is JSON and is none, and the endpoint needs one: nothing can have been done.
    pub(super) unreadable: bool,
}

/// What is needed to draw requests for one endpoint.
pub(super) struct Drawer<'a> {
    pub(super) target: &'a CompiledTarget,
    pub(super) document: &'a OpenApiDocument,
    pub(super) endpoint: &'a Endpoint,
    /// What the person who sends it has.
    pub(super) known: &'a Variables,
    /// What is sent as bearer token.
    pub(super) credential: Option<&'a Secret>,
}

/// A request while it is put together.
struct DrawnRequest {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    media: Option<String>,
    body: Vec<u8>,
}

const JSON: &str = "application/json";

impl Drawer<'_> {
    /// Draws a request; equal generators draw equal requests.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Option<Drawn> {
        let (sample, media) = self.sample(rng);
        let text = sample
            .as_ref()
            .map_or_else(String::new, |sample| written(sample, media.as_deref()));
        let mut draft = DrawnRequest {
            method: self.endpoint.method.clone(),
            path: self.path(None, rng),
            query: String::new(),
            headers: HeaderMap::new(),
            media,
            body: text.into_bytes(),
        };
        // Without a session only some of the time: what nobody may do is refused before it is looked at.
        if let Some(credential) = self.credential.filter(|_| rng.random_bool(0.85)) {
            let value = HeaderValue::from_str(&format!("Bearer {}", credential.expose()));
            draft.headers.insert(AUTHORIZATION, value.ok()?);
        }
        let is_json = draft
            .media
            .as_deref()
            .is_some_and(|media| media.contains("json"));
        let mut unreadable = false;
        let what = match rng.random_range(0..if sample.is_some() { 100 } else { 40 }) {
            0..12 => self.odd_path(&mut draft, rng),
            12..20 => self.odd_query(&mut draft, rng),
            20..30 => odd_headers(&mut draft, rng),
            30..36 => self.other_method(&mut draft, rng),
            36..40 => unasked_body(&mut draft, rng),
            40..48 => odd_media(&mut draft, rng),
            48..64 if is_json => {
                unreadable = self.endpoint.needs_body;
                let (what, is_broken) = broken(&mut draft, rng);
                unreadable &= is_broken;
                what
            }
            64..68 => other_body(&mut draft, rng),
            _ => match sample {
                Some(Json::Object(members)) if is_json => odd_member(&mut draft, members, rng),
                _ => broken(&mut draft, rng).0,
            },
        };
        let request = draft.request(self.target)?;
        Some(Drawn {
            what,
            request,
            unreadable,
        })
    }

    fn sample(&self, rng: &mut ChaCha8Rng) -> (Option<Json>, Option<String>) {
        if self.endpoint.bodies.is_empty() {
            return (None, None);
        }
        let at = rng.random_range(0..self.endpoint.bodies.len());
        let (media, schema) = &self.endpoint.bodies[at];
        let sampler = Sampler {
            document: self.document,
            known: self.known,
        };
        (
            Some(sampler.sample(schema, "", 0, rng)),
            Some(media.clone()),
        )
    }

    /// Fills the path with what is known, else with ids that nobody has; `odd` takes the place of one of them.
    fn path(&self, odd: Option<&str>, rng: &mut ChaCha8Rng) -> String {
        let endpoint = self.endpoint;
        let names = self.target.operation_at(&endpoint.method, &endpoint.path);
        let names = names.map(|(_, names)| names).unwrap_or_default();
        let placeholders = endpoint.path.matches('{').count();
        let spoilt = rng.random_range(0..placeholders.max(1));
        let mut at = 0;
        let segments = endpoint.path.split('/').map(|part| {
            if !part.starts_with('{') {
                return part.to_owned();
            }
            let name = names.get(at).copied().flatten();
            let known = name
                .and_then(|name| self.known.get(name))
                .map(|value| value.reveal());
            let filled = match (odd, known) {
                (Some(odd), _) if at == spoilt => odd.to_owned(),
                (_, Some(Json::String(id))) => segment(&id),
                _ => format!("{:032x}", rng.random::<u128>()),
            };
            at += 1;
            filled
        });
        let segments: Vec<String> = segments.collect();
        segments.join("/")
    }

    fn odd_path(&self, draft: &mut DrawnRequest, rng: &mut ChaCha8Rng) -> String {
        const ODD: [&str; 18] = [
            "%00",
            "..",
            "%2e%2e%2f%2e%2e",
            "a%2Fb",
            "%FF%FE",
            "%ED%A0%80",
            "%20",
            "-1",
            "0",
            "null",
            "undefined",
            "%F0%9F%98%80",
            "%27%20OR%20%271%27%3D%271",
            "%0d%0aX-Odd:%20yes",
            "*",
            "%25s%25n",
            "%E2%80%AE",
            ";a=b",
        ];
        if self.endpoint.path.contains('{') {
            let long = "a".repeat(2000);
            let at = rng.random_range(0..=ODD.len());
            let odd = ODD.get(at).copied().unwrap_or(&long);
            draft.path = self.path(Some(odd), rng);
            let told = if at == ODD.len() {
                "2,000 characters"
            } else {
                odd
            };
            return format!("{told} in place of an id");
        }
        let tail = ["/", "//", "/.", "/%00", "/..", "%20", ";a=b", "/unknown"];
        let tail = tail[rng.random_range(0..tail.len())];
        draft.path.push_str(tail);
        format!("{tail} behind the path")
    }

    fn odd_query(&self, draft: &mut DrawnRequest, rng: &mut ChaCha8Rng) -> String {
        const ODD: [&str; 12] = [
            "",
            "-1",
            "1e400",
            "99999999999999999999",
            "%00",
            "%FF",
            "%zz",
            "NaN",
            "[]",
            "%F0%9F%98%80",
            "null",
            "a&a=b",
        ];
        let odd = ODD[rng.random_range(0..ODD.len())];
        let declared = &self.endpoint.query;
        let name = if declared.is_empty() {
            ["top", "id", "%00", "", "__proto__[a]", "$filter"][rng.random_range(0..6)]
        } else {
            &declared[rng.random_range(0..declared.len())]
        };
        draft.query = match rng.random_range(0..8) {
            0 => format!("{name}={}", "9".repeat(2000)),
            1 => "&&=&?".to_owned(),
            _ => format!("{name}={odd}"),
        };
        let told: String = draft.query.chars().take(40).collect();
        format!("the query `{told}`")
    }

    fn other_method(&self, draft: &mut DrawnRequest, rng: &mut ChaCha8Rng) -> String {
        let own = self.document.methods_of(&self.endpoint.path);
        let others: Vec<&Method> = OTHER_METHODS
            .iter()
            .filter(|other| !own.contains(other))
            .collect();
        if others.is_empty() {
            return unasked_body(draft, rng);
        }
        draft.method = others[rng.random_range(0..others.len())].clone();
        if draft.method == Method::TRACE {
            // TRACE takes no body (RFC 9110 §9.3.8).
            draft.body.clear();
            draft.media = None;
        }
        format!("the method {}, which the path does not have", draft.method)
    }
}

impl DrawnRequest {
    fn request(mut self, target: &CompiledTarget) -> Option<Request<Bytes>> {
        if let Some(media) = &self.media {
            self.headers
                .insert(CONTENT_TYPE, HeaderValue::from_str(media).ok()?);
        }
        let mark = if self.query.is_empty() { "" } else { "?" };
        let address = format!("{}{mark}{}", target.address_of(&self.path), self.query);
        let mut request = Request::builder()
            .method(self.method)
            .uri(address)
            .body(Bytes::from(self.body))
            .ok()?;
        *request.headers_mut() = self.headers;
        Some(request)
    }
}

fn written(sample: &Json, media: Option<&str>) -> String {
    match (media, sample) {
        (Some("application/x-www-form-urlencoded"), Json::Object(members)) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in members {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                form.append_pair(name, &text);
            }
            form.finish()
        }
        _ => sample.to_string(),
    }
}

fn odd_headers(draft: &mut DrawnRequest, rng: &mut ChaCha8Rng) -> String {
    let long = "x".repeat(4000);
    let odd: [&[u8]; 8] = [
        b"Bearer",
        b"Bearer ",
        b"Bearer a b c",
        b"Basic YTpi",
        b"Bearer \xff\xfe",
        b"bearer null",
        b",,,",
        long.as_bytes(),
    ];
    let others: [(HeaderName, &str); 6] = [
        (ACCEPT, "nonsense"),
        (CONTENT_ENCODING, "gzip"),
        (RANGE, "bytes=9-1"),
        (HeaderName::from_static("x-http-method-override"), "DELETE"),
        (HeaderName::from_static("forwarded"), "for=\"[::1\";;"),
        (HeaderName::from_static("if-match"), "\"unclosed"),
    ];
    match rng.random_range(0..10) {
        0..2 => {
            draft.headers.remove(AUTHORIZATION);
            "no Authorization".to_owned()
        }
        2..7 => {
            let at = rng.random_range(0..odd.len());
            if let Ok(mut value) = HeaderValue::from_bytes(odd[at]) {
                value.set_sensitive(true);
                draft.headers.insert(AUTHORIZATION, value);
            }
            format!("an Authorization that is none (number {at})")
        }
        7 => {
            draft
                .headers
                .append(AUTHORIZATION, HeaderValue::from_static("Bearer second"));
            "a second Authorization".to_owned()
        }
        _ => {
            let (name, value) = &others[rng.random_range(0..others.len())];
            draft.headers.insert(name, HeaderValue::from_static(value));
            format!("the header {name}: {value}")
        }
    }
}

fn unasked_body(draft: &mut DrawnRequest, rng: &mut ChaCha8Rng) -> String {
    let bodies = ["{}", "{\"a\":1}", "[", "\0\0\0\0", "<a/>"];
    let body = bodies[rng.random_range(0..bodies.len())];
    draft.body = body.as_bytes().to_vec();
    draft.media = Some(JSON.to_owned());
    format!("the body {}", body.escape_debug())
}

fn odd_media(draft: &mut DrawnRequest, rng: &mut ChaCha8Rng) -> String {
    let media = [
        "",
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "application/json; charset=utf-7",
        "application/json;;;=",
        "json",
        "*/*",
        "application/x-www-form-urlencoded",
        "application/json, text/plain",
    ];
    let media = media[rng.random_range(0..media.len())];
    draft.media = (!media.is_empty()).then(|| media.to_owned());
    if media.is_empty() {
        "no content type".to_owned()
    } else {
        format!("the content type {media}")
    }
}

/// Breaks the text of a body; the second value says that it surely is no JSON any more.
fn broken(draft: &mut DrawnRequest, rng: &mut ChaCha8Rng) -> (String, bool) {
    let body = std::mem::take(&mut draft.body);
    let (what, spoilt): (&str, Vec<u8>) = match rng.random_range(0..12) {
        0..3 => {
            let at = rng.random_range(0..body.len().max(1));
            (
                "a body that breaks off",
                body[..at.min(body.len())].to_vec(),
            )
        }
        3 => ("no body", Vec::new()),
        4 => (
            "a comma too many",
            [
                body[..body.len().saturating_sub(1)].to_vec(),
                b",}".to_vec(),
            ]
            .concat(),
        ),
        5 => (
            "bytes that are no UTF-8",
            [b"{\"a\":\"".as_slice(), &[0xff, 0xc0, 0x80], b"\"}"].concat(),
        ),
        6 => (
            "names without quotes",
            body.into_iter().filter(|byte| *byte != b'"').collect(),
        ),
        7 => ("two bodies in a row", [body.clone(), body].concat()),
        8 => (
            "a body within NULs",
            [b"\0".as_slice(), &body, b"\0"].concat(),
        ),
        9 => (
            "a body of brackets, 5,000 deep",
            [vec![b'['; 5000], vec![b']'; 5000]].concat(),
        ),
        10 => ("open braces, 5,000 deep", b"{\"a\":".repeat(5000)),
        _ => (
            "something else than JSON",
            b"<?xml version=\"1.0\"?><a>1</a>".to_vec(),
        ),
    };
    // A number that breaks off is a number, an empty sequence of names is one: what can be read is not broken.
    let is_broken = serde_json::from_slice::<serde::de::IgnoredAny>(&spoilt).is_err()
        && !what.contains("brackets");
    draft.body = spoilt;
    (what.to_owned(), is_broken)
}

fn other_body(draft: &mut DrawnRequest, rng: &mut ChaCha8Rng) -> String {
    let bodies = ["[]", "null", "1", "\"text\"", "true", "[{}]", "{}"];
    let body = bodies[rng.random_range(0..bodies.len())];
    draft.body = body.as_bytes().to_vec();
    format!("the body {body}")
}

/// Spoils one member of the body: leaves it out, doubles it, adds one, or puts an odd value there.
fn odd_member(
    draft: &mut DrawnRequest,
    members: serde_json::Map<String, Json>,
    rng: &mut ChaCha8Rng,
) -> String {
    let whole = Json::Object(members.clone());
    let pointers = places(&whole);
    if pointers.is_empty() {
        draft.body = b"{\"unknown\":1}".to_vec();
        return "an unknown member".to_owned();
    }
    let pointer = pointers[rng.random_range(0..pointers.len())].clone();
    let name = members.keys().next().cloned().unwrap_or_default();
    match rng.random_range(0..10) {
        0 => {
            let left: Json = members.into_iter().skip(1).collect();
            draft.body = left.to_string().into_bytes();
            format!("no `{name}`")
        }
        1 => {
            let mut more = members;
            more.insert("__proto__".to_owned(), serde_json::json!({ "admin": true }));
            draft.body = Json::Object(more).to_string().into_bytes();
            "an unknown member".to_owned()
        }
        2 => {
            let text = whole.to_string();
            let again = format!(
                "{{{}:{},",
                Json::from(name.clone()),
                members.get(&name).unwrap_or(&Json::Null)
            );
            draft.body = text.replacen('{', &again, 1).into_bytes();
            format!("`{name}` twice")
        }
        _ => {
            let (told, odd) = odd_value(rng);
            draft.body = with(whole, &pointer, &odd).into_bytes();
            format!("{told} at `{pointer}`")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use rand::SeedableRng as _;
    use serde_json::json;

    use super::*;

    fn document() -> OpenApiDocument {
        let schema = json!({ "type": "object", "required": ["code", "inner"], "properties": {
            "code": { "type": "string" },
            "inner": { "type": "object", "required": ["list"], "properties": { "list": { "type": "array", "items": { "type": "integer" } } } },
        } });
        OpenApiDocument::read(json!({ "openapi": "3.1.0", "paths": {
            "/v1/enrollments/{id}/verification": { "post": { "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } } } },
            "/v1/account": { "get": {} },
        } }))
        .expect("it is a document")
    }

    fn target() -> CompiledTarget {
        let text = include_str!("../../../../fixtures/targets/reference.toml");
        CompiledTarget::compile("reference.toml", text).expect("the target file compiles")
    }

    fn drawn(seed: u64, endpoint: usize) -> Option<Drawn> {
        static TARGET: LazyLock<CompiledTarget> = LazyLock::new(target);
        static DOCUMENT: LazyLock<OpenApiDocument> = LazyLock::new(document);
        let mut known = Variables::default();
        known.insert("enrollment", "e1");
        let credential = Secret::new("t0ken");
        let drawer = Drawer {
            target: &TARGET,
            document: &DOCUMENT,
            endpoint: &DOCUMENT.endpoints[endpoint],
            known: &known,
            credential: Some(&credential),
        };
        drawer.draw(&mut ChaCha8Rng::seed_from_u64(seed))
    }

    #[test]
    fn equal_seeds_draw_equal_requests() {
        for seed in 0..30 {
            let [one, two] =
                [drawn(seed, 0), drawn(seed, 0)].map(|drawn| drawn.expect("it can be sent"));
            assert_eq!(one.what, two.what);
            assert_eq!(one.request.body(), two.request.body());
            assert_eq!(one.request.uri(), two.request.uri());
        }
    }

    #[test]
    fn every_draw_can_be_sent_and_known_ids_stand_in_paths() {
        let mut kinds = std::collections::BTreeSet::new();
        let mut with_id = 0;
        for seed in 0..300 {
            let one = drawn(seed, 0).expect("it can be sent");
            with_id += usize::from(one.request.uri().path() == "/v1/enrollments/e1/verification");
            if one.unreadable {
                assert!(
                    serde_json::from_slice::<Json>(one.request.body()).is_err(),
                    "{}",
                    one.what
                );
            }
            kinds.insert(one.what);
            assert!(drawn(seed, 1).is_some());
        }
        assert!(with_id > 150, "{with_id}");
        assert!(kinds.len() > 60, "{}", kinds.len());
    }
}
