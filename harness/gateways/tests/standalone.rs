//! The host for load and for people: the same providers, and an API to look and to press keys.

use std::io;

use proofup_domain::command::GatewayBehaviour;
use proofup_domain::state::Channel;
use proofup_gateways::host::{Standalone, StandaloneOptions, serve_gateways};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{JSON, PATIENCE, post, send, text};
use crate::forms::clock;

const ALICE: &str = "+31612345678";

async fn started() -> Standalone {
    Standalone::start(&StandaloneOptions::default(), clock())
        .await
        .expect("loopback has ports")
}

async fn read(host: &Standalone, query: &str) -> Value {
    let url = format!("{}/messages?{query}", host.people_url());
    let reply = send("GET", &url, &[], b"").await.expect("the host answers");
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

async fn told(host: &Standalone, path: &str, body: &Value) -> (u16, String) {
    let url = format!("{}{path}", host.people_url());
    let reply = post(&url, &[JSON], body.to_string().as_bytes())
        .await
        .expect("the host answers");
    (reply.status, reply.body)
}

#[tokio::test]
async fn messages_are_read_from_where_the_last_reading_ended() {
    let host = started().await;
    text(&host.sms_url(), ALICE, "111111").await.unwrap();
    let first = read(&host, "channel=sms&to=%2B31612345678").await;
    assert_eq!(first["value"][0]["text"], "111111");
    assert_eq!(first["value"][0]["at"], "2026-01-15T09:00:00Z");
    let next = &first["next"];
    text(&host.sms_url(), ALICE, "222222").await.unwrap();
    let second = read(
        &host,
        &format!("channel=sms&to=%2B31612345678&since={next}"),
    )
    .await;
    assert_eq!(second["value"].as_array().unwrap().len(), 1);
    assert_eq!(second["value"][0]["text"], "222222");
    assert_eq!(read(&host, "").await["value"].as_array().unwrap().len(), 2);
    host.stop().await;
}

#[tokio::test]
async fn behaviours_are_set_and_held_messages_released() {
    let host = started().await;
    let hold = json!({ "channel": "sms", "behaviour": "hold" });
    assert_eq!(told(&host, "/behaviour", &hold).await.0, 204);
    text(&host.sms_url(), ALICE, "111111").await.unwrap();
    let all = read(&host, "channel=sms").await;
    assert_eq!(all["value"][0]["fate"], "held");
    let (status, body) = told(&host, "/release", &json!({ "channel": "sms" })).await;
    assert_eq!((status, body.as_str()), (200, r#"{"released":1}"#));
    let wrong = json!({ "channel": "fax", "behaviour": "hold" });
    assert_eq!(told(&host, "/behaviour", &wrong).await.0, 400);
    let wrong = send("PUT", &format!("{}/behaviour", host.people_url()), &[], b"").await;
    assert_eq!(wrong.unwrap().status, 405);
    host.stop().await;
}

#[tokio::test]
async fn hanging_and_resetting_work_on_the_shared_port() {
    let host = started().await;
    let providers = host.providers();
    for behaviour in [GatewayBehaviour::Reset, GatewayBehaviour::Dead] {
        providers.set_behaviour(Channel::Sms, None, behaviour);
        let broken = text(&host.sms_url(), ALICE, "111111").await;
        let kind = broken.err().map(|error| error.kind());
        assert_eq!(kind, Some(io::ErrorKind::ConnectionReset), "{behaviour}");
    }
    providers.set_behaviour(Channel::Sms, None, GatewayBehaviour::Hang);
    let url = host.sms_url();
    let hanging = text(&url, ALICE, "111111");
    let silence = tokio::time::timeout(std::time::Duration::from_millis(50), hanging);
    assert!(silence.await.is_err());
    providers.set_behaviour(Channel::Email, None, GatewayBehaviour::Dead);
    let refused = TcpStream::connect(host.smtp_address()).await;
    assert!(refused.is_err());
    tokio::time::timeout(PATIENCE, host.stop())
        .await
        .expect("a stop ends");
}

#[tokio::test]
async fn a_person_answers_a_call_and_the_callback_is_sent() {
    let host = started().await;
    let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1/calls/c1", target.local_addr().unwrap());
    let call = json!({
        "callId": "c1", "to": ALICE, "text": "Press #", "secret": "s3cret",
        "digitsUrl": format!("{base}/digits"), "statusUrl": format!("{base}/status"),
    });
    assert_eq!(told(&host, "/voice", &call).await.0, 202);
    let heard = tokio::spawn(async move {
        let (mut stream, _) = target.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let mut read = 0;
        while !request[..read].ends_with(b"}") {
            read += stream.read(&mut request[read..]).await.unwrap();
        }
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .unwrap();
        String::from_utf8(request[..read].to_vec()).unwrap()
    });
    let (status, body) = told(&host, "/calls/c1/keys", &json!({ "key": "#" })).await;
    assert_eq!((status, body.as_str()), (200, r#"{"targetStatus":204}"#));
    let heard = heard.await.unwrap();
    assert!(
        heard.starts_with("POST /v1/calls/c1/digits HTTP/1.1\r\n"),
        "{heard}"
    );
    assert!(heard.contains("Bearer s3cret") && heard.ends_with(r##"{"digits":"#"}"##));
    assert_eq!(
        told(&host, "/calls/none/keys", &json!({ "key": "#" }))
            .await
            .0,
        404
    );
    // The target is gone by now.
    assert_eq!(told(&host, "/calls/c1/hangUp", &json!({})).await.0, 502);
    let shown = read(&host, "channel=voice").await.to_string();
    assert!(shown.contains("c1") && !shown.contains("digitsUrl"));
    host.stop().await;
}

#[tokio::test]
async fn rejected_requests_can_be_looked_at() {
    let host = started().await;
    let oversized = vec![b' '; 1024 * 1024 + 1];
    assert_eq!(
        post(&host.sms_url(), &[JSON], b"{}").await.unwrap().status,
        400
    );
    assert_eq!(
        post(&host.sms_url(), &[JSON], &oversized)
            .await
            .unwrap()
            .status,
        413
    );
    let url = format!("{}/rejected", host.people_url());
    let reply = send("GET", &url, &[], b"").await.unwrap().json();
    assert_eq!(reply["value"][0]["reason"], "`to` is missing");
    assert_eq!(reply["value"][1]["status"], 413);
    host.stop().await;
}

#[tokio::test]
async fn serving_ends_with_the_shutdown_and_tells_the_advertised_address() {
    let options = StandaloneOptions {
        advertised: Some("host.containers.internal".to_owned()),
        ..StandaloneOptions::default()
    };
    let mut seen = String::new();
    let started = |host: &Standalone| seen = host.sms_url();
    serve_gateways(&options, clock(), started, async {})
        .await
        .unwrap();
    assert!(
        seen.starts_with("http://host.containers.internal:"),
        "{seen}"
    );
    assert!(seen.ends_with("/sms"), "{seen}");
}
