//! Draws policies and users.

use std::collections::BTreeSet;

use proofup_domain::edition::Edition;
use proofup_domain::method::{ChallengeKind, Method, ResetMethod, Role};
use proofup_domain::policy::{AppPolicy, ChoicePolicy, Policy, ResetPolicy, TwoStepPolicy};
use proofup_oracle::user::{Choice, Registered, User};
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::{select, subsequence};

const QUESTIONS: [&str; 5] = ["one", "two", "three", "four", "five"];

/// Draws any part of a list, as a set.
fn some_of<T: Clone + Ord + std::fmt::Debug + 'static>(
    all: &[T],
) -> impl Strategy<Value = BTreeSet<T>> + use<T> {
    subsequence(all.to_vec(), 0..=all.len()).prop_map(|part| part.into_iter().collect())
}

fn some_questions() -> impl Strategy<Value = BTreeSet<String>> {
    some_of(&QUESTIONS.map(str::to_owned))
}

/// Draws a policy, sound or not.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    let two_step = (some_of(ChallengeKind::ALL), any::<bool>(), any::<bool>()).prop_map(
        |(kinds, registration_required, required_at_sign_in)| TwoStepPolicy {
            kinds,
            registration_required,
            required_at_sign_in,
        },
    );
    let reset = (
        any::<bool>(),
        some_of(ResetMethod::ALL),
        1..=2_u32,
        any::<bool>(),
        select(vec![0, 1, 180]),
        some_questions(),
    )
        .prop_map(
            |(enabled, methods, methods_required, required, days, questions)| ResetPolicy {
                enabled,
                methods,
                methods_required,
                registration_required: required,
                reconfirm_after_days: days,
                questions: questions.into_iter().collect(),
                ..ResetPolicy::default()
            },
        );
    (
        select(Edition::ALL.to_vec()),
        two_step,
        reset,
        0..=14_u32,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(edition, two_step, reset, deferral_days, different_method, codes)| Policy {
                edition,
                two_step,
                reset,
                deferral_days,
                choice: ChoicePolicy { different_method },
                app: AppPolicy {
                    code_with_notification: codes,
                },
            },
        )
}

/// Draws a user within the limits: at most five apps, at most one of each other method, in any order.
pub(crate) fn user() -> impl Strategy<Value = User> {
    let apps = proptest::collection::vec(
        select(vec![Method::MicrosoftAuthenticator, Method::SoftwareOath]),
        0..=5,
    );
    let others = subsequence(
        vec![
            Method::MobilePhone,
            Method::OfficePhone,
            Method::Email,
            Method::SecurityQuestions,
        ],
        0..=4,
    );
    let methods = (apps, others)
        .prop_map(|(apps, others)| [apps, others].concat())
        .prop_flat_map(|methods| Just(methods).prop_shuffle());
    (
        select(Role::ALL.to_vec()),
        methods,
        any::<bool>(),
        some_questions(),
        proptest::option::of((1..=9_u32, select(ChallengeKind::ALL.to_vec()))),
    )
        .prop_map(|(role, methods, can_text, questions, choice)| {
            let mut user = User::new(role);
            for (id, method) in (1..).zip(methods) {
                user.registered.push(Registered {
                    can_text,
                    questions: (method == Method::SecurityQuestions).then(|| questions.clone()),
                    ..Registered::new(id, method)
                });
            }
            user.choice = choice.map(|(id, kind)| Choice { id, kind });
            user
        })
}

/// Registers a method; all but apps replace what was there.
pub(crate) fn register(user: &mut User, method: Method) {
    let is_app = matches!(
        method,
        Method::MicrosoftAuthenticator | Method::SoftwareOath
    );
    if !is_app {
        user.registered.retain(|held| held.method != method);
    }
    let id = user.registered.iter().map(|held| held.id).max();
    user.registered
        .push(Registered::new(id.unwrap_or(0) + 1, method));
}
