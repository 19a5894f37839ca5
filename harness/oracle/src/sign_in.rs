//! Where a session stands after a right password (`domain.md` §6).

use jiff::Timestamp;
use proofup_domain::policy::Policy;

use crate::required::{self, Obligation};
use crate::user::{Choice, User};
use crate::window::{self, Offer};
use crate::{default, usable};

/// What a session has passed so far; a fresh one has passed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignInProgress {
    /// The second step is passed, or a method usable for it was verified in an interrupt that began with none.
    pub second_step_passed: bool,
    /// An interrupt was shown and neither put off nor completed by "done".
    pub interrupted: bool,
    /// "Not now" was taken: this sign-in is complete.
    pub deferred: bool,
    /// "Looks good" was taken.
    pub reviewed: bool,
}

/// The instants that a sign-in depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInTimes {
    /// The instant of the request.
    pub now: Timestamp,
    /// When this user's deferral window opened, if it did.
    pub window_opened: Option<Timestamp>,
    /// The last registration, change or completed review, if there was one.
    pub last_change: Option<Timestamp>,
}

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInOutcome {
    /// Blocked: answered like a wrong password (SIGN-7).
    InvalidCredentials,
    /// The second step is owed.
    SecondStepRequired {
        /// What is tried first.
        default: Option<Choice>,
        /// What may be chosen instead, strongest first (TWO-1).
        alternatives: Vec<Choice>,
    },
    /// "More information required".
    Interrupted(Offer),
    /// A second step is demanded, none is registered and none can be (AVAIL-13).
    ContactAdministrator,
    /// The registered info is shown for review.
    ReviewDue,
    /// In.
    SignedIn,
}

/// Works out where a session stands: the stages in order, read again from the start after each one passed.
///
/// A deferral completes the sign-in, so it ends the stages. An interrupt that was begun lasts until "done", also once the
/// obligations are met.
#[must_use]
pub fn outcome(
    policy: &Policy,
    user: &User,
    times: SignInTimes,
    progress: SignInProgress,
) -> SignInOutcome {
    if user.blocked {
        return SignInOutcome::InvalidCredentials;
    }
    if progress.deferred {
        return SignInOutcome::SignedIn;
    }
    if policy.two_step.required_at_sign_in && step_up_owed(policy, user, progress) {
        return second_step(policy, user);
    }
    if progress.interrupted || required::obligations(policy, user).interrupt() {
        let offer = window::offer(policy, times.window_opened, times.now);
        return SignInOutcome::Interrupted(offer);
    }
    if policy.two_step.required_at_sign_in && !can_ever_step_up(policy, user) {
        return SignInOutcome::ContactAdministrator;
    }
    if !progress.reviewed && review_due(policy, user, times) {
        return SignInOutcome::ReviewDue;
    }
    SignInOutcome::SignedIn
}

fn second_step(policy: &Policy, user: &User) -> SignInOutcome {
    let default = default::shown(policy, user);
    let mut alternatives = default::proofs(policy, user);
    alternatives.retain(|proof| Some(*proof) != default);
    SignInOutcome::SecondStepRequired {
        default,
        alternatives,
    }
}

/// Returns whether setting up, managing or confirming a review asks for a second step first (SIGN-10, MAN-5).
///
/// A second step is asked for once per session, and only of a user who has a usable one.
#[must_use]
pub fn step_up_owed(policy: &Policy, user: &User, progress: SignInProgress) -> bool {
    !progress.second_step_passed && usable::has_second_step(policy, user)
}

/// Returns whether "done" completes the wizard: the obligations that bind are met (WIZ-10).
#[must_use]
pub fn may_complete(policy: &Policy, user: &User) -> bool {
    !required::obligations(policy, user).interrupt()
}

fn can_ever_step_up(policy: &Policy, user: &User) -> bool {
    let two_step = required::obligations(policy, user).two_step;
    debug_assert!(
        two_step != Obligation::Absent,
        "a second step required at sign-in obliges to register one"
    );
    two_step != Obligation::Unmeetable
}

/// Returns whether the registered info is due for review: at its instant it is (REV-1, REV-2).
#[must_use]
pub fn review_due(policy: &Policy, user: &User, times: SignInTimes) -> bool {
    let reset = &policy.reset;
    if !(reset.enabled && reset.registration_required) || reset.reconfirm_after_days == 0 {
        return false;
    }
    !usable::registered_gates(policy, user).is_empty()
        && times.last_change.is_some_and(|since| {
            window::days_have_passed(reset.reconfirm_after_days, since, times.now)
        })
}

#[cfg(test)]
mod tests {
    use proofup_domain::method::ChallengeKind::{AppNotification, TextMessage, VoiceCall};

    use crate::testing::{administrator, choice, member, policy};

    use super::*;

    const REQUIRED: &str =
        "twoStep.kinds = ['appNotification', 'textMessage']\ntwoStep.registrationRequired = true\n";
    const AT_SIGN_IN: &str = "twoStep.kinds = ['appNotification', 'textMessage', 'voiceCall']\ntwoStep.requiredAtSignIn = true\n";
    const REVIEWED: &str = "reset.enabled = true\nreset.methods = ['email']\n\
        reset.registrationRequired = true\nreset.reconfirmAfterDays = 180\n";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("the instant of a test parses")
    }

    fn times() -> SignInTimes {
        SignInTimes {
            now: at("2026-01-15T09:00:00Z"),
            window_opened: None,
            last_change: None,
        }
    }

    fn offered(days_left: u32) -> SignInOutcome {
        SignInOutcome::Interrupted(Offer::Offered { days_left })
    }

    #[track_caller]
    fn check(text: &str, user: &User, progress: SignInProgress, expect: &SignInOutcome) {
        let actual = outcome(&policy(text), user, times(), progress);
        assert_eq!(&actual, expect, "{text}");
    }

    #[test]
    fn a_blocked_user_is_answered_like_a_wrong_password() {
        let mut user = member("");
        user.blocked = true;
        for text in [REQUIRED, AT_SIGN_IN, ""] {
            check(
                text,
                &user,
                SignInProgress::default(),
                &SignInOutcome::InvalidCredentials,
            );
        }
    }

    #[test]
    fn missing_info_interrupts_and_nothing_else_does() {
        let fresh = SignInProgress::default();
        check("", &member(""), fresh, &SignInOutcome::SignedIn);
        check(REQUIRED, &member(""), fresh, &offered(14));
        check(REQUIRED, &member("email"), fresh, &offered(14));
        check(
            REQUIRED,
            &member("mobilePhone"),
            fresh,
            &SignInOutcome::SignedIn,
        );
        let none = format!("{REQUIRED}deferralDays = 0");
        check(
            &none,
            &member(""),
            fresh,
            &SignInOutcome::Interrupted(Offer::NotOffered),
        );
    }

    #[test]
    fn deferring_completes_the_sign_in_and_skips_the_review() {
        let deferred = SignInProgress {
            deferred: true,
            interrupted: true,
            ..SignInProgress::default()
        };
        check(REQUIRED, &member(""), deferred, &SignInOutcome::SignedIn);
        check(
            REVIEWED,
            &member("email"),
            deferred,
            &SignInOutcome::SignedIn,
        );
    }

    #[test]
    fn an_interrupt_lasts_until_done() {
        let interrupted = SignInProgress {
            interrupted: true,
            ..SignInProgress::default()
        };
        check(REQUIRED, &member("mobilePhone"), interrupted, &offered(14));
        assert!(may_complete(&policy(REQUIRED), &member("mobilePhone")));
        assert!(!may_complete(&policy(REQUIRED), &member("email")));
    }

    #[test]
    fn a_demanded_second_step_comes_first_and_the_default_before_the_rest() {
        let mut user = member("mobilePhone microsoftAuthenticator");
        user.choice = Some(choice(1, TextMessage));
        let owed = SignInOutcome::SecondStepRequired {
            default: Some(choice(1, TextMessage)),
            alternatives: vec![choice(2, AppNotification), choice(1, VoiceCall)],
        };
        check(AT_SIGN_IN, &user, SignInProgress::default(), &owed);
        let passed = SignInProgress {
            second_step_passed: true,
            ..SignInProgress::default()
        };
        check(AT_SIGN_IN, &user, passed, &SignInOutcome::SignedIn);
    }

    #[test]
    fn a_second_step_that_is_not_demanded_is_not_asked_for_at_sign_in() {
        let user = member("mobilePhone");
        check(
            REQUIRED,
            &user,
            SignInProgress::default(),
            &SignInOutcome::SignedIn,
        );
    }

    #[test]
    fn the_second_step_goes_before_the_interrupt() {
        let text = format!(
            "{AT_SIGN_IN}reset.enabled = true\nreset.registrationRequired = true\nreset.methods = ['email']"
        );
        let user = member("mobilePhone");
        let owed = outcome(&policy(&text), &user, times(), SignInProgress::default());
        assert!(matches!(owed, SignInOutcome::SecondStepRequired { .. }));
        let passed = SignInProgress {
            second_step_passed: true,
            ..SignInProgress::default()
        };
        check(
            &text,
            &user,
            passed,
            &SignInOutcome::Interrupted(Offer::NotOffered),
        );
    }

    #[test]
    fn where_no_second_step_can_be_had_the_administrator_helps() {
        let text = "twoStep.kinds = ['appNotification']\ntwoStep.requiredAtSignIn = true\n";
        let fresh = SignInProgress::default();
        let five = member(&"softwareOath ".repeat(5));
        check(text, &five, fresh, &SignInOutcome::ContactAdministrator);
        check(
            text,
            &member(""),
            fresh,
            &SignInOutcome::Interrupted(Offer::NotOffered),
        );
        // What a reset needs is registered first; it is no second step.
        let reset = format!(
            "{text}reset.enabled = true\nreset.registrationRequired = true\nreset.methods = ['email']"
        );
        check(
            &reset,
            &five,
            fresh,
            &SignInOutcome::Interrupted(Offer::NotOffered),
        );
        let with_mail = member(&("softwareOath ".repeat(5) + "email"));
        check(
            &reset,
            &with_mail,
            fresh,
            &SignInOutcome::ContactAdministrator,
        );
    }

    #[test]
    fn an_obligation_that_does_not_bind_lets_in() {
        let text = "reset.enabled = true\nreset.registrationRequired = true\n\
             reset.methods = ['email']";
        let fresh = SignInProgress::default();
        check(text, &administrator(""), fresh, &SignInOutcome::SignedIn);
    }

    #[test]
    fn a_review_is_due_from_its_instant_on() {
        let check_due = |text: &str, words: &str, now: &str, expect: bool| {
            let times = SignInTimes {
                now: at(now),
                window_opened: None,
                last_change: Some(at("2026-01-15T09:00:00Z")),
            };
            let policy = policy(text);
            let user = member(words);
            assert_eq!(review_due(&policy, &user, times), expect, "{text} at {now}");
            let signed_in = outcome(&policy, &user, times, SignInProgress::default());
            let due = if expect {
                SignInOutcome::ReviewDue
            } else {
                SignInOutcome::SignedIn
            };
            assert_eq!(signed_in, due, "{text} at {now}");
        };
        check_due(REVIEWED, "email", "2026-07-14T08:59:59Z", false);
        check_due(REVIEWED, "email", "2026-07-14T09:00:00Z", true);
        let never = REVIEWED.replace("180", "0");
        check_due(&never, "email", "2036-01-01T00:00:00Z", false);
        let optional = REVIEWED.replace(
            "registrationRequired = true",
            "registrationRequired = false",
        );
        check_due(&optional, "email", "2036-01-01T00:00:00Z", false);
        let off = REVIEWED.replace("enabled = true", "enabled = false");
        check_due(&off, "email", "2036-01-01T00:00:00Z", false);
    }

    #[test]
    fn a_confirmed_review_is_not_shown_again_in_its_session() {
        let times = SignInTimes {
            now: at("2027-01-15T09:00:00Z"),
            window_opened: None,
            last_change: Some(at("2026-01-15T09:00:00Z")),
        };
        let confirmed = SignInProgress {
            reviewed: true,
            ..SignInProgress::default()
        };
        let user = member("email");
        let actual = outcome(&policy(REVIEWED), &user, times, confirmed);
        assert_eq!(actual, SignInOutcome::SignedIn);
    }

    #[test]
    fn a_step_up_is_owed_once_by_who_can() {
        let policy = policy(REQUIRED);
        let passed = SignInProgress {
            second_step_passed: true,
            ..SignInProgress::default()
        };
        assert!(step_up_owed(
            &policy,
            &member("mobilePhone"),
            SignInProgress::default()
        ));
        assert!(!step_up_owed(&policy, &member("mobilePhone"), passed));
        assert!(!step_up_owed(
            &policy,
            &member("email"),
            SignInProgress::default()
        ));
    }
}
