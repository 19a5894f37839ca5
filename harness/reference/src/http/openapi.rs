//! The description of the contract: OpenAPI 3.1, generated from the types and routes that the service runs on.
//!
//! utoipa describes paths and wire types; the domain's words and values bring their own JSON Schema; refusals and the table of
//! session states come from the tables that the code itself uses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use proofup_domain::capabilities::Capabilities;
use proofup_domain::method::{ChallengeKind, Method, Purpose, Role};
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use proofup_domain::state::{
    Activity, ChallengeState, ResetState, SessionState, SetupPage, WizardPage,
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

use super::problem::{PROBLEM_JSON, ProblemDocument, ProblemField, status_and_title};
use super::routes::routes;
use crate::decide::TABLE;

/// Returns the description; it is generated once in a process.
#[must_use]
pub fn description() -> &'static Value {
    static DESCRIPTION: LazyLock<Value> = LazyLock::new(generate);
    &DESCRIPTION
}

fn generate() -> Value {
    let (_, paths) = routes().split_for_parts();
    let mut api = head();
    api.merge(paths);
    let mut document = serde_json::to_value(api).expect("a description is plain data");
    add_domain_schemas(&mut document);
    add_problems(&mut document);
    document
}

fn head() -> OpenApi {
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let components = ComponentsBuilder::new()
        .security_scheme("bearer", bearer)
        .schema("Problem", ProblemDocument::schema())
        .schema("ProblemField", ProblemField::schema())
        .build();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Security info registration")
                .version("1")
                .description(Some(introduction()))
                .build(),
        )
        .components(Some(components))
        .build()
}

fn introduction() -> String {
    let mut text = String::from(
        "What an implementation of security info registration serves, and what the conformance suite speaks.\n\n\
         Times are RFC 3339 in UTC, ids are opaque, lists are objects with `value`. Errors are problem documents (RFC 9457) \
         with a stable `type` and `code`. A session's token goes into `Authorization: Bearer`.\n\n\
         ## What a session may do\n\n\
         What a state may not do is answered 403 with the state as `code`, unless another answer stands here. With *step* a \
         second step is asked for first (403 `secondStepRequired`), once per session, if the user has a usable one.\n\n\
         | request |",
    );
    for state in SessionState::ALL {
        let _ = write!(text, " {state} |");
    }
    text.push_str("\n| --- |");
    text.push_str(&" --- |".repeat(SessionState::ALL.len()));
    for row in &TABLE {
        let _ = write!(text, "\n| `{}` |", row.operation);
        for state in SessionState::ALL {
            let cell = match row.refusal(*state) {
                None if row.step_up.contains(state) => "step".to_owned(),
                None => "yes".to_owned(),
                Some(refusal) => format!("{} `{refusal}`", status(refusal)),
            };
            let _ = write!(text, " {cell} |");
        }
    }
    text.push('\n');
    text
}

fn status(refusal: Refusal) -> u16 {
    status_and_title(refusal).0.as_u16()
}

/// Adds the schemas that the domain's types bring.
fn add_domain_schemas(document: &mut Value) {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
        let _ = generator.subschema_for::<T>();
    }
    add::<Activity>(&mut generator);
    add::<Capabilities>(&mut generator);
    add::<ChallengeKind>(&mut generator);
    add::<ChallengeState>(&mut generator);
    add::<Method>(&mut generator);
    add::<Policy>(&mut generator);
    add::<Purpose>(&mut generator);
    add::<Refusal>(&mut generator);
    add::<ResetState>(&mut generator);
    add::<Role>(&mut generator);
    add::<SessionState>(&mut generator);
    add::<SetupPage>(&mut generator);
    add::<WizardPage>(&mut generator);
    let definitions = generator.take_definitions(true);
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.extend(definitions);
        schemas.sort_keys();
    }
}

/// Adds to every operation the problems that it can answer with, by status.
fn add_problems(document: &mut Value) {
    let Some(Value::Object(paths)) = document.get_mut("paths") else {
        return;
    };
    let operations = paths.values_mut().filter_map(Value::as_object_mut);
    for operation in operations.flat_map(|path| path.values_mut()) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let refusals = refusals(id, operation.get("requestBody").is_some());
        let public = PUBLIC.contains(&id);
        if let Value::Object(operation) = operation {
            if !public {
                operation.insert("security".to_owned(), json!([{ "bearer": [] }]));
            }
            if let Some(Value::Object(responses)) = operation.get_mut("responses") {
                describe_refusals(responses, &refusals);
            }
        }
    }
}

fn describe_refusals(responses: &mut Map<String, Value>, refusals: &[Refusal]) {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for refusal in refusals {
        let codes = by_status.entry(status(*refusal)).or_default();
        if !codes.contains(&refusal.as_str()) {
            codes.push(refusal.as_str());
        }
    }
    for (status, codes) in by_status {
        let described = json!({
            "description": codes.join(", "),
            "content": { PROBLEM_JSON: { "schema": { "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "properties": { "code": { "enum": codes } } },
            ] } } },
        });
        responses.insert(status.to_string(), described);
    }
}

/// Operations that ask for no bearer token.
const PUBLIC: &[&str] = &[
    "signIn",
    "beginReset",
    "readReset",
    "beginResetProof",
    "readResetProof",
    "verifyResetProof",
    "setNewPassword",
    "activateDevice",
    "readCapabilities",
    "health",
];

/// Lists what an operation can refuse: its own refusals, and what its session, body or control token brings.
fn refusals(operation: &str, has_body: bool) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if let Some((_, own)) = OWN_REFUSALS.iter().find(|(id, _)| *id == operation) {
        refusals.extend_from_slice(own);
    }
    if has_body {
        refusals.extend([
            Refusal::Malformed,
            Refusal::PayloadTooLarge,
            Refusal::UnsupportedMediaType,
            Refusal::InvalidInput,
        ]);
    }
    if !PUBLIC.contains(&operation) {
        refusals.push(Refusal::Unauthenticated);
    }
    let Some(row) = SESSION_OPERATIONS
        .iter()
        .position(|id| *id == operation)
        .map(|place| &TABLE[place])
    else {
        return refusals;
    };
    let states = SessionState::ALL.iter();
    refusals.extend(states.filter_map(|state| row.refusal(*state)));
    if !row.step_up.is_empty() {
        refusals.push(Refusal::SecondStepRequired);
    }
    if operation != "signOut" {
        refusals.push(Refusal::Blocked);
    }
    refusals
}

/// The operations of the table of session states, in its order.
const SESSION_OPERATIONS: [&str; TABLE.len()] = [
    "readSession",
    "signOut",
    "openAccount",
    "defer",
    "readWizard",
    "completeWizard",
    "completeReview",
    "listMethods",
    "listAvailable",
    "beginEnrollment",
    "readEnrollment",
    "nextPage",
    "sendCode",
    "verifyEnrollment",
    "cancelEnrollment",
    "changeMethod",
    "deleteMethod",
    "setDefault",
    "beginSecondStep",
    "readSecondStep",
    "verifySecondStep",
    "readAuditEvents",
];

/// What each operation refuses by itself.
const OWN_REFUSALS: &[(&str, &[Refusal])] = {
    use Refusal as R;
    &[
        ("signIn", &[R::InvalidCredentials]),
        ("defer", &[R::DeferralNotOffered]),
        ("completeWizard", &[R::RequiredInfoMissing]),
        ("beginEnrollment", BEGIN),
        ("readEnrollment", &[R::NotFound]),
        ("nextPage", SEND),
        ("sendCode", SEND),
        (
            "verifyEnrollment",
            &[
                R::NotFound,
                R::MethodNotAvailable,
                R::WorkAddressNotAllowed,
                R::NumberCannotReceiveTexts,
                R::OutOfOrder,
                R::AlreadyVerified,
                R::Denied,
                R::WrongCode,
                R::InvalidAnswers,
                R::Expired,
                R::Exhausted,
                R::Cancelled,
            ],
        ),
        ("cancelEnrollment", &[R::NotFound, R::AlreadyVerified]),
        (
            "changeMethod",
            &[
                R::NotFound,
                R::NotEligible,
                R::MethodNotAvailable,
                R::InvalidAddress,
                R::WorkAddressNotAllowed,
                R::InvalidNumber,
                R::NumberCannotReceiveTexts,
                R::Throttled,
                R::GatewayFailed,
            ],
        ),
        ("deleteMethod", &[R::NotFound]),
        ("setDefault", &[R::NotFound, R::NotEligible]),
        (
            "beginSecondStep",
            &[
                R::NotFound,
                R::MethodNotAvailable,
                R::Throttled,
                R::GatewayFailed,
            ],
        ),
        ("readSecondStep", &[R::NotFound]),
        ("verifySecondStep", PROVE),
        ("beginReset", &[R::ContactAdministrator]),
        (
            "readReset",
            &[
                R::NotFound,
                R::ContactAdministrator,
                R::Expired,
                R::Cancelled,
            ],
        ),
        (
            "beginResetProof",
            &[
                R::NotFound,
                R::ContactAdministrator,
                R::Blocked,
                R::MethodNotAvailable,
                R::GateAlreadyPassed,
                R::AlreadyVerified,
                R::Expired,
                R::Cancelled,
                R::Throttled,
                R::GatewayFailed,
            ],
        ),
        (
            "readResetProof",
            &[
                R::NotFound,
                R::ContactAdministrator,
                R::Expired,
                R::Cancelled,
            ],
        ),
        (
            "verifyResetProof",
            &[
                R::NotFound,
                R::ContactAdministrator,
                R::Blocked,
                R::MethodNotAvailable,
                R::OutOfOrder,
                R::AlreadyVerified,
                R::Denied,
                R::WrongCode,
                R::WrongAnswers,
                R::Expired,
                R::Exhausted,
                R::Cancelled,
            ],
        ),
        (
            "setNewPassword",
            &[
                R::NotFound,
                R::ContactAdministrator,
                R::Blocked,
                R::GatesMissing,
                R::AlreadyVerified,
                R::InvalidPassword,
                R::Expired,
                R::Cancelled,
            ],
        ),
        (
            "activateDevice",
            &[
                R::NotFound,
                R::MethodNotAvailable,
                R::AlreadyVerified,
                R::Expired,
                R::Cancelled,
            ],
        ),
        ("replyToNotification", CALLBACK),
        ("reportDigits", CALLBACK),
        ("reportStatus", CALLBACK),
        ("readAuditEvents", &[R::Forbidden, R::InvalidInput]),
        ("putTenant", &[R::InvalidPolicy, R::NotFound]),
        ("deleteTenant", &[R::NotFound]),
        ("readPolicy", &[R::NotFound]),
        ("setPolicy", &[R::NotFound, R::InvalidPolicy]),
        ("readClock", &[R::NotFound]),
        ("advanceClock", &[R::NotFound, R::OutOfOrder]),
        ("readAudit", &[R::NotFound]),
    ]
};

const BEGIN: &[Refusal] = &[
    Refusal::MethodNotAvailable,
    Refusal::InvalidAddress,
    Refusal::WorkAddressNotAllowed,
    Refusal::InvalidNumber,
    Refusal::NumberCannotReceiveTexts,
    Refusal::Throttled,
    Refusal::GatewayFailed,
];

const SEND: &[Refusal] = &[
    Refusal::NotFound,
    Refusal::MethodNotAvailable,
    Refusal::WorkAddressNotAllowed,
    Refusal::NumberCannotReceiveTexts,
    Refusal::OutOfOrder,
    Refusal::AlreadyVerified,
    Refusal::Expired,
    Refusal::Exhausted,
    Refusal::Cancelled,
    Refusal::Throttled,
    Refusal::GatewayFailed,
];

const PROVE: &[Refusal] = &[
    Refusal::NotFound,
    Refusal::MethodNotAvailable,
    Refusal::OutOfOrder,
    Refusal::AlreadyVerified,
    Refusal::Denied,
    Refusal::WrongCode,
    Refusal::Expired,
    Refusal::Exhausted,
    Refusal::Cancelled,
];

const CALLBACK: &[Refusal] = &[
    Refusal::NotFound,
    Refusal::Blocked,
    Refusal::SecondStepRequired,
    Refusal::MethodNotAvailable,
    Refusal::AlreadyAnswered,
    Refusal::Expired,
    Refusal::Cancelled,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_table_is_described() {
        let document = description();
        for (place, row) in TABLE.iter().enumerate() {
            let (method, path) = row.operation.split_once(' ').expect("a method and a path");
            let path = path.replace('/', "~1");
            let pointer = format!("/paths/{path}/{}/operationId", method.to_lowercase());
            let id = document.pointer(&pointer).and_then(Value::as_str);
            assert_eq!(id, Some(SESSION_OPERATIONS[place]), "{}", row.operation);
        }
    }

    #[test]
    fn every_listed_operation_exists() {
        let text = description().to_string();
        let ids = OWN_REFUSALS.iter().map(|(id, _)| id).chain(PUBLIC);
        for id in ids {
            let wanted = format!("\"operationId\":\"{id}\"");
            assert!(text.contains(&wanted), "{id}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(members) => {
                    for (name, value) in members {
                        match (name.as_str(), value) {
                            ("$ref", Value::String(target)) => found.push(target),
                            _ => references(value, found),
                        }
                    }
                }
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        let document = description();
        let mut found = Vec::new();
        references(document, &mut found);
        assert!(!found.is_empty());
        for target in found {
            let pointer = target
                .strip_prefix('#')
                .expect("a reference within the document");
            assert!(document.pointer(pointer).is_some(), "{target}");
        }
    }
}
