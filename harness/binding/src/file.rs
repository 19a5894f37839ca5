//! A target file as it is written: plain types, one source for reading, diagnostics and the JSON Schema.

pub(super) mod surroundings;

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

use surroundings::{ClockControlFile, GatewaysFile, ProcessFile, policy_schema};

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
    /// Headers of every request; `${NAME}` is a secret from the environment. A header of the same name on a request replaces
    /// them.
    pub(super) headers: BTreeMap<String, String>,
    /// The time-out of one request, such as `5s`; default `10s`, and `60s` for a command.
    pub(super) timeout: Option<String>,
    /// An HTTP proxy, such as `http://127.0.0.1:3128`.
    pub(super) proxy: Option<String>,
    /// A PEM file of certificates that are trusted in addition to the system's; its path is relative to this file's folder.
    pub(super) ca: Option<String>,
    /// `true`: every session and every reset has its own cookie jar.
    pub(super) cookies: bool,
    /// What keeps cases apart: a tenant or a user of their own, or nothing (default).
    pub(super) isolation: Isolation,
    /// How long to wait before deciding that a message did not come, such as `2s`; default: no wait.
    pub(super) settle: Option<String>,
    /// The regular expression that finds a code in a message (its first group, else the whole match), or one for each channel.
    /// Default: 6 to 10 digits that stand alone.
    pub(super) code_pattern: Option<CodePatternFile>,
    /// Answers that mean that the session has expired: `refreshSession` is called and the request sent once more.
    pub(super) refresh: Option<RefreshFile>,
    /// The implementation's words for those of proofup: they fill `{method}`, `{kind}`, `{role}` and `{reply}`, and answers are
    /// translated back.
    pub(super) words: WordsFile,
    /// How to get a CSRF token and where it goes; it is sent with every request that is not GET or HEAD.
    pub(super) csrf: Option<CsrfFile>,
    /// How time moves; absent: the machine's clock, which nothing moves.
    pub(super) clock: ClockControlFile,
    /// How proofup starts and stops the implementation; absent: it is started by somebody else.
    pub(super) process: Option<ProcessFile>,
    /// Where proofup's gateways listen, if one set of them serves the whole run: that is so where `createTenant` is not bound.
    pub(super) gateways: Option<GatewaysFile>,
    /// The implementation's own policy, in the words of scenarios; it applies whatever a scenario says. Fields that are left
    /// out have their documented values.
    #[schemars(schema_with = "policy_schema")]
    pub(super) policy: Option<Map<String, Json>>,
    /// The fields of a policy that `setPolicy` can set, such as `twoStep.kinds`. Absent: with the facility `policy` all that
    /// `[policy]` does not name, otherwise none.
    pub(super) policy_settable: Option<Vec<String>>,
    /// What the implementation declares about itself.
    pub(super) capabilities: Option<CapabilitiesFile>,
    /// The path of the implementation's OpenAPI 3 document, such as `/openapi.json`; `proofup measure` generates malformed
    /// requests for each path in it.
    pub(super) openapi: Option<String>,
    /// Users that exist already.
    pub(super) users: Vec<UserFile>,
    /// Probes of the doctor that fail because of the implementation itself, not because of this file.
    pub(super) known: Vec<KnownFile>,
    /// The operations, by name.
    #[schemars(schema_with = "operations_schema")]
    pub(super) operations: BTreeMap<String, OperationFile>,
    /// What unsuccessful answers mean, for every operation; tried after the operation's own.
    pub(super) refusals: Vec<RefusalFile>,
}

/// What the implementation has, or the path to ask for it; fields that stand here override its answer.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct CapabilitiesFile {
    /// The path to ask, such as `/.well-known/security-info`; without it, all other fields but `codeShapesAccepted` are needed.
    pub(super) discover: Option<String>,
    /// Editions that the policy may name.
    pub(super) editions: Option<Vec<Edition>>,
    /// Methods that exist.
    pub(super) methods: Option<Vec<Method>>,
    /// Challenge kinds that exist.
    pub(super) kinds: Option<Vec<ChallengeKind>>,
    /// Features that exist.
    pub(super) features: Option<Vec<Feature>>,
    /// The means that proofup may use: setting the policy, moving time, receiving messages and so on.
    pub(super) facilities: Option<Vec<Facility>>,
    /// Exact limits.
    pub(super) limits: Option<Limits>,
    /// Other ways of typing a code that are accepted.
    pub(super) code_shapes_accepted: Option<Vec<CodeShape>>,
}

/// A probe of the doctor that fails because of the implementation itself.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KnownFile {
    /// The probe, as the doctor calls it: `sign-out`.
    pub(super) probe: String,
    /// What the implementation does, and how that was seen.
    pub(super) reason: String,
}

/// One user that exists already.
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

/// Finds codes in messages.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum CodePatternFile {
    /// In messages of every channel.
    Every(String),
    /// By channel.
    By(ChannelPatternsFile),
}

/// Finds codes in the messages of each channel; a channel that is not named has the default.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct ChannelPatternsFile {
    /// In text messages.
    pub(super) sms: Option<String>,
    /// In what is said in calls.
    pub(super) voice: Option<String>,
    /// In mails.
    pub(super) email: Option<String>,
    /// In notifications.
    pub(super) push: Option<String>,
}

/// Recognises that a session has expired.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RefreshFile {
    /// The status, or any of several.
    pub(super) status: StatusFile,
    /// What else must hold.
    #[serde(default, rename = "where")]
    pub(super) conditions: BTreeMap<String, ConditionFile>,
}

/// The implementation's own words, by set and word of the domain.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct WordsFile {
    /// The words for methods.
    #[schemars(schema_with = "by_word::<Method>")]
    pub(super) method: BTreeMap<String, String>,
    /// The words for challenge kinds.
    #[schemars(schema_with = "by_word::<ChallengeKind>")]
    pub(super) kind: BTreeMap<String, String>,
    /// The words for roles of users.
    #[schemars(schema_with = "by_word::<Role>")]
    pub(super) role: BTreeMap<String, String>,
    /// The words for what a device replies to a notification.
    #[schemars(schema_with = "replies_schema")]
    pub(super) reply: BTreeMap<String, String>,
}

/// How to get a CSRF token, and where it goes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CsrfFile {
    /// The request whose answer contains the token, sent with the same cookies.
    pub(super) request: RequestFile,
    /// The source of the token in that answer.
    pub(super) token: String,
    /// The header that carries the token; either this or `field`.
    #[serde(default)]
    pub(super) header: Option<String>,
    /// The form field or JSON member that carries the token.
    #[serde(default)]
    pub(super) field: Option<String>,
    /// Whether it is fetched once for each session (default) or for each request.
    #[serde(default)]
    pub(super) every: CsrfEvery,
}

/// How long a CSRF token lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum CsrfEvery {
    /// As long as the session.
    #[default]
    Session,
    /// For one request.
    Request,
}

/// Binds one operation: what is sent, and what the answers mean.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct OperationFile {
    /// The request, if there is only one.
    pub(super) request: Option<RequestFile>,
    /// The requests, sent one after the other. The answer to the last one counts, or the first with a status of 400 or
    /// above.
    pub(super) requests: Vec<RequestFile>,
    /// In place of requests: the implementation needs no request here, and these fields are taken as its answer.
    pub(super) assumed: Option<BTreeMap<String, Json>>,
    /// In place of requests: a command, run by `sh -c` in this file's folder, with the variables as JSON on its standard
    /// input. Exit status 0 counts as status 200, any other as 500; its standard output is the body.
    pub(super) command: Option<String>,
    /// Several ways to do it: the first whose `when` fits is used. Keys beside `ways` apply to all of them.
    pub(super) ways: Vec<WayFile>,
    /// What successes look like, tried in order.
    pub(super) answers: Vec<AnswerFile>,
    /// Values of a success that later steps need, by name.
    pub(super) keep: BTreeMap<String, KeepFile>,
    /// What refusals look like, tried in order before the file's own.
    pub(super) refusals: Vec<RefusalFile>,
}

/// Describes one of several ways to do an operation.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct WayFile {
    /// The value that each variable must have: a constant, or one of a list. A variable without a value fits nothing.
    pub(super) when: BTreeMap<String, WantedFile>,
    /// The request, if there is only one.
    pub(super) request: Option<RequestFile>,
    /// The requests, sent one after the other.
    pub(super) requests: Vec<RequestFile>,
    /// In place of requests: these fields are taken as the answer.
    pub(super) assumed: Option<BTreeMap<String, Json>>,
    /// In place of requests: a command.
    pub(super) command: Option<String>,
    /// What successes look like; if there are none, those of the operation apply.
    pub(super) answers: Vec<AnswerFile>,
    /// Values of a success that later steps need, in addition to those that the operation keeps.
    pub(super) keep: BTreeMap<String, KeepFile>,
    /// What refusals look like, tried before those of the operation.
    pub(super) refusals: Vec<RefusalFile>,
}

/// The value that a variable must have.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum WantedFile {
    /// This text.
    Text(String),
    /// This boolean.
    Truth(bool),
    /// This number.
    Number(i64),
    /// One of these texts.
    AnyOf(Vec<String>),
}

/// Where a value that is kept comes from.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum KeepFile {
    /// A source.
    Path(String),
    /// Several sources, of which the first that finds something counts.
    FirstOf(Vec<String>),
    /// One or several sources, and whether the value may be shown.
    Full(KeepFullFile),
}

/// Where a value that is kept comes from, and whether it may be shown.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeepFullFile {
    /// Where it comes from: a source, or several, of which the first that finds something counts.
    pub(super) from: SourcesFile,
    /// `true`: it is not a secret and may be shown. This changes nothing for names that proofup knows, such as `session`.
    #[serde(default)]
    pub(super) open: bool,
}

/// One source or several.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum SourcesFile {
    /// A source.
    One(String),
    /// Several sources, of which the first that finds something counts.
    FirstOf(Vec<String>),
}

/// Describes one request; `{name}` in it is a variable, `${NAME}` a secret from the environment.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct RequestFile {
    /// GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS; with `fromForm`, it may be left out for the method of the form.
    pub(super) method: Option<String>,
    /// The path, from `/`; values are percent-encoded. With `fromForm`, it may be left out for the address of the form.
    pub(super) path: Option<String>,
    /// Query parameters; one whose variable has no value is left out.
    pub(super) query: BTreeMap<String, String>,
    /// Headers; one whose variable has no value is left out.
    pub(super) headers: BTreeMap<String, String>,
    /// The JSON body; a member whose variable has no value is left out.
    pub(super) body: Option<Json>,
    /// The form fields, in place of a JSON body.
    pub(super) form: Option<BTreeMap<String, String>>,
    /// The fields of a `multipart/form-data` body.
    pub(super) multipart: Option<BTreeMap<String, String>>,
    /// A body of plain text.
    pub(super) text: Option<String>,
    /// The CSS selector of a form in the previous answer: its address, method and fields are sent, overridden by `form`.
    pub(super) from_form: Option<String>,
    /// Values of the answer that later requests, and later operations, need.
    pub(super) keep: BTreeMap<String, KeepFile>,
    /// Statuses of 400 and above after which the operation's next request is still sent.
    pub(super) go_on: Vec<StatusOneFile>,
    /// `true`: redirects to the same host are followed, at most ten. Otherwise a redirect is an answer like any other.
    pub(super) follow: bool,
    /// The time-out of this request, in place of the file's `timeout`.
    pub(super) timeout: Option<String>,
    /// Repeats the request until conditions hold.
    pub(super) poll: Option<PollFile>,
    /// `false`: it is sent without the file's CSRF token.
    pub(super) csrf: Option<bool>,
}

/// How a request is repeated until conditions hold.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PollFile {
    /// The conditions that the answer must meet, by source.
    pub(super) until: BTreeMap<String, ConditionFile>,
    /// The interval: `200ms`.
    pub(super) every: String,
    /// How long at most: `5s`. Then the last answer counts.
    pub(super) within: String,
}

/// The condition that a value must meet.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum ConditionFile {
    /// This text.
    Text(String),
    /// This boolean.
    Truth(bool),
    /// This number.
    Number(serde_json::Number),
    /// This list.
    List(Vec<Json>),
    /// A value that meets all of these conditions.
    Matcher(MatcherFile),
}

/// Conditions that a value must meet; those that are left out do not matter.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct MatcherFile {
    /// This regular expression matches somewhere in it.
    pub(super) matches: Option<String>,
    /// A text contains this; a list has it as an element.
    pub(super) contains: Option<String>,
    /// `true`: there is a value; `false`: there is none.
    pub(super) exists: Option<bool>,
    /// It equals one of these.
    pub(super) one_of: Option<Vec<Json>>,
}

/// Recognises one success.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AnswerFile {
    /// The status, or any of several.
    pub(super) status: StatusFile,
    /// What else must hold, by source.
    #[serde(default, rename = "where")]
    pub(super) conditions: BTreeMap<String, ConditionFile>,
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
    /// What else must hold, by source.
    #[serde(default, rename = "where")]
    pub(super) conditions: BTreeMap<String, ConditionFile>,
    /// The refusal that it means.
    pub(super) refused: Refusal,
    /// Where the details of the refusal are found.
    #[serde(default)]
    pub(super) fields: RefusalFieldsFile,
}

/// Where the details of a refusal are.
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
    /// A number.
    Number(i64),
    /// A class such as `2xx`.
    Class(String),
    /// Any of several.
    AnyOf(Vec<StatusOneFile>),
}

/// One status, or a class of them.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum StatusOneFile {
    /// A number.
    Number(i64),
    /// A class such as `2xx`.
    Class(String),
}

/// Where a field of an answer comes from.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum MappingFile {
    /// A source.
    Path(String),
    /// Several sources, of which the first that finds something counts.
    FirstOf(Vec<String>),
    /// Anything else: a table.
    Made(Box<MadeFile>),
}

/// Makes a field: an object, a list, a constant, whether something is there, or what a source finds, translated.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "MadeFieldFile")]
pub(super) struct MadeFile {
    /// Makes a list: one object for each node that this path selects.
    #[serde(default)]
    pub(super) each: Option<String>,
    /// Makes an object of the node that this path selects; if it selects nothing, there is no object.
    #[serde(default)]
    pub(super) at: Option<String>,
    /// The fields of each object, their paths relative to its node.
    #[serde(default)]
    pub(super) answer: Option<BTreeMap<String, MappingFile>>,
    /// Makes a boolean: whether this path selects anything.
    #[serde(default)]
    pub(super) exists: Option<String>,
    /// A constant.
    #[serde(default)]
    pub(super) value: Option<Json>,
    /// What a source finds, or the first of several that finds something.
    #[serde(default)]
    pub(super) from: Option<SourcesFile>,
    /// With `from`: proofup's word for each of the implementation's.
    #[serde(default)]
    pub(super) words: Option<BTreeMap<String, Json>>,
    /// Makes a list of those constants whose conditions hold.
    #[serde(default)]
    pub(super) collect: Option<Vec<CollectFile>>,
}

/// An element of a list, and the conditions under which the list contains it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CollectFile {
    /// The element.
    pub(super) value: Json,
    /// What must hold, by source.
    #[serde(default, rename = "where")]
    pub(super) conditions: BTreeMap<String, ConditionFile>,
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

/// Lists the words of a closed set, each with a text.
fn by_word<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let set = T::json_schema(generator);
    let set = Json::from(set);
    let plain = set["enum"].as_array().into_iter().flatten();
    let described = set["oneOf"].as_array().into_iter().flatten();
    let words = plain
        .chain(described.map(|one| &one["const"]))
        .filter_map(Json::as_str);
    texts_by_name(words)
}

fn replies_schema(_: &mut SchemaGenerator) -> Schema {
    texts_by_name(["approve", "deny"])
}

fn texts_by_name<'a>(names: impl IntoIterator<Item = &'a str>) -> Schema {
    let properties: Map<String, Json> = names
        .into_iter()
        .map(|name| (name.to_owned(), serde_json::json!({ "type": "string" })))
        .collect();
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// Returns the JSON Schema of target files, for editors and for `proofup schema target`.
#[must_use]
pub fn json_schema() -> Json {
    Json::from(schemars::schema_for!(TargetFile))
}
