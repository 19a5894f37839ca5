//! Runs cases against the reference, in process or over loopback.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use proofup_binding::{
    CompiledTarget, Transport, TransportError, TransportOptions, loopback_transport,
};
use proofup_domain::clock::Clock;
use proofup_domain::requirement::Catalogue;
use proofup_domain::secret::Secret;
use proofup_judge::outcome::CaseResult;
use proofup_reference::app::{AppConfig, Reference, app};
use proofup_reference::serve::serve;
use proofup_runner::run::{RunConfig, RunOutput, Selection, TargetSession, run};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Suite, embedded_suite};
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

/// The token of test control in these tests.
const TOKEN: &str = "a-token-of-these-tests";

/// The seed of every run that is compared.
pub(crate) const SEED: u64 = 1;

/// Names where the reference stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    InProcess,
    Loopback,
}

/// Gives the catalogue.
pub(crate) fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: OnceLock<Arc<Catalogue>> = OnceLock::new();
    Arc::clone(CATALOGUE.get_or_init(|| Arc::new(embedded_catalogue())))
}

/// Gives the embedded suite.
pub(crate) fn suite() -> Suite {
    embedded_suite(&catalogue()).unwrap_or_else(|errors| {
        panic!(
            "the embedded suite does not load: {:?}",
            errors
                .into_iter()
                .map(miette::Report::new)
                .collect::<Vec<_>>()
        )
    })
}

/// Stands in for the machine's clock: conformance runs move tenants' clocks, not this one.
fn clock() -> Clock {
    Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant"))
}

fn router() -> Reference {
    app(AppConfig {
        test_control_token: Some(Secret::new(TOKEN)),
        ..AppConfig::new(clock())
    })
}

/// Carries requests to the reference without a socket.
fn in_process(router: Reference) -> Transport {
    BoxCloneSyncService::new(service_fn(move |request: http::Request<bytes::Bytes>| {
        let router = router.clone();
        async move {
            let response = router
                .oneshot(request.map(axum::body::Body::from))
                .await
                .unwrap_or_else(|never| match never {});
            let (parts, body) = response.into_parts();
            let body = axum::body::to_bytes(body, 1024 * 1024)
                .await
                .map_err(|_| TransportError::BodyTooLarge(1024 * 1024))?;
            Ok(http::Response::from_parts(parts, body))
        }
    }))
}

/// Runs a suite and gives the results by case id, in order of ids.
pub(crate) fn run_suite(suite: Suite, place: Place, jobs: usize) -> BTreeMap<String, CaseResult> {
    let output = run_output(suite, place, jobs);
    output
        .cases
        .into_iter()
        .map(|case| (case.id.clone(), case))
        .collect()
}

/// Returns the results of the whole suite in process, one case after the other: run once, for all tests that look at it.
pub(crate) fn one_by_one() -> &'static BTreeMap<String, CaseResult> {
    static RESULTS: OnceLock<BTreeMap<String, CaseResult>> = OnceLock::new();
    RESULTS.get_or_init(|| run_suite(suite(), Place::InProcess, 1))
}

/// Runs a suite.
pub(crate) fn run_output(suite: Suite, place: Place, jobs: usize) -> RunOutput {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async move {
        let text = include_str!("../../../../fixtures/targets/reference.toml");
        let target = CompiledTarget::compile("fixtures/targets/reference.toml", text)
            .expect("the target file compiles");
        let router = router();
        let (target, transport, callback_base) = match place {
            Place::InProcess => (
                target,
                in_process(router),
                "http://target.invalid".to_owned(),
            ),
            Place::Loopback => {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                    .await
                    .expect("a free port");
                let base: url::Url =
                    format!("http://{}", listener.local_addr().expect("an address"))
                        .parse()
                        .expect("a URL");
                tokio::spawn(serve(listener, router, std::future::pending()));
                let transport = loopback_transport(&base, TransportOptions::default());
                let callback = base.as_str().trim_end_matches('/').to_owned();
                (target.with_base(base), transport, callback)
            }
        };
        let stop = tokio_util::sync::CancellationToken::new();
        let config = RunConfig {
            session: TargetSession {
                instance: None,
                target: Arc::new(target),
                transport,
                callback_base,
                control_token: Some(Secret::new(TOKEN)),
                seed: SEED,
                clock: clock(),
                surroundings: Arc::default(),
            },
            suite: Arc::new(suite),
            catalogue: catalogue(),
            jobs,
            selection: Selection::default(),
            trace: false,
            max_failures: None,
            deadline: None,
            probed: None,
        };
        run(config, |_| {}, &stop)
            .await
            .expect("the reference can be reached")
    })
}
