//! The requests that HTTP gateways get, one function for each shape.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proofup_domain::secret::Secret;
use serde_json::{Value, json};

use super::wording::{Letter, Notice, escape, one_line};
use crate::address::EmailAddress;
use crate::phone::PhoneNumber;

/// A POST request without the gateway's address.
pub(super) struct GatewayRequest {
    /// What follows the address's own path.
    pub(super) path: String,
    pub(super) content_type: &'static str,
    pub(super) authorization: Option<String>,
    pub(super) body: Vec<u8>,
}

/// What a voice gateway needs to call back.
pub(super) struct Callbacks<'a> {
    pub(super) base: &'a str,
    pub(super) call_id: &'a str,
    pub(super) secret: &'a Secret,
}

/// What a notification is addressed by and answered with.
pub(super) struct PushIds<'a> {
    pub(super) token: &'a Secret,
    pub(super) notification_id: &'a str,
    pub(super) device_id: &'a str,
}

/// The account, the number and the key that the providers' shapes want; the mocks take any.
const ACCOUNT: &str = "AC00000000000000000000000000000000";
const OWN_NUMBER: &str = "+12015550123";
const KEY: &str = "proofup";
const PROJECT: &str = "proofup";

/// The sender of mail; nothing is received there.
pub(super) const OWN_ADDRESS: &str = "no-reply@proofup.example";

/// Writes a text in plain JSON.
pub(super) fn sms_json(to: &PhoneNumber, organisation: &str, text: &str) -> GatewayRequest {
    plain_json(&json!({ "to": to.e164(), "from": one_line(organisation), "text": text }))
}

/// Writes a text in the `Messages.json` form of the 2010-04-01 API.
pub(super) fn messages(to: &PhoneNumber, text: &str) -> GatewayRequest {
    form(
        "Messages.json",
        &[("To", to.e164()), ("From", OWN_NUMBER), ("Body", text)],
    )
}

/// Writes a call in plain JSON.
pub(super) fn voice_json(
    to: &PhoneNumber,
    text: &str,
    callbacks: &Callbacks<'_>,
) -> GatewayRequest {
    plain_json(&json!({
        "callId": callbacks.call_id,
        "to": to.e164(),
        "text": text,
        "digitsUrl": callbacks.url("digits"),
        "statusUrl": callbacks.url("status"),
        "secret": callbacks.secret.expose(),
    }))
}

/// Writes a call in the `Calls.json` form of the 2010-04-01 API; the secret travels in the callback addresses.
pub(super) fn calls(to: &PhoneNumber, text: &str, callbacks: &Callbacks<'_>) -> GatewayRequest {
    let (say, action) = (escape(text), escape(&callbacks.url_with_secret("digits")));
    let twiml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>\
         <Gather numDigits=\"1\" finishOnKey=\"\" method=\"POST\" action=\"{action}\">\
         <Say>{say}</Say></Gather></Response>"
    );
    form(
        "Calls.json",
        &[
            ("To", to.e164()),
            ("From", OWN_NUMBER),
            ("Twiml", &twiml),
            ("StatusCallback", &callbacks.url_with_secret("status")),
            ("StatusCallbackMethod", "POST"),
        ],
    )
}

/// Writes a mail in the `v3/mail/send` form.
pub(super) fn mail_send(to: &EmailAddress, letter: &Letter) -> GatewayRequest {
    let body = json!({
        "personalizations": [{ "to": [{ "email": to.as_str() }] }],
        "from": { "email": OWN_ADDRESS, "name": letter.sender },
        "subject": letter.subject,
        "content": [
            { "type": "text/plain", "value": letter.text },
            { "type": "text/html", "value": letter.html },
        ],
    });
    bearer_json("/v3/mail/send".to_owned(), &body)
}

/// Writes a notification in plain JSON.
pub(super) fn push_json(ids: &PushIds<'_>, notice: &Notice) -> GatewayRequest {
    plain_json(&json!({
        "token": ids.token.expose(),
        "notificationId": ids.notification_id,
        "deviceId": ids.device_id,
        "title": notice.title,
        "body": notice.body,
    }))
}

/// Writes a notification in the `messages:send` v1 form.
pub(super) fn messages_send(ids: &PushIds<'_>, notice: &Notice) -> GatewayRequest {
    let body = json!({
        "message": {
            "token": ids.token.expose(),
            "notification": { "title": notice.title, "body": notice.body },
            "data": { "notificationId": ids.notification_id, "deviceId": ids.device_id },
        },
    });
    bearer_json(format!("/v1/projects/{PROJECT}/messages:send"), &body)
}

impl Callbacks<'_> {
    fn url(&self, event: &str) -> String {
        let base = self.base.trim_end_matches('/');
        format!("{base}/v1/calls/{}/{event}", self.call_id)
    }

    fn url_with_secret(&self, event: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("secret", self.secret.expose())
            .finish();
        format!("{}?{query}", self.url(event))
    }
}

fn plain_json(body: &Value) -> GatewayRequest {
    GatewayRequest {
        path: String::new(),
        content_type: "application/json",
        authorization: None,
        body: body.to_string().into_bytes(),
    }
}

fn bearer_json(path: String, body: &Value) -> GatewayRequest {
    GatewayRequest {
        path,
        authorization: Some(format!("Bearer {KEY}")),
        ..plain_json(body)
    }
}

fn form(resource: &str, fields: &[(&str, &str)]) -> GatewayRequest {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    GatewayRequest {
        path: format!("/2010-04-01/Accounts/{ACCOUNT}/{resource}"),
        content_type: "application/x-www-form-urlencoded",
        authorization: Some(format!(
            "Basic {}",
            STANDARD.encode(format!("{ACCOUNT}:{KEY}"))
        )),
        body: body.into_bytes(),
    }
}
