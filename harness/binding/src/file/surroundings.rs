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
    /// By what it is moved. Absent: by `advanceClock` where that is bound, else by nothing.
    #[serde(rename = "move")]
    pub(crate) moved: Option<ClockMove>,
    /// What `sh -c` runs, in the folder of this file, to move it; `{seconds}` in it is how far.
    pub(crate) command: Option<String>,
}

/// How the implementation is started and ended.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProcessFile {
    /// What `sh -c` runs, in the folder of this file, to start it.
    pub(crate) start: String,
    /// What ends it; absent: the signals TERM and, five seconds later, KILL to all that `start` started.
    #[serde(default)]
    pub(crate) stop: Option<String>,
    /// How to tell that it is ready.
    #[serde(default)]
    pub(crate) ready: ReadyFile,
    /// What it finds in its environment beside ours. `{gateway.sms}`, `{gateway.voice}`, `{gateway.mail}`, `{gateway.push}`,
    /// `{gateway.smtp}`, `{gateway.smtpHost}`, `{gateway.smtpPort}`, `{clockFile}`, `{folder}`, `{port}` and `{base}` are
    /// filled in.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
}

/// How to tell that the implementation is ready.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ReadyFile {
    /// The path to ask for until the status is below 500; default `/`.
    pub(crate) path: Option<String>,
    /// How long that may take; default `60s`.
    pub(crate) within: Option<String>,
}

/// Where our gateways listen for an implementation that is not told with each tenant.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct GatewaysFile {
    /// The port of the SMS, voice, mail and push providers; 0, the default, takes a free one.
    pub(crate) http: i64,
    /// The port of the mail server; 0, the default, takes a free one.
    pub(crate) smtp: i64,
    /// The address to listen on; default `127.0.0.1`.
    pub(crate) bind: Option<String>,
    /// The host name by which the implementation reaches us, where that is another, as from within a container.
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
