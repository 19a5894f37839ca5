//! A file with rows is as many scenarios, each the story with the words of a row.

use proofup_domain::command::{CodeRole, Command};
use proofup_domain::method::Method;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Scenario, StepAction, load_all};

use crate::{messages, read};

/// A story of which the rows are listed.
pub(crate) const LISTED: &str = r#"
title = "A {use} takes the code that was sent, and no {wrong.told}"

[policy]
twoStep.kinds = ["{kind}"]

[[rows]]
name = "one"
use = "secondStep"
kind = "textMessage"
tries = 2
wrong = { told = "other", code = "wrong", expect = { refused = "wrongCode" } }
begin = { do = "beginEnrollment", method = "mobilePhone" }

[[rows]]
name = "two"
use = "setup"
kind = "voiceCall"
tries = "codeTries - 1"
wrong = { told = "shape", code = { shape = "innerSpace" }, expect = { refused = { anyOf = ["wrongCode", "invalidInput"] } } }
begin = { do = "beginEnrollment", method = "email", address = "second" }

[[users]]
name = "alice"

[[steps]]
do = "signIn"
user = "alice"
as = "first"

[[steps]]
fields = "{begin}"
user = "alice"

[[steps]]
check = "CODE-6/{use}-{name}"
do = "submitCode"
user = "alice"
code = "{wrong.code}"
times = "{tries}"
expect = "{wrong.expect}"
control = "{name}-right"

[[steps]]
id = "{name}-right"
do = "submitCode"
user = "alice"
code = "lastSent"
"#;

const MULTIPLIED: &str = r#"
title = "{who} {what.name}"

[rows]
who = ["alice", "bob"]
except = [{ who = "bob", what = ["sign-in"] }]

[[rows.what]]
name = "sign-in"
step = { do = "signIn" }

[[rows.what]]
name = "reset"
step = { do = "beginReset" }

[[users]]
name = "alice"

[[users]]
name = "bob"

[[steps]]
check = "SIGN-4/{name}"
fields = "{what.step}"
user = "{who}"
"#;

fn scenarios(text: &str) -> Vec<Scenario> {
    load_all("scenarios/samples/sample.toml", text, &embedded_catalogue())
        .unwrap_or_else(|errors| panic!("{:#?}", errors.problems()))
}

fn stems(scenarios: &[Scenario]) -> Vec<&str> {
    scenarios.iter().map(|one| one.stem.as_str()).collect()
}

#[test]
fn each_listed_row_is_a_scenario_that_bears_its_name() {
    let all = scenarios(LISTED);
    assert_eq!(stems(&all), ["sample.one", "sample.two"]);
    assert_eq!(all[1].row.as_deref(), Some("two"));
    assert_eq!(
        all[0].title,
        "A secondStep takes the code that was sent, and no other"
    );
    let slug = |one: &Scenario| one.steps[2].check.as_ref().unwrap().slug.clone();
    assert_eq!(slug(&all[0]), "CODE-6/second-step-one");
    assert_eq!(slug(&all[1]), "CODE-6/setup-two");
}

#[test]
fn a_text_that_is_a_parameter_alone_becomes_its_value_of_any_type() {
    let all = scenarios(LISTED);
    let step = &all[1].steps[2];
    assert!(matches!(
        &step.action,
        StepAction::One(Command::SubmitCode {
            code: CodeRole::Shape(_),
            ..
        })
    ));
    assert_eq!(step.times.as_ref().unwrap().to_string(), "codeTries - 1");
    assert_eq!(all[0].steps[2].times.as_ref().unwrap().to_string(), "2");
    let expect = step.check.as_ref().unwrap().expect.as_ref().unwrap();
    assert_eq!(expect.to_json()["refused"]["anyOf"][1], "invalidInput");
    assert_ne!(all[0].policy, all[1].policy);
}

#[test]
fn the_fields_of_a_table_stand_in_the_step_that_asks_for_them() {
    let all = scenarios(LISTED);
    let method = |one: &Scenario| match &one.steps[1].action {
        StepAction::One(command) => command.method(),
        StepAction::Together(_) => None,
    };
    assert_eq!(method(&all[0]), Some(Method::MobilePhone));
    assert_eq!(method(&all[1]), Some(Method::Email));
}

#[test]
fn a_check_of_a_row_is_at_the_line_of_the_story() {
    let check = scenarios(LISTED)[1].steps[2].check.clone().unwrap();
    let lines: Vec<&str> = LISTED.lines().collect();
    assert!(lines[check.line - 1].starts_with("check = "));
    assert!(lines[check.expect_line - 1].starts_with("expect = "));
}

#[test]
fn lists_are_multiplied_but_for_the_exceptions() {
    let all = scenarios(MULTIPLIED);
    let expected = [
        "sample.alice-sign-in",
        "sample.alice-reset",
        "sample.bob-reset",
    ];
    assert_eq!(stems(&all), expected);
    assert_eq!(all[2].title, "bob reset");
}

#[test]
fn a_problem_of_some_rows_is_told_once_with_its_line() {
    let broken = LISTED
        .replace("code = \"wrong\", expect", "code = \"wrnog\", expect")
        .replace("as = \"first\"", "as = \"alice\"");
    let told = messages(&broken);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("`wrnog`"), "{told:#?}");
    assert!(told[1].contains("`alice` cannot be bound"), "{told:#?}");
}

#[test]
fn a_file_with_rows_is_no_single_scenario() {
    assert_eq!(
        read(LISTED).unwrap_err().problems()[0].message,
        "a file with rows is several scenarios"
    );
}
