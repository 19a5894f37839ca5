//! Decisions: what is said about one combination, and what the oracle says.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::method::{ChallengeKind, Method, Purpose, Role};
use proofup_domain::policy::Policy;
use proofup_domain::state::SessionState;
use proofup_oracle::sign_in::{self, SignInProgress, SignInTimes};
use proofup_oracle::user::{Registered, User};
use proofup_oracle::{available, policy, required};

/// What becomes of a policy and of a user under it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// The policy cannot be met: it is refused.
    Refused,
    /// The policy is taken.
    Accepted(Standing),
}

/// Where a user stands under a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// What can be added, by rank.
    pub available: Vec<Method>,
    /// What the wizard requires, in its order.
    pub required: Vec<Method>,
    /// Whether the sign-in is interrupted.
    pub interrupted: bool,
}

/// Decides as an implementation does, from the policy, the role and what is registered, oldest first.
pub type Decider = Arc<dyn Fn(&Policy, Role, &[Method]) -> Decision + Send + Sync>;

/// Decides as the oracle does.
#[must_use]
pub fn expected(policy: &Policy, role: Role, registered: &[Method]) -> Decision {
    if !policy::defects(policy).is_empty() {
        return Decision::Refused;
    }
    let user = user(role, registered);
    Decision::Accepted(Standing {
        available: available::methods(policy, &user),
        required: required::required(policy, &user),
        interrupted: is_interrupted(policy, &user),
    })
}

/// Everything that a target can be asked about a user who has registered nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserView {
    pub(super) available: Vec<Method>,
    pub(super) details: Vec<Detail>,
    pub(super) interrupted: bool,
    pub(super) required: Vec<Method>,
    /// What may be set up in place of what the wizard proposes.
    pub(super) alternatives: Vec<Method>,
}

/// The kinds by which a method can be set up, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) method: Method,
    pub(super) kinds: BTreeSet<ChallengeKind>,
    pub(super) purposes: BTreeSet<Purpose>,
}

/// Decides as the oracle does, in full; nothing where the policy is refused.
pub(super) fn expected_in_full(policy: &Policy, role: Role) -> Option<UserView> {
    if !policy::defects(policy).is_empty() {
        return None;
    }
    let user = User::new(role);
    let details: Vec<Detail> = available::available(policy, &user)
        .into_iter()
        .map(|offer| Detail {
            method: offer.method,
            kinds: offer.kinds,
            purposes: offer.purposes,
        })
        .collect();
    let alternatives = match required::page(policy, &user) {
        required::Page::Method { alternatives, .. } => alternatives,
        required::Page::List(methods) => methods,
        required::Page::Success => Vec::new(),
    };
    Some(UserView {
        available: details.iter().map(|detail| detail.method).collect(),
        details,
        interrupted: is_interrupted(policy, &user),
        required: required::required(policy, &user),
        alternatives,
    })
}

/// Returns where a session of such a user stands; with these settings there is nothing else.
pub(super) const fn session_state(interrupted: bool) -> SessionState {
    if interrupted {
        SessionState::Interrupted
    } else {
        SessionState::SignedIn
    }
}

/// Lists every set of methods up to a size, smallest first; each in the order of the ranks.
#[must_use]
pub fn registered_sets(size_max: usize) -> Vec<Vec<Method>> {
    let mut sets = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..size_max {
        let upto = sets.len();
        for at in from..upto {
            let set = sets[at].clone();
            let later = Method::ALL
                .iter()
                .filter(|method| set.last().is_none_or(|last| last < *method));
            for method in later {
                sets.push([set.as_slice(), &[*method]].concat());
            }
        }
        from = upto;
    }
    sets
}

fn user(role: Role, registered: &[Method]) -> User {
    let mut user = User::new(role);
    user.registered = (1..)
        .zip(registered)
        .map(|(id, method)| Registered::new(id, *method))
        .collect();
    user
}

fn is_interrupted(policy: &Policy, user: &User) -> bool {
    let times = SignInTimes {
        now: Timestamp::UNIX_EPOCH,
        window_opened: None,
        last_change: None,
    };
    let outcome = sign_in::outcome(policy, user, times, SignInProgress::default());
    matches!(outcome, sign_in::SignInOutcome::Interrupted(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::combination::Combination;

    #[test]
    fn sets_of_at_most_two_methods_are_twenty_two() {
        let sets = registered_sets(2);
        assert_eq!(registered_sets(0), [Vec::<Method>::new()]);
        assert_eq!(registered_sets(1).len(), 1 + 6);
        assert_eq!(sets.len(), 1 + 6 + 15);
        let different: BTreeSet<BTreeSet<Method>> = sets
            .iter()
            .map(|set| set.iter().copied().collect())
            .collect();
        assert_eq!(different.len(), sets.len());
    }

    #[test]
    fn the_two_ways_to_ask_the_oracle_agree() {
        for number in (0..=u16::MAX).step_by(97) {
            let combination = Combination::new(number);
            let (policy, role) = (combination.policy(), combination.role());
            let short = expected(&policy, role, &[]);
            let full = match expected_in_full(&policy, role) {
                None => Decision::Refused,
                Some(told) => Decision::Accepted(Standing {
                    available: told.available,
                    required: told.required,
                    interrupted: told.interrupted,
                }),
            };
            assert_eq!(short, full, "{number}");
        }
    }
}
