//! A raw connection to a target, on which requests are written as they stand on the wire (RFC 9112).
//!
//! Load runs send many thousand requests per second, and what a general client costs for each of them is what the result
//! would measure. So here nothing is built that is not sent: requests go from the template into one buffer, answers are
//! read by `httparse` from another, and both are used again. What needs more than that (cookies, TLS, a proxy) goes
//! through a [`Transport`](super::Transport).

mod answer;

use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use url::Url;

use super::response::{RawResponse, head_map};
use super::transport::{Address, TransportError, TransportOptions, broken, reach};
use answer::{Incomplete, Reading};

/// Where raw connections lead.
#[derive(Debug, Clone)]
pub struct Direct {
    address: Address,
    /// What stands before every path.
    prefix: String,
    options: TransportOptions,
}

impl Direct {
    /// Reads where a base leads; none: only a [`Transport`](super::Transport) speaks to it.
    #[must_use]
    pub fn of(base: &Url, options: TransportOptions) -> Option<Self> {
        if base.scheme() != "http" {
            return None;
        }
        Some(Self {
            address: Address::of(base).ok()?,
            prefix: base.path().trim_end_matches('/').to_owned(),
            options,
        })
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) const fn host(&self) -> &HeaderValue {
        &self.address.header
    }
}

/// One user's connection, and what went over it last.
#[derive(Debug)]
pub struct RawConnection {
    direct: Direct,
    stream: Option<TcpStream>,
    /// The request on its way, or the last one.
    out: Vec<u8>,
    /// Its body, until its length is known.
    body: Vec<u8>,
    /// What was read and not yet understood.
    read: Vec<u8>,
    /// The last answer as it came, and why there is none.
    answer: Vec<u8>,
    failure: Option<TransportError>,
    patience: Option<Pin<Box<Sleep>>>,
}

/// What came of a request.
type RawOutcome = Result<Response<Bytes>, TransportError>;

/// How much is read at once.
const CHUNK: usize = 8 * 1024;

impl RawConnection {
    /// A connection to be made when the first request goes out.
    pub const fn new(direct: Direct) -> Self {
        Self {
            direct,
            stream: None,
            out: Vec::new(),
            body: Vec::new(),
            read: Vec::new(),
            answer: Vec::new(),
            failure: None,
            patience: None,
        }
    }

    /// Closes the connection; the next request opens another.
    pub fn close(&mut self) {
        self.stream = None;
        self.read.clear();
    }

    /// Returns where the connection leads, and the buffers that a request and its body are written into.
    pub(super) fn begin(&mut self) -> (&Direct, &mut Vec<u8>, &mut Vec<u8>) {
        self.failure = None;
        self.answer.clear();
        self.out.clear();
        self.body.clear();
        (&self.direct, &mut self.out, &mut self.body)
    }

    /// Sends what was written, and reads the answer.
    ///
    /// A request is sent on a new connection where the kept one was closed before anything of an answer came: if it was
    /// closed before the request was sent, or if the method is safe (RFC 9110, 9.2.1): a second DELETE may be answered otherwise.
    pub(super) async fn exchange(&mut self) -> Result<RawResponse, TransportError> {
        let timeout = self.direct.options.timeout;
        let until = Instant::now() + timeout;
        let mut patience = self
            .patience
            .take()
            .unwrap_or_else(|| Box::pin(tokio::time::sleep_until(until)));
        let outcome = {
            let answer = std::pin::pin!(self.send_and_read());
            within(answer, &mut patience, until).await
        };
        let outcome = outcome.unwrap_or(Err(TransportError::TimedOut(timeout)));
        self.patience = Some(patience);
        if let Err(error) = &outcome {
            self.failure = Some(error.clone());
            self.close();
        }
        outcome
    }

    async fn send_and_read(&mut self) -> Result<RawResponse, TransportError> {
        self.out.append(&mut self.body);
        if let Some(kept) = self.stream.take().filter(is_open) {
            match self.send_over(kept).await {
                Err(TransportError::ConnectionReset) if self.read.is_empty() => {
                    if !self.is_repeatable() {
                        return Err(TransportError::KeptConnectionClosed);
                    }
                }
                came => return came,
            }
        }
        self.read.clear();
        let fresh = reach(&self.direct.address.host, self.direct.address.port).await?;
        self.send_over(fresh).await
    }

    async fn send_over(&mut self, mut stream: TcpStream) -> Result<RawResponse, TransportError> {
        stream
            .write_all(&self.out)
            .await
            .map_err(|error| broken(&error))?;
        let (response, keep) = self.receive(&mut stream).await?;
        self.stream = keep.then_some(stream);
        Ok(response)
    }

    /// Returns whether the request may be sent twice.
    fn is_repeatable(&self) -> bool {
        let method = self.out.split(|byte| *byte == b' ').next();
        let method = method.and_then(|method| http::Method::from_bytes(method).ok());
        method.is_some_and(|method| method.is_safe())
    }

    /// Reads one answer; tells whether the connection goes on.
    async fn receive(
        &mut self,
        stream: &mut TcpStream,
    ) -> Result<(RawResponse, bool), TransportError> {
        let mut reading = self.reading();
        loop {
            if !self.read.is_empty()
                && let Ok(whole) = reading.go_on(&self.read)?
            {
                // What came behind an answer is none that anybody asked for.
                let keep = whole.keep && whole.taken == self.read.len();
                self.keep_answer();
                return Ok((whole.response, keep));
            }
            self.read.reserve(CHUNK);
            let count = stream
                .read_buf(&mut self.read)
                .await
                .map_err(|error| broken(&error))?;
            if count == 0 {
                let whole = reading.ended(&self.read)?;
                self.keep_answer();
                return Ok((whole.response, false));
            }
        }
    }

    fn keep_answer(&mut self) {
        std::mem::swap(&mut self.read, &mut self.answer);
        self.read.clear();
    }

    /// Returns the last exchange as it was had: secrets and all.
    pub fn last(&self) -> Option<(Request<Bytes>, RawOutcome)> {
        let request = self.request()?;
        if let Some(failure) = &self.failure {
            return Some((request, Err(failure.clone())));
        }
        let mut reading = self.reading();
        let raw = match reading.go_on(&self.answer).ok()? {
            Ok(whole) => whole.response,
            Err(Incomplete) => reading.ended(&self.answer).ok()?.response,
        };
        let mut response = Response::new(raw.body.clone());
        *response.status_mut() = http::StatusCode::from_u16(raw.status).ok()?;
        response.headers_mut().clone_from(raw.headers());
        Some((request, Ok(response)))
    }

    fn reading(&self) -> Reading {
        let to_head = self.out.starts_with(b"HEAD ");
        Reading::of(to_head, self.direct.options.body_limit)
    }

    /// Reads back what was sent.
    fn request(&self) -> Option<Request<Bytes>> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(length) = head.parse(&self.out).ok()? else {
            return None;
        };
        let host = self.direct.address.header.to_str().ok()?;
        let mut request = Request::builder()
            .method(head.method?)
            .uri(format!("http://{host}{}", head.path?))
            .body(Bytes::copy_from_slice(&self.out[length..]))
            .ok()?;
        *request.headers_mut() = head_map(head.headers)?;
        Some(request)
    }
}

/// Waits for something until an instant; none: that came first.
///
/// The timer is used again and again, and is set anew only when it goes off: it lags behind, so setting it costs nothing as
/// long as answers come in time.
async fn within<T>(
    mut work: Pin<&mut impl Future<Output = T>>,
    timer: &mut Pin<Box<Sleep>>,
    until: Instant,
) -> Option<T> {
    if timer.deadline() > until {
        timer.as_mut().reset(until);
    }
    std::future::poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        while timer.as_mut().poll(context).is_ready() {
            if timer.deadline() >= until {
                return Poll::Ready(None);
            }
            timer.as_mut().reset(until);
        }
        Poll::Pending
    })
    .await
}

/// Returns whether a kept connection is still good: nothing to read, and not at its end. As a rule this asks no kernel.
fn is_open(stream: &TcpStream) -> bool {
    let nothing = stream.try_read(&mut [0]);
    matches!(nothing, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}
