//! What a password reset asks for and offers (`domain.md` §4, §10).

use std::collections::BTreeSet;

use proofup_domain::method::Gate;
use proofup_domain::policy::Policy;

use crate::user::{Choice, User};
use crate::{default, usable};

/// Returns whether a reset may begin; if not, the one answer is "contact your administrator" (RESET-4).
#[must_use]
pub fn may_begin(policy: &Policy, user: &User) -> bool {
    let gates = usable::registered_gates(policy, user);
    let needed = usable::gates(policy, user.role);
    policy.reset.enabled && !user.blocked && usable::are_enough(gates, needed)
}

/// Lists the ways to pass a gate that is not passed yet.
///
/// The default comes first where it may be used; then by rank of the method, the oldest first, and by kind (RESET-2,
/// RESET-3).
#[must_use]
pub fn proofs(policy: &Policy, user: &User, passed: &BTreeSet<Gate>) -> Vec<Choice> {
    let default = default::shown(policy, user);
    let mut methods: Vec<_> = user
        .registered
        .iter()
        .filter(|held| !passed.contains(&usable::gate(held.method)))
        .collect();
    methods.sort_by_key(|held| held.method);
    let mut proofs: Vec<Choice> = methods
        .into_iter()
        .flat_map(|held| {
            usable::reset_kinds(policy, user.role, held)
                .into_iter()
                .map(|kind| Choice { id: held.id, kind })
        })
        .collect();
    proofs.sort_by_key(|proof| Some(*proof) != default);
    proofs
}

#[cfg(test)]
mod tests {
    use proofup_domain::method::ChallengeKind::{self, AppCode, AppNotification, VoiceCall};

    use crate::testing::{administrator, choice, member, policy};

    use super::*;

    const ONE_GATE: &str = "reset.enabled = true\n\
        reset.methods = ['appNotification', 'appCode', 'email', 'mobilePhone']\n";

    #[test]
    fn a_reset_begins_only_with_enough_gates() {
        let one = policy(ONE_GATE);
        let two = policy(&format!("{ONE_GATE}reset.methodsRequired = 2"));
        assert!(may_begin(&one, &member("email")));
        assert!(!may_begin(&one, &member("microsoftAuthenticator")));
        assert!(!may_begin(&two, &member("email")));
        assert!(!may_begin(
            &two,
            &member("softwareOath microsoftAuthenticator")
        ));
        assert!(may_begin(&two, &member("softwareOath email")));
        assert!(!may_begin(&one, &administrator("email")));
        assert!(!may_begin(&policy(""), &member("email")));
        let mut blocked = member("email");
        blocked.blocked = true;
        assert!(!may_begin(&one, &blocked));
    }

    #[test]
    fn the_default_is_listed_first_where_a_reset_may_use_it() {
        let text = format!("{ONE_GATE}twoStep.kinds = ['voiceCall', 'appNotification']");
        let mut user = member("email mobilePhone microsoftAuthenticator softwareOath");
        user.choice = Some(choice(2, VoiceCall));
        let proofs_of = |user: &User| proofs(&policy(&text), user, &BTreeSet::new());
        let email = choice(1, ChallengeKind::EmailCode);
        let (call, texts) = (choice(2, VoiceCall), choice(2, ChallengeKind::TextMessage));
        let code = choice(4, AppCode);
        assert_eq!(proofs_of(&user), [call, code, texts, email]);
        user.choice = Some(choice(3, AppNotification));
        assert_eq!(proofs_of(&user), [code, texts, call, email]);
    }

    #[test]
    fn a_passed_gate_is_not_offered_again() {
        let text = format!("{ONE_GATE}reset.methodsRequired = 2");
        let user = member("email microsoftAuthenticator softwareOath");
        let left = proofs(&policy(&text), &user, &BTreeSet::from([Gate::App]));
        assert_eq!(left, [choice(1, ChallengeKind::EmailCode)]);
    }
}
