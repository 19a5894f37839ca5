//! Signing in and the stages that follow.

use serde_json::{Value, json};

use super::support::{PASSWORD, World, text};

#[tokio::test]
async fn wrong_password_unknown_user_and_blocked_user_get_one_answer() {
    let world = World::new(json!({})).await;
    let mut bodies = Vec::new();
    for (name, password) in [
        ("alice@acme.example", "wrong"),
        ("nobody@acme.example", PASSWORD),
        ("mallory@acme.example", PASSWORD),
        ("alice@elsewhere.example", PASSWORD),
        ("no address", PASSWORD),
    ] {
        let body = json!({ "userPrincipalName": name, "password": password });
        let answer = world.post("/v1/sessions", "", body).await;
        bodies.push(answer.refused(401, "invalidCredentials"));
    }
    let body = json!({ "userPrincipalName": "alice@acme.example", "password": PASSWORD, "tenant": "none" });
    let answer = world.post("/v1/sessions", "", body).await;
    bodies.push(answer.refused(401, "invalidCredentials"));
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn without_requirements_a_right_password_signs_in() {
    let world = World::new(json!({})).await;
    let session = world.session("ALICE").await;
    assert_eq!(session["state"], json!("signedIn"));
    assert_eq!(session["userPrincipalName"], json!("alice@acme.example"));
    assert_eq!(session["expiresAt"], json!("2026-01-15T17:00:00Z"));
    assert_eq!(session.get("deferral"), None);
    let token = text(&session["token"]);
    let account = world.get("/v1/account", &token).await.expect(200);
    assert_eq!(
        account,
        json!({ "userPrincipalName": "alice@acme.example", "displayName": "Acme" })
    );
    let read = world.get("/v1/sessions/current", &token).await.expect(200);
    assert_eq!(read.get("token"), None, "the token is told once");
}

#[tokio::test]
async fn a_token_ends_at_sign_out_and_at_its_end_instant() {
    let world = World::new(json!({})).await;
    let token = world.sign_in("alice", "signedIn").await;
    let answer = world
        .call("DELETE", "/v1/sessions/current", &token, Value::Null)
        .await;
    answer.expect(204);
    let answer = world.get("/v1/sessions/current", &token).await;
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    answer.refused(401, "unauthenticated");

    let token = world.sign_in("alice", "signedIn").await;
    world.advance(8 * 3600 - 1).await;
    world.get("/v1/account", &token).await.expect(200);
    world.advance(1).await;
    let answer = world.get("/v1/account", &token).await;
    answer.refused(401, "unauthenticated");
    world
        .get("/v1/account", "")
        .await
        .refused(401, "unauthenticated");
}

#[tokio::test]
async fn an_interrupted_session_reaches_nothing_of_the_account() {
    let world = World::new(json!({
        "twoStep": { "kinds": ["appCode"], "registrationRequired": true },
    }))
    .await;
    let token = world.sign_in("alice", "interrupted").await;
    for (method, path, body) in [
        ("GET", "/v1/account", Value::Null),
        ("GET", "/v1/methods", Value::Null),
        ("DELETE", "/v1/methods/any", Value::Null),
        ("PATCH", "/v1/methods/any", json!({})),
        (
            "PUT",
            "/v1/methods/default",
            json!({ "method": "softwareOath", "kind": "appCode" }),
        ),
        ("POST", "/v1/review/completion", Value::Null),
        ("GET", "/v1/auditEvents", Value::Null),
    ] {
        let answer = world.call(method, path, &token, body).await;
        answer.refused(403, "interrupted");
    }
    world.get("/v1/wizard", &token).await.expect(200);
    world.get("/v1/methods/available", &token).await.expect(200);
}

#[tokio::test]
async fn a_second_step_is_asked_for_before_anything_else() {
    let policy = json!({ "twoStep": { "kinds": ["appCode"] } });
    let world = World::new(policy).await;
    let token = world.sign_in("alice", "signedIn").await;
    let oath = world.add_oath(&token).await;
    world
        .set_policy(json!({ "twoStep": { "requiredAtSignIn": true } }))
        .await;

    let session = world.session("alice").await;
    let proof = json!({ "method": "softwareOath", "methodId": oath.method_id, "kind": "appCode" });
    assert_eq!(session["state"], json!("secondStepRequired"));
    assert_eq!(
        (&session["default"], &session["alternatives"]),
        (&proof, &json!([]))
    );
    let token = text(&session["token"]);
    world
        .get("/v1/account", &token)
        .await
        .refused(403, "secondStepRequired");
    let passed = world.pass_second_step(&token, &oath).await;
    assert_eq!(passed["state"], json!("signedIn"));
    world.get("/v1/methods", &token).await.expect(200);
}

#[tokio::test]
async fn where_nothing_can_be_set_up_the_administrator_is_named() {
    let world = World::new(json!({
        "reset": { "enabled": true, "methods": ["appCode"] },
    }))
    .await;
    let token = world.sign_in("alice", "signedIn").await;
    for _ in 0..5 {
        world.add_oath(&token).await;
    }
    // Another app would be needed, and there is no place for one.
    let patch = json!({ "twoStep": { "kinds": ["appNotification"], "requiredAtSignIn": true } });
    world.set_policy(patch).await;
    let stuck = world.sign_in("alice", "contactAdministrator").await;
    for path in ["/v1/account", "/v1/wizard", "/v1/methods/available"] {
        let answer = world.get(path, &stuck).await;
        answer.refused(403, "contactAdministrator");
    }
    // Who was in stays in, and the state is worked out afresh when policy changes.
    world.get("/v1/account", &token).await.expect(200);
    world
        .set_policy(json!({ "twoStep": { "requiredAtSignIn": false } }))
        .await;
    world.get("/v1/account", &stuck).await.expect(200);
}

#[tokio::test]
async fn a_review_is_due_at_its_very_instant_and_confirming_postpones_it() {
    const DAY: u64 = 86_400;
    let world = World::new(json!({
        "reset": {
            "enabled": true, "registrationRequired": true, "methods": ["appCode"], "reconfirmAfterDays": 30,
        },
    }))
    .await;
    let token = world.sign_in("alice", "interrupted").await;
    world.add_oath(&token).await;
    world
        .post("/v1/wizard/completion", &token, Value::Null)
        .await
        .expect(200);

    world.advance(30 * DAY - 1).await;
    world.sign_in("alice", "signedIn").await;
    world.advance(1).await;
    let token = world.sign_in("alice", "reviewDue").await;
    world
        .get("/v1/account", &token)
        .await
        .refused(403, "reviewDue");
    world.get("/v1/methods", &token).await.expect(200);
    let done = world
        .post("/v1/review/completion", &token, Value::Null)
        .await
        .expect(200);
    assert_eq!(done["state"], json!("signedIn"));
    world
        .post("/v1/review/completion", &token, Value::Null)
        .await
        .refused(409, "noReviewDue");
    world.sign_in("alice", "signedIn").await;
    world.advance(30 * DAY).await;
    world.sign_in("alice", "reviewDue").await;
}
