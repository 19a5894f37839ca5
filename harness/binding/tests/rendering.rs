//! Rendering: what operations send.

use proofup_binding::{Operation, TransportError, Variables};
use proofup_domain::secret::Secret;
use serde_json::{Value as Json, json};

use crate::support::{newest_body, offer, scripted, shipped, with_sign_in};

/// Calls an operation of the reference and gives the method, the path with its query, and the body.
async fn sent(operation: Operation, variables: &Variables) -> (String, String, Option<Json>) {
    let (transport, sent) = scripted(204, "application/json", &[], "");
    let target = shipped("reference").with_base("http://target.invalid/".parse().expect("a URL"));
    target
        .call(&transport, operation, variables, None)
        .await
        .expect("the transport answers");
    let sent = sent.lock().expect("nobody panicked");
    let request = sent.last().expect("something was sent");
    assert_eq!(request.uri().host(), Some("target.invalid"));
    let body =
        (!request.body().is_empty()).then(|| serde_json::from_slice(request.body()).expect("JSON"));
    let path = request
        .uri()
        .path_and_query()
        .expect("requests have a path")
        .to_string();
    (request.method().to_string(), path, body)
}

#[tokio::test]
async fn values_take_their_place_and_absent_members_are_dropped() {
    let table = [
        (
            Operation::BeginEnrollment,
            json!({"method": "email", "address": "a@example.org"}),
            (
                "POST",
                "/v1/enrollments",
                Some(json!({"method": "email", "address": "a@example.org"})),
            ),
        ),
        (
            Operation::BeginEnrollment,
            json!({"method": "mobilePhone", "region": "NL", "number": "0612345678", "kind": "textMessage"}),
            (
                "POST",
                "/v1/enrollments",
                Some(json!({
                    "method": "mobilePhone",
                    "phone": {"region": "NL", "number": "0612345678"},
                    "kind": "textMessage",
                })),
            ),
        ),
        (
            Operation::BeginSecondStep,
            json!({}),
            ("POST", "/v1/challenges", Some(json!({}))),
        ),
        (
            Operation::BeginSecondStep,
            json!({"method": null}),
            ("POST", "/v1/challenges", Some(json!({}))),
        ),
        (
            Operation::ReadEnrollment,
            json!({"enrollment": "a/b c?d"}),
            ("GET", "/v1/enrollments/a%2Fb%20c%3Fd", None),
        ),
    ];
    for (operation, variables, (method, path, body)) in table {
        let (was_method, was_path, was_body) = sent(operation, &offer(&variables)).await;
        assert_eq!(
            (was_method.as_str(), was_path.as_str(), was_body),
            (method, path, body),
            "{operation}"
        );
    }
}

#[tokio::test]
async fn a_value_keeps_its_type() {
    let table = [
        (
            Operation::SetPolicy,
            json!({"tenantId": "t", "policy": {"deferralDays": 0, "reset": {}}}),
            (
                "PATCH",
                "/testControl/v1/tenants/t/policy",
                Some(json!({"deferralDays": 0, "reset": {}})),
            ),
        ),
        (
            Operation::AdvanceClock,
            json!({"tenantId": "t", "seconds": 86_400}),
            (
                "POST",
                "/testControl/v1/tenants/t/clock/advance",
                Some(json!({"seconds": 86_400})),
            ),
        ),
        (
            Operation::SubmitAnswers,
            json!({"enrollment": "e", "answers": [{"question": "q", "answer": "a"}]}),
            (
                "POST",
                "/v1/enrollments/e/verification",
                Some(json!({"answers": [{"question": "q", "answer": "a"}]})),
            ),
        ),
    ];
    for (operation, variables, (method, path, body)) in table {
        let (was_method, was_path, was_body) = sent(operation, &offer(&variables)).await;
        assert_eq!(
            (was_method.as_str(), was_path.as_str(), was_body),
            (method, path, body),
            "{operation}"
        );
    }
}

#[tokio::test]
async fn a_tenant_is_made_whole() {
    let users = json!([{"userPrincipalName": "a@t.example", "password": "p-1234567", "role": "member", "blocked": false}]);
    let variables = offer(&json!({
        "tenantId": "t-1", "controlToken": "c", "displayName": "Contoso", "policy": {"deferralDays": 14},
        "domains": ["t.example"], "users": users, "gateways": {"email": {"smtp": "127.0.0.1:25"}},
        "now": "2026-01-15T09:00:00Z",
    }));
    let (method, path, body) = sent(Operation::CreateTenant, &variables).await;
    assert_eq!(
        (method.as_str(), path.as_str()),
        ("PUT", "/testControl/v1/tenants/t-1")
    );
    assert_eq!(
        body,
        Some(json!({
            "displayName": "Contoso", "policy": {"deferralDays": 14}, "domains": ["t.example"], "users": users,
            "gateways": {"email": {"smtp": "127.0.0.1:25"}},
            "clock": {"mode": "manual", "now": "2026-01-15T09:00:00Z"},
        }))
    );
}

#[tokio::test]
async fn headers_queries_and_forms_are_filled_too() {
    let target = with_sign_in(
        r#"
[operations.signIn]
answers = [{ status = 200 }]
[operations.signIn.request]
method = "POST"
path = "/in?fixed=1"
query = { tenant = "{tenantId}", user = "{userPrincipalName}" }
headers = { x-api-key = "${API_KEY}", x-tenant = "{tenantId}" }
form = { u = "{userPrincipalName}", p = "{password}", t = "{tenantId}" }
"#,
    );
    let (transport, sent) = scripted(200, "text/plain", &[], "");
    let mut variables = offer(&json!({"userPrincipalName": "a+b@example.com"}));
    variables.insert("password", Secret::new("p&q=r s"));
    target
        .call(&transport, Operation::SignIn, &variables, None)
        .await
        .expect("the transport answers");
    let sent = sent.lock().expect("nobody panicked");
    let request = &sent[0];
    assert_eq!(
        request.uri(),
        "http://127.0.0.1:1/app/in?fixed=1&user=a%2Bb%40example.com"
    );
    assert_eq!(request.headers()["x-api-key"], "key-0123456789");
    assert!(!request.headers().contains_key("x-tenant"));
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(request.body(), "p=p%26q%3Dr%20s&u=a%2Bb%40example.com");
}

#[tokio::test]
async fn several_requests_follow_each_other_until_one_is_refused() {
    let target = with_sign_in(
        r#"
[operations.signIn]
requests = [{ method = "GET", path = "/form" }, { method = "POST", path = "/in", body = { p = "{password}" } }]
answers = [{ status = 200 }]
"#,
    );
    let mut variables = Variables::default();
    variables.insert("password", Secret::new("p-1234567"));
    let (transport, sent) = scripted(200, "text/plain", &[], "");
    let reply = target
        .call(&transport, Operation::SignIn, &variables, None)
        .await
        .expect("an answer");
    assert_eq!(
        (reply.earlier.len(), reply.exchange.url.as_str()),
        (1, "http://127.0.0.1:1/app/in")
    );
    assert_eq!(newest_body(&sent), json!({"p": "p-1234567"}));
    let (transport, sent) = scripted(500, "text/plain", &[], "");
    target
        .call(&transport, Operation::SignIn, &variables, None)
        .await
        .expect("an answer");
    assert_eq!(sent.lock().expect("nobody panicked").len(), 1);
}

#[tokio::test]
async fn what_cannot_be_filled_is_told_and_not_sent() {
    let (transport, sent) = scripted(200, "text/plain", &[], "");
    let target = shipped("reference");
    let failure = target
        .call(
            &transport,
            Operation::ReadEnrollment,
            &Variables::default(),
            None,
        )
        .await;
    let error = failure.expect_err("there is no enrollment").error;
    assert_eq!(
        error,
        TransportError::Unbound {
            operation: Operation::ReadEnrollment,
            variable: "enrollment".to_owned()
        }
    );
    let failure = shipped("demo")
        .call(
            &transport,
            Operation::AdvanceClock,
            &Variables::default(),
            None,
        )
        .await;
    assert_eq!(
        failure.expect_err("nothing moves the demo's clock").error,
        TransportError::NotBound(Operation::AdvanceClock)
    );
    let mut variables = offer(&json!({}));
    variables.insert("session", Secret::new("line\nbreak"));
    let failure = target
        .call(&transport, Operation::SignOut, &variables, None)
        .await;
    assert!(matches!(
        failure.expect_err("a header has one line").error,
        TransportError::NotSent(_)
    ));
    assert!(sent.lock().expect("nobody panicked").is_empty());
}
