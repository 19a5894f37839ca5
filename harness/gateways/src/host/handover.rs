//! The host for load: hands each message over and keeps none, on sockets of its own or without any.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, StatusCode};
use proofup_domain::clock::Clock;

use super::conformance::StartError;
use super::standalone::{Standalone, StandaloneOptions};
use crate::behaviour::Providers;
use crate::message::Message;
use crate::provider::{self, ProviderAnswer, ProviderRequest};
use crate::store::Inboxes;

/// Takes messages from a target in the same process, without a socket. Clones are the same place.
///
/// The target is made before anybody waits for its messages, so it is given the counter first and the counter opens later.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<Mutex<Option<Providers>>>);

impl Counter {
    /// Takes a request as a provider does, and gives the status of its answer: 503 while nobody has opened it, and for what
    /// a provider on a socket would leave without an answer.
    #[must_use]
    pub fn take(&self, request: &Request<Bytes>) -> StatusCode {
        let providers = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let request = ProviderRequest {
            method: request.method(),
            path: request.uri().path(),
            headers: request.headers(),
            body: request.body(),
        };
        match providers.map(|providers| provider::handle(&request, &providers)) {
            Some(ProviderAnswer::Respond(answer)) => {
                StatusCode::from_u16(answer.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
            }
            Some(ProviderAnswer::Hang | ProviderAnswer::Reset) | None => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn open(&self, providers: Option<Providers>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = providers;
    }
}

/// Serves the providers of a load run until it is stopped.
#[derive(Debug)]
pub enum Handover {
    /// On sockets.
    Sockets(Box<Standalone>),
    /// At a counter in this process.
    Counter(Counter),
}

impl Handover {
    /// Starts the providers on sockets.
    ///
    /// # Errors
    ///
    /// [`StartError`] if an address cannot be listened on.
    pub async fn on_sockets(
        options: &StandaloneOptions,
        clock: Clock,
        taker: impl Fn(Message) + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let standalone = Standalone::start_handing_over(options, clock, taker).await?;
        Ok(Self::Sockets(Box::new(standalone)))
    }

    /// Opens a counter.
    #[must_use]
    pub fn at(
        counter: &Counter,
        clock: Clock,
        taker: impl Fn(Message) + Send + Sync + 'static,
    ) -> Self {
        counter.open(Some(Providers::new(clock, Inboxes::handing_over(taker))));
        Self::Counter(counter.clone())
    }

    /// Gives the base address of the SMS provider.
    #[must_use]
    pub fn sms_url(&self) -> String {
        self.url("sms", Standalone::sms_url)
    }

    /// Gives the base address of the voice provider.
    #[must_use]
    pub fn voice_url(&self) -> String {
        self.url("voice", Standalone::voice_url)
    }

    /// Gives the base address of the mail provider's HTTP form.
    #[must_use]
    pub fn mail_url(&self) -> String {
        self.url("mail", Standalone::mail_url)
    }

    /// Gives the base address of the push provider.
    #[must_use]
    pub fn push_url(&self) -> String {
        self.url("push", Standalone::push_url)
    }

    fn url(&self, channel: &str, of: fn(&Standalone) -> String) -> String {
        match self {
            Self::Sockets(standalone) => of(standalone),
            // Nobody opens a connection to it.
            Self::Counter(_) => format!("http://127.0.0.1:1/{channel}"),
        }
    }

    /// Ends every connection and frees the ports, or closes the counter.
    pub async fn stop(self) {
        match self {
            Self::Sockets(standalone) => standalone.stop().await,
            Self::Counter(counter) => counter.open(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proofup_domain::secret::Secret;

    use super::*;

    fn text() -> Request<Bytes> {
        let body = r#"{"to":"+31610000001","text":"Your code is 482913"}"#;
        Request::post("http://127.0.0.1:1/sms")
            .header("content-type", "application/json")
            .body(Bytes::from_static(body.as_bytes()))
            .expect("a request")
    }

    #[tokio::test]
    async fn a_counter_hands_over_while_it_is_open_and_refuses_otherwise() {
        let counter = Counter::default();
        assert_eq!(counter.take(&text()), StatusCode::SERVICE_UNAVAILABLE);
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
        let open = Handover::at(&counter, clock, move |message| {
            kept.lock().expect("no panic").push(message);
        });
        assert!(counter.take(&text()).is_success());
        let pattern = regex::Regex::new(r"\b(\d{6})\b").expect("a pattern");
        let codes: Vec<Option<Secret>> = taken
            .lock()
            .expect("no panic")
            .iter()
            .map(|message| message.code(&pattern))
            .collect();
        assert_eq!(codes, [Some(Secret::new("482913"))]);
        open.stop().await;
        assert_eq!(counter.take(&text()), StatusCode::SERVICE_UNAVAILABLE);
    }
}
