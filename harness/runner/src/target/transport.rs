//! Transports: what carries a request to an implementation and brings the answer.
//!
//! The one seam between the harness and an implementation is a `tower::Service` of HTTP requests. A reference in process
//! and a stranger's server differ in this value and in nothing else.

mod metered;

use std::error::Error as _;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tower::util::BoxCloneSyncService;
use url::Url;

use super::operation::Operation;
use metered::{Flooded, Meter, Metered};

/// Carries one HTTP request and brings the whole response.
pub type Transport = BoxCloneSyncService<Request<Bytes>, Response<Bytes>, TransportError>;

/// Says why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing whole came in time.
    #[error("no whole answer within {} ms; see whether the target hangs, or allow more time", .0.as_millis())]
    TimedOut(Duration),
    /// Nobody listens.
    #[error("{0} refused the connection; start the target, or correct `base`")]
    ConnectionRefused(String),
    /// The connection was closed or reset before the answer was whole.
    #[error(
        "the target closed the connection before its answer was whole; look for a crash in its log"
    )]
    ConnectionReset,
    /// The body is larger than is read.
    #[error("the answer is larger than {0} bytes; no answer of this contract is")]
    BodyTooLarge(usize),
    /// The status line and headers are larger than is read.
    #[error(
        "the headers of the answer are larger than is read; no answer of this contract has such"
    )]
    HeadTooLarge,
    /// Much more came than any answer needs: `1xx` answers, chunks or trailers without end.
    #[error(
        "the target sent more than {0} bytes for one answer; look into its log, or at what stands before it"
    )]
    Flooded(usize),
    /// What came is no HTTP/1.1.
    #[error(
        "the answer is no HTTP/1.1 ({0}); see whether `base` names the right port, without TLS"
    )]
    NotHttp(String),
    /// The base cannot be spoken to.
    #[error("`{0}` cannot be spoken to; give an http URL with a host")]
    UnsupportedBase(String),
    /// The connection could not be made.
    #[error("could not connect to {address} ({reason}); see whether the address is right")]
    NotConnected {
        /// The address.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The file binds no such operation.
    #[error("the target file binds no `{0}`; add [operations.{0}], or leave out what needs it")]
    NotBound(Operation),
    /// A variable of the request has no value.
    #[error(
        "`{{{variable}}}` of {operation} has no value; let an earlier operation keep it, or remove it from the request"
    )]
    Unbound {
        /// The operation.
        operation: Operation,
        /// The variable.
        variable: &'static str,
    },
    /// The request cannot be written.
    #[error("the request cannot be written ({0}); correct the operation in the target file")]
    NotSent(String),
    /// Something else went wrong between the two.
    #[error("the connection failed ({0}); try again, and look into the target's log")]
    Broken(String),
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
/// again only where a kept-alive connection turned out to be closed before any of it was sent.
///
/// The connections belong to the tokio runtime that sends the first request on them: use one transport per runtime.
#[must_use]
pub fn loopback_transport(base: &Url, options: TransportOptions) -> Transport {
    let client = Client {
        address: Address::of(base),
        options,
        idle: Arc::default(),
    };
    BoxCloneSyncService::new(tower::service_fn(move |request| {
        let client = client.clone();
        async move { client.send(request).await }
    }))
}

#[derive(Debug, Clone)]
struct Address {
    host: String,
    port: u16,
    header: HeaderValue,
}

impl Address {
    fn of(base: &Url) -> Result<Self, TransportError> {
        let unsupported = || TransportError::UnsupportedBase(base.to_string());
        let host = base
            .host_str()
            .filter(|_| base.scheme() == "http")
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
    address: Result<Address, TransportError>,
    options: TransportOptions,
    idle: Arc<Mutex<Vec<Connection>>>,
}

/// Holds one connection; dropped, its task ends and the socket closes.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    task: AbortHandle,
    meter: Meter,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Client {
    async fn send(self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let timeout = self.options.timeout;
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(TransportError::TimedOut(timeout)),
        }
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let address = self.address.clone()?;
        let mut request = origin_form(request, &address)?;
        // Lets the tasks of idle connections see what the sockets have to say, so that a closed one is not chosen.
        tokio::task::yield_now().await;
        if let Some(mut connection) = self.take_idle() {
            connection.meter.reset();
            match connection.sender.try_send_request(request).await {
                Ok(response) => return self.finish(connection, response).await,
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(of_hyper(error.error())),
                },
            }
        }
        let mut connection = connect(&address, self.options).await?;
        let response = connection
            .sender
            .send_request(request)
            .await
            .map_err(|error| of_hyper(&error))?;
        self.finish(connection, response).await
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.sender.is_closed());
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

/// Writes the request as a server expects it: path and query only, and the host in its header.
fn origin_form(
    request: Request<Bytes>,
    address: &Address,
) -> Result<Request<Full<Bytes>>, TransportError> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = Uri::try_from(path).map_err(|error| TransportError::NotSent(error.to_string()))?;
    parts.headers.insert(HOST, address.header.clone());
    Ok(Request::from_parts(parts, Full::new(body)))
}

async fn connect(
    address: &Address,
    options: TransportOptions,
) -> Result<Connection, TransportError> {
    let name = format!("{}:{}", address.host, address.port);
    let stream = TcpStream::connect((address.host.as_str(), address.port))
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
    let meter = Meter::default();
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
            Some(
                ErrorKind::ConnectionReset
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionAborted,
            ) => {
                return TransportError::ConnectionReset;
            }
            Some(ErrorKind::InvalidData | ErrorKind::InvalidInput) => {
                return TransportError::NotHttp(error.to_string());
            }
            _ => cause = inner.source(),
        }
    }
    TransportError::Broken(error.to_string())
}

/// Headers of an answer that are read: products behind several proxies send more than hyper's hundred.
const MAX_HEADERS: usize = 256;

/// How many bytes one byte of a body may take: a chunk of one byte takes six.
const FRAMING: usize = 8;

/// Bytes of heads, `1xx` answers and trailers that may come beside a body.
const HEADS: usize = 512 * 1024;
