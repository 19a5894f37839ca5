//! The policies under which the doctor's people live, cut to what the target declares.

use proofup_domain::capabilities::{Capabilities, Feature};
use proofup_domain::method::{ChallengeKind, Method, ResetMethod};
use proofup_domain::policy::{AppPolicy, Policy, ResetPolicy, TwoStepPolicy};

fn questions() -> Vec<String> {
    (1..=5)
        .map(|number| format!("What is the answer to the doctor's question {number}?"))
        .collect()
}

/// Lists the reset methods that the declared methods and kinds give.
fn reset_methods(capabilities: &Capabilities) -> Vec<ResetMethod> {
    let has = |method| capabilities.methods.contains(&method);
    let can = |kind| capabilities.kinds.contains(&kind);
    let table = [
        (
            ResetMethod::AppNotification,
            has(Method::MicrosoftAuthenticator) && can(ChallengeKind::AppNotification),
        ),
        (
            ResetMethod::AppCode,
            (has(Method::SoftwareOath) || has(Method::MicrosoftAuthenticator))
                && can(ChallengeKind::AppCode),
        ),
        (ResetMethod::Email, has(Method::Email)),
        (ResetMethod::MobilePhone, has(Method::MobilePhone)),
        (ResetMethod::OfficePhone, has(Method::OfficePhone)),
        (
            ResetMethod::SecurityQuestions,
            has(Method::SecurityQuestions),
        ),
    ];
    table
        .into_iter()
        .filter_map(|(method, given)| given.then_some(method))
        .collect()
}

/// Allows everything that is declared and requires nothing, so that nobody is interrupted and nobody owes a second step.
pub(super) fn open(capabilities: &Capabilities) -> Policy {
    let edition = capabilities.editions.last().copied().unwrap_or_default();
    let app = AppPolicy {
        code_with_notification: true,
    };
    if !capabilities.features.contains(&Feature::Reset) {
        return Policy {
            edition,
            two_step: TwoStepPolicy {
                kinds: two_step_kinds(capabilities),
                ..TwoStepPolicy::default()
            },
            app,
            ..Policy::default()
        };
    }
    let methods = reset_methods(capabilities);
    Policy {
        edition,
        reset: ResetPolicy {
            enabled: true,
            methods_required: if methods.len() > 1 { 2 } else { 1 },
            methods: methods.into_iter().collect(),
            questions: questions(),
            ..ResetPolicy::default()
        },
        app,
        ..Policy::default()
    }
}

fn two_step_kinds(capabilities: &Capabilities) -> std::collections::BTreeSet<ChallengeKind> {
    let all = [
        ChallengeKind::AppNotification,
        ChallengeKind::AppCode,
        ChallengeKind::TextMessage,
        ChallengeKind::VoiceCall,
    ];
    all.into_iter()
        .filter(|kind| capabilities.kinds.contains(kind))
        .collect()
}

/// Demands a second step of this kind.
pub(super) fn second_step(kind: ChallengeKind) -> Policy {
    Policy {
        two_step: TwoStepPolicy {
            kinds: [kind].into(),
            registration_required: true,
            required_at_sign_in: true,
        },
        app: AppPolicy {
            code_with_notification: true,
        },
        ..Policy::default()
    }
}

/// Interrupts whoever has no method that proves by this kind, and lets them wait.
pub(super) fn interrupting(kind: ChallengeKind) -> Policy {
    Policy {
        two_step: TwoStepPolicy {
            kinds: [kind].into(),
            registration_required: true,
            required_at_sign_in: false,
        },
        ..Policy::default()
    }
}

/// Lets a password be reset by these methods.
pub(super) fn reset(methods: &[ResetMethod], reconfirm_after_days: u32) -> Policy {
    Policy {
        reset: ResetPolicy {
            enabled: true,
            methods: methods.iter().copied().collect(),
            registration_required: reconfirm_after_days > 0,
            reconfirm_after_days,
            questions: questions(),
            ..ResetPolicy::default()
        },
        ..Policy::default()
    }
}
