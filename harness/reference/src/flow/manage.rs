//! Manage mode: list, change, delete, choose the default (`domain.md` §9).

use std::sync::Arc;

use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::Activity;

use super::enroll::{RequestedDestination, RequestedSetup};
use super::second_step::WantedProof;
use super::send::Sending;
use super::session::Caller;
use super::views::proof_view;
use crate::decide::{MethodProof, UserUnderPolicy};
use crate::record::{DefaultChoice, MethodRecord};
use crate::refused::Refused;
use crate::tenant::Turn;
use crate::wire;

impl Turn<'_> {
    /// Lists what is registered.
    pub(crate) fn methods(&self, caller: &Caller) -> wire::Methods {
        let (value, default) = self.registered_views(&caller.user);
        wire::Methods { value, default }
    }

    /// Lists what can be added.
    pub(crate) fn available(&self, caller: &Caller) -> wire::AvailableMethods {
        let standing = self.standing(&caller.user);
        let view = |method: Method| wire::AvailableMethod {
            method,
            kinds: standing.setup_kinds(method),
            purposes: standing.purposes_once_added(method),
        };
        wire::AvailableMethods {
            value: standing.available().into_iter().map(view).collect(),
        }
    }

    fn own_method(&self, caller: &Caller, id: &str) -> Result<&MethodRecord, Refused> {
        let own = self.user(&caller.user).method(id);
        own.ok_or_else(|| Refusal::NotFound.into())
    }

    /// Begins to change a number or an address. The old one stays until the new one is verified.
    pub(crate) fn change_method(
        &mut self,
        caller: &Caller,
        id: &str,
        kind: Option<ChallengeKind>,
        destination: impl FnOnce(Method) -> Result<RequestedDestination, Refused>,
    ) -> Result<(Arc<str>, Option<Sending>), Refused> {
        let method = self.own_method(caller, id)?.method;
        if !matches!(
            method,
            Method::Email | Method::MobilePhone | Method::OfficePhone
        ) {
            return Err(Refused::because(
                Refusal::NotEligible,
                "delete it and add it again",
            ));
        }
        let wanted = RequestedSetup {
            method,
            kind,
            destination: destination(method),
        };
        let begun = self.begin_enrollment(caller, wanted, Some(id.to_owned()))?;
        if !self.rules.change_waits_for_proof {
            self.remove_method(&caller.user, id);
        }
        Ok(begun)
    }

    /// Deletes a method, for good.
    pub(crate) fn delete_method(&mut self, caller: &Caller, id: &str) -> Result<(), Refused> {
        let method = self.own_method(caller, id)?.method;
        if self.rules.deletion_deletes {
            self.remove_method(&caller.user, id);
        }
        if self.rules.window_restarts_at_deletion {
            self.user_mut(&caller.user).window = None;
        }
        self.record(&caller.user, Activity::MethodDeleted, Some(method), None);
        Ok(())
    }

    /// Chooses the default. Requirement: `MAN-6`.
    pub(crate) fn choose_default(
        &mut self,
        caller: &Caller,
        wanted: &WantedProof,
    ) -> Result<wire::DefaultMethod, Refused> {
        self.check_own_method(&caller.user, wanted)?;
        let standing = self.standing(&caller.user);
        let usable = standing.second_steps();
        let chosen = usable.iter().copied().find(|proof| wanted.fits(proof));
        let registered = standing.methods.iter();
        let mut registered = registered.filter_map(|registered| {
            let kind = wanted.kind?;
            let proof = MethodProof { registered, kind };
            wanted.fits(&proof).then_some(proof)
        });
        let chosen = match chosen {
            None if !self.rules.checks_chosen_default => registered.next(),
            chosen => chosen,
        };
        let Some(chosen) = chosen else {
            return Err(Refusal::NotEligible.into());
        };
        let view = proof_view(&chosen);
        let method = chosen.registered.method;
        let choice = Some(DefaultChoice {
            method,
            method_id: chosen.registered.id.clone(),
            kind: chosen.kind,
        });
        // Choosing again what is chosen is no change, and leaves no event.
        if self.user(&caller.user).choice != choice {
            self.user_mut(&caller.user).choice = choice;
            self.record(&caller.user, Activity::DefaultChanged, Some(method), None);
        }
        Ok(wire::DefaultMethod { default: view })
    }

    /// Forgets choices that policy has stopped allowing, where a rule says so; otherwise they are kept.
    pub(crate) fn forget_disallowed_choices(&mut self) {
        if !self.rules.forgets_disallowed_choice {
            return;
        }
        let policy = &self.state.policy;
        for user in self.state.users.values_mut() {
            let standing = UserUnderPolicy::new(self.rules, policy, user);
            let shown = standing.default_shown();
            let kept = user.choice.as_ref().is_some_and(|choice| {
                shown.is_some_and(|shown| {
                    shown.kind == choice.kind && shown.registered.id == choice.method_id
                })
            });
            if !kept {
                user.choice = None;
            }
        }
    }
}
