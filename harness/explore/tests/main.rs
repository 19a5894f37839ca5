//! What nobody scripted, against the reference: sound, and with faults.

mod explore;
#[path = "../../world/tests/support/failing.rs"]
mod failing;
mod matrix;
mod measure;
#[path = "../../world/tests/support/planted.rs"]
mod planted;
mod race;

use std::sync::Arc;

use proofup_judge::outcome::CaseResult;
use proofup_scenario::Scenario;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_world::case::{Case, run_case};
use proofup_world::context::RunContext;
use proofup_world::session::{TargetSession, read_capabilities};

/// Judges a scenario as a run would.
fn judged(session: &TargetSession, scenario: Scenario) -> CaseResult {
    planted::wait(async {
        let capabilities = read_capabilities(session).await;
        let capabilities = capabilities.expect("the reference can be asked");
        let case = Case {
            edition: scenario.editions[0],
            scenario: Arc::new(scenario),
        };
        let catalogue = Arc::new(embedded_catalogue());
        let context = RunContext::new(session, &catalogue, &capabilities);
        run_case(&context, &capabilities, &case).await
    })
}
