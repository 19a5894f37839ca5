//! The default: what is tried or listed first (`domain.md` §8).

use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::policy::Policy;

use crate::usable;
use crate::user::{Choice, Registered, User};

/// Returns the default that is shown and tried: the choice if usable now, else the strongest usable kind, else none.
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

/// Returns whether a way to prove can be chosen as the default: registered, and usable for two-step now (MAN-6).
#[must_use]
pub fn eligible(policy: &Policy, user: &User, choice: Choice) -> bool {
    user.find(choice.id)
        .is_some_and(|method| usable::two_step_kinds(policy, method).contains(choice.kind))
}

/// Returns the choice after a method was registered.
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
    let strongest = kinds.iter().next();
    let kind = if new.method == Method::MicrosoftAuthenticator {
        strongest
    } else if shown(policy, before).is_some() {
        None
    } else if kinds.contains(verified_by) {
        Some(verified_by)
    } else {
        strongest
    };
    kind.map(|kind| Choice { id: new.id, kind })
        .or(before.choice)
}

/// Returns the choice after a method was deleted: deleting the chosen method drops it.
#[must_use]
pub fn after_deletion(choice: Option<Choice>, deleted: u32) -> Option<Choice> {
    choice.filter(|choice| choice.id != deleted)
}

#[cfg(test)]
mod tests {
    use proofup_domain::method::ChallengeKind::{
        AppCode, AppNotification, EmailCode, TextMessage, VoiceCall,
    };

    use crate::testing::{choice, member, policy};

    use super::*;

    const ALL: &str =
        "twoStep.kinds = ['appNotification', 'appCode', 'textMessage', 'voiceCall']\n";

    #[track_caller]
    fn check_shown(text: &str, user: &User, expect: Option<Choice>) {
        assert_eq!(shown(&policy(text), user), expect, "{text}");
    }

    /// Registers the last of the words, and checks the choice that comes of it.
    #[track_caller]
    fn check_registration(
        text: &str,
        words: &str,
        earlier: Option<Choice>,
        verified_by: ChallengeKind,
        expect: Option<Choice>,
    ) {
        let mut before = member(words);
        let new = before.registered.pop().expect("something is registered");
        before.choice = earlier;
        let after = after_registration(&policy(text), &before, &new, verified_by);
        assert_eq!(after, expect, "{words} under {text}");
    }

    #[test]
    fn the_microsoft_app_becomes_the_default_over_an_earlier_choice() {
        let earlier = Some(choice(1, TextMessage));
        let app = Some(choice(2, AppNotification));
        let words = "mobilePhone microsoftAuthenticator";
        check_registration(ALL, words, earlier, AppNotification, app);
    }

    #[test]
    fn the_microsoft_app_takes_its_strongest_usable_kind_or_changes_nothing() {
        let codes = "twoStep.kinds = ['appCode', 'textMessage']\napp.codeWithNotification = true";
        let words = "mobilePhone microsoftAuthenticator";
        let earlier = Some(choice(1, TextMessage));
        let code = Some(choice(2, AppCode));
        check_registration(codes, words, earlier, AppNotification, code);
        let texts = "twoStep.kinds = ['textMessage']";
        check_registration(texts, words, earlier, AppNotification, earlier);
        check_registration("", "microsoftAuthenticator", None, AppNotification, None);
    }

    #[test]
    fn a_phone_after_the_app_is_a_backup() {
        let earlier = Some(choice(1, AppNotification));
        let words = "microsoftAuthenticator mobilePhone";
        check_registration(ALL, words, earlier, TextMessage, earlier);
        // A usable default need not be a choice.
        check_registration(ALL, words, None, TextMessage, None);
    }

    #[test]
    fn the_first_usable_method_becomes_the_default_by_the_kind_that_verified_it() {
        let call = Some(choice(1, VoiceCall));
        let text = Some(choice(1, TextMessage));
        check_registration(ALL, "mobilePhone", None, VoiceCall, call);
        check_registration(ALL, "mobilePhone", None, TextMessage, text);
        let code = Some(choice(1, AppCode));
        check_registration(ALL, "softwareOath", None, AppCode, code);
        // Verified by call, as reset allows, and only texts are for two-step.
        let texts = "twoStep.kinds = ['textMessage']";
        check_registration(texts, "mobilePhone", None, VoiceCall, text);
        let second = Some(choice(2, TextMessage));
        check_registration(ALL, "email mobilePhone", None, TextMessage, second);
    }

    #[test]
    fn an_unusable_choice_gives_way_to_the_next_usable_method() {
        let texts = "twoStep.kinds = ['textMessage']";
        let earlier = Some(choice(1, AppCode));
        let words = "softwareOath mobilePhone";
        let phone = Some(choice(2, TextMessage));
        check_registration(texts, words, earlier, TextMessage, phone);
        check_registration("", words, earlier, TextMessage, earlier);
    }

    #[test]
    fn reset_methods_never_become_the_default() {
        check_registration(ALL, "email", None, EmailCode, None);
        let answers = ChallengeKind::Answers;
        check_registration(ALL, "securityQuestions", None, answers, None);
    }

    #[test]
    fn the_shown_default_is_the_choice_while_it_is_usable() {
        let mut user = member("microsoftAuthenticator mobilePhone");
        user.choice = Some(choice(2, VoiceCall));
        check_shown(ALL, &user, user.choice);
        let no_calls = "twoStep.kinds = ['appNotification', 'textMessage']";
        check_shown(no_calls, &user, Some(choice(1, AppNotification)));
        let texts = "twoStep.kinds = ['textMessage']";
        check_shown(texts, &user, Some(choice(2, TextMessage)));
        check_shown("", &user, None);
    }

    #[test]
    fn the_strongest_is_by_kind_then_mobile_then_oldest() {
        let calls = "twoStep.kinds = ['voiceCall']";
        check_shown(
            calls,
            &member("officePhone mobilePhone"),
            Some(choice(2, VoiceCall)),
        );
        check_shown(
            ALL,
            &member("officePhone mobilePhone"),
            Some(choice(2, TextMessage)),
        );
        check_shown(
            ALL,
            &member("mobilePhone softwareOath"),
            Some(choice(2, AppCode)),
        );
        check_shown(
            ALL,
            &member("softwareOath softwareOath"),
            Some(choice(1, AppCode)),
        );
        let codes = "twoStep.kinds = ['appCode']\napp.codeWithNotification = true";
        let apps = member("softwareOath microsoftAuthenticator");
        check_shown(codes, &apps, Some(choice(1, AppCode)));
        check_shown(ALL, &member("email securityQuestions"), None);
    }

    #[test]
    fn deleting_the_chosen_method_drops_the_choice() {
        let chosen = Some(choice(2, TextMessage));
        assert_eq!(after_deletion(chosen, 2), None);
        assert_eq!(after_deletion(chosen, 1), chosen);
    }

    #[test]
    fn only_a_registered_usable_kind_can_be_chosen() {
        let user = member("mobilePhone:noTexts email");
        let policy = policy(ALL);
        assert!(eligible(&policy, &user, choice(1, VoiceCall)));
        assert!(!eligible(&policy, &user, choice(1, TextMessage)));
        assert!(!eligible(&policy, &user, choice(2, EmailCode)));
        assert!(!eligible(&policy, &user, choice(9, VoiceCall)));
    }
}
