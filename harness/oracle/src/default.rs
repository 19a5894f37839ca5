//! The default: what is tried or listed first (`domain.md` §8).

use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::policy::Policy;

use crate::usable;
use crate::user::{Choice, Registered, User};

/// Gives the default that is shown and tried: the choice if usable now, else the strongest usable kind, else none.
///
/// The choice itself stays when policy stops allowing it, and is back when policy allows it again (MAN-3).
#[must_use]
pub fn shown(policy: &Policy, user: &User) -> Option<Choice> {
    user.choice
        .filter(|choice| eligible(policy, user, *choice))
        .or_else(|| proofs(policy, user).first().copied())
}

/// Lists every way in which a user can prove a second step now, strongest first.
///
/// By kind, notification before code before text before call; then mobile before office; then the oldest.
#[must_use]
pub fn proofs(policy: &Policy, user: &User) -> Vec<Choice> {
    let mut proofs: Vec<(ChallengeKind, bool, usize, Choice)> = Vec::new();
    for (age, method) in user.registered.iter().enumerate() {
        let office = method.method == Method::OfficePhone;
        for kind in usable::two_step_kinds(policy, method) {
            let choice = Choice {
                id: method.id,
                kind,
            };
            proofs.push((kind, office, age, choice));
        }
    }
    proofs.sort_unstable();
    proofs.into_iter().map(|(.., choice)| choice).collect()
}

/// Tells whether a way to prove can be chosen as the default: registered, and usable for two-step now (MAN-6).
#[must_use]
pub fn eligible(policy: &Policy, user: &User, choice: Choice) -> bool {
    user.find(choice.id)
        .is_some_and(|method| usable::two_step_kinds(policy, method).contains(&choice.kind))
}

/// Gives the choice after a method was registered.
///
/// `before` is the user without the new method (and without the unusable one that it replaces, if any). The Microsoft app
/// becomes the default by its strongest kind usable for two-step, also over an earlier choice (APP-9, WIZ-6). Any other
/// method does so only where there was no usable default, by the kind that verified it if that is usable, else by its
/// strongest: a phone after the app is a backup (TEXT-6).
#[must_use]
pub fn after_registration(
    policy: &Policy,
    before: &User,
    new: &Registered,
    verified_by: ChallengeKind,
) -> Option<Choice> {
    let kinds = usable::two_step_kinds(policy, new);
    let strongest = kinds.first().copied();
    let kind = if new.method == Method::MicrosoftAuthenticator {
        strongest
    } else if shown(policy, before).is_some() {
        None
    } else if kinds.contains(&verified_by) {
        Some(verified_by)
    } else {
        strongest
    };
    kind.map(|kind| Choice { id: new.id, kind })
        .or(before.choice)
}

/// Gives the choice after a method was deleted: deleting the chosen method drops it.
#[must_use]
pub fn after_deletion(choice: Option<Choice>, deleted: u32) -> Option<Choice> {
    choice.filter(|choice| choice.id != deleted)
}
