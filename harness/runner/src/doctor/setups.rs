//! Setting up each declared method, and what hangs on it.

use proofup_domain::capabilities::{Capabilities, Facility, Feature};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use serde_json::{Value as Json, json};

use super::act::{ProbeStage, ProbeStep, ProbeStory, act, somebody};
use super::finding::MappingGap;
use super::policies;

/// Lists the ways to set a method up that the target declares.
pub(super) fn declared(capabilities: &Capabilities) -> Vec<(Method, ChallengeKind)> {
    let all = [
        (Method::Email, ChallengeKind::EmailCode),
        (Method::MobilePhone, ChallengeKind::TextMessage),
        (Method::MobilePhone, ChallengeKind::VoiceCall),
        (Method::OfficePhone, ChallengeKind::VoiceCall),
        (Method::SoftwareOath, ChallengeKind::AppCode),
        (
            Method::MicrosoftAuthenticator,
            ChallengeKind::AppNotification,
        ),
        (Method::SecurityQuestions, ChallengeKind::Answers),
    ];
    let is_declared = |(method, kind): &(Method, ChallengeKind)| {
        capabilities.methods.contains(method) && capabilities.kinds.contains(kind)
    };
    all.into_iter().filter(is_declared).collect()
}

/// Returns a setup as findings spell it.
pub(super) fn title(method: Method, kind: ChallengeKind) -> String {
    match method {
        Method::MobilePhone => format!("{method} by {kind}"),
        _ => method.to_string(),
    }
}

/// Returns the name of the finding that says that a method can be registered.
pub(super) fn registered(method: Method, kind: ChallengeKind) -> String {
    format!("{}: registered", title(method, kind))
}

/// Returns what a setup needs and the target does not give.
pub(super) fn lacks(
    capabilities: &Capabilities,
    method: Method,
    kind: ChallengeKind,
) -> Option<Facility> {
    let needs: &[Facility] = match (method, kind) {
        (Method::Email, _) => &[Facility::InboxEmail],
        (Method::MobilePhone, ChallengeKind::TextMessage) => &[Facility::InboxSms],
        (Method::MobilePhone | Method::OfficePhone, _) => &[Facility::InboxVoice],
        (Method::MicrosoftAuthenticator, _) => &[Facility::Device, Facility::InboxPush],
        (Method::SoftwareOath | Method::SecurityQuestions, _) => &[],
    };
    let given = &capabilities.facilities;
    needs.iter().copied().find(|need| !given.contains(need))
}

/// Returns how a method is set up, in stages.
pub(super) fn story(
    capabilities: &Capabilities,
    method: Method,
    kind: ChallengeKind,
) -> ProbeStory {
    let name = title(method, kind);
    let gap = MappingGap::Setup(method, Some(kind));
    let stage = |part: &str, acts: Vec<ProbeStep>| {
        ProbeStage::new(format!("{name}: {part}"), acts).gaps(std::slice::from_ref(&gap))
    };
    let sign_in = act(json!({ "do": "signIn", "user": "alice" }));
    let begin = |kept: &[&'static str]| {
        begin_act(method, kind)
            .must_keep("enrollment", "enrollment")
            .keeps("enrollment", kept)
            .tells(&["state"])
            .value("method", method.as_str())
            .value("kind", kind.as_str())
    };
    let mut stages = match (method, kind) {
        (Method::Email, _) | (Method::MobilePhone, ChallengeKind::TextMessage) => {
            let channel = if method == Method::Email {
                "email"
            } else {
                "sms"
            };
            let inbox = json!({ "do": "readInbox", "user": "alice", "channel": channel });
            vec![
                stage("begin", vec![sign_in, begin(&[])]),
                stage("message", vec![act(inbox)]),
                stage("wrong code", vec![wrong_code()]),
                stage("registered", prove(submit("lastSent"), method)),
            ]
        }
        (Method::SoftwareOath, _) => vec![
            stage(
                "begin",
                vec![sign_in, begin(&["qrPayload", "manualSecret"])],
            ),
            stage("account", accounts()),
            stage("wrong code", vec![wrong_code()]),
            stage("registered", prove(submit("current"), method)),
        ],
        (Method::SecurityQuestions, _) => vec![
            stage("begin", vec![sign_in, begin(&["questions"])]),
            stage(
                "registered",
                prove(
                    act(json!({ "do": "submitAnswers", "user": "alice" })),
                    method,
                ),
            ),
        ],
        (Method::MicrosoftAuthenticator, _) => app_stages(&stage, sign_in, begin(&[])),
        (Method::MobilePhone | Method::OfficePhone, _) => vec![
            stage("begin", vec![sign_in, begin(&[])]),
            stage("call", vec![ringing(method)]),
            stage("registered", call_acts(method)),
        ],
    };
    if matches!(method, Method::Email | Method::MobilePhone) && method_reads(kind) {
        stages.insert(
            3,
            stage("reading", vec![reading("challengeSent").optional()]).aside(),
        );
    }
    ProbeStory {
        about: format!("doctor-{method}-{kind}"),
        users: vec![somebody("alice", &[])],
        policy: policies::open(capabilities),
        after: vec!["sign-in".to_owned()],
        stages,
    }
}

const fn method_reads(kind: ChallengeKind) -> bool {
    matches!(kind, ChallengeKind::EmailCode | ChallengeKind::TextMessage)
}

/// Begins a setup of alice.
pub(super) fn begin_act(method: Method, kind: ChallengeKind) -> ProbeStep {
    act(begin_json("alice", method, kind))
}

/// Spells the beginning of somebody's setup.
pub(super) fn begin_json(user: &str, method: Method, kind: ChallengeKind) -> Json {
    let mut command = json!({ "do": "beginEnrollment", "user": user, "method": method });
    if matches!(method, Method::MobilePhone | Method::OfficePhone) {
        command["kind"] = json!(kind);
    }
    command
}

fn submit(code: &str) -> ProbeStep {
    act(json!({ "do": "submitCode", "user": "alice", "code": code })).blames(&["codePattern"])
}

fn wrong_code() -> ProbeStep {
    act(json!({ "do": "submitCode", "user": "alice", "code": "wrong" }))
        .exactly(&[Refusal::WrongCode])
}

fn reading(state: &str) -> ProbeStep {
    act(json!({ "do": "readEnrollment", "user": "alice" }))
        .tells(&["state"])
        .value("state", state)
}

/// Proves, and looks whether the method is listed.
fn prove(proof: ProbeStep, method: Method) -> Vec<ProbeStep> {
    vec![
        proof
            .keeps("enrollment", &["methodId"])
            .tells(&["state"])
            .value("state", "verified"),
        listed(method),
    ]
}

fn listed(method: Method) -> ProbeStep {
    act(json!({ "do": "listMethods", "user": "alice" }))
        .optional()
        .tells(&["methods"])
        .value("methods", method.as_str())
}

/// Adds the account by every way that the file can show.
fn accounts() -> Vec<ProbeStep> {
    ["manual", "qrPayload"]
        .map(|by| {
            let key = if by == "manual" {
                "manualSecret"
            } else {
                "qrPayload"
            };
            act(json!({ "do": "addAccount", "user": "alice", "by": by }))
                .optional()
                .value("sameAccount", true)
                .blames(&[&format!("operations.beginEnrollment.keep.{key}")])
        })
        .into()
}

fn ringing(method: Method) -> ProbeStep {
    let phone = if method == Method::OfficePhone {
        "office"
    } else {
        "mobile"
    };
    act(json!({ "do": "readInbox", "user": "alice", "channel": "voice", "phone": phone }))
}

fn call_acts(method: Method) -> Vec<ProbeStep> {
    vec![
        act(json!({ "do": "pressKey", "user": "alice" }))
            .blames(&["operations.createTenant.request.body.callbackBase"]),
        reading("verified")
            .keeps("enrollment", &["methodId"])
            .blames(&["operations.createTenant.request.body.callbackBase"]),
        listed(method),
    ]
}

/// Returns the pages of the Microsoft app; "next" is pressed where the file binds it.
fn app_stages(
    stage: &dyn Fn(&str, Vec<ProbeStep>) -> ProbeStage,
    sign_in: ProbeStep,
    begin: ProbeStep,
) -> Vec<ProbeStage> {
    let next = || act(json!({ "do": "nextPage", "user": "alice" })).optional();
    let kept = ["qrPayload", "manualCode", "manualUrl"];
    let activate = act(json!({ "do": "activateDevice", "user": "alice" }))
        .keeps("device", &["deviceId", "deviceSecret"])
        .value("sameAccount", true)
        .tells(&["codeSecret"])
        .blames(&[
            "operations.nextPage.keep.qrPayload",
            "operations.beginEnrollment.keep.qrPayload",
        ]);
    let inbox = json!({ "do": "readInbox", "user": "alice", "channel": "push" });
    let approve = json!({ "do": "approveNotification", "user": "alice" });
    vec![
        stage("begin", vec![sign_in, begin]),
        stage(
            "activation",
            vec![next(), next().keeps("enrollment", &kept), activate],
        ),
        stage("notification", vec![next(), act(inbox)]),
        stage(
            "registered",
            vec![
                act(approve),
                reading("verified")
                    .keeps("enrollment", &["methodId"])
                    .blames(&["operations.replyToNotification"]),
                listed(Method::MicrosoftAuthenticator),
            ],
        ),
    ]
}

/// Spells what alice does.
fn alice(what: &str) -> Json {
    json!({ "do": what, "user": "alice" })
}

/// Returns what can be done with methods: sending again, leaving a setup, changing, deleting.
pub(super) fn managing(capabilities: &Capabilities) -> Option<ProbeStory> {
    let ways = [
        (Method::Email, ChallengeKind::EmailCode),
        (Method::MobilePhone, ChallengeKind::TextMessage),
    ];
    let (method, kind) = ways.into_iter().find(|(method, kind)| {
        declared(capabilities).contains(&(*method, *kind))
            && lacks(capabilities, *method, *kind).is_none()
    })?;
    let mut stages = vec![
        listing(method),
        ProbeStage::new("leaving a setup", leaving(method, kind)).aside(),
    ];
    if capabilities.facilities.contains(&Facility::Clock) {
        let throttled = capabilities.limits.resend_seconds > 0;
        let again = sending_again(method, kind, throttled);
        stages.push(ProbeStage::new("sending again", again).aside());
        if capabilities.features.contains(&Feature::Manage) {
            let with = |what: &str| {
                act(json!({ "do": what, "user": "alice", "method": method })).optional()
            };
            let change = with("changeMethod").must_keep("enrollment", "enrollment");
            let changing = vec![act(pause()), change, submit("lastSent").optional()];
            stages.push(ProbeStage::new("changing a method", changing).aside());
            let deleting = vec![with("deleteMethod")];
            stages.push(ProbeStage::new("deleting a method", deleting).aside());
        }
    }
    Some(ProbeStory {
        about: "doctor-managing".to_owned(),
        users: vec![somebody("alice", &[])],
        policy: policies::open(capabilities),
        after: vec![registered(method, kind)],
        stages,
    })
}

fn pause() -> Json {
    json!({ "do": "advanceClock", "by": "resend" })
}

fn listing(method: Method) -> ProbeStage {
    let available = act(alice("listAvailable"))
        .optional()
        .tells(&["methods"])
        .value("methods", method.as_str());
    ProbeStage::new("available methods", vec![act(alice("signIn")), available]).aside()
}

fn leaving(method: Method, kind: ChallengeKind) -> Vec<ProbeStep> {
    vec![
        begin_act(method, kind),
        act(alice("cancelEnrollment")).optional(),
        submit("lastSent").refused(Refusal::Cancelled).optional(),
    ]
}

fn sending_again(method: Method, kind: ChallengeKind, throttled: bool) -> Vec<ProbeStep> {
    let mut acts = vec![act(pause()), begin_act(method, kind)];
    if throttled {
        let at_once = act(alice("sendCode")).exactly(&[Refusal::Throttled]);
        acts.push(at_once.optional());
    }
    acts.extend([
        act(pause()),
        act(alice("sendCode")).optional().tells(&["state"]),
        submit("lastSent"),
    ]);
    acts
}

/// Returns whether a kind may prove a second step by the rules of the domain.
pub(super) const fn proves_second_steps(kind: ChallengeKind) -> bool {
    !matches!(kind, ChallengeKind::EmailCode | ChallengeKind::Answers)
}

/// Returns a policy under which a method is a second step, if any is.
pub(super) fn second_steps(capabilities: &Capabilities) -> Option<(Method, ChallengeKind, Policy)> {
    let order = [
        (Method::MobilePhone, ChallengeKind::TextMessage),
        (Method::SoftwareOath, ChallengeKind::AppCode),
    ];
    order.into_iter().find_map(|(method, kind)| {
        let is_declared = declared(capabilities).contains(&(method, kind));
        (is_declared && lacks(capabilities, method, kind).is_none())
            .then(|| (method, kind, policies::second_step(kind)))
    })
}
