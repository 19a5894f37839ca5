//! Spoils a rendered request in the ways that API-1 names, before it is sent.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use proofup_domain::command::Mangle;
use serde_json::{Map, Value as Json, json};

use crate::CompiledTarget;
use crate::operation::Operation;
use crate::request::{BodyTemplate, RequestTemplate};

/// Finds the request of a sequence that carries what its operation is told: the one whose body names most variables of the
/// operation. Spoiling another would only show what the server thinks of that one.
pub(super) fn carrier(operation: Operation, requests: &[RequestTemplate]) -> usize {
    let own = |name: &str| {
        let mut specs = operation.variables().iter();
        specs.any(|spec| spec.name == name) && !AROUND.contains(&name)
    };
    let rank = |request: &RequestTemplate| {
        let templates = request.body.templates();
        let names = templates.iter().flat_map(|template| template.names());
        (
            names.filter(|name| own(name)).count(),
            request.sends_a_body(),
        )
    };
    let ranked = requests.iter().enumerate();
    // Of several alike it is the last.
    let best = ranked.max_by_key(|(index, request)| (rank(request), *index));
    best.map_or(0, |(index, _)| index)
}

/// Variables that go with every request of an operation, whatever it is told.
const AROUND: [&str; 4] = ["session", "refreshToken", "controlToken", "tenantId"];

impl CompiledTarget {
    /// Returns why an operation cannot be sent malformed in a way, if it cannot: a form has no lists and no nesting, and any
    /// text is one, and a request without a body has nothing that could be spoilt.
    #[must_use]
    pub fn lacks_shape(&self, operation: Operation, mangle: Mangle) -> Option<String> {
        let ways = self.operations.get(&operation)?.ways.iter();
        let carriers = ways.filter_map(|way| {
            let requests = way.requests();
            requests.get(carrier(operation, requests))
        });
        let mut shapes = carriers.filter_map(|request| match &request.body {
            _ if mangle == Mangle::WrongMethod => None,
            BodyTemplate::Form(_) | BodyTemplate::Multipart(_) if JSON_ONLY.contains(&mangle) => {
                Some("a form")
            }
            BodyTemplate::Empty if request.from_form.is_some() => {
                JSON_ONLY.contains(&mangle).then_some("a form")
            }
            BodyTemplate::Empty => Some("no body"),
            _ => None,
        });
        let shape = shapes.next_back()?;
        Some(format!(
            "{operation} sends {shape}, which cannot be malformed by `{mangle}`"
        ))
    }
}

/// What only JSON can be: every text is a form, with members that are texts, and the readers of forms replace what is no
/// UTF-8.
const JSON_ONLY: [Mangle; 5] = [
    Mangle::TruncatedBody,
    Mangle::ArrayBody,
    Mangle::WrongTypes,
    Mangle::InvalidUtf8,
    Mangle::DeepNesting,
];

/// Spoils a request. What has no body, or no member, is left as it is where there is nothing to spoil.
pub(super) fn spoil(request: &mut Request<Bytes>, mangle: Mangle) {
    let body = request.body().clone();
    let spoilt: Vec<u8> = match mangle {
        Mangle::WrongMethod => {
            // No path of the contract has TRACE, and TRACE takes no body (RFC 9110 §9.3.8).
            *request.method_mut() = Method::TRACE;
            request.headers_mut().remove(CONTENT_TYPE);
            Vec::new()
        }
        Mangle::WrongContentType => {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            body.to_vec()
        }
        Mangle::TruncatedBody => body[..body.len() / 2].to_vec(),
        Mangle::EmptyBody => Vec::new(),
        Mangle::ArrayBody => [b"[".as_slice(), &body, b"]"].concat(),
        Mangle::WrongTypes => {
            members(&body).map_or_else(|| body.to_vec(), |fields| written(retyped(fields)))
        }
        Mangle::UnknownMember => with_unknown_member(&body),
        Mangle::MissingMember => without_first_member(&body),
        Mangle::InvalidUtf8 => with_invalid_utf8(&body),
        Mangle::DeepNesting => [vec![b'['; DEPTH], vec![b']'; DEPTH]].concat(),
        Mangle::Oversized => [
            body.to_vec(),
            vec![b' '; OVERSIZE.saturating_sub(body.len())],
        ]
        .concat(),
    };
    *request.body_mut() = Bytes::from(spoilt);
}

const DEPTH: usize = 1000;
const OVERSIZE: usize = 2 * 1024 * 1024;
const UNKNOWN: &str = "memberThatNobodyKnows";

fn members(body: &[u8]) -> Option<Map<String, Json>> {
    serde_json::from_slice(body).ok()
}

fn written(fields: Map<String, Json>) -> Vec<u8> {
    Json::Object(fields).to_string().into_bytes()
}

/// Replaces the value of every member by one of another type.
fn retyped(fields: Map<String, Json>) -> Map<String, Json> {
    let other = |value| match value {
        Json::String(_) | Json::Null => json!(7),
        Json::Number(_) => json!("seven"),
        Json::Bool(_) => json!("true"),
        Json::Array(_) => json!({}),
        Json::Object(_) => json!([]),
    };
    fields
        .into_iter()
        .map(|(name, value)| (name, other(value)))
        .collect()
}

fn with_unknown_member(body: &[u8]) -> Vec<u8> {
    match members(body) {
        Some(mut fields) => {
            fields.insert(UNKNOWN.to_owned(), Json::Bool(true));
            written(fields)
        }
        None if body.is_empty() => {
            written(Map::from_iter([(UNKNOWN.to_owned(), Json::Bool(true))]))
        }
        // A form.
        None => [body, format!("&{UNKNOWN}=true").as_bytes()].concat(),
    }
}

fn without_first_member(body: &[u8]) -> Vec<u8> {
    match members(body) {
        Some(fields) => written(fields.into_iter().skip(1).collect()),
        // A form: its first pair goes.
        None => body
            .iter()
            .position(|byte| *byte == b'&')
            .map_or_else(Vec::new, |at| body[at + 1..].to_vec()),
    }
}

/// Puts bytes that no UTF-8 text holds in front of the first string value, else at the end.
fn with_invalid_utf8(body: &[u8]) -> Vec<u8> {
    let at = body
        .windows(2)
        .position(|pair| pair == b":\"")
        .map_or(body.len(), |at| at + 2);
    let (before, after) = body.split_at(at);
    [before, &[0xff, 0xfe], after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoilt(body: &str, mangle: Mangle) -> Request<Bytes> {
        let mut request = Request::post("/v1/sessions")
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_owned()))
            .expect("the request is well formed");
        spoil(&mut request, mangle);
        request
    }

    #[test]
    fn bodies_are_spoilt_by_this_table() {
        let body = r#"{"code":"482913","tries":1,"list":[1]}"#;
        let table = [
            (Mangle::TruncatedBody, r#"{"code":"482913","t"#),
            (Mangle::EmptyBody, ""),
            (
                Mangle::ArrayBody,
                r#"[{"code":"482913","tries":1,"list":[1]}]"#,
            ),
            (
                Mangle::WrongTypes,
                r#"{"code":7,"tries":"seven","list":{}}"#,
            ),
            (
                Mangle::UnknownMember,
                r#"{"code":"482913","tries":1,"list":[1],"memberThatNobodyKnows":true}"#,
            ),
            (Mangle::MissingMember, r#"{"tries":1,"list":[1]}"#),
            (Mangle::WrongContentType, body),
            (Mangle::WrongMethod, ""),
        ];
        for (mangle, expected) in table {
            assert_eq!(spoilt(body, mangle).body(), expected, "{mangle}");
        }
        assert_eq!(spoilt(body, Mangle::WrongMethod).method(), Method::TRACE);
        assert_eq!(
            spoilt(body, Mangle::WrongContentType).headers()[CONTENT_TYPE],
            "text/plain"
        );
    }

    #[test]
    fn the_large_and_the_unreadable_are_what_they_say() {
        let body = r#"{"code":"482913"}"#;
        assert_eq!(spoilt(body, Mangle::Oversized).body().len(), OVERSIZE);
        assert!(serde_json::from_slice::<Json>(spoilt(body, Mangle::Oversized).body()).is_ok());
        assert!(std::str::from_utf8(spoilt(body, Mangle::InvalidUtf8).body()).is_err());
        assert_eq!(spoilt(body, Mangle::DeepNesting).body().len(), 2 * DEPTH);
    }

    #[test]
    fn no_way_of_spoiling_minds_an_empty_body() {
        for mangle in Mangle::ALL {
            spoilt("", *mangle);
            spoilt("{}", *mangle);
            spoilt("a=b", *mangle);
        }
    }

    /// Two files for one product: a page before the form that matters, and a confirmation behind it.
    fn target(body: &str) -> CompiledTarget {
        let text = format!(
            "name = \"x\"\nbase = \"http://127.0.0.1:1\"\n\
             capabilities.discover = \"/capabilities\"\n\
             [operations.signIn]\nrequests = [{{ method = \"GET\", path = \"/login\" }}, {{ method = \"POST\", \
             path = \"/login\", {body} = {{ user = \"{{userPrincipalName}}\", password = \"{{password}}\" }} }}, \
             {{ method = \"POST\", path = \"/agree\", {body} = {{ yes = \"1\" }} }}]\n\
             answers = [{{ status = 200 }}]\n\
             [operations.signOut]\nrequest = {{ method = \"POST\", path = \"/logout\" }}\nanswers = [{{ status = 204 }}]\n"
        );
        CompiledTarget::compile("x.toml", &text)
            .unwrap_or_else(|errors| panic!("{:?}", errors.problems()))
    }

    #[test]
    fn the_request_with_the_values_is_spoilt() {
        let target = target("body");
        let ways = &target.operations[&Operation::SignIn].ways;
        assert_eq!(carrier(Operation::SignIn, ways[0].requests()), 1);
        let ways = &target.operations[&Operation::SignOut].ways;
        assert_eq!(carrier(Operation::SignOut, ways[0].requests()), 0);
    }

    #[test]
    fn a_shape_that_a_request_cannot_have_is_named() {
        let (json, form) = (target("body"), target("form"));
        for mangle in Mangle::ALL {
            let lacks = |target: &CompiledTarget, operation| {
                target.lacks_shape(operation, *mangle).is_some()
            };
            assert!(!lacks(&json, Operation::SignIn), "{mangle}");
            let only_json = JSON_ONLY.contains(mangle);
            assert_eq!(lacks(&form, Operation::SignIn), only_json, "{mangle}");
            let has_body = *mangle != Mangle::WrongMethod;
            assert_eq!(lacks(&json, Operation::SignOut), has_body, "{mangle}");
        }
    }
}
