//! What a command says itself, as the templates of a target file may name it.

use proofup_binding::Value;
use proofup_domain::command::{AddressRef, Command};
use proofup_domain::method::Method;
use proofup_domain::secret::Secret;
use serde_json::{Map, Value as Json, json};

use crate::persona::{Persona, usual_address, usual_phone};

/// Lists what a command says of methods, kinds, addresses and numbers; what it leaves open is the usual one of the person.
#[must_use]
pub fn said(command: &Command, persona: &Persona) -> Vec<(&'static str, Value)> {
    let mut offered = Vec::new();
    if let Some(method) = command.method() {
        offered.push(("method", Value::from(method.as_str())));
    }
    match command {
        Command::BeginEnrollment {
            method,
            address,
            phone,
            kind,
            ..
        }
        | Command::ChangeMethod {
            method,
            address,
            phone,
            kind,
            ..
        } => {
            let changes = matches!(command, Command::ChangeMethod { .. });
            let mut kind = *kind;
            if *method == Method::Email {
                let usual = usual_address(changes);
                let address = address.as_ref().unwrap_or(&usual);
                offered.push(("address", Value::from(&*persona.address(address))));
                offered.push(("addressIs", Value::from(role_of_address(address))));
            }
            if matches!(method, Method::MobilePhone | Method::OfficePhone) {
                let usual = usual_phone(*method, changes);
                let number = persona.phone(phone.as_ref().unwrap_or(&usual));
                offered.push(("region", Value::from(&*number.region)));
                offered.push(("number", Value::from(&*number.typed)));
                offered.push(("e164", Value::from(&*number.e164)));
                kind = command.kind();
            }
            offered.extend(kind.map(|kind| ("kind", Value::from(kind.as_str()))));
        }
        Command::SetDefault { kind, .. } => offered.push(("kind", Value::from(kind.as_str()))),
        Command::BeginSecondStep { kind, .. } | Command::BeginResetProof { kind, .. } => {
            offered.extend(kind.map(|kind| ("kind", Value::from(kind.as_str()))));
        }
        _ => {}
    }
    offered
}

/// Lists what is always known of a person.
#[must_use]
pub fn personal(persona: &Persona) -> [(&'static str, Value); 3] {
    [
        (
            "userPrincipalName",
            Value::from(&*persona.user_principal_name),
        ),
        ("ownAddress", Value::from(&*persona.own)),
        ("password", Value::from(persona.password.clone())),
    ]
}

/// Lists the names that [`said`] may offer: what one command says, no later one may take for its own.
pub const SAID: [&str; 7] = [
    "method",
    "kind",
    "region",
    "number",
    "e164",
    "address",
    "addressIs",
];

/// Lists answers in the forms that products want: a list, an object by question, and the first alone.
#[must_use]
pub fn answers(answers: &[(String, Secret)]) -> Vec<(&'static str, Value)> {
    let list = answers
        .iter()
        .map(|(question, answer)| json!({ "question": question, "answer": answer.expose() }));
    let by_question: Map<String, Json> = answers
        .iter()
        .map(|(question, answer)| (question.clone(), Json::from(answer.expose())))
        .collect();
    let mut offered = vec![
        ("answers", Value::Plain(list.collect())),
        ("answersByQuestion", Value::Plain(Json::Object(by_question))),
    ];
    let first = answers.first();
    offered.extend(first.map(|(_, answer)| ("firstAnswer", Value::Secret(answer.clone()))));
    offered
}

/// Returns what an address is to the person.
const fn role_of_address(address: &AddressRef) -> &'static str {
    match address {
        AddressRef::Own => "own",
        AddressRef::Second => "second",
        AddressRef::Mistyped => "mistyped",
        AddressRef::Work => "work",
        AddressRef::WorkInCapitals => "workInCapitals",
        AddressRef::Text(_) => "text",
    }
}
