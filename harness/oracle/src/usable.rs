//! Which method proves what (`domain.md` §4).

use enumset::EnumSet;
use proofup_domain::method::{ChallengeKind, Gate, Method, Purpose, ResetMethod, Role};
use proofup_domain::policy::Policy;

use crate::user::{Registered, User};

/// Returns the kinds that a method can do, whatever policy allows.
///
/// The Microsoft app is the one exception: its codes count only with `app.codeWithNotification` (APP-7).
#[must_use]
pub fn kinds(policy: &Policy, method: &Registered) -> EnumSet<ChallengeKind> {
    use ChallengeKind as Kind;
    match method.method {
        Method::MicrosoftAuthenticator if policy.app.code_with_notification => {
            Kind::AppNotification | Kind::AppCode
        }
        Method::MicrosoftAuthenticator => Kind::AppNotification.into(),
        Method::SoftwareOath => Kind::AppCode.into(),
        Method::MobilePhone if method.can_text => Kind::TextMessage | Kind::VoiceCall,
        Method::MobilePhone | Method::OfficePhone => Kind::VoiceCall.into(),
        Method::Email => Kind::EmailCode.into(),
        Method::SecurityQuestions => Kind::Answers.into(),
    }
}

/// Returns the kinds by which a method proves a second step; empty if it is not usable for two-step verification.
///
/// E-mail and security questions never are, also under a policy that should have been refused (AVAIL-4, AVAIL-5).
#[must_use]
pub fn two_step_kinds(policy: &Policy, method: &Registered) -> EnumSet<ChallengeKind> {
    let never = ChallengeKind::EmailCode | ChallengeKind::Answers;
    let allowed: EnumSet<_> = policy.two_step.kinds.iter().copied().collect();
    kinds(policy, method) & (allowed - never)
}

/// Returns the number of gates that a password reset asks for: two for administrators, whatever policy says (AVAIL-7).
#[must_use]
pub const fn gates(policy: &Policy, role: Role) -> u32 {
    match role {
        Role::Administrator => 2,
        Role::Member => policy.reset.methods_required,
    }
}

/// Returns whether these gates are as many as are needed.
pub(crate) fn are_enough(gates: EnumSet<Gate>, needed: u32) -> bool {
    u32::try_from(gates.len()).is_ok_and(|count| count >= needed)
}

/// Returns the kinds by which a method passes a gate of a password reset; empty if it is not usable for reset.
#[must_use]
pub fn reset_kinds(policy: &Policy, role: Role, method: &Registered) -> EnumSet<ChallengeKind> {
    let allows = |allowed| policy.reset.methods.contains(&allowed);
    if !policy.reset.enabled {
        return EnumSet::empty();
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
        EnumSet::empty()
    }
}

/// Returns the kinds by which an app passes its gate: notifications only where two gates are asked for (RESET-2).
fn app_reset_kinds(policy: &Policy, role: Role, app: &Registered) -> EnumSet<ChallengeKind> {
    let passes = |kind: &ChallengeKind| match kind {
        ChallengeKind::AppNotification => {
            policy.reset.methods.contains(&ResetMethod::AppNotification) && gates(policy, role) == 2
        }
        ChallengeKind::AppCode => policy.reset.methods.contains(&ResetMethod::AppCode),
        ChallengeKind::TextMessage
        | ChallengeKind::VoiceCall
        | ChallengeKind::EmailCode
        | ChallengeKind::Answers => false,
    };
    kinds(policy, app).iter().filter(passes).collect()
}

/// Returns whether a reset can still ask enough of the answered questions; questions not chosen yet can be chosen.
fn enough_questions_stand(policy: &Policy, method: &Registered) -> bool {
    method.questions.as_ref().is_none_or(|answered| {
        let standing = answered
            .iter()
            .filter(|question| policy.reset.questions.contains(question))
            .count();
        u32::try_from(standing).is_ok_and(|standing| standing >= policy.reset.questions_to_reset)
    })
}

/// Returns what a method is usable for now.
#[must_use]
pub fn purposes(policy: &Policy, role: Role, method: &Registered) -> EnumSet<Purpose> {
    let mut purposes = EnumSet::empty();
    if !two_step_kinds(policy, method).is_empty() {
        purposes |= Purpose::TwoStepVerification;
    }
    if !reset_kinds(policy, role, method).is_empty() {
        purposes |= Purpose::PasswordReset;
    }
    purposes
}

/// Returns the kinds that a method can do and policy allows for some purpose that it is usable for.
#[must_use]
pub fn allowed_kinds(policy: &Policy, role: Role, method: &Registered) -> EnumSet<ChallengeKind> {
    two_step_kinds(policy, method) | reset_kinds(policy, role, method)
}

/// Returns the gate that a method passes: both apps are one (RESET-3).
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

/// Returns the gates that a user could pass now.
#[must_use]
pub fn registered_gates(policy: &Policy, user: &User) -> EnumSet<Gate> {
    user.registered
        .iter()
        .filter(|method| !reset_kinds(policy, user.role, method).is_empty())
        .map(|method| gate(method.method))
        .collect()
}

/// Returns whether a user could prove a second step now.
#[must_use]
pub fn has_second_step(policy: &Policy, user: &User) -> bool {
    user.registered
        .iter()
        .any(|method| !two_step_kinds(policy, method).is_empty())
}

#[cfg(test)]
mod tests {
    use crate::testing::{administrator, member, policy, words};

    use super::*;

    #[track_caller]
    fn check(text: &str, user: &User, two_step: &str, reset: &str) {
        let policy = policy(text);
        let method = user.registered.first().expect("the row has a method");
        let actual = (
            words(two_step_kinds(&policy, method)),
            words(reset_kinds(&policy, user.role, method)),
        );
        assert_eq!(actual, (two_step.to_owned(), reset.to_owned()), "{text}");
    }

    const ALL_KINDS: &str =
        "twoStep.kinds = ['appNotification', 'appCode', 'textMessage', 'voiceCall']\n";
    const ALL_RESET: &str = "reset.enabled = true\nreset.methods = ['appNotification', 'appCode', \
         'email', 'mobilePhone', 'officePhone', 'securityQuestions']\n\
         reset.questions = ['one', 'two', 'three', 'four']\n";

    #[test]
    fn each_method_proves_a_second_step_by_what_it_can_do() {
        let rows = [
            ("microsoftAuthenticator", "appNotification"),
            ("softwareOath", "appCode"),
            ("mobilePhone", "textMessage voiceCall"),
            ("mobilePhone:noTexts", "voiceCall"),
            ("officePhone", "voiceCall"),
            ("email", ""),
            ("securityQuestions", ""),
        ];
        for (method, kinds) in rows {
            check(ALL_KINDS, &member(method), kinds, "");
        }
    }

    #[test]
    fn a_policy_that_should_have_been_refused_does_not_make_email_a_second_step() {
        let text = "twoStep.kinds = ['emailCode', 'answers']";
        check(text, &member("email"), "", "");
        check(text, &member("securityQuestions"), "", "");
    }

    #[test]
    fn the_microsoft_app_yields_codes_where_policy_says_so() {
        let text = format!("{ALL_KINDS}app.codeWithNotification = true");
        let app = member("microsoftAuthenticator");
        check(&text, &app, "appNotification appCode", "");
        let text = "twoStep.kinds = ['appCode']\napp.codeWithNotification = true";
        check(text, &app, "appCode", "");
        check("twoStep.kinds = ['appCode']", &app, "", "");
    }

    #[test]
    fn each_method_resets_by_what_it_can_do() {
        let rows = [
            ("microsoftAuthenticator", ""),
            ("softwareOath", "appCode"),
            ("mobilePhone", "textMessage voiceCall"),
            ("mobilePhone:noTexts", "voiceCall"),
            ("officePhone", "voiceCall"),
            ("email", "emailCode"),
            ("securityQuestions", "answers"),
        ];
        for (method, kinds) in rows {
            check(ALL_RESET, &member(method), "", kinds);
        }
    }

    #[test]
    fn notifications_reset_only_where_two_gates_are_asked_for() {
        let app = member("microsoftAuthenticator");
        let two = format!("{ALL_RESET}reset.methodsRequired = 2");
        check(&two, &app, "", "appNotification");
        let codes = format!("{ALL_RESET}app.codeWithNotification = true");
        check(&codes, &app, "", "appCode");
        let both = format!("{two}\napp.codeWithNotification = true");
        check(&both, &app, "", "appNotification appCode");
        // An administrator is asked for two whatever the policy says.
        let administrator = administrator("microsoftAuthenticator");
        check(ALL_RESET, &administrator, "", "appNotification");
    }

    #[test]
    fn administrators_never_reset_by_questions() {
        check(ALL_RESET, &administrator("securityQuestions"), "", "");
    }

    #[test]
    fn nothing_resets_while_reset_is_off() {
        let off = ALL_RESET.replace("true", "false");
        for method in Method::ALL {
            check(&off, &member(method.as_str()), "", "");
        }
    }

    #[test]
    fn questions_reset_while_enough_of_the_answered_ones_stand() {
        let answered = |questions: &[&str]| {
            let mut user = member("securityQuestions");
            user.registered[0].questions =
                Some(questions.iter().map(|text| (*text).to_owned()).collect());
            user
        };
        let four = format!("{ALL_RESET}reset.questionsToRegister = 4\nreset.questionsToReset = 4");
        check(
            ALL_RESET,
            &answered(&["one", "two", "three"]),
            "",
            "answers",
        );
        check(ALL_RESET, &answered(&["one", "two", "gone"]), "", "");
        check(&four, &answered(&["one", "two", "three"]), "", "");
        check(
            &four,
            &answered(&["one", "two", "three", "four"]),
            "",
            "answers",
        );
    }

    #[test]
    fn both_apps_pass_one_gate() {
        let policy = policy(ALL_RESET);
        let user = member("softwareOath microsoftAuthenticator email");
        assert_eq!(words(registered_gates(&policy, &user)), "app email");
    }
}
