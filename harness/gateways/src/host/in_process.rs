//! The host without a socket: providers that a target in the same process reaches by calling them.
//!
//! A target in this process is made before anybody waits for its messages, so it is given a network first, and hosts are
//! opened on it later. Each has a port of its own, which exists on this network only, so that an address says whose
//! providers are meant, as on loopback.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, StatusCode};
use proofup_domain::clock::Clock;
use proofup_domain::command::GatewayBehaviour;
use proofup_domain::state::Channel;

use crate::behaviour::{Providers, RequestEnding};
use crate::message::Message;
use crate::provider::{self, ProviderAnswer, ProviderRequest};
use crate::smtp;
use crate::store::Inboxes;

/// Connects a target in this process with providers in this process. Clones are the same network.
#[derive(Debug, Clone, Default)]
pub struct InProcessNetwork(Arc<Mutex<Hosts>>);

#[derive(Debug, Default)]
struct Hosts {
    by_port: BTreeMap<u16, Providers>,
    last: u16,
}

/// How a provider in this process ends a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InProcessEnding {
    /// It answers with this status.
    Answered(StatusCode),
    /// It breaks the connection, or nobody listens there.
    Broken,
    /// It never answers: whoever waits has waited for the whole of their time.
    Silent,
}

/// Providers on a network in this process, until they are dropped.
#[derive(Debug)]
pub struct InProcessGateways {
    network: InProcessNetwork,
    providers: Providers,
    port: u16,
}

impl InProcessNetwork {
    /// Opens providers that keep what they are sent. The clock stamps the messages.
    ///
    /// None where 65,535 are open already.
    #[must_use]
    pub fn open(&self, clock: Clock) -> Option<InProcessGateways> {
        self.add(Providers::new(clock, Inboxes::default()))
    }

    /// Opens providers that hand each message to `sink` before they answer, and keep none.
    #[must_use]
    pub fn open_with_sink(
        &self,
        clock: Clock,
        sink: impl Fn(Message) + Send + Sync + 'static,
    ) -> Option<InProcessGateways> {
        self.add(Providers::new(clock, Inboxes::with_sink(sink)))
    }

    /// Takes an HTTP request to the host of a port as a provider does.
    #[must_use]
    pub fn post(&self, port: u16, request: &Request<Bytes>) -> InProcessEnding {
        let path = request.uri().path();
        let Some(providers) = self.reached(port, provider::channel_of(path)) else {
            return InProcessEnding::Broken;
        };
        let request = ProviderRequest {
            method: request.method(),
            path,
            headers: request.headers(),
            body: request.body(),
        };
        match provider::handle(&request, &providers) {
            ProviderAnswer::Respond(answer) => InProcessEnding::Answered(
                StatusCode::from_u16(answer.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
            ),
            ProviderAnswer::Hang => InProcessEnding::Silent,
            ProviderAnswer::Reset => InProcessEnding::Broken,
        }
    }

    /// Takes a mail to one recipient as the mail server of a port does, whatever its client would have said first.
    #[must_use]
    pub fn mail(&self, port: u16, recipient: &str, mail: &[u8]) -> InProcessEnding {
        let Some(providers) = self.reached(port, Some(Channel::Email)) else {
            return InProcessEnding::Broken;
        };
        match smtp::take(&providers, recipient, mail) {
            RequestEnding::Accept => InProcessEnding::Answered(StatusCode::OK),
            RequestEnding::ClientError => InProcessEnding::Answered(StatusCode::BAD_REQUEST),
            RequestEnding::ServerError => {
                InProcessEnding::Answered(StatusCode::INTERNAL_SERVER_ERROR)
            }
            RequestEnding::Hang => InProcessEnding::Silent,
            RequestEnding::Reset => InProcessEnding::Broken,
        }
    }

    /// Returns the providers of a port, where the channel takes connections at all.
    fn reached(&self, port: u16, channel: Option<Channel>) -> Option<Providers> {
        let providers = self.hosts().by_port.get(&port)?.clone();
        let dead = channel.is_some_and(|of| providers.of_channel(of) == GatewayBehaviour::Dead);
        (!dead).then_some(providers)
    }

    fn add(&self, providers: Providers) -> Option<InProcessGateways> {
        let mut hosts = self.hosts();
        // The next port after the last, as an operating system gives them out: a late message finds nobody.
        let last = hosts.last;
        let port = (last.saturating_add(1)..=u16::MAX)
            .chain(1..=last)
            .find(|port| !hosts.by_port.contains_key(port))?;
        hosts.last = port;
        hosts.by_port.insert(port, providers.clone());
        drop(hosts);
        Some(InProcessGateways {
            network: self.clone(),
            providers,
            port,
        })
    }

    fn hosts(&self) -> MutexGuard<'_, Hosts> {
        // No invariant spans a panic: every method leaves the table whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InProcessGateways {
    /// Returns the address of the SMS provider, as a target wants one; nobody opens a connection to it.
    #[must_use]
    pub fn sms_url(&self) -> String {
        self.url("sms")
    }

    /// Returns the address of the voice provider.
    #[must_use]
    pub fn voice_url(&self) -> String {
        self.url("voice")
    }

    /// Returns the address of the mail provider's HTTP forms.
    #[must_use]
    pub fn mail_url(&self) -> String {
        self.url("mail")
    }

    /// Returns the address of the push provider.
    #[must_use]
    pub fn push_url(&self) -> String {
        self.url("push")
    }

    /// Returns host and port of the mail server.
    #[must_use]
    pub fn smtp_address(&self) -> String {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)).to_string()
    }

    /// Returns the inboxes.
    #[must_use]
    pub fn inboxes(&self) -> &Inboxes {
        self.providers.inboxes()
    }

    /// Returns the providers, whose behaviour can be set.
    #[must_use]
    pub const fn providers(&self) -> &Providers {
        &self.providers
    }

    fn url(&self, provider: &str) -> String {
        format!("http://{}/{provider}", self.smtp_address())
    }
}

impl Drop for InProcessGateways {
    fn drop(&mut self) {
        self.network.hosts().by_port.remove(&self.port);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proofup_domain::secret::Secret;

    use super::*;

    const SENT: InProcessEnding = InProcessEnding::Answered(StatusCode::OK);

    fn clock() -> Clock {
        Clock::fixed(Timestamp::UNIX_EPOCH)
    }

    fn text() -> Request<Bytes> {
        let body = r#"{"to":"+31610000001","text":"Your code is 482913"}"#;
        Request::post("http://127.0.0.1:1/sms")
            .header("content-type", "application/json")
            .body(Bytes::from_static(body.as_bytes()))
            .expect("a request")
    }

    fn is_taken(ending: InProcessEnding) -> bool {
        matches!(ending, InProcessEnding::Answered(status) if status.is_success())
    }

    fn opened(network: &InProcessNetwork) -> InProcessGateways {
        network.open(clock()).expect("a port is free")
    }

    #[test]
    fn a_message_reaches_the_host_that_its_address_names_and_no_other() {
        let network = InProcessNetwork::default();
        let (one, other) = (opened(&network), opened(&network));
        assert!(is_taken(network.post(one.port, &text())));
        let count = |host: &InProcessGateways| {
            let inboxes = host.inboxes();
            inboxes
                .since(Default::default(), Channel::Sms, "+31610000001")
                .len()
        };
        assert_eq!((count(&one), count(&other)), (1, 0));
    }

    #[test]
    fn nobody_answers_where_no_host_is_open() {
        let network = InProcessNetwork::default();
        let host = opened(&network);
        let port = host.port;
        drop(host);
        assert_eq!(network.post(port, &text()), InProcessEnding::Broken);
        assert_eq!(
            network.mail(port, "a@example.org", b""),
            InProcessEnding::Broken
        );
        assert_ne!(
            opened(&network).port,
            port,
            "a late message must find nobody"
        );
    }

    #[test]
    fn a_sink_gets_each_message_before_the_provider_answers() {
        let network = InProcessNetwork::default();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        let host = network
            .open_with_sink(clock(), move |message| {
                kept.lock().expect("no panic").push(message);
            })
            .expect("a port is free");
        assert!(is_taken(network.post(host.port, &text())));
        let pattern = regex::Regex::new(r"\b(\d{6})\b").expect("a pattern");
        let codes: Vec<Option<Secret>> = taken
            .lock()
            .expect("no panic")
            .iter()
            .map(|message| message.code(&pattern))
            .collect();
        assert_eq!(codes, [Some(Secret::new("482913"))]);
    }

    #[test]
    fn every_behaviour_ends_a_text_and_a_mail_as_it_does_on_a_socket() {
        let network = InProcessNetwork::default();
        let host = opened(&network);
        let mail = b"Subject: Hello\r\n\r\nYour code is 482913\r\n";
        for (behaviour, ending) in [
            (GatewayBehaviour::Deliver, SENT),
            (
                GatewayBehaviour::Answer4xx,
                InProcessEnding::Answered(StatusCode::BAD_REQUEST),
            ),
            (
                GatewayBehaviour::Answer5xx,
                InProcessEnding::Answered(StatusCode::INTERNAL_SERVER_ERROR),
            ),
            (GatewayBehaviour::Hang, InProcessEnding::Silent),
            (GatewayBehaviour::Reset, InProcessEnding::Broken),
            (GatewayBehaviour::Dead, InProcessEnding::Broken),
        ] {
            for channel in [Channel::Sms, Channel::Email] {
                host.providers().set_behaviour(channel, None, behaviour);
            }
            let sent = network.mail(host.port, "a@example.org", mail);
            assert_eq!(sent, ending, "{behaviour}");
            let texted = network.post(host.port, &text());
            if ending == SENT {
                assert!(is_taken(texted), "{behaviour}");
            } else {
                assert_eq!(texted, ending, "{behaviour}");
            }
        }
        let mails = host
            .inboxes()
            .since(Default::default(), Channel::Email, "a@example.org");
        assert_eq!(mails.len(), 1, "only the mail that was taken arrived");
    }
}
