//! Codes, tries, throttling and blocking.

use serde_json::{Value, json};

use super::support::{PASSWORD, Provider, World, another, mobile, text};
use proofup_reference::rules::RuleBook;

fn policy() -> Value {
    json!({
        "twoStep": { "kinds": ["appCode", "textMessage", "voiceCall"] },
        "reset": { "enabled": true, "methods": ["email"] },
    })
}

async fn start() -> (World, Provider, String) {
    let provider = Provider::start().await;
    let world = World::with(RuleBook::default(), policy(), provider.gateways()).await;
    let token = world.sign_in("alice", "signedIn").await;
    (world, provider, token)
}

fn by_text() -> Value {
    json!({ "method": "mobilePhone", "kind": "textMessage", "phone": mobile() })
}

/// Begins to set a phone up by text; gives the path of the setup.
async fn begin(world: &World, token: &str) -> String {
    let begun = world
        .post("/v1/enrollments", token, by_text())
        .await
        .expect(201);
    assert_eq!(
        (&begun["state"], &begun["page"]),
        (&json!("challengeSent"), &json!("enterCode"))
    );
    assert_eq!(begun["challenge"]["destination"], json!("+31 ******78"));
    assert_eq!(begun["challenge"]["triesLeft"], json!(5));
    assert_eq!(
        begun["challenge"]["expiresAt"].as_str().map(str::len),
        Some(20)
    );
    format!("/v1/enrollments/{}", text(&begun["id"]))
}

async fn submit(world: &World, token: &str, path: &str, code: &str) -> super::support::Answer {
    world
        .post(
            &format!("{path}/verification"),
            token,
            json!({ "code": code }),
        )
        .await
}

#[tokio::test]
async fn the_right_code_registers_and_works_once() {
    let (world, provider, token) = start().await;
    let path = begin(&world, &token).await;
    assert_eq!(
        (provider.count(), &provider.last()["to"]),
        (1, &json!("+31612345678"))
    );
    let code = provider.code();
    let wrong = submit(&world, &token, &path, &another(&code)).await;
    assert_eq!(wrong.refused(422, "wrongCode")["triesLeft"], json!(4));
    submit(&world, &token, &path, &code).await.expect(200);
    // The phone is a second step by now, which would be asked for first.
    world
        .set_policy(json!({ "twoStep": { "kinds": ["appCode"] } }))
        .await;
    submit(&world, &token, &path, &code)
        .await
        .refused(409, "alreadyVerified");
}

#[tokio::test]
async fn a_code_lives_ten_minutes_to_the_second() {
    let (world, provider, token) = start().await;
    let path = begin(&world, &token).await;
    world.advance(600).await;
    submit(&world, &token, &path, &provider.code())
        .await
        .refused(410, "expired");
    assert_eq!(
        world.get(&path, &token).await.expect(200)["state"],
        json!("expired")
    );
    world
        .post(&format!("{path}/challenge"), &token, Value::Null)
        .await
        .expect(200);
    world.advance(599).await;
    submit(&world, &token, &path, &provider.code())
        .await
        .expect(200);
}

#[tokio::test]
async fn a_setup_ends_with_its_own_life() {
    let (world, provider, token) = start().await;
    let path = begin(&world, &token).await;
    world.advance(1500).await;
    world
        .post(&format!("{path}/challenge"), &token, Value::Null)
        .await
        .expect(200);
    world.advance(300).await;
    submit(&world, &token, &path, &provider.code())
        .await
        .refused(410, "expired");
    let answer = world
        .post(&format!("{path}/challenge"), &token, Value::Null)
        .await;
    answer.refused(410, "expired");
}

#[tokio::test]
async fn five_wrong_tries_are_the_end_of_it() {
    let (world, provider, token) = start().await;
    let path = begin(&world, &token).await;
    let code = provider.code();
    for left in (0..5).rev() {
        let wrong = submit(&world, &token, &path, &another(&code)).await;
        assert_eq!(wrong.refused(422, "wrongCode")["triesLeft"], json!(left));
    }
    submit(&world, &token, &path, &code)
        .await
        .refused(410, "exhausted");
    let answer = world
        .post(&format!("{path}/challenge"), &token, Value::Null)
        .await;
    answer.refused(410, "exhausted");
    assert_eq!(
        world.get(&path, &token).await.expect(200)["state"],
        json!("exhausted")
    );
}

#[tokio::test]
async fn shapes_near_the_code_are_wrong_and_cost_a_try() {
    let (world, provider, token) = start().await;
    let path = begin(&world, &token).await;
    let code = provider.code();
    let wide: String = code
        .chars()
        .filter_map(|digit| char::from_u32(digit as u32 + 0xfee0))
        .collect();
    for shape in [
        format!(" {code} "),
        wide,
        format!("+{code}"),
        format!("{code}\n"),
    ] {
        submit(&world, &token, &path, &shape)
            .await
            .refused(422, "wrongCode");
    }
    submit(&world, &token, &path, &code).await.expect(200);

    for body in [
        json!({}),
        json!({ "code": "" }),
        json!({ "code": code.repeat(1000) }),
    ] {
        world.advance(30).await;
        let token = world.sign_in("bob", "signedIn").await;
        let path = begin(&world, &token).await;
        let answer = world
            .post(&format!("{path}/verification"), &token, body)
            .await;
        assert_eq!(answer.refused(422, "wrongCode")["triesLeft"], json!(4));
    }
}

#[tokio::test]
async fn a_newer_code_kills_the_older() {
    let (world, provider, token) = start().await;
    let path = begin(&world, &token).await;
    let first = provider.code();
    world.advance(30).await;
    world
        .post(&format!("{path}/challenge"), &token, Value::Null)
        .await
        .expect(200);
    submit(&world, &token, &path, &first)
        .await
        .refused(422, "wrongCode");
    world.advance(30).await;
    let second = provider.code();
    let newer = begin(&world, &token).await;
    submit(&world, &token, &path, &second)
        .await
        .refused(410, "cancelled");
    submit(&world, &token, &newer, &provider.code())
        .await
        .expect(200);
}

#[tokio::test]
async fn sending_is_throttled_per_user_and_destination() {
    let (world, _, token) = start().await;
    let path = begin(&world, &token).await;
    world.advance(10).await;
    let answer = world
        .post(&format!("{path}/challenge"), &token, Value::Null)
        .await;
    assert_eq!(answer.headers["retry-after"], "20");
    assert_eq!(answer.refused(429, "throttled")["retryAfter"], json!(20));
    let respelt = json!({ "method": "mobilePhone", "kind": "voiceCall", "phone": { "region": "NL", "number": "+31 6 1234 5678" } });
    world
        .post("/v1/enrollments", &token, respelt)
        .await
        .refused(429, "throttled");
    let other = world.sign_in("bob", "signedIn").await;
    begin(&world, &other).await;
    let mail = json!({ "method": "email", "address": "a@b.example" });
    world
        .post("/v1/enrollments", &token, mail)
        .await
        .expect(201);
    world.advance(20).await;
    world
        .post(&format!("{path}/challenge"), &token, Value::Null)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_totp_step_is_spent_once_for_all_uses() {
    let (world, _, token) = start().await;
    let oath = world.add_oath(&token).await;
    let begin = async || {
        let begun = world
            .post("/v1/challenges", &token, json!({}))
            .await
            .expect(201);
        format!("/v1/challenges/{}", text(&begun["id"]))
    };
    let path = begin().await;
    let spent = world.oath_code(&oath.key, 0).await;
    submit(&world, &token, &path, &spent)
        .await
        .refused(422, "wrongCode");
    submit(&world, &token, &path, &world.oath_code(&oath.key, 2).await)
        .await
        .refused(422, "wrongCode");
    let ahead = world.oath_code(&oath.key, 1).await;
    submit(&world, &token, &path, &ahead).await.expect(200);
    world.advance(30).await;
    let path = begin().await;
    submit(&world, &token, &path, &ahead)
        .await
        .refused(422, "wrongCode");
    world.advance(60).await;
    submit(&world, &token, &path, &world.oath_code(&oath.key, -1).await)
        .await
        .expect(200);
}

#[tokio::test]
async fn twenty_failures_block_the_account_for_a_quarter_of_an_hour() {
    let (world, provider, token) = start().await;
    let waiting = world.sign_in("alice", "signedIn").await;
    for _ in 0..4 {
        let path = begin(&world, &token).await;
        for _ in 0..5 {
            submit(&world, &token, &path, &another(&provider.code()))
                .await
                .refused(422, "wrongCode");
        }
        world.advance(30).await;
    }
    let credentials = json!({ "userPrincipalName": "alice@acme.example", "password": PASSWORD });
    let answer = world.post("/v1/sessions", "", credentials.clone()).await;
    answer.refused(401, "invalidCredentials");
    let path = begin(&world, &waiting).await;
    submit(&world, &waiting, &path, &provider.code())
        .await
        .refused(403, "blocked");
    let reset = json!({ "userPrincipalName": "alice@acme.example" });
    world
        .post("/v1/passwordResets", "", reset)
        .await
        .refused(403, "contactAdministrator");
    assert_eq!(world.activities().await, ["accountBlocked"]);
    world.advance(900 - 31).await;
    world
        .post("/v1/sessions", "", credentials.clone())
        .await
        .refused(401, "invalidCredentials");
    world.advance(1).await;
    world
        .post("/v1/sessions", "", credentials)
        .await
        .expect(201);
}

#[tokio::test]
async fn of_several_submissions_of_one_code_exactly_one_wins() {
    let (world, provider, token) = start().await;
    let path = begin(&world, &token).await;
    let code = provider.code();
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (world, token, path, code) = (world.clone(), token.clone(), path.clone(), code.clone());
        tasks.push(tokio::spawn(async move {
            submit(&world, &token, &path, &code).await.status
        }));
    }
    let mut won = 0;
    for task in tasks {
        won += u32::from(task.await.unwrap() == 200);
    }
    assert_eq!(won, 1);
}
