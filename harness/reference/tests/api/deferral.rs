//! The deferral window.

use serde_json::{Value, json};

use super::support::{World, text};

const DAY: u64 = 86_400;
const DEFERRAL: &str = "/v1/sessions/current/deferral";

fn policy() -> Value {
    json!({ "twoStep": { "kinds": ["appCode"], "registrationRequired": true } })
}

#[track_caller]
fn check_offer(session: &Value, days_left: u64) {
    let offered = days_left > 0;
    let expected = json!({ "offered": offered, "daysLeft": days_left });
    assert_eq!(session["deferral"], expected);
}

#[tokio::test]
async fn the_offer_stands_to_the_last_second_of_the_fourteenth_day() {
    let world = World::new(policy()).await;
    check_offer(&world.session("alice").await, 14);
    world.advance(1).await;
    check_offer(&world.session("alice").await, 14);
    world.advance(DAY - 1).await;
    check_offer(&world.session("alice").await, 13);
    world.advance(13 * DAY - 1).await;
    let session = world.session("alice").await;
    check_offer(&session, 1);
    let token = text(&session["token"]);
    world.advance(1).await;
    world
        .post(DEFERRAL, &token, Value::Null)
        .await
        .refused(409, "deferralNotOffered");
    check_offer(&world.session("alice").await, 0);
}

#[tokio::test]
async fn deferring_completes_this_sign_in_and_the_next_prompts_again() {
    let world = World::new(policy()).await;
    let token = world.sign_in("alice", "interrupted").await;
    let session = world.post(DEFERRAL, &token, Value::Null).await.expect(200);
    assert_eq!(
        (&session["state"], session.get("deferral")),
        (&json!("signedIn"), None)
    );
    world.get("/v1/account", &token).await.expect(200);
    world
        .post(DEFERRAL, &token, Value::Null)
        .await
        .refused(409, "deferralNotOffered");
    world.advance(2 * DAY).await;
    check_offer(&world.session("alice").await, 12);
    assert_eq!(world.activities().await, ["wizardCancelled"]);
}

#[tokio::test]
async fn what_is_not_offered_is_refused_and_changes_nothing() {
    for patch in [
        json!({ "deferralDays": 0 }),
        json!({ "twoStep": { "requiredAtSignIn": true } }),
    ] {
        let world = World::new(policy()).await;
        world.set_policy(patch).await;
        let session = world.session("alice").await;
        check_offer(&session, 0);
        let token = text(&session["token"]);
        world
            .post(DEFERRAL, &token, Value::Null)
            .await
            .refused(409, "deferralNotOffered");
        world
            .get("/v1/account", &token)
            .await
            .refused(403, "interrupted");
        // Nothing was offered, so the window has not opened yet.
        world.advance(DAY).await;
        world
            .set_policy(json!({ "deferralDays": 14, "twoStep": { "requiredAtSignIn": false } }))
            .await;
        check_offer(&world.session("alice").await, 14);
    }
}

#[tokio::test]
async fn changed_days_count_at_once_from_the_same_opening() {
    let world = World::new(policy()).await;
    let token = world.sign_in("alice", "interrupted").await;
    world.advance(3 * DAY).await;
    world.set_policy(json!({ "deferralDays": 3 })).await;
    let token_now = text(&world.session("alice").await["token"]);
    world
        .post(DEFERRAL, &token_now, Value::Null)
        .await
        .refused(409, "deferralNotOffered");
    world
        .get("/v1/account", &token)
        .await
        .refused(401, "unauthenticated");
    world.set_policy(json!({ "deferralDays": 4 })).await;
    check_offer(&world.session("alice").await, 1);
}

#[tokio::test]
async fn signing_out_and_falling_short_again_open_no_new_window() {
    let world = World::new(policy()).await;
    let token = world.sign_in("alice", "interrupted").await;
    let oath = world.add_oath(&token).await;
    world
        .post("/v1/wizard/completion", &token, Value::Null)
        .await
        .expect(200);
    world.advance(DAY).await;
    let token = world.sign_in("alice", "signedIn").await;
    world.pass_second_step(&token, &oath).await;
    let path = format!("/v1/methods/{}", oath.method_id);
    world
        .call("DELETE", &path, &token, Value::Null)
        .await
        .expect(204);
    world
        .call("DELETE", "/v1/sessions/current", &token, Value::Null)
        .await
        .expect(204);
    world.advance(DAY).await;
    check_offer(&world.session("alice").await, 12);
    world.advance(12 * DAY).await;
    check_offer(&world.session("alice").await, 0);
}
