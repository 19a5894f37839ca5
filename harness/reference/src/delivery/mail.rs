//! Mail over SMTP (RFC 5321), one connection for each mail.

use lettre::address::Envelope;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::{ClientId, Extension};
use lettre::{Address, Message};
use tokio::net::TcpStream;

use super::config::SmtpAddress;
use super::connections::{Carried, Carrier, carried};
use super::requests::OWN_ADDRESS;
use super::wording::Letter;
use super::{DeliveryResult, GatewayFailure};
use crate::address::EmailAddress;

/// Sends a letter to exactly one address.
///
/// `standing` is success once the server has taken the mail: a goodbye that is never answered does not undo it.
async fn send(
    server: &SmtpAddress,
    to: &EmailAddress,
    letter: &Letter,
    standing: &mut DeliveryResult,
) -> DeliveryResult {
    let refused = |_| GatewayFailure::Refused;
    let stream = TcpStream::connect(server.socket())
        .await
        .map_err(|_| GatewayFailure::Refused)?;
    // The end of a mail is a segment of its own; it must not wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    // A fixed name saves looking one up; nobody checks it on loopback.
    let name = ClientId::Domain("localhost".to_owned());
    let mut connection = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &name)
        .await
        .map_err(refused)?;
    let any_script = connection
        .server_info()
        .supports_feature(Extension::SmtpUtfEight);
    let recipient = recipient(to, any_script).ok_or(GatewayFailure::Refused)?;
    let message = compose(&recipient, letter).ok_or(GatewayFailure::Refused)?;
    let mail = message.formatted();
    connection
        .send(message.envelope(), &mail)
        .await
        .map_err(refused)?;
    *standing = Ok(());
    let _ = connection.quit().await;
    Ok(())
}

/// Sends a letter to exactly one address, by a carrier where there is one.
pub(super) async fn post(
    carrier: Option<&Carrier>,
    server: &SmtpAddress,
    to: &EmailAddress,
    letter: &Letter,
    standing: &mut DeliveryResult,
) -> DeliveryResult {
    let Some(carrier) = carrier else {
        return send(server, to, letter, standing).await;
    };
    *standing = carry(carrier, server, to, letter);
    *standing
}

/// Hands a letter to exactly one address to a carrier, which takes every script.
fn carry(
    carrier: &Carrier,
    server: &SmtpAddress,
    to: &EmailAddress,
    letter: &Letter,
) -> DeliveryResult {
    let recipient = recipient(to, true).ok_or(GatewayFailure::Refused)?;
    let message = compose(&recipient, letter).ok_or(GatewayFailure::Refused)?;
    let (_, port) = server.socket();
    carried(carrier(Carried::Mail {
        port,
        recipient: recipient.as_ref(),
        mail: &message.formatted(),
    }))
}

/// Chooses the spelling that the server can take: as typed, or with the domain in A-labels, which is the same mailbox.
fn recipient(to: &EmailAddress, any_script: bool) -> Option<Address> {
    // Our own parser has checked more than lettre's would, which knows neither spaces in quotes nor every script.
    if any_script || to.as_str().is_ascii() {
        Some(Address::new_dangerous(to.local_part(), to.domain()))
    } else if to.local_part().is_ascii() {
        Some(Address::new_dangerous(to.local_part(), to.ascii_domain()))
    } else {
        None
    }
}

/// Writes the mail: two alternatives, encoded as their text needs. None if lettre cannot.
fn compose(recipient: &Address, letter: &Letter) -> Option<Message> {
    let own: Address = OWN_ADDRESS.parse().ok()?;
    let envelope = Envelope::new(Some(own.clone()), vec![recipient.clone()]).ok()?;
    Message::builder()
        .from(Mailbox::new(Some(letter.sender.clone()), own))
        .to(Mailbox::new(None, recipient.clone()))
        .subject(letter.subject.clone())
        .message_id(None)
        .envelope(envelope)
        .multipart(MultiPart::alternative_plain_html(
            letter.text.clone(),
            letter.html.clone(),
        ))
        .ok()
}

#[cfg(test)]
mod tests {
    use proofup_domain::secret::Secret;

    use super::super::wording::letter;
    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).expect("the address is valid")
    }

    #[test]
    fn a_mail_can_be_written_for_every_name_and_address() {
        for name in [
            "Contoso",
            "Contoso, Ltd. (\"the Company\") <x@example.org>",
            "日本電子株式会社",
            "Ünïcödé & Söhne",
            "👋🏽 Hello",
            "back\\slash",
            "a@b",
            "\r\n.\r\nQUIT",
            "",
            "=?utf-8?q?x?=",
            &"long name ".repeat(100),
            &"x".repeat(2000),
            &"é".repeat(2000),
        ] {
            for to in ["alice@example.org", "\"a b\"@example.org", "用户@例子.广告"] {
                let recipient = recipient(&address(to), true).expect("every script is taken");
                let message = compose(&recipient, &letter(name, &Secret::new("123456")));
                let message = message.unwrap_or_else(|| panic!("{name:?} to {to}"));
                assert_eq!(message.envelope().to(), [recipient]);
                let lines = String::from_utf8(message.formatted()).expect("the mail is UTF-8");
                let longest = lines.split("\r\n").map(str::len).max();
                assert!(longest <= Some(998), "{name:?}: {longest:?}");
                assert!(!lines.split("\r\n").any(|line| line.contains(['\r', '\n'])));
            }
        }
    }

    #[test]
    fn without_smtputf8_only_a_domain_is_respelled() {
        let spelled = |text, any| recipient(&address(text), any).map(|to| to.to_string());
        assert_eq!(
            spelled("a@Bücher.example", true).as_deref(),
            Some("a@Bücher.example")
        );
        assert_eq!(
            spelled("A@Bücher.example", false).as_deref(),
            Some("A@xn--bcher-kva.example")
        );
        assert_eq!(
            spelled("A@Example.org", false).as_deref(),
            Some("A@Example.org")
        );
        assert_eq!(spelled("ü@example.org", false), None);
    }
}
