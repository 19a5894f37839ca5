//! The reference implementation inside this process: over loopback, or without a socket.
//!
//! This is the only place that knows how the reference is built; a run gets a transport and an address.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use proofup_binding::{Transport, TransportError, TransportOptions};
use proofup_domain::clock::Clock;
use proofup_domain::fault::FaultName;
use proofup_domain::secret::Secret;
use proofup_domain::state::SessionState;
use proofup_explore::matrix::decision::{Decider, Decision, Standing};
use proofup_gateways::host::{InProcessEnding, InProcessNetwork};
use proofup_reference::app::{AppConfig, Randomness, Reference, app};
use proofup_reference::delivery::{Carried, CarriedEnding, Carrier, GatewayConfig};
use proofup_reference::faults::rule_book;
use proofup_reference::policy_evaluator::PolicyEvaluator;
use proofup_reference::rules::RuleBook;
use proofup_reference::serve::serve;
use proofup_world::instance::Instance;
use tokio::net::TcpListener;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

/// Where callbacks go in process, where there is no socket (`decisions.md` 28).
pub(crate) const IN_PROCESS: &str = "http://target.invalid";

/// What the built-in reference is called, as its target file has it.
pub(crate) const NAME: &str = "reference";

/// Returns the reference's decisions as a function.
pub(crate) fn decider() -> Decider {
    let evaluator = PolicyEvaluator::new(RuleBook::default());
    Arc::new(
        move |policy, role, registered| match evaluator.decide(policy, role, registered) {
            None => Decision::Refused,
            Some(decided) => Decision::Accepted(Standing {
                available: decided.available,
                required: decided.required,
                interrupted: decided.state == SessionState::Interrupted,
            }),
        },
    )
}

/// Builds the reference for a run: under test control, everything random drawn from the seed, a fault planted or none. Where
/// there is a network, messages go to its providers, and to none on a socket.
pub(crate) fn planted(
    clock: Clock,
    control_token: Secret,
    seed: u64,
    fault: Option<FaultName>,
    network: Option<InProcessNetwork>,
) -> Reference {
    let carrier = network.map(|network| -> Carrier {
        Arc::new(move |carried| {
            let ending = match carried {
                Carried::Request(port, request) => network.post(port, request),
                Carried::Mail {
                    port,
                    recipient,
                    mail,
                } => network.mail(port, recipient, mail),
            };
            match ending {
                InProcessEnding::Answered(status) => CarriedEnding::Answered(status),
                InProcessEnding::Broken => CarriedEnding::Broken,
                InProcessEnding::Silent => CarriedEnding::Silent,
            }
        })
    });
    app(AppConfig {
        test_control_token: Some(control_token),
        randomness: Randomness::Seed(seed.to_string()),
        rule_book: fault.map_or_else(RuleBook::default, rule_book),
        carrier,
        ..AppConfig::new(clock)
    })
}

/// Builds the reference for `proofup serve`.
pub(crate) fn served(
    clock: Clock,
    control_token: Option<Secret>,
    seed: Option<u64>,
    demo: GatewayConfig,
    fault: Option<FaultName>,
) -> Reference {
    app(AppConfig {
        test_control_token: control_token,
        randomness: seed.map_or(Randomness::Os, |seed| Randomness::Seed(seed.to_string())),
        demo_gateways: demo,
        rule_book: fault.map_or_else(RuleBook::default, rule_book),
        ..AppConfig::new(clock)
    })
}

/// Builds the hello floor: what a server of this make costs that does nothing.
pub(crate) fn hello() -> Router {
    Router::new().fallback(async || ([(http::header::CONTENT_TYPE, "application/json")], HELLO))
}

/// What the hello floor answers.
const HELLO: &str = r#"{"state":"signedIn"}"#;

/// Makes an application work so much longer on each request, on its processor.
#[derive(Debug, Clone)]
pub(crate) struct Burdened<S> {
    application: S,
    burden: Duration,
    clock: Clock,
}

impl<S> Burdened<S> {
    pub(crate) const fn new(application: S, burden: Duration, clock: Clock) -> Self {
        Self {
            application,
            burden,
            clock,
        }
    }
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Burdened<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.application.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        if !self.burden.is_zero() {
            let until = self.clock.now() + self.burden;
            while self.clock.now() < until {
                std::hint::spin_loop();
            }
        }
        self.application.call(request)
    }
}

/// Draws a token for test control that other processes of this machine cannot guess.
///
/// The standard library seeds its hashers from the operating system; two of them make 128 bits.
pub(crate) fn control_token() -> Secret {
    let half = || RandomState::new().hash_one("control token");
    Secret::new(format!("{:016x}{:016x}", half(), half()))
}

/// Draws what tells the tenants of this process from those of others, from where the token of test control comes.
pub(crate) fn instance() -> Instance {
    Instance::new(RandomState::new().hash_one("instance"))
}

/// Serves an application on a free port of this machine for as long as the runtime lives.
pub(crate) async fn on_loopback(reference: Reference) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, reference, std::future::pending()));
    Ok(address)
}

/// Carries requests straight into an application, without a socket.
pub(crate) fn in_process(reference: Reference) -> Transport {
    let limit = TransportOptions::default().body_limit;
    BoxCloneSyncService::new(tower::service_fn(move |request: Request<Bytes>| {
        let reference = reference.clone();
        async move {
            let answered = reference.oneshot(request.map(Body::from)).await;
            let response = answered.unwrap_or_else(|never| match never {});
            let (parts, body) = response.into_parts();
            let whole = Limited::new(body, limit).collect().await;
            let body = whole
                .map_err(|_| TransportError::BodyTooLarge(limit))?
                .to_bytes();
            Ok(Response::from_parts(parts, body))
        }
    }))
}
