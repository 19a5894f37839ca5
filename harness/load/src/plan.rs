//! The load plan: what arrives when, of what it is mixed, and when it ends. One value, one loop.
//!
//! A plan is a TOML file, checked when it is loaded like a scenario: every problem at once, with its line and what is
//! allowed. Flags of the command line say the same things and win ([`Overrides`]).

mod form;
mod read;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::flow::FlowName;
use super::threshold::Threshold;

pub use read::{json_schema, read};

/// A plan, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadPlan {
    /// What the plan is called.
    pub title: String,
    /// The seed of people, arrivals and probes.
    pub seed: u64,
    /// When flows begin.
    pub arrivals: Arrivals,
    /// When no further flow begins.
    pub stop: Stop,
    /// What is not counted at the beginning.
    pub warm_up: Duration,
    /// The weight of each flow; at least one is above zero.
    pub mix: BTreeMap<FlowName, u32>,
    /// How the rate changes: one stretch after the other, from the arrivals' rate on; then it stays.
    pub ramp: Vec<Stretch>,
    /// Whether a connection is used for more than one request.
    pub connections: Connections,
    /// How long one request, or one message, may take.
    pub timeout: Duration,
    /// How many seconds pass for the target's tenants in one second of this machine.
    pub pace: u32,
    /// How many accounts are made for all flows together; none: as many as the plan needs.
    pub accounts: Option<u32>,
    /// The share of flows that also try a wrong code.
    pub wrong_code: f64,
    /// The share of flows that also try a code again.
    pub reused_code: f64,
    /// How late one flow in a hundred may begin, before the run says that the generator was the bottleneck.
    pub lateness: Duration,
    /// What has to hold at the end.
    pub thresholds: Vec<Threshold>,
}

/// When flows begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrivals {
    /// At a rate, whatever the target does: an open loop.
    Open {
        /// Arrivals per second, before the ramp.
        rate: f64,
        /// How they are spaced.
        spacing: Spacing,
    },
    /// When the one before is done: a closed loop of so many users, which a stalled target slows down.
    Closed {
        /// Users at once.
        users: u32,
    },
}

/// How arrivals are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Spacing {
    /// Evenly.
    #[default]
    Constant,
    /// As independent people come: exponentially distributed, drawn from the seed.
    Poisson,
}

/// When no further flow begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// After so long, the warm-up included.
    After(Duration),
    /// After so many flows.
    Flows(u64),
}

/// One stretch of the ramp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// The rate at its end; it is reached in a straight line.
    pub to: f64,
    /// How long it is.
    pub over: Duration,
}

/// How connections are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Connections {
    /// One for each user under way, kept alive.
    #[default]
    KeepAlive,
    /// A new one for each flow.
    New,
}

/// What the command line has in place of the plan's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// A rate: an open loop without a ramp.
    pub rate: Option<f64>,
    /// Users: a closed loop.
    pub users: Option<u32>,
    /// How long.
    pub duration: Option<Duration>,
    /// What is not counted at the beginning.
    pub warm_up: Option<Duration>,
    /// One flow alone.
    pub flow: Option<FlowName>,
    /// The seed.
    pub seed: Option<u64>,
    /// Further thresholds.
    pub thresholds: Vec<Threshold>,
}

/// The seconds that a user rests on the target's clock: one step of an authenticator, and longer where the target declares a
/// longer interval between two sends.
pub const REST_SECONDS: u32 = 30;

impl LoadPlan {
    /// Puts what the command line says in place of what the plan says.
    #[must_use]
    pub fn with(mut self, overrides: &Overrides) -> Self {
        if let Some(rate) = overrides.rate {
            let spacing = match self.arrivals {
                Arrivals::Open { spacing, .. } => spacing,
                Arrivals::Closed { .. } => Spacing::default(),
            };
            self.arrivals = Arrivals::Open { rate, spacing };
            self.ramp.clear();
        }
        if let Some(users) = overrides.users {
            self.arrivals = Arrivals::Closed { users };
            self.ramp.clear();
        }
        if let Some(duration) = overrides.duration {
            self.stop = Stop::After(duration);
            self.warm_up = self.warm_up.min(duration / 2);
        }
        if let Some(warm_up) = overrides.warm_up {
            self.warm_up = warm_up;
        }
        if let Some(flow) = overrides.flow {
            self.mix = BTreeMap::from([(flow, 1)]);
        }
        if let Some(seed) = overrides.seed {
            self.seed = seed;
        }
        self.thresholds.extend(overrides.thresholds.iter().cloned());
        self
    }

    /// Returns the highest rate that the plan reaches; none in a closed loop.
    #[must_use]
    pub fn highest_rate(&self) -> Option<f64> {
        match self.arrivals {
            Arrivals::Open { rate, .. } => Some(
                self.ramp
                    .iter()
                    .map(|stretch| stretch.to)
                    .fold(rate, f64::max),
            ),
            Arrivals::Closed { .. } => None,
        }
    }

    /// Returns the share of a flow among the arrivals.
    #[must_use]
    pub fn share(&self, flow: FlowName) -> f64 {
        let whole: u64 = self.mix.values().map(|weight| u64::from(*weight)).sum();
        let part = self.mix.get(&flow).copied().unwrap_or_default();
        f64::from(part) / (whole.max(1) as f64)
    }

    /// Counts the accounts that a flow needs, so that each rests on the target's clock between two runs.
    ///
    /// An open loop at rate *r* needs *r* × rest, and as many again as may be under way for a second. A closed loop has no
    /// rate: it gets what [`Self::accounts`] says, and waits where that is too few.
    #[must_use]
    pub fn accounts_for(&self, flow: FlowName, rest_seconds: u32) -> u32 {
        let share = self.share(flow);
        if share <= 0.0 {
            return 0;
        }
        if let Some(accounts) = self.accounts {
            return whole(f64::from(accounts) * share).max(1);
        }
        let rest = if flow.rests() {
            f64::from(rest_seconds) / f64::from(self.pace.max(1))
        } else {
            0.0
        };
        match self.arrivals {
            // A tick of the clock and a stall of a second are provided for.
            Arrivals::Open { .. } => {
                let mean = self.highest_rate().unwrap_or_default() * share * (rest + 2.0);
                // Arrivals come in bunches: four standard deviations of a Poisson number above its mean.
                whole(mean + 4.0 * mean.sqrt() + 2.0)
            }
            Arrivals::Closed { users } => whole(f64::from(users) * CLOSED_ACCOUNTS * share).max(1),
        }
    }

    /// Returns a fingerprint of the plan's content, so that results are only compared with results of the same plan.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut plan = self.clone();
        plan.title.clear();
        plan.thresholds.clear();
        let digest = Sha256::digest(format!("{plan:?}").as_bytes());
        digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// Accounts for each user of a closed loop, where the plan says nothing.
const CLOSED_ACCOUNTS: f64 = 16.0;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is rounded up and held within the range"
)]
fn whole(number: f64) -> u32 {
    number.ceil().clamp(0.0, f64::from(u32::MAX)) as u32
}
