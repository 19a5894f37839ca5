//! The host that runs for long: every HTTP provider on one port, SMTP on another, and the people's API beside them.
//!
//! For load it runs without keeping anything: each message goes to whoever waits for it.
//!
//! As all HTTP channels share a port here, `dead` resets their connections instead of refusing them; SMTP, which has its
//! own, is refused.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proofup_domain::clock::Clock;
use proofup_domain::state::Channel;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::conformance::StartError;
use super::people_api;
use crate::behaviour::Providers;
use crate::listener::Listener;
use crate::message::Message;
use crate::provider::{self, BODY_LIMIT, ProviderAnswer, ProviderRequest};
use crate::smtp;
use crate::store::{DEFAULT_CAPACITY, Inboxes};

/// Where a standalone host listens, and how much it keeps.
#[derive(Debug, Clone)]
pub struct StandaloneOptions {
    /// Where HTTP listens; port 0 takes a free one.
    pub http: SocketAddr,
    /// Where SMTP listens.
    pub smtp: SocketAddr,
    /// The host name by which the target reaches this machine, where that is not the bound address: a target in a
    /// container knows another.
    pub advertised: Option<String>,
    /// How many messages are kept; the oldest go first.
    pub capacity: usize,
}

impl Default for StandaloneOptions {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            http: any,
            smtp: any,
            advertised: None,
            capacity: DEFAULT_CAPACITY,
        }
    }
}

/// Serves the providers until it is stopped.
#[derive(Debug)]
pub struct Standalone {
    providers: Providers,
    http: String,
    smtp: String,
    /// Also ends the listeners of a host that is dropped without a stop.
    stop: DropGuard,
    tasks: Vec<JoinHandle<()>>,
}

impl Standalone {
    /// Starts the providers, all delivering. The clock stamps the messages.
    ///
    /// # Errors
    ///
    /// [`StartError`] if an address cannot be listened on.
    #[expect(
        clippy::unused_async,
        reason = "listening needs a runtime, which async says"
    )]
    pub async fn start(options: &StandaloneOptions, clock: Clock) -> Result<Self, StartError> {
        Self::open(
            options,
            Providers::new(clock, Inboxes::new(options.capacity)),
        )
    }

    /// Starts providers that keep nothing: `sink` is given each message before its provider answers, and the people's API
    /// is not served. This is the host for load; `capacity` has no effect.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    #[expect(
        clippy::unused_async,
        reason = "listening needs a runtime, which async says"
    )]
    pub async fn start_with_sink(
        options: &StandaloneOptions,
        clock: Clock,
        sink: impl Fn(Message) + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        Self::open(options, Providers::new(clock, Inboxes::with_sink(sink)))
    }

    fn open(options: &StandaloneOptions, providers: Providers) -> Result<Self, StartError> {
        let open = |what, address| {
            Listener::open(address).map_err(|source| StartError {
                what,
                address,
                source,
            })
        };
        let http_listener = open("HTTP", options.http)?;
        let smtp_listener = open("SMTP", options.smtp)?;
        let advertised = |listener: &Listener| match &options.advertised {
            Some(host) => format!("{host}:{}", listener.address().port()),
            None => listener.address().to_string(),
        };
        let (http, smtp) = (advertised(&http_listener), advertised(&smtp_listener));
        providers.add_listener(Channel::Email, smtp_listener.clone());
        let stop = CancellationToken::new();
        let state = providers.clone();
        let serve_http = move |stream| serve(stream, state.clone());
        let state = providers.clone();
        let serve_smtp = move |stream| smtp::serve(stream, state.clone());
        let tasks = vec![
            tokio::spawn(http_listener.serve(stop.clone(), serve_http)),
            tokio::spawn(smtp_listener.serve(stop.clone(), serve_smtp)),
        ];
        Ok(Self {
            providers,
            http,
            smtp,
            stop: stop.drop_guard(),
            tasks,
        })
    }

    /// Returns the base address of the SMS provider, for both forms.
    #[must_use]
    pub fn sms_url(&self) -> String {
        format!("http://{}/sms", self.http)
    }

    /// Returns the base address of the voice provider, for both forms.
    #[must_use]
    pub fn voice_url(&self) -> String {
        format!("http://{}/voice", self.http)
    }

    /// Returns the base address of the mail provider's HTTP form.
    #[must_use]
    pub fn mail_url(&self) -> String {
        format!("http://{}/mail", self.http)
    }

    /// Returns the base address of the push provider, for both forms.
    #[must_use]
    pub fn push_url(&self) -> String {
        format!("http://{}/push", self.http)
    }

    /// Returns the base address of the people's API.
    #[must_use]
    pub fn people_url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// Returns the host and port of the SMTP server.
    #[must_use]
    pub fn smtp_address(&self) -> String {
        self.smtp.clone()
    }

    /// Returns the inboxes.
    #[must_use]
    pub fn inboxes(&self) -> &Inboxes {
        self.providers.inboxes()
    }

    /// Returns the providers, whose behaviour can be set.
    #[must_use]
    pub fn providers(&self) -> &Providers {
        &self.providers
    }

    /// Ends every connection and frees the ports.
    pub async fn stop(self) {
        self.stop.disarm().cancel();
        for task in self.tasks {
            // A task that panicked has ended, too.
            let _ = task.await;
        }
    }
}

/// Serves gateways for people without the harness until `shutdown` comes; `started` may print where they are.
///
/// # Errors
///
/// [`StartError`] if an address cannot be listened on.
pub async fn serve_gateways(
    options: &StandaloneOptions,
    clock: Clock,
    started: impl FnOnce(&Standalone),
    shutdown: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let host = Standalone::start(options, clock).await?;
    started(&host);
    shutdown.await;
    host.stop().await;
    Ok(())
}

/// Serves one HTTP connection to its end; true if it is to be reset.
async fn serve(stream: TcpStream, providers: Providers) -> (TcpStream, bool) {
    let broken = Arc::new(Notify::new());
    let signal = Arc::clone(&broken);
    let service = service_fn(move |request| {
        let (providers, signal) = (providers.clone(), Arc::clone(&signal));
        async move { Ok::<_, Infallible>(answer(request, &providers, &signal).await) }
    });
    let mut connection = http1::Builder::new()
        // Answers are short: copying them behind their heads costs less than telling the kernel of two pieces.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service);
    let reset = tokio::select! {
        _ = &mut connection => false,
        () = broken.notified() => true,
    };
    (connection.into_parts().io.into_inner(), reset)
}

async fn answer(
    request: Request<Incoming>,
    providers: &Providers,
    broken: &Notify,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let line = format!("{} {}", parts.method, parts.uri.path());
            providers.reject(None, line, 413, "the body is too large".to_owned(), &[]);
            return people_api::problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
        }
        Err(_) => return people_api::problem(StatusCode::BAD_REQUEST, "the body breaks off"),
    };
    if !providers.inboxes().has_sink()
        && let Some(response) = people_api::answer(&parts, &body, providers).await
    {
        return response;
    }
    let request = ProviderRequest {
        method: &parts.method,
        path: parts.uri.path(),
        headers: &parts.headers,
        body: &body,
    };
    match provider::handle(&request, providers) {
        ProviderAnswer::Respond(answer) => {
            let mut response = Response::builder().status(answer.status);
            for (name, value) in answer.headers {
                response = response.header(name, value);
            }
            response.body(Full::new(answer.body)).unwrap_or_else(|_| {
                people_api::problem(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the answer cannot be sent by HTTP",
                )
            })
        }
        ProviderAnswer::Hang => std::future::pending().await,
        ProviderAnswer::Reset => {
            broken.notify_one();
            std::future::pending().await
        }
    }
}
