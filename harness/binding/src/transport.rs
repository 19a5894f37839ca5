//! Transports: what carries a request to an implementation and brings the answer.
//!
//! The one seam between the harness and an implementation is a `tower::Service` of HTTP requests. A reference in process
//! and a custom target differ in this value and in nothing else.

mod metered;
mod proxy;
#[cfg(feature = "tls")]
mod tls;

use std::error::Error as _;
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use socket2::{SockRef, Socket};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tower::util::BoxCloneSyncService;
use url::Url;

use super::operation::Operation;
use metered::{ByteMeter, Flooded, Metered};
use proxy::Proxy;

/// Carries a request's own time-out to the transport.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestTimeout(pub(super) Duration);

/// Carries one HTTP request and brings the whole response.
pub type Transport = BoxCloneSyncService<Request<Bytes>, Response<Bytes>, TransportError>;

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing whole came in time.
    #[error("no complete answer within {} ms; check whether the target hangs, or allow more time", .0.as_millis())]
    TimedOut(Duration),
    /// Nobody listens.
    #[error("nothing listens on {0}")]
    ConnectionRefused(String),
    /// The connection was closed or reset before the answer was whole.
    #[error(
        "the target closed the connection before its answer was complete; look for a crash in its log"
    )]
    ConnectionReset,
    /// A kept connection was closed before anything of an answer came, and the request may not be repeated.
    #[error(
        "the target closed a kept connection before any of its answer came, so whether it took the request cannot be \
         known; let it, or what stands before it, keep connections longer"
    )]
    KeptConnectionClosed,
    /// The body is larger than is read.
    #[error("the answer is larger than {0} bytes, the most that is read")]
    BodyTooLarge(usize),
    /// The status line and headers are larger than is read.
    #[error("the headers of the answer are larger than the most that is read")]
    HeadTooLarge,
    /// Much more came than any answer needs: `1xx` answers, chunks or trailers without end.
    #[error(
        "the target sent more than {0} bytes for one answer; check its log, and any proxy in front of it"
    )]
    Flooded(usize),
    /// What came is no HTTP/1.1.
    #[error(
        "the answer is not HTTP/1.1 ({0}); check whether `base` names the right port, without TLS"
    )]
    NotHttp(String),
    /// The base cannot be spoken to.
    #[error(
        "`{0}` is not an http address with a host; write http://127.0.0.1:8080 (https needs a build with `--features tls`)"
    )]
    UnsupportedBase(String),
    /// The connection could not be made.
    #[error("could not connect to {address} ({reason}); check the address")]
    NotConnected {
        /// The address.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The file binds no such operation.
    #[error(
        "the target file does not bind `{0}`; add [operations.{0}], or leave out what needs it"
    )]
    NotBound(Operation),
    /// A variable of the request has no value.
    #[error(
        "`{{{variable}}}` of {operation} has no value; let an earlier operation keep it, or remove it from the request"
    )]
    Unbound {
        /// The operation.
        operation: Operation,
        /// The variable.
        variable: String,
    },
    /// No way of the operation fits the variables.
    #[error("the target file has no way for {operation} with {told}")]
    NoWay {
        /// The operation.
        operation: Operation,
        /// The variables that no way fits.
        told: String,
    },
    /// Redirects led to redirects.
    #[error(
        "the target redirected more than {0} times; check whether the session is valid, or leave out `follow`"
    )]
    TooManyRedirects(usize),
    /// A command of the target file could not be run.
    #[error("the command of the target file could not be run: {0}")]
    Command(String),
    /// The proxy did not open a way.
    #[error("the proxy {address} did not connect to the target ({reason}); correct `proxy`")]
    Proxy {
        /// The proxy.
        address: String,
        /// What it said.
        reason: String,
    },
    /// TLS could not be agreed on.
    #[error(
        "TLS with {address} failed ({reason}); check `ca`, and whether the certificate names this host"
    )]
    Tls {
        /// The target.
        address: String,
        /// Why not.
        reason: String,
    },
    /// The request cannot be written.
    #[error("the request cannot be written ({0}); correct the operation in the target file")]
    NotSent(String),
    /// Something else went wrong between the two.
    #[error("the connection failed ({0}); try again, and check the target's log")]
    Broken(String),
}

impl TransportError {
    /// Returns whether the target file, or what was offered to it, is at fault, and no target was asked: nothing can be
    /// judged by this.
    #[must_use]
    pub const fn is_of_the_file(&self) -> bool {
        match self {
            Self::NotBound(_)
            | Self::Unbound { .. }
            | Self::NoWay { .. }
            | Self::NotSent(_)
            | Self::Command(_)
            | Self::UnsupportedBase(_)
            | Self::Proxy { .. } => true,
            Self::TimedOut(_)
            | Self::ConnectionRefused(_)
            | Self::ConnectionReset
            | Self::KeptConnectionClosed
            | Self::BodyTooLarge(_)
            | Self::HeadTooLarge
            | Self::Flooded(_)
            | Self::NotHttp(_)
            | Self::NotConnected { .. }
            | Self::TooManyRedirects(_)
            | Self::Tls { .. }
            | Self::Broken(_) => false,
        }
    }
}

/// Bounds one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportOptions {
    /// Wall time from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// Bytes of body that are read.
    pub body_limit: usize,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            body_limit: 1024 * 1024,
        }
    }
}

/// Makes a transport over TCP: HTTP/1.1 on kept-alive connections, which all clones share.
///
/// Every request goes to `base`, whatever host its URI names. Redirects are answers like any other. A request is sent
/// again only where a kept-alive connection was closed before anything of an answer came, and either none of it was sent or
/// its method is safe (RFC 9110, 9.2.1; RFC 9112, 9.3.1): a second DELETE may rightly be answered otherwise than the first.
/// Once a target has closed a kept connection, all others go over fresh ones.
///
/// The connections belong to the tokio runtime that sends the first request on them: use one transport per runtime.
#[must_use]
pub fn loopback_transport(base: &Url, options: TransportOptions) -> Transport {
    let client = Client {
        address: Address::of(base).map(|address| Route {
            address,
            proxy: None,
            security: None,
        }),
        options,
        idle: Arc::default(),
        closes: Arc::default(),
    };
    service(client)
}

/// Makes a transport as [`loopback_transport`] does, also through a proxy, and by TLS where the base is https.
pub(super) fn make(
    base: &Url,
    options: TransportOptions,
    proxy: Option<&Url>,
    certificates: Option<&[u8]>,
) -> Result<Transport, TransportError> {
    let address = Address::of(base)?;
    let security = security(base, certificates)?;
    let proxy = match proxy {
        Some(proxy) => Some(Proxy::of(proxy)?),
        None => None,
    };
    Ok(service(Client {
        address: Ok(Route {
            address,
            proxy,
            security,
        }),
        options,
        idle: Arc::default(),
        closes: Arc::default(),
    }))
}

fn service(client: Client) -> Transport {
    BoxCloneSyncService::new(tower::service_fn(move |request| {
        let client = client.clone();
        async move { client.send(request).await }
    }))
}

#[cfg(feature = "tls")]
type Security = tls::TlsSettings;
/// Nobody makes one without the feature `tls`.
#[cfg(not(feature = "tls"))]
type Security = std::convert::Infallible;

#[cfg(feature = "tls")]
fn security(base: &Url, certificates: Option<&[u8]>) -> Result<Option<Security>, TransportError> {
    if base.scheme() == "https" {
        tls::TlsSettings::of(base, certificates).map(Some)
    } else {
        Ok(None)
    }
}

#[cfg(not(feature = "tls"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "with the feature `tls` this can fail"
)]
const fn security(_: &Url, _: Option<&[u8]>) -> Result<Option<Security>, TransportError> {
    Ok(None)
}

/// Checks the text of a PEM file.
#[cfg(feature = "tls")]
pub(super) fn check_certificates(text: &[u8]) -> Result<(), String> {
    tls::certificates(text).map(drop)
}

/// Checks the text of a PEM file: without TLS there is no use for one.
#[cfg(not(feature = "tls"))]
pub(super) fn check_certificates(_: &[u8]) -> Result<(), String> {
    Err("this build speaks no https; build it with `--features tls`".to_owned())
}

/// How the target is reached.
#[derive(Clone)]
struct Route {
    address: Address,
    proxy: Option<Proxy>,
    security: Option<Security>,
}

/// Where a target listens.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    /// What stands in the header `host`.
    pub(super) header: HeaderValue,
}

impl Address {
    pub(super) fn of(base: &Url) -> Result<Self, TransportError> {
        let unsupported = || TransportError::UnsupportedBase(base.to_string());
        let host = base
            .host_str()
            .filter(|_| {
                base.scheme() == "http" || (cfg!(feature = "tls") && base.scheme() == "https")
            })
            .ok_or_else(unsupported)?;
        let port = base.port_or_known_default().ok_or_else(unsupported)?;
        let header = match base.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            header: HeaderValue::try_from(header).map_err(|_| unsupported())?,
        })
    }
}

#[derive(Clone)]
struct Client {
    address: Result<Route, TransportError>,
    options: TransportOptions,
    idle: Arc<Mutex<Vec<Connection>>>,
    /// The target was seen to close a connection that it had kept.
    closes: Arc<AtomicBool>,
}

/// One connection; dropped, its task ends and the socket closes.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    task: AbortHandle,
    meter: ByteMeter,
    /// The socket once more, to be asked for its end.
    socket: Socket,
}

impl Connection {
    /// Returns whether nothing came that nobody asked for: the end of the connection, as a rule.
    ///
    /// The system is asked, because it knows of the end before the runtime has told the connection's task.
    fn is_open(&self) -> bool {
        let nothing = self.socket.peek(&mut [MaybeUninit::uninit()]);
        !self.sender.is_closed()
            && matches!(nothing, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Client {
    async fn send(self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let own = request.extensions().get::<RequestTimeout>();
        let timeout = own.map_or(self.options.timeout, |own| own.0);
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(TransportError::TimedOut(timeout)),
        }
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let route = self.address.clone()?;
        let mut request = written(request, &route)?;
        let repeatable = request.method().is_safe();
        // Lets the tasks of kept connections see that their last answer is over.
        tokio::task::yield_now().await;
        if let Some(mut connection) = self.take_idle(repeatable) {
            connection.meter.reset();
            let again = repeatable.then(|| request.clone());
            match connection.sender.try_send_request(request).await {
                Ok(response) => return self.finish(connection, response).await,
                Err(mut error) => {
                    let unsent = error.take_message();
                    let why = of_hyper(error.error());
                    if !connection.meter.is_untouched() || why != TransportError::ConnectionReset {
                        return Err(why);
                    }
                    self.closes.store(true, Ordering::Relaxed);
                    request = unsent
                        .or(again)
                        .ok_or(TransportError::KeptConnectionClosed)?;
                }
            }
        }
        let mut connection = connect(&route, self.options).await?;
        let response = connection
            .sender
            .send_request(request)
            .await
            .map_err(|error| of_hyper(&error))?;
        self.finish(connection, response).await
    }

    /// Takes a kept connection that is still open; none for a request that could be lost with it.
    fn take_idle(&self, repeatable: bool) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.len();
        idle.retain(Connection::is_open);
        if idle.len() < kept {
            self.closes.store(true, Ordering::Relaxed);
        }
        if !repeatable && self.closes.load(Ordering::Relaxed) {
            return None;
        }
        let at = idle
            .iter()
            .rposition(|connection| connection.sender.is_ready())?;
        Some(idle.remove(at))
    }

    /// Reads the body and keeps the connection for the next request.
    async fn finish(
        &self,
        connection: Connection,
        response: Response<Incoming>,
    ) -> Result<Response<Bytes>, TransportError> {
        let (parts, mut incoming) = response.into_parts();
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| of_hyper(&error))?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            if body.len() + data.len() > self.options.body_limit {
                return Err(TransportError::BodyTooLarge(self.options.body_limit));
            }
            body.extend_from_slice(data);
        }
        if !connection.sender.is_closed() {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
        Ok(Response::from_parts(parts, body.freeze()))
    }
}

/// Writes the request as a server expects it, path and query only, or whole for a proxy; the host in its header.
fn written(request: Request<Bytes>, route: &Route) -> Result<Request<Full<Bytes>>, TransportError> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let not_sent = |error: http::uri::InvalidUri| TransportError::NotSent(error.to_string());
    let address = &route.address;
    parts.headers.insert(HOST, address.header.clone());
    parts.uri = match &route.proxy {
        Some(proxy) if route.security.is_none() => {
            proxy.sign(&mut parts.headers);
            let host = address.header.to_str().unwrap_or_default();
            Uri::try_from(format!("http://{host}{path}")).map_err(not_sent)?
        }
        _ => Uri::try_from(path).map_err(not_sent)?,
    };
    Ok(Request::from_parts(parts, Full::new(body)))
}

async fn connect(route: &Route, options: TransportOptions) -> Result<Connection, TransportError> {
    let stream = match &route.proxy {
        Some(proxy) => {
            let stream = reach(&proxy.host, proxy.port).await?;
            if route.security.is_some() {
                proxy.open(stream, &route.address).await?
            } else {
                stream
            }
        }
        None => reach(&route.address.host, route.address.port).await?,
    };
    let socket = SockRef::from(&stream).try_clone();
    let socket = socket.map_err(|error| TransportError::Broken(error.to_string()))?;
    match &route.security {
        None => shake_hands(stream, socket, options).await,
        #[cfg(feature = "tls")]
        Some(security) => {
            let stream = security.secure(stream, &route.address).await?;
            shake_hands(stream, socket, options).await
        }
        #[cfg(not(feature = "tls"))]
        Some(never) => match *never {},
    }
}

/// Opens a connection.
pub(super) async fn reach(host: &str, port: u16) -> Result<TcpStream, TransportError> {
    let name = format!("{host}:{port}");
    let stream = TcpStream::connect((host, port))
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => TransportError::ConnectionRefused(name.clone()),
            _ => TransportError::NotConnected {
                address: name.clone(),
                reason: error.to_string(),
            },
        })?;
    // Requests are small and wait for their answers: nothing is gained by collecting them.
    stream
        .set_nodelay(true)
        .map_err(|error| TransportError::Broken(error.to_string()))?;
    Ok(stream)
}

async fn shake_hands<S>(
    stream: S,
    socket: Socket,
    options: TransportOptions,
) -> Result<Connection, TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let meter = ByteMeter::default();
    let limit = options.body_limit * FRAMING + HEADS;
    let stream = Metered::new(stream, meter.clone(), limit);
    let (sender, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| of_hyper(&error))?;
    // What goes wrong on the connection reaches whoever waits for the answer.
    let task = tokio::spawn(async move { drop(connection.await) }).abort_handle();
    Ok(Connection {
        sender,
        task,
        meter,
        socket,
    })
}

fn of_hyper(error: &hyper::Error) -> TransportError {
    if error.is_parse_too_large() {
        return TransportError::HeadTooLarge;
    }
    if error.is_parse() {
        return TransportError::NotHttp(error.to_string());
    }
    if error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || error.is_body_write_aborted()
    {
        return TransportError::ConnectionReset;
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        let broken = inner.downcast_ref::<std::io::Error>();
        let flooded = broken
            .and_then(std::io::Error::get_ref)
            .and_then(|error| error.downcast_ref::<Flooded>());
        if let Some(Flooded(limit)) = flooded {
            return TransportError::Flooded(*limit);
        }
        match broken.map(std::io::Error::kind) {
            Some(kind) if is_reset(kind) => return TransportError::ConnectionReset,
            Some(ErrorKind::InvalidData | ErrorKind::InvalidInput) => {
                return TransportError::NotHttp(error.to_string());
            }
            _ => cause = inner.source(),
        }
    }
    TransportError::Broken(error.to_string())
}

/// Returns what went wrong on a connection that was open.
pub(super) fn broken(error: &std::io::Error) -> TransportError {
    if is_reset(error.kind()) {
        TransportError::ConnectionReset
    } else {
        TransportError::Broken(error.to_string())
    }
}

const fn is_reset(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionAborted
    )
}

/// Headers of an answer that are read: products behind several proxies send more than hyper's hundred.
pub(super) const MAX_HEADERS: usize = 256;

/// How many bytes one byte of a body may take: a chunk of one byte takes six.
pub(super) const FRAMING: usize = 8;

/// Bytes of heads, `1xx` answers and trailers that may come beside a body.
pub(super) const HEADS: usize = 512 * 1024;
