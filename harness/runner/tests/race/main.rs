//! Races against the reference, in process: without a fault nothing is found, with a fault that only shows at once it is.

#[path = "../support/failing.rs"]
mod failing;
mod faulty;
#[path = "../support/planted.rs"]
mod planted;
mod sound;

use proofup_domain::fault::FaultName;
use proofup_runner::race::RaceConfig;

use planted::{config, wait};

fn races(fault: Option<FaultName>, histories: u64) -> RaceConfig {
    RaceConfig {
        run: config(fault, Vec::new()),
        histories,
    }
}
