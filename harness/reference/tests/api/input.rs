//! Whatever comes in, what goes out is a problem document, and nothing changes.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use super::support::{PASSWORD, World};

async fn sign_in_with(world: &World, kind: &str, body: impl Into<Body>) -> super::support::Answer {
    let request = Request::post("/v1/sessions")
        .header("content-type", kind)
        .body(body.into())
        .unwrap();
    world.send(request).await
}

fn credentials() -> Value {
    json!({ "userPrincipalName": "alice@acme.example", "password": PASSWORD })
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_malformed() {
    let world = World::new(json!({})).await;
    let whole = credentials().to_string();
    let bodies: [Vec<u8>; 5] = [
        whole.as_bytes()[..whole.len() / 2].to_vec(),
        Vec::new(),
        b"{\"userPrincipalName\": \"\xff\xfe\", \"password\": \"x\"}".to_vec(),
        "[".repeat(1000).into_bytes(),
        [whole.as_bytes(), b"{}"].concat(),
    ];
    for body in bodies {
        sign_in_with(&world, "application/json", body)
            .await
            .refused(400, "malformed");
    }
    let closed = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    sign_in_with(&world, "application/json", closed)
        .await
        .refused(400, "malformed");
}

#[tokio::test]
async fn a_field_that_is_missing_unknown_or_of_another_type_is_named() {
    let world = World::new(json!({})).await;
    let check = async |body: Value, field: Option<&str>| {
        let answer = sign_in_with(&world, "application/json", body.to_string()).await;
        let problem = answer.refused(422, "invalidInput");
        assert_eq!(
            problem.get("field").and_then(Value::as_str),
            field,
            "{body}"
        );
    };
    check(json!([]), None).await;
    check(json!({ "password": PASSWORD }), Some("userPrincipalName")).await;
    check(
        json!({ "userPrincipalName": 1, "password": PASSWORD }),
        Some("userPrincipalName"),
    )
    .await;
    check(
        json!({ "userPrincipalName": "a", "password": [123_456] }),
        Some("password"),
    )
    .await;
    let mut unknown = credentials();
    unknown["remember"] = json!(true);
    check(unknown, Some("remember")).await;
}

#[tokio::test]
async fn what_was_sent_is_not_sent_back() {
    let world = World::new(json!({})).await;
    let body = json!({ "userPrincipalName": "a", "password": 987_654_321 });
    let answer = sign_in_with(&world, "application/json", body.to_string()).await;
    let problem = answer.refused(422, "invalidInput").to_string();
    assert!(!problem.contains("987654321"), "{problem}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large() {
    let world = World::new(json!({})).await;
    let large =
        json!({ "userPrincipalName": "a", "password": "x".repeat(2 * 1024 * 1024) }).to_string();
    let request = Request::post("/v1/sessions")
        .header("content-type", "application/json")
        .header("content-length", large.len())
        .body(Body::from(large.clone()))
        .unwrap();
    world.send(request).await.refused(413, "payloadTooLarge");
    sign_in_with(&world, "application/json", large)
        .await
        .refused(413, "payloadTooLarge");
    let limit = json!({ "userPrincipalName": "a", "password": "" })
        .to_string()
        .len();
    let fits = json!({ "userPrincipalName": "a", "password": "x".repeat(64 * 1024 - limit) });
    let answer = sign_in_with(&world, "application/json", fits.to_string()).await;
    answer.refused(401, "invalidCredentials");
}

#[tokio::test]
async fn another_content_type_path_or_method_is_told_as_a_problem() {
    let world = World::new(json!({})).await;
    for kind in [
        "text/plain",
        "application/jsonp",
        "application/merge-patch+json",
    ] {
        let answer = sign_in_with(&world, kind, credentials().to_string()).await;
        answer.refused(415, "unsupportedMediaType");
    }
    let answer = sign_in_with(
        &world,
        "Application/JSON; charset=utf-8",
        credentials().to_string(),
    )
    .await;
    answer.expect(201);
    world.get("/v2/anything", "").await.refused(404, "notFound");
    world
        .get("/v1/enrollments/%ff", "")
        .await
        .refused(401, "unauthenticated");
    let answer = world
        .call("PATCH", "/v1/sessions/current", "", Value::Null)
        .await;
    let allowed = answer.headers["allow"].to_str().unwrap().to_owned();
    assert!(
        allowed.contains("GET") && allowed.contains("DELETE"),
        "{allowed}"
    );
    answer.refused(405, "methodNotAllowed");
    world
        .call("TRACE", "/v1/wizard", "", Value::Null)
        .await
        .refused(405, "methodNotAllowed");
}

#[tokio::test]
async fn a_spoiled_request_changes_nothing() {
    let policy = json!({ "twoStep": { "kinds": ["appCode"] } });
    let world = World::new(policy).await;
    let token = world.sign_in("alice", "signedIn").await;
    let begun = world
        .post(
            "/v1/enrollments",
            &token,
            json!({ "method": "softwareOath" }),
        )
        .await
        .expect(201);
    let path = format!("/v1/enrollments/{}", begun["id"].as_str().unwrap());
    let verify = format!("{path}/verification");
    for body in [
        json!([]),
        json!({ "code": 123_456 }),
        json!({ "code": "1", "more": 1 }),
    ] {
        world
            .post(&verify, &token, body)
            .await
            .refused(422, "invalidInput");
    }
    world
        .post(&verify, &token, json!("x".repeat(70_000)))
        .await
        .refused(413, "payloadTooLarge");
    assert_eq!(world.get(&path, &token).await.expect(200), begun);
}
