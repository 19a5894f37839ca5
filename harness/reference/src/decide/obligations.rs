//! What a user must register (`domain.md` §5).

use std::collections::BTreeSet;

use proofup_domain::method::{Method, Purpose};

use super::standing::{Traits, UserUnderPolicy};
use crate::record::GateKey;

/// Obligations that bind and are not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Unmet {
    pub(crate) two_step: bool,
    pub(crate) reset: bool,
}

impl Unmet {
    /// Returns whether anything is missing.
    pub(crate) fn any(self) -> bool {
        self.two_step || self.reset
    }
}

impl UserUnderPolicy<'_> {
    /// Returns whether some registered method is usable for two-step verification.
    pub(crate) fn has_second_step(self) -> bool {
        self.usable_methods(Purpose::TwoStepVerification)
            .next()
            .is_some()
    }

    /// Returns whether a method usable for two-step verification can be added.
    pub(crate) fn can_add_second_step(self) -> bool {
        let mut methods = Method::ALL.iter();
        methods.any(|method| {
            self.is_usable(Traits::of(*method), Purpose::TwoStepVerification)
                && self.is_available(*method)
        })
    }

    /// Works out which obligations bind and are not met.
    pub(crate) fn unmet(self) -> Unmet {
        let two_step = &self.policy.two_step;
        let reset = &self.policy.reset;
        let two_step_owed = two_step.registration_required || two_step.required_at_sign_in;
        let reset_owed = reset.enabled && reset.registration_required;
        let possible = !self.rules.impossible_does_not_bind;
        Unmet {
            two_step: two_step_owed
                && !(self.rules.counts_registered && self.has_second_step())
                && (possible || self.can_add_second_step()),
            reset: reset_owed
                && !self.opens(&self.counted_gates())
                && (possible || self.opens(&self.reachable_gates())),
        }
    }

    /// Returns whether these gates are enough.
    pub(crate) fn opens(self, gates: &BTreeSet<GateKey>) -> bool {
        gates.len() >= self.gates_required() as usize
    }

    /// Lists the gates that are registered and count.
    pub(super) fn counted_gates(self) -> BTreeSet<GateKey> {
        if self.rules.counts_registered {
            self.gates()
        } else {
            BTreeSet::new()
        }
    }

    fn reachable_gates(self) -> BTreeSet<GateKey> {
        let available = self.available().into_iter();
        let usable = available.filter(|method| self.resets_once_added(*method));
        self.gates()
            .into_iter()
            .chain(usable.map(|method| self.gate(method)))
            .collect()
    }

    /// Returns whether a method, once added, would be usable for reset.
    pub(super) fn resets_once_added(self, method: Method) -> bool {
        self.is_usable(Traits::of(method), Purpose::PasswordReset)
    }
}
