//! The second step, the reset, TOTP steps.

use super::check;

const STEP: &str = "twoStep.kinds = ['appCode', 'textMessage', 'voiceCall']\ntwoStep.requiredAtSignIn = true\n\
    choice.differentMethod = true";
const RESET: &str = "reset.enabled = true\nreset.methods = ['email', 'mobilePhone', 'appCode']";
const PHONE: &[&str] = &[
    "signIn",
    "beginEnrollment method=mobilePhone",
    "submitCode code=lastSent",
];
const MAIL: &[&str] = &[
    "signIn",
    "beginEnrollment method=email",
    "submitCode code=lastSent",
];
const OATH: &[&str] = &[
    "signIn",
    "beginEnrollment method=softwareOath",
    "addAccount",
    "submitCode code=current",
];

fn after(begun: &[&'static str], rest: &[&'static str]) -> Vec<&'static str> {
    [begun, rest].concat()
}

#[test]
fn a_second_step_is_tried_by_the_default_or_by_what_is_named() {
    let phone = after(PHONE, &["signOut", "+30s signIn"]);
    check(
        STEP,
        &phone,
        "state=secondStepRequired default.kind=textMessage",
    );
    let then = |rest: &[&'static str]| after(&phone, rest);
    check(
        STEP,
        &then(&["beginSecondStep"]),
        "kind=textMessage triesLeft=5",
    );
    let call = [
        "beginSecondStep method=mobilePhone kind=voiceCall",
        "pressKey",
        "readSession",
    ];
    check(STEP, &then(&call), "state=signedIn");
    check(
        STEP,
        &then(&["beginSecondStep method=email kind=emailCode"]),
        "!methodNotAvailable",
    );
    check(
        STEP,
        &then(&["beginSecondStep method=softwareOath"]),
        "!methodNotAvailable",
    );
    check(STEP, &then(&["openAccount"]), "!secondStepRequired");
    let right = ["beginSecondStep", "submitSecondStepCode code=lastSent"];
    check(STEP, &then(&right), "state=signedIn");
    let wrong = ["beginSecondStep", "submitSecondStepCode code=wrong"];
    check(STEP, &then(&wrong), "!wrongCode triesLeft=4");
    let hung_up = [
        "beginSecondStep method=mobilePhone kind=voiceCall",
        "hangUp",
        "readSession",
    ];
    check(STEP, &then(&hung_up), "state=secondStepRequired");
}

#[test]
fn a_newer_challenge_of_the_same_use_and_method_kills_the_older() {
    let rest = [
        "signOut",
        "+30s signIn",
        "beginSecondStep as=older",
        "+30s beginSecondStep",
        "submitSecondStepCode challenge=older code=lastSent",
    ];
    check(STEP, &after(PHONE, &rest), "!cancelled");
}

#[test]
fn a_totp_step_is_spent_once_for_all_uses() {
    let story = after(OATH, &["signOut", "signIn", "beginSecondStep"]);
    let then = |rest: &[&'static str]| after(&story, rest);
    check(
        STEP,
        &then(&["submitSecondStepCode code=current"]),
        "!wrongCode triesLeft=4",
    );
    check(
        STEP,
        &then(&["+30s submitSecondStepCode code=current"]),
        "state=signedIn",
    );
    check(
        STEP,
        &then(&["submitSecondStepCode code=used"]),
        "!wrongCode",
    );
    let next = r#"submitSecondStepCode code={"drift":1}"#;
    check(STEP, &then(&[next]), "state=signedIn");
    let behind = [
        next,
        "signIn",
        "beginSecondStep",
        "submitSecondStepCode code=current",
    ];
    check(STEP, &then(&behind), "!wrongCode");
}

#[test]
fn a_code_proves_only_what_it_was_sent_for() {
    let policy = format!("{STEP}\nreset.enabled = true\nreset.methods = ['mobilePhone']");
    let rest = [
        "signOut",
        "+30s signIn",
        "beginSecondStep as=step",
        "+30s beginReset",
        "beginResetProof method=mobilePhone kind=textMessage",
    ];
    let story = after(PHONE, &rest);
    let then = |rest: &[&'static str]| after(&story, rest);
    check(
        &policy,
        &then(&[r#"submitResetCode code={"of":"step"}"#]),
        "!wrongCode",
    );
    check(
        &policy,
        &then(&["submitResetCode code=lastSent"]),
        "state=gatesPassed",
    );
    check(
        &policy,
        &then(&["submitSecondStepCode code=lastSent"]),
        "state=signedIn",
    );
}

#[test]
fn a_reset_asks_for_its_gates_and_then_for_the_password() {
    let begun = after(MAIL, &["+30s beginReset"]);
    check(RESET, &begun, "state=started gatesRequired=1 gatesPassed=0");
    check(RESET, &after(&begun, &["setNewPassword"]), "!gatesMissing");
    check(
        RESET,
        &after(&begun, &["beginResetProof method=mobilePhone"]),
        "!methodNotAvailable",
    );
    let proved = after(
        &begun,
        &[
            "beginResetProof method=email",
            "submitResetCode code=lastSent",
        ],
    );
    check(RESET, &proved, "state=gatesPassed methods=[]");
    check(
        RESET,
        &after(&proved, &["beginResetProof method=email"]),
        "!gateAlreadyPassed",
    );
    check(
        RESET,
        &after(&proved, &["setNewPassword password=tooShort"]),
        "!invalidPassword",
    );
    let set = after(&proved, &["setNewPassword"]);
    check(RESET, &set, "");
    check(RESET, &after(&set, &["readSession"]), "!unauthenticated");
    check(
        RESET,
        &after(&set, &["signIn password=previous"]),
        "!invalidCredentials",
    );
    check(RESET, &after(&set, &["signIn"]), "state=signedIn");
    check(RESET, &after(&set, &["setNewPassword"]), "!alreadyVerified");
    check(
        RESET,
        &after(&set, &["readAudit"]),
        "events.1.activity=passwordReset",
    );
}

#[test]
fn a_reset_ends_by_time_and_by_a_newer_one() {
    let begun = after(MAIL, &["+30s beginReset as=first"]);
    check(
        RESET,
        &after(&begun, &["+1799s readReset"]),
        "state=started",
    );
    check(RESET, &after(&begun, &["+1800s readReset"]), "!expired");
    check(
        RESET,
        &after(&begun, &["beginReset", "readReset reset=first"]),
        "!cancelled",
    );
    check(RESET, &["beginReset"], "!contactAdministrator");
    check(RESET, &["nobody: beginReset"], "!contactAdministrator");
}

#[test]
fn questions_are_compared_trimmed_and_case_folded_and_nothing_else() {
    let policy = "reset.enabled = true\nreset.methods = ['securityQuestions']\nreset.questions = ['One?', 'Two?', 'Three?']";
    let asked = [
        "signIn",
        "beginEnrollment method=securityQuestions",
        "submitAnswers",
        "beginReset",
        "beginResetProof method=securityQuestions",
    ];
    for (answers, expected) in [
        ("right", "state=gatesPassed"),
        ("upperCase", "state=gatesPassed"),
        ("padded", "state=gatesPassed"),
        ("wrong", "!wrongAnswers triesLeft=4"),
        ("innerSpace", "!wrongAnswers"),
        ("oneTooFew", "!wrongAnswers"),
    ] {
        let line = format!("submitResetAnswers answers={answers}");
        check(policy, &[&asked[..], &[&line]].concat(), expected);
    }
}

#[test]
fn folding_is_that_of_unicode() {
    use crate::machine::verify::folded;
    for (one, other) in [
        ("Straße", "STRASSE"),
        (" ΟΔΥΣΣΕΎΣ ", "οδυσσεύς"),
        ("ẞ", "ss"),
    ] {
        assert_eq!(folded(one), folded(other), "{one} {other}");
    }
    for (one, other) in [("ı", "i"), ("a b", "ab"), ("é", "e")] {
        assert_ne!(folded(one), folded(other), "{one} {other}");
    }
}

#[test]
fn a_phone_that_takes_no_texts_proves_by_calls_alone() {
    let story = [
        "signIn",
        "beginEnrollment method=mobilePhone phone=office kind=voiceCall",
        "pressKey",
        "signIn",
    ];
    check(STEP, &story, "default.kind=voiceCall alternatives=[]");
}
