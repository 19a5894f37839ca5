//! What a browser would do: cookies, CSRF tokens, forms, redirects; and asking again: polling, refreshing.

use http::header::COOKIE;
use proofup_binding::{
    Answered, Jar, Operation, Reply, Transport, TransportError, Value, Variables,
};
use proofup_domain::secret::Secret;
use serde_json::json;

use crate::support::{Sent, answer, answering, newest_body, offer, scripted, told, with_sign_in};

async fn call(
    target: &proofup_binding::CompiledTarget,
    transport: &Transport,
    operation: Operation,
    variables: &Variables,
) -> Reply {
    target
        .call(transport, operation, variables, None)
        .await
        .unwrap_or_else(|failure| panic!("{operation}: {failure}"))
}

fn cookies(sent: &Sent) -> Vec<String> {
    let sent = sent.lock().expect("no test panics while it holds the lock");
    let cookies = |request: &http::Request<bytes::Bytes>| {
        let cookies = request.headers().get(COOKIE);
        cookies.map_or_else(String::new, |value| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        })
    };
    sent.iter().map(cookies).collect()
}

#[tokio::test]
async fn every_session_has_cookies_of_its_own() {
    let target = with_sign_in(
        r#"
cookies = true
[operations.signIn]
requests = [{ method = "GET", path = "/login" }, { method = "POST", path = "/login", headers = { cookie = "lang=en" } }]
answers = [{ status = 200 }]
[operations.openAccount]
request = { method = "GET", path = "/account" }
answers = [{ status = 200 }]
"#,
    );
    let (transport, sent) = answering(|number, _| {
        let session = format!("session=s-0123456789abcdef-{number}; Path=/; HttpOnly");
        answer(
            200,
            &[("set-cookie", &session)],
            &format!("s-0123456789abcdef-{number}"),
        )
    });
    let alice = call(&target, &transport, Operation::SignIn, &offer(&json!({}))).await;
    let shown = format!("{:?}{:?}{:?}", alice.earlier, alice.exchange, alice.kept);
    assert!(!shown.contains("s-0123456789abcdef"), "{shown}");
    let Some(Value::Jar(jar)) = alice.kept.get(Jar::NAME) else {
        panic!("a session keeps its cookies: {:?}", alice.kept);
    };
    call(&target, &transport, Operation::SignIn, &offer(&json!({}))).await;
    let mut variables = Variables::default();
    variables
        .0
        .insert(Jar::NAME.to_owned(), Value::Jar(jar.clone()));
    call(&target, &transport, Operation::OpenAccount, &variables).await;
    call(
        &target,
        &transport,
        Operation::OpenAccount,
        &offer(&json!({})),
    )
    .await;
    assert_eq!(
        cookies(&sent),
        [
            "",
            "lang=en; session=s-0123456789abcdef-0",
            "",
            "lang=en; session=s-0123456789abcdef-2",
            "session=s-0123456789abcdef-1",
            "",
        ]
    );
}

#[tokio::test]
async fn a_csrf_token_goes_with_whatever_changes_something() {
    for (place, every, fetched) in [
        ("header = \"X-CSRF\"", "session", 2),
        ("field = \"csrf\"", "request", 3),
    ] {
        let target = with_sign_in(&format!(
            r#"
cookies = true
csrf = {{ request = {{ method = "GET", path = "/form" }}, token = "html:input[name=t]@value", {place}, every = "{every}" }}
[operations.signIn]
request = {{ method = "POST", path = "/in" }}
answers = [{{ status = 200 }}]
[operations.defer]
request = {{ method = "POST", path = "/later", body = {{ a = 1 }} }}
answers = [{{ status = 200 }}]
[operations.readSession]
request = {{ method = "GET", path = "/me" }}
answers = [{{ status = 200 }}]
"#
        ));
        let (transport, sent) = answering(|number, request| match request.uri().path() {
            "/app/form" => answer(
                200,
                &[("set-cookie", "a=1; Path=/")],
                &format!("<input name=t value='tok-{number}-1234567'>"),
            ),
            _ => answer(200, &[], "tok-0-1234567"),
        });
        let signed_in = call(&target, &transport, Operation::SignIn, &offer(&json!({}))).await;
        assert!(!format!("{:?}{:?}", signed_in.earlier, signed_in.exchange).contains("1234567"));
        let mut variables = Variables::default();
        variables.0.extend(signed_in.kept);
        call(&target, &transport, Operation::ReadSession, &variables).await;
        call(&target, &transport, Operation::Defer, &variables).await;
        call(&target, &transport, Operation::Defer, &variables).await;
        let forms = told(&sent)
            .iter()
            .filter(|line| line.contains("/form"))
            .count();
        assert_eq!(forms, fetched, "{:?}", told(&sent));
        let requests = sent.lock().expect("nobody panicked");
        if place.starts_with("field") {
            assert_eq!(requests[1].body(), "csrf=tok-0-1234567");
            drop(requests);
            assert_eq!(newest_body(&sent), json!({"a": 1, "csrf": "tok-5-1234567"}));
        } else {
            assert_eq!(requests[1].headers()["x-csrf"], "tok-0-1234567");
            // Who has signed in gets another token than who has not.
            assert_eq!(requests[4].headers()["x-csrf"], "tok-3-1234567");
            assert!(!requests[2].headers().contains_key("x-csrf"));
        }
    }
}

#[tokio::test]
async fn a_missing_csrf_token_is_the_file_s_trouble() {
    let target = with_sign_in(
        r#"
csrf = { request = { method = "GET", path = "/form" }, token = "cookie:XSRF-TOKEN", header = "X-XSRF-TOKEN" }
[operations.signIn]
request = { method = "POST", path = "/in" }
answers = [{ status = 200 }]
"#,
    );
    let (transport, _) = scripted(200, "text/html", &[], "");
    let failure = target
        .call(&transport, Operation::SignIn, &offer(&json!({})), None)
        .await
        .expect_err("there is no token");
    assert!(failure.error.is_of_the_file(), "{failure}");
}

const FORMS: &str = r##"
[operations.signIn]
requests = [
    { method = "GET", path = "/login?next=1" },
    { fromForm = "form#login", form = { user = "{userPrincipalName}", password = "{password}" }, follow = true },
]
answers = [{ status = 200, where = { url = { matches = "/home$" } } }]
"##;

#[tokio::test]
async fn a_form_is_sent_as_a_browser_sends_it_and_redirects_are_followed() {
    let target = with_sign_in(&format!("cookies = true\n{FORMS}"));
    let page = "<form id=login method=post action='do?x=1'><input type=hidden name=csrf value=c1><input name=user></form>";
    let (transport, sent) = answering(move |_, request| match request.uri().path() {
        "/app/login" => answer(200, &[], page),
        "/app/do" => answer(
            302,
            &[("location", "/step"), ("set-cookie", "in=1; Path=/")],
            "",
        ),
        "/step" => answer(307, &[("location", "http://127.0.0.1:1/home#top")], ""),
        _ => answer(200, &[], "welcome"),
    });
    let mut variables = offer(&json!({"userPrincipalName": "a@b"}));
    variables.insert("password", Secret::new("p q"));
    let reply = call(&target, &transport, Operation::SignIn, &variables).await;
    assert_eq!(
        told(&sent),
        [
            "GET /app/login?next=1",
            "POST /app/do?x=1 csrf=c1&user=a%40b&password=p%20q",
            "GET /step",
            "GET /home"
        ]
    );
    assert_eq!(cookies(&sent), ["", "", "in=1", "in=1"]);
    assert!(matches!(reply.answered, Answered::Success(_)));
    assert_eq!(
        (reply.earlier.len(), reply.exchange.url.as_str()),
        (3, "http://127.0.0.1:1/home")
    );
}

#[tokio::test]
async fn a_redirect_to_another_host_is_an_answer_and_a_loop_is_named() {
    let target = with_sign_in(FORMS);
    let page = "<form id=login action='/app/do'><input name=user></form>";
    let elsewhere =
        move |_: usize, request: &http::Request<bytes::Bytes>| match request.uri().path() {
            "/app/login" => answer(200, &[], page),
            _ => answer(302, &[("location", "http://elsewhere.invalid/home")], ""),
        };
    let (transport, sent) = answering(elsewhere);
    let variables = offer(&json!({"userPrincipalName": "a", "password": "b"}));
    let reply = call(&target, &transport, Operation::SignIn, &variables).await;
    assert!(matches!(
        reply.answered,
        Answered::Unrecognised { status: 302, .. }
    ));
    // A form without a method is a query.
    assert_eq!(told(&sent)[1], "GET /app/do?user=a&password=b");
    let (transport, sent) = answering(move |_, request| match request.uri().path() {
        "/app/login" => answer(200, &[], page),
        path => answer(303, &[("location", path)], ""),
    });
    let failure = target
        .call(&transport, Operation::SignIn, &variables, None)
        .await
        .expect_err("it never ends");
    assert_eq!(failure.error, TransportError::TooManyRedirects(10));
    assert_eq!(told(&sent).len(), 12);
    let (transport, _) = scripted(200, "text/html", &[], "<p>no form</p>");
    let failure = target
        .call(&transport, Operation::SignIn, &variables, None)
        .await;
    assert!(
        failure
            .expect_err("there is no form")
            .error
            .is_of_the_file()
    );
}

#[tokio::test]
async fn what_takes_time_is_asked_again_until_it_is_there_or_time_is_over() {
    let polled = |within: &str| {
        with_sign_in(&format!(
            r#"
[operations.readEnrollment]
request = {{ method = "GET", path = "/e/{{enrollment}}", poll = {{ until = {{ "$.state" = {{ oneOf = ["done", "failed"] }} }}, every = "1ms", within = "{within}" }} }}
answers = [{{ status = 200, answer = {{ state = {{ from = "$.state", words = {{ done = "verified", wait = "challengeSent" }} }} }} }}]
"#
        ))
    };
    let (transport, sent) = answering(|number, _| {
        answer(
            200,
            &[],
            if number < 3 {
                r#"{"state": "wait"}"#
            } else {
                r#"{"state": "done"}"#
            },
        )
    });
    let variables = offer(&json!({"enrollment": "1"}));
    let reply = call(
        &polled("60s"),
        &transport,
        Operation::ReadEnrollment,
        &variables,
    )
    .await;
    assert!(matches!(&reply.answered, Answered::Success(fields) if fields["state"] == "verified"));
    assert_eq!((told(&sent).len(), reply.earlier.len()), (4, 0));
    let (transport, _) = scripted(200, "application/json", &[], r#"{"state": "wait"}"#);
    let reply = call(
        &polled("20ms"),
        &transport,
        Operation::ReadEnrollment,
        &variables,
    )
    .await;
    assert!(
        matches!(&reply.answered, Answered::Success(fields) if fields["state"] == "challengeSent")
    );
    let (transport, sent) = scripted(404, "application/json", &[], "");
    call(
        &polled("60s"),
        &transport,
        Operation::ReadEnrollment,
        &variables,
    )
    .await;
    assert_eq!(told(&sent).len(), 1);
}

#[tokio::test]
async fn a_session_that_has_run_out_is_had_anew_once() {
    let target = with_sign_in(
        r#"
refresh = { status = 401, where = { "$.error" = "expired" } }
headers = { x-api-key = "${API_KEY}" }
[operations.refreshSession]
request = { method = "POST", path = "/refresh", body = { token = "{refreshToken}" } }
answers = [{ status = 200 }]
keep = { session = "$.access", refreshToken = "$.refresh" }
[operations.signIn]
request = { method = "POST", path = "/in" }
answers = [{ status = 200 }]
[operations.openAccount]
request = { method = "GET", path = "/account", headers = { authorization = "Bearer {session}" } }
answers = [{ status = 200 }]
[[refusals]]
status = 401
refused = "unauthenticated"
"#,
    );
    let mut variables = Variables::default();
    variables.insert("session", Secret::new("old-12345678"));
    variables.insert("refreshToken", Secret::new("ref-12345678"));
    let serve = |refreshes: bool| {
        answering(move |_, request| {
            let new = request
                .headers()
                .get("authorization")
                .is_some_and(|value| value == "Bearer new-12345678");
            assert_eq!(request.headers()["x-api-key"], "key-0123456789");
            match request.uri().path() {
                "/app/refresh" if refreshes => answer(
                    200,
                    &[],
                    r#"{"access": "new-12345678", "refresh": "ref-2-12345678"}"#,
                ),
                _ if new => answer(200, &[], "new-12345678"),
                _ => answer(401, &[], r#"{"error": "expired"}"#),
            }
        })
    };
    let (transport, sent) = serve(true);
    let reply = call(&target, &transport, Operation::OpenAccount, &variables).await;
    assert!(matches!(reply.answered, Answered::Success(_)));
    assert_eq!(
        reply.renewed.keys().collect::<Vec<_>>(),
        ["refreshToken", "session"]
    );
    let lines = told(&sent);
    assert_eq!(
        (lines.len(), lines[1].as_str()),
        (3, r#"POST /app/refresh {"token":"ref-12345678"}"#)
    );
    let shown = format!("{:?}{:?}", reply.earlier, reply.exchange);
    assert!(
        !shown.contains("12345678") && !shown.contains("key-0123456789"),
        "{shown}"
    );
    let (transport, sent) = serve(false);
    let reply = call(&target, &transport, Operation::OpenAccount, &variables).await;
    assert!(matches!(reply.answered, Answered::Refused(_)) && reply.renewed.is_empty());
    assert_eq!(told(&sent).len(), 2);
    let (transport, sent) = serve(true);
    call(&target, &transport, Operation::SignIn, &offer(&json!({}))).await;
    assert_eq!(
        told(&sent).len(),
        1,
        "nobody has a session before signing in"
    );
}

#[tokio::test]
async fn parts_are_sent_as_a_form_with_files_would_be() {
    let target = with_sign_in(
        r#"
[operations.signIn]
request = { method = "POST", path = "/in", multipart = { user = "{userPrincipalName}", password = "{password}" } }
answers = [{ status = 200 }]
"#,
    );
    let (transport, sent) = scripted(200, "text/plain", &[], "");
    call(
        &target,
        &transport,
        Operation::SignIn,
        &offer(&json!({"userPrincipalName": "a", "password": "b"})),
    )
    .await;
    let sent = sent.lock().expect("nobody panicked");
    assert_eq!(
        sent[0].headers()["content-type"],
        "multipart/form-data; boundary=proofup-part"
    );
    let body = String::from_utf8_lossy(sent[0].body());
    assert!(
        body.contains("name=\"password\"\r\n\r\nb\r\n--proofup-part"),
        "{body}"
    );
}

#[tokio::test]
async fn a_request_s_own_time_out_ends_it() {
    let target = with_sign_in(
        r#"
[operations.signIn]
request = { method = "POST", path = "/in", timeout = "5ms" }
answers = [{ status = 200 }]
"#,
    );
    let service = tower::service_fn(|_: http::Request<bytes::Bytes>| {
        std::future::pending::<Result<http::Response<bytes::Bytes>, TransportError>>()
    });
    let transport = tower::util::BoxCloneSyncService::new(service);
    let failure = target
        .call(&transport, Operation::SignIn, &offer(&json!({})), None)
        .await;
    let error = failure.expect_err("nobody answers").error;
    assert_eq!(
        error,
        TransportError::TimedOut(std::time::Duration::from_millis(5))
    );
}
