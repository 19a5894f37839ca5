//! Combinations: one value for each field that availability depends on, and the policy that they make.

use std::collections::BTreeSet;

use proofup_domain::method::{ChallengeKind, ResetMethod, Role};
use proofup_domain::policy::{AppPolicy, ChoicePolicy, Policy, ResetPolicy, TwoStepPolicy};

/// Counts all combinations.
pub const COUNT: u32 = 1 << 16;

/// How many questions the administrator has defined: enough for every policy (`decisions.md` 23).
const QUESTIONS: u32 = 5;

/// Counts the kinds that two-step verification may use; they lead the list of all.
const TWO_STEP_KINDS: usize = 4;

/// A field that takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `twoStep.kinds`: every subset.
    TwoStepKinds,
    /// `twoStep.registrationRequired`.
    TwoStepRegistrationRequired,
    /// `reset.enabled`.
    ResetEnabled,
    /// `reset.methods`: every subset.
    ResetMethods,
    /// `reset.methodsRequired`: 1 or 2.
    MethodsRequired,
    /// `reset.registrationRequired`.
    ResetRegistrationRequired,
    /// `app.codeWithNotification`.
    CodeWithNotification,
    /// The user's role.
    Role,
}

impl Field {
    /// Lists the fields, the one that changes slowest first.
    pub const ALL: [Self; 8] = [
        Self::TwoStepKinds,
        Self::TwoStepRegistrationRequired,
        Self::ResetEnabled,
        Self::ResetMethods,
        Self::MethodsRequired,
        Self::ResetRegistrationRequired,
        Self::CodeWithNotification,
        Self::Role,
    ];

    /// Returns the name of the field's column in an exported table.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::TwoStepKinds => "twoStepKinds",
            Self::TwoStepRegistrationRequired => "twoStepRegistrationRequired",
            Self::ResetEnabled => "resetEnabled",
            Self::ResetMethods => "resetMethods",
            Self::MethodsRequired => "methodsRequired",
            Self::ResetRegistrationRequired => "resetRegistrationRequired",
            Self::CodeWithNotification => "codeWithNotification",
            Self::Role => "role",
        }
    }

    /// Counts its values.
    #[must_use]
    pub const fn values(self) -> u16 {
        1 << self.bits()
    }

    /// Counts the bits of a combination's number that it takes.
    const fn bits(self) -> u16 {
        match self {
            Self::TwoStepKinds => 4,
            Self::ResetMethods => 6,
            Self::TwoStepRegistrationRequired
            | Self::ResetEnabled
            | Self::MethodsRequired
            | Self::ResetRegistrationRequired
            | Self::CodeWithNotification
            | Self::Role => 1,
        }
    }

    /// Counts the bits below its own.
    const fn shift(self) -> u16 {
        match self {
            Self::TwoStepKinds => 12,
            Self::TwoStepRegistrationRequired => 11,
            Self::ResetEnabled => 10,
            Self::ResetMethods => 4,
            Self::MethodsRequired => 3,
            Self::ResetRegistrationRequired => 2,
            Self::CodeWithNotification => 1,
            Self::Role => 0,
        }
    }
}

/// One combination by its number; there are exactly as many as numbers.
///
/// Both roles of a policy stand side by side, so that one tenant serves both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Combination(u16);

impl Combination {
    /// Returns the name of a combination.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Lists all, in the order of their numbers.
    #[must_use]
    pub fn all() -> Vec<Self> {
        (0..=u16::MAX).map(Self).collect()
    }

    /// Returns its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Returns the number of the value that a field has.
    #[must_use]
    pub const fn value(self, field: Field) -> u16 {
        (self.0 >> field.shift()) & (field.values() - 1)
    }

    /// Returns the combination that differs in one field.
    #[must_use]
    pub const fn with(self, field: Field, value: u16) -> Self {
        let mask = (field.values() - 1) << field.shift();
        Self((self.0 & !mask) | ((value << field.shift()) & mask))
    }

    /// Returns the number of its policy: the same for both roles.
    #[must_use]
    pub const fn policy_number(self) -> u16 {
        self.0 >> 1
    }

    /// Returns the role.
    #[must_use]
    pub const fn role(self) -> Role {
        if self.holds(Field::Role) {
            Role::Administrator
        } else {
            Role::Member
        }
    }

    /// Returns the kinds that two-step verification may use.
    #[must_use]
    pub fn two_step_kinds(self) -> BTreeSet<ChallengeKind> {
        chosen(
            &ChallengeKind::ALL[..TWO_STEP_KINDS],
            self.value(Field::TwoStepKinds),
        )
    }

    /// Returns what a reset may use.
    #[must_use]
    pub fn reset_methods(self) -> BTreeSet<ResetMethod> {
        chosen(ResetMethod::ALL, self.value(Field::ResetMethods))
    }

    /// Returns the number of gates that policy asks for.
    #[must_use]
    pub const fn methods_required(self) -> u32 {
        if self.holds(Field::MethodsRequired) {
            2
        } else {
            1
        }
    }

    /// Returns whether a field that is on or off is on.
    #[must_use]
    pub const fn holds(self, field: Field) -> bool {
        self.value(field) == 1
    }

    /// Makes the policy, with the settings of `decisions.md` 23 for everything else.
    #[must_use]
    pub fn policy(self) -> Policy {
        Policy {
            two_step: TwoStepPolicy {
                kinds: self.two_step_kinds(),
                registration_required: self.holds(Field::TwoStepRegistrationRequired),
                required_at_sign_in: false,
            },
            reset: ResetPolicy {
                enabled: self.holds(Field::ResetEnabled),
                methods: self.reset_methods(),
                methods_required: self.methods_required(),
                registration_required: self.holds(Field::ResetRegistrationRequired),
                questions: questions(),
                ..ResetPolicy::default()
            },
            deferral_days: 14,
            choice: ChoicePolicy {
                different_method: true,
            },
            app: AppPolicy {
                code_with_notification: self.holds(Field::CodeWithNotification),
            },
            ..Policy::default()
        }
    }
}

fn questions() -> Vec<String> {
    (1..=QUESTIONS)
        .map(|number| format!("What is the answer to question {number} of the matrix?"))
        .collect()
}

/// Returns the subset that a number stands for, its lowest bit for the first of the list.
fn chosen<T: Copy + Ord>(list: &[T], number: u16) -> BTreeSet<T> {
    (0_u16..)
        .zip(list)
        .filter(|(bit, _)| (number >> bit) & 1 == 1)
        .map(|(_, item)| *item)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_combinations_as_the_fields_have_values() {
        let product: u32 = Field::ALL
            .iter()
            .map(|field| u32::from(field.values()))
            .product();
        assert_eq!(product, COUNT);
        assert_eq!(Combination::all().len(), 65_536);
        let different: BTreeSet<String> = Combination::all()
            .into_iter()
            .map(|one| format!("{:?}{:?}", one.policy(), one.role()))
            .collect();
        assert_eq!(different.len(), 65_536);
    }

    #[test]
    fn a_field_is_put_and_read_without_touching_the_others() {
        for start in [0, 1, 0x5a5a, u16::MAX] {
            for field in Field::ALL {
                for value in 0..field.values() {
                    let start = Combination::new(start);
                    let changed = start.with(field, value);
                    assert_eq!(changed.value(field), value, "{field:?}");
                    let others = Field::ALL.into_iter().filter(|other| *other != field);
                    for other in others {
                        assert_eq!(changed.value(other), start.value(other), "{other:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_allows_nothing_and_the_last_everything() {
        let first = Combination::new(0);
        assert_eq!(first.policy().two_step, TwoStepPolicy::default());
        assert_eq!(first.role(), Role::Member);
        let last = Combination::new(u16::MAX);
        let policy = last.policy();
        assert_eq!(policy.two_step.kinds.len(), 4);
        assert!(!policy.two_step.kinds.contains(&ChallengeKind::EmailCode));
        assert_eq!(policy.reset.methods.len(), 6);
        assert_eq!(policy.reset.methods_required, 2);
        assert_eq!(policy.reset.questions.len(), 5);
        assert_eq!(
            (policy.deferral_days, last.role()),
            (14, Role::Administrator)
        );
        assert_eq!(last.policy_number(), u16::MAX >> 1);
    }
}
