//! Servers that refuse what leads up to a check, and servers that wait too long for a provider: what could not run must not be all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use proofup_binding::{Transport, TransportError};
use proofup_domain::fault::FaultName;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Scenario, embedded_suite, load};
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

use crate::{config, failed_checks};

/// Lists the scenarios whose paths hold a text.
fn scenarios(path: &str) -> Vec<Scenario> {
    let suite = embedded_suite(&embedded_catalogue()).expect("the suite loads");
    let mut scenarios = suite.scenarios;
    scenarios.retain(|scenario| scenario.path.contains(path));
    assert!(!scenarios.is_empty(), "{path}");
    scenarios
}

/// Returns which checks fail on the reference behind a proxy of the tests.
fn failed(
    fault: Option<FaultName>,
    scenarios: Vec<Scenario>,
    between: impl Fn(Transport) -> Transport,
) -> BTreeSet<String> {
    let config = config(fault, scenarios);
    let transport = between(config.session.transport.clone());
    failed_checks(config, transport).into_iter().collect()
}

/// Answers some requests in place of the server.
fn answering(
    inner: Transport,
    stands_in: impl Fn(&Request<Bytes>) -> Option<StatusCode> + Clone + Send + Sync + 'static,
) -> Transport {
    BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let (inner, status) = (inner.clone(), stands_in(&request));
        async move {
            match status {
                Some(status) => Ok(problem(status)),
                None => inner.oneshot(request).await,
            }
        }
    }))
}

fn problem(status: StatusCode) -> Response<Bytes> {
    let code = match status {
        StatusCode::TOO_MANY_REQUESTS => "throttled",
        _ => "invalidNumber",
    };
    let body = format!(
        r#"{{"type":"about:blank","status":{},"code":"{code}"}}"#,
        status.as_u16()
    );
    Response::builder()
        .status(status)
        .header("content-type", "application/problem+json")
        .header("retry-after", "30")
        .body(Bytes::from(body))
        .expect("it is well formed")
}

#[test]
fn a_server_that_refuses_texts_to_one_country_fails_though_no_check_says_so() {
    let told = |fault| failed(fault, scenarios("wizard/phone-then-mail"), |inner| inner);
    let fails = "TEXT-2/no-step-before-a-check-is-refused".to_owned();
    let found = told(Some(FaultName::CountryWithoutTexts));
    assert!(found.contains(&fails), "{found:?}");
    assert_eq!(told(None), BTreeSet::new());
}

#[test]
fn what_follows_a_surprise_is_nobodys_fault_and_neither_is_a_full_server() {
    for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::BAD_GATEWAY] {
        let found = failed(None, scenarios("reset/by-phone"), |inner| {
            answering(inner, move |request| {
                (request.uri().path() == "/v1/enrollments").then_some(status)
            })
        });
        let by_steps = found.iter().filter(|slug| slug.ends_with("is-refused"));
        assert_eq!(by_steps.count(), 0, "{status}: {found:?}");
    }
    let found = failed(None, scenarios("reset/by-phone"), |inner| {
        answering(inner, |request| {
            let begins = request.uri().path() == "/v1/enrollments";
            begins.then_some(StatusCode::UNPROCESSABLE_ENTITY)
        })
    });
    let by_steps = found.iter().filter(|slug| slug.ends_with("is-refused"));
    assert_eq!(by_steps.count(), 1, "one cause is one finding: {found:?}");
}

/// A provider hangs.
const HANGING: &str = r#"
title = "A provider that hangs is told"
editions = ["2019-02-13"]

[policy]
reset.enabled = true
reset.methods = ["mobilePhone"]

[[users]]
name = "alice"

[[steps]]
do = "signIn"
user = "alice"

[[steps]]
do = "setGateway"
channel = "sms"
behaviour = "hang"

[[steps]]
check = "GATE-1/sms-hang-is-told"
do = "beginEnrollment"
user = "alice"
method = "mobilePhone"
kind = "textMessage"
control = "sms-works"
expect = { refused = "gatewayFailed" }

[[steps]]
do = "setGateway"
channel = "sms"
behaviour = "deliver"

[[steps]]
id = "sms-works"
do = "beginEnrollment"
user = "alice"
method = "mobilePhone"
kind = "textMessage"
"#;

/// Lets every answer that tells of a provider that failed come too late for the first time; the second time
/// the server says what it likes.
fn waiting(inner: Transport, again: Option<StatusCode>) -> Transport {
    let times = Arc::new(AtomicUsize::new(0));
    BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let (inner, times) = (inner.clone(), Arc::clone(&times));
        async move {
            let response = inner.oneshot(request).await?;
            if response.status() != StatusCode::BAD_GATEWAY {
                return Ok(response);
            }
            if times.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
                return Err(TransportError::TimedOut(Duration::from_secs(10)));
            }
            Ok(again.map_or(response, problem))
        }
    }))
}

#[test]
fn a_server_that_waits_too_long_for_a_provider_fails_whatever_it_says_the_second_time() {
    let scenario = load("tests.toml", HANGING, &embedded_catalogue()).expect("it loads");
    let told = |again| failed(None, vec![scenario.clone()], |inner| waiting(inner, again));
    let fails = "GATE-1/sms-hang-is-told".to_owned();
    let found = told(Some(StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(found, BTreeSet::from([fails]));
    assert_eq!(told(None), BTreeSet::new(), "it was chance");
}
