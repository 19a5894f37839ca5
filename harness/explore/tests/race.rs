//! Races against the reference, in process: without a fault nothing is found, with a fault that only shows at once it is.

mod faulty;
mod sound;

use proofup_domain::fault::FaultName;
use proofup_explore::race::RaceConfig;

use crate::planted::{config, wait};

fn races(fault: Option<FaultName>, histories: u64) -> RaceConfig {
    RaceConfig {
        run: config(fault, Vec::new()),
        histories,
    }
}
