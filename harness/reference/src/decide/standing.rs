//! What everything is worked out from.

use proofup_domain::method::{Method, Role};
use proofup_domain::policy::Policy;

use crate::record::{DefaultChoice, Means, MethodRecord, UserRecord};
use crate::rules::Rules;

/// One user under the rules and the policy of this moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserUnderPolicy<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) policy: &'a Policy,
    pub(crate) role: Role,
    /// In the order of registration.
    pub(crate) methods: &'a [MethodRecord],
    pub(crate) choice: Option<&'a DefaultChoice>,
}

/// What a method can do beyond its kind: one registered, or one that is yet to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    pub(crate) method: Method,
    /// The number can take texts. Of a number not yet known: it may.
    pub(crate) takes_texts: bool,
    /// Enough of the questions are still the policy's.
    pub(crate) questions_suffice: bool,
}

impl Traits {
    /// Returns the traits of a method that is yet to be registered.
    pub(crate) const fn of(method: Method) -> Self {
        Self {
            method,
            takes_texts: true,
            questions_suffice: true,
        }
    }
}

impl<'a> UserUnderPolicy<'a> {
    /// Takes a user's standing.
    pub(crate) fn new(rules: &'a Rules, policy: &'a Policy, user: &'a UserRecord) -> Self {
        Self {
            rules,
            policy,
            role: user.role,
            methods: &user.methods,
            choice: user.choice.as_ref(),
        }
    }

    /// Returns the traits of a registered method.
    pub(crate) fn traits(self, registered: &MethodRecord) -> Traits {
        let mut traits = Traits::of(registered.method);
        match &registered.means {
            Means::Phone(number) => traits.takes_texts = number.can_be_mobile(),
            Means::Questions(answered) => {
                let reset = &self.policy.reset;
                let still = answered
                    .iter()
                    .filter(|one| reset.questions.contains(&one.question))
                    .count();
                traits.questions_suffice = still >= reset.questions_to_reset as usize;
            }
            Means::MicrosoftApp { .. } | Means::SoftwareOath(_) | Means::Email(_) => {}
        }
        traits
    }
}
