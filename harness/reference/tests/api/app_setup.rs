//! Setting the Microsoft app up.

use serde_json::{Value, json};

use super::support::{Provider, World, oath_key, text};
use proofup_reference::rules::RuleBook;

fn policy() -> Value {
    json!({ "twoStep": { "kinds": ["appNotification", "appCode"] } })
}

/// A device, as the app keeps it.
struct Device {
    id: String,
    secret: String,
    codes: Value,
}

async fn start(policy: Value) -> (World, Provider, String) {
    let provider = Provider::start().await;
    let world = World::with(RuleBook::default(), policy, provider.gateways()).await;
    let token = world.sign_in("alice", "signedIn").await;
    (world, provider, token)
}

/// Goes as far as the QR code; gives the path of the setup and its view.
async fn scan_page(world: &World, token: &str) -> (String, Value) {
    let body = json!({ "method": "microsoftAuthenticator" });
    let begun = world.post("/v1/enrollments", token, body).await.expect(201);
    let path = format!("/v1/enrollments/{}", text(&begun["id"]));
    let next = format!("{path}/next");
    let page = world.post(&next, token, Value::Null).await.expect(200);
    assert_eq!(
        (&page["page"], page.get("activation")),
        (&json!("setUpAccount"), None)
    );
    let page = world.post(&next, token, Value::Null).await.expect(200);
    assert_eq!(
        (&page["page"], &page["state"]),
        (&json!("scanQrCode"), &json!("started"))
    );
    (path, page)
}

async fn activate(world: &World, page: &Value) -> Device {
    let code = &page["activation"]["manual"]["code"];
    let body = json!({ "activationCode": code, "pushToken": "push-1" });
    let device = world.post("/v1/devices", "", body).await.expect(201);
    assert_eq!(device["issuer"], json!("Acme"));
    assert_eq!(device["account"], json!("alice@acme.example"));
    Device {
        id: text(&device["deviceId"]),
        secret: text(&device["deviceSecret"]),
        codes: device["codeSecret"].clone(),
    }
}

async fn reply(world: &World, device: &Device, provider: &Provider, word: &str) -> u16 {
    let path = format!("/v1/devices/{}/replies", device.id);
    let body = json!({ "notificationId": provider.last()["notificationId"], "reply": word });
    world.post(&path, &device.secret, body).await.status
}

#[tokio::test]
async fn the_pages_come_in_their_order_and_approving_registers() {
    let (world, provider, token) = start(policy()).await;
    let (path, page) = scan_page(&world, &token).await;
    let next = format!("{path}/next");
    world
        .post(&next, &token, Value::Null)
        .await
        .refused(409, "outOfOrder");
    let again = format!("{path}/challenge");
    world
        .post(&again, &token, Value::Null)
        .await
        .refused(409, "outOfOrder");

    let device = activate(&world, &page).await;
    let page = world.get(&path, &token).await.expect(200);
    assert_eq!(
        (&page["state"], &page["page"]),
        (&json!("deviceActivated"), &json!("scanQrCode"))
    );
    assert_eq!(provider.count(), 0);
    let page = world.post(&next, &token, Value::Null).await.expect(200);
    assert_eq!(
        (&page["state"], &page["page"]),
        (&json!("challengeSent"), &json!("testNotification"))
    );
    assert_eq!(page["challenge"]["kind"], json!("appNotification"));
    assert_eq!(
        (provider.count(), &provider.last()["token"]),
        (1, &json!("push-1"))
    );
    let code = json!({ "code": "123456" });
    world
        .post(&format!("{path}/verification"), &token, code)
        .await
        .refused(409, "outOfOrder");

    assert_eq!(reply(&world, &device, &provider, "approve").await, 204);
    let page = world.get(&path, &token).await.expect(200);
    assert_eq!(
        (&page["state"], &page["page"]),
        (&json!("verified"), &json!("success"))
    );
    assert_eq!(page.get("activation"), None);
    assert_eq!(reply(&world, &device, &provider, "deny").await, 409);
    // The app is a second step by now, which is asked for before anything else is done to the setup.
    world
        .post(&next, &token, Value::Null)
        .await
        .refused(403, "secondStepRequired");
    let challenge = world.post("/v1/challenges", &token, json!({})).await;
    challenge.refused(429, "throttled");
    world.advance(30).await;
    let challenge = world
        .post("/v1/challenges", &token, json!({}))
        .await
        .expect(201);
    assert_eq!(challenge["kind"], json!("appNotification"));
    assert_eq!(challenge["methodId"], page["methodId"]);
    assert_eq!(reply(&world, &device, &provider, "approve").await, 204);
    let read = world
        .get(
            &format!("/v1/challenges/{}", text(&challenge["id"])),
            &token,
        )
        .await;
    assert_eq!(read.expect(200)["state"], json!("verified"));
    world
        .post(&next, &token, Value::Null)
        .await
        .refused(409, "alreadyVerified");
    let methods = world.get("/v1/methods", &token).await.expect(200);
    assert_eq!(methods["default"]["kind"], json!("appNotification"));
    assert_eq!(methods["value"][0]["isDefault"], json!(true));
}

#[tokio::test]
async fn the_payload_alone_says_what_is_typed_by_hand() {
    let (world, _, token) = start(policy()).await;
    let (_, page) = scan_page(&world, &token).await;
    let payload = url::Url::parse(&text(&page["activation"]["qrPayload"])).unwrap();
    let pairs: Vec<(String, String)> = payload.query_pairs().into_owned().collect();
    let manual = &page["activation"]["manual"];
    let expected = [
        ("code".to_owned(), text(&manual["code"])),
        ("url".to_owned(), text(&manual["url"])),
    ];
    assert_eq!(pairs, expected);
}

#[tokio::test]
async fn denying_or_silence_registers_nothing_and_may_be_retried() {
    let (world, provider, token) = start(policy()).await;
    let (path, page) = scan_page(&world, &token).await;
    let device = activate(&world, &page).await;
    world
        .post(&format!("{path}/next"), &token, Value::Null)
        .await
        .expect(200);
    assert_eq!(reply(&world, &device, &provider, "deny").await, 204);
    let page = world.get(&path, &token).await.expect(200);
    assert_eq!(page["state"], json!("denied"));
    assert_eq!(reply(&world, &device, &provider, "approve").await, 409);

    let again = format!("{path}/challenge");
    world.advance(30).await;
    world.post(&again, &token, Value::Null).await.expect(200);
    world.advance(120).await;
    assert_eq!(
        world.get(&path, &token).await.expect(200)["state"],
        json!("expired")
    );
    assert_eq!(reply(&world, &device, &provider, "approve").await, 410);
    let methods = world.get("/v1/methods", &token).await.expect(200);
    assert_eq!(methods["value"], json!([]));
    world.post(&again, &token, Value::Null).await.expect(200);
    world.advance(119).await;
    assert_eq!(reply(&world, &device, &provider, "approve").await, 204);
    assert_eq!(
        world.get(&path, &token).await.expect(200)["state"],
        json!("verified")
    );
}

#[tokio::test]
async fn a_reply_counts_only_with_the_devices_secret() {
    let (world, provider, token) = start(policy()).await;
    let (path, page) = scan_page(&world, &token).await;
    let device = activate(&world, &page).await;
    world
        .post(&format!("{path}/next"), &token, Value::Null)
        .await
        .expect(200);
    let replies = format!("/v1/devices/{}/replies", device.id);
    let body = json!({ "notificationId": provider.last()["notificationId"], "reply": "approve" });
    for secret in ["", "wrong", token.as_str()] {
        let answer = world.post(&replies, secret, body.clone()).await;
        answer.refused(401, "unauthenticated");
    }
    let unknown = json!({ "notificationId": "unknown", "reply": "approve" });
    world
        .post(&replies, &device.secret, unknown)
        .await
        .refused(404, "notFound");
    world.post(&replies, &device.secret, body).await.expect(204);
}

#[tokio::test]
async fn an_activation_code_works_once_and_expires() {
    let (world, _, token) = start(policy()).await;
    let (_, page) = scan_page(&world, &token).await;
    activate(&world, &page).await;
    let body = |page: &Value| json!({ "activationCode": page["activation"]["manual"]["code"], "pushToken": "push-2" });
    world
        .post("/v1/devices", "", body(&page))
        .await
        .refused(409, "alreadyVerified");

    let (_, page) = scan_page(&world, &token).await;
    world.advance(600).await;
    world
        .post("/v1/devices", "", body(&page))
        .await
        .refused(410, "expired");
    let unknown = json!({ "activationCode": "AAAA", "pushToken": "push-2" });
    world
        .post("/v1/devices", "", unknown)
        .await
        .refused(404, "notFound");
}

#[tokio::test]
async fn the_apps_codes_count_only_if_policy_says_so() {
    let mut policy = policy();
    policy["app"] = json!({ "codeWithNotification": true });
    let (world, provider, token) = start(policy).await;
    let (path, page) = scan_page(&world, &token).await;
    let device = activate(&world, &page).await;
    world
        .post(&format!("{path}/next"), &token, Value::Null)
        .await
        .expect(200);
    assert_eq!(reply(&world, &device, &provider, "approve").await, 204);

    let by_code = json!({ "method": "microsoftAuthenticator", "kind": "appCode" });
    let begun = world
        .post("/v1/challenges", &token, by_code.clone())
        .await
        .expect(201);
    let code = world.oath_code(&oath_key(&device.codes), 0).await;
    let verify = format!("/v1/challenges/{}/verification", text(&begun["id"]));
    world
        .post(&verify, &token, json!({ "code": code }))
        .await
        .expect(200);
    world
        .call("PUT", "/v1/methods/default", &token, by_code.clone())
        .await
        .expect(200);
    world
        .set_policy(json!({ "app": { "codeWithNotification": false } }))
        .await;
    world
        .post("/v1/challenges", &token, by_code.clone())
        .await
        .refused(403, "methodNotAvailable");
    world
        .call("PUT", "/v1/methods/default", &token, by_code)
        .await
        .refused(409, "notEligible");
    // The choice is kept, but what is shown is usable.
    let methods = world.get("/v1/methods", &token).await.expect(200);
    assert_eq!(methods["default"]["kind"], json!("appNotification"));
    world
        .set_policy(json!({ "app": { "codeWithNotification": true } }))
        .await;
    let methods = world.get("/v1/methods", &token).await.expect(200);
    assert_eq!(methods["default"]["kind"], json!("appCode"));
}

#[tokio::test]
async fn no_more_than_five_apps_are_registered() {
    let world = World::new(json!({
        "twoStep": { "kinds": ["textMessage"] },
        "reset": { "enabled": true, "methods": ["appCode"] },
    }))
    .await;
    let token = world.sign_in("alice", "signedIn").await;
    for _ in 0..5 {
        world.add_oath(&token).await;
    }
    let available = world.get("/v1/methods/available", &token).await.expect(200);
    assert_eq!(available["value"].as_array().unwrap().len(), 1);
    let body = json!({ "method": "softwareOath" });
    world
        .post("/v1/enrollments", &token, body)
        .await
        .refused(403, "methodNotAvailable");
}
