//! The reference of this build, judged over HTTP by a proofup that was built before.
//!
//! It is the yardstick for `cargo mutants`, see CONTRIBUTING.md: what was mutated is compiled into this test alone, while the
//! judge stays as it is, so that a mutant costs seconds. Whoever chose the mutants has not written the suite.

use std::env;
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

use jiff::{SignedDuration, Timestamp};
use proofup_domain::clock::Clock;
use proofup_domain::secret::Secret;
use proofup_reference::app::{AppConfig, app};
use proofup_reference::serve::serve;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// The token of test control, for this one process.
const TOKEN: &str = "judged-by-proofup";

#[test]
#[ignore = "needs PROOFUP, the path of a proofup that was built before, and PROOFUP_ARGUMENTS, what it is to do"]
fn proofup_finds_nothing_wrong_with_the_reference() {
    let proofup = env::var_os("PROOFUP").expect("PROOFUP names no proofup");
    let arguments = env::var("PROOFUP_ARGUMENTS").expect("PROOFUP_ARGUMENTS is not set");
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("no runtime");
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("no free port");
    let address = listener.local_addr().expect("a listener has an address");
    let reference = app(AppConfig {
        test_control_token: Some(Secret::new(TOKEN.to_owned())),
        ..AppConfig::new(machine_clock())
    });
    runtime.spawn(async move { serve(listener, reference, std::future::pending()).await });

    let ended = Command::new(proofup)
        .args(arguments.split_whitespace())
        .args(["--url", &format!("http://{address}")])
        .env("PROOFUP_TEST_CONTROL_TOKEN", TOKEN)
        .stdin(Stdio::null())
        .output()
        .expect("PROOFUP cannot be started");
    let told = String::from_utf8_lossy(&ended.stdout);
    let complained = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{told}\n{complained}");
}

/// Returns the time of this machine, counted on by the monotonic clock.
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
