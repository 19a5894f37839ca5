//! What the page leaves to implementations (`domain.md` §13): every reading is admitted, and nothing beside it.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{read, start, step, tenant};

/// A policy, who did what, and everything that the last command may be answered with: refusals, and `success` or fields of
/// one.
type Row<'a> = (&'a str, &'a [&'a [&'a str]], &'a [&'a str]);

const STEP: &str = "twoStep.kinds = ['appCode', 'textMessage', 'voiceCall']\ntwoStep.requiredAtSignIn = true\n\
    choice.differentMethod = true";
const RESET: &str = "reset.enabled = true\nreset.methods = ['email', 'mobilePhone', 'appCode']";
const BOTH: &str = "twoStep.kinds = ['appCode', 'textMessage', 'voiceCall', 'appNotification']\n\
    reset.enabled = true\nreset.methods = ['email', 'mobilePhone', 'appCode']";
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
/// Passes the one gate of a reset by e-mail.
const PASSED: &[&str] = &[
    "+30s beginReset",
    "beginResetProof method=email",
    "submitResetCode code=lastSent",
];
/// Guesses until the account is blocked; the sign-in before it goes on.
const BLOCKED: &[&str] = &[
    "+30s beginReset",
    "beginResetProof method=email",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "+30s beginResetProof method=email",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "+30s beginResetProof method=email",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "+30s beginResetProof method=email",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
    "submitResetCode code=wrong",
];

/// Checks that a row admits what it lists and nothing else. A word with `=` names one field of a success.
#[track_caller]
fn check((policy, story, admitted): Row<'_>) {
    let (mut state, mut now, mut last) = (tenant(policy), start(), None);
    let story = story.concat();
    for line in &story {
        let (wait, _, command) = read(line);
        now += SignedDuration::from_secs(wait);
        let outcome = step(&state, &command, now);
        assert_eq!(outcome.expected.unbound(), None, "`{line}` can be done");
        state = outcome.state;
        last = Some(outcome.expected);
    }
    let last = last.expect("a story has a command");
    let fields: Vec<&str> = admitted
        .iter()
        .filter_map(|word| Some(word.split_once('=')?.0))
        .collect();
    let told: BTreeSet<String> = last
        .alternatives()
        .iter()
        .flat_map(|one| match one.refusal() {
            Some(refusal) => vec![refusal.as_str().to_owned()],
            None if fields.is_empty() => vec!["success".to_owned()],
            None => {
                let answer = one.to_json();
                let told = fields
                    .iter()
                    .map(|field| format!("{field}={}", answer[field]));
                told.collect()
            }
        })
        .collect();
    let admitted: BTreeSet<String> = admitted.iter().map(|word| (*word).to_owned()).collect();
    assert_eq!(told, admitted, "{story:?}");
}

#[test]
fn what_is_over_may_be_forgotten_and_nothing_before() {
    let step: &[&str] = &["signOut", "+30s signIn", "beginSecondStep"];
    let code: &[&str] = &["submitSecondStepCode code=lastSent"];
    let proof: &[&str] = &["+30s beginReset", "beginResetProof method=email"];
    let rows: &[Row<'_>] = &[
        // A second step by a code that was sent.
        (
            STEP,
            &[PHONE, step, &["+599s submitSecondStepCode code=lastSent"]],
            &["success"],
        ),
        (
            STEP,
            &[PHONE, step, &["+600s submitSecondStepCode code=lastSent"]],
            &["expired", "notFound"],
        ),
        (
            STEP,
            &[PHONE, step, &["+599s readSecondStep"]],
            &["success"],
        ),
        (
            STEP,
            &[PHONE, step, &["+600s readSecondStep"]],
            &["success", "notFound"],
        ),
        (STEP, &[PHONE, step, code, code], &["alreadyVerified"]),
        (
            STEP,
            &[
                PHONE,
                step,
                code,
                &["+600s submitSecondStepCode code=lastSent"],
            ],
            &["alreadyVerified", "notFound"],
        ),
        // A second step for which nothing is sent: it may go on, be over, or be over and forgotten.
        (
            STEP,
            &[OATH, step, &["+600s submitSecondStepCode code=current"]],
            &["success", "expired", "notFound"],
        ),
        (
            STEP,
            &[OATH, step, &["+599s submitSecondStepCode code=current"]],
            &["success"],
        ),
        // A setup lives longer than its code.
        (
            RESET,
            &[&MAIL[..2], &["+600s submitCode code=lastSent"]],
            &["expired"],
        ),
        (
            RESET,
            &[&MAIL[..2], &["+1799s submitCode code=lastSent"]],
            &["expired"],
        ),
        (
            RESET,
            &[&MAIL[..2], &["+1800s submitCode code=lastSent"]],
            &["expired", "cancelled", "notFound"],
        ),
        (
            RESET,
            &[MAIL, &["submitCode code=lastSent"]],
            &["alreadyVerified"],
        ),
        (
            RESET,
            &[MAIL, &["+1800s submitCode code=lastSent"]],
            &["alreadyVerified", "notFound"],
        ),
        (
            RESET,
            &[MAIL, &["+1800s readEnrollment"]],
            &["success", "notFound"],
        ),
        (
            RESET,
            &[&MAIL[..2], &["cancelEnrollment", "+1799s sendCode"]],
            &["cancelled"],
        ),
        (
            RESET,
            &[&MAIL[..2], &["cancelEnrollment", "+1800s sendCode"]],
            &["cancelled", "notFound"],
        ),
        (
            RESET,
            &[&MAIL[..2], &["cancelEnrollment", "+1800s readEnrollment"]],
            &["success", "notFound"],
        ),
        (
            RESET,
            &[&MAIL[..2], &["cancelEnrollment", "cancelEnrollment"]],
            &["success", "cancelled"],
        ),
        (
            RESET,
            &[&MAIL[..2], &["cancelEnrollment", "+1800s cancelEnrollment"]],
            &["success", "cancelled", "notFound"],
        ),
        (
            RESET,
            &[MAIL, &["cancelEnrollment"]],
            &["success", "alreadyVerified"],
        ),
        // A proof of a reset.
        (
            RESET,
            &[MAIL, proof, &["+599s submitResetCode code=lastSent"]],
            &["success"],
        ),
        (
            RESET,
            &[MAIL, proof, &["+600s submitResetCode code=lastSent"]],
            &["expired", "notFound"],
        ),
        (
            RESET,
            &[MAIL, PASSED, &["submitResetCode code=lastSent"]],
            &["alreadyVerified"],
        ),
        (
            RESET,
            &[MAIL, PASSED, &["+600s submitResetCode code=lastSent"]],
            &["alreadyVerified", "notFound"],
        ),
        (
            RESET,
            &[MAIL, proof, &["+599s readResetProof"]],
            &["success"],
        ),
        (
            RESET,
            &[MAIL, proof, &["+600s readResetProof"]],
            &["success", "notFound"],
        ),
        // A call.
        (
            STEP,
            &[
                PHONE,
                &[
                    "signOut",
                    "+30s signIn",
                    "beginSecondStep kind=voiceCall method=mobilePhone",
                    "+119s pressKey",
                ],
            ],
            &["success"],
        ),
        (
            STEP,
            &[
                PHONE,
                &[
                    "signOut",
                    "+30s signIn",
                    "beginSecondStep kind=voiceCall method=mobilePhone",
                    "+120s pressKey",
                ],
            ],
            &["expired", "notFound"],
        ),
        (
            STEP,
            &[
                PHONE,
                &[
                    "signOut",
                    "+30s signIn",
                    "beginSecondStep kind=voiceCall method=mobilePhone",
                    "pressKey",
                    "pressKey",
                ],
            ],
            &["alreadyAnswered"],
        ),
        (
            STEP,
            &[
                PHONE,
                &[
                    "signOut",
                    "+30s signIn",
                    "beginSecondStep kind=voiceCall method=mobilePhone",
                    "pressKey",
                    "+120s pressKey",
                ],
            ],
            &["alreadyAnswered", "notFound"],
        ),
    ];
    for row in rows {
        check(*row);
    }
}

#[test]
fn a_gate_whose_method_is_gone_counts_or_is_open_again() {
    let deleted: &[&str] = &["deleteMethod method=email"];
    let barred: &[&str] = &["setPolicy reset.methods=['mobilePhone']"];
    let password: &[&str] = &["setNewPassword"];
    let read: &[&str] = &["readReset"];
    let rows: &[Row<'_>] = &[
        (RESET, &[MAIL, PASSED, password], &["success"]),
        (
            RESET,
            &[MAIL, PASSED, deleted, password],
            &["success", "gatesMissing"],
        ),
        (
            RESET,
            &[MAIL, PASSED, barred, password],
            &["success", "gatesMissing"],
        ),
        (RESET, &[MAIL, PASSED, read], &["gatesPassed=1"]),
        (
            RESET,
            &[MAIL, PASSED, deleted, read],
            &["gatesPassed=1", "gatesPassed=0"],
        ),
        (
            RESET,
            &[MAIL, PASSED, barred, read],
            &["gatesPassed=1", "gatesPassed=0"],
        ),
        // What policy allows otherwise does not matter to it.
        (
            RESET,
            &[MAIL, PASSED, &["setPolicy reset.methods=['email']"], read],
            &["gatesPassed=1"],
        ),
        (
            RESET,
            &[
                MAIL,
                PASSED,
                &["setPolicy reset.methods=['email']"],
                password,
            ],
            &["success"],
        ),
        (
            RESET,
            &[MAIL, PASSED, &["beginResetProof method=email"]],
            &["gateAlreadyPassed"],
        ),
        (
            RESET,
            &[MAIL, PASSED, barred, &["beginResetProof method=email"]],
            &["gateAlreadyPassed", "methodNotAvailable"],
        ),
        (
            RESET,
            &[MAIL, PASSED, deleted, &["setNewPassword password=tooShort"]],
            &["gatesMissing", "invalidPassword"],
        ),
    ];
    for row in rows {
        check(*row);
    }
}

#[test]
fn a_reset_that_is_switched_off_half_way_goes_on_or_answers_contact_administrator() {
    let off: &[&str] = &["setPolicy reset.enabled=false"];
    let begun: &[&str] = &["+30s beginReset", "beginResetProof method=email"];
    let rows: &[Row<'_>] = &[
        (
            RESET,
            &[MAIL, begun, off, &["readReset"]],
            &["success", "contactAdministrator"],
        ),
        (
            RESET,
            &[MAIL, begun, off, &["submitResetCode code=lastSent"]],
            &[
                "success",
                "contactAdministrator",
                "methodNotAvailable",
                "cancelled",
            ],
        ),
        (
            RESET,
            &[MAIL, &begun[..1], off, &["beginResetProof method=email"]],
            &["success", "contactAdministrator", "methodNotAvailable"],
        ),
        (
            RESET,
            &[MAIL, PASSED, off, &["setNewPassword"]],
            &["success", "contactAdministrator", "blocked", "gatesMissing"],
        ),
        (RESET, &[MAIL, begun, &["readReset"]], &["success"]),
        (
            RESET,
            &[
                MAIL,
                begun,
                off,
                &[
                    "setPolicy reset.enabled=true",
                    "submitResetCode code=lastSent",
                ],
            ],
            &["success"],
        ),
    ];
    for row in rows {
        check(*row);
    }
}

#[test]
fn blocked_and_the_state_of_a_thing_are_refused_in_any_order() {
    let right: &[&str] = &["submitCode code=lastSent"];
    let setup: &[&str] = &["+30s beginEnrollment method=mobilePhone"];
    let app: &[&str] = &["+30s beginEnrollment method=microsoftAuthenticator"];
    let misfit = &[
        "blocked",
        "outOfOrder",
        "invalidInput",
        "invalidAnswers",
        "methodNotAvailable",
    ];
    let last: &[&str] = &["submitResetCode code=wrong"];
    let wait: &[&str] = &["+30s beginResetProof method=email"];
    // The failures up to the limit, the last of them still to come.
    let nearly = &BLOCKED[..BLOCKED.len() - 1];
    let rows: &[Row<'_>] = &[
        // A setup that awaits a code: nothing but the block refuses it, right or wrong.
        (BOTH, &[MAIL, nearly, setup, last, right], &["blocked"]),
        (
            BOTH,
            &[MAIL, nearly, setup, last, &["submitCode code=wrong"]],
            &["blocked"],
        ),
        // One that awaits another page, or is over.
        (
            BOTH,
            &[MAIL, nearly, app, last, &["submitCode code=wrong"]],
            misfit,
        ),
        (
            BOTH,
            &[MAIL, nearly, setup, &["cancelEnrollment"], last, right],
            &["blocked", "cancelled"],
        ),
        (
            BOTH,
            &[
                MAIL,
                nearly,
                setup,
                last,
                &["+600s submitCode code=lastSent"],
            ],
            &["blocked", "expired"],
        ),
        // A proof of the reset itself.
        (
            BOTH,
            &[MAIL, BLOCKED, &["submitResetCode code=lastSent"]],
            &["blocked", "contactAdministrator", "exhausted"],
        ),
        (
            BOTH,
            &[MAIL, nearly, last, wait],
            &["blocked", "contactAdministrator", "success"],
        ),
    ];
    for row in rows {
        check(*row);
    }
}

#[test]
fn a_setup_that_was_refused_for_its_method_is_cancelled_and_one_that_was_not_goes_on() {
    const CALL: &[&str] = &[
        "signIn",
        "beginEnrollment method=officePhone",
        "setPolicy twoStep.kinds=[]",
        "submitCode code=wrong",
    ];
    let policy = "twoStep.kinds = ['voiceCall']";
    let misfit = ["outOfOrder", "invalidInput", "invalidAnswers"];
    let first = [
        &misfit[..],
        &["methodNotAvailable", "wrongCode", "wrongAnswers"],
    ]
    .concat();
    check((policy, &[CALL], &first));
    let second = [&misfit[..], &["cancelled", "methodNotAvailable"]].concat();
    check((policy, &[CALL, &CALL[3..]], &second));
}

#[test]
fn the_kinds_of_several_apps_are_listed_by_app_or_by_kind_and_the_default_first() {
    let policy = "twoStep.kinds = ['appCode']\napp.codeWithNotification = true\nreset.enabled = true\n\
        reset.methods = ['appNotification', 'appCode', 'email']\nreset.methodsRequired = 2";
    let app: &[&str] = &[
        "beginEnrollment method=microsoftAuthenticator",
        "nextPage",
        "nextPage",
        "activateDevice",
        "nextPage",
        "approveNotification",
        "+30s beginSecondStep kind=appCode",
        "submitSecondStepCode code=current",
    ];
    let kinds = |kinds: [&str; 4]| {
        let app = |kind| format!(r#"{{"method":"microsoftAuthenticator","kind":"{kind}"}}"#);
        let mail = r#"{"method":"email","kind":"emailCode"}"#;
        format!("[{},{mail}]", kinds.map(app).join(","))
    };
    // The default is the code of the second app.
    let by_app = kinds(["appCode", "appNotification", "appCode", "appNotification"]);
    let by_kind = kinds(["appCode", "appNotification", "appNotification", "appCode"]);
    let either = format!(r#"methods={{"anyOf":[{by_app},{by_kind}]}}"#);
    check((policy, &[MAIL, app, &app[..6], &["beginReset"]], &[&either]));
}
