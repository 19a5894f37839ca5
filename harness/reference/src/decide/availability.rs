//! Which method proves what, and what can be added (`domain.md` §4).

use std::collections::BTreeSet;

use proofup_domain::method::{ChallengeKind, Gate, Method, Purpose, ResetMethod, Role};

use super::standing::{Traits, UserUnderPolicy};
use crate::record::{GateKey, MethodRecord};

/// One way to prove: a registered method and a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MethodProof<'a> {
    pub(crate) registered: &'a MethodRecord,
    pub(crate) kind: ChallengeKind,
}

impl<'a> UserUnderPolicy<'a> {
    /// Counts the gates of a reset.
    pub(crate) fn gates_required(self) -> u32 {
        let required = self.policy.reset.methods_required;
        match self.role {
            Role::Member => required,
            Role::Administrator => required.max(self.rules.administrator_gates),
        }
    }

    /// Returns whether a method can do a kind at all.
    fn can_do(self, traits: Traits, kind: ChallengeKind) -> bool {
        match (traits.method, kind) {
            (Method::MicrosoftAuthenticator, ChallengeKind::AppCode) => {
                self.policy.app.code_with_notification || !self.rules.app_codes_follow_policy
            }
            (Method::MobilePhone, ChallengeKind::TextMessage) => traits.takes_texts,
            (Method::MicrosoftAuthenticator, ChallengeKind::AppNotification)
            | (Method::SoftwareOath, ChallengeKind::AppCode)
            | (Method::MobilePhone | Method::OfficePhone, ChallengeKind::VoiceCall)
            | (Method::Email, ChallengeKind::EmailCode)
            | (Method::SecurityQuestions, ChallengeKind::Answers) => true,
            _ => false,
        }
    }

    /// Returns whether a kind of a method counts for a purpose.
    pub(crate) fn counts(self, traits: Traits, kind: ChallengeKind, purpose: Purpose) -> bool {
        self.can_do(traits, kind)
            && match purpose {
                Purpose::TwoStepVerification => self.counts_for_two_step(kind),
                Purpose::PasswordReset => self.counts_for_reset(traits, kind),
            }
    }

    fn counts_for_two_step(self, kind: ChallengeKind) -> bool {
        let reset = &self.policy.reset;
        match kind {
            ChallengeKind::EmailCode => {
                self.rules.email_proves_second_step && reset.methods.contains(&ResetMethod::Email)
            }
            ChallengeKind::Answers => {
                self.rules.questions_prove_second_step
                    && reset.methods.contains(&ResetMethod::SecurityQuestions)
            }
            ChallengeKind::AppNotification
            | ChallengeKind::AppCode
            | ChallengeKind::TextMessage
            | ChallengeKind::VoiceCall => {
                self.policy.two_step.kinds.contains(&kind) || !self.rules.disallowed_proves_nothing
            }
        }
    }

    fn counts_for_reset(self, traits: Traits, kind: ChallengeKind) -> bool {
        let reset = &self.policy.reset;
        let allows = |method| reset.methods.contains(&method);
        let counts = match traits.method {
            Method::MicrosoftAuthenticator | Method::SoftwareOath => match kind {
                ChallengeKind::AppNotification => {
                    let beside_another =
                        self.gates_required() == 2 || self.rules.notification_alone_resets;
                    beside_another && allows(ResetMethod::AppNotification)
                }
                _ => allows(ResetMethod::AppCode),
            },
            Method::MobilePhone => allows(ResetMethod::MobilePhone),
            Method::OfficePhone => allows(ResetMethod::OfficePhone),
            Method::Email => allows(ResetMethod::Email),
            Method::SecurityQuestions => {
                let for_role = self.role == Role::Member || self.rules.questions_for_administrators;
                for_role && traits.questions_suffice && allows(ResetMethod::SecurityQuestions)
            }
        };
        let excluded = (kind == ChallengeKind::VoiceCall && !self.rules.calls_reset)
            || (!self.rules.second_steps_reset && self.counts_for_two_step(kind));
        reset.enabled && counts && !excluded
    }

    /// Returns whether a method is usable for a purpose.
    pub(crate) fn is_usable(self, traits: Traits, purpose: Purpose) -> bool {
        kinds().any(|kind| self.counts(traits, kind, purpose))
    }

    /// Returns whether a method is usable for anything.
    pub(crate) fn is_usable_at_all(self, traits: Traits) -> bool {
        Purpose::ALL
            .iter()
            .any(|purpose| self.is_usable(traits, *purpose))
    }

    /// Lists what a method is usable for.
    pub(crate) fn purposes(self, traits: Traits) -> Vec<Purpose> {
        let purposes = Purpose::ALL.iter().copied();
        purposes
            .filter(|purpose| self.is_usable(traits, *purpose))
            .collect()
    }

    /// Lists what a method would be usable for, once added.
    pub(crate) fn purposes_once_added(self, method: Method) -> Vec<Purpose> {
        self.purposes(Traits::of(method))
    }

    /// Lists the kinds that count for some purpose, strongest first.
    pub(crate) fn kinds_that_count(self, traits: Traits) -> Vec<ChallengeKind> {
        let counts = |kind: &ChallengeKind| {
            let mut purposes = Purpose::ALL.iter();
            purposes.any(|purpose| self.counts(traits, *kind, *purpose))
        };
        kinds().filter(counts).collect()
    }

    /// Lists the kinds by which a method can be set up, strongest first.
    pub(crate) fn setup_kinds(self, method: Method) -> Vec<ChallengeKind> {
        match method {
            Method::MicrosoftAuthenticator => vec![ChallengeKind::AppNotification],
            Method::SoftwareOath => vec![ChallengeKind::AppCode],
            Method::MobilePhone | Method::OfficePhone if self.rules.offers_disallowed => {
                let can = |kind: &ChallengeKind| self.can_do(Traits::of(method), *kind);
                kinds().filter(can).collect()
            }
            Method::MobilePhone | Method::OfficePhone => {
                let mut kinds = self.kinds_that_count(Traits::of(method));
                if !self.rules.offers_every_kind {
                    kinds.truncate(1);
                }
                kinds
            }
            Method::Email => vec![ChallengeKind::EmailCode],
            Method::SecurityQuestions => vec![ChallengeKind::Answers],
        }
    }

    /// Returns whether a method is allowed to this user, whatever is registered.
    pub(crate) fn is_allowed(self, method: Method) -> bool {
        self.rules.offers_disallowed
            || self.rules.always_offered == Some(method)
            || self.is_usable_at_all(Traits::of(method))
    }

    /// Returns whether a method is available to add.
    pub(crate) fn is_available(self, method: Method) -> bool {
        self.is_allowed(method)
            && !self.is_at_limit(method)
            && self.rules.hidden_method != Some(method)
    }

    /// Lists what is available to add, by rank.
    pub(crate) fn available(self) -> Vec<Method> {
        let methods = Method::ALL.iter().copied();
        methods
            .filter(|method| self.is_available(*method))
            .collect()
    }

    fn is_at_limit(self, method: Method) -> bool {
        if gate_of(method) == Gate::App {
            let apps = self.methods.iter();
            let apps = apps.filter(|one| gate_of(one.method) == Gate::App).count();
            return apps >= self.rules.apps_max;
        }
        self.rules.one_of_each_method
            && self.methods.iter().any(|one| {
                let useful = self.is_usable_at_all(self.traits(one));
                one.method == method && (useful || !self.rules.useless_can_be_replaced)
            })
    }

    /// Lists the registered methods that are usable for a purpose.
    pub(crate) fn usable_methods(self, purpose: Purpose) -> impl Iterator<Item = &'a MethodRecord> {
        let methods = self.methods.iter();
        methods.filter(move |one| self.is_usable(self.traits(one), purpose))
    }

    /// Returns the gate through which a method goes.
    pub(crate) fn gate(self, method: Method) -> GateKey {
        let apart = !self.rules.apps_are_one_gate && method == Method::MicrosoftAuthenticator;
        (gate_of(method), apart)
    }

    /// Lists the gates among the registered methods usable for reset.
    pub(crate) fn gates(self) -> BTreeSet<GateKey> {
        self.usable_methods(Purpose::PasswordReset)
            .map(|one| self.gate(one.method))
            .collect()
    }

    /// Lists the ways to prove a purpose, by kind, the older method first within one kind.
    pub(crate) fn proofs(self, purpose: Purpose) -> Vec<MethodProof<'a>> {
        let methods = self.methods;
        kinds()
            .flat_map(|kind| {
                methods
                    .iter()
                    .map(move |registered| MethodProof { registered, kind })
            })
            .filter(|proof| self.counts(self.traits(proof.registered), proof.kind, purpose))
            .collect()
    }
}

/// Returns the gate of a method.
pub(super) const fn gate_of(method: Method) -> Gate {
    match method {
        Method::MicrosoftAuthenticator | Method::SoftwareOath => Gate::App,
        Method::MobilePhone => Gate::MobilePhone,
        Method::OfficePhone => Gate::OfficePhone,
        Method::Email => Gate::Email,
        Method::SecurityQuestions => Gate::SecurityQuestions,
    }
}

fn kinds() -> impl Iterator<Item = ChallengeKind> {
    ChallengeKind::ALL.iter().copied()
}
