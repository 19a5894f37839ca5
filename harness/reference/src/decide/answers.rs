//! Which answers may be registered (`domain.md` §7).

use std::collections::BTreeSet;

use proofup_domain::policy::ResetPolicy;
use proofup_domain::secret::Secret;

use crate::keyed::normalise_answer;
use crate::rules::Rules;

/// One answer to one question, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) question: String,
    pub(crate) answer: Secret,
}

/// Returns the rule that answers break, or none if they may be registered. Requirements: `QUES-1`, `QUES-3`.
pub(crate) fn check_setup_answers(
    rules: &Rules,
    policy: &ResetPolicy,
    given: &[Given],
) -> Option<&'static str> {
    let mut questions = BTreeSet::new();
    let mut answers = BTreeSet::new();
    if rules.checks_number_of_questions && given.len() != policy.questions_to_register as usize {
        return Some("as many questions must be answered as the organisation asks for");
    }
    for one in given {
        let answer = one.answer.expose();
        let characters = answer.trim().chars().count();
        if !rules.allows_own_questions && !policy.questions.contains(&one.question) {
            return Some("only the organisation's questions can be answered");
        }
        if !(rules.answer_characters_min..=rules.answer_characters_max).contains(&characters) {
            return Some("an answer has 3 to 40 characters");
        }
        if !questions.insert(&one.question) && !rules.allows_question_twice {
            return Some("a question can be answered once");
        }
        if !answers.insert(normalise_answer(answer)) && !rules.allows_answer_twice {
            return Some("an answer can be given once");
        }
    }
    None
}
