//! A way to a server that breaks down at every second success that has nothing to tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use proofup_binding::Transport;
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

/// Whether a request of the contract asks for something whose success has no fields.
fn has_nothing_to_tell(request: &Request<Bytes>) -> bool {
    let path = request.uri().path();
    match *request.method() {
        Method::GET => path.ends_with("/v1/account"),
        Method::PUT => path.ends_with("/v1/methods/default"),
        Method::DELETE => path.contains("/v1/methods/"),
        Method::POST => path.ends_with("/password"),
        _ => false,
    }
}

/// Turns every second success without fields into an answer with the status 500, after the server has done its work.
pub(crate) fn failing(inner: Transport) -> Transport {
    let successes = Arc::new(AtomicUsize::new(0));
    BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
        let (inner, successes) = (inner.clone(), Arc::clone(&successes));
        async move {
            let empty = has_nothing_to_tell(&request);
            let mut response = inner.oneshot(request).await?;
            let succeeded = empty && response.status().is_success();
            if succeeded && successes.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
                response = Response::new(Bytes::from_static(b"something broke"));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
            Ok(response)
        }
    }))
}
