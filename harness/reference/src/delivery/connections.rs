//! HTTP connections to gateways, kept for the next message to the same one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::config::BaseUrl;
use super::requests::GatewayRequest;
use super::{DeliveryResult, GatewayFailure};

/// Takes what would go to a gateway's socket: for gateways in the same process.
pub type Carrier = Arc<dyn Fn(Carried<'_>) -> CarriedEnding + Send + Sync>;

/// What a carrier takes, and the port of the gateway that it is for.
#[derive(Debug, Clone, Copy)]
pub enum Carried<'a> {
    /// A request to an HTTP gateway.
    Request(u16, &'a Request<Bytes>),
    /// A mail to one recipient, for a mail server.
    Mail {
        /// The port of the mail server.
        port: u16,
        /// The recipient, as the envelope has it.
        recipient: &'a str,
        /// Headers and body (RFC 5322).
        mail: &'a [u8],
    },
}

/// How what was carried ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarriedEnding {
    /// The gateway answered with this status; a mail server that took the mail is 200.
    Answered(StatusCode),
    /// The connection could not be made, or broke.
    Broken,
    /// The gateway never answers. Nobody waits for that: the time-out counts as over.
    Silent,
}

/// Idle connections, bounded for each gateway and in all.
pub(super) struct GatewayConnections {
    idle: Mutex<Idle>,
    /// Where requests go instead.
    carrier: Option<Carrier>,
}

impl std::fmt::Debug for GatewayConnections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections")
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Idle {
    by_gateway: BTreeMap<String, Vec<HttpSender>>,
    count: usize,
}

type HttpSender = SendRequest<Full<Bytes>>;

/// How many idle connections one gateway keeps: as many messages as go to it at once.
const IDLE_PER_GATEWAY: usize = 64;
/// How many idle connections there are in all; scenario runs come with new gateways all the time.
const IDLE_IN_ALL: usize = 512;
/// How much of an answer's body is read to keep its connection; what answers more loses it.
const BODY_BYTES_MAX: usize = 64 * 1024;

impl GatewayConnections {
    pub(super) fn new(carrier: Option<Carrier>) -> Self {
        let idle = Mutex::new(Idle {
            by_gateway: BTreeMap::new(),
            count: 0,
        });
        Self { idle, carrier }
    }

    /// Posts a request; an answer of 2xx is success.
    ///
    /// `standing` tells the answer as soon as its status is known: a body that never ends does not undo it.
    pub(super) async fn post(
        &self,
        url: &BaseUrl,
        post: GatewayRequest,
        standing: &mut DeliveryResult,
    ) -> DeliveryResult {
        if let Some(carrier) = &self.carrier {
            let (_, port) = url.socket();
            *standing = carried(carrier(Carried::Request(port, &request(url, post)?)));
            return *standing;
        }
        let mut request = request(url, post)?.map(Full::new);
        let key = key(url);
        if let Some(kept) = self.take(&key) {
            match exchange(kept, request).await {
                Ok(answer) => return self.conclude(key, answer, standing).await,
                Err(Lost::Sent) => return Err(GatewayFailure::Refused),
                Err(Lost::Unsent(unsent)) => request = *unsent,
            }
        }
        let fresh = connect(url).await?;
        match exchange(fresh, request).await {
            Ok(answer) => self.conclude(key, answer, standing).await,
            Err(_) => Err(GatewayFailure::Refused),
        }
    }

    /// Returns where mail goes instead of a socket.
    pub(super) fn carrier(&self) -> Option<&Carrier> {
        self.carrier.as_ref()
    }

    /// Reads the status, then what is left of the answer, and keeps the connection if all of it came.
    async fn conclude(
        &self,
        key: String,
        answer: GatewayResponse,
        standing: &mut DeliveryResult,
    ) -> DeliveryResult {
        let GatewayResponse {
            mut sender,
            response,
        } = answer;
        let verdict = verdict(response.status());
        *standing = verdict;
        if drain(response.into_body()).await && sender.ready().await.is_ok() {
            self.keep(key, sender);
        }
        verdict
    }

    fn take(&self, key: &str) -> Option<HttpSender> {
        let mut idle = self.lock();
        let senders = idle.by_gateway.get_mut(key)?;
        let before = senders.len();
        let mut found = None;
        while let Some(sender) = senders.pop() {
            if sender.is_ready() {
                found = Some(sender);
                break;
            }
        }
        let after = senders.len();
        if after == 0 {
            idle.by_gateway.remove(key);
        }
        idle.count -= before - after;
        found
    }

    fn keep(&self, key: String, sender: HttpSender) {
        let mut idle = self.lock();
        if idle.count >= IDLE_IN_ALL {
            idle.forget_closed();
        }
        if idle.count >= IDLE_IN_ALL {
            return;
        }
        let senders = idle.by_gateway.entry(key).or_default();
        if senders.len() < IDLE_PER_GATEWAY {
            senders.push(sender);
            idle.count += 1;
        }
    }

    /// Locks; a panic elsewhere leaves nothing half done here that matters.
    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    /// Drops the connections that gateways have closed, among them all those to gateways that are gone.
    fn forget_closed(&mut self) {
        self.by_gateway.retain(|_, senders| {
            senders.retain(|sender| !sender.is_closed());
            !senders.is_empty()
        });
        self.count = self.by_gateway.values().map(Vec::len).sum();
    }
}

struct GatewayResponse {
    sender: HttpSender,
    response: http::Response<Incoming>,
}

/// How a request was lost, and the request itself where nothing of it was sent.
enum Lost {
    Sent,
    Unsent(Box<Request<Full<Bytes>>>),
}

/// Returns the key of a gateway as seen from this runtime: a connection is driven by the runtime that made it, and by no other.
fn key(url: &BaseUrl) -> String {
    let runtime = tokio::runtime::Handle::current().id();
    format!("{} {runtime}", url.authority())
}

/// Returns what a delivery that was carried has come to.
pub(super) fn carried(ending: CarriedEnding) -> DeliveryResult {
    match ending {
        CarriedEnding::Answered(status) => verdict(status),
        CarriedEnding::Broken => Err(GatewayFailure::Refused),
        CarriedEnding::Silent => Err(GatewayFailure::TimedOut),
    }
}

/// An answer of 2xx is success.
fn verdict(status: StatusCode) -> DeliveryResult {
    if status.is_success() {
        Ok(())
    } else {
        Err(GatewayFailure::Refused)
    }
}

fn request(url: &BaseUrl, post: GatewayRequest) -> Result<Request<Bytes>, GatewayFailure> {
    let mut request = Request::post(url.path_and(&post.path))
        .header(HOST, url.authority())
        .header(CONTENT_TYPE, HeaderValue::from_static(post.content_type));
    if let Some(authorization) = post.authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    // A path that a URL may have and a request may not is the gateway's fault.
    request
        .body(Bytes::from(post.body))
        .map_err(|_| GatewayFailure::Refused)
}

async fn connect(url: &BaseUrl) -> Result<HttpSender, GatewayFailure> {
    let stream = TcpStream::connect(url.socket())
        .await
        .map_err(|_| GatewayFailure::Refused)?;
    // Without it a request in two segments waits for the first one's acknowledgement.
    let _ = stream.set_nodelay(true);
    let (sender, connection) = http1::Builder::new()
        // Messages are short: one piece costs the kernel less than two.
        .writev(false)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| GatewayFailure::Refused)?;
    // It ends when the gateway hangs up or the sender is dropped.
    tokio::spawn(connection);
    Ok(sender)
}

async fn exchange(
    mut sender: HttpSender,
    request: Request<Full<Bytes>>,
) -> Result<GatewayResponse, Lost> {
    match sender.try_send_request(request).await {
        Ok(response) => Ok(GatewayResponse { sender, response }),
        Err(mut error) => Err(match error.take_message() {
            Some(request) => Lost::Unsent(Box::new(request)),
            None => Lost::Sent,
        }),
    }
}

/// Reads a body to its end, and returns whether it ended within bounds.
async fn drain(mut body: Incoming) -> bool {
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return false;
        };
        bytes += frame.data_ref().map_or(0, Bytes::len);
        if bytes > BODY_BYTES_MAX {
            return false;
        }
    }
    true
}
