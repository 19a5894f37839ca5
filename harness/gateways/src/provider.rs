//! The HTTP providers: one function that reads a request as its provider would, keeps what it carries, and answers.
//!
//! The path tells the provider. Each has the plain form at its prefix, and the form of the most used provider of its
//! kind below it, so that an implementation for production needs only another base address:
//!
//! | channel | plain | provider's form |
//! | --- | --- | --- |
//! | SMS | `POST /sms` | `POST /sms/2010-04-01/Accounts/{sid}/Messages.json` |
//! | voice | `POST /voice` | `POST /voice/2010-04-01/Accounts/{sid}/Calls.json` |
//! | e-mail | `POST /mail` (and SMTP) | `POST /mail/v3/mail/send` |
//! | push | `POST /push` | `POST /push/v1/projects/{project}/messages:send` |
//!
//! The providers' own paths also work without the prefix, for libraries that take a host and no path. What no provider
//! understands gets that provider's kind of 4xx and is kept in [`crate::store::Inboxes::rejected`] with the reason.

mod forms;
mod mail;
mod push;
mod sms;
mod twiml;
mod voice;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use proofup_domain::state::Channel;
use serde_json::Value;

use crate::behaviour::{ProviderState, RequestEnding};
use crate::message::{Message, RAW_LIMIT};

/// Bounds the body of a provider request, in bytes; more is answered 413.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// An HTTP request to a provider, however a host received it.
#[derive(Debug, Clone, Copy)]
pub struct ProviderRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path, without query.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

/// How a host goes on with a provider request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderAnswer {
    /// Answers.
    Respond(Response),
    /// Never answers.
    Hang,
    /// Breaks the connection without an answer.
    Reset,
}

/// A provider's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// Makes a JSON answer.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::json_text(status, body.to_string())
    }

    /// Makes a JSON answer of a text that is JSON already.
    pub(crate) fn json_text(status: u16, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: Bytes::from(body),
        }
    }
}

/// What a request carries and the success answer of its provider.
struct Understood {
    messages: Vec<Message>,
    success: Response,
}

/// The reason why a request was not understood, and the provider's answer.
struct Malformed {
    reason: String,
    response: Response,
}

/// The form of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestForm<'a> {
    SmsJson,
    Messages { account: &'a str },
    VoiceJson,
    Calls { account: &'a str },
    MailJson,
    MailSend,
    PushJson,
    MessagesSend { project: &'a str },
}

/// Plays the provider that the path names: keeps what the request carries as its behaviour says, and answers.
#[must_use]
pub fn handle(request: &ProviderRequest<'_>, state: &ProviderState) -> ProviderAnswer {
    let Some(form) = RequestForm::of(request.path) else {
        let response = forms::plain_error(404, "no provider has this path");
        return rejected(request, state, None, "no provider has this path", response);
    };
    let channel = Some(form.channel());
    if request.method != Method::POST {
        let reason = "the provider takes POST only";
        return rejected(request, state, channel, reason, form.error(405, reason));
    }
    if request.body.len() > BODY_LIMIT {
        let reason = "the body is too large";
        return rejected(request, state, channel, reason, form.error(413, reason));
    }
    let is_kept = !state.inboxes().has_sink();
    let understood = match form.read(request, state.clock().now(), state.next_id(), is_kept) {
        Ok(understood) => understood,
        Err(Malformed { reason, response }) => {
            return rejected(request, state, channel, &reason, response);
        }
    };
    match state.take(understood.messages) {
        RequestEnding::Accept => ProviderAnswer::Respond(understood.success),
        RequestEnding::ClientError => {
            ProviderAnswer::Respond(form.error(400, "the provider was told to refuse"))
        }
        RequestEnding::ServerError => {
            ProviderAnswer::Respond(form.error(500, "the provider was told to fail"))
        }
        RequestEnding::Hang => ProviderAnswer::Hang,
        RequestEnding::Reset => ProviderAnswer::Reset,
    }
}

/// Returns the channel that a path belongs to; none where no provider has it.
pub(crate) fn channel_of(path: &str) -> Option<Channel> {
    RequestForm::of(path).map(RequestForm::channel)
}

/// Returns whether [`handle`] will break the connection, and does nothing else.
///
/// A host like wiremock has to know before it chooses how to respond.
#[must_use]
pub fn resets(request: &ProviderRequest<'_>, state: &ProviderState) -> bool {
    if request.method != Method::POST || request.body.len() > BODY_LIMIT {
        return false;
    }
    RequestForm::of(request.path)
        .and_then(|form| form.read(request, state.clock().now(), 0, false).ok())
        .is_some_and(|understood| state.ending_of(&understood.messages) == RequestEnding::Reset)
}

fn rejected(
    request: &ProviderRequest<'_>,
    state: &ProviderState,
    channel: Option<Channel>,
    reason: &str,
    response: Response,
) -> ProviderAnswer {
    let line = format!("{} {}", request.method, request.path);
    state.reject(
        channel,
        line,
        response.status,
        reason.to_owned(),
        request.body,
    );
    ProviderAnswer::Respond(response)
}

impl<'a> RequestForm<'a> {
    /// Reads the form from a path.
    fn of(path: &'a str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match segments.as_slice() {
            ["sms"] => Some(Self::SmsJson),
            ["voice"] => Some(Self::VoiceJson),
            ["mail"] => Some(Self::MailJson),
            ["push"] => Some(Self::PushJson),
            ["sms", "2010-04-01", "Accounts", account, "Messages.json"]
            | ["2010-04-01", "Accounts", account, "Messages.json"] => {
                Some(Self::Messages { account })
            }
            ["voice", "2010-04-01", "Accounts", account, "Calls.json"]
            | ["2010-04-01", "Accounts", account, "Calls.json"] => Some(Self::Calls { account }),
            ["mail", "v3", "mail", "send"] | ["v3", "mail", "send"] => Some(Self::MailSend),
            ["push", "v1", "projects", project, "messages:send"]
            | ["v1", "projects", project, "messages:send"] => Some(Self::MessagesSend { project }),
            _ => None,
        }
    }

    fn channel(self) -> Channel {
        match self {
            Self::SmsJson | Self::Messages { .. } => Channel::Sms,
            Self::VoiceJson | Self::Calls { .. } => Channel::Voice,
            Self::MailJson | Self::MailSend => Channel::Email,
            Self::PushJson | Self::MessagesSend { .. } => Channel::Push,
        }
    }

    fn read(
        self,
        request: &ProviderRequest<'_>,
        at: Timestamp,
        id: u64,
        is_kept: bool,
    ) -> Result<Understood, Malformed> {
        let envelope = Envelope {
            request,
            at,
            id,
            is_kept,
        };
        match self {
            Self::SmsJson => sms::read_json(&envelope),
            Self::Messages { account } => sms::read_messages(&envelope, account),
            Self::VoiceJson => voice::read_json(&envelope),
            Self::Calls { account } => voice::read_calls(&envelope, account),
            Self::MailJson => mail::read_json(&envelope),
            Self::MailSend => mail::read_send(&envelope),
            Self::PushJson => push::read_json(&envelope),
            Self::MessagesSend { project } => push::read_messages_send(&envelope, project),
        }
    }

    /// Makes the provider's answer for an error that is not about one field.
    fn error(self, status: u16, reason: &str) -> Response {
        match self {
            Self::SmsJson | Self::VoiceJson | Self::MailJson | Self::PushJson => {
                forms::plain_error(status, reason)
            }
            Self::Messages { .. } | Self::Calls { .. } => {
                forms::account_error(status, 20_000 + u32::from(status), reason)
            }
            Self::MailSend => mail::error(status, reason, None),
            Self::MessagesSend { .. } => push::error(status, reason),
        }
    }
}

/// What every form needs to make messages.
struct Envelope<'a> {
    request: &'a ProviderRequest<'a>,
    at: Timestamp,
    /// A number of its own for each request: what ids in answers are made of.
    id: u64,
    /// Somebody may want to see the request as it came. What is handed over is only read for what it says.
    is_kept: bool,
}

impl Envelope<'_> {
    /// Makes a message with what all forms share.
    fn message(&self, channel: Channel, destination: &str, text: String) -> Message {
        Message {
            seq: 0,
            channel,
            destination: destination.to_owned(),
            from: None,
            subject: None,
            text: crate::message::bounded(text, crate::message::TEXT_LIMIT),
            headers: if self.is_kept {
                kept_headers(self.request.headers)
            } else {
                BTreeMap::new()
            },
            raw: if self.is_kept {
                let body = self.request.body;
                body[..body.len().min(RAW_LIMIT)].to_vec()
            } else {
                Vec::new()
            },
            at: self.at,
            call: None,
            push: None,
        }
    }
}

/// Keeps headers, without what proves who the sender is.
fn kept_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        if matches!(
            name.as_str(),
            "authorization" | "cookie" | "proxy-authorization"
        ) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        kept.entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert(value);
    }
    kept
}
