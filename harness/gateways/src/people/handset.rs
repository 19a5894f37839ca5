//! Somebody who is called: the callbacks that a voice provider makes for what they do.

use bytes::Bytes;
use http::Method;
use proofup_domain::secret::Secret;
use serde_json::json;
use url::Url;

use crate::message::{CallForm, CallInfo, without_query};

/// A request that somebody else has to send.
///
/// `Debug` shows neither credentials nor body.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackRequest {
    /// The method.
    pub method: Method,
    /// The absolute address.
    pub url: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl std::fmt::Debug for CallbackRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Callback")
            .field("method", &self.method)
            .field("url", &without_query(&self.url))
            .finish_non_exhaustive()
    }
}

/// Chooses the secret that a callback carries (GATE-3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretChoice {
    /// The one that came with the call.
    Right,
    /// One that is wrong.
    Wrong(Secret),
    /// None at all.
    None,
    /// Another one that exists, such as a session's token.
    Other(Secret),
}

/// Answers a call and presses a key.
#[must_use]
pub fn press_key(call: &CallInfo, key: &str, secret: &SecretChoice) -> CallbackRequest {
    match call.form {
        CallForm::Json => posted_json(&call.digits_url, &json!({ "digits": key }), call, secret),
        CallForm::Calls => posted_form(
            &call.digits_url,
            call,
            secret,
            &[("Digits", key), ("CallStatus", "in-progress")],
        ),
    }
}

/// Answers a call and hangs up: it is completed, and no key was pressed.
#[must_use]
pub fn hang_up(call: &CallInfo, secret: &SecretChoice) -> CallbackRequest {
    ended(call, "completed", secret)
}

/// Lets a call ring until the provider gives up.
#[must_use]
pub fn let_ring(call: &CallInfo, secret: &SecretChoice) -> CallbackRequest {
    ended(call, "no-answer", secret)
}

fn ended(call: &CallInfo, status: &str, secret: &SecretChoice) -> CallbackRequest {
    match call.form {
        CallForm::Json => posted_json(&call.status_url, &json!({ "status": status }), call, secret),
        CallForm::Calls => posted_form(&call.status_url, call, secret, &[("CallStatus", status)]),
    }
}

fn posted_json(
    url: &str,
    body: &serde_json::Value,
    call: &CallInfo,
    secret: &SecretChoice,
) -> CallbackRequest {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let chosen = match secret {
        SecretChoice::Right => call.secret.as_ref(),
        SecretChoice::Wrong(secret) | SecretChoice::Other(secret) => Some(secret),
        SecretChoice::None => None,
    };
    if let Some(chosen) = chosen {
        let value = format!("Bearer {}", chosen.expose());
        headers.push(("authorization".to_owned(), value));
    }
    CallbackRequest {
        method: Method::POST,
        url: url.to_owned(),
        headers,
        body: Bytes::from(body.to_string()),
    }
}

/// Posts what a 2010-04-01 provider posts: the call's own fields, then what happened.
fn posted_form(
    url: &str,
    call: &CallInfo,
    secret: &SecretChoice,
    happened: &[(&str, &str)],
) -> CallbackRequest {
    let mut fields = vec![
        ("CallSid", call.call_id.as_str()),
        ("ApiVersion", "2010-04-01"),
        ("Direction", "outbound-api"),
        ("To", call.to.as_str()),
        ("From", call.from.as_deref().unwrap_or_default()),
    ];
    fields.extend_from_slice(happened);
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    CallbackRequest {
        method: Method::POST,
        url: with_secret(url, secret),
        headers: vec![(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded; charset=UTF-8".to_owned(),
        )],
        body: Bytes::from(body),
    }
}

/// Replaces or removes the secret in a query; the right one stays where the implementation put it.
fn with_secret(url: &str, secret: &SecretChoice) -> String {
    let chosen = match secret {
        SecretChoice::Right => return url.to_owned(),
        SecretChoice::Wrong(secret) | SecretChoice::Other(secret) => Some(secret),
        SecretChoice::None => None,
    };
    let Ok(mut parsed) = Url::parse(url) else {
        return url.to_owned();
    };
    let others: Vec<(String, String)> = parsed
        .query_pairs()
        .filter(|(name, _)| name != "secret")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    parsed.set_query(None);
    if !others.is_empty() || chosen.is_some() {
        let mut query = parsed.query_pairs_mut();
        query.extend_pairs(others);
        if let Some(chosen) = chosen {
            query.append_pair("secret", chosen.expose());
        }
    }
    parsed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(form: CallForm) -> CallInfo {
        CallInfo {
            call_id: "c1".to_owned(),
            digits_url: "http://target.invalid/v1/calls/c1/digits?secret=s%2B1&x=1".to_owned(),
            status_url: "http://target.invalid/v1/calls/c1/status".to_owned(),
            secret: Some(Secret::new("s+1")),
            form,
            to: "+31612345678".to_owned(),
            from: Some("+15550100".to_owned()),
        }
    }

    fn bearer(callback: &CallbackRequest) -> Option<&str> {
        callback
            .headers
            .iter()
            .find(|(name, _)| name == "authorization")
            .map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_key_in_the_json_form_carries_the_secret_as_bearer() {
        let call = call(CallForm::Json);
        let pressed = press_key(&call, "#", &SecretChoice::Right);
        assert_eq!(pressed.body, r##"{"digits":"#"}"##);
        assert_eq!(pressed.url, call.digits_url);
        assert_eq!(bearer(&pressed), Some("Bearer s+1"));
        let wrong = SecretChoice::Wrong(Secret::new("no"));
        assert_eq!(bearer(&press_key(&call, "#", &wrong)), Some("Bearer no"));
        assert_eq!(bearer(&press_key(&call, "#", &SecretChoice::None)), None);
    }

    #[test]
    fn a_key_in_the_calls_form_carries_the_secret_in_the_query() {
        let call = call(CallForm::Calls);
        let pressed = press_key(&call, "#", &SecretChoice::Right);
        assert_eq!(pressed.url, call.digits_url);
        let body = std::str::from_utf8(&pressed.body).unwrap();
        assert!(body.starts_with("CallSid=c1&"), "{body}");
        assert!(
            body.contains("To=%2B31612345678&From=%2B15550100&Digits=%23"),
            "{body}"
        );
        let other = SecretChoice::Other(Secret::new("t k"));
        assert_eq!(
            press_key(&call, "#", &other).url,
            "http://target.invalid/v1/calls/c1/digits?x=1&secret=t+k"
        );
        assert_eq!(
            press_key(&call, "#", &SecretChoice::None).url,
            "http://target.invalid/v1/calls/c1/digits?x=1"
        );
    }

    #[test]
    fn the_end_of_a_call_is_told_to_the_status_address() {
        let json = hang_up(&call(CallForm::Json), &SecretChoice::Right);
        assert_eq!(json.body, r#"{"status":"completed"}"#);
        let form = let_ring(&call(CallForm::Calls), &SecretChoice::Right);
        assert_eq!(form.url, "http://target.invalid/v1/calls/c1/status");
        assert!(form.body.ends_with(b"&CallStatus=no-answer"));
    }

    #[test]
    fn debug_shows_no_secret() {
        for form in [CallForm::Json, CallForm::Calls] {
            let shown = format!("{:?}", press_key(&call(form), "#", &SecretChoice::Right));
            assert!(
                !shown.contains("s+1") && !shown.contains("s%2B1"),
                "{shown}"
            );
        }
    }
}
