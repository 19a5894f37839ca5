//! What a control may differ in, and what it may not.

use crate::read;

/// Tells the difference that the loader finds for the check `CODE-6/refused`, or its first error.
fn difference(steps: &str) -> Result<String, String> {
    let text = format!(
        "title = \"t\"\n[policy]\nreset.enabled = true\nreset.methods = [\"email\"]\n[[users]]\nname = \"alice\"\n\
         [[users]]\nname = \"bob\"\n{steps}"
    );
    match read(&text) {
        Ok(scenario) => {
            let mut checks = scenario.steps.into_iter().filter_map(|step| step.check);
            let check = checks
                .find(|check| check.slug == "CODE-6/refused")
                .expect("every text here has it");
            Ok(check.control.expect("the check names one").difference)
        }
        Err(errors) => Err(errors.problems()[0].message.clone()),
    }
}

fn step(fields: &str) -> String {
    format!("[[steps]]\n{}\n", fields.replace("; ", "\n"))
}

const REFUSED: &str =
    "check = \"CODE-6/refused\"; control = \"control\"; expect = { refused = \"wrongCode\" }; ";

/// A refused step with its control before it, and something in between.
fn pair(control: &str, between: &str, refused: &str) -> String {
    format!(
        "{}{between}{}",
        step(&format!("id = \"control\"; {control}")),
        step(&format!("{REFUSED}{refused}"))
    )
}

#[test]
fn a_field_may_differ() {
    let told = difference(&pair(
        "do = \"submitCode\"; user = \"alice\"; code = \"lastSent\"",
        "",
        "do = \"submitCode\"; user = \"alice\"; code = { shape = \"plusSign\" }",
    ));
    assert_eq!(
        told.unwrap(),
        "code: \"lastSent\" instead of { shape = \"plusSign\" }"
    );
}

#[test]
fn the_user_may_differ() {
    let told = difference(&pair(
        "do = \"signIn\"; user = \"alice\"",
        "",
        "do = \"signIn\"; user = \"bob\"",
    ));
    assert_eq!(told.unwrap(), "user: \"alice\" instead of \"bob\"");
}

#[test]
fn a_session_may_differ() {
    let told = difference(&pair(
        "do = \"openAccount\"; user = \"alice\"",
        "",
        "do = \"openAccount\"; user = \"alice\"; session = \"none\"",
    ));
    assert_eq!(told.unwrap(), "session: the latest instead of \"none\"");
}

#[test]
fn a_method_and_its_data_are_one_thing() {
    let told = difference(&pair(
        "do = \"beginEnrollment\"; user = \"alice\"; method = \"email\"",
        "",
        "do = \"beginEnrollment\"; user = \"alice\"; method = \"officePhone\"",
    ));
    assert_eq!(
        told.unwrap(),
        "method: \"email\" instead of \"officePhone\", address: \"own\" instead of nothing, \
         phone: nothing instead of \"office\", kind: nothing instead of \"voiceCall\""
    );
}

#[test]
fn a_default_written_out_differs_from_nothing() {
    let told = difference(&pair(
        "do = \"beginEnrollment\"; user = \"alice\"; method = \"email\"; address = \"own\"",
        "",
        "do = \"beginEnrollment\"; user = \"alice\"; method = \"email\"",
    ));
    assert_eq!(
        told.unwrap_err(),
        "nothing differs between the step and its control"
    );
}

#[test]
fn the_world_may_differ_in_one_kind() {
    let step_of = "do = \"submitCode\"; user = \"alice\"; code = \"lastSent\"";
    let clock = step("do = \"advanceClock\"; by = \"code\"");
    let policy = step("do = \"setPolicy\"; policy = { deferralDays = 3 }");
    let gateway = step("do = \"setGateway\"; channel = \"sms\"; behaviour = \"drop\"");
    let told = |between: &str| difference(&pair(step_of, between, step_of));
    assert_eq!(told(&clock).unwrap(), "advanceClock by \"code\" in between");
    assert_eq!(
        told(&policy).unwrap(),
        "setPolicy { deferralDays = 3 } in between"
    );
    assert_eq!(told(&gateway).unwrap(), "setGateway sms drop in between");
    let twice = format!("{clock}{clock}");
    assert_eq!(
        told(&twice).unwrap(),
        "advanceClock by \"code\" and by \"code\" in between"
    );
    assert!(
        told(&format!("{clock}{policy}"))
            .unwrap_err()
            .contains("more than one thing")
    );
}

#[test]
fn a_field_and_the_world_are_too_much() {
    let told = difference(&pair(
        "do = \"submitCode\"; user = \"alice\"; code = \"lastSent\"",
        &step("do = \"advanceClock\"; by = \"code\""),
        "do = \"submitCode\"; user = \"alice\"; code = \"wrong\"",
    ));
    assert!(told.unwrap_err().contains("more than one thing"));
}

#[test]
fn bindings_may_differ_beside_a_field_if_they_were_begun_alike() {
    let begun = |rest: &str| {
        step(&format!(
            "do = \"beginEnrollment\"; user = \"alice\"; method = \"email\"; {rest}"
        ))
    };
    let told = |second: &str, code: &str| {
        let pair = pair(
            "do = \"submitCode\"; user = \"alice\"; enrollment = \"one\"; code = \"lastSent\"",
            "",
            &format!("do = \"submitCode\"; user = \"alice\"; enrollment = \"two\"; code = {code}"),
        );
        difference(&format!("{}{}{pair}", begun("as = \"one\""), begun(second)))
    };
    let wrong = "\"wrong\"";
    assert_eq!(
        told("as = \"two\"", wrong).unwrap(),
        "code: \"lastSent\" instead of \"wrong\""
    );
    assert_eq!(
        told("as = \"two\"", "\"lastSent\"").unwrap(),
        "enrollment: \"one\" instead of \"two\""
    );
    let other = told("as = \"two\"; address = \"second\"", wrong);
    assert!(other.unwrap_err().contains("more than one thing"));
}

#[test]
fn a_control_may_come_later() {
    let text = format!(
        "{}{}",
        step(&format!(
            "{REFUSED}do = \"signIn\"; user = \"alice\"; password = \"wrong\""
        )),
        step("id = \"control\"; do = \"signIn\"; user = \"alice\"")
    );
    assert_eq!(
        difference(&text).unwrap(),
        "password: \"right\" instead of \"wrong\""
    );
}
