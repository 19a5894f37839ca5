//! The reference on a socket, without the command line: the least that a program of one's own needs.
//!
//! `serve ADDRESS` serves under test control, whose token is in `PROOFUP_TEST_CONTROL_TOKEN`; `serve ADDRESS hello` answers
//! every request with the same few bytes, which is what a server of this make costs that does nothing.

use std::error::Error;
use std::time::{Instant, SystemTime};

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use proofup_domain::clock::Clock;
use proofup_domain::secret::Secret;
use proofup_reference::app::{AppConfig, Reference, app};
use proofup_reference::serve::serve;
use tokio::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("serve ADDRESS [hello]")?;
    let is_hello = arguments.next().as_deref() == Some("hello");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await?;
        if is_hello {
            serve(listener, hello(), std::future::pending()).await;
        } else {
            serve(listener, reference(), std::future::pending()).await;
        }
        Ok(())
    })
}

/// Builds the reference. Without a token there is a demo tenant, and no test control.
fn reference() -> Reference {
    let token = std::env::var("PROOFUP_TEST_CONTROL_TOKEN").ok();
    app(AppConfig {
        test_control_token: token.map(Secret::new),
        ..AppConfig::new(machine_clock())
    })
}

/// Builds what answers everything alike.
fn hello() -> Router {
    const JSON: &str = "application/json";
    Router::new().fallback(async || {
        (
            [(http::header::CONTENT_TYPE, JSON)],
            r#"{"state":"signedIn"}"#,
        )
    })
}

/// Reads the wall time once, and counts it on by the monotonic clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge of the process is where time comes in"
)]
fn machine_clock() -> Clock {
    let anchor = Instant::now();
    let wall = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH);
    Clock::new(move || {
        let passed = SignedDuration::try_from(anchor.elapsed()).unwrap_or(SignedDuration::MAX);
        wall.checked_add(passed).unwrap_or(Timestamp::MAX)
    })
}
