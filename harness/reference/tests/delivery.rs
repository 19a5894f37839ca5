//! Deliveries against providers on loopback: what they get, and what becomes of a delivery when they misbehave.

mod failures;
mod http_provider;
mod mail;
mod mail_server;
mod shapes;

use proofup_domain::secret::Secret;
use proofup_reference::address::EmailAddress;
use proofup_reference::delivery::{GatewayConfig, Outgoing};
use proofup_reference::phone::PhoneNumber;
use serde_json::Value;

/// Long enough that a healthy delivery on a loaded machine never meets it.
const AMPLE_MS: u32 = 30_000;
/// Short enough to wait for.
const SHORT_MS: u32 = 400;

fn config(gateways: Value, timeout_ms: u32) -> GatewayConfig {
    let gateways: GatewayConfig =
        serde_json::from_value(gateways).expect("the configuration is valid");
    GatewayConfig {
        timeout_ms,
        callback_base: "http://127.0.0.1:9000/".to_owned(),
        ..gateways
    }
}

fn number() -> PhoneNumber {
    PhoneNumber::parse("NL", "0612345678").expect("the number is valid")
}

fn text() -> Outgoing {
    Outgoing::Text {
        to: number(),
        organisation: "Contoso".to_owned(),
        code: Secret::new("042137"),
    }
}

fn call() -> Outgoing {
    Outgoing::Call {
        to: number(),
        organisation: "Contoso & <Sons>".to_owned(),
        call_id: "c0ffee".to_owned(),
        secret: Secret::new("a-b_c+d"),
        instructs: true,
    }
}

fn mail(to: &str, organisation: &str) -> Outgoing {
    Outgoing::Mail {
        to: EmailAddress::parse(to).expect("the address is valid"),
        organisation: organisation.to_owned(),
        code: Secret::new("042137"),
    }
}

fn push() -> Outgoing {
    Outgoing::Push {
        token: Secret::new("push-token"),
        notification_id: "n1".to_owned(),
        device_id: "d1".to_owned(),
        organisation: "Contoso".to_owned(),
    }
}
