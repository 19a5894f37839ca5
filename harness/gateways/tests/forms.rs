//! Each form of each HTTP provider, byte for byte.

use std::path::Path;

use jiff::Timestamp;
use proofup_domain::clock::Clock;
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_gateways::host::Gateways;
use proofup_gateways::message::{Cursor, VoiceForm, default_code_pattern};
use serde::Deserialize;
use serde_json::Value;

use crate::client::{BASIC, FORM, JSON, Reply, post, send};

pub(crate) fn clock() -> Clock {
    let start = "2026-01-15T09:00:00Z".parse::<Timestamp>();
    Clock::fixed(start.expect("the text is a time"))
}

pub(crate) async fn started() -> Gateways {
    Gateways::start(clock()).await.expect("loopback has ports")
}

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/wire/gateways");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn assert_golden(reply: &Reply, status: u16, name: &str) {
    assert_eq!(reply.status, status, "{}", reply.body);
    let expected: Value = serde_json::from_slice(&golden(name)).expect("a fixture is JSON");
    assert_eq!(reply.json(), expected);
}

const ACCOUNT: &str = "2010-04-01/Accounts/AC00000000000000000000000000000000";
const ALICE: &str = "+31612345678";

#[tokio::test]
async fn a_text_in_plain_json_is_delivered() {
    let gateways = started().await;
    let body = golden("sms-json.request.json");
    let reply = post(&gateways.sms_url(), &[JSON], &body).await.unwrap();
    assert_golden(&reply, 202, "sms-json.response.json");
    let inbox = gateways
        .inboxes()
        .since(Cursor::default(), Channel::Sms, ALICE);
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].text, "482913 is your code.");
    assert_eq!(inbox[0].from.as_deref(), Some("Contoso"));
    assert_eq!(inbox[0].raw, body);
    assert_eq!(inbox[0].at, clock().now());
    assert!(inbox[0].destination_is_e164() && inbox[0].names("Contoso"));
    gateways.stop().await;
}

#[tokio::test]
async fn a_text_in_the_messages_form_is_delivered() {
    let gateways = started().await;
    let url = format!("{}/{ACCOUNT}/Messages.json", gateways.sms_url());
    let body = golden("sms-messages.request.form");
    let reply = post(&url, &[FORM, BASIC], &body).await.unwrap();
    assert_golden(&reply, 201, "sms-messages.response.json");
    let inbox = gateways
        .inboxes()
        .since(Cursor::default(), Channel::Sms, ALICE);
    assert_eq!(inbox[0].text, "482913 is your code for Café & Co.");
    let code = inbox[0].code(default_code_pattern());
    assert_eq!(code, Some(Secret::new("482913")));
    assert!(!inbox[0].headers.contains_key("authorization"));
    gateways.stop().await;
}

#[tokio::test]
async fn a_call_in_plain_json_tells_how_to_answer() {
    let gateways = started().await;
    let body = golden("voice-json.request.json");
    let reply = post(&gateways.voice_url(), &[JSON], &body).await.unwrap();
    assert_golden(&reply, 202, "voice-json.response.json");
    let inbox = gateways
        .inboxes()
        .since(Cursor::default(), Channel::Voice, ALICE);
    assert!(inbox[0].asks_for_pound());
    let call = inbox[0].call.as_ref().unwrap();
    assert_eq!(call.call_id, "call-1");
    assert_eq!(call.secret, Some(Secret::new("s3cret")));
    assert_eq!(call.form, VoiceForm::Json);
    gateways.stop().await;
}

#[tokio::test]
async fn a_call_in_the_calls_form_tells_how_to_answer() {
    let gateways = started().await;
    let url = format!("{}/{ACCOUNT}/Calls.json", gateways.voice_url());
    let body = golden("voice-calls.request.form");
    let reply = post(&url, &[FORM, BASIC], &body).await.unwrap();
    assert_golden(&reply, 201, "voice-calls.response.json");
    let inbox = gateways
        .inboxes()
        .since(Cursor::default(), Channel::Voice, ALICE);
    assert_eq!(inbox[0].text, "Café calls. Press # to confirm.");
    let call = inbox[0].call.as_ref().unwrap();
    assert_eq!(
        call.digits_url,
        "http://target.invalid/v1/calls/c/digits?secret=s3cret&n=1"
    );
    assert_eq!(
        call.status_url,
        "http://target.invalid/v1/calls/c/status?secret=s3cret"
    );
    assert_eq!(call.secret, Some(Secret::new("s3cret")));
    assert_eq!(call.form, VoiceForm::Calls);
    gateways.stop().await;
}

#[tokio::test]
async fn a_mail_in_plain_json_is_delivered() {
    let gateways = started().await;
    let url = gateways.mail_url();
    for (body, status) in [
        (
            r#"{"to": "a@example.org", "subject": "Hello", "text": "482913"}"#,
            202,
        ),
        (
            r#"{"to": "a@example.org", "html": "<p>Your code is <b>604517</b>"}"#,
            202,
        ),
        (r#"{"to": "a@example.org", "subject": "Hello"}"#, 400),
        (r#"{"to": "nobody", "text": "482913"}"#, 400),
    ] {
        let reply = post(&url, &[JSON], body.as_bytes()).await.unwrap();
        assert_eq!(reply.status, status, "{body}");
    }
    let inbox = gateways
        .inboxes()
        .since(Cursor::default(), Channel::Email, "a@example.org");
    let texts: Vec<&str> = inbox.iter().map(|mail| mail.text.trim()).collect();
    assert_eq!(texts, ["482913", "Your code is 604517"]);
    assert_eq!(inbox[0].subject.as_deref(), Some("Hello"));
    gateways.stop().await;
}

#[tokio::test]
async fn a_mail_sent_over_http_reaches_every_recipient() {
    let gateways = started().await;
    let url = format!("{}/v3/mail/send", gateways.mail_url());
    let body = golden("mail-send.request.json");
    let reply = post(&url, &[JSON], &body).await.unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (202, ""));
    assert_eq!(reply.headers["x-message-id"], "mail-1");
    for address in ["alice@example.org", "Audit@Example.ORG"] {
        let inbox = gateways
            .inboxes()
            .since(Cursor::default(), Channel::Email, address);
        assert_eq!(inbox.len(), 1, "{address}");
        assert_eq!(inbox[0].text, "482913 is your code.");
        assert_eq!(inbox[0].subject.as_deref(), Some("Your code"));
        assert!(inbox[0].names("on behalf of Contoso"));
    }
    gateways.stop().await;
}

#[tokio::test]
async fn a_notification_in_both_forms_carries_its_ids() {
    let gateways = started().await;
    let send_url = format!("{}/v1/projects/proofup/messages:send", gateways.push_url());
    for (url, form, status) in [
        (send_url, "push-messages-send", 200),
        (gateways.push_url(), "push-json", 202),
    ] {
        let before = gateways.inboxes().cursor();
        let body = golden(&format!("{form}.request.json"));
        let reply = post(&url, &[JSON], &body).await.unwrap();
        assert_golden(&reply, status, &format!("{form}.response.json"));
        let inbox = gateways.inboxes().since(before, Channel::Push, "token-1");
        assert_eq!(inbox[0].subject.as_deref(), Some("Approve sign-in?"));
        assert_eq!(inbox[0].text, "Contoso asks.");
        let push = inbox[0].push.as_ref().unwrap();
        assert_eq!(push.notification_id, "n1");
        assert_eq!(push.device_id.as_deref(), Some("d1"));
    }
    gateways.stop().await;
}

#[tokio::test]
async fn a_library_that_knows_only_a_host_finds_the_providers_path() {
    let gateways = started().await;
    let host = gateways.sms_url().replace("/sms", "");
    let url = format!("{host}/{ACCOUNT}/Messages.json");
    let body = golden("sms-messages.request.form");
    let reply = post(&url, &[FORM, BASIC], &body).await.unwrap();
    assert_eq!(reply.status, 201);
    gateways.stop().await;
}

/// A request that its provider refuses, and how: `fixtures/wire/gateways/refused.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    path: String,
    #[serde(default = "yes")]
    basic: bool,
    body: String,
    status: u16,
    pointer: String,
    says: String,
}

fn yes() -> bool {
    true
}

#[tokio::test]
async fn what_no_provider_understands_is_refused_as_its_provider_would() {
    let gateways = started().await;
    let cases: Vec<Refusal> = serde_json::from_slice(&golden("refused.json")).unwrap();
    for case in &cases {
        let Refusal { path, body, .. } = case;
        let url = format!("{}{path}", gateways.sms_url().replace("/sms", ""));
        let kind = if path.contains("2010") { FORM } else { JSON };
        let headers = if case.basic {
            [kind, BASIC].to_vec()
        } else {
            vec![kind]
        };
        let reply = post(&url, &headers, body.as_bytes()).await.unwrap();
        let told = reply.json().pointer(&case.pointer).unwrap().to_string();
        assert_eq!(reply.status, case.status, "{path} {body}");
        assert!(told.contains(&case.says), "{path} {body}: {told}");
    }
    assert_eq!(gateways.inboxes().rejected().len(), cases.len());
    assert!(gateways.inboxes().all().is_empty());
    gateways.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_kept_with_the_reason() {
    let gateways = started().await;
    let sms = gateways.sms_url();
    let lost = sms.replace("/sms", "/fax");
    let large = vec![b'a'; 1024 * 1024 + 1];
    for (method, url, body, status) in [
        ("POST", &sms, b"{}".as_slice(), 400),
        ("GET", &sms, b"", 405),
        ("POST", &lost, b"{}", 404),
        ("POST", &sms, &large, 413),
    ] {
        let reply = send(method, url, &[JSON], body).await.unwrap();
        assert_eq!(reply.status, status);
        assert_eq!(gateways.inboxes().rejected().last().unwrap().status, status);
    }
    let rejected = gateways.inboxes().rejected();
    assert_eq!(rejected[0].reason, "`to` is missing");
    assert_eq!(rejected[0].request, "POST /sms");
    assert_eq!(rejected[0].channel, Some(Channel::Sms));
    assert_eq!(rejected[0].body, b"{}");
    assert_eq!(rejected[2].channel, None);
    gateways.stop().await;
}
