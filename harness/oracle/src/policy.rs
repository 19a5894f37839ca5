//! Which policies are refused, and why (`domain.md` §3, AVAIL-11).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use enumset::EnumSet;
use proofup_domain::method::{ChallengeKind, Gate, Method, ResetMethod, Role};
use proofup_domain::policy::Policy;

use crate::usable;
use crate::user::Registered;

/// Counts the characters that one question may have.
const QUESTION_CHARACTERS_MAX: usize = 200;

/// A defect of a policy: the field that is wrong, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defect {
    /// The path of the field, in the spelling of files and JSON: `reset.methodsRequired`.
    pub field: &'static str,
    /// Why it is wrong.
    pub reason: Reason,
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.field, self.reason)
    }
}

/// The reason why a field is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The number is outside its range.
    OutOfRange,
    /// The kind never proves a second step.
    NotForTwoStep,
    /// A second step must be registered, and no kind is allowed for it.
    NoKindAllowed,
    /// Members could pass fewer gates than a reset asks for.
    TooFewGates,
    /// Fewer questions are defined than must be registered.
    TooFewQuestions,
    /// A question is longer than 200 characters.
    QuestionTooLong,
    /// A reset asks for more questions than are registered.
    MoreThanRegistered,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OutOfRange => "the number is out of range",
            Self::NotForTwoStep => {
                "e-mail and security questions are not for two-step verification"
            }
            Self::NoKindAllowed => "registration is required, but no kind is allowed",
            Self::TooFewGates => "members could pass fewer gates than `reset.methodsRequired`",
            Self::TooFewQuestions => "fewer questions are defined than `reset.questionsToRegister`",
            Self::QuestionTooLong => "a question is longer than 200 characters",
            Self::MoreThanRegistered => "more questions are asked than are registered",
        })
    }
}

/// Lists everything that makes a policy one to refuse, in the order of the fields; empty if members can meet it.
///
/// Numbers must be in their range at any time. What a reset could use matters only while `reset.enabled`: until then the
/// fields are kept and have no effect. Administrators are not looked at: what they cannot meet does not bind them.
#[must_use]
pub fn defects(policy: &Policy) -> Vec<Defect> {
    let mut defects = two_step_defects(policy);
    defects.extend(reset_defects(policy));
    defects.extend(question_defects(policy));
    defects.extend(out_of_range("deferralDays", policy.deferral_days, 0..=14));
    defects
}

fn two_step_defects(policy: &Policy) -> Vec<Defect> {
    let two_step = &policy.two_step;
    let defect = |reason| Defect {
        field: "twoStep.kinds",
        reason,
    };
    let never = [ChallengeKind::EmailCode, ChallengeKind::Answers];
    if never.iter().any(|kind| two_step.kinds.contains(kind)) {
        return vec![defect(Reason::NotForTwoStep)];
    }
    let demanded = two_step.registration_required || two_step.required_at_sign_in;
    if demanded && two_step.kinds.is_empty() {
        return vec![defect(Reason::NoKindAllowed)];
    }
    Vec::new()
}

fn reset_defects(policy: &Policy) -> Vec<Defect> {
    let reset = &policy.reset;
    let mut defects = Vec::new();
    let wrong_number = out_of_range("reset.methodsRequired", reset.methods_required, 1..=2);
    if wrong_number.is_none()
        && reset.enabled
        && !usable::are_enough(usable_gates(policy), reset.methods_required)
    {
        defects.push(Defect {
            field: "reset.methods",
            reason: Reason::TooFewGates,
        });
    }
    defects.extend(wrong_number);
    defects.extend(out_of_range(
        "reset.reconfirmAfterDays",
        reset.reconfirm_after_days,
        0..=730,
    ));
    defects
}

/// Returns the gates that a member could pass with one of each method.
fn usable_gates(policy: &Policy) -> EnumSet<Gate> {
    Method::ALL
        .iter()
        .map(|method| Registered::new(0, *method))
        .filter(|fresh| !usable::reset_kinds(policy, Role::Member, fresh).is_empty())
        .map(|fresh| usable::gate(fresh.method))
        .collect()
}

fn question_defects(policy: &Policy) -> Vec<Defect> {
    let reset = &policy.reset;
    let (to_register, to_reset) = (reset.questions_to_register, reset.questions_to_reset);
    let mut defects = Vec::new();
    defects.extend(out_of_range(
        "reset.questionsToRegister",
        to_register,
        3..=5,
    ));
    let wrong_number = out_of_range("reset.questionsToReset", to_reset, 3..=5);
    if wrong_number.is_none() && to_reset > to_register {
        defects.push(Defect {
            field: "reset.questionsToReset",
            reason: Reason::MoreThanRegistered,
        });
    }
    defects.extend(wrong_number);
    let defect = |reason| Defect {
        field: "reset.questions",
        reason,
    };
    let too_long = |question: &String| question.chars().count() > QUESTION_CHARACTERS_MAX;
    let asked = reset.enabled && reset.methods.contains(&ResetMethod::SecurityQuestions);
    if asked && distinct(&reset.questions) < to_register {
        defects.push(defect(Reason::TooFewQuestions));
    }
    if reset.questions.iter().any(too_long) {
        defects.push(defect(Reason::QuestionTooLong));
    }
    defects
}

/// Counts the questions that differ: nobody may choose one twice.
fn distinct(questions: &[String]) -> u32 {
    let distinct: BTreeSet<&String> = questions.iter().collect();
    u32::try_from(distinct.len()).unwrap_or(u32::MAX)
}

fn out_of_range(field: &'static str, number: u32, range: RangeInclusive<u32>) -> Option<Defect> {
    (!range.contains(&number)).then_some(Defect {
        field,
        reason: Reason::OutOfRange,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::policy;

    use super::*;

    /// Checks the defects of a policy, a line `field Reason` each.
    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let actual: Vec<String> = defects(&policy(text))
            .into_iter()
            .map(|defect| format!("{} {:?}", defect.field, defect.reason))
            .collect();
        assert_eq!(actual, expect, "{text}");
    }

    #[test]
    fn the_default_policy_is_sound() {
        assert_eq!(defects(&Policy::default()), []);
    }

    #[test]
    fn a_second_step_is_never_by_mail_or_questions() {
        for kind in ["emailCode", "answers"] {
            check(
                &format!("twoStep.kinds = ['appCode', '{kind}']"),
                &["twoStep.kinds NotForTwoStep"],
            );
        }
    }

    #[test]
    fn a_required_second_step_needs_a_kind() {
        let expect = ["twoStep.kinds NoKindAllowed"];
        check("twoStep.registrationRequired = true", &expect);
        check("twoStep.requiredAtSignIn = true", &expect);
        for kind in ["appNotification", "appCode", "textMessage", "voiceCall"] {
            let text = format!("twoStep.registrationRequired = true\ntwoStep.kinds = ['{kind}']");
            check(&text, &[]);
        }
    }

    #[test]
    fn a_reset_needs_as_many_gates_as_it_asks_for() {
        let expect = ["reset.methods TooFewGates"];
        let one = "reset.enabled = true\nreset.methods = ";
        let two = "reset.enabled = true\nreset.methodsRequired = 2\nreset.methods = ";
        check(&format!("{one}[]"), &expect);
        check(&format!("{one}['email']"), &[]);
        check(&format!("{one}['appNotification']"), &expect);
        check(&format!("{one}['appCode']"), &[]);
        check(&format!("{two}['email']"), &expect);
        check(&format!("{two}['appNotification', 'appCode']"), &expect);
        check(&format!("{two}['appNotification', 'email']"), &[]);
    }

    #[test]
    fn nothing_is_asked_of_a_reset_that_is_off() {
        check("reset.methods = ['securityQuestions']", &[]);
        check(
            "reset.registrationRequired = true\nreset.methodsRequired = 2",
            &[],
        );
    }

    #[test]
    fn allowed_questions_must_be_defined() {
        let text = "reset.enabled = true\nreset.methods = ['securityQuestions']\n";
        let few = ["reset.questions TooFewQuestions"];
        check(text, &few);
        check(&format!("{text}reset.questions = ['a', 'b']"), &few);
        check(&format!("{text}reset.questions = ['a', 'b', 'b']"), &few);
        check(&format!("{text}reset.questions = ['a', 'b', 'c']"), &[]);
        let four =
            format!("{text}reset.questionsToRegister = 4\nreset.questions = ['a', 'b', 'c']");
        check(&four, &few);
    }

    #[test]
    fn a_question_has_at_most_200_characters() {
        let ask = |length| format!("reset.questions = ['{}']", "ü".repeat(length));
        check(&ask(200), &[]);
        check(&ask(201), &["reset.questions QuestionTooLong"]);
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let rows = [
            ("deferralDays", 14, 15),
            ("reset.methodsRequired", 2, 3),
            ("reset.methodsRequired", 1, 0),
            ("reset.reconfirmAfterDays", 730, 731),
            ("reset.questionsToReset", 3, 6),
            ("reset.questionsToReset", 3, 2),
            ("reset.questionsToRegister", 5, 6),
            ("reset.questionsToRegister", 3, u32::MAX),
        ];
        for (field, right, wrong) in rows {
            check(&format!("{field} = {right}"), &[]);
            let expect = format!("{field} OutOfRange");
            check(&format!("{field} = {wrong}"), &[&expect]);
        }
    }

    #[test]
    fn a_reset_asks_for_no_more_questions_than_are_registered() {
        let text = "reset.questionsToReset = 4\n";
        check(text, &["reset.questionsToReset MoreThanRegistered"]);
        check(&format!("{text}reset.questionsToRegister = 4"), &[]);
    }

    #[test]
    fn every_defect_is_told_at_once() {
        check(
            "deferralDays = 30\ntwoStep.registrationRequired = true\nreset.enabled = true",
            &[
                "twoStep.kinds NoKindAllowed",
                "reset.methods TooFewGates",
                "deferralDays OutOfRange",
            ],
        );
    }
}
