//! Using what is registered: second steps, resets, interrupts, reviews, the audit trail.

use proofup_domain::capabilities::{Capabilities, Facility, Feature};
use proofup_domain::method::{ChallengeKind, Method, ResetMethod, Role};
use proofup_domain::refusal::Refusal;
use serde_json::{Value as Json, json};

use super::act::{ProbeStage, ProbeStep, ProbeStory, act, somebody};
use super::{policies, setups};

fn of(user: &str, what: &str) -> Json {
    json!({ "do": what, "user": user })
}

fn alice(what: &str) -> Json {
    of("alice", what)
}

/// Lists the stories of features that the target declares; what is missing for a declared one is named.
pub(super) fn stories(
    capabilities: &Capabilities,
) -> Vec<(&'static str, Result<ProbeStory, String>)> {
    let has = |feature| capabilities.features.contains(&feature);
    let told = |given: Option<ProbeStory>| {
        given.ok_or_else(|| "no declared method can be used for it".to_owned())
    };
    let needs_clock = |given: Option<ProbeStory>| {
        if capabilities.facilities.contains(&Facility::Clock) {
            told(given)
        } else {
            Err("the facility `clock` is not declared".to_owned())
        }
    };
    let absent = |feature: Feature| Err(format!("the feature `{feature}` is not declared"));
    let second = setups::second_steps(capabilities);
    let mut stories = Vec::new();
    let mut add = |name, feature: Feature, story: Result<ProbeStory, String>| {
        stories.push((name, if has(feature) { story } else { absent(feature) }));
    };
    add(
        "second step",
        Feature::TwoStep,
        needs_clock(
            second
                .clone()
                .map(|(method, kind, _)| second_step(method, kind)),
        ),
    );
    let pushes = (
        Method::MicrosoftAuthenticator,
        ChallengeKind::AppNotification,
    );
    let notified = setups::declared(capabilities).contains(&pushes)
        && setups::lacks(capabilities, pushes.0, pushes.1).is_none();
    add(
        "second step by notification",
        Feature::TwoStep,
        needs_clock(notified.then(second_step_by_notification)),
    );
    add("reset", Feature::Reset, needs_clock(reset(capabilities)));
    let asks = setups::declared(capabilities)
        .contains(&(Method::SecurityQuestions, ChallengeKind::Answers));
    add(
        "reset by questions",
        Feature::Reset,
        needs_clock(asks.then(reset_by_questions)),
    );
    add(
        "interrupt",
        Feature::Wizard,
        told(
            second
                .clone()
                .map(|(method, kind, _)| interrupt(capabilities, method, kind)),
        ),
    );
    add("review", Feature::Review, needs_clock(review(capabilities)));
    add(
        "audit trail",
        Feature::Audit,
        needs_clock(second.map(|(method, ..)| audit(method))),
    );
    stories
}

/// The command that types the right code of a method.
fn typing(what: &str, method: Method) -> Json {
    let code = if method == Method::SoftwareOath {
        "current"
    } else {
        "lastSent"
    };
    json!({ "do": what, "user": "alice", "code": code })
}

fn second_step(method: Method, kind: ChallengeKind) -> ProbeStory {
    let stages = vec![
        ProbeStage::new(
            "second step: begin",
            vec![
                act(alice("signIn"))
                    .must_keep("session", "session")
                    .tells(&["state"])
                    .value("state", "secondStepRequired"),
                act(alice("openAccount")).refused(Refusal::SecondStepRequired).optional(),
                act(json!({ "do": "beginSecondStep", "user": "alice", "method": method, "kind": kind }))
                    .must_keep("challenge", "challenge")
                    .tells(&["state"])
                    .value("method", method.as_str())
                    .value("kind", kind.as_str()),
                act(alice("readSecondStep")).optional().tells(&["state"]),
            ],
        ),
        ProbeStage::new(
            "second step: wrong code",
            vec![
                act(json!({ "do": "submitSecondStepCode", "user": "alice", "code": "wrong" }))
                    .exactly(&[Refusal::WrongCode]),
            ],
        ),
        ProbeStage::new(
            "second step: right code",
            vec![
                act(typing("submitSecondStepCode", method))
                    .tells(&["state"])
                    .value("state", "signedIn"),
                act(alice("openAccount")).optional(),
            ],
        ),
        ProbeStage::new(
            "choosing a default",
            vec![
                act(json!({ "do": "setDefault", "user": "alice", "method": method, "kind": kind }))
                    .optional(),
            ],
        )
        .aside(),
    ];
    ProbeStory {
        about: "doctor-second-step".to_owned(),
        users: vec![somebody("alice", &[method])],
        policy: policies::second_step(kind),
        after: vec![setups::registered(method, kind)],
        stages,
    }
}

fn second_step_by_notification() -> ProbeStory {
    let (method, kind) = (
        Method::MicrosoftAuthenticator,
        ChallengeKind::AppNotification,
    );
    ProbeStory {
        about: "doctor-second-step-by-notification".to_owned(),
        users: vec![somebody("alice", &[method])],
        policy: policies::second_step(kind),
        after: vec![setups::registered(method, kind)],
        stages: vec![ProbeStage::new(
            "second step by notification",
            vec![
                act(alice("signIn")).value("state", "secondStepRequired"),
                act(json!({ "do": "beginSecondStep", "user": "alice", "method": method, "kind": kind }))
                    .must_keep("challenge", "challenge"),
                act(alice("approveNotification")),
                act(alice("readSecondStep")).value("state", "verified"),
            ],
        )],
    }
}

fn reset(capabilities: &Capabilities) -> Option<ProbeStory> {
    let ways = [
        (Method::Email, ChallengeKind::EmailCode, ResetMethod::Email),
        (
            Method::MobilePhone,
            ChallengeKind::TextMessage,
            ResetMethod::MobilePhone,
        ),
        (
            Method::SoftwareOath,
            ChallengeKind::AppCode,
            ResetMethod::AppCode,
        ),
    ];
    let (method, kind, by) = ways.into_iter().find(|(method, kind, _)| {
        setups::declared(capabilities).contains(&(*method, *kind))
            && setups::lacks(capabilities, *method, *kind).is_none()
    })?;
    let proof = json!({ "do": "beginResetProof", "user": "alice", "method": method, "kind": kind });
    let stages = vec![
        ProbeStage::new(
            "reset: begin",
            vec![
                act(alice("beginReset"))
                    .must_keep("reset", "reset")
                    .tells(&["state", "gatesRequired", "gatesPassed", "methods"])
                    .value("state", "started"),
                act(alice("readReset")).optional().value("state", "started"),
                act(alice("setNewPassword")).refused(Refusal::GatesMissing),
                act(proof).must_keep("proof", "proof").tells(&["state"]),
                act(alice("readResetProof")).optional().tells(&["state"]),
            ],
        ),
        ProbeStage::new(
            "reset: wrong code",
            vec![
                act(json!({ "do": "submitResetCode", "user": "alice", "code": "wrong" }))
                    .exactly(&[Refusal::WrongCode]),
            ],
        ),
        ProbeStage::new(
            "reset: right code",
            vec![
                act(typing("submitResetCode", method))
                    .tells(&["state"])
                    .value("state", "gatesPassed"),
                act(json!({ "do": "setNewPassword", "user": "alice", "password": "tooShort" }))
                    .refused(Refusal::InvalidPassword),
                act(alice("setNewPassword")),
                act(alice("signIn")).blames(&["operations.setNewPassword.request.body"]),
                act(json!({ "do": "signIn", "user": "alice", "password": "previous" }))
                    .refused(Refusal::InvalidCredentials),
            ],
        ),
    ];
    Some(ProbeStory {
        about: "doctor-reset".to_owned(),
        users: vec![somebody("alice", &[method])],
        policy: policies::reset(&[by], 0),
        after: vec![setups::registered(method, kind)],
        stages,
    })
}

fn reset_by_questions() -> ProbeStory {
    let method = Method::SecurityQuestions;
    ProbeStory {
        about: "doctor-reset-by-questions".to_owned(),
        users: vec![somebody("alice", &[method])],
        policy: policies::reset(&[ResetMethod::SecurityQuestions], 0),
        after: vec![setups::registered(method, ChallengeKind::Answers)],
        stages: vec![ProbeStage::new(
            "reset by questions",
            vec![
                act(alice("beginReset")),
                act(json!({ "do": "beginResetProof", "user": "alice", "method": method }))
                    .must_keep("proof", "proof")
                    .must_keep("proof", "questions"),
                act(json!({ "do": "submitResetAnswers", "user": "alice", "answers": "wrong" }))
                    .exactly(&[Refusal::WrongAnswers]),
                act(alice("submitResetAnswers"))
                    .tells(&["state"])
                    .value("state", "gatesPassed"),
            ],
        )],
    }
}

fn interrupt(capabilities: &Capabilities, method: Method, kind: ChallengeKind) -> ProbeStory {
    let waits = capabilities.features.contains(&Feature::Deferral);
    let offered = json!({ "offered": true, "daysLeft": 14 });
    let prompted = |user: &str| {
        let prompted = act(of(user, "signIn"))
            .tells(&["state"])
            .value("state", "interrupted");
        if waits {
            prompted
                .tells(&["deferral"])
                .value("deferral", offered.clone())
        } else {
            prompted
        }
    };
    let mut stages = vec![ProbeStage::new(
        "interrupt: prompt",
        vec![
            prompted("alice"),
            act(alice("openAccount"))
                .refused(Refusal::Interrupted)
                .optional(),
            act(alice("readWizard"))
                .optional()
                .tells(&["page"])
                .value("page", "method"),
            act(alice("completeWizard"))
                .refused(Refusal::RequiredInfoMissing)
                .optional(),
        ],
    )];
    if waits {
        stages.push(
            ProbeStage::new(
                "interrupt: not now",
                vec![
                    prompted("bob"),
                    act(of("bob", "defer"))
                        .tells(&["state"])
                        .value("state", "signedIn"),
                    act(of("bob", "defer")).refused(Refusal::DeferralNotOffered),
                    act(of("bob", "completeWizard"))
                        .refused(Refusal::NotInterrupted)
                        .optional(),
                ],
            )
            .aside(),
        );
    }
    let mut done: Vec<ProbeStep> = vec![act(setups::begin_json("alice", method, kind))];
    if method == Method::SoftwareOath {
        done.push(act(alice("addAccount")));
    }
    done.extend([
        act(typing("submitCode", method)),
        act(alice("readWizard")).optional().value("page", "success"),
        act(alice("completeWizard"))
            .optional()
            .tells(&["state"])
            .value("state", "signedIn"),
    ]);
    stages.push(ProbeStage::new("interrupt: done", done));
    ProbeStory {
        about: "doctor-interrupt".to_owned(),
        users: vec![somebody("alice", &[]), somebody("bob", &[])],
        policy: policies::interrupting(kind),
        after: vec![setups::registered(method, kind)],
        stages,
    }
}

fn review(capabilities: &Capabilities) -> Option<ProbeStory> {
    let (method, kind) = (Method::Email, ChallengeKind::EmailCode);
    let works = setups::declared(capabilities).contains(&(method, kind))
        && setups::lacks(capabilities, method, kind).is_none();
    works.then(|| ProbeStory {
        about: "doctor-review".to_owned(),
        users: vec![somebody("alice", &[method])],
        policy: policies::reset(&[ResetMethod::Email], 7),
        after: vec![setups::registered(method, kind)],
        stages: vec![ProbeStage::new(
            "review",
            vec![
                act(json!({ "do": "advanceClock", "by": "7d" })),
                act(alice("signIn"))
                    .tells(&["state"])
                    .value("state", "reviewDue"),
                act(alice("openAccount"))
                    .refused(Refusal::ReviewDue)
                    .optional(),
                act(alice("completeReview"))
                    .tells(&["state"])
                    .value("state", "signedIn"),
                act(alice("completeReview")).refused(Refusal::NoReviewDue),
            ],
        )],
    })
}

fn audit(method: Method) -> ProbeStory {
    let mut administrator = somebody("carol", &[]);
    administrator.role = Role::Administrator;
    ProbeStory {
        about: "doctor-audit".to_owned(),
        users: vec![somebody("alice", &[method]), administrator],
        policy: policies::second_step(ChallengeKind::TextMessage).without_demands(),
        after: vec![setups::registered(method, method.setup_kind())],
        stages: vec![ProbeStage::new(
            "audit trail",
            vec![
                act(json!({ "do": "readAudit" }))
                    .optional()
                    .tells(&["events"]),
                act(of("carol", "signIn")),
                act(of("carol", "readAuditEvents"))
                    .optional()
                    .tells(&["events"]),
                act(alice("signIn")),
                act(alice("readAuditEvents"))
                    .refused(Refusal::Forbidden)
                    .optional(),
            ],
        )],
    }
}

/// Takes the demands out of a policy.
trait WithoutDemands {
    fn without_demands(self) -> Self;
}

impl WithoutDemands for proofup_domain::policy::Policy {
    fn without_demands(mut self) -> Self {
        self.two_step.kinds.clear();
        self.two_step.registration_required = false;
        self.two_step.required_at_sign_in = false;
        self
    }
}
