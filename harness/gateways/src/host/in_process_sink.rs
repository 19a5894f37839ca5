//! The host without a socket: a sink that takes the messages of a target in this process.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, StatusCode};
use proofup_domain::clock::Clock;

use crate::behaviour::Providers;
use crate::message::Message;
use crate::provider::{self, ProviderAnswer, ProviderRequest};
use crate::store::Inboxes;

/// Takes messages from a target in the same process, without a socket. Clones are the same place.
///
/// The target is made before anybody waits for its messages, so it is given the sink first and the sink opens later.
#[derive(Debug, Clone, Default)]
pub struct InProcessSink(Arc<Mutex<Option<Providers>>>);

impl InProcessSink {
    /// Takes a request as a provider does, and returns the status of its answer: 503 while nobody has opened it, and for what
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

    /// Opens: each message goes to `sink` before its provider answers, and none is kept.
    pub fn open(&self, clock: Clock, sink: impl Fn(Message) + Send + Sync + 'static) {
        self.set(Some(Providers::new(clock, Inboxes::with_sink(sink))));
    }

    /// Closes: whatever comes now is refused.
    pub fn close(&self) {
        self.set(None);
    }

    fn set(&self, providers: Option<Providers>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = providers;
    }

    /// Returns the address of the SMS provider, as a target wants one; nobody opens a connection to it.
    #[must_use]
    pub const fn sms_url() -> &'static str {
        "http://127.0.0.1:1/sms"
    }

    /// Returns the address of the voice provider.
    #[must_use]
    pub const fn voice_url() -> &'static str {
        "http://127.0.0.1:1/voice"
    }

    /// Returns the address of the mail provider.
    #[must_use]
    pub const fn mail_url() -> &'static str {
        "http://127.0.0.1:1/mail"
    }

    /// Returns the address of the push provider.
    #[must_use]
    pub const fn push_url() -> &'static str {
        "http://127.0.0.1:1/push"
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

    #[test]
    fn a_sink_takes_messages_while_it_is_open_and_refuses_otherwise() {
        let sink = InProcessSink::default();
        assert_eq!(sink.take(&text()), StatusCode::SERVICE_UNAVAILABLE);
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
        sink.open(clock, move |message| {
            kept.lock().expect("no panic").push(message);
        });
        assert!(sink.take(&text()).is_success());
        let pattern = regex::Regex::new(r"\b(\d{6})\b").expect("a pattern");
        let codes: Vec<Option<Secret>> = taken
            .lock()
            .expect("no panic")
            .iter()
            .map(|message| message.code(&pattern))
            .collect();
        assert_eq!(codes, [Some(Secret::new("482913"))]);
        sink.close();
        assert_eq!(sink.take(&text()), StatusCode::SERVICE_UNAVAILABLE);
    }
}
