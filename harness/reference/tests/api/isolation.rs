//! Users and tenants see nothing of each other.

use serde_json::{Value, json};

use super::support::{World, service, tenant, text};
use proofup_reference::rules::RuleBook;

fn policy() -> Value {
    json!({ "twoStep": { "kinds": ["appCode"] } })
}

#[tokio::test]
async fn another_users_ids_do_not_exist() {
    let world = World::new(policy()).await;
    let alice = world.sign_in("alice", "signedIn").await;
    let open = world
        .post(
            "/v1/enrollments",
            &alice,
            json!({ "method": "softwareOath" }),
        )
        .await
        .expect(201);
    let bob = world.sign_in("bob", "signedIn").await;
    let enrollment = format!("/v1/enrollments/{}", text(&open["id"]));
    for (method, path, body) in [
        ("GET", enrollment.clone(), Value::Null),
        ("POST", format!("{enrollment}/next"), Value::Null),
        ("POST", format!("{enrollment}/challenge"), Value::Null),
        (
            "POST",
            format!("{enrollment}/verification"),
            json!({ "code": "1" }),
        ),
        ("DELETE", enrollment, Value::Null),
    ] {
        world
            .call(method, &path, &bob, body)
            .await
            .refused(404, "notFound");
    }
    let oath = world.add_oath(&alice).await;
    let path = format!("/v1/methods/{}", oath.method_id);
    world
        .call("DELETE", &path, &bob, Value::Null)
        .await
        .refused(404, "notFound");
    let begun = world
        .post("/v1/challenges", &alice, json!({}))
        .await
        .expect(201);
    let path = format!("/v1/challenges/{}", text(&begun["id"]));
    world.get(&path, &bob).await.refused(404, "notFound");
    let code = json!({ "code": world.oath_code(&oath.key, 1).await });
    let verify = format!("{path}/verification");
    world
        .post(&verify, &bob, code.clone())
        .await
        .refused(404, "notFound");
    let foreign = json!({ "methodId": oath.method_id });
    world
        .post("/v1/challenges", &bob, foreign)
        .await
        .refused(404, "notFound");
    world.post(&verify, &alice, code).await.expect(200);
    let methods = world.get("/v1/methods", &bob).await.expect(200);
    assert_eq!(methods, json!({ "value": [] }));
}

#[tokio::test]
async fn a_setup_belongs_to_the_session_that_began_it() {
    let world = World::new(policy()).await;
    let first = world.sign_in("alice", "signedIn").await;
    let second = world.sign_in("alice", "signedIn").await;
    let begun = world
        .post(
            "/v1/enrollments",
            &first,
            json!({ "method": "softwareOath" }),
        )
        .await
        .expect(201);
    let path = format!("/v1/enrollments/{}", text(&begun["id"]));
    world.get(&path, &second).await.refused(404, "notFound");
    // One open setup per user and method: a newer one cancels the older, in whatever session.
    world
        .post(
            "/v1/enrollments",
            &second,
            json!({ "method": "softwareOath" }),
        )
        .await
        .expect(201);
    assert_eq!(
        world.get(&path, &first).await.expect(200)["state"],
        json!("cancelled")
    );
}

#[tokio::test]
async fn tenants_that_share_a_domain_are_told_apart_by_id() {
    let world = World {
        app: service(RuleBook::default()),
    };
    let mut other = tenant(policy(), json!({}));
    other["displayName"] = json!("Other");
    world
        .control("PUT", "/tenants/one", tenant(policy(), json!({})))
        .await
        .expect(201);
    world
        .control("PUT", "/tenants/two", other)
        .await
        .expect(201);
    let mut body =
        json!({ "userPrincipalName": "alice@acme.example", "password": "correct horse" });
    world
        .post("/v1/sessions", "", body.clone())
        .await
        .refused(401, "invalidCredentials");
    body["tenant"] = json!("two");
    let session = world
        .post("/v1/sessions", "", body.clone())
        .await
        .expect(201);
    let token = text(&session["token"]);
    let account = world.get("/v1/account", &token).await.expect(200);
    assert_eq!(account["displayName"], json!("Other"));
    // A replaced tenant takes its sessions along, a deleted one everything.
    world
        .control("PUT", "/tenants/two", tenant(policy(), json!({})))
        .await
        .expect(200);
    world
        .get("/v1/account", &token)
        .await
        .refused(401, "unauthenticated");
    world
        .control("DELETE", "/tenants/two", Value::Null)
        .await
        .expect(204);
    world
        .control("DELETE", "/tenants/two", Value::Null)
        .await
        .refused(404, "notFound");
    world
        .post("/v1/sessions", "", body.clone())
        .await
        .refused(401, "invalidCredentials");
    body["tenant"] = Value::Null;
    world.post("/v1/sessions", "", body).await.expect(201);
}
