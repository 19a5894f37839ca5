//! The reference in this process, sound or with a defect, and lies told on the way to it and back.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use proofup_binding::{CompiledTarget, Transport, TransportError};
use proofup_domain::clock::Clock;
use proofup_domain::secret::Secret;
use proofup_domain::state::SessionState;
use proofup_explore::matrix::combination::Combination;
use proofup_explore::matrix::decision::{Decider, Decision, Standing};
use proofup_explore::matrix::finding::Findings;
use proofup_explore::matrix::live::{Live, judge_live};
use proofup_reference::app::{AppConfig, app};
use proofup_reference::policy_evaluator::PolicyEvaluator;
use proofup_reference::rules::{RuleBook, Rules};
use proofup_world::session::{RunError, TargetSession};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

pub(crate) const TOKEN: &str = "a-token-of-these-tests";

/// Says one thing in place of another: of a request's method and path, and the answer's status and body.
pub(crate) type Lie = fn(&str, &str, &mut u16, &mut Json);

pub(crate) fn clock() -> Clock {
    Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant"))
}

/// Makes the rules with a defect.
pub(crate) fn defective(alter: fn(&mut Rules)) -> RuleBook {
    RuleBook::default().altered(alter)
}

/// Gives the reference's decisions as a function.
pub(crate) fn decider(rule_book: RuleBook) -> Decider {
    let evaluator = PolicyEvaluator::new(rule_book);
    Arc::new(move |policy, role, registered| {
        let decided = evaluator.decide(policy, role, registered);
        decided.map_or(Decision::Refused, |decided| {
            Decision::Accepted(Standing {
                available: decided.available,
                required: decided.required,
                interrupted: decided.state == SessionState::Interrupted,
            })
        })
    })
}

/// Carries requests to the reference without a socket, and its answers through a lie.
pub(crate) fn transport(rule_book: RuleBook, lie: Lie) -> Transport {
    let router = app(AppConfig {
        test_control_token: Some(Secret::new(TOKEN)),
        rule_book,
        ..AppConfig::new(clock())
    });
    BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let router = router.clone();
        async move {
            let (method, path) = (
                request.method().to_string(),
                request.uri().path().to_owned(),
            );
            if path.starts_with("/testControl/v1/tenants/matrix-") && method == "PUT" {
                let body: Json = serde_json::from_slice(request.body()).expect("the body is JSON");
                assert!(body.get("gateways").is_none(), "no provider is needed");
            }
            let response = router.oneshot(request.map(axum::body::Body::from)).await;
            let (mut parts, body) = response.unwrap_or_else(|never| match never {}).into_parts();
            let body = axum::body::to_bytes(body, 1024 * 1024).await;
            let body = body.map_err(|_| TransportError::ConnectionReset)?;
            let Ok(mut json) = serde_json::from_slice(&body) else {
                return Ok(Response::from_parts(parts, body));
            };
            let mut status = parts.status.as_u16();
            lie(&method, &path, &mut status, &mut json);
            if status == NO_ANSWER {
                return Err(TransportError::ConnectionReset);
            }
            parts.status = status.try_into().expect("the status of a test is one");
            Ok(Response::from_parts(parts, Bytes::from(json.to_string())))
        }
    }))
}

/// The status by which a lie says that nothing is to come back.
pub(crate) const NO_ANSWER: u16 = 0;

/// Tells the truth.
pub(crate) fn truth(_: &str, _: &str, _: &mut u16, _: &mut Json) {}

/// Compiles the reference's target file.
pub(crate) fn target() -> CompiledTarget {
    let text = include_str!("../../../../fixtures/targets/reference.toml");
    CompiledTarget::compile("fixtures/targets/reference.toml", text)
        .expect("the target file compiles")
}

/// Waits for a future.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

/// A session with the reference behind a transport.
pub(crate) fn session(transport: Transport, token: &str) -> TargetSession {
    TargetSession {
        instance: None,
        target: Arc::new(target()),
        transport,
        callback_base: "http://target.invalid".to_owned(),
        control_token: Some(Secret::new(token)),
        surroundings: Arc::default(),
        clock: clock(),
        seed: 1,
    }
}

/// Asks over HTTP about some combinations.
pub(crate) fn judge(
    combinations: Vec<Combination>,
    transport: Transport,
    token: &str,
) -> Result<Findings, RunError> {
    let stop = CancellationToken::new();
    let live = Live {
        combinations,
        session: session(transport, token),
        jobs: 5,
    };
    wait(judge_live(live, |_| {}, &stop))
}
