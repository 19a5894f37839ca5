//! Usability, availability, obligations, default and sign-in.

use jiff::Timestamp;
use proofup_domain::method::{ChallengeKind, Method, Purpose, Role};
use proofup_domain::policy::Policy;
use proofup_oracle::required::{Obligation, Obligations, Page};
use proofup_oracle::sign_in::{self, Outcome, Progress, Times};
use proofup_oracle::user::{Registered, User};
use proofup_oracle::{available, default, policy, required, usable};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::draw;

/// Tells whether every obligation that was unmet before is met now.
fn settled(before: Obligations, now: Obligations) -> bool {
    let settled = |before, now| before != Obligation::Unmet || now == Obligation::Met;
    settled(before.two_step, now.two_step) && settled(before.reset, now.reset)
}

fn with(user: &User, methods: &[Method]) -> User {
    let mut user = user.clone();
    for method in methods {
        draw::register(&mut user, *method);
    }
    user
}

/// Lists every part of a list that is smaller than a size.
fn smaller_sets(methods: &[Method], size: usize) -> Vec<Vec<Method>> {
    (0..1_u32 << methods.len())
        .map(|mask| {
            (0..)
                .zip(methods)
                .filter(|(bit, _)| mask >> bit & 1 == 1)
                .map(|(_, method)| *method)
                .collect::<Vec<_>>()
        })
        .filter(|set| set.len() < size)
        .collect()
}

fn outcome(policy: &Policy, user: &User, progress: Progress) -> Outcome {
    let times = Times {
        now: Timestamp::UNIX_EPOCH,
        window_opened: None,
        last_change: None,
    };
    sign_in::outcome(policy, user, times, progress)
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn email_and_questions_never_prove_a_second_step(policy in draw::policy(), text in any::<bool>()) {
        for method in [Method::Email, Method::SecurityQuestions] {
            let held = Registered { can_text: text, ..Registered::new(1, method) };
            prop_assert!(usable::two_step_kinds(&policy, &held).is_empty());
            for role in Role::ALL {
                let purposes = usable::purposes(&policy, *role, &held);
                prop_assert!(!purposes.contains(Purpose::TwoStepVerification));
            }
        }
    }

    #[test]
    fn administrators_never_get_questions(policy in draw::policy(), user in draw::user()) {
        let user = User { role: Role::Administrator, ..user };
        prop_assert!(!available::methods(&policy, &user).contains(&Method::SecurityQuestions));
        prop_assert_eq!(usable::gates(&policy, user.role), 2);
    }

    #[test]
    fn what_is_available_can_be_set_up_for_something(policy in draw::policy(), user in draw::user()) {
        for offer in available::available(&policy, &user) {
            prop_assert!(!offer.purposes.is_empty());
            prop_assert!(!offer.kinds.is_empty());
        }
    }

    #[test]
    fn the_required_set_is_available_and_meets_the_obligations(
        policy in draw::policy(),
        user in draw::user(),
    ) {
        let required = required::required(&policy, &user);
        let available = available::methods(&policy, &user);
        prop_assert!(required.iter().all(|method| available.contains(method)));
        prop_assert!(required.is_sorted());
        let before = required::obligations(&policy, &user);
        let after = required::obligations(&policy, &with(&user, &required));
        prop_assert!(settled(before, after), "{before:?} {after:?}");
    }

    #[test]
    fn no_smaller_set_meets_the_obligations(policy in draw::policy(), user in draw::user()) {
        let size = required::required(&policy, &user).len();
        let before = required::obligations(&policy, &user);
        for set in smaller_sets(&available::methods(&policy, &user), size) {
            let after = required::obligations(&policy, &with(&user, &set));
            prop_assert!(!settled(before, after), "{set:?} would do");
        }
    }

    #[test]
    fn who_is_interrupted_has_something_to_do(policy in draw::policy(), user in draw::user()) {
        let interrupt = required::obligations(&policy, &user).interrupt();
        let page = required::page(&policy, &user);
        prop_assert_eq!(interrupt, !required::required(&policy, &user).is_empty());
        prop_assert_eq!(interrupt, page != Page::Success);
        prop_assert_eq!(interrupt, !page.offers().is_empty());
        let available = available::methods(&policy, &user);
        prop_assert!(page.offers().into_iter().all(|method| available.contains(&method)));
    }

    #[test]
    fn the_wizard_ends_whatever_is_picked(
        policy in draw::policy(),
        user in draw::user(),
        picks in proptest::array::uniform3(any::<proptest::sample::Index>()),
    ) {
        let mut user = user;
        for pick in picks {
            let offers: Vec<Method> = required::page(&policy, &user).offers().into_iter().collect();
            if !offers.is_empty() {
                draw::register(&mut user, *pick.get(&offers));
            }
        }
        // One method for the second step and two gates: three picks at most.
        prop_assert_eq!(required::page(&policy, &user), Page::Success);
    }

    #[test]
    fn a_sound_policy_can_be_met_by_every_new_member(policy in draw::policy()) {
        if policy::defects(&policy).is_empty() {
            let obligations = required::obligations(&policy, &User::new(Role::Member));
            prop_assert!(obligations.two_step != Obligation::Unmeetable);
            prop_assert!(obligations.reset != Obligation::Unmeetable);
        }
    }

    #[test]
    fn the_default_shown_is_usable_or_there_is_none(policy in draw::policy(), user in draw::user()) {
        let shown = default::shown(&policy, &user);
        prop_assert_eq!(shown.is_some(), usable::has_second_step(&policy, &user));
        if let Some(shown) = shown {
            prop_assert!(default::eligible(&policy, &user, shown));
        }
    }

    #[test]
    fn registering_never_takes_the_default_away(
        policy in draw::policy(),
        user in draw::user(),
        pick in any::<proptest::sample::Index>(),
    ) {
        let before = user;
        let method = *pick.get(Method::ALL);
        let after = with(&before, &[method]);
        let new = after.registered.last().expect("a method was registered");
        let mut kept = before;
        kept.registered.retain(|held| after.find(held.id).is_some());
        let verified_by = ChallengeKind::VoiceCall;
        let choice = default::after_registration(&policy, &kept, new, verified_by);
        let after = User { choice, ..after.clone() };
        let (old, now) = (default::shown(&policy, &kept), default::shown(&policy, &after));
        if method == Method::MicrosoftAuthenticator {
            let proves = !usable::two_step_kinds(&policy, new).is_empty();
            prop_assert_eq!(now.map(|now| now.id), if proves { Some(new.id) } else { old.map(|old| old.id) });
        } else if old.is_some_and(|old| kept.choice == Some(old)) {
            prop_assert_eq!(now, old);
        }
    }

    #[test]
    fn a_demanded_second_step_is_passed_before_anybody_is_in(
        policy in draw::policy(),
        user in draw::user(),
    ) {
        let mut policy = policy;
        policy.two_step.required_at_sign_in = true;
        match outcome(&policy, &user, Progress::default()) {
            Outcome::SignedIn | Outcome::ReviewDue => prop_assert!(false, "in without a second step"),
            Outcome::Interrupted(offer) => prop_assert!(!offer.is_offered()),
            Outcome::SecondStepRequired { default, .. } => prop_assert!(default.is_some()),
            Outcome::InvalidCredentials | Outcome::ContactAdministrator => {}
        }
    }

    #[test]
    fn a_sign_in_is_interrupted_only_where_info_is_missing(
        policy in draw::policy(),
        user in draw::user(),
    ) {
        let passed = Progress { second_step_passed: true, ..Progress::default() };
        let interrupted = matches!(outcome(&policy, &user, passed), Outcome::Interrupted(_));
        prop_assert_eq!(interrupted, required::obligations(&policy, &user).interrupt());
    }

    #[test]
    fn the_second_step_offers_the_default_and_never_twice(
        policy in draw::policy(),
        user in draw::user(),
    ) {
        let mut policy = policy;
        policy.two_step.required_at_sign_in = true;
        let stage = outcome(&policy, &user, Progress::default());
        if let Outcome::SecondStepRequired { default, alternatives } = stage {
            prop_assert_eq!(default, default::shown(&policy, &user));
            let mut all = default::proofs(&policy, &user);
            prop_assert_eq!(all.len(), alternatives.len() + 1);
            all.retain(|proof| Some(*proof) != default);
            prop_assert_eq!(all, alternatives);
        }
    }
}
