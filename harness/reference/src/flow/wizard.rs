//! The wizard (`domain.md` §5, §6).

use proofup_domain::refusal::Refusal;
use proofup_domain::state::{Activity, WizardPage};

use super::session::Caller;
use crate::decide::WizardOffer;
use crate::refused::Refused;
use crate::tenant::Turn;
use crate::wire;

impl Turn<'_> {
    /// Shows the wizard's page.
    pub(crate) fn wizard(&self, caller: &Caller) -> wire::Wizard {
        let standing = self.standing(&caller.user);
        let (registered, default) = self.registered_views(&caller.user);
        let mut view = wire::Wizard {
            page: WizardPage::Success,
            step: None,
            of: None,
            proposed: None,
            alternatives: Vec::new(),
            different_method: false,
            different_app: false,
            required: Vec::new(),
            registered,
            default,
        };
        match standing.wizard_page() {
            WizardOffer::Success if self.rules.last_page_lists => {}
            WizardOffer::Success => view.registered.clear(),
            WizardOffer::List(methods) => {
                view.page = WizardPage::List;
                view.alternatives = methods;
            }
            WizardOffer::Method {
                required,
                different_app,
                different_method,
                alternatives,
            } => {
                let verified = self.verified_in_interrupt(&caller.session);
                let remaining = u32::try_from(required.len()).unwrap_or(u32::MAX);
                view.page = WizardPage::Method;
                view.step = Some(verified.saturating_add(1));
                view.of = Some(verified.saturating_add(remaining));
                let proposed = required.first().copied();
                view.proposed = proposed.filter(|_| self.rules.names_proposed);
                view.alternatives = alternatives;
                view.different_method = different_method;
                view.different_app = different_app;
                view.required = required;
            }
        }
        view
    }

    fn verified_in_interrupt(&self, session: &str) -> u32 {
        let session = self.state.sessions.get(session);
        let interrupt = session.and_then(|session| session.interrupt);
        interrupt.map_or(0, |interrupt| interrupt.verified)
    }

    /// Answers "done".
    pub(crate) fn complete_wizard(
        &mut self,
        caller: &Caller,
    ) -> Result<wire::SessionView, Refused> {
        let unmet = self.standing(&caller.user).unmet();
        if unmet.any() && self.rules.done_checks_obligations {
            return Err(Refusal::RequiredInfoMissing.into());
        }
        if let Some(session) = self.state.sessions.get_mut(&caller.session) {
            session.interrupt = None;
            // With a rule that lets the unfinished through, they are in; otherwise the next stage decides.
            session.signed_in = unmet.any();
        }
        self.record(&caller.user, Activity::WizardCompleted, None, None);
        Ok(self.refreshed_view(&caller.session))
    }
}
