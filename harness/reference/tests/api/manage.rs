//! Manage mode.

use serde_json::{Value, json};

use super::support::{Provider, World, landline, mobile, text};
use proofup_reference::rules::RuleBook;

fn policy() -> Value {
    json!({
        "twoStep": { "kinds": ["textMessage", "voiceCall", "appCode"] },
        "reset": { "enabled": true, "methods": ["email", "mobilePhone"] },
    })
}

async fn start() -> (World, Provider, String) {
    let provider = Provider::start().await;
    let world = World::with(RuleBook::default(), policy(), provider.gateways()).await;
    let token = world.sign_in("alice", "signedIn").await;
    (world, provider, token)
}

/// Sets something up by a code that is sent; gives the method's id.
async fn add(world: &World, provider: &Provider, token: &str, body: Value) -> String {
    let begun = world.post("/v1/enrollments", token, body).await.expect(201);
    let path = format!("/v1/enrollments/{}/verification", text(&begun["id"]));
    let code = json!({ "code": provider.code() });
    text(&world.post(&path, token, code).await.expect(200)["methodId"])
}

fn mail(address: &str) -> Value {
    json!({ "method": "email", "address": address })
}

#[tokio::test]
async fn a_changed_address_waits_for_its_proof() {
    let (world, provider, token) = start().await;
    let id = add(&world, &provider, &token, mail("first@private.example")).await;
    let path = format!("/v1/methods/{id}");
    let change = json!({ "address": "second@private.example" });
    let begun = world.call("PATCH", &path, &token, change).await.expect(201);
    let shown = async || {
        let methods = world.get("/v1/methods", &token).await.expect(200);
        (
            text(&methods["value"][0]["id"]),
            text(&methods["value"][0]["destination"]),
        )
    };
    assert_eq!(
        shown().await,
        (id.clone(), "f***@private.example".to_owned())
    );
    let verify = format!("/v1/enrollments/{}/verification", text(&begun["id"]));
    let code = json!({ "code": provider.code() });
    let done = world.post(&verify, &token, code).await.expect(200);
    assert_eq!(done["methodId"], json!(id));
    assert_eq!(shown().await, (id, "s***@private.example".to_owned()));
    assert_eq!(
        world.activities().await,
        ["methodRegistered", "methodChanged"]
    );
}

#[tokio::test]
async fn only_addresses_and_numbers_can_be_changed() {
    let (world, _, token) = start().await;
    let oath = world.add_oath(&token).await;
    world.pass_second_step(&token, &oath).await;
    let path = format!("/v1/methods/{}", oath.method_id);
    let change = json!({ "address": "second@private.example" });
    world
        .call("PATCH", &path, &token, change.clone())
        .await
        .refused(409, "notEligible");
    world
        .call("PATCH", "/v1/methods/unknown", &token, change)
        .await
        .refused(404, "notFound");
}

#[tokio::test]
async fn a_second_step_is_asked_for_once_per_session() {
    let (world, _, token) = start().await;
    let oath = world.add_oath(&token).await;
    for (method, path) in [
        ("GET", "/v1/methods"),
        ("GET", "/v1/methods/available"),
        ("DELETE", "/v1/methods/any"),
    ] {
        let answer = world.call(method, path, &token, Value::Null).await;
        answer.refused(403, "secondStepRequired");
    }
    let body = json!({ "method": "softwareOath" });
    world
        .post("/v1/enrollments", &token, body)
        .await
        .refused(403, "secondStepRequired");
    world.get("/v1/account", &token).await.expect(200);
    world.pass_second_step(&token, &oath).await;
    world.get("/v1/methods", &token).await.expect(200);
    world.get("/v1/methods/available", &token).await.expect(200);
}

#[tokio::test]
async fn a_deleted_method_proves_nothing_and_its_challenges_die() {
    let (world, provider, token) = start().await;
    let phone = json!({ "method": "mobilePhone", "kind": "textMessage", "phone": mobile() });
    let id = add(&world, &provider, &token, phone.clone()).await;
    world.advance(30).await;
    let first = world
        .post("/v1/challenges", &token, json!({}))
        .await
        .expect(201);
    let verify =
        |challenge: &Value| format!("/v1/challenges/{}/verification", text(&challenge["id"]));
    let code = json!({ "code": provider.code() });
    world.post(&verify(&first), &token, code).await.expect(200);
    world.advance(30).await;
    let open = world
        .post("/v1/challenges", &token, json!({}))
        .await
        .expect(201);
    let code = json!({ "code": provider.code() });
    world
        .call("DELETE", &format!("/v1/methods/{id}"), &token, Value::Null)
        .await
        .expect(204);
    world
        .post(&verify(&open), &token, code)
        .await
        .refused(410, "cancelled");
    world
        .post("/v1/challenges", &token, json!({}))
        .await
        .refused(403, "methodNotAvailable");
    let methods = world.get("/v1/methods", &token).await.expect(200);
    assert_eq!(methods, json!({ "value": [] }));
    let answer = world
        .call("DELETE", &format!("/v1/methods/{id}"), &token, Value::Null)
        .await;
    answer.refused(404, "notFound");
    assert_eq!(
        world.activities().await,
        ["methodRegistered", "methodDeleted"]
    );
}

#[tokio::test]
async fn the_default_can_be_chosen_among_what_is_usable() {
    let (world, provider, token) = start().await;
    let oath = world.add_oath(&token).await;
    world.pass_second_step(&token, &oath).await;
    let phone = json!({ "method": "mobilePhone", "kind": "textMessage", "phone": mobile() });
    let id = add(&world, &provider, &token, phone).await;
    let mail_id = add(&world, &provider, &token, mail("a@private.example")).await;
    let default = async || {
        let methods = world.get("/v1/methods", &token).await.expect(200);
        text(&methods["default"]["kind"])
    };
    assert_eq!(
        default().await,
        "appCode",
        "a phone added later is a backup"
    );
    let choose = async |body: Value| world.call("PUT", "/v1/methods/default", &token, body).await;
    let call = json!({ "method": "mobilePhone", "kind": "voiceCall", "methodId": id });
    for _ in 0..2 {
        let chosen = choose(call.clone()).await.expect(200);
        assert_eq!(
            chosen["default"],
            json!({ "method": "mobilePhone", "methodId": id, "kind": "voiceCall" })
        );
    }
    let mail = json!({ "method": "email", "kind": "emailCode", "methodId": mail_id });
    choose(mail).await.refused(409, "notEligible");
    choose(json!({ "method": "officePhone", "kind": "voiceCall" }))
        .await
        .refused(409, "notEligible");
    let foreign = json!({ "method": "mobilePhone", "kind": "voiceCall", "methodId": "unknown" });
    choose(foreign).await.refused(404, "notFound");
    assert_eq!(default().await, "voiceCall");
    world
        .set_policy(json!({ "twoStep": { "kinds": ["textMessage", "appCode"] } }))
        .await;
    assert_eq!(default().await, "appCode");
    let activities = world.activities().await;
    assert_eq!(
        activities
            .iter()
            .filter(|one| *one == "defaultChanged")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_registered_method_of_no_use_may_be_set_up_again() {
    let (world, provider, token) = start().await;
    let call = json!({ "method": "mobilePhone", "kind": "voiceCall", "phone": landline() });
    let begun = world
        .post("/v1/enrollments", &token, call)
        .await
        .expect(201);
    let last = provider.last();
    let path = format!("/v1/calls/{}/digits", text(&last["callId"]));
    world
        .post(&path, &text(&last["secret"]), json!({ "digits": "#" }))
        .await
        .expect(204);
    let _ = begun;
    world
        .set_policy(
            json!({ "twoStep": { "kinds": ["textMessage"] }, "reset": { "methods": ["email"] } }),
        )
        .await;
    let methods = world.get("/v1/methods", &token).await.expect(200);
    assert_eq!(
        (
            &methods["value"][0]["kinds"],
            &methods["value"][0]["usableFor"]
        ),
        (&json!([]), &json!([]))
    );
    let phone = json!({ "method": "mobilePhone", "kind": "textMessage", "phone": mobile() });
    add(&world, &provider, &token, phone).await;
    world.advance(30).await;
    let begun = world
        .post("/v1/challenges", &token, json!({}))
        .await
        .expect(201);
    let path = format!("/v1/challenges/{}/verification", text(&begun["id"]));
    world
        .post(&path, &token, json!({ "code": provider.code() }))
        .await
        .expect(200);
    let methods = world.get("/v1/methods", &token).await.expect(200);
    assert_eq!(methods["value"].as_array().unwrap().len(), 1);
}
