//! The parts of a target file about the world around the implementation: its process, our gateways, its clock, its own policy.

use std::collections::BTreeMap;

use proofup_domain::policy::Policy;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::profile::{ClockMode, ClockMove, ClockScope};

/// How time moves.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "ClockControlFile")]
pub(crate) struct ClockControlFile {
    /// What one movement moves.
    pub(crate) scope: ClockScope,
    /// Whether time passes by itself.
    pub(crate) mode: ClockMode,
    /// What moves it; absent: `advanceClock` if it is bound, otherwise nothing.
    #[serde(rename = "move")]
    pub(crate) moved: Option<ClockMove>,
    /// The command that moves it, run by `sh -c` in this file's folder; `{seconds}` in it is replaced by how far.
    pub(crate) command: Option<String>,
}

/// How proofup starts and stops the implementation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProcessFile {
    /// The command that starts it, run by `sh -c` in this file's folder.
    pub(crate) start: String,
    /// The command that stops it. What is left of its process group afterwards gets TERM and, five seconds later, KILL.
    #[serde(default)]
    pub(crate) stop: Option<String>,
    /// How to tell that it is ready.
    #[serde(default)]
    pub(crate) ready: ReadyFile,
    /// Variables of its environment, in addition to proofup's own. `{gateway.sms}`, `{gateway.voice}`, `{gateway.mail}`,
    /// `{gateway.push}`, `{gateway.smtp}`, `{gateway.smtpHost}`, `{gateway.smtpPort}`, `{clockFile}`, `{folder}`, `{port}` and
    /// `{base}` are filled in.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
}

/// How to tell that the implementation is ready.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ReadyFile {
    /// The path that is requested until the status is below 500; default `/`.
    pub(crate) path: Option<String>,
    /// How long that may take; default `60s`.
    pub(crate) within: Option<String>,
}

/// Where proofup's gateways listen for an implementation without tenants.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct GatewaysFile {
    /// The port of the SMS, voice, mail and push providers; default 0: any free port.
    pub(crate) http: i64,
    /// The port of the mail server; default 0: any free port.
    pub(crate) smtp: i64,
    /// The address to listen on; default `127.0.0.1`.
    pub(crate) bind: Option<String>,
    /// The host name by which the implementation reaches them, if it is another, as from within a container.
    pub(crate) advertised: Option<String>,
}

/// Describes `[policy]`: the fields of a policy but for the edition, which belongs to a case.
pub(crate) fn policy_schema(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = Policy::json_schema(generator);
    if let Some(Json::Object(properties)) = schema.get_mut("properties") {
        properties.shift_remove("edition");
    }
    schema
}
