//! What a run tells others: JSON and `JUnit`.
//!
//! Both are written from the same two things: the verdict, and the [`Facts`] about the run. What changes from run to
//! run (times, ports, the machine) stays apart, so that two runs with one seed differ nowhere else.

pub mod exchange;
pub mod json;
pub mod junit;
#[cfg(test)]
mod tests;
pub mod words;

use jiff::Timestamp;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::edition::Edition;
use proofup_domain::requirement::Level;

/// What a report says about a run beside its verdict.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The version of this program.
    pub version: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The editions judged, oldest first.
    pub editions: Vec<Edition>,
    /// The level asked for.
    pub level: Level,
    /// The target's name, as its file says.
    pub target: String,
    /// What the target declares; nothing where it was never reached.
    pub capabilities: Option<Capabilities>,
    /// How the target's time is moved: `manual`, `real`.
    pub clock_mode: String,
    /// Where the scenarios come from: `embedded`, or a folder.
    pub suite_origin: String,
    /// The hash of the scenarios.
    pub suite_hash: String,
    /// What narrowed the run, as flags; empty: nothing.
    pub selection: Vec<String>,
    /// When the run began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// Cases side by side.
    pub jobs: usize,
    /// How requests travel: `loopback`, `inProcess` or `http`.
    pub transport: String,
    /// Where the target answered; nothing in process.
    pub base_url: Option<String>,
}

impl Facts {
    /// Returns the wall time of the run in milliseconds.
    #[must_use]
    pub fn wall_ms(&self) -> u64 {
        let spent = self.finished_at.duration_since(self.started_at);
        u64::try_from(spent.as_millis()).unwrap_or(0)
    }
}
