//! Times what goes over a transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::Request;
use proofup_binding::Transport;
use proofup_domain::clock::Clock;
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt as _, service_fn};

/// Adds up how long the requests of a transport are under way; what is computed before and after them does not count.
#[derive(Debug, Clone)]
pub(super) struct Stopwatch {
    clock: Clock,
    /// In nanoseconds.
    spent: Arc<AtomicI64>,
}

impl Stopwatch {
    pub(super) fn new(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            spent: Arc::default(),
        }
    }

    /// Wraps a transport, so that its requests are timed.
    pub(super) fn around(&self, transport: &Transport) -> Transport {
        let (transport, watch) = (transport.clone(), self.clone());
        BoxCloneSyncService::new(service_fn(move |request: Request<Bytes>| {
            let (transport, watch) = (transport.clone(), watch.clone());
            async move {
                let began = watch.clock.now();
                let came = transport.oneshot(request).await;
                let passed = watch.clock.now().duration_since(began).as_nanos();
                let passed = i64::try_from(passed).unwrap_or(i64::MAX);
                watch.spent.fetch_add(passed, Ordering::Relaxed);
                came
            }
        }))
    }

    /// Returns the nanoseconds since it was last asked, and begins again.
    pub(super) fn take(&self) -> i64 {
        self.spent.swap(0, Ordering::Relaxed)
    }
}
