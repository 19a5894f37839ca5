//! What the harness's own parts cost: one bench per part, each with a throughput unit.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use proofup_binding::CompiledTarget;
use proofup_domain::answer::Answer;
use proofup_domain::clock::Clock;
use proofup_domain::expect::{Allowed, Expectation};
use proofup_domain::method::{ChallengeKind, ResetMethod, Role};
use proofup_domain::policy::{Policy, ResetPolicy, TwoStepPolicy};
use proofup_gateways::host::Gateways;
use proofup_oracle::user::User;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::embedded_suite;
use serde_json::json;

/// Availability and the required set are asked for at every step of a run and 65,536 times by the matrix.
fn oracle(criterion: &mut Criterion) {
    let policy = Policy {
        two_step: TwoStepPolicy {
            kinds: ChallengeKind::ALL.iter().copied().take(4).collect(),
            registration_required: true,
            required_at_sign_in: false,
        },
        reset: ResetPolicy {
            enabled: true,
            methods: ResetMethod::ALL.iter().copied().collect(),
            methods_required: 2,
            registration_required: true,
            questions: vec!["One?".into(), "Two?".into(), "Three?".into()],
            ..ResetPolicy::default()
        },
        ..Policy::default()
    };
    let user = User::new(Role::Member);
    let mut group = criterion.benchmark_group("oracle");
    group.throughput(Throughput::Elements(1));
    group.bench_function("available and required", |bencher| {
        bencher.iter(|| {
            let available =
                proofup_oracle::available::methods(black_box(&policy), black_box(&user));
            let required = proofup_oracle::required::required(black_box(&policy), black_box(&user));
            black_box((available, required))
        });
    });
    group.finish();
}

/// Every check is one comparison.
fn judging(criterion: &mut Criterion) {
    let expect = json!({ "state": "interrupted", "deferral": { "offered": true, "daysLeft": 14 } });
    let answer = Answer::of(&expect);
    let expect = Expectation::read(&expect).expect("an expectation");
    let allowed = Allowed::new();
    let mut group = criterion.benchmark_group("judge");
    group.throughput(Throughput::Elements(1));
    group.bench_function("compare", |bencher| {
        bencher.iter(|| black_box(&expect).compare(black_box(&answer), &allowed));
    });
    group.finish();
}

/// A run reads its catalogue, suite and target file before it does anything else.
fn loading(criterion: &mut Criterion) {
    let catalogue = embedded_catalogue();
    let scenarios = embedded_suite(&catalogue)
        .expect("the suite loads")
        .scenarios
        .len() as u64;
    let mut group = criterion.benchmark_group("load");
    group.throughput(Throughput::Elements(scenarios));
    group.bench_function("embedded suite", |bencher| {
        bencher.iter(|| embedded_suite(black_box(&catalogue)).expect("the suite loads"));
    });
    let text = include_str!("../../fixtures/targets/reference.toml");
    group.throughput(Throughput::Elements(1));
    group.bench_function("target file", |bencher| {
        bencher.iter(|| {
            CompiledTarget::compile("reference.toml", black_box(text)).expect("it compiles")
        });
    });
    group.finish();
}

/// Every case starts gateways of its own.
fn gateways(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let clock = Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant"));
    let mut group = criterion.benchmark_group("gateways");
    group.throughput(Throughput::Elements(1));
    group.bench_function("start and stop", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let gateways = Gateways::start(clock.clone()).await.expect("free ports");
                gateways.stop().await;
            });
        });
    });
    group.finish();
}

criterion_group!(parts, oracle, judging, loading, gateways);
criterion_main!(parts);
