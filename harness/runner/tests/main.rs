//! The runner, beside the reference, products that nobody here wrote, and hostile servers.

mod closing;
mod custom_targets;
mod declared_limits;
mod doctor;
#[path = "../../binding/tests/support/end.rs"]
mod end;
#[path = "../../world/tests/support/failing.rs"]
mod failing;
mod hostile;
#[path = "../../binding/tests/support/hostile_server.rs"]
mod hostile_server;
#[path = "../../world/tests/support/planted.rs"]
mod planted;
#[path = "../../world/tests/support/port.rs"]
mod port;
#[path = "../../world/tests/support/product.rs"]
mod product;
mod races;
mod refused_steps;
mod shared_target;
mod short_codes;
mod suite;

use std::sync::Arc;

use proofup_binding::Transport;
use proofup_domain::fault::FaultName;
use proofup_judge::outcome::Outcome;
use proofup_runner::run::{RunConfig, Selection, TargetSession, run};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Scenario, Suite, SuiteOrigin};
use tokio_util::sync::CancellationToken;

/// Runs against what a transport leads to in place of the session's, and returns the checks that failed.
fn failed_checks(config: RunConfig, transport: Transport) -> Vec<String> {
    let config = RunConfig {
        session: TargetSession {
            transport,
            ..config.session.clone()
        },
        ..config
    };
    let stop = CancellationToken::new();
    let output = planted::wait(run(config, |_| {}, &stop)).expect("it answers");
    let checks = output.cases.into_iter().flat_map(|case| case.checks);
    checks
        .filter(|check| matches!(check.outcome, Outcome::Failed(_)))
        .map(|check| check.slug)
        .collect()
}

/// Returns how to run scenarios against the reference.
fn config(fault: Option<FaultName>, scenarios: Vec<Scenario>) -> RunConfig {
    RunConfig {
        session: planted::session(fault),
        suite: Arc::new(Suite {
            scenarios,
            hash: String::new(),
            origin: SuiteOrigin::Disk("tests".to_owned()),
        }),
        catalogue: Arc::new(embedded_catalogue()),
        jobs: 4,
        selection: Selection::default(),
        trace: false,
        max_failures: None,
        deadline: None,
        probed: None,
    }
}
