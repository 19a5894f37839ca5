//! Races against the reference, in process: without a fault nothing is found, with a fault that only shows at once it is.

mod faulty;
mod sound;

use std::sync::Arc;

use proofup_domain::fault::FaultName;
use proofup_explore::race::RaceConfig;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_world::UnprovenMapping;

use crate::planted::{session, wait};

fn races(fault: Option<FaultName>, histories: u64) -> RaceConfig {
    RaceConfig {
        session: session(fault),
        catalogue: Arc::new(embedded_catalogue()),
        unproven: UnprovenMapping::default(),
        jobs: 4,
        histories,
    }
}
