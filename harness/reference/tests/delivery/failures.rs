//! What becomes of a delivery when a gateway misbehaves. Requirement: `GATE-1`.

use proofup_reference::delivery::{Courier, GatewayConfig, GatewayFailure};
use serde_json::json;
use tokio::net::TcpListener;

use super::http_provider::{Behaviour, Provider};
use super::{AMPLE_MS, SHORT_MS, call, config, mail, push, text};

/// Delivers one text; tells the result and how often the provider was asked.
async fn outcome(behaviour: Behaviour, timeout_ms: u32) -> (Result<(), GatewayFailure>, usize) {
    let provider = Provider::start(behaviour).await;
    let gateways = json!({ "sms": { "url": provider.url, "form": "json" } });
    let result = Courier::new(1)
        .deliver(&config(gateways, timeout_ms), text())
        .await;
    (result, provider.requests().len())
}

#[tokio::test]
async fn any_answer_but_2xx_is_a_refusal() {
    for status in [302, 400, 401, 404, 429, 500, 503] {
        let outcome = outcome(Behaviour::Answer(status), AMPLE_MS).await;
        assert_eq!(outcome, (Err(GatewayFailure::Refused), 1), "{status}");
    }
    for status in [200, 201, 202, 204] {
        let outcome = outcome(Behaviour::Answer(status), AMPLE_MS).await;
        assert_eq!(outcome, (Ok(()), 1), "{status}");
    }
}

#[tokio::test]
async fn a_gateway_that_hangs_is_given_up_in_time() {
    let outcome = outcome(Behaviour::Hang, SHORT_MS).await;
    assert_eq!(outcome, (Err(GatewayFailure::TimedOut), 1));
}

#[tokio::test]
async fn a_gateway_that_hangs_up_is_a_refusal_and_is_not_asked_again() {
    for behaviour in [Behaviour::Close, Behaviour::Reset] {
        let outcome = outcome(behaviour, AMPLE_MS).await;
        assert_eq!(outcome, (Err(GatewayFailure::Refused), 1));
    }
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_a_refusal() {
    for bytes in [
        "220 mail.example ESMTP\r\n",
        "HTTP/1.1 2000 x\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        let outcome = outcome(Behaviour::Bytes(bytes), AMPLE_MS).await;
        assert_eq!(outcome, (Err(GatewayFailure::Refused), 1), "{bytes:?}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_does_not_undo_the_answer() {
    let accepted = "HTTP/1.1 201 Created\r\ncontent-length: 10\r\n\r\n{";
    let outcome_accepted = outcome(Behaviour::Bytes(accepted), SHORT_MS).await;
    assert_eq!(outcome_accepted, (Ok(()), 1));
    let refused = "HTTP/1.1 503 x\r\ncontent-length: 10\r\n\r\n{";
    let outcome_refused = outcome(Behaviour::Bytes(refused), SHORT_MS).await;
    assert_eq!(outcome_refused, (Err(GatewayFailure::Refused), 1));
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up_in_time() {
    let outcome = outcome(Behaviour::Bytes("HTTP/1.1 200 OK\r\nx: "), SHORT_MS).await;
    assert_eq!(outcome, (Err(GatewayFailure::TimedOut), 1));
}

/// An address where nobody listens.
async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener
        .local_addr()
        .expect("a bound socket has an address");
    address.to_string()
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_a_refusal_on_every_channel() {
    let address = closed_port().await;
    let http = |form: &str| json!({ "url": format!("http://{address}"), "form": form });
    let gateways = json!({
        "sms": http("json"),
        "voice": http("calls"),
        "email": { "smtp": address },
        "push": http("messagesSend"),
    });
    let (config, courier) = (config(gateways, AMPLE_MS), Courier::new(4));
    for message in [text(), call(), mail("a@example.org", "Contoso"), push()] {
        let result = courier.deliver(&config, message).await;
        assert_eq!(result, Err(GatewayFailure::Refused));
    }
}

#[tokio::test]
async fn a_channel_without_a_gateway_delivers_nothing() {
    let courier = Courier::new(1);
    for message in [text(), call(), mail("a@example.org", "Contoso"), push()] {
        let result = courier.deliver(&GatewayConfig::default(), message).await;
        assert_eq!(result, Err(GatewayFailure::NotConfigured));
    }
}

#[tokio::test]
async fn who_finds_no_place_in_time_is_told_that_it_is_busy() {
    let hanging = Provider::start(Behaviour::Hang).await;
    let healthy = Provider::start(Behaviour::Answer(200)).await;
    let to = |provider: &Provider, timeout_ms| {
        config(
            json!({ "sms": { "url": provider.url, "form": "json" } }),
            timeout_ms,
        )
    };
    let courier = Courier::new(1);
    let (hanging, patient, hurried) = (
        to(&hanging, 4 * SHORT_MS),
        to(&healthy, AMPLE_MS),
        to(&healthy, SHORT_MS),
    );
    let outcomes = tokio::join!(
        biased;
        courier.deliver(&hanging, text()),
        courier.deliver(&hurried, text()),
        courier.deliver(&patient, text()),
    );
    assert_eq!(
        outcomes,
        (
            Err(GatewayFailure::TimedOut),
            Err(GatewayFailure::Busy),
            Ok(())
        )
    );
    assert_eq!(healthy.requests().len(), 1);
}

#[tokio::test]
async fn after_a_failure_a_retry_succeeds() {
    let courier = Courier::new(1);
    let broken = Provider::start(Behaviour::Reset).await;
    let healthy = Provider::start(Behaviour::Answer(200)).await;
    let mut outcomes = Vec::new();
    for provider in [&broken, &healthy, &broken, &healthy] {
        let gateways = json!({ "sms": { "url": provider.url, "form": "json" } });
        outcomes.push(courier.deliver(&config(gateways, AMPLE_MS), text()).await);
    }
    let refused = Err(GatewayFailure::Refused);
    assert_eq!(outcomes, [refused, Ok(()), refused, Ok(())]);
}
