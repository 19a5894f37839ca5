//! Test control.

use jiff::Timestamp;
use proofup_domain::clock::Clock;
use proofup_reference::app::{AppConfig, Reference, app};
use proofup_reference::demo;
use proofup_reference::rules::RuleBook;
use serde_json::{Value, json};

use super::support::{START, World, service, tenant};

#[tokio::test]
async fn test_control_asks_for_its_token_and_does_not_exist_without_one() {
    let world = World {
        app: service(RuleBook::default()),
    };
    let path = "/testControl/v1/tenants/acme";
    for token in ["", "wrong"] {
        let answer = world
            .call("PUT", path, token, tenant(json!({}), json!({})))
            .await;
        answer.refused(401, "unauthenticated");
    }
    let off: Reference = app(AppConfig::new(Clock::fixed(Timestamp::UNIX_EPOCH)));
    let world = World { app: off };
    let answer = world
        .call("PUT", path, "control", tenant(json!({}), json!({})))
        .await;
    answer.refused(404, "notFound");
}

#[tokio::test]
async fn without_test_control_there_is_a_demo_tenant() {
    let world = World {
        app: app(AppConfig::new(Clock::fixed(Timestamp::UNIX_EPOCH))),
    };
    for user in demo::USERS {
        let body = json!({ "userPrincipalName": user.principal_name, "password": user.password });
        let answer = world.post("/v1/sessions", "", body).await;
        if user.blocked {
            answer.refused(401, "invalidCredentials");
        } else {
            assert_eq!(answer.expect(201)["state"], json!("interrupted"));
        }
    }
    let declared = world
        .get("/.well-known/security-info", "")
        .await
        .expect(200);
    assert_eq!(declared["facilities"], json!(["users"]));
}

/// Changes one member of a reset policy that can be met.
fn reset(member: &str, value: Value) -> Value {
    let mut reset = json!({ "enabled": true, "methods": ["email"] });
    reset[member] = value;
    json!({ "reset": reset })
}

async fn check_impossible(patch: Value, field: &str, reason: &str) {
    let world = World::new(json!({})).await;
    let path = "/tenants/acme/policy";
    let answer = world.control("PATCH", path, patch.clone()).await;
    let problem = answer.refused(422, "invalidPolicy");
    assert_eq!(problem["field"], json!(field), "{patch}");
    let error = json!({ "field": field, "reason": reason });
    assert_eq!(problem["errors"][0], error, "{patch}");
    let body = tenant(patch, json!({}));
    let made = world.control("PUT", "/tenants/other", body).await;
    assert_eq!(made.refused(422, "invalidPolicy")["field"], json!(field));
    let policy = world.control("GET", path, Value::Null).await.expect(200);
    assert_eq!(policy["deferralDays"], json!(14), "nothing was changed");
}

#[tokio::test]
async fn a_policy_that_cannot_be_met_is_refused_with_field_and_reason() {
    let foreign = json!({ "twoStep": { "kinds": ["emailCode"] } });
    check_impossible(foreign, "twoStep.kinds", "kindNotForTwoStepVerification").await;
    for member in ["registrationRequired", "requiredAtSignIn"] {
        let patch = json!({ "twoStep": { member: true } });
        check_impossible(patch, "twoStep.kinds", "noKindAllowed").await;
    }
    let two_gates = json!({ "reset": {
        "enabled": true, "methods": ["appNotification", "appCode"], "methodsRequired": 2,
    } });
    for patch in [
        reset("methods", json!([])),
        reset("methods", json!(["appNotification"])),
        reset("methodsRequired", json!(2)),
        two_gates,
    ] {
        check_impossible(patch, "reset.methods", "fewerGatesThanRequired").await;
    }
    let questions = reset("methods", json!(["email", "securityQuestions"]));
    check_impossible(questions, "reset.questions", "tooFewQuestions").await;
    let long = reset("questions", json!(["x".repeat(201)]));
    check_impossible(long, "reset.questions", "questionEmptyOrTooLong").await;
    let more = reset("questionsToReset", json!(4));
    check_impossible(more, "reset.questionsToReset", "moreThanRegistered").await;
}

#[tokio::test]
async fn a_number_out_of_range_is_refused_with_its_field() {
    for (member, value) in [
        ("methodsRequired", 3),
        ("methodsRequired", 0),
        ("questionsToRegister", 6),
        ("reconfirmAfterDays", 731),
    ] {
        let field = format!("reset.{member}");
        check_impossible(reset(member, json!(value)), &field, "outOfRange").await;
    }
    for days in [15, -1] {
        check_impossible(
            json!({ "deferralDays": days }),
            "deferralDays",
            "outOfRange",
        )
        .await;
    }
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_invalid_input() {
    let world = World::new(json!({})).await;
    for patch in [
        json!({ "fax": 1 }),
        json!({ "twoStep": { "kinds": ["fax"] } }),
        json!({ "deferralDays": "x" }),
    ] {
        let path = "/tenants/acme/policy";
        let answer = world.control("PATCH", path, patch).await;
        answer.refused(422, "invalidInput");
    }
}

#[tokio::test]
async fn a_policy_is_changed_by_a_merge_patch() {
    let world = World::new(json!({ "twoStep": { "kinds": ["appCode"] } })).await;
    let patch = json!({ "deferralDays": 3, "twoStep": { "registrationRequired": true } });
    let policy = world
        .control("PATCH", "/tenants/acme/policy", patch)
        .await
        .expect(200);
    assert_eq!(policy["twoStep"]["kinds"], json!(["appCode"]));
    assert_eq!(
        (
            &policy["deferralDays"],
            &policy["twoStep"]["registrationRequired"]
        ),
        (&json!(3), &json!(true))
    );
    let policy = world
        .control(
            "PATCH",
            "/tenants/acme/policy",
            json!({ "deferralDays": null }),
        )
        .await;
    assert_eq!(policy.expect(200)["deferralDays"], json!(14));
}

#[tokio::test]
async fn a_clock_stands_until_it_is_advanced_and_a_real_one_cannot_be() {
    let world = World::new(json!({})).await;
    let clock = world
        .control("GET", "/tenants/acme/clock", Value::Null)
        .await
        .expect(200);
    assert_eq!(clock, json!({ "mode": "manual", "now": START }));
    let advance = "/tenants/acme/clock/advance";
    let moved = world
        .control("POST", advance, json!({ "seconds": 61 }))
        .await
        .expect(200);
    assert_eq!(moved, json!({ "now": "2026-01-15T09:01:01Z" }));
    for seconds in [json!(-1), json!(1.5), json!(u64::MAX), json!("1")] {
        let answer = world
            .control("POST", advance, json!({ "seconds": seconds }))
            .await;
        answer.refused(422, "invalidInput");
    }
    let mut real = tenant(json!({}), json!({}));
    real["clock"] = json!({ "mode": "real" });
    world
        .control("PUT", "/tenants/acme", real)
        .await
        .expect(200);
    let clock = world
        .control("GET", "/tenants/acme/clock", Value::Null)
        .await
        .expect(200);
    assert_eq!(
        clock,
        json!({ "mode": "real", "now": "1970-01-01T00:00:00Z" })
    );
    world
        .control("POST", advance, json!({ "seconds": 1 }))
        .await
        .refused(409, "outOfOrder");
}

#[tokio::test]
async fn equal_seeds_give_equal_answers() {
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let world = World::new(json!({})).await;
        sessions.push(world.session("alice").await);
    }
    assert_eq!(sessions[0], sessions[1]);
}
