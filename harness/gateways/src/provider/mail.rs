//! E-mail over HTTP: plain JSON `{to, from?, subject?, text?, html?}`, and the `v3/mail/send` form, in which each recipient
//! of each personalization gets a message of its own.

use mail_parser::decoders::html::html_to_text;
use proofup_domain::state::Channel;
use serde_json::{Map, Value, json};

use bytes::Bytes;

use super::{Envelope, Malformed, Response, Understood, forms};

/// What is wrong, and in which field.
type Wrong = (String, Option<&'static str>);

/// The most recipients that one request may have.
const RECIPIENTS: usize = 1000;

/// Reads plain JSON; answers 202 with an id. Without `text` the words of `html` are what a person reads.
pub(super) fn read_json(envelope: &Envelope<'_>) -> Result<Understood, Malformed> {
    let read = || -> Result<Understood, String> {
        let members = forms::object(envelope.request)?;
        let to = forms::required(&members, "to")?;
        if !to.contains('@') {
            return Err("`to` is not an address".to_owned());
        }
        let text = match forms::optional(&members, "text")?.filter(|text| !text.is_empty()) {
            Some(text) => text.to_owned(),
            None => match forms::optional(&members, "html")?.filter(|html| !html.is_empty()) {
                Some(html) => html_to_text(html),
                None => return Err("`text` and `html` are missing".to_owned()),
            },
        };
        let mut message = envelope.message(Channel::Email, to, text);
        message.from = forms::optional(&members, "from")?.map(str::to_owned);
        message.subject = forms::optional(&members, "subject")?.map(str::to_owned);
        let id = format!("mail-{}", envelope.id);
        Ok(Understood {
            messages: vec![message],
            success: Response::json(202, &json!({ "id": id, "status": "accepted" })),
        })
    };
    read().map_err(|reason| forms::plain_refusal(&reason))
}

/// Reads personalizations, sender, subject and content; answers 202 with `X-Message-Id` and no body.
pub(super) fn read_send(envelope: &Envelope<'_>) -> Result<Understood, Malformed> {
    let read = || -> Result<Understood, Wrong> {
        let members = forms::object(envelope.request).map_err(|reason| (reason, None))?;
        let from = sender(&members)?;
        let text = content(&members)?;
        let subject = forms::optional(&members, "subject").map_err(|e| (e, Some("subject")))?;
        let personalizations = members
            .get("personalizations")
            .and_then(Value::as_array)
            .filter(|list| !list.is_empty())
            .ok_or_else(|| missing("personalizations"))?;
        let mut messages = Vec::new();
        for personalization in personalizations {
            let own = personalization.get("subject").and_then(Value::as_str);
            let subject = own.or(subject).filter(|subject| !subject.is_empty());
            let subject = subject.ok_or_else(|| missing("subject"))?;
            for address in recipients(personalization)? {
                let mut message = envelope.message(Channel::Email, address, text.clone());
                message.from = Some(from.clone());
                message.subject = Some(subject.to_owned());
                messages.push(message);
            }
            if messages.len() > RECIPIENTS {
                return Err(("too many recipients".to_owned(), Some("personalizations")));
            }
        }
        Ok(Understood {
            messages,
            success: Response {
                status: 202,
                headers: vec![("x-message-id", format!("mail-{}", envelope.id))],
                body: Bytes::new(),
            },
        })
    };
    read().map_err(|(reason, field)| Malformed {
        response: error(400, &reason, field),
        reason,
    })
}

/// Makes the provider's error answer.
pub(super) fn error(status: u16, message: &str, field: Option<&str>) -> Response {
    let body = json!({ "errors": [{ "message": message, "field": field, "help": null }] });
    Response::json(status, &body)
}

fn missing(field: &'static str) -> Wrong {
    (format!("`{field}` is required"), Some(field))
}

fn sender(members: &Map<String, Value>) -> Result<String, Wrong> {
    let from = members.get("from").ok_or_else(|| missing("from"))?;
    let address = address_of(from).ok_or_else(|| missing("from.email"))?;
    Ok(match from.get("name").and_then(Value::as_str) {
        Some(name) if !name.is_empty() => format!("{name} <{address}>"),
        _ => address.to_owned(),
    })
}

/// Collects everybody a personalization names, in the order to, cc, bcc.
fn recipients(personalization: &Value) -> Result<Vec<&str>, Wrong> {
    let mut addresses = Vec::new();
    for field in ["to", "cc", "bcc"] {
        let Some(list) = personalization.get(field) else {
            continue;
        };
        let wrong = || {
            (
                "a recipient is not an address".to_owned(),
                Some("personalizations"),
            )
        };
        for recipient in list.as_array().ok_or_else(wrong)? {
            addresses.push(address_of(recipient).ok_or_else(wrong)?);
        }
    }
    let to = personalization.get("to").and_then(Value::as_array);
    if to.is_none_or(Vec::is_empty) {
        return Err(missing("personalizations.to"));
    }
    Ok(addresses)
}

fn address_of(value: &Value) -> Option<&str> {
    value
        .get("email")
        .and_then(Value::as_str)
        .filter(|address| address.contains('@'))
}

/// Takes the plain text, or the words of the HTML where there is no plain text.
fn content(members: &Map<String, Value>) -> Result<String, Wrong> {
    let parts = members
        .get("content")
        .and_then(Value::as_array)
        .filter(|parts| !parts.is_empty())
        .ok_or_else(|| missing("content"))?;
    let part = |kind: &str| {
        parts
            .iter()
            .find(|part| {
                part.get("type")
                    .and_then(Value::as_str)
                    .is_some_and(|found| found.starts_with(kind))
            })
            .and_then(|part| part.get("value"))
            .and_then(Value::as_str)
            .filter(|value| !value.is_empty())
    };
    part("text/plain")
        .map(str::to_owned)
        .or_else(|| part("text/html").map(html_to_text))
        .ok_or_else(|| missing("content.value"))
}
