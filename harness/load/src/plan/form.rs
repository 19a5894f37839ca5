//! What a plan looks like as a file: the types that the schema is made of.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Connections, Spacing};

/// A load plan: what arrives when, of what it is mixed, and when it ends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PlanForm {
    /// What the plan is called.
    pub(super) title: Option<String>,
    /// The seed of people, arrivals and probes; default 1.
    pub(super) seed: Option<u32>,
    /// When flows begin: at a rate (an open loop), or whenever a user is free (a closed loop).
    pub(super) arrivals: ArrivalsForm,
    /// When no further flow begins.
    pub(super) stop: StopForm,
    /// The initial period that is excluded from the results, such as `2s`; default `0s`.
    pub(super) warm_up: Option<String>,
    /// The weight of each flow.
    pub(super) mix: MixForm,
    /// How the rate of an open loop changes: one stretch after the other, then it stays.
    #[serde(default)]
    pub(super) ramp: Vec<StretchForm>,
    /// Whether connections are kept alive, or new for each flow; default `keepAlive`.
    pub(super) connections: Option<Connections>,
    /// The time-out of one request and of the wait for one message; default `10s`.
    pub(super) timeout: Option<String>,
    /// How many seconds pass for the target's tenants in each real second; default 1. Above 1, the target needs a clock that
    /// can be moved, and fewer accounts are enough.
    pub(super) pace: Option<u32>,
    /// How many accounts are made; default: as many as the plan needs.
    pub(super) accounts: Option<u32>,
    /// The shares of flows that also try a code which must be refused.
    #[serde(default)]
    pub(super) probes: ProbesForm,
    /// How late flows may start, at the 99th percentile, before the run reports that the generator was the bottleneck; default
    /// `20ms`.
    pub(super) lateness: Option<String>,
    /// Conditions on the results, such as `secondStepText.p99<50ms`.
    #[serde(default)]
    pub(super) thresholds: Vec<String>,
}

/// When flows begin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ArrivalsForm {
    /// The arrival rate of an open loop, such as `200/s`.
    pub(super) rate: Option<String>,
    /// How the arrivals of an open loop are spaced; default `constant`.
    pub(super) spacing: Option<Spacing>,
    /// The number of users of a closed loop; each begins a flow when the previous one has ended.
    pub(super) users: Option<u32>,
}

/// When no further flow begins.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StopForm {
    /// After this time, such as `30s`, the warm-up included.
    pub(super) after: Option<String>,
    /// After this many flows.
    pub(super) flows: Option<u32>,
}

/// The weight of each flow.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct MixForm {
    /// Sets up an e-mail address.
    pub(super) enroll_email: u32,
    /// Sets up a mobile number by text.
    pub(super) enroll_text: u32,
    /// Sets up an office number by call.
    pub(super) enroll_call: u32,
    /// Sets up the Microsoft app.
    pub(super) enroll_app: u32,
    /// Signs in with a code by text.
    pub(super) second_step_text: u32,
    /// Signs in with the code of an authenticator app.
    pub(super) second_step_app_code: u32,
    /// Signs in by approving a notification.
    pub(super) second_step_notification: u32,
    /// Resets a forgotten password.
    pub(super) reset_password: u32,
    /// Signs in with a password alone.
    pub(super) sign_in: u32,
}

/// One stretch of the ramp.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StretchForm {
    /// The rate at its end, reached in a straight line.
    pub(super) to: String,
    /// How long it takes.
    pub(super) over: String,
}

/// The shares of flows that also try a code which must be refused.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct ProbesForm {
    /// The share that tries a wrong code before the right one, such as `2%`; default `1%`.
    pub(super) wrong_code: Option<String>,
    /// The share that tries the right code again afterwards, such as `2%`; default `1%`.
    pub(super) reused_code: Option<String>,
}
