//! Draws commands: what people do in some order, sense or not.

use proofup_domain::command::{Command, Name};
use proptest::prelude::{Strategy, prop_oneof};
use proptest::sample::select;
use serde_json::{Value, json};

pub(crate) fn name(text: &str) -> Name {
    Name(text.to_owned())
}

fn words(list: &[&'static str]) -> impl Strategy<Value = Value> + use<> {
    select(list.to_vec()).prop_map(Value::from)
}

fn users() -> impl Strategy<Value = Value> {
    words(&["alice", "alice", "alice", "bob", "carol"])
}

fn methods() -> impl Strategy<Value = Value> {
    words(&[
        "microsoftAuthenticator",
        "softwareOath",
        "mobilePhone",
        "officePhone",
        "email",
        "securityQuestions",
    ])
}

fn kinds() -> impl Strategy<Value = Value> {
    words(&[
        "appNotification",
        "appCode",
        "textMessage",
        "voiceCall",
        "emailCode",
        "answers",
    ])
}

fn codes() -> impl Strategy<Value = Value> {
    let plain = words(&[
        "lastSent", "lastSent", "lastSent", "lastSent", "current", "current", "current",
        "previous", "used", "wrong", "missing", "expired",
    ]);
    let more = select(vec![
        json!({"drift": 1}),
        json!({"drift": -2}),
        json!({"of": "bob"}),
        json!({"of": "named"}),
        json!({"shape": "plusSign"}),
    ]);
    prop_oneof![4 => plain, 1 => more]
}

fn command(value: Value) -> Command {
    serde_json::from_value(value).expect("what is drawn is a command")
}

/// Draws what somebody does with their session and nothing else.
fn plain() -> impl Strategy<Value = Value> {
    let words = words(&[
        "signIn",
        "signIn",
        "signOut",
        "readSession",
        "openAccount",
        "defer",
        "readWizard",
        "completeWizard",
        "completeReview",
        "listMethods",
        "listMethods",
        "listAvailable",
        "readEnrollment",
        "nextPage",
        "nextPage",
        "sendCode",
        "cancelEnrollment",
        "readSecondStep",
        "readReset",
        "readResetProof",
        "addAccount",
        "addAccount",
        "activateDevice",
        "setNewPassword",
        "hangUp",
        "letRing",
        "readAuditEvents",
        "beginReset",
        "beginSecondStep",
        "submitAnswers",
        "submitResetAnswers",
        "denyNotification",
        "approveNotification",
        "pressKey",
    ]);
    (words, users()).prop_map(|(word, user)| json!({ "do": word, "user": user }))
}

fn setups() -> impl Strategy<Value = Value> {
    let bind = select(vec![None, None, Some("named")]);
    (
        words(&["beginEnrollment", "beginEnrollment", "changeMethod"]),
        users(),
        methods(),
        bind,
    )
        .prop_map(|(word, user, method, bind)| {
            let mut value = json!({ "do": word, "user": user, "method": method });
            if let Some(bind) = bind {
                value["as"] = bind.into();
            }
            value
        })
}

/// Draws the whole way of a setup, so that something is registered at all.
fn proofs() -> impl Strategy<Value = Value> {
    let submits = words(&[
        "submitCode",
        "submitCode",
        "submitSecondStepCode",
        "submitResetCode",
    ]);
    (submits, users(), codes())
        .prop_map(|(word, user, code)| json!({ "do": word, "user": user, "code": code }))
}

fn choices() -> impl Strategy<Value = Value> {
    let set = (users(), methods(), kinds()).prop_map(|(user, method, kind)| {
        json!({ "do": "setDefault", "user": user, "method": method, "kind": kind })
    });
    let delete = (users(), methods())
        .prop_map(|(user, method)| json!({ "do": "deleteMethod", "user": user, "method": method }));
    let reset = (users(), methods()).prop_map(
        |(user, method)| json!({ "do": "beginResetProof", "user": user, "method": method }),
    );
    let second = (users(), methods(), kinds()).prop_map(|(user, method, kind)| {
        json!({ "do": "beginSecondStep", "user": user, "method": method, "kind": kind })
    });
    prop_oneof![set, delete, reset, second]
}

fn callbacks() -> impl Strategy<Value = Value> {
    let secret = words(&["right", "right", "right", "wrong", "none", "sessionToken"]);
    let key = words(&["#", "#", "5"]);
    (users(), key, secret)
        .prop_map(|(user, key, secret)| json!({ "do": "pressKey", "user": user, "key": key, "secret": secret }))
}

fn worlds() -> impl Strategy<Value = Value> {
    let patch = select(vec![
        json!({ "deferralDays": 3 }),
        json!({ "deferralDays": 14 }),
        json!({ "twoStep": { "kinds": ["appCode", "textMessage"] } }),
        json!({ "twoStep": { "kinds": ["voiceCall"], "requiredAtSignIn": true } }),
        json!({ "twoStep": { "requiredAtSignIn": false, "registrationRequired": false } }),
        json!({ "reset": { "enabled": true, "methods": ["email", "mobilePhone"], "methodsRequired": 1 } }),
        json!({ "reset": { "enabled": false } }),
        json!({ "reset": { "questions": ["one", "two", "three", "six"] } }),
        json!({ "edition": "2018-07-25" }),
    ]);
    let policy = patch.prop_map(|patch| json!({ "do": "setPolicy", "policy": patch }));
    let channels = words(&["sms", "voice", "email", "push"]);
    let behaviours = words(&[
        "deliver",
        "deliver",
        "hold",
        "drop",
        "duplicate",
        "answer5xx",
        "hang",
    ]);
    let gateway = (channels, behaviours).prop_map(|(channel, behaviour)| {
        json!({ "do": "setGateway", "channel": channel, "behaviour": behaviour })
    });
    let release = words(&["sms", "voice", "email", "push"])
        .prop_map(|channel| json!({ "do": "releaseMessages", "channel": channel }));
    let inbox = (users(), words(&["sms", "voice", "email", "push"]))
        .prop_map(|(user, channel)| json!({ "do": "readInbox", "user": user, "channel": channel }));
    let rest = select(vec![
        json!({ "do": "readAudit" }),
        json!({ "do": "advanceClock", "by": "1s" }),
        json!({ "do": "readCapabilities" }),
        json!({ "do": "findLeaks" }),
    ]);
    prop_oneof![policy, gateway, release, inbox, rest]
}

/// Draws the whole way of a setup, a second step or a reset, so that something is registered and used at all.
fn ways() -> impl Strategy<Value = Vec<Value>> {
    let setup = (users(), methods()).prop_map(|(user, method)| {
        let does = |what: &str| json!({ "do": what, "user": user });
        let code = |role: &str| json!({ "do": "submitCode", "user": user, "code": role });
        let begin = json!({ "do": "beginEnrollment", "user": user, "method": method });
        let rest = match method.as_str().unwrap_or_default() {
            "microsoftAuthenticator" => [
                "nextPage",
                "nextPage",
                "activateDevice",
                "nextPage",
                "approveNotification",
                "readEnrollment",
            ]
            .map(does)
            .to_vec(),
            "softwareOath" => vec![does("addAccount"), code("current")],
            "officePhone" => vec![does("pressKey"), does("readEnrollment")],
            "securityQuestions" => vec![does("submitAnswers")],
            _ => vec![code("lastSent")],
        };
        [
            vec![does("signIn"), begin],
            rest,
            vec![does("completeWizard")],
        ]
        .concat()
    });
    let second = users().prop_map(|user| {
        let code = |role: &str| json!({ "do": "submitSecondStepCode", "user": user, "code": role });
        let does = |what: &str| json!({ "do": what, "user": user });
        vec![
            does("signIn"),
            does("beginSecondStep"),
            code("lastSent"),
            code("current"),
            does("pressKey"),
            does("denyNotification"),
            does("completeReview"),
            does("completeWizard"),
        ]
    });
    let reset = (users(), methods()).prop_map(|(user, method)| {
        let code = |role: &str| json!({ "do": "submitResetCode", "user": user, "code": role });
        let does = |what: &str| json!({ "do": what, "user": user });
        let proof = json!({ "do": "beginResetProof", "user": user, "method": method });
        let answers = does("submitResetAnswers");
        vec![
            does("beginReset"),
            proof,
            code("lastSent"),
            code("current"),
            answers,
            does("setNewPassword"),
        ]
    });
    prop_oneof![4 => setup, 2 => second, 1 => reset, 1 => users().prop_map(|user| by_answers(&user)), 1 => users().prop_map(|user| by_app(&user)), 1 => users().prop_map(|user| by_change(&user))]
}

/// Registers questions and resets the password by them.
fn by_answers(user: &Value) -> Vec<Value> {
    let does = |what: &str, method: Option<&str>| {
        let mut value = json!({ "do": what, "user": user });
        if let Some(method) = method {
            value["method"] = method.into();
        }
        value
    };
    let questions = Some("securityQuestions");
    vec![
        does("signIn", None),
        does("beginEnrollment", questions),
        does("submitAnswers", None),
        does("beginReset", None),
        does("beginResetProof", questions),
        does("readResetProof", None),
        does("submitResetAnswers", None),
    ]
}

/// Registers an app, passes a second step by its next code and makes it the default.
fn by_app(user: &Value) -> Vec<Value> {
    let mut begin = json!({ "do": "beginEnrollment", "user": user, "method": "softwareOath" });
    let does = |what: &str| json!({ "do": what, "user": user });
    let code = |what: &str, code: Value| json!({ "do": what, "user": user, "code": code });
    begin["as"] = "app".into();
    vec![
        does("signIn"),
        begin,
        does("sendCode"),
        does("addAccount"),
        code("submitCode", "current".into()),
        json!({ "do": "beginSecondStep", "user": user, "method": "softwareOath", "of": "app" }),
        code("submitSecondStepCode", json!({ "drift": 1 })),
        json!({
            "do": "setDefault", "user": user, "method": "softwareOath", "kind": "appCode", "of": "app",
        }),
        json!({ "do": "deleteMethod", "user": user, "method": "softwareOath" }),
    ]
}

/// Registers an address, puts another in its place and reads what was recorded.
fn by_change(user: &Value) -> Vec<Value> {
    let does =
        |what: &str, field: &str, word: &str| json!({ "do": what, "user": user, field: word });
    vec![
        json!({ "do": "signIn", "user": user }),
        does("beginEnrollment", "method", "email"),
        does("submitCode", "code", "lastSent"),
        does("changeMethod", "method", "email"),
        does("submitCode", "code", "lastSent"),
        json!({ "do": "readAuditEvents", "user": user }),
    ]
}

/// Draws one command or a whole way.
pub(crate) fn acts() -> impl Strategy<Value = Vec<Command>> {
    let one = prop_oneof![
        8 => plain(),
        4 => setups(),
        5 => proofs(),
        3 => choices(),
        1 => callbacks(),
        2 => worlds(),
    ];
    let act = prop_oneof![3 => one.prop_map(|one| vec![one]), 2 => ways()];
    act.prop_map(|act| act.into_iter().map(command).collect())
}
