//! Mail over SMTP: the envelope, the mail, and what becomes of it when the server misbehaves.

use mail_parser::{MessageParser, MimeHeaders as _};
use proofup_reference::delivery::{Courier, GatewayFailure};
use serde_json::json;

use super::mail_server::{MailServer, OBLIGING, Script};
use super::{AMPLE_MS, SHORT_MS, config, mail};

async fn outcome(
    script: Script,
    to: &str,
    organisation: &str,
    timeout_ms: u32,
) -> (Result<(), GatewayFailure>, MailServer) {
    let server = MailServer::start(script).await;
    let gateways = json!({ "email": { "smtp": server.address } });
    let message = mail(to, organisation);
    let result = Courier::new(1)
        .deliver(&config(gateways, timeout_ms), message)
        .await;
    (result, server)
}

#[tokio::test]
async fn the_mail_names_the_organisation_and_tells_the_code_in_both_parts() {
    for organisation in [
        "Contoso",
        "Fabrikam, Inc. (\"Ltd\")",
        "日本電子株式会社",
        "Bäcker & Söhne GmbH – Zweigstelle Österreich, Abteilung Informationstechnik",
        "<b>Bold</b>",
    ] {
        let (result, server) = outcome(OBLIGING, "alice@example.org", organisation, AMPLE_MS).await;
        assert_eq!(result, Ok(()), "{organisation}");
        let bytes = server.mail();
        let mail = MessageParser::default()
            .parse(&bytes)
            .expect("the mail is MIME");
        let from = mail
            .from()
            .and_then(|from| from.first())
            .expect("there is a sender");
        let name = format!("proofup on behalf of {organisation}");
        assert_eq!(from.name(), Some(name.as_str()));
        assert_eq!(from.address(), Some("no-reply@proofup.example"));
        let to = mail
            .to()
            .and_then(|to| to.first())
            .expect("there is a recipient");
        assert_eq!(to.address(), Some("alice@example.org"));
        assert!(
            mail.subject()
                .is_some_and(|subject| subject.contains(organisation))
        );
        assert!(mail.date().is_some() && mail.message_id().is_some());
        let content_type = mail.content_type().expect("there is a type");
        assert_eq!(content_type.c_type, "multipart");
        assert_eq!(content_type.subtype(), Some("alternative"));
        let text = mail.body_text(0).expect("there is a text part");
        assert!(
            text.contains("042137") && text.contains(organisation),
            "{text}"
        );
        let html = mail.body_html(0).expect("there is an HTML part");
        assert!(html.contains("<strong>042137</strong>"), "{html}");
        assert!(!html.contains("<b>Bold"), "{html}");
    }
}

#[tokio::test]
async fn the_envelope_has_exactly_the_address_typed() {
    for to in [
        "Alice.Example+Tag@Example.ORG",
        "\"alice example\"@example.org",
        "alice@[192.0.2.1]",
        "用户@例子.广告",
        "Jürgen@Bücher.example",
    ] {
        let (result, server) = outcome(OBLIGING, to, "Contoso", AMPLE_MS).await;
        assert_eq!(result, Ok(()), "{to}");
        let commands = server.log().commands;
        let recipients: Vec<_> = commands
            .iter()
            .filter(|line| line.starts_with("RCPT"))
            .collect();
        assert_eq!(recipients, [&format!("RCPT TO:<{to}>")]);
        let sender = commands.iter().find(|line| line.starts_with("MAIL"));
        let sender = sender.map(String::as_str).unwrap_or_default();
        assert!(
            sender.starts_with("MAIL FROM:<no-reply@proofup.example>"),
            "{sender}"
        );
        assert_eq!(sender.contains("SMTPUTF8"), !to.is_ascii(), "{sender}");
    }
}

#[tokio::test]
async fn a_server_of_ascii_gets_a_labels_or_nothing() {
    let plain = Script::default();
    let (result, server) = outcome(plain, "Alice@Bücher.example", "Contoso", AMPLE_MS).await;
    assert_eq!(result, Ok(()));
    let commands = server.log().commands;
    assert!(commands.contains(&"RCPT TO:<Alice@xn--bcher-kva.example>".to_owned()));
    assert!(server.mail().is_ascii());
    let (result, server) = outcome(plain, "用户@例子.广告", "Contoso", AMPLE_MS).await;
    assert_eq!(result, Err(GatewayFailure::Refused));
    assert!(server.log().mails.is_empty());
    let (result, server) = outcome(plain, "alice@example.org", "日本電子", AMPLE_MS).await;
    assert_eq!(result, Ok(()));
    assert!(server.mail().is_ascii());
}

#[tokio::test]
async fn a_server_that_says_no_is_a_refusal() {
    for (verb, line) in [
        ("GREETING", "554 no service"),
        ("EHLO", "502 what"),
        ("MAIL", "451 later"),
        ("RCPT", "550 no such user"),
        ("DATA", "554 no"),
        (".", "552 too much"),
        ("RCPT", "not smtp"),
    ] {
        let script = Script {
            answer: Some((verb, line)),
            ..OBLIGING
        };
        let (result, _server) = outcome(script, "alice@example.org", "Contoso", AMPLE_MS).await;
        assert_eq!(result, Err(GatewayFailure::Refused), "{verb}: {line}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    for verb in ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let script = Script {
            hang: Some(verb),
            ..OBLIGING
        };
        let (result, _server) = outcome(script, "alice@example.org", "Contoso", SHORT_MS).await;
        assert_eq!(result, Err(GatewayFailure::TimedOut), "{verb}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_is_a_refusal() {
    for verb in ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let script = Script {
            close: Some(verb),
            ..OBLIGING
        };
        let (result, _server) = outcome(script, "alice@example.org", "Contoso", AMPLE_MS).await;
        assert_eq!(result, Err(GatewayFailure::Refused), "{verb}");
    }
}

#[tokio::test]
async fn a_mail_that_was_taken_stays_taken_without_a_goodbye() {
    for script in [
        Script {
            hang: Some("QUIT"),
            ..OBLIGING
        },
        Script {
            close: Some("QUIT"),
            ..OBLIGING
        },
    ] {
        let (result, server) = outcome(script, "alice@example.org", "Contoso", SHORT_MS).await;
        assert_eq!(result, Ok(()));
        assert_eq!(server.log().mails.len(), 1);
    }
}
