//! What a good file becomes.

use proofup_domain::capabilities::Limits;
use proofup_domain::command::{Command, Mangle};
use proofup_domain::edition::Edition;
use proofup_domain::state::{MailForm, SmsForm};
use proofup_scenario::{Scenario, StepAction};

use crate::{WINDOW, messages, read};

fn window() -> Scenario {
    match read(WINDOW) {
        Ok(scenario) => scenario,
        Err(errors) => panic!("{:#?}", errors.problems()),
    }
}

#[test]
fn a_good_file_is_read_as_it_is_written() {
    let scenario = window();
    assert_eq!(scenario.stem, "sample");
    assert_eq!(scenario.area, "samples");
    assert_eq!(scenario.editions, [Edition::E20180725, Edition::E20190213]);
    assert_eq!(scenario.start.to_string(), "2026-03-01T00:00:00Z");
    assert_eq!(scenario.gateways.sms, SmsForm::Messages);
    assert_eq!(scenario.gateways.email, MailForm::Smtp);
    assert!(scenario.policy.two_step.registration_required);
    assert_eq!(scenario.users.len(), 2);
    assert_eq!(scenario.users[0].region.as_deref(), Some("NL"));
    assert!(scenario.users[1].exists);
    assert_eq!(scenario.steps.len(), 6);
}

#[test]
fn a_check_knows_its_lines_and_its_requirement() {
    let scenario = window();
    let lines: Vec<&str> = WINDOW.lines().collect();
    let check = scenario.steps[0].check.as_ref().unwrap();
    assert_eq!(check.requirement.0, "DEF-1");
    assert_eq!(lines[check.line - 1], "check = \"DEF-1/first-offer\"");
    assert!(lines[check.expect_line - 1].starts_with("expect = "));
    assert_eq!(lines[scenario.steps[0].line - 1], "[[steps]]");
    assert_eq!(
        check.expect.as_ref().unwrap().to_json()["deferral"]["daysLeft"]["atMost"],
        14
    );
}

#[test]
fn a_refusal_carries_the_difference_to_its_control() {
    let scenario = window();
    let control = scenario.steps[5]
        .check
        .as_ref()
        .unwrap()
        .control
        .as_ref()
        .unwrap();
    assert_eq!(control.step, 1);
    assert_eq!(
        control.difference.to_string(),
        "advanceClock by \"14d\" in between"
    );
    let spoilt = &scenario.steps[3];
    assert_eq!(spoilt.mangle, Some(Mangle::WrongMethod));
    let control = spoilt.check.as_ref().unwrap().control.as_ref().unwrap();
    assert_eq!(
        control.difference.to_string(),
        "mangle: nothing instead of \"wrongMethod\""
    );
}

#[test]
fn repetitions_are_counted_by_declared_limits() {
    let scenario = window();
    let limits: Limits = serde_json::from_value(serde_json::json!({
        "codeLength": 6, "codeTries": 7, "accountFailures": 20, "blockSeconds": 900, "resendSeconds": 30,
        "gatewayTimeoutMs": 2000, "codeSeconds": 600, "activationSeconds": 600, "enrollmentSeconds": 1800,
        "notificationSeconds": 120, "callSeconds": 120, "resetSeconds": 1800, "sessionSeconds": 28800,
    }))
    .unwrap();
    let times = scenario.steps[5].times.as_ref().unwrap();
    assert_eq!(times.count(&limits), Ok(6));
    assert!(
        matches!(&scenario.steps[4].action, StepAction::One(Command::AdvanceClock { by }) if by == "14d")
    );
}

#[test]
fn a_file_without_extras_has_the_defaults() {
    let text = "title = \"t\"\n[[users]]\nname = \"alice\"\n[[steps]]\ncheck = \"SIGN-5/in\"\ndo = \"signIn\"\nuser = \"alice\"\n";
    let scenario = read(text).unwrap();
    assert_eq!(scenario.editions, [Edition::E20190213]);
    assert_eq!(scenario.start.to_string(), "2026-01-15T09:00:00Z");
    assert_eq!(scenario.policy, proofup_domain::policy::Policy::default());
    let check = scenario.steps[0].check.as_ref().unwrap();
    assert_eq!(check.expect, None);
    assert_eq!(check.expect_line, check.line);
}

#[test]
fn a_requirement_that_another_command_judges_can_be_checked_too() {
    assert_eq!(
        messages(&WINDOW.replace("DEF-1/", "AVAIL-10/")),
        Vec::<String>::new()
    );
}

#[test]
fn an_expectation_may_admit_several_answers() {
    let several = WINDOW.replace(
        "expect = { refused = { anyOf = [\"deferralNotOffered\", \"interrupted\"] } }",
        "expect = { anyOf = [{ refused = \"deferralNotOffered\" }, { state = \"interrupted\" }] }",
    );
    assert_eq!(messages(&several), Vec::<String>::new());
}

#[test]
fn a_policy_that_cannot_be_met_may_be_set_where_a_refusal_is_expected() {
    let refused = format!(
        "{WINDOW}\n[[steps]]\nid = \"meetable\"\ndo = \"setPolicy\"\npolicy = {{ deferralDays = 3 }}\n\n[[steps]]\n\
         check = \"AVAIL-11/no-kind\"\ndo = \"setPolicy\"\npolicy = {{ twoStep = {{ kinds = [] }} }}\n\
         expect = {{ refused = \"invalidPolicy\", field = \"twoStep.kinds\" }}\ncontrol = \"meetable\"\n"
    );
    assert_eq!(messages(&refused), Vec::<String>::new());
}

#[test]
fn commands_that_are_sent_together_are_read_with_their_copies() {
    let text = r#"
title = "Two submissions of one code"

[[users]]
name = "alice"

[[steps]]
do = "signIn"
user = "alice"

[[steps]]
do = "beginEnrollment"
user = "alice"
method = "mobilePhone"

[[steps]]
check = "CODE-9/one-wins"
together = [
    { do = "submitCode", user = "alice", code = "lastSent", times = "codeTries + 1" },
    { do = "readSession", user = "alice" },
]
expect = { anyOf = [{ succeeded = 2, refused = { has = ["alreadyVerified"] } }, { succeeded = 1, answers = [{ state = "verified" }] }] }
"#;
    let scenario = read(text).unwrap_or_else(|errors| panic!("{:#?}", errors.problems()));
    let StepAction::Together(parts) = &scenario.steps[2].action else {
        panic!("{:?}", scenario.steps[2]);
    };
    assert_eq!(parts.len(), 2);
    let times = parts[0].times.as_ref().map(ToString::to_string);
    assert_eq!(times.as_deref(), Some("codeTries + 1"));
    assert!(parts[1].times.is_none());
    let check = scenario.steps[2].check.as_ref().expect("it is judged");
    assert!(check.control.is_none());
}
