//! The grammar as one JSON Schema: what editors use is what the loader walks.
//!
//! The schema of a step is made from the schema of [`Command`]: each variant gets the keys that every step has, and an
//! `expect` made from the shape of that command's answer, with the fields of a refusal and with matchers.

use std::sync::LazyLock;

use proofup_domain::answer;
use proofup_domain::command::Command;
use proofup_domain::policy::Policy;
use proofup_files::{ROWS, rows_schema};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::file::{FileForm, StepKeys};

/// Lists every command by its `do` word, with the name of the answer that it gets when it succeeds.
pub const COMMANDS: &[(&str, &str)] = &[
    ("signIn", "SessionAnswer"),
    ("signOut", "EmptyAnswer"),
    ("readSession", "SessionAnswer"),
    ("openAccount", "EmptyAnswer"),
    ("defer", "SessionAnswer"),
    ("readWizard", "WizardAnswer"),
    ("completeWizard", "SessionAnswer"),
    ("completeReview", "SessionAnswer"),
    ("listMethods", "MethodsAnswer"),
    ("listAvailable", "AvailableAnswer"),
    ("changeMethod", "ChallengeAnswer"),
    ("deleteMethod", "EmptyAnswer"),
    ("setDefault", "EmptyAnswer"),
    ("beginEnrollment", "ChallengeAnswer"),
    ("readEnrollment", "ChallengeAnswer"),
    ("nextPage", "ChallengeAnswer"),
    ("sendCode", "ChallengeAnswer"),
    ("submitCode", "ChallengeAnswer"),
    ("submitAnswers", "ChallengeAnswer"),
    ("cancelEnrollment", "EmptyAnswer"),
    ("beginSecondStep", "ChallengeAnswer"),
    ("readSecondStep", "ChallengeAnswer"),
    ("submitSecondStepCode", "SessionAnswer"),
    ("beginReset", "ResetAnswer"),
    ("readReset", "ResetAnswer"),
    ("beginResetProof", "ChallengeAnswer"),
    ("readResetProof", "ChallengeAnswer"),
    ("submitResetCode", "ResetAnswer"),
    ("submitResetAnswers", "ResetAnswer"),
    ("setNewPassword", "EmptyAnswer"),
    ("addAccount", "AccountAnswer"),
    ("activateDevice", "AccountAnswer"),
    ("approveNotification", "EmptyAnswer"),
    ("denyNotification", "EmptyAnswer"),
    ("pressKey", "EmptyAnswer"),
    ("hangUp", "EmptyAnswer"),
    ("letRing", "EmptyAnswer"),
    ("readInbox", "InboxAnswer"),
    ("advanceClock", "EmptyAnswer"),
    ("setPolicy", "EmptyAnswer"),
    ("blockUser", "EmptyAnswer"),
    ("unblockUser", "EmptyAnswer"),
    ("setGateway", "EmptyAnswer"),
    ("releaseMessages", "EmptyAnswer"),
    ("readAudit", "AuditAnswer"),
    ("readAuditEvents", "AuditAnswer"),
    ("readCapabilities", "LimitsAnswer"),
    ("findLeaks", "LeaksAnswer"),
];

/// The answer of commands that are sent at the same moment.
const TOGETHER: &str = "TogetherAnswer";

/// Returns the `do` word of a command.
#[must_use]
pub fn word(command: &Command) -> String {
    serde_json::to_value(command)
        .ok()
        .and_then(|value| value.get("do")?.as_str().map(str::to_owned))
        .expect("every command is tagged with its word")
}

/// Returns the name of the answer that a command gets when it succeeds, by its `do` word; an unknown word has none.
#[must_use]
pub fn answer_shape(word: &str) -> Option<&'static str> {
    COMMANDS
        .iter()
        .find(|(known, _)| *known == word)
        .map(|(_, shape)| *shape)
}

/// Returns the JSON Schema of the answer that a command gets when it succeeds, by its `do` word.
///
/// Its references point into the `$defs` of [`json_schema`]. An unknown word has none.
#[must_use]
pub fn answer_schema(word: &str) -> Option<&'static Value> {
    definition(answer_shape(word)?)
}

/// Returns the JSON Schema of a scenario file, for editors.
///
/// What the loader walks is the story of one row, all its parameters given. So a file without rows is held to the same
/// schema here; of one with rows only the outline is.
#[must_use]
pub fn json_schema() -> Value {
    let mut story = root().clone();
    let mut take = |key: &str| story.as_object_mut()?.shift_remove(key);
    let (schema, title) = (take("$schema"), take("title"));
    let mut definitions = take("$defs").unwrap_or_default();
    let outline = outline(&story);
    definitions["Story"] = story;
    definitions["StoryOfRows"] = outline;
    json!({
        "$schema": schema,
        "title": title,
        "type": "object",
        "if": { "required": [ROWS] },
        "then": { "$ref": "#/$defs/StoryOfRows" },
        "else": { "$ref": "#/$defs/Story" },
        "$defs": definitions,
    })
}

/// Returns the schema that the loader walks for the rows of a file, whatever else is in it.
pub(crate) fn rows() -> &'static Value {
    static OUTLINE: LazyLock<Value> = LazyLock::new(|| {
        let rows = root()["properties"][ROWS].clone();
        json!({ "type": "object", "properties": { ROWS: rows } })
    });
    &OUTLINE
}

/// Makes the schema of a file with rows: where a parameter may stand, anything may.
fn outline(story: &Value) -> Value {
    let mut outline = story.clone();
    for (key, property) in outline["properties"].as_object_mut().into_iter().flatten() {
        let about = property.get("description").cloned();
        match key.as_str() {
            ROWS | "title" | "found" => continue,
            "users" | "steps" => {
                *property = json!({ "type": "array", "items": { "type": "object" } });
            }
            "policy" | "gateways" => *property = json!({ "type": "object" }),
            _ => *property = json!({}),
        }
        if let Some(about) = about {
            property["description"] = about;
        }
    }
    if let Some(required) = outline["required"].as_array_mut() {
        required.push(json!(ROWS));
    }
    let words: Vec<&str> = COMMANDS.iter().map(|(word, _)| *word).collect();
    let keys = &root()["$defs"]["Step"]["oneOf"][0]["properties"];
    outline["properties"]["steps"]["items"]["properties"] = json!({
        "fields": {
            "type": "string",
            "description": "A parameter, `{command}`: the fields of this table of the row stand here, its `name` aside.",
        },
        "do": { "anyOf": [{ "enum": words }, { "type": "string", "pattern": "\\{" }] },
        "check": keys["check"],
        "control": keys["control"],
        "id": keys["id"],
    });
    outline
}

/// Returns the schema that the loader walks.
pub(crate) fn root() -> &'static Value {
    static ROOT: LazyLock<Value> = LazyLock::new(build);
    &ROOT
}

/// Finds a definition by name.
pub(crate) fn definition(name: &str) -> Option<&'static Value> {
    root()["$defs"].get(name)
}

fn build() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut root = Value::from(generator.subschema_for::<FileForm>());
    generator.subschema_for::<Command>();
    generator.subschema_for::<StepKeys>();
    generator.subschema_for::<Policy>();
    shapes(&mut generator);
    let mut definitions = generator.definitions().clone();
    definitions.values_mut().for_each(without_null);

    let commands = take_list(&mut definitions, "Command", "oneOf");
    let step_keys = definitions.remove("StepKeys").unwrap_or_default();
    for (_, shape) in COMMANDS {
        let name = format!("Expect{shape}");
        if !definitions.contains_key(&name) {
            let schema = expectation(shape, &definitions);
            definitions.insert(name, schema);
        }
    }
    let acts: Vec<Value> = commands
        .iter()
        .map(|command| act(command.clone(), &step_keys))
        .collect();
    definitions.insert("Act".to_owned(), json!({ "oneOf": acts }));
    let expected = together_expectation(&definitions);
    definitions.insert(format!("Expect{TOGETHER}"), expected);
    let mut steps: Vec<Value> = commands
        .into_iter()
        .map(|command| step(command, &step_keys))
        .collect();
    steps.push(together(&step_keys));
    definitions.insert("Step".to_owned(), json!({ "oneOf": steps }));
    let mut policy = definitions.get("Policy").cloned().unwrap_or_default();
    if let Some(properties) = policy["properties"].as_object_mut() {
        properties.remove("edition");
    }
    definitions.insert("ScenarioPolicy".to_owned(), policy);

    if let Some(file) = definitions.remove("FileForm") {
        root = file;
    }
    root["properties"]["policy"]["$ref"] = json!("#/$defs/ScenarioPolicy");
    root["properties"]["steps"]["items"] = json!({ "$ref": "#/$defs/Step" });
    root["properties"][ROWS] = rows_schema();
    let mut schema = Map::new();
    schema.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".to_owned(), json!("proofup scenario"));
    if let Value::Object(root) = root {
        schema.extend(root);
    }
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    Value::Object(schema)
}

fn shapes(generator: &mut SchemaGenerator) {
    generator.subschema_for::<answer::SessionAnswer>();
    generator.subschema_for::<answer::WizardAnswer>();
    generator.subschema_for::<answer::MethodsAnswer>();
    generator.subschema_for::<answer::AvailableAnswer>();
    generator.subschema_for::<answer::ChallengeAnswer>();
    generator.subschema_for::<answer::ResetAnswer>();
    generator.subschema_for::<answer::AccountAnswer>();
    generator.subschema_for::<answer::InboxAnswer>();
    generator.subschema_for::<answer::AuditAnswer>();
    generator.subschema_for::<answer::LimitsAnswer>();
    generator.subschema_for::<answer::LeaksAnswer>();
    generator.subschema_for::<answer::TogetherAnswer>();
    generator.subschema_for::<answer::EmptyAnswer>();
    generator.subschema_for::<answer::RefusedAnswer>();
}

/// Adds to one command what every step has.
fn step(mut command: Value, step_keys: &Value) -> Value {
    let word = command["properties"]["do"]["const"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    entitle(&mut command);
    if word == "setPolicy" {
        command["properties"]["policy"] = json!({ "$ref": "#/$defs/Policy" });
    }
    if let (Some(properties), Some(keys)) = (
        command["properties"].as_object_mut(),
        step_keys["properties"].as_object(),
    ) {
        properties.extend(keys.clone());
        if let Some(shape) = answer_shape(&word) {
            properties.insert(
                "expect".to_owned(),
                json!({ "$ref": format!("#/$defs/Expect{shape}") }),
            );
        }
    }
    command
}

/// Adds to one command what it has among others that are sent at the same moment: how many copies.
fn act(mut command: Value, step_keys: &Value) -> Value {
    entitle(&mut command);
    if let Some(properties) = command["properties"].as_object_mut() {
        let mut times = step_keys["properties"]["times"].clone();
        times["description"] = json!(
            "How many copies are sent at the same moment: a number, or declared limits such as `codeTries + 1`."
        );
        properties.insert("times".to_owned(), times);
    }
    command
}

/// Adds what messages call a step and its command.
fn entitle(command: &mut Value) {
    command["title"] = json!("step");
    command["properties"]["do"]["title"] = json!("command");
}

/// Makes the schema of a step whose commands are sent at the same moment.
fn together(step_keys: &Value) -> Value {
    let keys = &step_keys["properties"];
    json!({
        "title": "step",
        "type": "object",
        "description": "Commands that are sent at the same moment: all are made ready first, and none waits for another's answer.",
        "properties": {
            "together": {
                "type": "array",
                "description": "The commands, each with its `do`; `times` sends copies of one.",
                "minItems": 1,
                "items": { "$ref": "#/$defs/Act" },
            },
            "id": keys["id"],
            "check": keys["check"],
            "expect": { "$ref": format!("#/$defs/Expect{TOGETHER}") },
        },
        "required": ["together"],
        "additionalProperties": false,
    })
}

/// Makes what a file may expect of commands that are sent at the same moment: their refusals are counted, not told apart.
fn together_expectation(definitions: &Map<String, Value>) -> Value {
    let object = partial(&definitions[TOGETHER], definitions);
    json!({
        "description": "A partial match of what came of all of them; left out: every one succeeds.",
        "anyOf": [object, matcher("anyOf", &json!({ "type": "array", "minItems": 1, "items": object }))],
    })
}

/// Makes what a file may expect of an answer: every field may be left out, matchers may stand in place of values, and
/// the whole may be one of several.
fn expectation(shape: &str, definitions: &Map<String, Value>) -> Value {
    let mut object = partial(&definitions[shape], definitions);
    let refused = partial(&definitions["RefusedAnswer"], definitions);
    if let (Some(properties), Some(more)) = (
        object["properties"].as_object_mut(),
        refused["properties"].as_object(),
    ) {
        for (key, value) in more {
            properties.entry(key).or_insert_with(|| value.clone());
        }
    }
    json!({
        "description": format!("A partial match of the answer ({shape}), or of a refusal."),
        "anyOf": [object, matcher("anyOf", &json!({ "type": "array", "minItems": 1, "items": object }))],
    })
}

/// Makes every field of an object optional, and each field matchable; other schemas stay as they are.
fn partial(schema: &Value, definitions: &Map<String, Value>) -> Value {
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| definitions.get(reference.trim_start_matches("#/$defs/")))
        .unwrap_or(schema);
    match target.get("type").and_then(Value::as_str) {
        // What may hold anything is not narrowed down.
        Some("object") if target.get("additionalProperties") == Some(&Value::Bool(true)) => {
            target.clone()
        }
        Some("object") => {
            let properties: Map<String, Value> = target["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, property)| (key.clone(), matchable(property, definitions)))
                .collect();
            json!({ "type": "object", "properties": properties, "additionalProperties": false })
        }
        Some("array") => {
            json!({ "type": "array", "items": partial(&target["items"], definitions) })
        }
        _ => schema.clone(),
    }
}

/// Lets a matcher stand in place of a value.
fn matchable(property: &Value, definitions: &Map<String, Value>) -> Value {
    let value = partial(property, definitions);
    let absent = matcher("absent", &json!({ "type": "boolean", "const": true }));
    let mut branches = vec![
        value.clone(),
        matcher(
            "anyOf",
            &json!({ "type": "array", "minItems": 1, "items": { "anyOf": [value, absent] } }),
        ),
        matcher("absent", &json!({ "type": "boolean", "const": true })),
    ];
    match value.get("type").and_then(Value::as_str) {
        Some("array") => {
            let some = json!({ "type": "array", "minItems": 1, "items": value["items"] });
            branches.push(matcher("has", &some));
            branches.push(matcher("lacks", &some));
        }
        Some("integer") => {
            branches.push(matcher("atMost", &value));
            branches.push(matcher("atLeast", &value));
        }
        _ => {}
    }
    let mut schema = json!({ "anyOf": branches });
    if let Some(description) = property.get("description") {
        schema["description"] = description.clone();
    }
    schema
}

fn matcher(key: &str, value: &Value) -> Value {
    json!({
        "type": "object",
        "properties": { key: value },
        "required": [key],
        "additionalProperties": false,
    })
}

fn take_list(definitions: &mut Map<String, Value>, name: &str, key: &str) -> Vec<Value> {
    match definitions
        .remove(name)
        .and_then(|mut found| found.get_mut(key).map(Value::take))
    {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// Takes null out of a schema: TOML has none, a key is left out instead.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            object.values_mut().for_each(without_null);
            if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
                branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
                if let [Value::Object(only)] = branches.as_mut_slice() {
                    let only = std::mem::take(only);
                    object.remove("anyOf");
                    for (key, value) in only {
                        object.entry(key).or_insert(value);
                    }
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_an_answer_shape() {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        generator.subschema_for::<Command>();
        let words: Vec<String> = generator.definitions()["Command"]["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|variant| {
                variant["properties"]["do"]["const"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let known: Vec<&str> = COMMANDS.iter().map(|(word, _)| *word).collect();
        assert_eq!(words, known);
        for word in known {
            assert!(answer_schema(word).is_some(), "{word}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(value: &Value) {
            match value {
                Value::Object(object) => {
                    if let Some(Value::String(reference)) = object.get("$ref") {
                        let name = reference.trim_start_matches("#/$defs/");
                        assert!(definition(name).is_some(), "{reference}");
                    }
                    object.values().for_each(walk);
                }
                Value::Array(items) => items.iter().for_each(walk),
                _ => {}
            }
        }
        walk(root());
    }
}
