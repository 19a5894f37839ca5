//! Masking: no exchange holds a secret, whatever an implementation does with it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use proofup_binding::exchange::Exchange;
use proofup_binding::{Operation, Value, Variables};
use proofup_domain::command::Mangle;
use proofup_domain::secret::Secret;
use serde_json::{Value as Json, json};

use crate::support::{scripted, shipped, with_sign_in};

/// Every value below that is a secret has this in it, so that one search finds any of them.
const MARK: &str = "zq482913";

/// Offers every variable of an operation; the secret ones hold the mark.
fn everything(operation: Operation) -> Variables {
    let mut variables = Variables::default();
    for spec in operation.variables() {
        let value = match spec.name {
            "users" => Value::Plain(json!([{"password": format!("{MARK} \"password\"")}])),
            "answers" => Value::Plain(json!([{"answer": format!("{MARK} answer")}])),
            "session" | "controlToken" | "deviceSecret" => {
                Value::Secret(Secret::new(format!("{MARK}-{}", spec.name)))
            }
            "password" | "code" | "activationCode" => {
                Value::Secret(Secret::new(format!("{MARK} \"é{}/", spec.name)))
            }
            name => Value::Plain(Json::from(name)),
        };
        variables.insert(spec.name, value);
    }
    variables
}

/// Looks for the mark as it is, percent-encoded and in base64.
fn assert_masked(exchange: &Exchange, what: &str) {
    let shown = format!(
        "{exchange:?} {} {}",
        serde_json::to_string(exchange).expect("JSON"),
        exchange.curl()
    );
    let encoded = STANDARD.encode(MARK);
    for needle in [MARK, "zq4829", &encoded[..8]] {
        assert!(!shown.contains(needle), "{what}: {needle} in {shown}");
    }
}

/// Answers with everything that the operation keeps, holding the mark, and echoes what was sent.
fn echo(operation: Operation) -> String {
    let secrets: Vec<String> = everything(operation)
        .0
        .values()
        .map(|value| match value.reveal() {
            Json::String(text) => text,
            other => other.to_string(),
        })
        .collect();
    let echoed: Vec<String> = secrets
        .iter()
        .flat_map(|text| {
            [
                text.clone(),
                STANDARD.encode(text),
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
            ]
        })
        .collect();
    json!({
        "id": "1", "token": format!("{MARK}-token"), "echo": echoed,
        "activation": {"qrPayload": format!("otpauth://{MARK}"), "manual": {"code": format!("{MARK}-c"), "secret": format!("{MARK}-s")}},
        "deviceId": "1", "deviceSecret": format!("{MARK}-d"), "codeSecret": format!("{MARK}-k"),
    })
    .to_string()
}

#[tokio::test]
async fn no_operation_s_exchange_holds_a_secret() {
    let target = shipped("reference");
    for operation in Operation::ALL.iter().filter(|one| target.has(**one)) {
        let body = echo(*operation);
        for status in [200, 201, 204, 422, 500] {
            let location = format!("/?token={MARK}-token");
            let cookie = format!("id={MARK}; Path=/");
            let headers = [
                ("set-cookie", cookie.as_str()),
                ("x-session", &format!("{MARK}-session")),
            ];
            let (transport, _) = scripted(status, "application/json", &headers, &body);
            let reply = target
                .call(&transport, *operation, &everything(*operation), None)
                .await;
            let mut exchange = reply.expect("the transport answers").exchange;
            // What an operation neither offers nor keeps, a test cannot ask it to know: those are known by other steps.
            exchange.mask(&known_elsewhere());
            assert_masked(&exchange, &format!("{operation} {status} {location}"));
        }
    }
}

fn known_elsewhere() -> Vec<Secret> {
    ["", "-token", "-session", "-c", "-s", "-d", "-k"]
        .iter()
        .map(|end| Secret::new(format!("{MARK}{end}")))
        .collect()
}

#[tokio::test]
async fn what_an_operation_keeps_is_masked_without_further_help() {
    let target = shipped("reference");
    let keepers = [
        Operation::SignIn,
        Operation::BeginEnrollment,
        Operation::NextPage,
        Operation::ActivateDevice,
    ];
    for operation in keepers {
        for status in [200, 201, 500] {
            let body: String = match operation {
                Operation::SignIn => json!({"token": format!("{MARK}-t"), "again": format!("{MARK}-t")}).to_string(),
                Operation::ActivateDevice => {
                    json!({"deviceSecret": format!("{MARK}-d"), "codeSecret": format!("{MARK}-k"), "again": format!("{MARK}-k")})
                        .to_string()
                }
                _ => json!({"activation": {"qrPayload": format!("{MARK}-q"), "manual": {"code": format!("{MARK}-c"), "secret": format!("{MARK}-s")}}})
                    .to_string(),
            };
            let (transport, _) = scripted(status, "application/json", &[], &body);
            let reply = target
                .call(&transport, operation, &everything(operation), None)
                .await
                .expect("an answer");
            assert_masked(&reply.exchange, operation.as_str());
        }
    }
}

#[tokio::test]
async fn a_spoilt_request_shows_no_secret_either() {
    let target = shipped("reference");
    for mangle in Mangle::ALL {
        for operation in [
            Operation::SignIn,
            Operation::SubmitCode,
            Operation::SubmitAnswers,
            Operation::CreateTenant,
        ] {
            let (transport, _) = scripted(400, "application/json", &[], "{}");
            let reply = target
                .call(&transport, operation, &everything(operation), Some(*mangle))
                .await;
            assert_masked(
                &reply.expect("an answer").exchange,
                &format!("{operation} {mangle}"),
            );
        }
    }
}

#[tokio::test]
async fn a_secret_of_the_environment_is_masked() {
    let target = with_sign_in(
        "[operations.signIn]\nrequest = { method = \"GET\", path = \"/\", headers = { x-key = \"${API_KEY}\" } }\nanswers = [{ status = 200 }]",
    );
    let (transport, sent) = scripted(200, "text/plain", &[], "your key is key-0123456789");
    let reply = target
        .call(&transport, Operation::SignIn, &Variables::default(), None)
        .await
        .expect("an answer");
    assert_eq!(
        sent.lock().expect("nobody panicked")[0].headers()["x-key"],
        "key-0123456789"
    );
    assert_eq!(
        reply.exchange.response_body.as_deref(),
        Some("your key is ***")
    );
    assert!(!format!("{:?} {target:?}", reply.exchange).contains("key-0123456789"));
}

#[tokio::test]
async fn a_callback_s_secret_is_masked_in_url_and_header() {
    let (transport, _) = scripted(204, "text/plain", &[], "");
    let request = Request::post(format!("http://x/v1/calls/1/digits?secret={MARK}"))
        .header("authorization", format!("Bearer {MARK}"))
        .body(bytes::Bytes::from_static(b"Digits=%23"))
        .expect("a request");
    let reply = shipped("reference")
        .callback(&transport, request, &[Secret::new(MARK)])
        .await
        .expect("an answer");
    assert_masked(&reply.exchange, "callback");
    assert_eq!(reply.exchange.url, "http://x/v1/calls/1/digits?secret=***");
    assert!(
        reply
            .exchange
            .curl()
            .contains("-H 'authorization: Bearer '\"${CALLBACK_SECRET}\""),
        "{}",
        reply.exchange.curl()
    );
}
