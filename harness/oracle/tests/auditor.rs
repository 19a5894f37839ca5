//! Histories that no sound implementation writes, and what the auditor says of each.
//!
//! A line is seconds to wait, what is done (fields as in a scenario, alice unless another user is named) and the answer.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proofup_domain::capabilities::Limits;
use proofup_domain::policy::Policy;
use proofup_oracle::auditor::{Entry, Grounds, Invariant, audit};
use serde_json::{Value, json};

/// One line: seconds to wait, the command, the answer.
type Line = (i64, Value, Value);

fn grounds() -> Grounds {
    let policy = json!({
        "twoStep": { "kinds": ["textMessage", "appCode"], "registrationRequired": true },
        "deferralDays": 14,
    });
    let policy: Policy = serde_json::from_value(policy).expect("a policy");
    Grounds {
        policy,
        limits: Limits {
            code_length: 6,
            code_tries: 5,
            account_failures: 20,
            block_seconds: 900,
            resend_seconds: 30,
            gateway_timeout_ms: 100,
            code_seconds: 600,
            activation_seconds: 600,
            enrollment_seconds: 1800,
            notification_seconds: 120,
            call_seconds: 120,
            reset_seconds: 1800,
            session_seconds: 28_800,
        },
        code_shapes_accepted: BTreeSet::new(),
    }
}

/// Checks which invariants a history breaks, and where.
#[track_caller]
fn check(lines: &[Line], expected: &[(usize, Invariant)]) {
    let mut now = Timestamp::from_second(1_768_467_600).expect("an instant of 2026");
    let mut history: Vec<Entry> = Vec::new();
    for (wait, command, answer) in lines {
        now += SignedDuration::from_secs(*wait);
        let mut command = command.clone();
        if command.get("user").is_none() && command["do"] != "setPolicy" {
            command["user"] = "alice".into();
        }
        let command = serde_json::from_value(command).expect("a command");
        let answer = answer.as_object().expect("an answer is a table").clone();
        history.push((now, command, answer));
    }
    let found = audit(&grounds(), &history);
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    let found: Vec<_> = found.iter().map(|v| (v.index, v.invariant)).collect();
    assert_eq!(found, expected, "{told:#?}");
}

fn signed_in() -> Line {
    (0, json!({"do": "signIn"}), json!({"state": "signedIn"}))
}

fn setup(method: &str, kind: &str) -> Line {
    let begin = json!({"do": "beginEnrollment", "method": method});
    (
        0,
        begin,
        json!({"state": "challengeSent", "method": method, "kind": kind}),
    )
}

fn submit(wait: i64, code: &Value, answer: Value) -> Line {
    (wait, json!({"do": "submitCode", "code": code}), answer)
}

fn verified(wait: i64, code: &Value) -> Line {
    submit(wait, code, json!({"state": "verified"}))
}

fn wrong(left: u32) -> Line {
    submit(
        0,
        &json!("wrong"),
        json!({"refused": "wrongCode", "triesLeft": left}),
    )
}

fn list(methods: &Value) -> Line {
    (0, json!({"do": "listMethods"}), json!({"methods": methods}))
}

fn window(wait: i64, left: u32) -> Line {
    let deferral = json!({"offered": left > 0, "daysLeft": left});
    (
        wait,
        json!({"do": "signIn"}),
        json!({"state": "interrupted", "deferral": deferral}),
    )
}

#[test]
fn a_sound_history_breaks_nothing() {
    let lines = [
        window(0, 14),
        setup("mobilePhone", "textMessage"),
        wrong(4),
        verified(599, &json!("lastSent")),
        list(&json!(["mobilePhone"])),
        (
            0,
            json!({"do": "readEnrollment"}),
            json!({"state": "verified"}),
        ),
        (
            0,
            json!({"do": "completeWizard"}),
            json!({"state": "signedIn"}),
        ),
        (0, json!({"do": "openAccount"}), json!({})),
        window(86_400, 13),
    ];
    check(&lines, &[]);
}

#[test]
fn what_is_registered_was_proved() {
    let invariant = Invariant::NothingRegisteredWithoutProof;
    check(&[signed_in(), list(&json!(["email"]))], &[(1, invariant)]);
    let begun = [
        signed_in(),
        setup("email", "emailCode"),
        wrong(4),
        list(&json!(["email"])),
    ];
    check(&begun, &[(3, invariant)]);
    let read = (
        0,
        json!({"do": "readEnrollment"}),
        json!({"state": "verified"}),
    );
    check(
        &[signed_in(), setup("email", "emailCode"), read.clone()],
        &[(2, invariant)],
    );
    let call = setup("officePhone", "voiceCall");
    let pressed = (0, json!({"do": "pressKey"}), json!({}));
    check(&[signed_in(), call.clone(), pressed, read.clone()], &[]);
    let other = (0, json!({"do": "pressKey", "key": "1"}), json!({}));
    check(&[signed_in(), call, other, read], &[(3, invariant)]);
    let twice = json!(["email", "email"]);
    let once = [
        signed_in(),
        setup("email", "emailCode"),
        verified(0, &json!("lastSent")),
        list(&twice),
    ];
    check(&once, &[(3, invariant)]);
}

#[test]
fn codes_work_once_and_only_the_right_one() {
    let begun = [signed_in(), setup("email", "emailCode")];
    let then = |lines: &[Line]| [&begun[..], lines].concat();
    let right = verified(0, &json!("lastSent"));
    let again = then(&[right.clone(), verified(0, &json!("used"))]);
    check(
        &again,
        &[(3, Invariant::CodeWorksOnce), (3, Invariant::CodeWorksOnce)],
    );
    check(
        &then(&[right.clone(), right]),
        &[(3, Invariant::CodeWorksOnce)],
    );
    for code in [
        json!("wrong"),
        json!("missing"),
        json!({"shape": "plusSign"}),
        json!({"drift": 2}),
    ] {
        check(
            &then(&[verified(0, &code)]),
            &[(2, Invariant::OnlyTheRightCode)],
        );
    }
    check(
        &then(&[verified(600, &json!("lastSent"))]),
        &[(2, Invariant::CodeDiesInTime)],
    );
}

#[test]
fn tries_run_down_and_sending_waits() {
    let begun = [signed_in(), setup("email", "emailCode")];
    let then = |lines: &[Line]| [&begun[..], lines].concat();
    check(&then(&[wrong(4), wrong(3)]), &[]);
    check(
        &then(&[wrong(4), wrong(4)]),
        &[(3, Invariant::TriesRunDown)],
    );
    let after = then(&[wrong(0), verified(0, &json!("lastSent"))]);
    check(&after, &[(3, Invariant::TriesRunDown)]);
    let send = |wait| {
        (
            wait,
            json!({"do": "sendCode"}),
            json!({"state": "challengeSent"}),
        )
    };
    check(&then(&[send(30)]), &[]);
    check(&then(&[send(29)]), &[(2, Invariant::SendingIsThrottled)]);
    check(&then(&[wrong(4), send(30), wrong(4)]), &[]);
}

#[test]
fn the_window_only_shrinks() {
    check(&[window(0, 14), window(86_400, 14)], &[]);
    check(
        &[window(0, 13), window(0, 14)],
        &[(1, Invariant::DaysLeftNeverRise)],
    );
    check(&[window(0, 15)], &[(0, Invariant::DaysLeftNeverRise)]);
    let longer = (
        0,
        json!({"do": "setPolicy", "policy": {"deferralDays": 14}}),
        json!({}),
    );
    check(&[window(0, 3), longer, window(0, 14)], &[]);
    let none = (
        0,
        json!({"do": "setPolicy", "policy": {"deferralDays": 0}}),
        json!({}),
    );
    let expected = [
        (1, Invariant::NoOfferWithoutWindow),
        (1, Invariant::DaysLeftNeverRise),
    ];
    check(&[none, window(0, 1)], &expected);
}

#[test]
fn mail_and_answers_are_no_second_step() {
    let owed = |default: Value, alternatives: Value| {
        let answer = json!({
            "state": "secondStepRequired", "default": default, "alternatives": alternatives,
        });
        (0, json!({"do": "signIn"}), answer)
    };
    let text = json!({"method": "mobilePhone", "kind": "textMessage"});
    let mail = json!({"method": "email", "kind": "emailCode"});
    let invariant = Invariant::NeverMailOrAnswers;
    check(&[owed(text.clone(), json!([]))], &[]);
    check(&[owed(mail.clone(), json!([]))], &[(0, invariant)]);
    check(&[owed(text.clone(), json!([mail]))], &[(0, invariant)]);
    let begun = (0, json!({"do": "beginSecondStep", "method": "email"}), mail);
    check(&[owed(text, json!([])), begun], &[(1, invariant)]);
}

#[test]
fn the_default_is_registered_and_usable() {
    let told = |default: Value| {
        let answer = json!({
            "methods": ["mobilePhone"], "default": default,
            "details": [{"method": "mobilePhone", "usableFor": ["twoStepVerification"]}],
        });
        (0, json!({"do": "listMethods"}), answer)
    };
    let proved = [
        signed_in(),
        setup("mobilePhone", "textMessage"),
        verified(0, &json!("lastSent")),
    ];
    let then = |line: Line| [&proved[..], &[line]].concat();
    let invariant = Invariant::DefaultIsEligible;
    check(
        &then(told(
            json!({"method": "mobilePhone", "kind": "textMessage"}),
        )),
        &[],
    );
    let gone = told(json!({"method": "softwareOath", "kind": "appCode"}));
    check(&then(gone), &[(3, invariant), (3, invariant)]);
    let call = told(json!({"method": "mobilePhone", "kind": "voiceCall"}));
    check(&then(call), &[(3, invariant)]);
    let mut none = told(json!({}));
    none.2.as_object_mut().expect("a table").remove("default");
    check(&then(none), &[(3, invariant)]);
}

#[test]
fn sessions_open_only_when_signed_in_and_end() {
    let open = (0, json!({"do": "openAccount"}), json!({}));
    check(
        &[window(0, 14), open.clone()],
        &[(1, Invariant::AccountOnlySignedIn)],
    );
    check(&[signed_in(), open.clone()], &[]);
    let out = (0, json!({"do": "signOut"}), json!({}));
    check(
        &[signed_in(), out, open],
        &[(2, Invariant::EndedSessionsAreDead)],
    );
}

#[test]
fn refusals_change_nothing_and_callbacks_need_their_secret() {
    let proved = [
        signed_in(),
        setup("email", "emailCode"),
        verified(0, &json!("lastSent")),
    ];
    let refused = (
        0,
        json!({"do": "deleteMethod", "method": "email"}),
        json!({"refused": "interrupted"}),
    );
    let lists = [list(&json!(["email"])), refused, list(&json!([]))];
    let expected = [(5, Invariant::RefusedChangesNothing)];
    check(&[&proved[..], &lists].concat(), &expected);
    let call = (0, json!({"do": "pressKey", "secret": "none"}), json!({}));
    check(&[signed_in(), call], &[(1, Invariant::CallbackNeedsSecret)]);
}

#[test]
fn a_new_password_comes_after_a_proof() {
    let begun = (0, json!({"do": "beginReset"}), json!({"state": "started"}));
    let set = (0, json!({"do": "setNewPassword"}), json!({}));
    check(
        &[begun.clone(), set.clone()],
        &[(1, Invariant::PasswordAfterProof)],
    );
    let proof = (
        0,
        json!({"do": "beginResetProof", "method": "email"}),
        json!({"kind": "emailCode"}),
    );
    let code = (
        0,
        json!({"do": "submitResetCode", "code": "lastSent"}),
        json!({"state": "gatesPassed"}),
    );
    let read = (
        0,
        json!({"do": "readSession"}),
        json!({"state": "signedIn"}),
    );
    let whole = [signed_in(), begun, proof, code, set, read];
    check(&whole, &[(5, Invariant::EndedSessionsAreDead)]);
}

#[test]
fn every_invariant_names_itself_and_a_requirement() {
    let names: BTreeSet<&str> = Invariant::ALL.into_iter().map(Invariant::name).collect();
    assert_eq!(names.len(), Invariant::ALL.len());
    for invariant in Invariant::ALL {
        assert!(invariant.requirement().contains('-'));
    }
}

#[test]
fn the_tries_of_a_second_step_run_down() {
    let begun = json!({"state": "challengeSent", "method": "mobilePhone", "kind": "textMessage"});
    let submit = |answer: Value| {
        let submit = json!({"do": "submitSecondStepCode", "code": "wrong"});
        (0, submit, answer)
    };
    let wrong = |left: u32| submit(json!({"refused": "wrongCode", "triesLeft": left}));
    let lines = [
        (
            0,
            json!({"do": "signIn"}),
            json!({"state": "secondStepRequired"}),
        ),
        (0, json!({"do": "beginSecondStep"}), begun),
        wrong(4),
        wrong(4),
    ];
    check(&lines, &[(3, Invariant::TriesRunDown)]);
}
