//! The audit trail.

use serde_json::{Value, json};

use super::support::{World, text};

#[tokio::test]
async fn administrators_read_it_page_by_page_and_nobody_else_does() {
    let world = World::new(json!({
        "twoStep": { "kinds": ["textMessage"] },
        "reset": { "enabled": true, "methods": ["appCode"] },
    }))
    .await;
    let alice = world.sign_in("alice", "signedIn").await;
    for _ in 0..3 {
        world.add_oath(&alice).await;
    }
    world
        .get("/v1/auditEvents", &alice)
        .await
        .refused(403, "forbidden");
    let root = world.sign_in("root", "signedIn").await;
    let first = world.get("/v1/auditEvents?top=2", &root).await.expect(200);
    assert_eq!(first["value"].as_array().unwrap().len(), 2);
    let event = &first["value"][0];
    assert_eq!(event["userPrincipalName"], json!("alice@acme.example"));
    assert_eq!(
        (&event["activity"], &event["method"]),
        (&json!("methodRegistered"), &json!("softwareOath"))
    );
    assert_eq!(
        (&event["result"], &event["time"]),
        (&json!("success"), &json!("2026-01-15T09:00:00Z"))
    );
    let rest = world
        .get(&text(&first["nextLink"]), &root)
        .await
        .expect(200);
    assert_eq!(
        (
            rest["value"].as_array().unwrap().len(),
            rest.get("nextLink")
        ),
        (1, None)
    );
    assert_ne!(rest["value"][0]["id"], first["value"][1]["id"]);
    for query in ["top=0", "top=x", "after=x"] {
        let answer = world.get(&format!("/v1/auditEvents?{query}"), &root).await;
        answer.refused(422, "invalidInput");
    }
    let all = world
        .control("GET", "/tenants/acme/auditEvents", Value::Null)
        .await;
    assert_eq!(all.expect(200)["value"].as_array().unwrap().len(), 3);
}
