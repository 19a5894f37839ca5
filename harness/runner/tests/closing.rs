//! A server behind a proxy that closes each connection a moment after its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proofup_binding::{TransportOptions, loopback_transport};
use proofup_judge::outcome::Outcome;
use proofup_reference::app::{AppConfig, app};
use proofup_reference::serve::serve;
use proofup_runner::run::{RunConfig, TargetSession, run};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::embedded_suite;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::config;
use crate::planted::wait;

/// The longest time for which the proxy keeps a connection after its first answer.
const KEPT_FOR_MICROSECONDS: u64 = 20_000;

/// Carries bytes both ways until a moment after the first that came back, whether somebody waits for more or not.
async fn forward(mut client: TcpStream, server: SocketAddr, kept_for: Duration) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let answers = async {
        let mut until = None;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let over = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => return,
                read = from_server.read(&mut buffer) => match read {
                    Ok(length) if length > 0 => {
                        if to_client.write_all(&buffer[..length]).await.is_err() {
                            return;
                        }
                        until.get_or_insert_with(|| Instant::now() + kept_for);
                    }
                    _ => return,
                },
            }
        }
    };
    tokio::select! {
        () = answers => {}
        _ = copy(&mut from_client, &mut to_server) => {}
    }
}

/// Serves the reference behind such a proxy, and tells the proxy's address.
async fn closing(session: &TargetSession) -> SocketAddr {
    let server = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = server.local_addr().expect("it listens");
    let reference = app(AppConfig {
        test_control_token: session.control_token.clone(),
        ..AppConfig::new(session.clock.clone())
    });
    tokio::spawn(serve(server, reference, std::future::pending()));
    let proxy = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let told = proxy.local_addr().expect("it listens");
    let connections = AtomicU64::new(0);
    tokio::spawn(async move {
        while let Ok((client, _)) = proxy.accept().await {
            let number = connections.fetch_add(1, Ordering::Relaxed);
            let kept_for = number * 7919 % KEPT_FOR_MICROSECONDS;
            tokio::spawn(forward(client, address, Duration::from_micros(kept_for)));
        }
    });
    told
}

#[test]
fn a_kept_connection_that_is_closed_between_two_requests_fails_nothing() {
    let suite = embedded_suite(&embedded_catalogue()).expect("the suite loads");
    let mut some = suite.scenarios.into_iter().step_by(60).collect::<Vec<_>>();
    // A provider that hangs is waited for: ten times that is long.
    some.retain(|scenario| !scenario.path.contains("gateway"));
    wait(async {
        let mut judged = 0;
        for round in 0..10 {
            let config = config(None, some.clone());
            let address = closing(&config.session).await;
            let base: url::Url = format!("http://{address}").parse().expect("a URL");
            let target = (*config.session.target).clone();
            let stop = CancellationToken::new();
            let config = RunConfig {
                session: TargetSession {
                    transport: loopback_transport(&base, TransportOptions::default()),
                    callback_base: format!("http://{address}"),
                    target: Arc::new(target.with_base(base)),
                    ..config.session.clone()
                },
                ..config
            };
            let output = run(config, |_| {}, &stop).await.expect("it answers");
            let checks = output.cases.iter().flat_map(|case| &case.checks);
            let (mut passed, mut failed) = (0, Vec::new());
            for check in checks {
                match &check.outcome {
                    Outcome::Passed => passed += 1,
                    Outcome::Failed(wrong) => failed.push(format!("{}: {wrong:?}", check.slug)),
                    _ => {}
                }
            }
            assert!(failed.is_empty(), "round {round}: {failed:#?}");
            judged += passed;
        }
        // How many of a round could not run depends on how busy the machine is.
        assert!(judged > 100, "{judged} checks passed in ten rounds");
    });
}
