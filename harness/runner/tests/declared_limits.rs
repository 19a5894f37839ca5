//! What a target declares of its limits is judged, and not only kept.

use bytes::Bytes;
use http::{Request, Response};
use proofup_binding::Transport;
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

use crate::{config, failed_checks};

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
    let transport = declaring(config.session.transport.clone(), name, limit);
    failed_checks(config, transport)
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
