//! Setting up, sending, throttling, gateways, tries and times.

use super::{check, refusals};

const RESET: &str = "reset.enabled = true\nreset.methods = ['email', 'mobilePhone', 'officePhone', 'securityQuestions']\n\
    reset.questions = ['One?', 'Two?', 'Three?', 'Four?', 'Five?']";
const APPS: &str = "twoStep.kinds = ['appNotification', 'appCode']";
const IN: &[&str] = &["signIn", "beginEnrollment method=email"];

fn after(rest: &[&'static str]) -> Vec<&'static str> {
    [IN, rest].concat()
}

#[test]
fn the_right_code_registers_and_works_once() {
    check(
        RESET,
        &after(&["submitCode code=lastSent"]),
        "state=verified page=success",
    );
    let twice = ["submitCode code=lastSent", "submitCode code=used"];
    check(RESET, &after(&twice), "!alreadyVerified");
    let again = [
        "submitCode code=lastSent",
        "beginEnrollment method=mobilePhone",
        "submitCode code=used",
    ];
    check(RESET, &after(&again), "!wrongCode triesLeft=4");
}

#[test]
fn a_code_lives_until_its_end_and_not_at_it() {
    check(
        RESET,
        &after(&["+599s submitCode code=lastSent"]),
        "state=verified",
    );
    check(
        RESET,
        &after(&["+600s submitCode code=expired"]),
        "!expired",
    );
    check(RESET, &after(&["+600s readEnrollment"]), "state=expired");
    check(
        RESET,
        &after(&["+600s sendCode", "submitCode code=lastSent"]),
        "state=verified",
    );
    check(RESET, &after(&["+1800s sendCode"]), "!expired");
}

#[test]
fn a_newer_code_kills_the_older() {
    let resent = ["+30s sendCode", "submitCode code=previous"];
    check(RESET, &after(&resent), "!wrongCode triesLeft=4");
    let second = [
        "beginEnrollment method=email address=second",
        "submitCode code=previous",
    ];
    check(RESET, &after(&second), "!wrongCode");
    let first = [
        "signIn",
        "beginEnrollment method=email as=first",
        "beginEnrollment method=email address=second",
        "submitCode enrollment=first code=lastSent",
    ];
    check(RESET, &first, "!cancelled");
}

#[test]
fn tries_run_out_for_good() {
    let four = [IN, &["? submitCode code=wrong"; 4]].concat();
    let then = |rest: &[&'static str]| [&four[..], rest].concat();
    check(
        RESET,
        &then(&["submitCode code=wrong"]),
        "!wrongCode triesLeft=0",
    );
    check(
        RESET,
        &then(&["submitCode code=lastSent"]),
        "state=verified",
    );
    check(
        RESET,
        &then(&["? submitCode code=wrong", "submitCode code=lastSent"]),
        "!exhausted",
    );
    check(
        RESET,
        &after(&["submitCode code=missing"]),
        "!wrongCode triesLeft=4",
    );
    let shape = r#"submitCode code={"shape":"fullWidthDigits"}"#;
    check(RESET, &after(&[shape]), "!wrongCode triesLeft=4");
}

#[test]
fn sending_is_throttled_per_user_and_destination_across_uses() {
    check(RESET, &after(&["+29s sendCode"]), "!throttled retryAfter=1");
    check(RESET, &after(&["+30s sendCode"]), "state=challengeSent");
    check(
        RESET,
        &after(&["beginEnrollment method=email"]),
        "!throttled retryAfter=30",
    );
    check(
        RESET,
        &after(&["beginEnrollment method=email address=second"]),
        "state=challengeSent",
    );
    let respelt = [
        "signIn",
        "beginEnrollment method=mobilePhone",
        "cancelEnrollment",
        "beginEnrollment method=mobilePhone phone=mobileRespelt",
    ];
    check(RESET, &respelt, "!throttled");
    let reset = [
        "submitCode code=lastSent",
        "beginReset",
        "beginResetProof method=email",
    ];
    check(RESET, &after(&reset), "!throttled");
    let other = ["bob: signIn", "bob: beginEnrollment method=email"];
    check(RESET, &after(&other), "state=challengeSent");
}

#[test]
fn a_failing_gateway_keeps_nothing_and_a_retry_works_at_once() {
    for behaviour in ["answer4xx", "answer5xx", "hang", "reset", "dead"] {
        let fail = format!("setGateway channel=email behaviour={behaviour}");
        let begun = ["signIn", &fail, "? beginEnrollment method=email"];
        check(RESET, &begun, "!gatewayFailed");
        let mend = [
            "setGateway channel=email behaviour=deliver",
            "beginEnrollment method=email",
        ];
        check(RESET, &[&begun[..], &mend].concat(), "state=challengeSent");
    }
}

#[test]
fn held_dropped_and_doubled_messages_do_no_harm() {
    let held = [
        "signIn",
        "setGateway channel=email behaviour=hold",
        "beginEnrollment method=email",
    ];
    check(
        RESET,
        &[&held[..], &["readInbox channel=email"]].concat(),
        "count=0",
    );
    let released = ["releaseMessages channel=email", "submitCode code=lastSent"];
    check(RESET, &[&held[..], &released].concat(), "state=verified");
    let doubled = [
        "signIn",
        "setGateway channel=email behaviour=duplicate",
        "beginEnrollment method=email",
    ];
    let look = ["readInbox channel=email"];
    check(
        RESET,
        &[&doubled[..], &look].concat(),
        "count=2 hasCode=true",
    );
    check(RESET, &[&doubled[..], &look, &look].concat(), "count=0");
}

#[test]
fn a_call_is_confirmed_by_the_pound_key_alone() {
    let call = ["signIn", "beginEnrollment method=officePhone"];
    let then = |rest: &[&'static str]| [&call[..], rest].concat();
    check(
        RESET,
        &then(&[]),
        "state=challengeSent page=answerCall kind=voiceCall",
    );
    check(
        RESET,
        &then(&["pressKey", "readEnrollment"]),
        "state=verified page=success",
    );
    check(
        RESET,
        &then(&[r#"pressKey key="1""#, "readEnrollment"]),
        "state=denied",
    );
    check(RESET, &then(&["hangUp", "readEnrollment"]), "state=denied");
    check(RESET, &then(&["letRing", "readEnrollment"]), "state=denied");
    check(
        RESET,
        &then(&[r#"pressKey key="1""#, "pressKey"]),
        "!alreadyAnswered",
    );
    check(
        RESET,
        &then(&["+119s pressKey", "readEnrollment"]),
        "state=verified",
    );
    check(RESET, &then(&["+120s pressKey"]), "!expired");
    let late = then(&["+120s ? hangUp", "readEnrollment"]);
    check(RESET, &late, r#"state={"anyOf":["expired","denied"]}"#);
    check(
        RESET,
        &then(&["hangUp", "+30s sendCode", "pressKey", "readEnrollment"]),
        "state=verified",
    );
    check(
        RESET,
        &then(&["+30s sendCode", "pressKey call=previous"]),
        "!cancelled",
    );
    for secret in ["wrong", "none", "sessionToken"] {
        let spoilt = format!("? pressKey secret={secret}");
        let story = [&call[..], &[&spoilt, "readEnrollment"]].concat();
        check(RESET, &story, "state=challengeSent");
    }
}

#[test]
fn the_microsoft_app_goes_page_by_page() {
    let begun = ["signIn", "beginEnrollment method=microsoftAuthenticator"];
    let then = |rest: &[&'static str]| [&begun[..], rest].concat();
    check(APPS, &then(&[]), "state=started page=getTheApp");
    check(
        APPS,
        &then(&["nextPage", "nextPage"]),
        "page=scanQrCode activation=true",
    );
    check(
        APPS,
        &then(&["nextPage", "nextPage", "nextPage"]),
        "!outOfOrder",
    );
    check(APPS, &then(&["sendCode"]), "!outOfOrder");
    check(
        APPS,
        &then(&["nextPage", "nextPage", "+600s activateDevice"]),
        "!expired",
    );
    let active = then(&["nextPage", "nextPage", "activateDevice"]);
    check(
        APPS,
        &[&active[..], &["readEnrollment"]].concat(),
        "state=deviceActivated",
    );
    check(
        APPS,
        &[&active[..], &["activateDevice"]].concat(),
        "!alreadyVerified",
    );
    let sent = [&active[..], &["nextPage"]].concat();
    check(APPS, &sent, "state=challengeSent page=testNotification");
    let then = |rest: &[&'static str]| [&sent[..], rest].concat();
    check(
        APPS,
        &then(&["approveNotification", "readEnrollment"]),
        "state=verified",
    );
    check(
        APPS,
        &then(&["denyNotification", "readEnrollment"]),
        "state=denied",
    );
    check(APPS, &then(&["+120s readEnrollment"]), "state=expired");
    check(
        APPS,
        &then(&["approveNotification", "approveNotification"]),
        "!alreadyAnswered",
    );
    let retry = [
        "denyNotification",
        "+30s sendCode",
        "approveNotification",
        "readEnrollment",
    ];
    check(APPS, &then(&retry), "state=verified");
}

#[test]
fn another_app_takes_one_totp_code_within_a_step() {
    for (code, expected) in [
        ("current", "state=verified"),
        (r#"{"drift":1}"#, "state=verified"),
        (r#"{"drift":-1}"#, "state=verified"),
        (r#"{"drift":2}"#, "!wrongCode triesLeft=4"),
        (r#"{"drift":-2}"#, "!wrongCode"),
    ] {
        let line = format!("submitCode code={code}");
        let story = [
            "signIn",
            "beginEnrollment method=softwareOath",
            "addAccount",
            &line,
        ];
        check(APPS, &story, expected);
    }
}

#[test]
fn answers_break_rules_or_register() {
    let begun = ["signIn", "beginEnrollment method=securityQuestions"];
    let then = |line: &'static str| [&begun[..], &[line]].concat();
    check(RESET, &begun, "state=started page=answerQuestions");
    check(RESET, &then("submitAnswers"), "state=verified");
    check(
        RESET,
        &then("submitAnswers answers=oneTooFew"),
        "!invalidAnswers",
    );
    for (answers, expected) in [
        (r#"[[1,"abc"],[2,"def"],[3,"ghi"]]"#, "state=verified"),
        (r#"[[1,"abc"],[2,"ABC"],[3,"ghi"]]"#, "!invalidAnswers"),
        (r#"[[1,"abc"],[1,"def"],[3,"ghi"]]"#, "!invalidAnswers"),
        (r#"[[1,"ab"],[2,"def"],[3,"ghi"]]"#, "!invalidAnswers"),
        (r#"[[1,"abc"],[2,"def"],[9,"ghi"]]"#, "!invalidAnswers"),
    ] {
        let line = format!("submitAnswers answers={}", given(answers));
        check(RESET, &[&begun[..], &[&line]].concat(), expected);
    }
    let story = [
        "carol: signIn",
        "carol: beginEnrollment method=securityQuestions",
    ];
    check(RESET, &story, "!methodNotAvailable");
}

/// Spells answers from pairs of question and text.
fn given(pairs: &str) -> String {
    let pairs: Vec<(u32, String)> = serde_json::from_str(pairs).expect("pairs");
    let spell = |(question, text)| serde_json::json!({ "question": question, "text": text });
    let answers: Vec<_> = pairs.into_iter().map(spell).collect();
    serde_json::json!({ "given": answers }).to_string()
}

#[test]
fn what_is_not_available_or_no_destination_is_refused() {
    check(
        APPS,
        &["signIn", "beginEnrollment method=email"],
        "!methodNotAvailable",
    );
    let begin = |what: &str| format!("beginEnrollment {what}");
    for (what, expected) in [
        ("method=officePhone kind=textMessage", "!methodNotAvailable"),
        (
            "method=mobilePhone phone=office",
            "!numberCannotReceiveTexts",
        ),
        ("method=email address=work", "!workAddressNotAllowed"),
        (
            r#"method=email address={"text":"a@b@example.org"}"#,
            "!invalidAddress",
        ),
        (
            r#"method=email address={"text":"a@example.com"}"#,
            "!workAddressNotAllowed",
        ),
        (
            r#"method=email address={"text":"a@example.org"}"#,
            "state=challengeSent",
        ),
    ] {
        check(RESET, &["signIn", &begin(what)], expected);
    }
    let old = format!("edition = '2018-07-25'\n{RESET}");
    check(
        &old,
        &["signIn", "beginEnrollment method=email address=work"],
        "state=challengeSent",
    );
}

#[test]
fn a_policy_change_in_the_middle_cancels_what_is_no_longer_allowed() {
    let change = "setPolicy reset.methods=['mobilePhone']";
    check(
        RESET,
        &after(&[change, "submitCode code=lastSent"]),
        "!methodNotAvailable",
    );
    let refused = [change, "? submitCode code=lastSent", "readEnrollment"];
    check(RESET, &after(&refused), "state=cancelled");
    check(
        RESET,
        &after(&[change, "+30s sendCode"]),
        "!methodNotAvailable",
    );
    let call = [
        "signIn",
        "beginEnrollment method=officePhone",
        change,
        "pressKey",
        "readEnrollment",
    ];
    check(RESET, &call, "state=cancelled");
}

#[test]
fn a_setup_ends_with_its_session_or_when_it_is_left() {
    check(
        RESET,
        &after(&["cancelEnrollment", "submitCode code=lastSent"]),
        "!cancelled",
    );
    check(RESET, &after(&["cancelEnrollment", "cancelEnrollment"]), "");
    let call = [
        "signIn",
        "beginEnrollment method=officePhone",
        "signOut",
        "pressKey",
        "signIn",
        "listMethods",
    ];
    check(
        RESET,
        &[&call[..3], &["? pressKey"], &call[4..]].concat(),
        "methods=[]",
    );
    let theirs = [
        "bob: signIn",
        "bob: beginEnrollment method=mobilePhone as=his",
        "submitCode enrollment=his code=lastSent",
    ];
    check(RESET, &after(&theirs), "!notFound");
}

#[test]
fn what_is_no_phone_takes_no_kind_of_another_method() {
    let text = ["signIn", "beginEnrollment method=email kind=textMessage"];
    let expected = ["methodNotAvailable", "invalidInput"];
    refusals(RESET, &text, &expected);
    let mail = [
        "signIn",
        "beginEnrollment method=mobilePhone kind=emailCode",
    ];
    refusals(RESET, &mail, &expected);
}

#[test]
fn an_address_beyond_ascii_is_taken_or_invalid() {
    let begin = r#"beginEnrollment method=email address={"text":"zo\u00eb@example.org"}"#;
    refusals(RESET, &["signIn", begin], &["invalidAddress"]);
}

#[test]
fn questions_are_shown_until_they_are_answered() {
    let begun = ["signIn", "beginEnrollment method=securityQuestions"];
    check(RESET, &begun, "questions=One?+Two?+Three?+Four?+Five?");
    let ended = [&begun[..], &["cancelEnrollment", "readEnrollment"]].concat();
    check(RESET, &ended, "state=cancelled questions=null");
}

#[test]
fn an_activation_works_once() {
    let twice = [
        "signIn",
        "beginEnrollment method=microsoftAuthenticator",
        "nextPage",
        "nextPage",
        "activateDevice",
        "activateDevice",
    ];
    refusals(APPS, &twice, &["alreadyVerified"]);
}
