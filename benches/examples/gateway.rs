//! Serves one gateway until it is killed: `gateway handsOver|keeps|wiremock|conformance`. Says on its first line where.
//!
//! For `benches/peers/load.sh`, which counts the requests per second and what stays in memory of each message: a gateway for
//! load must keep nothing for ever, which is why load runs do not use wiremock.

use proofup_domain::clock::Clock;
use proofup_gateways::host::{Gateways, Standalone, StandaloneOptions};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// More messages than are sent, so that the gateway which keeps them keeps them all.
const CAPACITY: usize = 100_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let kind = std::env::args().nth(1).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(&kind))
}

async fn serve(kind: &str) -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::fixed("2026-01-15T09:00:00Z".parse()?);
    let options = StandaloneOptions {
        capacity: CAPACITY,
        ..StandaloneOptions::default()
    };
    match kind {
        "handsOver" => {
            let host = Standalone::start_with_sink(&options, clock, |message| {
                std::hint::black_box(message);
            })
            .await?;
            tell(&host.sms_url());
            std::future::pending().await
        }
        "keeps" => {
            let host = Standalone::start(&options, clock).await?;
            tell(&host.sms_url());
            std::future::pending().await
        }
        "wiremock" => {
            // As little as it can be asked to do: one mock, a fixed answer, nothing read out of the message.
            let server = MockServer::start().await;
            let answer =
                ResponseTemplate::new(202).set_body_raw(r#"{"id":"1"}"#, "application/json");
            let mock = Mock::given(method("POST")).and(path("/sms"));
            mock.respond_with(answer).mount(&server).await;
            tell(&format!("{}/sms", server.uri()));
            std::future::pending().await
        }
        "conformance" => {
            let host = Gateways::start(clock).await?;
            tell(&host.sms_url());
            std::future::pending().await
        }
        other => {
            Err(format!("`{other}` is none of handsOver, keeps, wiremock, conformance").into())
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "whoever started it reads there where it serves"
)]
fn tell(url: &str) {
    println!("{url}");
}
