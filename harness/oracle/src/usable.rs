//! Which method proves what (`domain.md` §4).

use std::collections::BTreeSet;

use proofup_domain::method::{ChallengeKind, Gate, Method, Purpose, ResetMethod, Role};
use proofup_domain::policy::Policy;

use crate::user::{Registered, User};

/// Gives the kinds that a method can do, whatever policy allows.
///
/// The Microsoft app is the one exception: its codes count only with `app.codeWithNotification` (APP-7).
#[must_use]
pub fn kinds(policy: &Policy, method: &Registered) -> BTreeSet<ChallengeKind> {
    let mut kinds = BTreeSet::new();
    match method.method {
        Method::MicrosoftAuthenticator => {
            kinds.insert(ChallengeKind::AppNotification);
            if policy.app.code_with_notification {
                kinds.insert(ChallengeKind::AppCode);
            }
        }
        Method::SoftwareOath => {
            kinds.insert(ChallengeKind::AppCode);
        }
        Method::MobilePhone => {
            kinds.insert(ChallengeKind::VoiceCall);
            if method.can_text {
                kinds.insert(ChallengeKind::TextMessage);
            }
        }
        Method::OfficePhone => {
            kinds.insert(ChallengeKind::VoiceCall);
        }
        Method::Email => {
            kinds.insert(ChallengeKind::EmailCode);
        }
        Method::SecurityQuestions => {
            kinds.insert(ChallengeKind::Answers);
        }
    }
    kinds
}

/// Gives the kinds by which a method proves a second step; none: it is not usable for two-step verification.
///
/// E-mail and security questions never are, also under a policy that should have been refused (AVAIL-4, AVAIL-5).
#[must_use]
pub fn two_step_kinds(policy: &Policy, method: &Registered) -> BTreeSet<ChallengeKind> {
    kinds(policy, method)
        .into_iter()
        .filter(|kind| !matches!(kind, ChallengeKind::EmailCode | ChallengeKind::Answers))
        .filter(|kind| policy.two_step.kinds.contains(kind))
        .collect()
}

/// Gives the number of gates that a password reset asks for: two for administrators, whatever policy says (AVAIL-7).
#[must_use]
pub const fn gates(policy: &Policy, role: Role) -> u32 {
    match role {
        Role::Administrator => 2,
        Role::Member => policy.reset.methods_required,
    }
}

/// Gives the kinds by which a method passes a gate of a password reset; none: it is not usable for reset.
#[must_use]
pub fn reset_kinds(policy: &Policy, role: Role, method: &Registered) -> BTreeSet<ChallengeKind> {
    let allows = |allowed| policy.reset.methods.contains(&allowed);
    if !policy.reset.enabled {
        return BTreeSet::new();
    }
    let usable = match method.method {
        Method::MicrosoftAuthenticator | Method::SoftwareOath => {
            return app_reset_kinds(policy, role, method);
        }
        Method::MobilePhone => allows(ResetMethod::MobilePhone),
        Method::OfficePhone => allows(ResetMethod::OfficePhone),
        Method::Email => allows(ResetMethod::Email),
        Method::SecurityQuestions => {
            role == Role::Member
                && allows(ResetMethod::SecurityQuestions)
                && enough_questions_stand(policy, method)
        }
    };
    if usable {
        kinds(policy, method)
    } else {
        BTreeSet::new()
    }
}

/// Gives the kinds by which an app passes its gate: notifications only where two gates are asked for (RESET-2).
fn app_reset_kinds(policy: &Policy, role: Role, app: &Registered) -> BTreeSet<ChallengeKind> {
    kinds(policy, app)
        .into_iter()
        .filter(|kind| match kind {
            ChallengeKind::AppNotification => {
                policy.reset.methods.contains(&ResetMethod::AppNotification)
                    && gates(policy, role) == 2
            }
            ChallengeKind::AppCode => policy.reset.methods.contains(&ResetMethod::AppCode),
            ChallengeKind::TextMessage
            | ChallengeKind::VoiceCall
            | ChallengeKind::EmailCode
            | ChallengeKind::Answers => false,
        })
        .collect()
}

/// Tells whether a reset can still ask enough of the answered questions; questions not chosen yet can be chosen.
fn enough_questions_stand(policy: &Policy, method: &Registered) -> bool {
    method.questions.as_ref().is_none_or(|answered| {
        let standing = answered
            .iter()
            .filter(|question| policy.reset.questions.contains(question))
            .count();
        u32::try_from(standing).is_ok_and(|standing| standing >= policy.reset.questions_to_reset)
    })
}

/// Gives what a method is usable for now.
#[must_use]
pub fn purposes(policy: &Policy, role: Role, method: &Registered) -> BTreeSet<Purpose> {
    let mut purposes = BTreeSet::new();
    if !two_step_kinds(policy, method).is_empty() {
        purposes.insert(Purpose::TwoStepVerification);
    }
    if !reset_kinds(policy, role, method).is_empty() {
        purposes.insert(Purpose::PasswordReset);
    }
    purposes
}

/// Gives the kinds that a method can do and policy allows for some purpose that it is usable for.
#[must_use]
pub fn allowed_kinds(policy: &Policy, role: Role, method: &Registered) -> BTreeSet<ChallengeKind> {
    let mut kinds = two_step_kinds(policy, method);
    kinds.extend(reset_kinds(policy, role, method));
    kinds
}

/// Names the gate that a method passes: both apps are one (RESET-3).
#[must_use]
pub const fn gate(method: Method) -> Gate {
    match method {
        Method::MicrosoftAuthenticator | Method::SoftwareOath => Gate::App,
        Method::MobilePhone => Gate::MobilePhone,
        Method::OfficePhone => Gate::OfficePhone,
        Method::Email => Gate::Email,
        Method::SecurityQuestions => Gate::SecurityQuestions,
    }
}

/// Gives the gates that a user could pass now.
#[must_use]
pub fn registered_gates(policy: &Policy, user: &User) -> BTreeSet<Gate> {
    user.registered
        .iter()
        .filter(|method| !reset_kinds(policy, user.role, method).is_empty())
        .map(|method| gate(method.method))
        .collect()
}

/// Tells whether a user could prove a second step now.
#[must_use]
pub fn has_second_step(policy: &Policy, user: &User) -> bool {
    user.registered
        .iter()
        .any(|method| !two_step_kinds(policy, method).is_empty())
}
