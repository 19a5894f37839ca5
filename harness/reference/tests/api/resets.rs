//! Password reset.

use serde_json::{Value, json};

use super::support::{Answer, Oath, World, questions, right_answers, text};

fn policy(gates: u32) -> Value {
    json!({
        "reset": {
            "enabled": true, "methodsRequired": gates,
            "methods": ["appCode", "securityQuestions"], "questions": questions(),
        },
    })
}

/// Makes a tenant in which alice has an authenticator and questions.
async fn start(gates: u32) -> (World, Oath, String) {
    let world = World::new(policy(gates)).await;
    let token = world.sign_in("alice", "signedIn").await;
    let oath = world.add_oath(&token).await;
    world.add_questions(&token).await;
    world.advance(30).await;
    (world, oath, token)
}

async fn ask(world: &World, user: &str) -> Answer {
    let body = json!({ "userPrincipalName": format!("{user}@acme.example") });
    world.post("/v1/passwordResets", "", body).await
}

async fn begin(world: &World) -> String {
    let reset = ask(world, "alice").await.expect(201);
    format!("/v1/passwordResets/{}", text(&reset["id"]))
}

/// Begins the proof of a gate; gives the path of its verification.
async fn proof(world: &World, reset: &str, method: &str) -> String {
    let path = format!("{reset}/challenges");
    let begun = world
        .post(&path, "", json!({ "method": method }))
        .await
        .expect(201);
    format!("{path}/{}/verification", text(&begun["id"]))
}

async fn prove_by_app(world: &World, reset: &str, oath: &Oath) -> Answer {
    let path = proof(world, reset, "softwareOath").await;
    let code = world.oath_code(&oath.key, 0).await;
    world.post(&path, "", json!({ "code": code })).await
}

#[tokio::test]
async fn whatever_stands_against_a_reset_gets_one_answer() {
    let (world, _, _) = start(2).await;
    let mut bodies = Vec::new();
    for user in ["nobody", "mallory", "bob", "root"] {
        bodies.push(ask(&world, user).await.refused(403, "contactAdministrator"));
    }
    let elsewhere = json!({ "userPrincipalName": "a@elsewhere.example" });
    let answer = world.post("/v1/passwordResets", "", elsewhere).await;
    bodies.push(answer.refused(403, "contactAdministrator"));
    world
        .set_policy(json!({ "reset": { "enabled": false } }))
        .await;
    bodies.push(
        ask(&world, "alice")
            .await
            .refused(403, "contactAdministrator"),
    );
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn two_different_gates_open_the_way_to_a_new_password() {
    let (world, oath, token) = start(2).await;
    let reset = ask(&world, "alice").await.expect(201);
    assert_eq!(
        (&reset["state"], &reset["gatesRequired"]),
        (&json!("started"), &json!(2))
    );
    assert_eq!(
        (&reset["gatesPassed"], &reset["methods"][0]["kind"]),
        (&json!(0), &json!("appCode"))
    );
    assert_eq!(reset["methods"][1]["kind"], json!("answers"));
    let path = format!("/v1/passwordResets/{}", text(&reset["id"]));
    let password = format!("{path}/password");
    let new = json!({ "password": "battery staple" });
    world
        .post(&password, "", new.clone())
        .await
        .refused(409, "gatesMissing");

    let passed = prove_by_app(&world, &path, &oath).await.expect(200);
    assert_eq!(
        (
            &passed["gatesPassed"],
            &passed["methods"].as_array().unwrap().len()
        ),
        (&json!(1), &1)
    );
    let again = json!({ "method": "softwareOath" });
    world
        .post(&format!("{path}/challenges"), "", again)
        .await
        .refused(409, "gateAlreadyPassed");
    world
        .post(&password, "", new.clone())
        .await
        .refused(409, "gatesMissing");
    let answers = proof(&world, &path, "securityQuestions").await;
    let passed = world.post(&answers, "", right_answers()).await.expect(200);
    assert_eq!(
        (&passed["state"], &passed["methods"]),
        (&json!("gatesPassed"), &json!([]))
    );

    world
        .post(&password, "", json!({ "password": "1234567" }))
        .await
        .refused(422, "invalidPassword");
    world.post(&password, "", new.clone()).await.expect(204);
    world
        .post(&password, "", new)
        .await
        .refused(409, "alreadyVerified");
    assert_eq!(
        world.get(&path, "").await.expect(200)["state"],
        json!("completed")
    );
    world
        .get("/v1/account", &token)
        .await
        .refused(401, "unauthenticated");
    let body = json!({ "userPrincipalName": "alice@acme.example", "password": "battery staple" });
    world.post("/v1/sessions", "", body).await.expect(201);
    let activities = world.activities().await;
    assert_eq!(activities.last().map(String::as_str), Some("passwordReset"));
}

#[tokio::test]
async fn answers_are_compared_without_case_and_space_and_nothing_else() {
    let (world, _, _) = start(1).await;
    let path = begin(&world).await;
    let verify = proof(&world, &path, "securityQuestions").await;
    let with = |answer: &str| {
        let mut answers = right_answers();
        answers["answers"][0]["answer"] = json!(answer);
        answers
    };
    for (answer, left) in [("Stra ße", 4), ("Strasse 1", 3)] {
        let wrong = world
            .post(&verify, "", with(answer))
            .await
            .refused(422, "wrongAnswers");
        assert_eq!(wrong["triesLeft"], json!(left));
    }
    let mut few = right_answers();
    few["answers"].as_array_mut().unwrap().pop();
    world
        .post(&verify, "", few)
        .await
        .refused(422, "wrongAnswers");
    world
        .post(&verify, "", with("  STRASSE "))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_newer_reset_kills_the_older_and_a_reset_expires() {
    let (world, oath, _) = start(1).await;
    let older = begin(&world).await;
    let open = proof(&world, &older, "softwareOath").await;
    let newer = begin(&world).await;
    world.get(&older, "").await.refused(410, "cancelled");
    let code = json!({ "code": world.oath_code(&oath.key, 0).await });
    world.post(&open, "", code).await.refused(410, "cancelled");
    world.advance(1799).await;
    world.get(&newer, "").await.expect(200);
    world.advance(1).await;
    world.get(&newer, "").await.refused(410, "expired");
    let new = json!({ "password": "battery staple" });
    world
        .post(&format!("{newer}/password"), "", new)
        .await
        .refused(410, "expired");
    world
        .get("/v1/passwordResets/unknown", "")
        .await
        .refused(404, "notFound");
}

#[tokio::test]
async fn a_proof_belongs_to_its_reset_and_a_spent_step_proves_nothing() {
    let (world, oath, _) = start(1).await;
    let path = begin(&world).await;
    prove_by_app(&world, &path, &oath).await.expect(200);
    let next = begin(&world).await;
    let verify = proof(&world, &next, "softwareOath").await;
    let code = json!({ "code": world.oath_code(&oath.key, 0).await });
    world
        .post(&verify, "", code)
        .await
        .refused(422, "wrongCode");
    let foreign = verify.replace(&next, &path);
    world
        .post(&foreign, "", json!({ "code": "1" }))
        .await
        .refused(410, "cancelled");
    let unknown = json!({ "method": "email" });
    world
        .post(&format!("{next}/challenges"), "", unknown)
        .await
        .refused(403, "methodNotAvailable");
}

#[tokio::test]
async fn a_gate_that_a_deleted_app_passed_is_open_again_to_another_app() {
    let (world, oath, token) = start(1).await;
    let other = world.add_oath(&token).await;
    let path = begin(&world).await;
    world.advance(30).await;
    let passed = prove_by_app(&world, &path, &oath).await.expect(200);
    assert_eq!(passed["state"], json!("gatesPassed"));
    let method = format!("/v1/methods/{}", oath.method_id);
    world
        .call("DELETE", &method, &token, Value::Null)
        .await
        .expect(204);
    let reset = world.get(&path, "").await.expect(200);
    assert_eq!(
        (&reset["gatesPassed"], &reset["methods"][0]["methodId"]),
        (&json!(0), &json!(other.method_id))
    );
    let passed = prove_by_app(&world, &path, &other).await.expect(200);
    assert_eq!(passed["state"], json!("gatesPassed"));
}
