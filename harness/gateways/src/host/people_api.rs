//! The standalone host's API for people without the harness: read messages, set behaviours, press keys.
//!
//! | request | does |
//! | --- | --- |
//! | `GET /messages?channel=&to=&since=` | what was delivered there after `since`; with `channel` or `to` left out, everything accepted, with its fate. `next` is the `since` to go on from |
//! | `GET /rejected` | what no provider understood, and why |
//! | `POST /behaviour` `{channel, destination?, behaviour}` | tells a provider how to behave |
//! | `POST /release` `{channel, reversed?}` | delivers what is held |
//! | `POST /calls/{id}/keys` `{key}`, `/calls/{id}/hangUp`, `/calls/{id}/letRing` | what a called person does: the callback is sent from here |

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use proofup_domain::answer::REFUSED;
use proofup_domain::command::GatewayBehaviour;
use proofup_domain::state::Channel;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use url::Url;

use crate::behaviour::Providers;
use crate::message::{CallInfo, Cursor, Message};
use crate::people::handset::{self, CallbackRequest, SecretChoice};
use crate::store::{MessageFate, Rejected};

/// How long a callback may take.
const CALLBACK_PATIENCE: Duration = Duration::from_secs(10);

/// An answer of this API.
type ApiAnswer = Response<Full<Bytes>>;

/// A status and a reason.
type ApiRefusal = (StatusCode, String);

/// Answers a request of this API; none if the path is not part of it.
pub(super) async fn answer(
    parts: &Parts,
    body: &Bytes,
    providers: &Providers,
) -> Option<ApiAnswer> {
    let segments: Vec<&str> = parts
        .uri
        .path()
        .split('/')
        .filter(|s| !s.is_empty())
        .collect();
    let allowed = match segments.as_slice() {
        ["messages" | "rejected"] => Method::GET,
        ["behaviour" | "release"] | ["calls", _, "keys" | "hangUp" | "letRing"] => Method::POST,
        _ => return None,
    };
    if parts.method != allowed {
        let mut response = problem(
            StatusCode::METHOD_NOT_ALLOWED,
            "this path has another method",
        );
        if let Ok(value) = allowed.as_str().parse() {
            response.headers_mut().insert(header::ALLOW, value);
        }
        return Some(response);
    }
    let answered = match segments.as_slice() {
        ["messages"] => messages(parts.uri.query().unwrap_or_default(), providers),
        ["rejected"] => Ok(rejected(providers)),
        ["behaviour"] => behaviour(body, providers),
        ["release"] => release(body, providers),
        ["calls", id, act] => call(id, act, body, providers).await,
        _ => return None,
    };
    Some(answered.unwrap_or_else(|(status, reason)| problem(status, &reason)))
}

/// Makes an error answer.
pub(super) fn problem(status: StatusCode, reason: &str) -> ApiAnswer {
    respond(status, &json!({ "error": reason }))
}

fn respond(status: StatusCode, body: &Value) -> ApiAnswer {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessagesQuery {
    channel: Option<Channel>,
    to: Option<String>,
    #[serde(default)]
    since: u64,
}

fn messages(query: &str, providers: &Providers) -> Result<ApiAnswer, ApiRefusal> {
    let query: MessagesQuery = serde_urlencoded::from_str(query)
        .map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    let since = Cursor(query.since);
    let inboxes = providers.inboxes();
    let (value, next): (Vec<Value>, Cursor) = match (query.channel, &query.to) {
        (Some(channel), Some(to)) => {
            let (messages, next) = inboxes.read(since, channel, to);
            let views = messages.iter().map(|m| view(m, MessageFate::Delivered));
            (views.collect(), next)
        }
        (channel, _) => {
            let next = inboxes.cursor();
            let views = inboxes
                .all()
                .into_iter()
                .filter(|entry| entry.message.seq > since.0)
                .filter(|entry| channel.is_none_or(|channel| entry.message.channel == channel))
                .map(|entry| view(&entry.message, entry.fate));
            (views.collect(), next)
        }
    };
    let body = json!({ "value": value, "next": next.0 });
    Ok(respond(StatusCode::OK, &body))
}

/// Shows a message as a person sees it: with its code, without the secrets of callbacks.
fn view(message: &Message, fate: MessageFate) -> Value {
    let fate = match fate {
        MessageFate::Delivered => "delivered",
        MessageFate::Held => "held",
        MessageFate::Dropped => "dropped",
        MessageFate::Refused => REFUSED,
    };
    let push = message.push.as_ref().map(|push| {
        json!({
            "notificationId": push.notification_id,
            "deviceId": push.device_id,
            "data": push.data,
        })
    });
    json!({
        "seq": message.seq,
        "channel": message.channel,
        "to": message.destination,
        "from": message.from,
        "subject": message.subject,
        "text": message.text,
        "at": message.at.to_string(),
        "fate": fate,
        "callId": message.call.as_ref().map(|call| &call.call_id),
        "push": push,
    })
}

fn rejected(providers: &Providers) -> ApiAnswer {
    let show = |entry: &Rejected| {
        json!({
            "seq": entry.seq,
            "at": entry.at.to_string(),
            "channel": entry.channel,
            "request": entry.request,
            "status": entry.status,
            "reason": entry.reason,
            "body": String::from_utf8_lossy(&entry.body),
        })
    };
    let value: Vec<Value> = providers.inboxes().rejected().iter().map(show).collect();
    respond(StatusCode::OK, &json!({ "value": value }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BehaviourBody {
    channel: Channel,
    destination: Option<String>,
    behaviour: GatewayBehaviour,
}

fn behaviour(body: &Bytes, providers: &Providers) -> Result<ApiAnswer, ApiRefusal> {
    let body: BehaviourBody = parsed(body)?;
    providers.set_behaviour(body.channel, body.destination.as_deref(), body.behaviour);
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseBody {
    channel: Channel,
    #[serde(default)]
    reversed: bool,
}

fn release(body: &Bytes, providers: &Providers) -> Result<ApiAnswer, ApiRefusal> {
    let body: ReleaseBody = parsed(body)?;
    let released = providers.release(body.channel, body.reversed);
    Ok(respond(StatusCode::OK, &json!({ "released": released })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    key: String,
}

async fn call(
    id: &str,
    act: &str,
    body: &Bytes,
    providers: &Providers,
) -> Result<ApiAnswer, ApiRefusal> {
    let call = providers
        .inboxes()
        .all()
        .into_iter()
        .rev()
        .filter(|entry| entry.fate == MessageFate::Delivered)
        .filter_map(|entry| entry.message.call.clone())
        .find(|call: &CallInfo| call.call_id == id)
        .ok_or_else(|| (StatusCode::NOT_FOUND, "no such call rang".to_owned()))?;
    let callback = match act {
        "keys" => handset::press_key(&call, &parsed::<KeyBody>(body)?.key, &SecretChoice::Right),
        "hangUp" => handset::hang_up(&call, &SecretChoice::Right),
        _ => handset::let_ring(&call, &SecretChoice::Right),
    };
    match tokio::time::timeout(CALLBACK_PATIENCE, send(callback)).await {
        Ok(Ok(status)) => Ok(respond(StatusCode::OK, &json!({ "targetStatus": status }))),
        Ok(Err(reason)) => Err((StatusCode::BAD_GATEWAY, reason)),
        Err(_) => Err((
            StatusCode::GATEWAY_TIMEOUT,
            "the callback was not answered".to_owned(),
        )),
    }
}

fn parsed<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiRefusal> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

/// Sends a callback and returns the status of the answer, or why there is none.
async fn send(callback: CallbackRequest) -> Result<u16, String> {
    let url = Url::parse(&callback.url).map_err(|_| "the callback has no address")?;
    let host = url.host_str().ok_or("the callback names no host")?;
    if url.scheme() != "http" {
        return Err("only http callbacks can be sent".to_owned());
    }
    let port = url.port_or_known_default().unwrap_or(80);
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, port))
        .await
        .map_err(|error| format!("the target cannot be reached: {error}"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::builder()
        .method(callback.method)
        .uri(path)
        .header(header::HOST, format!("{host}:{port}"));
    for (name, value) in callback.headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(callback.body))
        .map_err(|error| error.to_string())?;
    let answered = sender.send_request(request);
    tokio::pin!(answered, connection);
    let response = tokio::select! {
        response = &mut answered => response,
        ended = &mut connection => match ended {
            Ok(()) => answered.await,
            Err(error) => Err(error),
        },
    };
    match response {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) => Err(format!("the target did not answer: {error}")),
    }
}
