//! SMS: plain JSON `{to, from?, text}`, and the `Messages.json` form.

use std::borrow::Cow;

use proofup_domain::state::Channel;
use serde::Deserialize;
use serde_json::json;

use super::{Envelope, Malformed, Response, Understood, forms};

/// The most characters that one message of the 2010-04-01 form may have.
const BODY_CHARACTERS: usize = 1600;

/// The contents of a valid plain JSON request.
#[derive(Deserialize)]
struct Plain<'a> {
    #[serde(borrow)]
    to: Cow<'a, str>,
    #[serde(borrow, default)]
    from: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// Reads plain JSON; answers 202 with an id.
pub(super) fn read_json(envelope: &Envelope<'_>) -> Result<Understood, Malformed> {
    let plain = serde_json::from_slice::<Plain<'_>>(envelope.request.body);
    match plain {
        Ok(plain) if !plain.to.is_empty() && !plain.text.is_empty() => {
            let from = plain.from.map(Cow::into_owned);
            Ok(understood(
                envelope,
                &plain.to,
                from,
                plain.text.into_owned(),
            ))
        }
        // The long way says what is wrong, and reads what only looks wrong: a member that is there twice.
        _ => read_members(envelope).map_err(|reason| forms::plain_refusal(&reason)),
    }
}

fn read_members(envelope: &Envelope<'_>) -> Result<Understood, String> {
    let members = forms::object(envelope.request)?;
    let to = forms::required(&members, "to")?;
    let text = forms::required(&members, "text")?;
    let from = forms::optional(&members, "from")?.map(str::to_owned);
    Ok(understood(envelope, to, from, text.to_owned()))
}

fn understood(envelope: &Envelope<'_>, to: &str, from: Option<String>, text: String) -> Understood {
    let mut message = envelope.message(Channel::Sms, to, text);
    message.from = from;
    let body = format!(r#"{{"id":"sms-{}","status":"accepted"}}"#, envelope.id);
    Understood {
        messages: vec![message],
        success: Response::json_text(202, body),
    }
}

/// Reads the form fields `To`, `From` (or `MessagingServiceSid`) and `Body`; answers 201 as the provider does.
pub(super) fn read_messages(
    envelope: &Envelope<'_>,
    account: &str,
) -> Result<Understood, Malformed> {
    forms::basic_auth(envelope.request.headers)?;
    let fields = forms::fields(envelope.request);
    let field = |name: &str| fields.get(name).filter(|value| !value.is_empty());
    let to = field("To")
        .ok_or_else(|| forms::account_refusal(400, 21_604, "A 'To' phone number is required."))?;
    let from = field("From")
        .or_else(|| field("MessagingServiceSid"))
        .ok_or_else(|| forms::account_refusal(400, 21_603, "A 'From' phone number is required."))?;
    let body = field("Body")
        .ok_or_else(|| forms::account_refusal(400, 21_602, "Message body is required."))?;
    if !forms::like_a_number(to) {
        let message = "The 'To' number is not a valid phone number.";
        return Err(forms::account_refusal(400, 21_211, message));
    }
    if body.chars().count() > BODY_CHARACTERS {
        let message = "The concatenated message body exceeds the 1600 character limit.";
        return Err(forms::account_refusal(400, 21_617, message));
    }
    let mut message = envelope.message(Channel::Sms, to, body.clone());
    message.from = Some(from.clone());
    let sid = format!("SM{:032x}", envelope.id);
    let uri = format!("/2010-04-01/Accounts/{account}/Messages/{sid}.json");
    let success = json!({
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": body,
        "direction": "outbound-api",
        "error_code": null,
        "error_message": null,
        "from": from,
        "num_media": "0",
        "num_segments": "1",
        "sid": sid,
        "status": "queued",
        "to": to,
        "uri": uri,
    });
    Ok(Understood {
        messages: vec![message],
        success: Response::json(201, &success),
    })
}
