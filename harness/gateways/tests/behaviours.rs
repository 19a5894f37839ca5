//! Every behaviour of every kind of channel, and what a cursor sees of it.

use std::io;
use std::time::Duration;

use proofup_domain::command::GatewayBehaviour;
use proofup_domain::state::Channel;
use proofup_gateways::host::Gateways;
use proofup_gateways::message::Cursor;
use proofup_gateways::people::mailbox::{Mailbox, newest_code};
use proofup_gateways::store::Fate;
use tokio::io::AsyncReadExt;

use crate::client::{self, JSON, PATIENCE, Reply, text};
use crate::forms::started;

const ALICE: &str = "+31612345678";
const BOB: &str = "+31687654321";

fn texts(gateways: &Gateways, after: Cursor, to: &str) -> Vec<String> {
    let messages = gateways.inboxes().since(after, Channel::Sms, to);
    messages.iter().map(|m| m.text.clone()).collect()
}

fn behave(gateways: &Gateways, behaviour: GatewayBehaviour) {
    gateways
        .providers()
        .set_behaviour(Channel::Sms, None, behaviour);
}

/// Sends a notification: another channel than the one under test.
async fn notified(gateways: &Gateways) -> io::Result<Reply> {
    let body = br#"{"token":"t","notificationId":"n","title":"","body":""}"#;
    client::post(&gateways.push_url(), &[JSON], body).await
}

fn failure(sent: io::Result<Reply>) -> io::ErrorKind {
    match sent {
        Ok(reply) => panic!("answered {}", reply.status),
        Err(error) => error.kind(),
    }
}

#[tokio::test]
async fn a_stale_code_is_never_read() {
    let gateways = started().await;
    text(&gateways.sms_url(), ALICE, "111111").await.unwrap();
    let mut phone = Mailbox::new(gateways.inboxes(), Channel::Sms, ALICE);
    assert!(phone.unread().is_empty());
    text(&gateways.sms_url(), BOB, "222222").await.unwrap();
    assert!(phone.wait(Duration::from_millis(1)).await.is_err());
    text(&gateways.sms_url(), ALICE, "333333").await.unwrap();
    assert_eq!(phone.wait(PATIENCE).await.unwrap().text, "333333");
    assert_eq!(phone.unread().len(), 1);
    assert!(phone.unread().is_empty());
    gateways.stop().await;
}

#[tokio::test]
async fn a_held_message_is_delivered_when_it_is_released() {
    let gateways = started().await;
    behave(&gateways, GatewayBehaviour::Hold);
    for code in ["111111", "222222"] {
        let reply = text(&gateways.sms_url(), ALICE, code).await.unwrap();
        assert_eq!(reply.status, 202);
    }
    let mut phone = Mailbox::new(gateways.inboxes(), Channel::Sms, ALICE);
    assert!(texts(&gateways, Cursor::default(), ALICE).is_empty());
    assert_eq!(gateways.providers().release(Channel::Sms, true), 2);
    let unread = phone.unread();
    let order: Vec<&str> = unread.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(order, ["222222", "111111"]);
    // The newest code is the one sent last, though it came first.
    let pattern = proofup_gateways::message::default_code_pattern();
    assert_eq!(newest_code(&unread, pattern).unwrap().expose(), "222222");
    gateways.stop().await;
}

#[tokio::test]
async fn a_dropped_message_is_accepted_and_never_seen() {
    let gateways = started().await;
    behave(&gateways, GatewayBehaviour::Drop);
    let reply = text(&gateways.sms_url(), ALICE, "111111").await.unwrap();
    assert_eq!(reply.status, 202);
    assert!(texts(&gateways, Cursor::default(), ALICE).is_empty());
    let accepted = gateways
        .inboxes()
        .accepted(Cursor::default(), Channel::Sms, ALICE);
    assert_eq!(accepted[0].fate, Fate::Dropped);
    gateways.stop().await;
}

#[tokio::test]
async fn a_duplicated_message_is_seen_twice() {
    let gateways = started().await;
    behave(&gateways, GatewayBehaviour::Duplicate);
    text(&gateways.sms_url(), ALICE, "111111").await.unwrap();
    assert_eq!(
        texts(&gateways, Cursor::default(), ALICE),
        ["111111", "111111"]
    );
    assert_eq!(gateways.inboxes().all().len(), 1);
    gateways.stop().await;
}

#[tokio::test]
async fn a_refusal_delivers_nothing_and_a_retry_works() {
    let gateways = started().await;
    for (behaviour, status) in [
        (GatewayBehaviour::Answer4xx, 400),
        (GatewayBehaviour::Answer5xx, 500),
    ] {
        let before = gateways.inboxes().cursor();
        behave(&gateways, behaviour);
        let refused = text(&gateways.sms_url(), ALICE, "111111").await.unwrap();
        assert_eq!(refused.status, status);
        assert!(texts(&gateways, before, ALICE).is_empty());
        behave(&gateways, GatewayBehaviour::Deliver);
        text(&gateways.sms_url(), ALICE, "222222").await.unwrap();
        assert_eq!(texts(&gateways, before, ALICE), ["222222"]);
    }
    let fates: Vec<Fate> = gateways.inboxes().all().iter().map(|a| a.fate).collect();
    assert_eq!(
        fates,
        [
            Fate::Refused,
            Fate::Delivered,
            Fate::Refused,
            Fate::Delivered
        ]
    );
    gateways.stop().await;
}

#[tokio::test]
async fn a_hanging_provider_never_answers_and_does_not_hold_up_others_or_the_stop() {
    let gateways = started().await;
    behave(&gateways, GatewayBehaviour::Hang);
    let url = gateways.sms_url();
    let body = serde_json::json!({ "to": ALICE, "text": "111111" }).to_string();
    let mut hanging = client::connect(&url).await.unwrap();
    client::write_request(&mut hanging, "POST", &url, &[JSON], body.as_bytes())
        .await
        .unwrap();
    let mut byte = [0];
    let silence = tokio::time::timeout(Duration::from_millis(50), hanging.read(&mut byte)).await;
    assert!(silence.is_err());
    assert_eq!(notified(&gateways).await.unwrap().status, 202);
    tokio::time::timeout(PATIENCE, gateways.stop())
        .await
        .expect("stopping waits for nobody");
    assert!(!matches!(hanging.read(&mut byte).await, Ok(1..)));
}

#[tokio::test]
async fn a_reset_breaks_the_connection_without_an_answer() {
    let gateways = started().await;
    behave(&gateways, GatewayBehaviour::Reset);
    let broken = text(&gateways.sms_url(), ALICE, "111111").await;
    assert_eq!(failure(broken), io::ErrorKind::ConnectionReset);
    assert!(texts(&gateways, Cursor::default(), ALICE).is_empty());
    assert_eq!(gateways.inboxes().all()[0].fate, Fate::Refused);
    behave(&gateways, GatewayBehaviour::Deliver);
    text(&gateways.sms_url(), ALICE, "222222").await.unwrap();
    gateways.stop().await;
}

#[tokio::test]
async fn a_dead_provider_refuses_to_be_connected_to_and_the_others_live() {
    let gateways = started().await;
    let url = gateways.sms_url();
    let mut open = client::connect(&url).await.unwrap();
    text(&url, ALICE, "111111").await.unwrap();
    for _ in 0..3 {
        behave(&gateways, GatewayBehaviour::Dead);
        behave(&gateways, GatewayBehaviour::Dead);
        let refused = text(&url, ALICE, "222222").await;
        assert_eq!(failure(refused), io::ErrorKind::ConnectionRefused);
        assert_eq!(notified(&gateways).await.unwrap().status, 202);
        behave(&gateways, GatewayBehaviour::Deliver);
        assert_eq!(text(&url, ALICE, "333333").await.unwrap().status, 202);
    }
    let mut byte = [0];
    let ended = tokio::time::timeout(PATIENCE, open.read(&mut byte)).await;
    assert!(!matches!(ended, Ok(Ok(1..)) | Err(_)));
    gateways.stop().await;
}

#[tokio::test]
async fn a_kept_connection_carries_request_after_request() {
    let gateways = started().await;
    let url = gateways.sms_url();
    let mut connection = client::connect(&url).await.unwrap();
    for code in ["111111", "222222"] {
        let body = serde_json::json!({ "to": ALICE, "text": code }).to_string();
        client::write_request(&mut connection, "POST", &url, &[JSON], body.as_bytes())
            .await
            .unwrap();
        let reply = client::read_reply(&mut connection).await.unwrap();
        assert_eq!(reply.status, 202);
    }
    assert_eq!(texts(&gateways, Cursor::default(), ALICE).len(), 2);
    gateways.stop().await;
}

#[tokio::test]
async fn a_behaviour_can_be_for_one_destination_until_the_channel_is_told_again() {
    let gateways = started().await;
    let url = gateways.sms_url();
    for (behaviour, status) in [
        (GatewayBehaviour::Answer5xx, Some(500)),
        (GatewayBehaviour::Reset, None),
        (GatewayBehaviour::Dead, None),
    ] {
        gateways
            .providers()
            .set_behaviour(Channel::Sms, Some("+31 6 12345678"), behaviour);
        let mine = text(&url, ALICE, "111111").await;
        assert_eq!(mine.ok().map(|reply| reply.status), status);
        assert_eq!(text(&url, BOB, "222222").await.unwrap().status, 202);
    }
    behave(&gateways, GatewayBehaviour::Deliver);
    assert_eq!(text(&url, ALICE, "333333").await.unwrap().status, 202);
    gateways.stop().await;
}

#[tokio::test]
async fn many_hosts_start_and_stop_side_by_side() {
    let mut running = Vec::new();
    for _ in 0..100 {
        let gateways = started().await;
        let sent = text(&gateways.sms_url(), ALICE, "111111").await;
        assert_eq!(sent.unwrap().status, 202);
        running.push(gateways);
        if running.len() == 6 {
            for gateways in running.drain(..) {
                tokio::time::timeout(PATIENCE, gateways.stop())
                    .await
                    .expect("a stop ends");
            }
        }
    }
}

#[tokio::test]
async fn a_stopped_host_stays_stopped_whoever_still_holds_its_providers() {
    let gateways = started().await;
    let (url, providers) = (gateways.sms_url(), gateways.providers().clone());
    providers.set_behaviour(Channel::Sms, None, GatewayBehaviour::Dead);
    gateways.stop().await;
    providers.set_behaviour(Channel::Sms, None, GatewayBehaviour::Deliver);
    assert!(client::connect(&url).await.is_err());
}

#[tokio::test]
async fn a_host_that_is_only_dropped_frees_its_ports() {
    let gateways = started().await;
    let url = gateways.sms_url();
    text(&url, ALICE, "111111").await.unwrap();
    let inboxes = gateways.inboxes().clone();
    drop(gateways);
    tokio::time::timeout(PATIENCE, async {
        while client::connect(&url).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("nobody listens any more");
    assert_eq!(inboxes.all().len(), 1);
}
