//! Setting up phones, mail addresses and security questions.

use serde_json::{Value, json};

use super::support::{Provider, World, landline, mobile, questions, right_answers, text};
use proofup_reference::rules::RuleBook;

fn policy() -> Value {
    json!({
        "twoStep": { "kinds": ["textMessage", "voiceCall"] },
        "reset": {
            "enabled": true, "methods": ["email", "securityQuestions", "mobilePhone", "officePhone"],
            "questions": questions(),
        },
    })
}

async fn start() -> (World, Provider, String) {
    let provider = Provider::start().await;
    let world = World::with(RuleBook::default(), policy(), provider.gateways()).await;
    let token = world.sign_in("alice", "signedIn").await;
    (world, provider, token)
}

/// Calls back as the provider of the last call.
async fn report(world: &World, provider: &Provider, what: &str, body: Value) -> u16 {
    let call = provider.last();
    let path = format!("/v1/calls/{}/{what}", text(&call["callId"]));
    world.post(&path, &text(&call["secret"]), body).await.status
}

#[tokio::test]
async fn what_can_be_added_is_told_with_kinds_and_purposes() {
    let (world, _, token) = start().await;
    let both = json!(["twoStepVerification", "passwordReset"]);
    let reset = json!(["passwordReset"]);
    let expected = json!({ "value": [
        { "method": "mobilePhone", "kinds": ["textMessage", "voiceCall"], "purposes": both },
        { "method": "officePhone", "kinds": ["voiceCall"], "purposes": both },
        { "method": "email", "kinds": ["emailCode"], "purposes": reset },
        { "method": "securityQuestions", "kinds": ["answers"], "purposes": reset },
    ] });
    assert_eq!(
        world.get("/v1/methods/available", &token).await.expect(200),
        expected
    );
    let root = world.sign_in("root", "signedIn").await;
    let available = world.get("/v1/methods/available", &root).await.expect(200);
    assert_eq!(
        available["value"].as_array().unwrap().len(),
        3,
        "no questions for administrators"
    );
}

#[tokio::test]
async fn pressing_pound_registers_and_anything_else_does_not() {
    let (world, provider, token) = start().await;
    let body = json!({ "method": "officePhone", "kind": "voiceCall", "phone": landline() });
    let begun = world
        .post("/v1/enrollments", &token, body.clone())
        .await
        .expect(201);
    assert_eq!(begun["page"], json!("answerCall"));
    let path = format!("/v1/enrollments/{}", text(&begun["id"]));
    let again = format!("{path}/challenge");
    let attempts = [
        ("digits", json!({ "digits": "1" })),
        ("digits", json!({ "digits": "##" })),
        ("status", json!({ "status": "completed" })),
        ("status", json!({ "status": "no-answer" })),
    ];
    for (what, body) in attempts {
        assert_eq!(
            report(&world, &provider, "status", json!({ "status": "ringing" })).await,
            204
        );
        assert_eq!(report(&world, &provider, what, body).await, 204);
        assert_eq!(
            world.get(&path, &token).await.expect(200)["state"],
            json!("denied")
        );
        assert_eq!(
            report(&world, &provider, "digits", json!({ "digits": "#" })).await,
            409
        );
        world.advance(30).await;
        world.post(&again, &token, Value::Null).await.expect(200);
    }
    assert_eq!(
        report(&world, &provider, "digits", json!({ "digits": "#" })).await,
        204
    );
    let page = world.get(&path, &token).await.expect(200);
    assert_eq!(
        (&page["state"], &page["page"]),
        (&json!("verified"), &json!("success"))
    );
    assert_eq!(
        report(
            &world,
            &provider,
            "status",
            json!({ "status": "completed" })
        )
        .await,
        409
    );
    assert_eq!(world.activities().await, ["methodRegistered"]);
}

#[tokio::test]
async fn a_call_counts_only_with_its_secret_and_in_its_time() {
    let (world, provider, token) = start().await;
    let body = json!({ "method": "mobilePhone", "kind": "voiceCall", "phone": mobile() });
    world
        .post("/v1/enrollments", &token, body)
        .await
        .expect(201);
    let call = provider.last();
    assert!(text(&call["digitsUrl"]).starts_with("http://target.invalid/v1/calls/"));
    let path = format!("/v1/calls/{}/digits", text(&call["callId"]));
    let pound = json!({ "digits": "#" });
    for secret in ["", "wrong", token.as_str()] {
        world
            .post(&path, secret, pound.clone())
            .await
            .refused(401, "unauthenticated");
    }
    world
        .post("/v1/calls/unknown/digits", "any", pound.clone())
        .await
        .refused(404, "notFound");
    world.advance(120).await;
    assert_eq!(report(&world, &provider, "digits", pound).await, 410);
}

#[tokio::test]
async fn a_number_that_takes_no_texts_is_refused_for_text() {
    let (world, provider, token) = start().await;
    let begin = async |method: &str, kind: &str, phone: Value| {
        let body = json!({ "method": method, "kind": kind, "phone": phone });
        world.post("/v1/enrollments", &token, body).await
    };
    begin("mobilePhone", "textMessage", landline())
        .await
        .refused(422, "numberCannotReceiveTexts");
    begin("officePhone", "textMessage", landline())
        .await
        .refused(403, "methodNotAvailable");
    let number = json!({ "region": "NL", "number": "12" });
    begin("mobilePhone", "textMessage", number)
        .await
        .refused(422, "invalidNumber");
    let region = json!({ "region": "XX", "number": "0612345678" });
    begin("mobilePhone", "textMessage", region)
        .await
        .refused(422, "invalidNumber");
    let body = json!({ "method": "mobilePhone", "phone": mobile() });
    let missing = world
        .post("/v1/enrollments", &token, body)
        .await
        .refused(422, "invalidInput");
    assert_eq!(missing["field"], json!("kind"));
    assert_eq!(provider.count(), 0);
    begin("mobilePhone", "voiceCall", landline())
        .await
        .expect(201);
}

#[tokio::test]
async fn a_work_address_is_refused_but_in_the_first_edition() {
    let (world, provider, token) = start().await;
    let begin = async |address: &str| {
        let body = json!({ "method": "email", "address": address });
        world.post("/v1/enrollments", &token, body).await
    };
    for address in ["alice@acme.example", "Somebody@ACME.EXAMPLE"] {
        begin(address).await.refused(422, "workAddressNotAllowed");
    }
    for address in [
        "",
        "no address",
        "a@b.example\r\nBcc: c@d.example",
        "A <a@b.example>",
        "a@b.example,c@d.example",
    ] {
        begin(address).await.refused(422, "invalidAddress");
    }
    begin("alice@sub.acme.example").await.expect(201);
    world.set_policy(json!({ "edition": "2018-07-25" })).await;
    let begun = begin("alice@acme.example").await.expect(201);
    assert_eq!(
        begun["challenge"]["destination"],
        json!("a***@acme.example")
    );
    // The edition is asked again at the proof.
    world.set_policy(json!({ "edition": "2018-07-30" })).await;
    let path = format!("/v1/enrollments/{}", text(&begun["id"]));
    let code = json!({ "code": provider.code() });
    let verify = format!("{path}/verification");
    world
        .post(&verify, &token, code)
        .await
        .refused(422, "workAddressNotAllowed");
    assert_eq!(
        world.get(&path, &token).await.expect(200)["state"],
        json!("cancelled")
    );
}

#[tokio::test]
async fn answers_are_held_to_the_rules_and_registered() {
    let (world, _, token) = start().await;
    let body = json!({ "method": "securityQuestions" });
    let begun = world
        .post("/v1/enrollments", &token, body)
        .await
        .expect(201);
    assert_eq!(
        (&begun["state"], &begun["page"]),
        (&json!("started"), &json!("answerQuestions"))
    );
    assert_eq!(
        (&begun["questions"], &begun["questionsToRegister"]),
        (&questions(), &json!(3))
    );
    let path = format!("/v1/enrollments/{}/verification", text(&begun["id"]));
    let mut broken = Vec::new();
    for (place, member, value) in [
        (0, "answer", "ab"),
        (0, "answer", "  ab  "),
        (0, "answer", "ELM street"),
        (1, "question", "First pet?"),
        (1, "question", "Favourite colour?"),
    ] {
        let mut answers = right_answers();
        answers["answers"][place][member] = json!(value);
        broken.push(answers);
    }
    let mut long = right_answers();
    long["answers"][0]["answer"] = json!("x".repeat(41));
    let mut few = right_answers();
    few["answers"].as_array_mut().unwrap().pop();
    broken.extend([long, few, json!({})]);
    for answers in broken {
        world
            .post(&path, &token, answers)
            .await
            .refused(422, "invalidAnswers");
    }
    let done = world.post(&path, &token, right_answers()).await.expect(200);
    assert_eq!(
        (&done["state"], done.get("questions")),
        (&json!("verified"), None)
    );
    let methods = world.get("/v1/methods", &token).await.expect(200);
    assert_eq!(methods["value"][0]["kinds"], json!(["answers"]));
    assert_eq!(methods.get("default"), None);
}

#[tokio::test]
async fn cancelling_twice_is_no_mistake_and_a_late_pound_registers_nothing() {
    let (world, provider, token) = start().await;
    let body = json!({ "method": "mobilePhone", "kind": "voiceCall", "phone": mobile() });
    let begun = world
        .post("/v1/enrollments", &token, body)
        .await
        .expect(201);
    let path = format!("/v1/enrollments/{}", text(&begun["id"]));
    for _ in 0..2 {
        world
            .call("DELETE", &path, &token, Value::Null)
            .await
            .expect(204);
    }
    assert_eq!(
        report(&world, &provider, "digits", json!({ "digits": "#" })).await,
        410
    );
    world
        .post(&format!("{path}/next"), &token, Value::Null)
        .await
        .refused(410, "cancelled");
    assert_eq!(
        world.get("/v1/methods", &token).await.expect(200)["value"],
        json!([])
    );
}

#[tokio::test]
async fn providers_may_report_by_form_with_the_secret_in_the_query() {
    let (world, provider, token) = start().await;
    let body = json!({ "method": "mobilePhone", "kind": "voiceCall", "phone": mobile() });
    let begun = world
        .post("/v1/enrollments", &token, body)
        .await
        .expect(201);
    let call = provider.last();
    let path = format!(
        "/v1/calls/{}/digits?secret={}",
        text(&call["callId"]),
        text(&call["secret"])
    );
    let request = http::Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from("CallSid=CA1&Digits=%23"))
        .unwrap();
    let answer = world.send(request).await;
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (200, &"text/xml".parse().unwrap())
    );
    let path = format!("/v1/enrollments/{}", text(&begun["id"]));
    assert_eq!(
        world.get(&path, &token).await.expect(200)["state"],
        json!("verified")
    );
}
