//! Loading: everything that is wrong at once, with its line, the nearest word and what is allowed.

use std::fmt::Write as _;

use miette::{GraphicalReportHandler, GraphicalTheme};
use proofup_binding::{CompiledTarget, Isolation, Operation, Profile, json_schema};
use proofup_files::FileErrors;

use crate::support::{shipped, workspace};

fn compile(text: &str) -> Result<CompiledTarget, FileErrors> {
    CompiledTarget::compile_in("harness/binding/tests/wrong.toml", text, &|_| None)
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    for (file, snapshot) in [
        ("wrong", "invalid-target"),
        ("wrong-language", "invalid-target-language"),
    ] {
        let path = format!("harness/binding/tests/{file}.toml");
        let text = std::fs::read_to_string(workspace(&path)).expect("the file ships");
        let errors = CompiledTarget::compile_in(&path, &text, &|_| None)
            .expect_err("nothing in the file is right");
        let mut rendered = String::new();
        GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
            .with_width(120)
            .render_report(&mut rendered, &errors)
            .expect("a report can be written to a string");
        for error in errors.problems() {
            writeln!(rendered, "{error}").expect("a string can be written to");
        }
        insta::with_settings!({
            snapshot_path => workspace("snapshots/targets"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(snapshot, rendered);
        });
    }
}

#[test]
fn a_text_that_is_no_toml_is_told_with_its_line() {
    let errors = compile("name = \"x\"\nbase = \n[operations").expect_err("the text is no TOML");
    assert!(
        errors
            .problems()
            .iter()
            .any(|problem| problem.line == 2 && problem.message.contains("string values"))
    );
}

#[test]
fn no_text_makes_the_loader_panic() {
    let text = std::fs::read_to_string(workspace("harness/binding/tests/wrong.toml"))
        .expect("the file ships");
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        assert!(compile(&text[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn the_reference_binds_every_operation_that_it_needs() {
    let target = shipped("reference");
    // It makes its users with its tenants, and its sessions last.
    let needless = [
        Operation::CreateUser,
        Operation::DeleteUser,
        Operation::RefreshSession,
    ];
    for operation in Operation::ALL {
        assert_eq!(
            target.has(*operation),
            !needless.contains(operation),
            "{operation}"
        );
    }
    assert_eq!(target.isolation(), Isolation::Tenant);
    assert!(
        matches!(target.profile(), Profile::Discovered { path, .. } if path == "/.well-known/security-info")
    );
    assert!(
        target
            .code_pattern(proofup_domain::state::Channel::Sms)
            .is_match("Your code is 482913.")
    );
}

#[test]
fn the_demo_is_the_reference_without_test_control() {
    let (demo, reference) = (shipped("demo"), shipped("reference"));
    let control = [
        Operation::CreateTenant,
        Operation::DeleteTenant,
        Operation::ReadClock,
        Operation::AdvanceClock,
        Operation::SetPolicy,
        Operation::BlockUser,
        Operation::UnblockUser,
        Operation::ReadAudit,
    ];
    for operation in Operation::ALL {
        assert_eq!(
            demo.has(*operation),
            reference.has(*operation) && !control.contains(operation),
            "{operation}"
        );
    }
    assert!(demo.users().len() > 1);
    assert!(!format!("{:?}", demo.users()).contains("demo-password"));
}

#[test]
fn another_base_can_be_given() {
    let base = "http://target.invalid/"
        .parse()
        .expect("the URL is well formed");
    let target = shipped("reference").with_base(base);
    assert_eq!(
        target.base_url().map(url::Url::as_str),
        Some("http://target.invalid/")
    );
}

#[test]
fn the_schema_for_editors_takes_what_the_loader_takes() {
    let schema = json_schema();
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    for name in ["reference", "demo"] {
        let text = std::fs::read_to_string(workspace(&format!("fixtures/targets/{name}.toml")))
            .expect("it ships");
        let file: serde_json::Value = toml::from_str(&text).expect("it is TOML");
        let errors: Vec<String> = validator
            .iter_errors(&file)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    let wrong = serde_json::json!({"name": "x", "base": "http://x", "operations": {"singIn": {}}});
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn the_description_is_named_by_a_path_from_the_root() {
    let text = std::fs::read_to_string(workspace("fixtures/targets/reference.toml"))
        .expect("the file ships");
    let target = compile(&text).expect("the file compiles");
    assert_eq!(target.openapi(), Some("/openapi.json"));
    let wrong = text.replace("\"/openapi.json\"", "\"openapi.json\"");
    let errors = compile(&wrong).expect_err("the path does not begin at the root");
    let told: Vec<String> = errors.problems().iter().map(ToString::to_string).collect();
    assert!(
        told.len() == 1 && told[0].contains("openapi.json"),
        "{told:?}"
    );
}
