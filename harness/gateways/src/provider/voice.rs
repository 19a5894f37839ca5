//! Voice: plain JSON `{callId, to, text, digitsUrl, statusUrl, secret?}`, and the `Calls.json` form.

use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use serde_json::json;
use url::Url;

use super::{Envelope, Malformed, Response, Understood, forms, twiml};
use crate::message::{CallForm, CallInfo};

/// Reads plain JSON; answers 202.
pub(super) fn read_json(envelope: &Envelope<'_>) -> Result<Understood, Malformed> {
    let read = || -> Result<Understood, String> {
        let members = forms::object(envelope.request)?;
        let call_id = forms::required(&members, "callId")?;
        let to = forms::required(&members, "to")?;
        let text = forms::required(&members, "text")?;
        let from = forms::optional(&members, "from")?.map(str::to_owned);
        let mut message = envelope.message(Channel::Voice, to, text.to_owned());
        message.from.clone_from(&from);
        message.call = Some(CallInfo {
            call_id: call_id.to_owned(),
            digits_url: callback(forms::required(&members, "digitsUrl")?, "digitsUrl")?,
            status_url: callback(forms::required(&members, "statusUrl")?, "statusUrl")?,
            secret: forms::optional(&members, "secret")?.map(Secret::new),
            form: CallForm::Json,
            to: to.to_owned(),
            from,
        });
        Ok(Understood {
            messages: vec![message],
            success: Response::json(202, &json!({ "callId": call_id, "status": "queued" })),
        })
    };
    read().map_err(|reason| forms::plain_refusal(&reason))
}

/// Reads the form fields `To`, `From`, `Twiml` and `StatusCallback`; answers 201 as the provider does.
///
/// `Url` instead of `Twiml` is refused with a reason: nobody here fetches it.
pub(super) fn read_calls(envelope: &Envelope<'_>, account: &str) -> Result<Understood, Malformed> {
    forms::basic_auth(envelope.request.headers)?;
    let fields = forms::fields(envelope.request);
    let field = |name: &str| fields.get(name).filter(|value| !value.is_empty());
    let to = field("To")
        .ok_or_else(|| forms::account_refusal(400, 21_201, "No 'To' number is specified"))?;
    let from = field("From")
        .ok_or_else(|| forms::account_refusal(400, 21_213, "'From' phone number is required"))?;
    if !forms::like_a_number(to) {
        let message = "The phone number you are attempting to call is not valid.";
        return Err(forms::account_refusal(400, 21_211, message));
    }
    let Some(document) = field("Twiml") else {
        let message = match field("Url") {
            Some(_) => "Url is not fetched here: put the document into Twiml",
            None => "Url parameter is required.",
        };
        return Err(forms::account_refusal(400, 21_205, message));
    };
    let script = twiml::read(document).map_err(|reason| {
        forms::account_refusal(400, 12_100, &format!("Document parse failure: {reason}"))
    })?;
    let refuse = |reason: String| forms::account_refusal(400, 21_609, &reason);
    let digits_url = callback(&script.action, "action").map_err(refuse)?;
    let status_url = match field("StatusCallback") {
        Some(url) => callback(url, "StatusCallback").map_err(refuse)?,
        None => digits_url.clone(),
    };
    let sid = format!("CA{:032x}", envelope.id);
    let mut message = envelope.message(Channel::Voice, to, script.said);
    message.from = Some(from.clone());
    message.call = Some(CallInfo {
        call_id: sid.clone(),
        secret: secret_of(&digits_url),
        digits_url,
        status_url,
        form: CallForm::Calls,
        to: to.clone(),
        from: Some(from.clone()),
    });
    let uri = format!("/2010-04-01/Accounts/{account}/Calls/{sid}.json");
    let success = json!({
        "account_sid": account,
        "api_version": "2010-04-01",
        "direction": "outbound-api",
        "from": from,
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

/// Checks that a callback can be called: an absolute HTTP address.
fn callback(url: &str, name: &str) -> Result<String, String> {
    match Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => {
            Ok(url.to_owned())
        }
        _ => Err(format!("`{name}` is not an absolute HTTP address")),
    }
}

/// Finds the secret in the query of a callback address.
fn secret_of(url: &str) -> Option<Secret> {
    Url::parse(url)
        .ok()?
        .query_pairs()
        .find(|(name, _)| name == "secret")
        .map(|(_, value)| Secret::new(value))
}
