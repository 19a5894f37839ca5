//! What a target declares of its limits is judged, and not only kept.

use bytes::Bytes;
use http::{Request, Response};
use proofup_binding::Transport;
use proofup_judge::outcome::Outcome;
use proofup_runner::run::{RunConfig, TargetSession, run};
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

use crate::config;
use crate::planted::wait;

/// Carries requests to a server that declares a limit otherwise.
fn declaring(inner: Transport, name: &'static str, limit: u32) -> Transport {
    BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let inner = inner.clone();
        async move {
            let (mut parts, body) = inner.oneshot(request).await?.into_parts();
            let body = match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(mut told) if told["limits"].is_object() => {
                    told["limits"][name] = limit.into();
                    parts.headers.remove(http::header::CONTENT_LENGTH);
                    Bytes::from(told.to_string())
                }
                _ => body,
            };
            Ok(Response::from_parts(parts, body))
        }
    }))
}

/// Returns the checks that failed in a run on a server that declares a limit otherwise.
fn failed(name: &'static str, limit: u32) -> Vec<String> {
    let config = config(None, Vec::new());
    let config = RunConfig {
        session: TargetSession {
            transport: declaring(config.session.transport.clone(), name, limit),
            ..config.session.clone()
        },
        ..config
    };
    let stop = CancellationToken::new();
    let output = wait(run(config, |_| {}, &stop)).expect("it answers");
    let checks = output.cases.into_iter().flat_map(|case| case.checks);
    checks
        .filter(|check| matches!(check.outcome, Outcome::Failed(_)))
        .map(|check| check.slug)
        .collect()
}

#[test]
fn a_declared_limit_beyond_a_requirement_fails_that_requirement() {
    for (name, within, beyond, slug) in [
        ("codeLength", 6, 5, "CODE-1/declared-limit"),
        ("codeSeconds", 600, 601, "CODE-2/declared-limit"),
        ("codeTries", 10, 11, "CODE-6/declared-limit"),
        ("accountFailures", 100, 101, "CODE-11/declared-limit"),
    ] {
        assert_eq!(failed(name, within), Vec::<String>::new(), "{name}");
        assert_eq!(failed(name, beyond), [slug], "{name}");
    }
}
