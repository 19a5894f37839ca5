//! What the forms share: reading JSON members and form fields, and the errors of the plain and the 2010-04-01 forms.

use std::collections::BTreeMap;

use http::{HeaderMap, header};
use serde_json::{Map, Value, json};

use super::{Malformed, ProviderRequest, Response};

/// Makes the error answer of the plain JSON forms.
pub(super) fn plain_error(status: u16, reason: &str) -> Response {
    Response::json(status, &json!({ "error": reason }))
}

/// Makes the error answer of the 2010-04-01 forms.
pub(super) fn account_error(status: u16, code: u32, message: &str) -> Response {
    Response::json(
        status,
        &json!({
            "code": code,
            "message": message,
            "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
            "status": status,
        }),
    )
}

/// Refuses a 2010-04-01 request with one of the provider's error codes.
pub(super) fn account_refusal(status: u16, code: u32, message: &str) -> Malformed {
    Malformed {
        reason: format!("{message} ({code})"),
        response: account_error(status, code, message),
    }
}

/// Refuses a plain JSON request.
pub(super) fn plain_refusal(reason: &str) -> Malformed {
    Malformed {
        reason: reason.to_owned(),
        response: plain_error(400, reason),
    }
}

/// Reads a body that must be a JSON object.
pub(super) fn object(request: &ProviderRequest<'_>) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(request.body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("the body is not a JSON object".to_owned()),
        Err(error) => Err(format!(
            "the body is not JSON: line {}, column {}",
            error.line(),
            error.column()
        )),
    }
}

/// Reads a member that must be a string that is not empty.
pub(super) fn required<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    match optional(members, name)? {
        Some(text) if !text.is_empty() => Ok(text),
        Some(_) => Err(format!("`{name}` is empty")),
        None => Err(format!("`{name}` is missing")),
    }
}

/// Reads a member that is a text where it is there.
pub(super) fn optional<'a>(
    members: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, String> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{name}` is not a string")),
    }
}

/// Reads the fields of a form; of several with one name the last.
pub(super) fn fields(request: &ProviderRequest<'_>) -> BTreeMap<String, String> {
    serde_urlencoded::from_bytes::<Vec<(String, String)>>(request.body)
        .map(|fields| fields.into_iter().collect())
        .unwrap_or_default()
}

/// Demands the Basic credentials of a 2010-04-01 request; which ones does not matter.
pub(super) fn basic_auth(headers: &HeaderMap) -> Result<(), Malformed> {
    let sent = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .is_some_and(|(scheme, rest)| scheme.eq_ignore_ascii_case("basic") && !rest.is_empty());
    if sent {
        Ok(())
    } else {
        Err(account_refusal(401, 20_003, "Authenticate"))
    }
}

/// Returns whether a text looks like a phone number: an optional `+`, digits and the usual separators.
pub(super) fn like_a_number(text: &str) -> bool {
    let rest = text.strip_prefix('+').unwrap_or(text);
    rest.chars().filter(char::is_ascii_digit).count() >= 3
        && rest
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '.'))
}
