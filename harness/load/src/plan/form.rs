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
    /// When flows begin: a rate, or users that wait for each other.
    pub(super) arrivals: ArrivalsForm,
    /// When no further flow begins.
    pub(super) stop: StopForm,
    /// What is not counted at the beginning, such as `2s`; default 0s.
    pub(super) warm_up: Option<String>,
    /// The weight of each flow.
    pub(super) mix: MixForm,
    /// How the rate changes: one stretch after the other.
    #[serde(default)]
    pub(super) ramp: Vec<StretchForm>,
    /// Whether connections are kept alive, or new for each flow; default `keepAlive`.
    pub(super) connections: Option<Connections>,
    /// How long one request or one message may take; default 10s.
    pub(super) timeout: Option<String>,
    /// How many seconds pass for the target's tenants in one second; default 1. Above 1 the target needs a clock that can be
    /// moved, and fewer accounts are needed.
    pub(super) pace: Option<u32>,
    /// How many accounts are made; default: as many as the plan needs.
    pub(super) accounts: Option<u32>,
    /// The share of flows that try a code which must be refused.
    #[serde(default)]
    pub(super) probes: ProbesForm,
    /// How late one flow in a hundred may begin, before the run says that the generator was the bottleneck; default 20ms.
    pub(super) lateness: Option<String>,
    /// What has to hold at the end, such as `secondStepText.p99<50ms`.
    #[serde(default)]
    pub(super) thresholds: Vec<String>,
}

/// When flows begin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ArrivalsForm {
    /// Arrivals at a rate, such as `200/s`, whatever the target does.
    pub(super) rate: Option<String>,
    /// How they are spaced; default `constant`.
    pub(super) spacing: Option<Spacing>,
    /// Users at once, each of whom begins when the flow before is done.
    pub(super) users: Option<u32>,
}

/// When no further flow begins.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StopForm {
    /// After so long, such as `30s`.
    pub(super) after: Option<String>,
    /// After so many flows.
    pub(super) flows: Option<u32>,
}

/// The weight of each flow.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct MixForm {
    /// Sets up an e-mail address.
    pub(super) enrol_email: u32,
    /// Sets up a mobile number by text.
    pub(super) enrol_text: u32,
    /// Sets up an office number by call.
    pub(super) enrol_call: u32,
    /// Sets up the Microsoft app.
    pub(super) enrol_app: u32,
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
    /// The rate at its end.
    pub(super) to: String,
    /// How long it is.
    pub(super) over: String,
}

/// The share of flows that try a code which must be refused.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct ProbesForm {
    /// That try a wrong code first, such as `2%`; default 1%.
    pub(super) wrong_code: Option<String>,
    /// That try the code again afterwards, such as `2%`; default 1%.
    pub(super) reused_code: Option<String>,
}
