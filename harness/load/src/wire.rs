//! What users send over: connections that go from one to the next, and the last exchange, in case it has to be shown.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use proofup_binding::raw_connection::RawConnection;
use proofup_binding::{Direct, Transport, TransportError};
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

/// Makes a new transport, with a connection of its own.
pub type Connect = Arc<dyn Fn() -> Transport + Send + Sync>;

/// The connections that nobody uses just now: there are as many as flows were ever under way at once.
///
/// Users rest for most of a run; a connection for each would be thousands, all of them cold. The one that was put back last
/// is taken first.
#[derive(Debug)]
pub(crate) struct Lanes {
    direct: Direct,
    #[expect(clippy::vec_box, reason = "they pass from hand to hand, and are large")]
    idle: RefCell<Vec<Box<RawConnection>>>,
}

impl Lanes {
    pub(crate) fn new(direct: Direct) -> Self {
        Self {
            direct,
            idle: RefCell::default(),
        }
    }

    /// Takes a connection; a new one opens with its first request.
    pub(crate) fn take(&self) -> Box<RawConnection> {
        let idle = self.idle.borrow_mut().pop();
        idle.unwrap_or_else(|| Box::new(RawConnection::new(self.direct.clone())))
    }

    /// Puts a connection back for the next.
    pub(crate) fn put_back(&self, lane: Box<RawConnection>) {
        self.idle.borrow_mut().push(lane);
    }
}

/// One exchange as it was had: secrets and all. It is masked before it is shown.
#[derive(Debug, Clone)]
pub(crate) struct LastExchange {
    pub(crate) request: Request<Bytes>,
    pub(crate) outcome: Result<Response<Bytes>, TransportError>,
}

/// Remembers the last exchange of a transport.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<std::sync::Mutex<Option<LastExchange>>>);

impl Memory {
    /// Takes the last exchange.
    pub(crate) fn take(&self) -> Option<LastExchange> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<LastExchange>> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Wraps a transport, so that its last exchange is remembered.
    pub(crate) fn around(&self, transport: Transport) -> Transport {
        let memory = self.clone();
        BoxCloneSyncService::new(tower::service_fn(move |request: Request<Bytes>| {
            let (memory, transport) = (memory.clone(), transport.clone());
            async move {
                let kept = request.clone();
                let outcome = transport.oneshot(request).await;
                *memory.lock() = Some(LastExchange {
                    request: kept,
                    outcome: outcome.clone(),
                });
                outcome
            }
        }))
    }
}
