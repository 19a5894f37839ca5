//! What the wizard asks for (`domain.md` §5).

use proofup_domain::method::{Method, Purpose};

use super::obligations::Unmet;
use super::standing::{Traits, UserUnderPolicy};

/// The page that the wizard shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WizardOffer {
    /// One proposed method (edition 2019).
    Method {
        /// What is required, in order; the first is proposed.
        required: Vec<Method>,
        /// "A different authenticator app" is offered.
        different_app: bool,
        /// "A different method" is offered.
        different_method: bool,
        /// What may be set up in its place, by rank.
        alternatives: Vec<Method>,
    },
    /// Everything that helps, by rank (editions of 2018).
    List(Vec<Method>),
    /// The obligations are met.
    Success,
}

impl WizardOffer {
    /// Returns whether the page offers a method.
    pub(crate) fn offers(&self, method: Method) -> bool {
        match self {
            Self::Method {
                required,
                alternatives,
                ..
            } => required.first() == Some(&method) || alternatives.contains(&method),
            Self::List(methods) => methods.contains(&method),
            Self::Success => false,
        }
    }
}

impl UserUnderPolicy<'_> {
    /// Works the wizard's page out.
    pub(crate) fn wizard_page(self) -> WizardOffer {
        let unmet = self.unmet();
        if !unmet.any() {
            return WizardOffer::Success;
        }
        let helping: Vec<Method> = self
            .available()
            .into_iter()
            .filter(|method| self.helps(*method, unmet))
            .collect();
        if self.rules.wizard_lists {
            return WizardOffer::List(helping);
        }
        let required = self.required(unmet);
        let Some(&proposed) = required.first() else {
            return WizardOffer::List(helping);
        };
        let others: Vec<Method> = helping
            .into_iter()
            .filter(|method| *method != proposed)
            .collect();
        let different_app = self.rules.offers_different_app
            && proposed == Method::MicrosoftAuthenticator
            && others.contains(&Method::SoftwareOath);
        let choice =
            self.policy.choice.different_method || !self.rules.different_method_follows_policy;
        let different_method = choice && !others.is_empty();
        let alternatives = if different_method {
            others
        } else if different_app {
            vec![Method::SoftwareOath]
        } else {
            Vec::new()
        };
        WizardOffer::Method {
            required,
            different_app,
            different_method,
            alternatives,
        }
    }

    /// Returns whether adding an available method brings an unmet obligation nearer.
    fn helps(self, method: Method, unmet: Unmet) -> bool {
        let two_step = self.is_usable(Traits::of(method), Purpose::TwoStepVerification);
        let new_gate =
            self.resets_once_added(method) && !self.counted_gates().contains(&self.gate(method));
        (unmet.two_step && two_step) || (unmet.reset && new_gate)
    }

    /// Finds the smallest set of available methods that meets the obligations, the strongest among those of its size.
    fn required(self, unmet: Unmet) -> Vec<Method> {
        let available = self.available();
        let mut best: Option<Vec<Method>> = None;
        for bits in 0..1_u32 << available.len() {
            let chosen = available.iter().enumerate();
            let chosen = chosen.filter(|(place, _)| bits & (1 << place) != 0);
            let set: Vec<Method> = chosen.map(|(_, method)| *method).collect();
            if self.meets(&set, unmet) && best.as_ref().is_none_or(|best| self.beats(&set, best)) {
                best = Some(set);
            }
        }
        best.unwrap_or_default()
    }

    fn meets(self, set: &[Method], unmet: Unmet) -> bool {
        let two_step = set
            .iter()
            .any(|method| self.is_usable(Traits::of(*method), Purpose::TwoStepVerification));
        let mut gates = self.counted_gates();
        gates.extend(
            set.iter()
                .filter(|method| self.resets_once_added(**method))
                .map(|method| self.gate(*method)),
        );
        (!unmet.two_step || two_step) && (!unmet.reset || self.opens(&gates))
    }

    /// Compares two sets: size first, then ranks in order.
    fn beats(self, set: &[Method], best: &[Method]) -> bool {
        let by_size = if self.rules.asks_for_smallest_set {
            set.len().cmp(&best.len())
        } else {
            best.len().cmp(&set.len())
        };
        let by_rank = if self.rules.asks_for_strongest {
            set.cmp(best)
        } else {
            best.cmp(set)
        };
        by_size.then(by_rank).is_lt()
    }
}
