//! The wizard.

use serde_json::{Value, json};

use super::support::{World, text};

fn both() -> Value {
    json!({
        "twoStep": { "kinds": ["appNotification", "appCode", "textMessage"], "registrationRequired": true },
        "reset": {
            "enabled": true, "registrationRequired": true, "methodsRequired": 2,
            "methods": ["appNotification", "appCode", "mobilePhone", "email"],
        },
    })
}

#[tokio::test]
async fn it_proposes_the_app_and_then_the_phone() {
    let world = World::new(both()).await;
    let token = world.sign_in("alice", "interrupted").await;
    let page = world.get("/v1/wizard", &token).await.expect(200);
    let expected = json!({
        "page": "method", "step": 1, "of": 2,
        "proposed": "microsoftAuthenticator", "alternatives": ["softwareOath"],
        "differentMethod": false, "differentApp": true,
        "required": ["microsoftAuthenticator", "mobilePhone"], "registered": [],
    });
    assert_eq!(page, expected);

    // "A different authenticator app": the rest is worked out anew.
    let oath = world.add_oath(&token).await;
    let page = world.get("/v1/wizard", &token).await.expect(200);
    assert_eq!((&page["step"], &page["of"]), (&json!(2), &json!(2)));
    assert_eq!(page["required"], json!(["mobilePhone"]));
    assert_eq!(
        (&page["differentApp"], &page["alternatives"]),
        (&json!(false), &json!([]))
    );
    assert_eq!(page["registered"][0]["id"], json!(oath.method_id));
    assert_eq!(page["default"]["kind"], json!("appCode"));
    world
        .post("/v1/wizard/completion", &token, Value::Null)
        .await
        .refused(409, "requiredInfoMissing");
}

#[tokio::test]
async fn what_the_page_does_not_offer_is_refused() {
    let world = World::new(both()).await;
    let token = world.sign_in("alice", "interrupted").await;
    let email = json!({ "method": "email", "address": "a@b.example" });
    world
        .post("/v1/enrollments", &token, email.clone())
        .await
        .refused(403, "methodNotAvailable");
    world
        .set_policy(json!({ "choice": { "differentMethod": true } }))
        .await;
    let page = world.get("/v1/wizard", &token).await.expect(200);
    assert_eq!(page["differentMethod"], json!(true));
    assert_eq!(
        page["alternatives"],
        json!(["softwareOath", "mobilePhone", "email"])
    );
    // It is offered now; without a mail gateway it can only fail to be sent.
    world
        .post("/v1/enrollments", &token, email)
        .await
        .refused(502, "gatewayFailed");
}

#[tokio::test]
async fn the_editions_of_2018_list_everything_that_helps() {
    let mut policy = both();
    policy["edition"] = json!("2018-07-30");
    policy["choice"] = json!({ "differentMethod": true });
    let world = World::new(policy).await;
    let token = world.sign_in("alice", "interrupted").await;
    let page = world.get("/v1/wizard", &token).await.expect(200);
    assert_eq!(page["page"], json!("list"));
    let all = json!([
        "microsoftAuthenticator",
        "softwareOath",
        "mobilePhone",
        "email"
    ]);
    assert_eq!(
        (&page["alternatives"], &page["required"]),
        (&all, &json!([]))
    );
    assert_eq!((page.get("step"), page.get("proposed")), (None, None));
    world.add_oath(&token).await;
    let page = world.get("/v1/wizard", &token).await.expect(200);
    assert_eq!(page["alternatives"], json!(["mobilePhone", "email"]));
}

#[tokio::test]
async fn done_lets_in_once_the_obligations_are_met() {
    let world = World::new(json!({
        "twoStep": { "kinds": ["appCode"], "registrationRequired": true },
        "app": { "codeWithNotification": true },
    }))
    .await;
    let token = world.sign_in("alice", "interrupted").await;
    world.add_oath(&token).await;
    let page = world.get("/v1/wizard", &token).await.expect(200);
    assert_eq!(
        (&page["page"], &page["required"]),
        (&json!("success"), &json!([]))
    );
    assert_eq!(page.get("step"), None);
    world
        .get("/v1/account", &token)
        .await
        .refused(403, "interrupted");
    let more = json!({ "method": "softwareOath" });
    world
        .post("/v1/enrollments", &token, more)
        .await
        .refused(403, "methodNotAvailable");
    let session = world
        .post("/v1/wizard/completion", &token, Value::Null)
        .await
        .expect(200);
    assert_eq!(session["state"], json!("signedIn"));
    world
        .get("/v1/wizard", &token)
        .await
        .refused(409, "notInterrupted");
    world
        .post("/v1/wizard/completion", &token, Value::Null)
        .await
        .refused(409, "notInterrupted");
    // The method verified in the interrupt counts as this session's second step; the next session asks for one.
    world.get("/v1/methods", &token).await.expect(200);
    let token = world.sign_in("alice", "signedIn").await;
    world
        .get("/v1/methods", &token)
        .await
        .refused(403, "secondStepRequired");
    assert_eq!(
        world.activities().await,
        ["methodRegistered", "wizardCompleted"]
    );
}

#[tokio::test]
async fn leaving_midway_keeps_what_is_verified_and_drops_the_rest() {
    let world = World::new(both()).await;
    let token = world.sign_in("alice", "interrupted").await;
    world.add_oath(&token).await;
    world
        .call("DELETE", "/v1/sessions/current", &token, Value::Null)
        .await
        .expect(204);
    let token = world.sign_in("alice", "interrupted").await;
    let page = world.get("/v1/wizard", &token).await.expect(200);
    assert_eq!((&page["step"], &page["of"]), (&json!(1), &json!(1)));
    assert_eq!(page["required"], json!(["mobilePhone"]));
    // Setting up asks for the second step that the user has by now; "not now" does not.
    let phone = json!({ "method": "mobilePhone", "kind": "textMessage", "phone": { "region": "NL", "number": "0612345678" } });
    world
        .post("/v1/enrollments", &token, phone)
        .await
        .refused(403, "secondStepRequired");
    let deferred = world
        .post("/v1/sessions/current/deferral", &token, Value::Null)
        .await
        .expect(200);
    assert_eq!(deferred["state"], json!("signedIn"));
}

#[tokio::test]
async fn an_administrator_under_one_gate_is_not_bound_by_what_cannot_be_met() {
    let world = World::new(json!({
        "reset": { "enabled": true, "registrationRequired": true, "methods": ["email"] },
    }))
    .await;
    world.sign_in("alice", "interrupted").await;
    world.sign_in("root", "signedIn").await;
    let body = json!({ "userPrincipalName": "root@acme.example" });
    world
        .post("/v1/passwordResets", "", body)
        .await
        .refused(403, "contactAdministrator");
}

#[tokio::test]
async fn an_approval_page_is_polled_where_the_setup_stands() {
    let world = World::new(both()).await;
    let token = world.sign_in("alice", "interrupted").await;
    let body = json!({ "method": "microsoftAuthenticator" });
    let begun = world
        .post("/v1/enrollments", &token, body)
        .await
        .expect(201);
    assert_eq!(
        (&begun["state"], &begun["page"]),
        (&json!("started"), &json!("getTheApp"))
    );
    let path = format!("/v1/enrollments/{}", text(&begun["id"]));
    assert_eq!(world.get(&path, &token).await.expect(200), begun);
}
