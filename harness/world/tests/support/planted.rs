//! The reference in process, with a fault planted or without.

use std::sync::Arc;

use proofup_binding::{CompiledTarget, Transport, TransportError};
use proofup_domain::clock::Clock;
use proofup_domain::fault::FaultName;
use proofup_domain::secret::Secret;
use proofup_reference::app::{AppConfig, Reference, app};
use proofup_reference::faults::rule_book;
use proofup_reference::rules::RuleBook;
use proofup_world::session::TargetSession;
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

/// The token of test control in these tests.
const TOKEN: &str = "a-token-of-these-tests";

fn clock() -> Clock {
    Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant"))
}

/// Carries requests to the reference with a fault.
fn in_process(fault: Option<FaultName>) -> Transport {
    carried(app(AppConfig {
        test_control_token: Some(Secret::new(TOKEN)),
        rule_book: fault.map_or_else(RuleBook::default, rule_book),
        ..AppConfig::new(clock())
    }))
}

/// Carries requests to a server of this process without a socket.
pub(crate) fn carried(router: Reference) -> Transport {
    BoxCloneSyncService::new(service_fn(move |request: http::Request<bytes::Bytes>| {
        let router = router.clone();
        async move {
            let response = router
                .oneshot(request.map(axum::body::Body::from))
                .await
                .unwrap_or_else(|never| match never {});
            let (parts, body) = response.into_parts();
            let body = axum::body::to_bytes(body, 1024 * 1024)
                .await
                .map_err(|_| TransportError::BodyTooLarge(1024 * 1024))?;
            Ok(http::Response::from_parts(parts, body))
        }
    }))
}

/// A session with the reference.
pub(crate) fn session(fault: Option<FaultName>) -> TargetSession {
    let text = include_str!("../../../../fixtures/targets/reference.toml");
    let target = CompiledTarget::compile("fixtures/targets/reference.toml", text)
        .expect("the target file compiles");
    TargetSession {
        instance: None,
        target: Arc::new(target),
        transport: in_process(fault),
        callback_base: "http://target.invalid".to_owned(),
        control_token: Some(Secret::new(TOKEN)),
        surroundings: Arc::default(),
        clock: clock(),
        seed: 1,
    }
}

/// Runs what is asynchronous to its end.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}
