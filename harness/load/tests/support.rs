//! The reference over loopback on a runtime of its own, and a way to it that can stall or be cut.

use std::sync::Arc;
use std::thread::JoinHandle;

use proofup_binding::{CompiledTarget, Direct, TransportOptions, loopback_transport};
use proofup_domain::clock::Clock;
use proofup_domain::fault::FaultName;
use proofup_domain::secret::Secret;
use proofup_gateways::host::StandaloneOptions;
use proofup_load::plan::{LoadPlan, read};
use proofup_load::report::{LoadReport, MachineTold, TargetTold, Testbed};
use proofup_load::{LoadConfig, LoadOutput, Shard, run};
use proofup_reference::app::{AppConfig, app};
use proofup_reference::faults::rule_book;
use proofup_reference::rules::RuleBook;
use proofup_reference::serve::serve;
use proofup_world::session::TargetSession;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

/// The contract, as the reference speaks it.
pub(crate) const REFERENCE: &str = include_str!("../../../fixtures/targets/reference.toml");

pub(crate) const TOKEN: &str = "a-token-of-these-tests";

/// Makes a clock that runs: load is about time.
#[expect(
    clippy::disallowed_methods,
    reason = "a load run needs time that passes, and a test is an edge of the process"
)]
pub(crate) fn running() -> Clock {
    let anchor = std::time::Instant::now();
    let wall: jiff::Timestamp = "2026-01-15T09:00:00Z".parse().expect("an instant");
    Clock::new(move || wall + jiff::SignedDuration::try_from(anchor.elapsed()).expect("short"))
}

/// Says what the way to the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Nothing is carried.
    Stalled,
    /// Connections are cut, and no other is taken.
    Cut,
}

/// Holds a reference that serves, and the way to it.
pub(crate) struct Served {
    pub(crate) base: Url,
    pub(crate) way: watch::Sender<Way>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub(crate) fn start(fault: Option<FaultName>) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let (way, on_the_way) = watch::channel(Way::Open);
        let (told, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let router = app(AppConfig {
                    test_control_token: Some(Secret::new(TOKEN)),
                    rule_book: fault.map_or_else(RuleBook::default, rule_book),
                    ..AppConfig::new(running())
                });
                let server = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                let upstream = server.local_addr().expect("an address");
                let front = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                told.send(front.local_addr().expect("an address"))
                    .expect("the test waits for it");
                tokio::spawn(carry(front, upstream, on_the_way));
                tokio::spawn(serve(server, router, std::future::pending()));
                stopped.cancelled().await;
            });
        });
        let address = address.recv().expect("the server starts");
        Self {
            base: Url::parse(&format!("http://{address}")).expect("a URL"),
            way,
            stop,
            thread: Some(thread),
        }
    }

    pub(crate) fn config(&self, plan: LoadPlan) -> LoadConfig {
        let base = self.base.clone();
        let options = TransportOptions {
            timeout: plan.timeout,
            ..TransportOptions::default()
        };
        LoadConfig {
            session: TargetSession {
                instance: None,
                target: Arc::new(reference().with_base(self.base.clone())),
                transport: loopback_transport(&base, options),
                callback_base: self.base.as_str().trim_end_matches('/').to_owned(),
                control_token: Some(Secret::new(TOKEN)),
                clock: running(),
                surroundings: Arc::default(),
                seed: plan.seed,
            },
            plan,
            shard: Shard::WHOLE,
            direct: Direct::of(&base, options),
            connect: Arc::new(move || loopback_transport(&base, options)),
            watched: None,
            gateways: StandaloneOptions::default(),
            network: None,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Carries connections to the server, as the way is.
async fn carry(front: TcpListener, upstream: std::net::SocketAddr, way: watch::Receiver<Way>) {
    loop {
        tokio::select! {
            accepted = front.accept() => {
                let Ok((client, _)) = accepted else { return };
                tokio::spawn(one(client, upstream, way.clone()));
            }
            _ = becomes(way.clone(), |way| way == Way::Cut) => return,
        }
    }
}

/// Waits until the way is as it is wanted; cut once the test is over.
async fn becomes(mut way: watch::Receiver<Way>, wanted: fn(Way) -> bool) -> Way {
    way.wait_for(|way| wanted(*way))
        .await
        .map_or(Way::Cut, |way| *way)
}

async fn one(mut client: TcpStream, upstream: std::net::SocketAddr, way: watch::Receiver<Way>) {
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        return;
    };
    loop {
        if becomes(way.clone(), |way| way != Way::Stalled).await == Way::Cut {
            return;
        }
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = becomes(way.clone(), |way| way != Way::Open) => {}
        }
    }
}

pub(crate) fn reference() -> CompiledTarget {
    CompiledTarget::compile("fixtures/targets/reference.toml", REFERENCE).expect("it compiles")
}

/// Reads a plan whose lateness judges nothing: this machine may be busy.
pub(crate) fn plan(text: &str) -> LoadPlan {
    match read("plan.toml", &format!("lateness = \"60s\"\n{text}")) {
        Ok(plan) => plan,
        Err(errors) => panic!("{:?}", errors.problems()),
    }
}

/// Runs to the end.
pub(crate) fn ran(config: &LoadConfig) -> LoadOutput {
    let stop = CancellationToken::new();
    run(config, &mut |_| {}, &stop).expect("the run begins")
}

pub(crate) fn report(config: &LoadConfig, output: &LoadOutput) -> LoadReport {
    let testbed = Testbed {
        target: TargetTold {
            name: "reference".to_owned(),
            url: None,
            // How busy the generator is says nothing on a machine that does other things.
            transport: "in-process".to_owned(),
        },
        machine: MachineTold {
            platform: "a test".to_owned(),
            processors: 1,
            model: None,
        },
    };
    LoadReport::of(&config.plan, config.shard, &testbed, output)
}
