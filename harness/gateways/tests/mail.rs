//! Mail by real SMTP: encodings, envelopes, extensions, behaviours.

use std::net::SocketAddr;
use std::time::Duration;

use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use proofup_domain::command::GatewayBehaviour;
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_gateways::host::Gateways;
use proofup_gateways::message::{Cursor, default_code_pattern};
use proofup_gateways::store::MessageFate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::PATIENCE;
use crate::forms::started;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

fn port(gateways: &Gateways) -> u16 {
    let address = gateways.smtp_address().parse::<SocketAddr>();
    address.expect("the address is host and port").port()
}

fn transport(gateways: &Gateways) -> Transport {
    Transport::builder_dangerous("127.0.0.1")
        .port(port(gateways))
        .timeout(Some(PATIENCE))
        .build()
}

const PLAIN: &str = "Código é 482913. Não responda: esta linha é muito comprida, e a codificação há de a dobrar.\r\n.\r\n..fim";
const HTML: &str = "<html><body><p>Código: <b>482913</b></p></body></html>";

fn part(kind: ContentType, text: &str, encoding: ContentTransferEncoding) -> SinglePart {
    let body = match encoding {
        ContentTransferEncoding::EightBit => {
            Body::dangerous_pre_encoded(text.as_bytes().to_vec(), encoding)
        }
        _ => Body::new_with_encoding(text.to_owned(), encoding).expect("the encoding fits"),
    };
    SinglePart::builder().header(kind).body(body)
}

fn letter(to: &[&str], encoding: ContentTransferEncoding) -> Message {
    let from = Mailbox::new(
        Some("proofup on behalf of Café “Ünïcode” & Co".to_owned()),
        Address::new("no-reply", "proofup.example").expect("the sender is an address"),
    );
    let mut builder = Message::builder()
        .from(from)
        .subject("Código de verificação – 日本");
    for address in to {
        builder = builder.to(address.parse().expect("the recipient is an address"));
    }
    let parts = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, PLAIN, encoding))
        .singlepart(part(ContentType::TEXT_HTML, HTML, encoding));
    builder.multipart(parts).expect("the mail is whole")
}

#[tokio::test]
async fn every_encoding_is_decoded() {
    let gateways = started().await;
    for encoding in [
        ContentTransferEncoding::QuotedPrintable,
        ContentTransferEncoding::Base64,
        ContentTransferEncoding::EightBit,
    ] {
        let before = gateways.inboxes().cursor();
        let mail = letter(&["alice@example.org"], encoding);
        transport(&gateways).send(mail).await.unwrap();
        let inbox = gateways
            .inboxes()
            .since(before, Channel::Email, "alice@example.org");
        assert_eq!(inbox.len(), 1, "{encoding:?}");
        let mail = &inbox[0];
        let code = mail.code(default_code_pattern()).unwrap();
        assert_eq!(code.expose(), "482913");
        assert!(
            mail.text.starts_with("Código é 482913. Não"),
            "{}",
            mail.text
        );
        assert!(mail.text.contains("\n.\r\n..fim"), "{:?}", mail.text);
        assert_eq!(
            mail.subject.as_deref(),
            Some("Código de verificação – 日本")
        );
        assert_eq!(
            mail.from.as_deref(),
            Some("proofup on behalf of Café “Ünïcode” & Co <no-reply@proofup.example>")
        );
        assert!(mail.names("Café “Ünïcode” & Co"));
        assert!(mail.headers["content-type"].contains("multipart/alternative"));
    }
    gateways.stop().await;
}

#[tokio::test]
async fn html_alone_is_stripped() {
    let gateways = started().await;
    let mail = Message::builder()
        .from("a@proofup.example".parse().unwrap())
        .to("alice@example.org".parse().unwrap())
        .header(ContentType::TEXT_HTML)
        .body("<style>p{}</style><p>Code:&nbsp;<b>482913</b></p>".to_owned())
        .unwrap();
    transport(&gateways).send(mail).await.unwrap();
    let inbox = gateways
        .inboxes()
        .since(Cursor::default(), Channel::Email, "alice@example.org");
    assert!(!inbox[0].text.contains('<'), "{}", inbox[0].text);
    assert!(inbox[0].code(default_code_pattern()).is_some());
    gateways.stop().await;
}

#[tokio::test]
async fn beside_an_empty_text_the_html_is_read() {
    let gateways = started().await;
    let parts = MultiPart::alternative()
        .singlepart(part(
            ContentType::TEXT_PLAIN,
            "\n",
            ContentTransferEncoding::SevenBit,
        ))
        .singlepart(part(
            ContentType::TEXT_HTML,
            "<p>Code: <b>482913</b></p>",
            ContentTransferEncoding::SevenBit,
        ));
    let mail = Message::builder()
        .from("a@proofup.example".parse().unwrap())
        .to("alice@example.org".parse().unwrap())
        .multipart(parts)
        .unwrap();
    transport(&gateways).send(mail).await.unwrap();
    let inbox = gateways
        .inboxes()
        .since(Cursor::default(), Channel::Email, "alice@example.org");
    let code = inbox[0].code(default_code_pattern());
    assert_eq!(code.as_ref().map(Secret::expose), Some("482913"));
    gateways.stop().await;
}

#[tokio::test]
async fn who_greets_and_leaves_without_a_mail_is_told_of() {
    let gateways = started().await;
    for (lines, count) in [
        ("EHLO x\r\nQUIT\r\n", 1),
        ("EHLO x\r\nMAIL FROM:<a@example.org>\r\nQUIT\r\n", 1),
        ("QUIT\r\n", 1),
    ] {
        said(&gateways, lines).await;
        let rejected = gateways.inboxes().rejected();
        assert_eq!(rejected.len(), count, "{lines}");
        assert!(rejected[0].reason.contains("STARTTLS"), "{rejected:?}");
    }
    gateways.stop().await;
}

#[tokio::test]
async fn every_recipient_of_the_envelope_gets_a_message() {
    let gateways = started().await;
    let to = [
        "alice@example.org",
        "Bob.B@Example.NET",
        "müller@bücher.example",
    ];
    let mail = letter(&to, ContentTransferEncoding::Base64);
    let credentials = Credentials::new("anybody".to_owned(), "anything".to_owned());
    for mechanism in [Mechanism::Plain, Mechanism::Login] {
        let transport = Transport::builder_dangerous("127.0.0.1")
            .port(port(&gateways))
            .credentials(credentials.clone())
            .authentication(vec![mechanism])
            .build();
        transport.send(mail.clone()).await.unwrap();
    }
    for address in [
        "alice@example.org",
        "bob.b@example.net",
        "müller@xn--bcher-kva.example",
    ] {
        let inbox = gateways
            .inboxes()
            .since(Cursor::default(), Channel::Email, address);
        assert_eq!(inbox.len(), 2, "{address}");
    }
    assert_eq!(
        gateways.inboxes().all()[1].message.destination,
        "Bob.B@Example.NET"
    );
    gateways.stop().await;
}

#[tokio::test]
async fn smtp_refuses_as_it_is_told_and_a_retry_works() {
    let gateways = started().await;
    let providers = gateways.providers();
    let mail = || letter(&["alice@example.org"], ContentTransferEncoding::Base64);
    for behaviour in [
        GatewayBehaviour::Answer4xx,
        GatewayBehaviour::Answer5xx,
        GatewayBehaviour::Reset,
        GatewayBehaviour::Dead,
    ] {
        providers.set_behaviour(Channel::Email, None, behaviour);
        let error = transport(&gateways).send(mail()).await.unwrap_err();
        assert_eq!(
            error.is_permanent(),
            behaviour == GatewayBehaviour::Answer4xx
        );
        assert_eq!(
            error.is_transient(),
            behaviour == GatewayBehaviour::Answer5xx
        );
        providers.set_behaviour(Channel::Email, None, GatewayBehaviour::Deliver);
        transport(&gateways).send(mail()).await.unwrap();
    }
    assert_eq!(gateways.inboxes().all().len(), 4);
    gateways.stop().await;
}

#[tokio::test]
async fn smtp_holds_drops_and_duplicates() {
    let gateways = started().await;
    let inbox = |gateways: &Gateways| {
        gateways
            .inboxes()
            .since(Cursor::default(), Channel::Email, "alice@example.org")
            .len()
    };
    for (behaviour, fate, seen) in [
        (GatewayBehaviour::Hold, MessageFate::Held, 0),
        (GatewayBehaviour::Drop, MessageFate::Dropped, 0),
        (GatewayBehaviour::Duplicate, MessageFate::Delivered, 2),
    ] {
        let to_alice = Some("Alice@example.org");
        gateways
            .providers()
            .set_behaviour(Channel::Email, to_alice, behaviour);
        let mail = letter(&["alice@example.org"], ContentTransferEncoding::Base64);
        transport(&gateways).send(mail).await.unwrap();
        assert_eq!(gateways.inboxes().all().last().unwrap().fate, fate);
        assert_eq!(inbox(&gateways), seen);
    }
    assert_eq!(gateways.providers().release(Channel::Email, false), 1);
    assert_eq!(inbox(&gateways), 3);
    gateways.stop().await;
}

#[tokio::test]
async fn a_hanging_smtp_server_neither_greets_nor_holds_up_the_stop() {
    let gateways = started().await;
    let mut open = TcpStream::connect(gateways.smtp_address()).await.unwrap();
    let mut buffer = [0; 512];
    assert!(open.read(&mut buffer).await.unwrap() > 0);
    gateways
        .providers()
        .set_behaviour(Channel::Email, None, GatewayBehaviour::Hang);
    let mut fresh = TcpStream::connect(gateways.smtp_address()).await.unwrap();
    open.write_all(b"EHLO me\r\n").await.unwrap();
    for stream in [&mut open, &mut fresh] {
        let silence = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut buffer));
        assert!(silence.await.is_err());
    }
    tokio::time::timeout(PATIENCE, gateways.stop())
        .await
        .expect("stopping waits for nobody");
}

/// Sends lines in one go (PIPELINING) and returns all replies until the server closes.
async fn said(gateways: &Gateways, lines: &str) -> String {
    let conversation = async {
        let mut stream = TcpStream::connect(gateways.smtp_address()).await?;
        stream.write_all(lines.as_bytes()).await?;
        let mut replies = String::new();
        stream.read_to_string(&mut replies).await?;
        std::io::Result::Ok(replies)
    };
    tokio::time::timeout(PATIENCE, conversation)
        .await
        .expect("the server says goodbye")
        .expect("the connection holds")
}

fn statuses(replies: &str) -> Vec<&str> {
    let last = replies
        .lines()
        .filter(|line| line.as_bytes().get(3) != Some(&b'-'));
    last.map(|line| &line[..3]).collect()
}

#[tokio::test]
async fn a_pipelined_dialogue_is_answered_in_order() {
    let gateways = started().await;
    let replies = said(
        &gateways,
        "EHLO me\r\nMAIL FROM:<a@b.example> BODY=8BITMIME SIZE=10\r\nRCPT TO:<alice@example.org>\r\n\
         RCPT TO:<nobody>\r\nDATA\r\nSubject: hi\r\n\r\ncode 482913\r\n..dot\r\n.\r\nNOOP\r\nRSET\r\nQUIT\r\n",
    )
    .await;
    assert!(replies.contains("SMTPUTF8") && replies.contains("AUTH PLAIN LOGIN"));
    let order = statuses(&replies);
    assert_eq!(order[..3], ["220", "250", "250"]);
    assert_eq!(order[order.len() - 4..], ["250", "250", "250", "221"]);
    let inbox = gateways
        .inboxes()
        .since(Cursor::default(), Channel::Email, "alice@example.org");
    assert_eq!(inbox[0].text, "code 482913\r\n.dot\r\n");
    gateways.stop().await;
}

#[tokio::test]
async fn a_dialogue_that_comes_byte_by_byte_is_understood() {
    let gateways = started().await;
    let lines = "EHLO me\r\nAUTH PLAIN\r\nAGEAYg==\r\nMAIL FROM:<a@b.example>\r\n\
                 RCPT TO:<alice@example.org>\r\nDATA\r\nSubject: hi\r\n\r\n.482913\r\n.\r\nQUIT\r\n";
    let mut stream = TcpStream::connect(gateways.smtp_address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in lines.bytes() {
        stream.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut replies = String::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut replies));
    read.await.expect("the server says goodbye").unwrap();
    assert_eq!(
        statuses(&replies),
        [
            "220", "250", "334", "235", "250", "250", "354", "250", "221"
        ]
    );
    assert_eq!(gateways.inboxes().all()[0].message.text, "482913\r\n");
    gateways.stop().await;
}

#[tokio::test]
async fn what_smtp_does_not_allow_is_refused_and_kept() {
    let gateways = started().await;
    for (lines, expected) in [
        ("MAIL FROM:<a@b.example>\r\n", vec!["503"]),
        ("EHLO me\r\nRCPT TO:<a@b.example>\r\n", vec!["250", "503"]),
        (
            "EHLO me\r\nMAIL FROM:<a@b.example>\r\nDATA\r\n",
            vec!["250", "250", "503"],
        ),
        (
            "EHLO me\r\nMAIL FROM:<a@b.example> SIZE=99999999\r\n",
            vec!["250", "552"],
        ),
        (
            "EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<mü@b.example>\r\n",
            vec!["250", "250", "553"],
        ),
        ("EHLO me\r\nAUTH CRAM-MD5\r\n", vec!["250", "504"]),
        ("EHLO me\r\nAUTH LOGIN\r\n*\r\n", vec!["250", "334", "501"]),
        ("EHLO me\r\nSTARTTLS\r\n", vec!["250", "502"]),
        ("NONSENSE\r\n", vec!["500"]),
    ] {
        let replies = said(&gateways, &format!("{lines}QUIT\r\n")).await;
        let order = statuses(&replies);
        assert_eq!(order[1..order.len() - 1], expected, "{lines}");
    }
    let rejected = gateways.inboxes().rejected();
    assert_eq!(rejected.last().unwrap().reason, "5.5.1 Unknown command");
    assert!(gateways.inboxes().all().is_empty());
    gateways.stop().await;
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_refused_at_its_end() {
    let gateways = started().await;
    let line = format!("{}\r\n", "a".repeat(998));
    let large = line.repeat(2200);
    let replies = said(
        &gateways,
        &format!(
            "EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n{large}.\r\nQUIT\r\n"
        ),
    )
    .await;
    assert_eq!(
        statuses(&replies),
        ["220", "250", "250", "250", "354", "552", "221"]
    );
    assert!(gateways.inboxes().all().is_empty());
    gateways.stop().await;
}
