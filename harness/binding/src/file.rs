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
    /// Headers of every request, `${NAME}` in them a secret of the environment; a request's own of the same name replace them.
    pub(super) headers: BTreeMap<String, String>,
    /// How long one request may take: `10s`, which is the default. A command has a minute where nothing is said.
    pub(super) timeout: Option<String>,
    /// An HTTP proxy, such as `http://127.0.0.1:3128`.
    pub(super) proxy: Option<String>,
    /// A PEM file of certificates that are trusted beside the system's, from this file's folder.
    pub(super) ca: Option<String>,
    /// Every session and every reset has cookies of its own.
    pub(super) cookies: bool,
    /// What keeps scenarios apart: a tenant of their own, a user of their own, or nothing.
    pub(super) isolation: Isolation,
    /// How long to wait before saying that a message did not come: `2s`. Default: not at all.
    pub(super) settle: Option<String>,
    /// The regular expression that finds a code in a message: its first group, else all of it. One, or one by channel.
    pub(super) code_pattern: Option<CodePatternFile>,
    /// Answers that mean that the session has run out: `refreshSession` is called and the request sent once more.
    pub(super) refresh: Option<RefreshFile>,
    /// What the implementation says for words of the domain, in `{method}`, `{kind}`, `{role}` and `{reply}`, and backwards
    /// in answers.
    pub(super) words: WordsFile,
    /// How a CSRF token is had, and where it goes with every request that is not GET or HEAD.
    pub(super) csrf: Option<CsrfFile>,
    /// How time moves; absent: the machine's clock, which nothing moves.
    pub(super) clock: ClockControlFile,
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
    /// What the doctor would call wrong and a person has looked at: it is the implementation, not the mapping.
    pub(super) known: Vec<KnownFile>,
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

/// A probe of the doctor that ends otherwise here, and why that is no mistake of this file.
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

/// Recognises that a session has run out.
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
    /// For methods.
    #[schemars(schema_with = "by_word::<Method>")]
    pub(super) method: BTreeMap<String, String>,
    /// For challenge kinds.
    #[schemars(schema_with = "by_word::<ChallengeKind>")]
    pub(super) kind: BTreeMap<String, String>,
    /// For roles of users.
    #[schemars(schema_with = "by_word::<Role>")]
    pub(super) role: BTreeMap<String, String>,
    /// For what a device replies to a notification.
    #[schemars(schema_with = "replies_schema")]
    pub(super) reply: BTreeMap<String, String>,
}

/// How a CSRF token is had and where it goes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CsrfFile {
    /// The request whose answer holds the token, sent with the same cookies.
    pub(super) request: RequestFile,
    /// Where in that answer it is.
    pub(super) token: String,
    /// The header that it goes into …
    #[serde(default)]
    pub(super) header: Option<String>,
    /// … or the field of the form, or the member of the JSON object.
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
    /// The request, where one is enough.
    pub(super) request: Option<RequestFile>,
    /// The requests, sent one after the other; the answer to the last one counts, or the first that is an error.
    pub(super) requests: Vec<RequestFile>,
    /// In place of requests: the implementation needs none here, and its answer would have these fields.
    pub(super) assumed: Option<BTreeMap<String, Json>>,
    /// In place of requests: a command, run by `sh -c` in this file's folder, with the variables as JSON on its standard
    /// input. It ends with 0 for status 200, else 500; what it writes is the body.
    pub(super) command: Option<String>,
    /// Several ways to do it: the first whose `when` fits is taken. What stands beside `ways` holds for all of them.
    pub(super) ways: Vec<WayFile>,
    /// What successes look like, tried in order.
    pub(super) answers: Vec<AnswerFile>,
    /// What later steps need of a success, by name.
    pub(super) keep: BTreeMap<String, KeepFile>,
    /// What refusals look like, tried in order before the file's own.
    pub(super) refusals: Vec<RefusalFile>,
}

/// Describes one of several ways to do an operation.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct WayFile {
    /// What variables must be, each a constant or one of a list; a variable without a value fits nothing.
    pub(super) when: BTreeMap<String, WantedFile>,
    /// The request, where one is enough.
    pub(super) request: Option<RequestFile>,
    /// The requests, sent one after the other.
    pub(super) requests: Vec<RequestFile>,
    /// In place of requests: the answer's fields, where none is needed.
    pub(super) assumed: Option<BTreeMap<String, Json>>,
    /// In place of requests: a command.
    pub(super) command: Option<String>,
    /// What successes look like; without them those of the operation hold.
    pub(super) answers: Vec<AnswerFile>,
    /// What later steps need of a success, beside what the operation keeps.
    pub(super) keep: BTreeMap<String, KeepFile>,
    /// What refusals look like, tried before those of the operation.
    pub(super) refusals: Vec<RefusalFile>,
}

/// What a variable must be.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum WantedFile {
    /// This text.
    Text(String),
    /// This truth.
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
    /// From here.
    Path(String),
    /// From the first that finds something.
    FirstOf(Vec<String>),
    /// From here, and how it is shown.
    Full(KeepFullFile),
}

/// Where a value that is kept comes from, and how it is shown.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeepFullFile {
    /// Where it comes from: a source, or several, of which the first counts that finds something.
    pub(super) from: SourcesFile,
    /// It is no secret and may be shown. Names that the harness knows are what they are.
    #[serde(default)]
    pub(super) open: bool,
}

/// One source or several.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum SourcesFile {
    /// One.
    One(String),
    /// The first that finds something.
    FirstOf(Vec<String>),
}

/// Describes one request; `{name}` in it is a variable, `${NAME}` a secret of the environment.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct RequestFile {
    /// GET, POST, PUT, PATCH or DELETE; without it what the form of `fromForm` says.
    pub(super) method: Option<String>,
    /// The path, from `/`; values are percent-encoded. Without it where the form of `fromForm` goes.
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
    /// The CSS selector of a form in the answer before: its address, its method and its fields are sent, with `form` on top.
    pub(super) from_form: Option<String>,
    /// What the answer holds for later requests, and for later operations.
    pub(super) keep: BTreeMap<String, KeepFile>,
    /// Statuses from 400 after which the requests behind it are sent all the same.
    pub(super) go_on: Vec<StatusOneFile>,
    /// Redirects on the same host are followed, at most ten; else a redirect is an answer like any other.
    pub(super) follow: bool,
    /// How long it may take, in place of the file's `timeout`.
    pub(super) timeout: Option<String>,
    /// It is sent again and again until something holds.
    pub(super) poll: Option<PollFile>,
    /// `false`: the file's CSRF token does not go with it.
    pub(super) csrf: Option<bool>,
}

/// How long a request is sent again and again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PollFile {
    /// What must hold of the answer.
    pub(super) until: BTreeMap<String, ConditionFile>,
    /// The pause in between: `200ms`.
    pub(super) every: String,
    /// How long at most: `5s`. Then the newest answer counts.
    pub(super) within: String,
}

/// What must stand somewhere.
///
/// Untagged like [`StatusFile`], for the same reason.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum ConditionFile {
    /// This text.
    Text(String),
    /// This truth.
    Truth(bool),
    /// This number.
    Number(serde_json::Number),
    /// This list.
    List(Vec<Json>),
    /// Something of which all this holds.
    Matcher(MatcherFile),
}

/// What holds of a value; what is not said does not matter.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct MatcherFile {
    /// This regular expression finds something in it.
    pub(super) matches: Option<String>,
    /// It contains this text; a list, this element.
    pub(super) contains: Option<String>,
    /// There is anything at all, or nothing.
    pub(super) exists: Option<bool>,
    /// It is one of these.
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
    /// What it means.
    pub(super) refused: Refusal,
    /// Where its details are.
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
    /// The first that selects something.
    FirstOf(Vec<String>),
    /// Anything else.
    Made(Box<MadeFile>),
}

/// Makes a field: an object, a list, a constant, whether something is there, or what a source finds in words of its own.
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
    /// What a source finds, or the first of several.
    #[serde(default)]
    pub(super) from: Option<SourcesFile>,
    /// With `from`: the domain's word for each of the implementation's.
    #[serde(default)]
    pub(super) words: Option<BTreeMap<String, Json>>,
    /// Makes a list of those constants whose conditions hold.
    #[serde(default)]
    pub(super) collect: Option<Vec<CollectFile>>,
}

/// An element of a list, and when it is in it.
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
