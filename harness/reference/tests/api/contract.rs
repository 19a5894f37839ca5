//! The published contract.

use std::path::Path;

use insta::{Settings, assert_snapshot};
use serde_json::{Value, json};

use super::support::World;

#[tokio::test]
async fn the_description_is_the_one_that_is_checked_in() {
    let world = World::new(json!({})).await;
    let served = world.get("/openapi.json", "").await.expect(200);
    assert_eq!(served["openapi"], json!("3.1.0"));
    assert_eq!(&served, proofup_reference::description());
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let text = serde_json::to_string_pretty(&served).unwrap();
    settings.bind(|| assert_snapshot!("openapi", text));
}

#[tokio::test]
async fn the_service_declares_what_it_does() {
    let world = World::new(json!({})).await;
    world.get("/healthz", "").await.expect(204);
    let declared = world
        .get("/.well-known/security-info", "")
        .await
        .expect(200);
    let read: Result<proofup_domain::capabilities::Capabilities, _> =
        serde_json::from_value(declared.clone());
    let read = read.unwrap();
    assert_eq!(
        (read.editions.len(), read.methods.len(), read.kinds.len()),
        (3, 6, 6)
    );
    assert_eq!(
        (read.limits.code_length, read.limits.code_seconds),
        (6, 600)
    );
    assert_eq!(declared["codeShapesAccepted"], json!([]));
}

#[tokio::test]
async fn every_described_operation_is_served() {
    let world = World::new(json!({})).await;
    let description = world.get("/openapi.json", "").await.expect(200);
    for (path, operations) in description["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let answer = world
                .call(&method.to_uppercase(), path, "", Value::Null)
                .await;
            let unknown =
                answer.status == 405 || (answer.status == 404 && answer.body["detail"].is_string());
            assert!(
                !unknown && answer.status < 500,
                "{method} {path}: {}",
                answer.status
            );
        }
    }
}
