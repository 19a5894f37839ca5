//! The ground on which everything stands: the implementation answers, declares, lets tenants and users be made, and tells
//! a right password from a wrong one.

use proofup_binding::{CompiledTarget, Operation, TargetText};
use proofup_domain::capabilities::{Capabilities, Facility, Feature};
use proofup_domain::refusal::Refusal;
use proofup_world::session::RunError;
use serde_json::json;

use super::act::{ProbeStage, ProbeStory, act, somebody};
use super::diagnose::diagnosis;
use super::finding::{Diagnosis, MappingGap, ProbeFinding, Probed};
use super::{policies, setups};

/// Returns what an error before any probe means.
pub(super) fn failed(error: &RunError, text: &TargetText) -> Vec<ProbeFinding> {
    let ok = |probe: &str| ProbeFinding {
        probe: probe.to_owned(),
        result: Probed::Ok,
    };
    let wrong = |probe: &str, change: &str, keys: &[&str]| ProbeFinding {
        probe: probe.to_owned(),
        result: Probed::Wrong(vec![diagnosis(
            text,
            error.to_string(),
            change,
            keys.iter().map(|key| (*key).to_owned()).collect(),
            Vec::new(),
            vec![MappingGap::Everything],
        )]),
    };
    match error {
        RunError::Unreachable { .. } => vec![wrong(
            "reachability",
            "start the server, or correct `base`",
            &["base"],
        )],
        RunError::NotTheContract { .. } => vec![
            ok("reachability"),
            wrong(
                "capabilities",
                "correct `capabilities.discover` or `base`, or declare the capabilities in the file",
                &["capabilities.discover", "capabilities", "base"],
            ),
        ],
        RunError::Credentials { .. } => vec![
            ok("reachability"),
            ok("capabilities"),
            wrong(
                "credentials",
                "set PROOFUP_TEST_CONTROL_TOKEN to the token of the server, or correct the header that carries it",
                &["operations.deleteTenant.headers", "operations.deleteTenant"],
            ),
        ],
    }
}

/// Looks whether everything that is declared has the operations that it takes.
pub(super) fn declarations(
    capabilities: &Capabilities,
    target: &CompiledTarget,
    text: &TargetText,
) -> ProbeFinding {
    let mut wrong = Vec::new();
    let mut demand =
        |what: String, key: &str, operations: &[Operation], gap: Option<MappingGap>| {
            let missing = operations.iter().find(|operation| !target.has(**operation));
            if let Some(missing) = missing {
                wrong.push(diagnosis(
                    text,
                    format!("{what} is declared, but the file does not bind `{missing}`"),
                    format!("bind `operations.{missing}`, or remove {what} from the declaration"),
                    vec![format!("operations.{missing}"), key.to_owned()],
                    Vec::new(),
                    gap.into_iter()
                        .chain([MappingGap::Operation(*missing)])
                        .collect(),
                ));
            }
        };
    for feature in &capabilities.features {
        let operations: &[Operation] = match feature {
            Feature::Deferral => &[Operation::Defer],
            Feature::Reset => &[
                Operation::BeginReset,
                Operation::BeginResetProof,
                Operation::SetNewPassword,
            ],
            Feature::TwoStep => &[Operation::BeginSecondStep],
            Feature::Review => &[Operation::CompleteReview],
            Feature::Blocking => &[Operation::BlockUser, Operation::UnblockUser],
            Feature::Wizard
            | Feature::Manage
            | Feature::Audit
            | Feature::PolicyValidation
            | Feature::NamesWithoutCase => &[],
        };
        demand(
            format!("the feature `{feature}`"),
            "capabilities.features",
            operations,
            None,
        );
    }
    let served: &[(Facility, &[Operation])] = &[(
        Facility::Device,
        &[Operation::ActivateDevice, Operation::ReplyToNotification],
    )];
    for (facility, operations) in served {
        if capabilities.facilities.contains(facility) {
            demand(
                format!("the facility `{facility}`"),
                "capabilities.facilities",
                operations,
                Some(MappingGap::Facility(*facility)),
            );
        }
    }
    if !capabilities.methods.is_empty() {
        let operations = [Operation::SignIn, Operation::BeginEnrollment];
        demand(
            "a method".to_owned(),
            "capabilities.methods",
            &operations,
            None,
        );
    }
    finding("declarations", wrong)
}

/// Makes a finding of what is wrong, if anything is.
pub(super) fn finding(probe: &str, wrong: Vec<Diagnosis>) -> ProbeFinding {
    ProbeFinding {
        probe: probe.to_owned(),
        result: probed(wrong),
    }
}

/// Returns what came of a probe that was played.
pub(super) fn probed(wrong: Vec<Diagnosis>) -> Probed {
    if wrong.is_empty() {
        Probed::Ok
    } else {
        Probed::Wrong(wrong)
    }
}

/// Returns the story of signing in and of what a session opens.
pub(super) fn sessions(capabilities: &Capabilities) -> ProbeStory {
    let of = |what: &str| json!({ "do": what, "user": "alice" });
    let without = |what: &str| json!({ "do": what, "user": "alice", "session": "none" });
    let wrong = json!({ "do": "signIn", "user": "alice", "password": "wrong" });
    ProbeStory {
        about: "doctor-sessions".to_owned(),
        users: vec![somebody("alice", &[])],
        policy: policies::open(capabilities),
        after: Vec::new(),
        stages: vec![
            ProbeStage::new("provisioning", Vec::new()).gaps(&[MappingGap::Everything]),
            ProbeStage::new(
                "sign-in",
                vec![
                    act(of("signIn"))
                        .must_keep("session", "session")
                        .tells(&["state"]),
                    act(of("readSession")).optional().tells(&["state"]),
                ],
            ),
            ProbeStage::new(
                "wrong password",
                vec![act(wrong).exactly(&[Refusal::InvalidCredentials])],
            )
            .aside(),
            ProbeStage::new(
                "the account behind the sign-in",
                vec![
                    act(of("openAccount")).optional(),
                    act(without("openAccount"))
                        .exactly(&[Refusal::Unauthenticated])
                        .optional(),
                ],
            )
            .aside(),
        ],
    }
}

/// Returns the story of signing out; it comes last, because everything before it needs a session.
pub(super) fn sign_out(capabilities: &Capabilities) -> ProbeStory {
    let of = |what: &str| json!({ "do": what, "user": "alice" });
    ProbeStory {
        about: "doctor-sign-out".to_owned(),
        users: vec![somebody("alice", &[])],
        policy: policies::open(capabilities),
        after: vec!["sign-in".to_owned()],
        stages: vec![ProbeStage::new(
            "sign-out",
            vec![
                act(of("signIn")),
                act(of("signOut")),
                act(of("readSession"))
                    .exactly(&[Refusal::Unauthenticated])
                    .optional(),
            ],
        )],
    }
}

/// Returns the story of moving the clock by a second.
pub(super) fn clock(capabilities: &Capabilities) -> ProbeStory {
    ProbeStory {
        about: "doctor-clock".to_owned(),
        users: vec![somebody("alice", &[])],
        policy: policies::open(capabilities),
        after: vec!["provisioning".to_owned()],
        stages: vec![
            ProbeStage::new(
                "clock",
                vec![act(json!({ "do": "advanceClock", "by": "1s" }))],
            )
            .gaps(&[MappingGap::Facility(Facility::Clock)]),
        ],
    }
}

/// Returns whether a tenant is made under the policy that is handed over.
pub(super) fn first_policy(capabilities: &Capabilities) -> Option<ProbeStory> {
    let mut kinds = capabilities.kinds.iter().copied();
    let kind = kinds.find(|kind| setups::proves_second_steps(*kind))?;
    let prompted = act(json!({ "do": "signIn", "user": "alice" }))
        .value("state", "interrupted")
        .blames(&["operations.createTenant.request.body.policy"]);
    Some(ProbeStory {
        about: "doctor-first-policy".to_owned(),
        users: vec![somebody("alice", &[])],
        policy: policies::interrupting(kind),
        after: vec!["sign-in".to_owned()],
        stages: vec![
            ProbeStage::new("policy of a new tenant", vec![prompted])
                .gaps(&[MappingGap::Facility(Facility::Policy)]),
        ],
    })
}

/// Returns the story of changing the policy.
pub(super) fn policy(capabilities: &Capabilities) -> ProbeStory {
    let before = policies::open(capabilities);
    let kind = capabilities
        .kinds
        .iter()
        .copied()
        .find(|kind| setups::proves_second_steps(*kind));
    let mut acts = vec![act(json!({ "do": "signIn", "user": "alice" })).value("state", "signedIn")];
    if let Some(kind) = kind {
        let patch = json!({ "twoStep": { "kinds": [kind], "registrationRequired": true } });
        acts.push(act(json!({ "do": "setPolicy", "policy": patch })));
        acts.push(
            act(json!({ "do": "signIn", "user": "alice" }))
                .value("state", "interrupted")
                .blames(&["operations.setPolicy"]),
        );
        let unmeetable = json!({ "twoStep": { "kinds": [], "registrationRequired": true } });
        acts.push(
            act(json!({ "do": "setPolicy", "policy": unmeetable })).refused(Refusal::InvalidPolicy),
        );
    }
    ProbeStory {
        about: "doctor-policy".to_owned(),
        users: vec![somebody("alice", &[])],
        policy: before,
        after: vec!["sign-in".to_owned()],
        stages: vec![
            ProbeStage::new("policy", acts).gaps(&[MappingGap::Facility(Facility::Policy)]),
        ],
    }
}
