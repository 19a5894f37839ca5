//! Which policies are refused, and why (`domain.md` §3, AVAIL-11).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use proofup_domain::method::{ChallengeKind, Gate, Method, ResetMethod, Role};
use proofup_domain::policy::Policy;

use crate::usable;
use crate::user::Registered;

/// Counts the characters that one question may have.
const QUESTION_CHARACTERS_MAX: usize = 200;

/// Names the field of a policy that is wrong, and why.
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

/// Names why a field is wrong.
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

/// Lists everything that makes a policy one to refuse, in the order of the fields; none: members can meet it.
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
    if wrong_number.is_none() && reset.enabled && usable_gates(policy) < reset.methods_required {
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

/// Counts the gates that a member could pass with one of each method.
fn usable_gates(policy: &Policy) -> u32 {
    let gates: BTreeSet<Gate> = Method::ALL
        .iter()
        .map(|method| Registered::new(0, *method))
        .filter(|fresh| !usable::reset_kinds(policy, Role::Member, fresh).is_empty())
        .map(|fresh| usable::gate(fresh.method))
        .collect();
    u32::try_from(gates.len()).unwrap_or(u32::MAX)
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
