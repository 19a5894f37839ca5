//! What the page leaves to implementations (`domain.md` §13): every reading is admitted, and nothing beside it.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{read, start, step, tenant};

/// A policy, who did what, and everything that the last command may be answered with: refusals, and `success` or fields of
/// one.
pub(super) type Row<'a> = (&'a str, &'a [&'a [&'a str]], &'a [&'a str]);

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

const SECOND_STEP: &[&str] = &["signOut", "+30s signIn", "beginSecondStep"];
const SECOND_STEP_CODE: &[&str] = &["submitSecondStepCode code=lastSent"];
const PROOF: &[&str] = &["+30s beginReset", "beginResetProof method=email"];
const DELETED: &[&str] = &["deleteMethod method=email"];
const BARRED: &[&str] = &["setPolicy reset.methods=['mobilePhone']"];
const NEW_PASSWORD: &[&str] = &["setNewPassword"];
const READ_RESET: &[&str] = &["readReset"];
const OFF: &[&str] = &["setPolicy reset.enabled=false"];
const RIGHT_CODE: &[&str] = &["submitCode code=lastSent"];
const PHONE_SETUP: &[&str] = &["+30s beginEnrollment method=mobilePhone"];
const APP_SETUP: &[&str] = &["+30s beginEnrollment method=microsoftAuthenticator"];
const MISFIT: &[&str] = &[
    "blocked",
    "outOfOrder",
    "invalidInput",
    "invalidAnswers",
    "methodNotAvailable",
];
const LAST_FAILURE: &[&str] = &["submitResetCode code=wrong"];
const LATER_PROOF: &[&str] = &["+30s beginResetProof method=email"];
const NEARLY_BLOCKED: &[&str] = BLOCKED.split_at(BLOCKED.len() - 1).0;
const MAIL_BEGUN: &[&str] = MAIL.split_at(2).0;
const RESET_BEGUN: &[&str] = PROOF.split_at(1).0;

/// Checks that a row admits what it lists and nothing else. A word with `=` names one field of a success.
#[track_caller]
pub(super) fn check((policy, story, admitted): Row<'_>) {
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

/// What is over, to the second.
const OVER: &[Row<'static>] = &[
    // A second SECOND_STEP by a SECOND_STEP_CODE that was sent.
    (
        STEP,
        &[
            PHONE,
            SECOND_STEP,
            &["+599s submitSecondStepCode code=lastSent"],
        ],
        &["success"],
    ),
    (
        STEP,
        &[
            PHONE,
            SECOND_STEP,
            &["+600s submitSecondStepCode code=lastSent"],
        ],
        &["expired", "notFound"],
    ),
    (
        STEP,
        &[PHONE, SECOND_STEP, &["+599s readSecondStep"]],
        &["success"],
    ),
    (
        STEP,
        &[PHONE, SECOND_STEP, &["+600s readSecondStep"]],
        &["success", "notFound"],
    ),
    (
        STEP,
        &[PHONE, SECOND_STEP, SECOND_STEP_CODE, SECOND_STEP_CODE],
        &["alreadyVerified"],
    ),
    (
        STEP,
        &[
            PHONE,
            SECOND_STEP,
            SECOND_STEP_CODE,
            &["+600s submitSecondStepCode code=lastSent"],
        ],
        &["alreadyVerified", "notFound"],
    ),
    // A second SECOND_STEP for which nothing is sent: it may go on, be over, or be over and forgotten.
    (
        STEP,
        &[
            OATH,
            SECOND_STEP,
            &["+600s submitSecondStepCode code=current"],
        ],
        &["success", "expired", "notFound"],
    ),
    (
        STEP,
        &[
            OATH,
            SECOND_STEP,
            &["+599s submitSecondStepCode code=current"],
        ],
        &["success"],
    ),
    // A setup lives longer than its SECOND_STEP_CODE.
    (
        RESET,
        &[MAIL_BEGUN, &["+600s submitCode code=lastSent"]],
        &["expired"],
    ),
    (
        RESET,
        &[MAIL_BEGUN, &["+1799s submitCode code=lastSent"]],
        &["expired"],
    ),
    (
        RESET,
        &[MAIL_BEGUN, &["+1800s submitCode code=lastSent"]],
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
        &[MAIL_BEGUN, &["cancelEnrollment", "+1799s sendCode"]],
        &["cancelled"],
    ),
    (
        RESET,
        &[MAIL_BEGUN, &["cancelEnrollment", "+1800s sendCode"]],
        &["cancelled", "notFound"],
    ),
    (
        RESET,
        &[MAIL_BEGUN, &["cancelEnrollment", "+1800s readEnrollment"]],
        &["success", "notFound"],
    ),
    (
        RESET,
        &[MAIL_BEGUN, &["cancelEnrollment", "cancelEnrollment"]],
        &["success", "cancelled"],
    ),
    (
        RESET,
        &[MAIL_BEGUN, &["cancelEnrollment", "+1800s cancelEnrollment"]],
        &["success", "cancelled", "notFound"],
    ),
    (
        RESET,
        &[MAIL, &["cancelEnrollment"]],
        &["success", "alreadyVerified"],
    ),
    // A PROOF of a reset.
    (
        RESET,
        &[MAIL, PROOF, &["+599s submitResetCode code=lastSent"]],
        &["success"],
    ),
    (
        RESET,
        &[MAIL, PROOF, &["+600s submitResetCode code=lastSent"]],
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
        &[MAIL, PROOF, &["+599s readResetProof"]],
        &["success"],
    ),
    (
        RESET,
        &[MAIL, PROOF, &["+600s readResetProof"]],
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

#[test]
fn what_is_over_may_be_forgotten_and_nothing_before() {
    for row in OVER {
        check(*row);
    }
}

/// Gates whose method was deleted, or taken away by policy.
const GONE: &[Row<'static>] = &[
    (RESET, &[MAIL, PASSED, NEW_PASSWORD], &["success"]),
    (
        RESET,
        &[MAIL, PASSED, DELETED, NEW_PASSWORD],
        &["success", "gatesMissing"],
    ),
    (
        RESET,
        &[MAIL, PASSED, BARRED, NEW_PASSWORD],
        &["success", "gatesMissing"],
    ),
    (RESET, &[MAIL, PASSED, READ_RESET], &["gatesPassed=1"]),
    (
        RESET,
        &[MAIL, PASSED, DELETED, READ_RESET],
        &["gatesPassed=1", "gatesPassed=0"],
    ),
    (
        RESET,
        &[MAIL, PASSED, BARRED, READ_RESET],
        &["gatesPassed=1", "gatesPassed=0"],
    ),
    // What policy allows otherwise does not matter to it.
    (
        RESET,
        &[
            MAIL,
            PASSED,
            &["setPolicy reset.methods=['email']"],
            READ_RESET,
        ],
        &["gatesPassed=1"],
    ),
    (
        RESET,
        &[
            MAIL,
            PASSED,
            &["setPolicy reset.methods=['email']"],
            NEW_PASSWORD,
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
        &[MAIL, PASSED, BARRED, &["beginResetProof method=email"]],
        &["gateAlreadyPassed", "methodNotAvailable"],
    ),
    (
        RESET,
        &[MAIL, PASSED, DELETED, &["setNewPassword password=tooShort"]],
        &["gatesMissing", "invalidPassword"],
    ),
];

#[test]
fn a_gate_whose_method_is_gone_counts_or_is_open_again() {
    for row in GONE {
        check(*row);
    }
}

/// Resets that policy switched off.
const SWITCHED_OFF: &[Row<'static>] = &[
    (
        RESET,
        &[MAIL, PROOF, OFF, &["readReset"]],
        &["success", "contactAdministrator"],
    ),
    (
        RESET,
        &[MAIL, PROOF, OFF, &["submitResetCode code=lastSent"]],
        &[
            "success",
            "contactAdministrator",
            "methodNotAvailable",
            "cancelled",
        ],
    ),
    (
        RESET,
        &[MAIL, RESET_BEGUN, OFF, &["beginResetProof method=email"]],
        &["success", "contactAdministrator", "methodNotAvailable"],
    ),
    (
        RESET,
        &[MAIL, PASSED, OFF, &["setNewPassword"]],
        &["success", "contactAdministrator", "blocked", "gatesMissing"],
    ),
    (RESET, &[MAIL, PROOF, &["readReset"]], &["success"]),
    (
        RESET,
        &[
            MAIL,
            PROOF,
            OFF,
            &[
                "setPolicy reset.enabled=true",
                "submitResetCode code=lastSent",
            ],
        ],
        &["success"],
    ),
];

#[test]
fn a_reset_that_is_switched_off_half_way_goes_on_or_answers_contact_administrator() {
    for row in SWITCHED_OFF {
        check(*row);
    }
}

/// Refusals of which more than one applies.
const IN_ANY_ORDER: &[Row<'static>] = &[
    // A PHONE_SETUP that awaits a code: nothing but the block refuses it, RIGHT_CODE or wrong.
    (
        BOTH,
        &[MAIL, NEARLY_BLOCKED, PHONE_SETUP, LAST_FAILURE, RIGHT_CODE],
        &["blocked"],
    ),
    (
        BOTH,
        &[
            MAIL,
            NEARLY_BLOCKED,
            PHONE_SETUP,
            LAST_FAILURE,
            &["submitCode code=wrong"],
        ],
        &["blocked"],
    ),
    // One that awaits another page, or is over.
    (
        BOTH,
        &[
            MAIL,
            NEARLY_BLOCKED,
            APP_SETUP,
            LAST_FAILURE,
            &["submitCode code=wrong"],
        ],
        MISFIT,
    ),
    (
        BOTH,
        &[
            MAIL,
            NEARLY_BLOCKED,
            PHONE_SETUP,
            &["cancelEnrollment"],
            LAST_FAILURE,
            RIGHT_CODE,
        ],
        &["blocked", "cancelled"],
    ),
    (
        BOTH,
        &[
            MAIL,
            NEARLY_BLOCKED,
            PHONE_SETUP,
            LAST_FAILURE,
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
        &[MAIL, NEARLY_BLOCKED, LAST_FAILURE, LATER_PROOF],
        &["blocked", "contactAdministrator", "success"],
    ),
];

#[test]
fn blocked_and_the_state_of_a_thing_are_refused_in_any_order() {
    for row in IN_ANY_ORDER {
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
