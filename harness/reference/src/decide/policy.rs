//! Which policies can be met (`domain.md` §3).

use std::collections::BTreeSet;

use proofup_domain::edition::Edition;
use proofup_domain::method::{ChallengeKind, Gate, Method, Purpose, ResetMethod, Role};
use proofup_domain::policy::Policy;

use super::availability::gate_of;
use super::standing::{Traits, UserUnderPolicy};
use crate::rules::Rules;

/// What is wrong with a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PolicyFault {
    /// The field, as its path in the policy.
    pub(crate) field: &'static str,
    /// A stable word.
    pub(crate) reason: &'static str,
}

/// Lists what keeps a policy from being met by members, in the order of the policy's fields.
pub(crate) fn check_policy(policy: &Policy) -> Vec<PolicyFault> {
    let mut faults = Vec::new();
    let mut check = |broken: bool, field, reason| {
        if broken {
            faults.push(PolicyFault { field, reason });
        }
    };
    let (two_step, reset) = (&policy.two_step, &policy.reset);
    let proves_no_second_step = |kind| two_step.kinds.contains(&kind);
    let foreign = proves_no_second_step(ChallengeKind::EmailCode)
        || proves_no_second_step(ChallengeKind::Answers);
    let owed = two_step.registration_required || two_step.required_at_sign_in;
    check(foreign, "twoStep.kinds", "kindNotForTwoStepVerification");
    check(
        owed && two_step.kinds.is_empty(),
        "twoStep.kinds",
        "noKindAllowed",
    );

    let gates_in_range = (1..=2).contains(&reset.methods_required);
    let gates = usable_gates(policy).len();
    check(
        reset.enabled && gates_in_range && gates < reset.methods_required as usize,
        "reset.methods",
        "fewerGatesThanRequired",
    );
    check(!gates_in_range, "reset.methodsRequired", "outOfRange");
    check(
        reset.reconfirm_after_days > 730,
        "reset.reconfirmAfterDays",
        "outOfRange",
    );
    let number = |questions| (3..=5).contains(&questions);
    check(
        !number(reset.questions_to_register),
        "reset.questionsToRegister",
        "outOfRange",
    );
    check(
        !number(reset.questions_to_reset),
        "reset.questionsToReset",
        "outOfRange",
    );
    check(
        reset.questions_to_reset > reset.questions_to_register,
        "reset.questionsToReset",
        "moreThanRegistered",
    );
    let asked = reset.enabled && reset.methods.contains(&ResetMethod::SecurityQuestions);
    let distinct: BTreeSet<&String> = reset.questions.iter().collect();
    check(
        asked && distinct.len() < reset.questions_to_register as usize,
        "reset.questions",
        "tooFewQuestions",
    );
    let unfit = |question: &String| question.trim().is_empty() || question.chars().count() > 200;
    check(
        reset.questions.iter().any(unfit),
        "reset.questions",
        "questionEmptyOrTooLong",
    );
    check(policy.deferral_days > 14, "deferralDays", "outOfRange");
    faults
}

/// Lists the gates that a member could register.
fn usable_gates(policy: &Policy) -> BTreeSet<Gate> {
    const RULES: Rules = Rules::for_edition(Edition::E20190213);
    let member = UserUnderPolicy {
        rules: &RULES,
        policy,
        role: Role::Member,
        methods: &[],
        choice: None,
    };
    let methods = Method::ALL.iter().copied();
    methods
        .filter(|method| member.is_usable(Traits::of(*method), Purpose::PasswordReset))
        .map(gate_of)
        .collect()
}
