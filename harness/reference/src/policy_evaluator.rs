//! The decisions on their own: what a policy comes to for a user, without a service, a tenant or a session.
//!
//! For whoever compares decisions by the million. The answers come from the very functions that serve requests; only the
//! records are made up: what is registered here proves whatever its sort can prove, and nobody ever uses it.

use jiff::Timestamp;
use proofup_domain::method::{Method, Role};
use proofup_domain::policy::Policy;
use proofup_domain::state::SessionState;

use crate::address::EmailAddress;
use crate::decide::{SessionProgress, UserUnderPolicy, WizardOffer, check_policy};
use crate::keyed::{Digest, Keyed};
use crate::phone::PhoneNumber;
use crate::record::{AnsweredQuestion, CodeKey, Means, MethodRecord};
use crate::rules::RuleBook;
use crate::totp::TotpSecret;

/// What a policy means for a user: the decisions that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What can be added, by rank.
    pub available: Vec<Method>,
    /// What the wizard asks for, in order; in the editions of 2018, everything that it lists.
    pub required: Vec<Method>,
    /// Where a session stands after the right password.
    pub state: SessionState,
}

/// Evaluates policies for made-up users, under a book of rules.
#[derive(Debug)]
pub struct PolicyEvaluator {
    rule_book: RuleBook,
    /// One record of each method, by rank.
    samples: Vec<MethodRecord>,
    answer: Digest,
}

impl PolicyEvaluator {
    /// Makes an evaluator of these rules.
    #[must_use]
    pub fn new(rule_book: RuleBook) -> Self {
        let sample = |method: &Method| MethodRecord {
            id: method.as_str().to_owned(),
            method: *method,
            means: means(*method),
            registered_at: Timestamp::UNIX_EPOCH,
        };
        Self {
            rule_book,
            samples: Method::ALL.iter().map(sample).collect(),
            answer: Keyed::new([0; 32]).digest("answer", ""),
        }
    }

    /// Decides for a user who has registered these methods, in this order; none where the policy is refused.
    #[must_use]
    pub fn decide(&self, policy: &Policy, role: Role, registered: &[Method]) -> Option<Decided> {
        let rules = self.rule_book.of(policy.edition);
        if rules.refuses_impossible_policy && !check_policy(policy).is_empty() {
            return None;
        }
        let methods: Vec<MethodRecord> = registered
            .iter()
            .filter_map(|method| self.sample(*method, policy))
            .collect();
        let standing = UserUnderPolicy {
            rules,
            policy,
            role,
            methods: &methods,
            choice: None,
        };
        let required = match standing.wizard_page() {
            WizardOffer::Method { required, .. } => required,
            WizardOffer::List(methods) => methods,
            WizardOffer::Success => Vec::new(),
        };
        let now = Timestamp::UNIX_EPOCH;
        Some(Decided {
            available: standing.available(),
            required,
            state: standing.stage(SessionProgress::default(), Some(now), now),
        })
    }

    /// Registers a method; questions are answered as far as the policy has them.
    fn sample(&self, method: Method, policy: &Policy) -> Option<MethodRecord> {
        let mut sample = self
            .samples
            .iter()
            .find(|one| one.method == method)?
            .clone();
        if let Means::Questions(answered) = &mut sample.means {
            let questions = policy.reset.questions.iter();
            *answered = questions
                .map(|question| AnsweredQuestion {
                    question: question.clone(),
                    answer: self.answer.clone(),
                    shown: None,
                })
                .collect();
        }
        Some(sample)
    }
}

/// Makes something to prove with; the numbers are examples of the phone metadata, given to nobody.
fn means(method: Method) -> Means {
    let phone = |number| {
        let parsed = PhoneNumber::parse("GB", number);
        Means::Phone(parsed.expect("the metadata has this number as an example"))
    };
    match method {
        Method::MicrosoftAuthenticator => Means::MicrosoftApp {
            device: "device".to_owned(),
        },
        Method::SoftwareOath => Means::SoftwareOath(CodeKey {
            secret: TotpSecret::new([0; 20]),
            last_step: None,
        }),
        Method::MobilePhone => phone("07400 123456"),
        Method::OfficePhone => phone("0121 234 5678"),
        Method::Email => {
            let address = EmailAddress::parse("somebody@example.org");
            Means::Email(address.expect("the address is one"))
        }
        Method::SecurityQuestions => Means::Questions(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use proofup_domain::method::{ChallengeKind, ResetMethod};

    use super::*;

    fn policy() -> Policy {
        let mut policy = Policy::default();
        policy.two_step.kinds = [ChallengeKind::TextMessage].into();
        policy.two_step.registration_required = true;
        policy.reset.enabled = true;
        policy.reset.registration_required = true;
        policy.reset.methods = [ResetMethod::Email, ResetMethod::SecurityQuestions].into();
        policy.reset.questions = ["one", "two", "three"].map(str::to_owned).into();
        policy
    }

    #[test]
    fn what_is_registered_counts() {
        let evaluator = PolicyEvaluator::new(RuleBook::default());
        let decide = |registered: &[Method]| evaluator.decide(&policy(), Role::Member, registered);
        let fresh = decide(&[]).expect("the policy is sound");
        assert_eq!(fresh.required, [Method::MobilePhone, Method::Email]);
        assert_eq!(fresh.state, SessionState::Interrupted);
        let all = decide(&[Method::MobilePhone, Method::SecurityQuestions]);
        let all = all.expect("the policy is sound");
        assert_eq!(all.available, [Method::Email]);
        assert_eq!(
            (all.required, all.state),
            (Vec::new(), SessionState::SignedIn)
        );
    }

    #[test]
    fn a_policy_that_cannot_be_met_is_refused_unless_the_rules_say_otherwise() {
        let mut policy = policy();
        policy.reset.methods.clear();
        let decide = |book| PolicyEvaluator::new(book).decide(&policy, Role::Member, &[]);
        assert_eq!(decide(RuleBook::default()), None);
        let lax = RuleBook::default().altered(|rules| rules.refuses_impossible_policy = false);
        assert!(decide(lax).is_some());
    }
}
