//! Push: plain JSON `{token, notificationId, deviceId?, title, body}`, and the `messages:send` form.

use std::collections::BTreeMap;

use proofup_domain::state::Channel;
use serde_json::{Map, Value, json};

use super::{Envelope, Malformed, Response, Understood, forms};
use crate::message::{Message, PushInfo};

/// Reads plain JSON; answers 202. Members that nobody knows are kept as data.
pub(super) fn read_json(envelope: &Envelope<'_>) -> Result<Understood, Malformed> {
    let read = || -> Result<Understood, String> {
        let members = forms::object(envelope.request)?;
        let token = forms::required(&members, "token")?;
        let data: BTreeMap<String, String> = members
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "token" | "title" | "body"))
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect();
        forms::required(&members, "notificationId")?;
        let success = json!({ "status": "accepted" });
        let message = notification(envelope, token, &members, data)?;
        Ok(Understood {
            messages: vec![message],
            success: Response::json(202, &success),
        })
    };
    read().map_err(|reason| forms::plain_refusal(&reason))
}

/// Reads `{message: {token, notification, data}}`; answers 200 with the message's name.
pub(super) fn read_messages_send(
    envelope: &Envelope<'_>,
    project: &str,
) -> Result<Understood, Malformed> {
    let read = || -> Result<Understood, String> {
        let members = forms::object(envelope.request)?;
        let message = child(&members, "message")?.ok_or("`message` is missing")?;
        let token = forms::required(message, "token")?;
        let mut data = BTreeMap::new();
        for (name, value) in child(message, "data")?.into_iter().flatten() {
            let text = value.as_str().ok_or("a value of `data` is not a string")?;
            data.insert(name.clone(), text.to_owned());
        }
        let none = Map::new();
        let shown = child(message, "notification")?.unwrap_or(&none);
        let name = format!("projects/{project}/messages/{}", envelope.id);
        Ok(Understood {
            messages: vec![notification(envelope, token, shown, data)?],
            success: Response::json(200, &json!({ "name": name })),
        })
    };
    read().map_err(|reason| Malformed {
        response: error(400, &reason),
        reason,
    })
}

/// Makes the provider's error answer.
pub(super) fn error(status: u16, message: &str) -> Response {
    let word = match status {
        400 => "INVALID_ARGUMENT",
        404 => "NOT_FOUND",
        500 => "INTERNAL",
        _ => "UNKNOWN",
    };
    let details = json!([{
        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
        "errorCode": word,
    }]);
    let error = json!({ "code": status, "message": message, "status": word, "details": details });
    Response::json(status, &json!({ "error": error }))
}

/// Makes the message of a notification: its words from `shown`, its ids from `data`.
fn notification(
    envelope: &Envelope<'_>,
    token: &str,
    shown: &Map<String, Value>,
    data: BTreeMap<String, String>,
) -> Result<Message, String> {
    let body = forms::optional(shown, "body")?.unwrap_or_default();
    let mut message = envelope.message(Channel::Push, token, body.to_owned());
    message.subject = forms::optional(shown, "title")?.map(str::to_owned);
    message.push = Some(PushInfo {
        notification_id: data
            .get("notificationId")
            .filter(|id| !id.is_empty())
            .cloned()
            .ok_or("`notificationId` is missing")?,
        device_id: data.get("deviceId").cloned(),
        data,
    });
    Ok(message)
}

fn child<'a>(
    members: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, String> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(child)) => Ok(Some(child)),
        Some(_) => Err(format!("`{name}` is not an object")),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
