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
mod shared_target;
mod short_codes;
mod suite;

use std::sync::Arc;

use proofup_domain::fault::FaultName;
use proofup_runner::run::{RunConfig, Selection};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Scenario, Suite, SuiteOrigin};

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
