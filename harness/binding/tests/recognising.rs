//! Recognising: status classes, matchers, sources with their filters, fields made of what they find.

use proofup_binding::{Answered, Operation};
use serde_json::{Value as Json, json};

use crate::support::{offer, scripted, with_sign_in, workspace};

const PAGE: &str = r#"<html><p class=error>Wrong  code</p><input id=c value='x&amp;y'><img id=qr src='URI'></html>"#;

/// Asks whether a `where` table takes an answer.
async fn takes(status: &str, conditions: &str, answer: (u16, &[(&str, &str)], &str)) -> bool {
    let target = with_sign_in(&format!(
        "[operations.signOut]\nrequest = {{ method = \"POST\", path = \"/out?a=b\" }}\nanswers = [{{ status = {status}, where = {{ {conditions} }} }}]"
    ));
    let (transport, _) = scripted(answer.0, "text/plain", answer.1, answer.2);
    let reply = target
        .call(&transport, Operation::SignOut, &offer(&json!({})), None)
        .await
        .expect("an answer");
    matches!(reply.answered, Answered::Success(_))
}

#[tokio::test]
async fn statuses_are_recognised_by_this_table() {
    let table = [
        ("200", 200, true),
        ("200", 201, false),
        ("\"2xx\"", 299, true),
        ("\"2xx\"", 300, false),
        ("[\"3xx\", 200]", 302, true),
        ("[\"3xx\", 200]", 200, true),
        ("[\"3xx\", 200]", 400, false),
    ];
    for (status, came, expected) in table {
        assert_eq!(
            takes(status, "", (came, &[], "")).await,
            expected,
            "{status} {came}"
        );
    }
}

#[tokio::test]
async fn conditions_hold_by_this_table() {
    let json = r#"{"ok": true, "n": 3, "text": "wrong code", "list": ["a", "b"], "none": null, "qr": "otpauth://totp/x?secret=GEZD"}"#;
    let table = [
        (r#""$.ok" = true"#, true),
        (r#""$.ok" = "true""#, false),
        (r#""$.n" = 3"#, true),
        (r#""$.n" = { oneOf = [1, 3] }"#, true),
        (r#""$.n" = { oneOf = [1, 2] }"#, false),
        (r#""$.text" = { contains = "code" }"#, true),
        (r#""$.text" = { contains = "Code" }"#, false),
        (r#""$.text" = { matches = "^wrong .*e$" }"#, true),
        (r#""$.text" = { matches = "^wrong$" }"#, false),
        (r#""$.text" = { matches = "wrong", contains = "x" }"#, false),
        (r#""$.list" = { contains = "a" }"#, true),
        (r#""$.list" = { contains = "c" }"#, false),
        (r#""$.list" = ["a", "b"]"#, true),
        (r#""$.none" = { exists = false }"#, true),
        (r#""$.ok" = { exists = true }"#, true),
        (r#""$.ok" = { exists = false }"#, false),
        (r#""$.missing" = { exists = false }, "$.n" = 3"#, true),
        (r#""$.missing" = { contains = "" }"#, false),
        (r#""header:x-left" = 4"#, true),
        (r#""header:x-left" = "4""#, true),
        (r#""header:x-left" = { exists = true }"#, true),
        (r#"body = { contains = "\"ok\": true" }"#, true),
        (r#"status = 200"#, true),
        (r#"url = { matches = "/out\\?a=b$" }"#, true),
        (r#""url | param:a" = "b""#, true),
        (r#""cookie:sid" = "s1""#, true),
        (r#""cookie:other" = { exists = false }"#, true),
        (r#"'regex:"n": ([0-9]+)' = 3"#, true),
        (r#""$.qr | param:secret" = "GEZD""#, true),
        (r#""$.qr | param:secret | regex:^GE" = "GE""#, true),
    ];
    let headers = [("x-left", "4"), ("set-cookie", "sid=s1; Path=/")];
    for (conditions, expected) in table {
        assert_eq!(
            takes("200", conditions, (200, &headers, json)).await,
            expected,
            "{conditions}"
        );
    }
    let html = [
        (r#"'html:p.error' = "Wrong code""#, true),
        (r#"'html:#c@value' = "x&y""#, true),
        (r#"'html:p.success' = { exists = false }"#, true),
        (r#"'$.ok' = { exists = false }"#, true),
    ];
    for (conditions, expected) in html {
        assert_eq!(
            takes("200", conditions, (200, &[], PAGE)).await,
            expected,
            "{conditions}"
        );
    }
    // An empty body is no obstacle where nothing has to stand in it.
    assert!(takes("204", "body = \"\"", (204, &[], "")).await);
}

#[tokio::test]
async fn fields_are_made_by_this_table() {
    let body = r#"{"type": "sms", "left": "4", "user": {"mail": true, "phone": false, "app": true},
        "list": [{"kind": "sms"}, {"kind": "mail"}]}"#;
    let table = [
        (
            "listMethods",
            r#"methods = { collect = [{ value = "email", where = { "$.user.mail" = true } }, { value = "mobilePhone", where = { "$.user.phone" = true } }, { value = "softwareOath" }] }"#,
            json!({"methods": ["email", "softwareOath"]}),
        ),
        (
            "listMethods",
            r#"methods = { from = "$.list[*].kind", words = { sms = "mobilePhone", mail = "email" } }"#,
            json!({"methods": ["mobilePhone", "email"]}),
        ),
        (
            "listMethods",
            r#"methods = 'regex:"kind": "(\w+)"'"#,
            json!({"methods": ["mobilePhone", "mail"]}),
        ),
        (
            "readEnrollment",
            r#"method = "$.type", triesLeft = "$.left", activation = { exists = "$.qr" }"#,
            json!({"method": "mobilePhone", "triesLeft": 4, "activation": false}),
        ),
        (
            "readEnrollment",
            r#"state = { from = ["$.state", "$.type"], words = { sms = "challengeSent" } }"#,
            json!({"state": "challengeSent"}),
        ),
    ];
    for (operation, answer, expected) in table {
        let target = with_sign_in(&format!(
            "words.method = {{ mobilePhone = \"sms\" }}\n[operations.{operation}]\nrequest = {{ method = \"GET\", path = \"/\" }}\n[[operations.{operation}.answers]]\nstatus = 200\nanswer = {{ {answer} }}"
        ));
        let (transport, _) = scripted(200, "application/json", &[], body);
        let operation = Operation::from_word(operation).expect("an operation");
        let reply = target
            .call(
                &transport,
                operation,
                &offer(&json!({"enrollment": "1"})),
                None,
            )
            .await
            .expect("an answer");
        assert_eq!(Some(expected), success(reply.answered), "{answer}");
    }
}

fn success(answered: Answered) -> Option<Json> {
    match answered {
        Answered::Success(fields) => Some(Json::Object(fields)),
        Answered::Refused(_) | Answered::Unrecognised { .. } => None,
    }
}

#[tokio::test]
async fn the_text_of_a_qr_code_is_read_from_its_picture() {
    use base64::Engine as _;
    let payload = "otpauth://totp/Example:alice@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example";
    for picture in ["otpauth", "otpauth-bare"] {
        let bytes =
            std::fs::read(workspace(&format!("fixtures/wire/qr/{picture}.png"))).expect("it ships");
        let encoded = base64::engine::general_purpose::STANDARD.encode(&bytes);
        let uri = format!("data:image/png;base64,{encoded}");
        for (source, body) in [
            ("html:#qr@src | qr", PAGE.replace("URI", &uri)),
            ("$.qr | qr", json!({"qr": uri}).to_string()),
            ("$.qr | qr", json!({"qr": encoded}).to_string()),
            ("body | qr", encoded.clone()),
        ] {
            let target = with_sign_in(&format!(
                "[operations.beginEnrollment]\nrequest = {{ method = \"POST\", path = \"/\" }}\nanswers = [{{ status = 200 }}]\nkeep = {{ qrPayload = \"{source}\", manualSecret = \"{source} | param:secret\" }}"
            ));
            let (transport, _) = scripted(200, "text/html", &[], &body);
            let reply = target
                .call(
                    &transport,
                    Operation::BeginEnrollment,
                    &offer(&json!({"method": "softwareOath"})),
                    None,
                )
                .await
                .expect("an answer");
            let kept = |name: &str| reply.kept.get(name).map(proofup_binding::Value::reveal);
            assert_eq!(
                kept("qrPayload"),
                Some(json!(payload)),
                "{picture} {source}"
            );
            assert_eq!(
                kept("manualSecret"),
                Some(json!("JBSWY3DPEHPK3PXP")),
                "{picture} {source}"
            );
        }
    }
}
