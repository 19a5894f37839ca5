//! What a user can add now (`domain.md` §4).

use std::collections::BTreeSet;

use enumset::EnumSet;
use proofup_domain::method::{ChallengeKind, Method, Purpose};
use proofup_domain::policy::Policy;

use crate::usable;
use crate::user::{Registered, User};

/// Counts the authenticator apps that one user may have, usable or not.
pub const APPS_MAX: usize = 5;

/// One method that can be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Available {
    /// The method.
    pub method: Method,
    /// The kinds by which it can be set up.
    pub kinds: BTreeSet<ChallengeKind>,
    /// What it would be usable for.
    pub purposes: BTreeSet<Purpose>,
}

/// Lists what a user can add, by rank.
///
/// Available is what is usable for at least one purpose while the user is below its limit (AVAIL-1, AVAIL-2, AVAIL-9).
#[must_use]
pub fn available(policy: &Policy, user: &User) -> Vec<Available> {
    Method::ALL
        .iter()
        .copied()
        .filter(|method| !at_limit(policy, user, *method))
        .filter_map(|method| offer(policy, user, method))
        .collect()
}

/// Returns the methods of [`available`] alone, by rank.
#[must_use]
pub fn methods(policy: &Policy, user: &User) -> Vec<Method> {
    set(policy, user).into_iter().collect()
}

/// Returns the same as a set.
pub(crate) fn set(policy: &Policy, user: &User) -> EnumSet<Method> {
    Method::ALL
        .iter()
        .copied()
        .filter(|method| !at_limit(policy, user, *method))
        .filter(|method| {
            let fresh = Registered::new(0, *method);
            !usable::purposes(policy, user.role, &fresh).is_empty()
        })
        .collect()
}

fn offer(policy: &Policy, user: &User, method: Method) -> Option<Available> {
    let fresh = Registered::new(0, method);
    let purposes = usable::purposes(policy, user.role, &fresh);
    (!purposes.is_empty()).then(|| Available {
        method,
        kinds: setup_kinds(policy, user, &fresh).into_iter().collect(),
        purposes: purposes.into_iter().collect(),
    })
}

/// Returns the kinds by which a method is set up.
///
/// The Microsoft app ends with its notification, also where only its codes are allowed. A phone is set up by any kind
/// that is allowed for a purpose it is usable for, and reset allows both kinds of a mobile phone.
fn setup_kinds(policy: &Policy, user: &User, fresh: &Registered) -> EnumSet<ChallengeKind> {
    match fresh.method {
        Method::MicrosoftAuthenticator => EnumSet::only(ChallengeKind::AppNotification),
        Method::SoftwareOath => EnumSet::only(ChallengeKind::AppCode),
        Method::MobilePhone | Method::OfficePhone | Method::Email | Method::SecurityQuestions => {
            usable::allowed_kinds(policy, user.role, fresh)
        }
    }
}

/// Returns whether a user has as many of a method as one may have.
///
/// A registered method that is usable for nothing does not count, because setting it up again replaces it; apps count
/// in any case.
fn at_limit(policy: &Policy, user: &User, method: Method) -> bool {
    let is_app = |method| {
        matches!(
            method,
            Method::MicrosoftAuthenticator | Method::SoftwareOath
        )
    };
    if is_app(method) {
        let apps = user.registered.iter().filter(|held| is_app(held.method));
        return apps.count() >= APPS_MAX;
    }
    user.registered
        .iter()
        .any(|held| held.method == method && !usable::purposes(policy, user.role, held).is_empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::{administrator, member, policy, words};

    use super::*;

    /// Checks lines of `method: kinds: purposes`.
    #[track_caller]
    fn check(text: &str, user: &User, expect: &[&str]) {
        let actual: Vec<String> = available(&policy(text), user)
            .into_iter()
            .map(|offer| {
                let (kinds, purposes) = (words(offer.kinds), words(offer.purposes));
                format!("{}: {kinds}: {purposes}", offer.method)
            })
            .collect();
        assert_eq!(actual, expect, "{text}");
    }

    #[test]
    fn nothing_is_available_where_nothing_is_allowed() {
        check("", &member(""), &[]);
    }

    #[test]
    fn a_phone_is_set_up_by_the_kinds_that_its_purposes_allow() {
        let text = "twoStep.kinds = ['textMessage']";
        check(
            text,
            &member(""),
            &["mobilePhone: textMessage: twoStepVerification"],
        );
        let call = "twoStep.kinds = ['voiceCall']";
        check(
            call,
            &member(""),
            &[
                "mobilePhone: voiceCall: twoStepVerification",
                "officePhone: voiceCall: twoStepVerification",
            ],
        );
        // Reset allows both kinds of a mobile phone, so the call comes with it.
        let reset = format!("{text}\nreset.enabled = true\nreset.methods = ['mobilePhone']");
        check(
            &reset,
            &member(""),
            &["mobilePhone: textMessage voiceCall: twoStepVerification passwordReset"],
        );
    }

    #[test]
    fn an_app_is_set_up_in_its_one_way_whatever_it_may_prove_later() {
        let text = "twoStep.kinds = ['appCode']\napp.codeWithNotification = true";
        check(
            text,
            &member(""),
            &[
                "microsoftAuthenticator: appNotification: twoStepVerification",
                "softwareOath: appCode: twoStepVerification",
            ],
        );
    }

    #[test]
    fn reset_methods_are_set_up_by_their_own_kinds() {
        let text = "reset.enabled = true\nreset.questions = ['one', 'two', 'three']\n\
             reset.methods = ['email', 'securityQuestions', 'officePhone']";
        let office = "officePhone: voiceCall: passwordReset";
        let email = "email: emailCode: passwordReset";
        let questions = "securityQuestions: answers: passwordReset";
        check(text, &member(""), &[office, email, questions]);
        check(text, &administrator(""), &[office, email]);
        check(text, &member("email"), &[office, questions]);
    }

    #[test]
    fn five_apps_are_enough_and_one_of_anything_else() {
        let text = "twoStep.kinds = ['appCode', 'voiceCall']";
        let app = "softwareOath: appCode: twoStepVerification";
        let office = "officePhone: voiceCall: twoStepVerification";
        let four = "mobilePhone softwareOath softwareOath softwareOath microsoftAuthenticator";
        check(text, &member(four), &[app, office]);
        check(text, &member(&format!("{four} softwareOath")), &[office]);
    }

    #[test]
    fn what_is_usable_for_nothing_may_be_set_up_again() {
        let text = "twoStep.kinds = ['textMessage']";
        let again = ["mobilePhone: textMessage: twoStepVerification"];
        check(text, &member("mobilePhone:noTexts"), &again);
        // Usable for one purpose, it counts.
        let reset = format!("{text}\nreset.enabled = true\nreset.methods = ['mobilePhone']");
        check(&reset, &member("mobilePhone:noTexts"), &[]);
    }
}
