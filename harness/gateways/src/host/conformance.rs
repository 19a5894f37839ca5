//! The host of a conformance run: one per scenario, cheap to start and to stop.
//!
//! Each HTTP channel has an address of its own, a [`Listener`] that carries bytes to one wiremock server shared by all
//! channels of the scenario. The listeners exist because wiremock cannot refuse a connection or reset one: `dead` shuts the
//! channel's listener, and a request that wiremock breaks off without an answer is reset at the listener. `hang` is a delay in
//! wiremock, far beyond any time-out, which neither holds its lock nor outlives it. The wiremock server starts at the
//! first connection: many scenarios need none.
//!
//! A [`MockServer`] is dropped on a thread that may block, never inside a task: its drop waits for a lock by a blocking
//! executor, which inside a task whose budget is spent would wait for ever.
//!
//! Each host has its own ports and inboxes, so nothing that arrives late reaches another scenario.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use proofup_domain::clock::Clock;
use proofup_domain::state::Channel;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use wiremock::{Match, Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::behaviour::{ProviderState, Providers};
use crate::listener::{Listener, relay};
use crate::provider::{self, ProviderAnswer, ProviderRequest};
use crate::smtp;
use crate::store::Inboxes;

/// Serves the providers of one scenario on loopback.
#[derive(Debug)]
pub struct Gateways {
    providers: Providers,
    sms: SocketAddr,
    voice: SocketAddr,
    mail: SocketAddr,
    push: SocketAddr,
    smtp: SocketAddr,
    /// Also ends the listeners of a host that is dropped without a stop.
    stop: DropGuard,
    tasks: Vec<JoinHandle<()>>,
    upstream: Arc<Upstream>,
}

/// The error of a host that could not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for {what} on {address}")]
pub struct StartError {
    /// What was to listen.
    pub what: &'static str,
    /// Where.
    pub address: SocketAddr,
    /// Why not.
    #[source]
    pub source: io::Error,
}

/// How long a hanging request waits: longer than anybody else does.
const HANG: Duration = Duration::from_secs(24 * 60 * 60);

impl Gateways {
    /// Starts the providers, all delivering, on free ports of loopback. The clock stamps the messages.
    ///
    /// # Errors
    ///
    /// [`StartError`] if a port cannot be had.
    #[expect(
        clippy::unused_async,
        reason = "listening needs a runtime, which async says"
    )]
    pub async fn start(clock: Clock) -> Result<Self, StartError> {
        let providers = Providers::new(clock, Inboxes::default());
        let stop = CancellationToken::new();
        let upstream = Arc::new(Upstream::new(providers.clone()));
        let mut tasks = Vec::new();
        let mut front = |channel: Channel| -> Result<SocketAddr, StartError> {
            let listener = open(channel.as_str(), &providers, channel)?;
            let address = listener.address();
            let upstream = Arc::clone(&upstream);
            let carry = move |stream| carry(stream, Arc::clone(&upstream));
            tasks.push(tokio::spawn(listener.serve(stop.clone(), carry)));
            Ok(address)
        };
        let sms = front(Channel::Sms)?;
        let voice = front(Channel::Voice)?;
        let mail = front(Channel::Email)?;
        let push = front(Channel::Push)?;
        let listener = open("SMTP", &providers, Channel::Email)?;
        let smtp = listener.address();
        let session = providers.clone();
        let serve = move |stream| smtp::serve(stream, session.clone());
        tasks.push(tokio::spawn(listener.serve(stop.clone(), serve)));
        Ok(Self {
            providers,
            sms,
            voice,
            mail,
            push,
            smtp,
            stop: stop.drop_guard(),
            tasks,
            upstream,
        })
    }

    /// Returns the base address of the SMS provider, for both forms.
    #[must_use]
    pub fn sms_url(&self) -> String {
        format!("http://{}/sms", self.sms)
    }

    /// Returns the base address of the voice provider, for both forms.
    #[must_use]
    pub fn voice_url(&self) -> String {
        format!("http://{}/voice", self.voice)
    }

    /// Returns the base address of the mail provider's HTTP form.
    #[must_use]
    pub fn mail_url(&self) -> String {
        format!("http://{}/mail", self.mail)
    }

    /// Returns the base address of the push provider, for both forms.
    #[must_use]
    pub fn push_url(&self) -> String {
        format!("http://{}/push", self.push)
    }

    /// Returns the host and port of the SMTP server.
    #[must_use]
    pub fn smtp_address(&self) -> String {
        self.smtp.to_string()
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

    /// Ends every connection and frees the ports. The inboxes stay readable by their clones.
    pub async fn stop(mut self) {
        self.stop.disarm().cancel();
        for task in std::mem::take(&mut self.tasks) {
            // A task that panicked has ended, too.
            let _ = task.await;
        }
        // No task is left that holds the upstream: this is the last.
        let server = Arc::into_inner(self.upstream).and_then(|it| it.server.into_inner());
        if let Some(server) = server {
            let _ = tokio::task::spawn_blocking(move || server.stop()).await;
        }
    }
}

fn open(
    what: &'static str,
    providers: &Providers,
    channel: Channel,
) -> Result<Listener, StartError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::open(address).map_err(|source| StartError {
        what,
        address,
        source,
    })?;
    providers.add_listener(channel, listener.clone());
    Ok(listener)
}

/// Carries one connection to wiremock.
async fn carry(mut stream: TcpStream, upstream: Arc<Upstream>) -> (TcpStream, bool) {
    let address = upstream.address().await;
    let reset = relay(&mut stream, address).await;
    (stream, reset)
}

/// The wiremock server, from its first use on.
#[derive(Debug)]
struct Upstream {
    providers: Providers,
    server: OnceCell<Wiremock>,
}

#[derive(Debug)]
struct Wiremock(Option<MockServer>, SocketAddr);

impl Upstream {
    fn new(providers: Providers) -> Self {
        Self {
            providers,
            server: OnceCell::new(),
        }
    }

    async fn address(&self) -> SocketAddr {
        self.server.get_or_init(|| self.start()).await.1
    }

    async fn start(&self) -> Wiremock {
        let server = MockServer::builder()
            .disable_request_recording()
            .start()
            .await;
        let state = self.providers.clone();
        let broken = Mock::given(Breaks(state.clone()))
            .respond_with_err(move |request: &Request| {
                let _ = provider::handle(&seen(request), &state);
                io::Error::from(io::ErrorKind::ConnectionReset)
            })
            .with_priority(1);
        server.register(broken).await;
        let answered = Mock::given(wiremock::matchers::any())
            .respond_with(ProviderResponder(self.providers.clone()))
            .with_priority(2);
        server.register(answered).await;
        let address = *server.address();
        Wiremock(Some(server), address)
    }
}

impl Wiremock {
    /// Stops the server; only where blocking is allowed.
    fn stop(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Wiremock {
    fn drop(&mut self) {
        if let Some(server) = self.0.take() {
            // A host that is dropped without a stop, perhaps inside a task.
            std::thread::spawn(move || drop(server));
        }
    }
}

/// Matches the requests whose connection is to break.
struct Breaks(ProviderState);

impl Match for Breaks {
    fn matches(&self, request: &Request) -> bool {
        provider::resets(&seen(request), &self.0)
    }
}

/// Answers all other requests.
struct ProviderResponder(ProviderState);

impl Respond for ProviderResponder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        match provider::handle(&seen(request), &self.0) {
            ProviderAnswer::Respond(response) => {
                let mut template = ResponseTemplate::new(response.status);
                for (name, value) in response.headers {
                    template = template.insert_header(name, value);
                }
                template.set_body_bytes(response.body.to_vec())
            }
            ProviderAnswer::Hang => ResponseTemplate::new(504).set_delay(HANG),
            // Only if the behaviour changed between matching and answering.
            ProviderAnswer::Reset => ResponseTemplate::new(503),
        }
    }
}

fn seen(request: &Request) -> ProviderRequest<'_> {
    ProviderRequest {
        method: &request.method,
        path: request.url.path(),
        headers: &request.headers,
        body: &request.body,
    }
}
