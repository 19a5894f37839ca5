//! Gateways that fail.

use serde_json::{Value, json};

use super::support::{Provider, World, mobile, text};
use proofup_reference::rules::RuleBook;

fn policy() -> Value {
    json!({ "twoStep": { "kinds": ["textMessage"] } })
}

fn by_text() -> Value {
    json!({ "method": "mobilePhone", "kind": "textMessage", "phone": mobile() })
}

#[tokio::test]
async fn a_failed_send_keeps_nothing_and_a_retry_works_at_once() {
    let provider = Provider::start().await;
    let world = World::with(RuleBook::default(), policy(), provider.gateways()).await;
    let token = world.sign_in("alice", "signedIn").await;
    for status in [500, 400] {
        provider.answer(status);
        let answer = world.post("/v1/enrollments", &token, by_text()).await;
        answer.refused(502, "gatewayFailed");
    }
    provider.answer(200);
    let begun = world
        .post("/v1/enrollments", &token, by_text())
        .await
        .expect(201);
    let path = format!("/v1/enrollments/{}", text(&begun["id"]));
    let code = provider.code();

    // Sending again fails: the code that was sent before stays good, and so does the throttle.
    world.advance(30).await;
    provider.answer(503);
    let again = format!("{path}/challenge");
    world
        .post(&again, &token, Value::Null)
        .await
        .refused(502, "gatewayFailed");
    assert_eq!(world.get(&path, &token).await.expect(200), begun);
    let verify = format!("{path}/verification");
    world
        .post(&verify, &token, json!({ "code": code }))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_failed_begin_leaves_the_older_setup_alive() {
    let provider = Provider::start().await;
    let world = World::with(RuleBook::default(), policy(), provider.gateways()).await;
    let token = world.sign_in("alice", "signedIn").await;
    let begun = world
        .post("/v1/enrollments", &token, by_text())
        .await
        .expect(201);
    let code = provider.code();
    world.advance(30).await;
    provider.answer(500);
    world
        .post("/v1/enrollments", &token, by_text())
        .await
        .refused(502, "gatewayFailed");
    let path = format!("/v1/enrollments/{}/verification", text(&begun["id"]));
    world
        .post(&path, &token, json!({ "code": code }))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_channel_without_a_gateway_fails_too() {
    let world = World::new(policy()).await;
    let token = world.sign_in("alice", "signedIn").await;
    let answer = world.post("/v1/enrollments", &token, by_text()).await;
    answer.refused(502, "gatewayFailed");
    let methods = world.get("/v1/methods", &token).await.expect(200);
    assert_eq!(methods["value"], json!([]));
}

#[tokio::test]
async fn no_answer_holds_a_code() {
    let provider = Provider::start().await;
    let world = World::with(RuleBook::default(), policy(), provider.gateways()).await;
    let token = world.sign_in("alice", "signedIn").await;
    let begun = world
        .post("/v1/enrollments", &token, by_text())
        .await
        .expect(201);
    assert!(!begun.to_string().contains(&provider.code()));
    // The same service under one changed rule: the seam through which defects are planted.
    let leaking = RuleBook::default().altered(|rules| rules.shows_codes = true);
    let world = World::with(leaking, policy(), provider.gateways()).await;
    let token = world.sign_in("alice", "signedIn").await;
    let begun = world
        .post("/v1/enrollments", &token, by_text())
        .await
        .expect(201);
    assert!(begun.to_string().contains(&provider.code()));
}
