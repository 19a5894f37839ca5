//! The JSON Schema for editors says the same as the loader.

use std::fs;
use std::path::PathBuf;

use jsonschema::Validator;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{embedded_suite, json_schema};
use serde_json::Value;

use crate::WINDOW;
use crate::rows::LISTED;

fn validator() -> Validator {
    jsonschema::draft202012::new(&json_schema()).expect("it is a schema")
}

fn json(toml: &str) -> Value {
    let mut value: Value = toml::from_str(toml).expect("it is TOML");
    // A date of TOML is a string of JSON.
    if value.get("start").is_some() {
        value["start"] = Value::from("2026-03-01T00:00:00Z");
    }
    value
}

#[test]
fn a_good_scenario_is_valid() {
    let errors: Vec<String> = validator()
        .iter_errors(&json(WINDOW))
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn a_file_with_rows_is_valid_and_one_whose_rows_have_no_names_is_not() {
    let validator = validator();
    let file = json(LISTED);
    let errors: Vec<String> = validator
        .iter_errors(&file)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    assert!(!validator.is_valid(&json(&LISTED.replace("name = \"two\"\n", ""))));
    assert!(!validator.is_valid(&json(&LISTED.replace("title = ", "titel = "))));
}

#[test]
fn bad_scenarios_are_not() {
    let validator = validator();
    for stem in [
        "unknown-key",
        "unknown-command",
        "missing-do",
        "missing-key",
        "mistyped-key",
        "unknown-word",
        "number-out-of-range",
        "expect-field-of-another-answer",
        "matcher-of-another-type",
        "edition-in-policy",
    ] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/invalid");
        let text = fs::read_to_string(folder.join(format!("{stem}.toml"))).unwrap();
        assert!(!validator.is_valid(&json(&text)), "{stem}");
    }
}

#[test]
fn every_scenario_of_the_suite_is_valid() {
    let validator = validator();
    let suite = embedded_suite(&embedded_catalogue()).unwrap_or_else(|errors| panic!("{errors:?}"));
    for scenario in &suite.scenarios {
        let errors: Vec<String> = validator
            .iter_errors(&json(&scenario.source))
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", scenario.path);
    }
}
