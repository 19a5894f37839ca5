//! Answers: what operations make of what comes back.

use std::sync::LazyLock;

use http::Request;
use proofup_binding::{Answered, CompiledTarget, Operation, Reply, Value};
use proofup_domain::capabilities::Facility;
use serde_json::{Map, Value as Json, json};

use crate::support::{offer, problem, scripted, shipped, with_sign_in};

async fn reply(
    operation: Operation,
    status: u16,
    content_type: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let (transport, _) = scripted(status, content_type, headers, body);
    let variables = offer(&json!({
        "userPrincipalName": "a@example.com", "password": "p-1234567", "session": "s-1234567", "enrollment": "e-1",
        "code": "482913", "reset": "r-1", "proof": "p-1", "method": "email", "activationCode": "123456789", "pushToken": "t",
    }));
    static REFERENCE: LazyLock<CompiledTarget> = LazyLock::new(|| shipped("reference"));
    REFERENCE
        .call(&transport, operation, &variables, None)
        .await
        .expect("the transport answers")
}

async fn success(operation: Operation, status: u16, body: &Json) -> (Json, Reply) {
    let reply = reply(
        operation,
        status,
        "application/json",
        &[],
        &body.to_string(),
    )
    .await;
    match reply.answered.clone() {
        Answered::Success(fields) => (Json::Object(fields), reply),
        other => panic!("{operation} answered {other:?}"),
    }
}

#[tokio::test]
async fn a_session_is_told_in_the_domain_s_words() {
    let body = json!({
        "id": "s-1", "userPrincipalName": "a@example.com", "state": "secondStepRequired", "token": "tok-1234567",
        "expiresAt": "2026-01-15T17:00:00Z", "deferral": null,
        "default": {"method": "mobilePhone", "methodId": "m-1", "kind": "textMessage"},
        "alternatives": [{"method": "mobilePhone", "methodId": "m-1", "kind": "voiceCall"}],
    });
    let (answer, reply) = success(Operation::SignIn, 201, &body).await;
    assert_eq!(
        answer,
        json!({
            "state": "secondStepRequired",
            "default": {"method": "mobilePhone", "kind": "textMessage"},
            "alternatives": [{"method": "mobilePhone", "kind": "voiceCall"}],
        })
    );
    assert_eq!(
        reply.kept.get("session").map(Value::reveal),
        Some(json!("tok-1234567"))
    );
    assert!(matches!(reply.kept.get("session"), Some(Value::Secret(_))));
}

#[tokio::test]
async fn lists_are_lists_also_when_they_are_empty() {
    let (answer, _) = success(Operation::ListMethods, 200, &json!({"value": []})).await;
    assert_eq!(answer, json!({"methods": [], "details": []}));
    let body = json!({"value": [
        {"id": "1", "method": "email", "kinds": ["emailCode"], "usableFor": [], "destination": "a***@example.org",
         "registeredAt": "2026-01-15T09:00:00Z", "isDefault": false},
    ]});
    let (answer, _) = success(Operation::ListMethods, 200, &body).await;
    assert_eq!(
        answer,
        json!({"methods": ["email"], "details": [
            {"method": "email", "kinds": ["emailCode"], "usableFor": [], "destination": "a***@example.org"},
        ]})
    );
}

#[tokio::test]
async fn a_setup_tells_its_challenge_and_its_activation() {
    let body = json!({
        "id": "e-1", "method": "microsoftAuthenticator", "state": "started", "page": "scanQrCode",
        "expiresAt": "2026-01-15T09:30:00Z",
        "activation": {"qrPayload": "securityinfo://activate?code=1", "manual": {"code": "123456789", "url": "http://x/"}},
    });
    let (answer, reply) = success(Operation::NextPage, 200, &body).await;
    assert_eq!(
        answer,
        json!({
            "method": "microsoftAuthenticator", "state": "started", "page": "scanQrCode",
            "expiresAt": "2026-01-15T09:30:00Z", "activation": true,
        })
    );
    let kept: Vec<&str> = reply.kept.keys().map(String::as_str).collect();
    assert_eq!(kept, ["enrollment", "manualCode", "manualUrl", "qrPayload"]);
    let body = json!({"id": "e-1", "method": "email", "state": "challengeSent", "page": "enterCode",
        "challenge": {"kind": "emailCode", "destination": "a***@example.org", "expiresAt": "2026-01-15T09:10:00Z", "triesLeft": 5},
        "expiresAt": "2026-01-15T09:30:00Z", "questions": ["Why?"]});
    let (answer, reply) = success(Operation::ReadEnrollment, 200, &body).await;
    assert_eq!(answer["expiresAt"], "2026-01-15T09:10:00Z");
    assert_eq!(
        (&answer["activation"], &answer["triesLeft"]),
        (&json!(false), &json!(5))
    );
    assert_eq!(
        reply.kept.get("questions").map(Value::reveal),
        Some(json!(["Why?"]))
    );
}

#[tokio::test]
async fn audit_events_and_limits_are_mapped_field_by_field() {
    let body = json!({"value": [{"id": "1", "time": "2026-01-15T09:00:00Z", "userPrincipalName": "a@example.com",
        "activity": "methodRegistered", "result": "success", "method": "email"}]});
    let (answer, _) = success(Operation::ReadAuditEvents, 200, &body).await;
    assert_eq!(
        answer,
        json!({"events": [{"user": "a@example.com", "activity": "methodRegistered", "result": "success",
            "method": "email", "at": "2026-01-15T09:00:00Z"}]})
    );
    let (answer, _) = success(
        Operation::ReadCapabilities,
        200,
        &json!({"limits": {"codeLength": 6}}),
    )
    .await;
    assert_eq!(answer, json!({"codeLength": 6}));
}

#[tokio::test]
async fn every_documented_refusal_is_recognised_at_its_status() {
    for refusal in proofup_domain::refusal::Refusal::ALL {
        let code = refusal.as_str();
        let mut statuses = Vec::new();
        for status in 400..=503 {
            let body = problem(status, code).to_string();
            let reply = reply(
                Operation::SubmitCode,
                status,
                "application/problem+json",
                &[],
                &body,
            )
            .await;
            match reply.answered {
                Answered::Refused(fields) => {
                    assert_eq!(fields["refused"], code);
                    assert_eq!(fields["problem"], true);
                    assert!(reply.kept.is_empty());
                    statuses.push(status);
                }
                Answered::Unrecognised {
                    status: told,
                    code: word,
                } => {
                    assert_eq!((told, word.as_deref()), (status, Some(code)));
                }
                Answered::Success(_) => panic!("{status} {code} is no success"),
            }
        }
        assert!(
            !statuses.is_empty() && statuses.len() <= 2,
            "{code}: {statuses:?}"
        );
    }
}

#[tokio::test]
async fn a_refusal_tells_its_details() {
    let mut body = problem(422, "wrongCode");
    body["triesLeft"] = json!(4);
    let refused = reply(
        Operation::SubmitCode,
        422,
        "application/problem+json; charset=utf-8",
        &[],
        &body.to_string(),
    )
    .await;
    let expected = json!({"refused": "wrongCode", "triesLeft": 4, "problem": true});
    assert_eq!(refused.answered, Answered::Refused(as_map(expected)));
    let body = problem(429, "throttled").to_string();
    let refused = reply(
        Operation::SendCode,
        429,
        "application/json",
        &[("retry-after", "30")],
        &body,
    )
    .await;
    let expected = json!({"refused": "throttled", "retryAfter": 30, "problem": false});
    assert_eq!(refused.answered, Answered::Refused(as_map(expected)));
    let mut body = problem(422, "invalidInput");
    body["field"] = json!("code");
    body["status"] = json!(400);
    let refused = reply(
        Operation::SubmitCode,
        422,
        "application/problem+json",
        &[],
        &body.to_string(),
    )
    .await;
    let expected = json!({"refused": "invalidInput", "field": "code", "problem": false});
    assert_eq!(refused.answered, Answered::Refused(as_map(expected)));
}

#[tokio::test]
async fn what_no_rule_matches_is_unrecognised() {
    let table = [
        (500, "text/html", "<h1>Oops</h1>", None),
        (200, "application/json", r#"{"state":"signedIn"}"#, None),
        (201, "application/json", r#"{"state":"signed"#, None),
        (201, "application/json", "", None),
        (
            403,
            "application/problem+json",
            r#"{"code":"surprise"}"#,
            Some("surprise"),
        ),
        (401, "application/json", r#"{"code":7}"#, None),
    ];
    for (status, content_type, body, code) in table {
        let reply = reply(Operation::SignIn, status, content_type, &[], body).await;
        let code = code.map(str::to_owned);
        assert_eq!(
            reply.answered,
            Answered::Unrecognised { status, code },
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_operation_s_own_rules_come_first_and_in_order() {
    let target = with_sign_in(
        r#"
[operations.signIn]
request = { method = "POST", path = "/in" }
answers = [
    { status = 200, where = { "$.next" = "mfa" }, answer = { state = { value = "secondStepRequired" } } },
    { status = 200, where = { "header:x-state" = "in" }, answer = { state = { value = "signedIn" } } },
]
refusals = [{ status = 200, refused = "invalidCredentials" }]
[[refusals]]
status = [200, 403]
refused = "blocked"
"#,
    );
    let table = [
        (200, r#"{"next":"mfa"}"#, "", "secondStepRequired"),
        (200, "{}", "in", "signedIn"),
        (200, "{}", "", "invalidCredentials"),
        (403, "{}", "", "blocked"),
    ];
    for (status, body, state, expected) in table {
        let (transport, _) = scripted(status, "application/json", &[("x-state", state)], body);
        let reply = target
            .call(&transport, Operation::SignIn, &offer(&json!({})), None)
            .await
            .expect("an answer");
        let fields = match reply.answered {
            Answered::Success(fields) | Answered::Refused(fields) => fields,
            other @ Answered::Unrecognised { .. } => panic!("{other:?}"),
        };
        assert!(fields.values().any(|value| value == expected), "{fields:?}");
    }
}

#[tokio::test]
async fn a_callback_succeeds_with_any_2xx_and_is_refused_by_the_file_s_rules() {
    let request = || {
        Request::post("http://x/v1/calls/1/digits")
            .body(bytes::Bytes::new())
            .expect("a request")
    };
    let (transport, _) = scripted(200, "text/xml", &[], "<Response/>");
    let target = shipped("reference");
    let reply = target
        .callback(&transport, request(), &[])
        .await
        .expect("an answer");
    assert_eq!(reply.answered, Answered::Success(Map::new()));
    let (transport, _) = scripted(
        401,
        "application/problem+json",
        &[],
        &problem(401, "unauthenticated").to_string(),
    );
    let reply = target
        .callback(&transport, request(), &[])
        .await
        .expect("an answer");
    assert_eq!(
        reply.answered,
        Answered::Refused(as_map(
            json!({"refused": "unauthenticated", "problem": true})
        ))
    );
}

#[tokio::test]
async fn places_name_where_a_text_stands() {
    let body = json!({"value": [{"id": "a"}, {"id": "b"}], "n": 482_913});
    let (_, reply) = success(Operation::ListMethods, 200, &body).await;
    let places = reply.raw.places();
    for place in [
        ("$.value[*].id", "a"),
        ("$.value[*].id", "b"),
        ("$.n", "482913"),
        ("header:content-type", "application/json"),
    ] {
        assert!(
            places.contains(&(place.0.to_owned(), place.1.to_owned())),
            "{place:?}"
        );
    }
    assert!(reply.raw.text().contains("482913"));
}

fn as_map(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

#[tokio::test]
async fn what_the_file_declares_holds_over_what_is_discovered() {
    let document = json!({
        "editions": ["2019-02-13"], "methods": ["email"], "kinds": ["emailCode"], "features": ["manage"],
        "facilities": ["policy", "users", "clock", "inbox:email"],
        "limits": {
            "codeLength": 6, "codeTries": 5, "accountFailures": 20, "blockSeconds": 900, "resendSeconds": 30,
            "gatewayTimeoutMs": 2000, "codeSeconds": 600, "activationSeconds": 600, "enrollmentSeconds": 1800,
            "notificationSeconds": 120, "callSeconds": 120, "resetSeconds": 1800, "sessionSeconds": 28_800,
        },
    });
    let (transport, sent) = scripted(200, "application/json", &[], &document.to_string());
    let capabilities = shipped("reference")
        .discover(&transport)
        .await
        .expect("the document is whole");
    assert!(capabilities.facilities.contains(&Facility::Clock));
    assert_eq!(
        sent.lock().expect("nobody panicked")[0].uri().path(),
        "/.well-known/security-info"
    );
    let capabilities = shipped("demo")
        .discover(&transport)
        .await
        .expect("the document is whole");
    for absent in [Facility::Policy, Facility::Users, Facility::Clock] {
        assert!(!capabilities.facilities.contains(&absent), "{absent}");
    }
    assert_eq!(capabilities.limits.code_length, 6);
}
