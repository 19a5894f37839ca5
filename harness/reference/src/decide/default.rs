//! The default: the choice, what is shown and tried, and what registering does to it (`domain.md` §8, §10).

use std::cmp::Reverse;

use proofup_domain::method::{ChallengeKind, Method, Purpose};

use super::availability::MethodProof;
use super::standing::UserUnderPolicy;
use crate::record::DefaultChoice;

impl<'a> UserUnderPolicy<'a> {
    /// Lists the ways to pass a second step, strongest first: by kind, mobile before office, then the oldest.
    pub(crate) fn second_steps(self) -> Vec<MethodProof<'a>> {
        let mut proofs = self.proofs(Purpose::TwoStepVerification);
        // The sort is stable, and the older stands first already.
        proofs.sort_by_key(|proof| {
            let office = proof.registered.method == Method::OfficePhone;
            (proof.kind, office)
        });
        proofs
    }

    /// Finds the default that is shown and tried first.
    pub(crate) fn default_shown(self) -> Option<MethodProof<'a>> {
        let proofs = self.second_steps();
        let chosen = self.choice.and_then(|choice| {
            proofs
                .iter()
                .copied()
                .find(|proof| proof.kind == choice.kind && proof.registered.id == choice.method_id)
        });
        let strongest = proofs.first().copied();
        chosen.or(strongest.filter(|_| self.rules.default_falls_back))
    }

    /// Finds a choice whose method is gone; a rule may leave one behind.
    pub(crate) fn dangling_choice(self) -> Option<&'a DefaultChoice> {
        let gone =
            |choice: &&DefaultChoice| !self.methods.iter().any(|one| one.id == choice.method_id);
        self.choice.filter(gone)
    }

    /// Lists the ways to prove in a reset: the default first where it may be used, then by rank, kind and age.
    pub(crate) fn reset_proofs(self) -> Vec<MethodProof<'a>> {
        let default = self
            .default_shown()
            .filter(|_| self.rules.reset_lists_default_first);
        let mut proofs = self.proofs(Purpose::PasswordReset);
        proofs.sort_by_key(|proof| {
            let is_default = default.is_some_and(|default| {
                default.kind == proof.kind && default.registered.id == proof.registered.id
            });
            (Reverse(is_default), proof.registered.method, proof.kind)
        });
        proofs
    }

    /// Returns the choice that a registration makes, or none if it makes none.
    ///
    /// `self` is the standing after the registration, `had_default` whether there was a usable default before it.
    pub(crate) fn choice_made_by(
        self,
        method_id: &str,
        verified_by: ChallengeKind,
        had_default: bool,
    ) -> Option<DefaultChoice> {
        let registered = self.methods.iter().find(|one| one.id == method_id)?;
        let is_app = registered.method == Method::MicrosoftAuthenticator;
        let is_phone = matches!(registered.method, Method::MobilePhone | Method::OfficePhone);
        let takes_over = (is_app && self.rules.app_becomes_default)
            || (is_phone && self.rules.later_phone_becomes_default);
        if had_default && !takes_over {
            return None;
        }
        let counts = |kind: &ChallengeKind| {
            let traits = self.traits(registered);
            self.counts(traits, *kind, Purpose::TwoStepVerification)
        };
        let strongest = ChallengeKind::ALL.iter().copied().find(counts);
        let kind = Some(verified_by)
            .filter(counts)
            .filter(|_| !is_app)
            .or(strongest)?;
        Some(DefaultChoice {
            method: registered.method,
            method_id: method_id.to_owned(),
            kind,
        })
    }
}
