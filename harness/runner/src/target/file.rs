//! A target file as it is written: plain types, one source for reading, diagnostics and the JSON Schema.

use std::collections::BTreeMap;

use proofup_domain::capabilities::{Facility, Feature, Limits};
use proofup_domain::command::CodeShape;
use proofup_domain::edition::Edition;
use proofup_domain::method::{ChallengeKind, Method, Role};
use proofup_domain::refusal::Refusal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::operation::Operation;
use super::profile::Isolation;
use super::surroundings::{ClockFile, GatewaysFile, ProcessFile, policy_schema};

/// Binds the operations of the harness to the HTTP requests of one implementation.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "TargetFile", extend("required" = ["name", "base", "capabilities"]))]
pub(super) struct TargetFile {
    /// What reports call the implementation.
    #[schemars(with = "String")]
    pub(super) name: Option<String>,
    /// Where it listens, such as `http://127.0.0.1:8080`; every path is appended to it.
    #[schemars(with = "String")]
    pub(super) base: Option<String>,
    /// What keeps scenarios apart: a tenant of their own, a user of their own, or nothing.
    pub(super) isolation: Isolation,
    /// How long to wait before saying that a message did not come: `2s`. Default: not at all.
    pub(super) settle: Option<String>,
    /// The regular expression that finds a code in a message: its first group, else all of it.
    pub(super) code_pattern: Option<String>,
    /// How time moves; absent: the machine's clock, which nothing moves.
    pub(super) clock: ClockFile,
    /// How the implementation is started and ended; absent: somebody else sees to that.
    pub(super) process: Option<ProcessFile>,
    /// Where our gateways listen, if one host of them serves a whole run; that is so where no tenant is made.
    pub(super) gateways: Option<GatewaysFile>,
    /// The implementation's own policy, in the words of scenarios: what stands here holds whatever a scenario says. What is
    /// left out has its documented value.
    #[schemars(schema_with = "policy_schema")]
    pub(super) policy: Option<Map<String, Json>>,
    /// The fields of a policy that cases can set, such as `twoStep.kinds`. Absent: with the facility `policy` all that
    /// `[policy]` does not name, else none.
    pub(super) policy_settable: Option<Vec<String>>,
    /// What the implementation declares about itself.
    pub(super) capabilities: Option<CapabilitiesFile>,
    /// The path of the implementation's OpenAPI 3 document, such as `/openapi.json`; `proofup measure` draws malformed input
    /// for each endpoint that stands in it.
    pub(super) openapi: Option<String>,
    /// Users that exist already.
    pub(super) users: Vec<UserFile>,
    /// The operations, by name.
    #[schemars(schema_with = "operations_schema")]
    pub(super) operations: BTreeMap<String, OperationFile>,
    /// What answers that are no success mean, for every operation, after the operation's own.
    pub(super) refusals: Vec<RefusalFile>,
}

/// Declares what the implementation offers, or says where to ask; what stands here holds over what it answers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct CapabilitiesFile {
    /// The path to ask, such as `/.well-known/security-info`; without it everything else must be declared.
    pub(super) discover: Option<String>,
    /// Editions that the policy may name.
    pub(super) editions: Option<Vec<Edition>>,
    /// Methods that exist.
    pub(super) methods: Option<Vec<Method>>,
    /// Challenge kinds that exist.
    pub(super) kinds: Option<Vec<ChallengeKind>>,
    /// Features that exist.
    pub(super) features: Option<Vec<Feature>>,
    /// What the harness may use.
    pub(super) facilities: Option<Vec<Facility>>,
    /// Exact limits.
    pub(super) limits: Option<Limits>,
    /// Shapes near a code that are taken as the code.
    pub(super) code_shapes_accepted: Option<Vec<CodeShape>>,
}

/// Names one user that exists already.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UserFile {
    /// What reports call the user.
    pub(super) name: String,
    /// The sign-in address.
    pub(super) user_principal_name: String,
    /// The password, or `${VARIABLE}` for one from the environment.
    pub(super) password: String,
    /// `member` (default) or `administrator`.
    #[serde(default)]
    pub(super) role: Option<Role>,
}

/// Binds one operation: what is sent, and what the answers mean.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["answers"]))]
pub(super) struct OperationFile {
    /// The request, where one is enough.
    pub(super) request: Option<RequestFile>,
    /// The requests, sent one after the other; the answer to the last one counts, or the first that is an error.
    pub(super) requests: Vec<RequestFile>,
    /// What successes look like, tried in order.
    pub(super) answers: Vec<AnswerFile>,
    /// What later steps need of a success, by name.
    pub(super) keep: BTreeMap<String, String>,
    /// What refusals look like, tried in order before the file's own.
    pub(super) refusals: Vec<RefusalFile>,
}

/// Describes one request; `{name}` in it is a variable, `${NAME}` a secret of the environment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RequestFile {
    /// GET, POST, PUT, PATCH or DELETE.
    pub(super) method: String,
    /// The path, from `/`; values are percent-encoded.
    pub(super) path: String,
    /// Query parameters; one whose variable has no value is left out.
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
    /// Headers; one whose variable has no value is left out.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// The JSON body; a member whose variable has no value is left out.
    #[serde(default)]
    pub(super) body: Option<Json>,
    /// The form fields, in place of a JSON body.
    #[serde(default)]
    pub(super) form: Option<BTreeMap<String, String>>,
}

/// Recognises one success.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AnswerFile {
    /// The status, or any of several.
    pub(super) status: StatusFile,
    /// What else must hold: what a path selects, or a header, equals the value.
    #[serde(default, rename = "where")]
    pub(super) conditions: BTreeMap<String, Json>,
    /// The fields of the answer.
    #[serde(default)]
    pub(super) answer: BTreeMap<String, MappingFile>,
}

/// Recognises one refusal.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RefusalFile {
    /// The status, or any of several.
    pub(super) status: StatusFile,
    /// What else must hold: what a path selects, or a header, equals the value.
    #[serde(default, rename = "where")]
    pub(super) conditions: BTreeMap<String, Json>,
    /// What it means.
    pub(super) refused: Refusal,
    /// Where its details are.
    #[serde(default)]
    pub(super) fields: RefusalFieldsFile,
}

/// Says where the details of a refusal are.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct RefusalFieldsFile {
    /// Wrong tries that are left.
    pub(super) tries_left: Option<String>,
    /// Seconds until it is worth trying again.
    pub(super) retry_after: Option<String>,
    /// The field that is wrong.
    pub(super) field: Option<String>,
}

/// One status or several.
///
/// Untagged, which makes serde's own errors useless: the walk over the schema has reported every wrong form before.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum StatusFile {
    /// One.
    One(i64),
    /// Any of several.
    AnyOf(Vec<i64>),
}

/// Says where a field of an answer comes from.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum MappingFile {
    /// A JSONPath, or `header:name`.
    Path(String),
    /// The first that selects something.
    FirstOf(Vec<String>),
    /// Anything else.
    Made(MadeFile),
}

/// Makes a field: an object, a list of objects, a constant, or whether something is there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "MadeFieldFile")]
pub(super) struct MadeFile {
    /// Makes a list: one object for each node that this path selects.
    #[serde(default)]
    pub(super) each: Option<String>,
    /// Makes an object of the node that this path selects; nothing where it selects nothing.
    #[serde(default)]
    pub(super) at: Option<String>,
    /// The fields of each object, their paths relative to its node.
    #[serde(default)]
    pub(super) answer: Option<BTreeMap<String, MappingFile>>,
    /// Whether this path selects anything.
    #[serde(default)]
    pub(super) exists: Option<String>,
    /// Always this.
    #[serde(default)]
    pub(super) value: Option<Json>,
}

/// Lists every operation by name, so that editors complete them and a wrong one is an unknown key.
fn operations_schema(generator: &mut SchemaGenerator) -> Schema {
    let operation = generator.subschema_for::<OperationFile>();
    let properties: Map<String, Json> = Operation::ALL
        .iter()
        .map(|one| (one.as_str().to_owned(), Json::from(operation.clone())))
        .collect();
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// Gives the JSON Schema of target files, for editors and for `proofup schema target`.
#[must_use]
pub fn json_schema() -> Json {
    Json::from(schemars::schema_for!(TargetFile))
}
