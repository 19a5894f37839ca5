//! What is found by the short way is answered as what the router finds, and HEAD as GET.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::body::Frame;
use serde_json::{Value, json};

use super::support::{PASSWORD, World, text};

/// Spells the first digit of an id as an escape: the same id, which only the router reads.
fn escaped(id: &str) -> String {
    format!("%{:02X}{}", id.as_bytes()[0], &id[1..])
}

async fn ask(
    world: &World,
    (method, path): (&str, &str),
    token: Option<&str>,
    kind: &str,
    body: &str,
) -> (u16, Value) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.header(CONTENT_TYPE, kind);
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let answer = world.send(request).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn both_ways_lead_to_the_same_answer() {
    let policy = json!({ "twoStep": { "kinds": ["appCode"] } });
    let world = World::new(policy).await;
    let token = world.sign_in("alice", "signedIn").await;
    let other = world.sign_in("bob", "signedIn").await;
    let body = json!({ "method": "softwareOath" });
    let begun = world.post("/v1/enrollments", &token, body).await;
    let setup = text(&begun.expect(201)["id"]);
    let nothing = "0".repeat(32);
    let json = "application/json";
    for (token, kind, body) in [
        (None, json, "{}"),
        (Some("nobody's"), json, "{}"),
        (Some(other.as_str()), json, r#"{"code":"1"}"#),
        (Some(token.as_str()), "text/plain", "{}"),
        (Some(token.as_str()), "Application/JSON; charset=utf-8", "{"),
        (Some(token.as_str()), json, r#"{"code":1}"#),
        (Some(token.as_str()), json, r#"{"code":"1","more":1e999}"#),
    ] {
        for id in [&setup, &nothing] {
            let path = |id: &str| format!("/v1/enrollments/{id}/verification");
            let short = ask(&world, ("POST", &path(id)), token, kind, body).await;
            let long = path(&escaped(id));
            let long = ask(&world, ("POST", &long), token, kind, body).await;
            assert_eq!(short, long, "{kind} {body}");
            assert!(short.0 >= 400, "{short:?}");
            let path = |id: &str| format!("/v1/methods/{id}");
            let short = ask(&world, ("DELETE", &path(id)), token, kind, body).await;
            let long = path(&escaped(id));
            let long = ask(&world, ("DELETE", &long), token, kind, body).await;
            assert_eq!(short, long, "{kind} {body}");
        }
    }
    let by_router = format!("/v1/enrollments/{}/verification", escaped(&setup));
    for path in [format!("/v1/enrollments/{setup}/verification"), by_router] {
        let wrong = world.post(&path, &token, json!({ "code": "no" })).await;
        wrong.refused(422, "wrongCode");
    }
}

#[tokio::test]
async fn words_of_a_path_are_no_ids() {
    let world = World::new(json!({})).await;
    let token = world.sign_in("alice", "signedIn").await;
    for path in ["/v1/methods/default", "/v1/methods/available"] {
        let answer = world.call("DELETE", path, &token, Value::Null).await;
        answer.refused(405, "methodNotAllowed");
    }
    let answer = world
        .call("POST", "/v1/enrollments//verification", &token, json!({}))
        .await;
    answer.refused(404, "notFound");
}

#[tokio::test]
async fn head_tells_what_get_would_send() {
    let world = World::new(json!({})).await;
    let token = world.sign_in("alice", "signedIn").await;
    for (path, status) in [("/v1/account", 200), ("/v1/nowhere", 404)] {
        let get = world.call("GET", path, &token, Value::Null).await;
        let head = world.call("HEAD", path, &token, Value::Null).await;
        assert_eq!((head.status, head.body), (status, Value::Null), "{path}");
        assert!(head.headers.contains_key(CONTENT_LENGTH), "{path}");
        assert_eq!(head.headers, get.headers, "{path}");
    }
    // Where there can be no body there is no length of one (RFC 9110, 8.6).
    let head = world.call("HEAD", "/healthz", "", Value::Null).await;
    assert_eq!(head.status, 204);
    assert!(!head.headers.contains_key(CONTENT_LENGTH));
}

/// A body that comes in pieces.
struct Pieces(VecDeque<Vec<u8>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.0.pop_front();
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece.into()))))
    }
}

#[tokio::test]
async fn a_body_may_come_in_pieces() {
    let world = World::new(json!({})).await;
    let sign_in = async |pieces: &[&[u8]]| {
        let pieces = Pieces(pieces.iter().map(|piece| piece.to_vec()).collect());
        let request = Request::post("/v1/sessions").header(CONTENT_TYPE, "application/json");
        world.send(request.body(Body::new(pieces)).unwrap()).await
    };
    let name = "alice@acme.example";
    let whole = json!({ "userPrincipalName": name, "password": PASSWORD }).to_string();
    let (begin, end) = whole.as_bytes().split_at(9);
    sign_in(&[b"", begin, b"", end]).await.expect(201);
    sign_in(&[begin]).await.refused(400, "malformed");
    let long = vec![b' '; 40 * 1024];
    sign_in(&[&long, &long])
        .await
        .refused(413, "payloadTooLarge");
}
