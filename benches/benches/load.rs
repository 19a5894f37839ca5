//! What carries a load run: one bench per part, each with a throughput unit.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::{Request, Response};
use jiff::Timestamp;
use proofup_binding::{
    CompiledTarget, Operation, Transport, TransportError, TransportOptions, Variables,
    loopback_transport,
};
use proofup_domain::answer::Answer;
use proofup_domain::clock::Clock;
use proofup_domain::command::Command;
use proofup_domain::secret::Secret;
use proofup_gateways::host::{Gateways, Standalone, StandaloneOptions};
use proofup_oracle::machine::{NewUser, ProvisionedTenant, State, step};
use proofup_reference::app::{AppConfig, app};
use serde_json::json;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;
use url::Url;

const REFERENCE: &str = include_str!("../../fixtures/targets/reference.toml");
const TOKEN: &str = "of-the-benches";

fn target() -> CompiledTarget {
    CompiledTarget::compile("reference.toml", REFERENCE).expect("it compiles")
}

fn instant() -> Timestamp {
    "2026-01-15T09:00:00Z".parse().expect("an instant")
}

/// Every step of every flow is worked out by the oracle before it is sent, and held to it when it is answered.
fn oracle_step(criterion: &mut Criterion) {
    let state = State::new(ProvisionedTenant {
        policy: proofup_domain::policy::Policy::default(),
        limits: proofup_reference::rules::LIMITS,
        code_shapes_accepted: Default::default(),
        domains: Default::default(),
        users: vec![NewUser::member("user")],
        numbers: Default::default(),
    });
    let command: Command =
        serde_json::from_value(json!({ "do": "signIn", "user": "user" })).expect("a command");
    let answer = Answer::of(&json!({ "state": "signedIn" }));
    let mut group = criterion.benchmark_group("load/oracle");
    group.throughput(Throughput::Elements(1));
    group.bench_function("step and judge", |bencher| {
        bencher.iter(|| {
            let outcome = step(black_box(&state), black_box(&command), instant());
            assert!(outcome.expected.admits(&answer).is_ok());
            outcome
        });
    });
    group.finish();
}

/// Every request is rendered from the target file, and every answer read by it; here nothing lies between.
fn target_ask(criterion: &mut Criterion) {
    let target = target();
    let transport: Transport =
        BoxCloneSyncService::new(tower::service_fn(|_: Request<Bytes>| async {
            let body = Bytes::from_static(br#"{"state":"signedIn","token":"a-token"}"#);
            let response = Response::builder()
                .status(201)
                .header("content-type", "application/json");
            Ok::<_, TransportError>(response.body(body).expect("a response"))
        }));
    let variables: Variables = [
        ("userPrincipalName", "alice@example.com"),
        ("password", "+a-password"),
        ("tenantId", "load-1"),
    ]
    .into_iter()
    .collect();
    let runtime = runtime();
    let mut group = criterion.benchmark_group("load/target");
    group.throughput(Throughput::Elements(1));
    group.bench_function("render and read", |bencher| {
        bencher.iter(|| {
            runtime
                .block_on(target.ask(&transport, Operation::SignIn, black_box(&variables)))
                .expect("an answer")
        });
    });
    group.finish();
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Every code goes through a gateway: the one for load beside the one for conformance, sixteen requests at once.
fn gateway(criterion: &mut Criterion) {
    const AT_ONCE: u64 = 16;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let taken = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&taken);
    let clock = Clock::fixed(instant());
    let load = runtime
        .block_on(Standalone::start_with_sink(
            &StandaloneOptions::default(),
            clock.clone(),
            move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
            },
        ))
        .expect("a gateway");
    let conformance = runtime.block_on(Gateways::start(clock)).expect("a gateway");
    let mut group = criterion.benchmark_group("load/gateway");
    group.throughput(Throughput::Elements(AT_ONCE));
    for (name, url) in [
        ("hands over", load.sms_url()),
        ("wiremock", conformance.sms_url()),
    ] {
        let base = Url::parse(&url).expect("a URL");
        let transports: Vec<Transport> = (0..AT_ONCE)
            .map(|_| loopback_transport(&base, TransportOptions::default()))
            .collect();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    let mut all = tokio::task::JoinSet::new();
                    for transport in &transports {
                        let body = r#"{"to":"+31610000001","text":"Your code is 482913"}"#;
                        let request = Request::post(&url)
                            .header("content-type", "application/json")
                            .body(Bytes::from_static(body.as_bytes()))
                            .expect("a request");
                        all.spawn(transport.clone().oneshot(request));
                    }
                    while let Some(answer) = all.join_next().await {
                        let status = answer.expect("no panic").expect("an answer").status();
                        assert!(status.is_success(), "{status}");
                    }
                });
            });
        });
    }
    group.finish();
    assert!(taken.load(Ordering::Relaxed) > 0);
}

/// The reference is what load runs measure most: a sign-in without a socket, with everything switched on.
fn reference(criterion: &mut Criterion) {
    let router = app(AppConfig {
        test_control_token: Some(Secret::new(TOKEN)),
        ..AppConfig::new(Clock::fixed(instant()))
    });
    let runtime = runtime();
    let send = |request: Request<Body>| {
        runtime
            .block_on(router.clone().oneshot(request))
            .expect("it never fails")
            .status()
    };
    let tenant = json!({
        "displayName": "Bench",
        "policy": {},
        "domains": ["bench.example.com"],
        "users": [{ "userPrincipalName": "alice@bench.example.com", "password": "+a-password" }],
        "clock": { "mode": "manual", "now": "2026-01-15T09:00:00Z" },
    });
    let made = send(
        Request::put("/testControl/v1/tenants/bench")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json")
            .body(Body::from(tenant.to_string()))
            .expect("a request"),
    );
    assert!(made.is_success(), "{made}");
    let body = json!({ "userPrincipalName": "alice@bench.example.com", "password": "+a-password" });
    let body = body.to_string();
    let mut group = criterion.benchmark_group("load/reference");
    group.throughput(Throughput::Elements(1));
    group.bench_function("sign in, in process", |bencher| {
        bencher.iter(|| {
            let request = Request::post("/v1/sessions")
                .header("content-type", "application/json")
                .body(Body::from(body.clone()))
                .expect("a request");
            assert!(send(request).is_success());
        });
    });
    group.finish();
}

criterion_group!(benches, oracle_step, target_ask, gateway, reference);
criterion_main!(benches);
