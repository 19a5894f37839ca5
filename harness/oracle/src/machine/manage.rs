//! Manage mode: list, change, delete, choose the default (`domain.md` §8, §9).

use jiff::Timestamp;
use proofup_domain::command::Name;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::{Activity, SessionState};

use super::enroll::Data;
use super::expected::{KeptOut, Told};
use super::gate::word;
use super::records::{Ref, RefKind};
use super::roles::By;
use super::{Handled, StepContext};
use crate::user::Choice;
use crate::{available, default};

impl StepContext {
    pub(super) fn list_methods(&mut self, by: By<'_>) -> Handled {
        let states = [SessionState::SignedIn, SessionState::ReviewDue];
        let at = self.admit(by, &states, true)?;
        Ok(Told::success(self.methods_answer(at.owner)))
    }

    /// Lists what can be added; in manage mode only after the second step, in an interrupt before it.
    pub(super) fn list_available(&mut self, by: By<'_>) -> Handled {
        let at = self.enter(by)?;
        let stand = self.standing(at);
        let manage = matches!(word(&stand), Some((SessionState::SignedIn, _)));
        let states = [SessionState::SignedIn, SessionState::Interrupted];
        self.allow(at, &states, manage)?;
        let told = Told::success(self.available_answer(at.owner));
        Ok(told.keeping_out(self.not_offered(at.owner)))
    }

    /// Lists the methods that are not offered to somebody, each with the requirement that keeps it out.
    pub(super) fn not_offered(&self, person: usize) -> Vec<KeptOut> {
        let offered = available::set(&self.state.policy, &self.person(person).user);
        let missing = Method::ALL
            .iter()
            .filter(|method| !offered.contains(**method));
        let kept_out = |method: &Method| KeptOut {
            word: method.as_str(),
            requirement: match self.why_unavailable(person, *method) {
                "AVAIL-3" => "AVAIL-1",
                why => why,
            },
        };
        missing.map(kept_out).collect()
    }

    /// Finds a registered method: the one that a setup made; where none is named, the user's latest setup of the sort that
    /// told what it made, because nothing else tells a client the id.
    ///
    /// Somebody else's does not exist, nor does one that was deleted.
    pub(super) fn registered(
        &self,
        user: &Name,
        session: Ref,
        method: Method,
        of: Option<&Name>,
    ) -> Result<Option<u32>, Told> {
        if let Some(before) = &self.before {
            let meant = before.registered(user, session, method, of)?;
            let account = &self.person(session.owner).user;
            return Ok(meant.filter(|id| account.find(*id).is_some()));
        }
        let account = &self.person(session.owner).user;
        let setup = match of {
            Some(of) => self.named(RefKind::Enrollment, user, Some(of))?,
            None => self.latest_told(self.actor(user)?, method)?,
        };
        let made = self.enrollment(setup).made;
        let made = made.ok_or(Told::Unbound("the setup has made no method"))?;
        let own = setup.owner == session.owner && account.find(made).is_some();
        Ok(own.then_some(made))
    }

    /// Finds the oldest registered method of a sort.
    fn first_of(&self, person: usize, method: Method) -> Option<u32> {
        let mut held = self.person(person).user.registered.iter();
        held.find(|held| held.method == method).map(|held| held.id)
    }

    /// Finds the latest setup of a method that somebody brought to its end and was told so.
    fn latest_told(&self, actor: usize, method: Method) -> Result<Ref, Told> {
        let mut found: Option<(Timestamp, Ref)> = None;
        for (owner, person) in self.state.people.iter().enumerate() {
            for (index, setup) in person.enrollments.iter().enumerate() {
                let meant = setup.told && setup.holder == actor && setup.method == method;
                if meant && found.is_none_or(|(begun, _)| begun <= setup.begun) {
                    found = Some((setup.begun, Ref { owner, index }));
                }
            }
        }
        let why = "no setup told the id of such a method";
        found.map(|(_, at)| at).ok_or(Told::Unbound(why))
    }

    pub(super) fn change_method(
        &mut self,
        by: By<'_>,
        data: Data,
        of: Option<&Name>,
        bind: Option<&Name>,
    ) -> Handled {
        let actor = self.actor(by.user)?;
        let session = self.session_named(by)?;
        let found = self.registered(by.user, session, data.method, of)?;
        let at = self.admit(by, &[SessionState::SignedIn], true)?;
        let id = found.ok_or_else(|| Told::refused(Refusal::NotFound))?;
        match data.method {
            Method::MobilePhone | Method::OfficePhone | Method::Email => {
                self.begin(actor, at, (data, true), Some(id), bind)
            }
            Method::MicrosoftAuthenticator | Method::SoftwareOath | Method::SecurityQuestions => {
                Err(Told::refused(Refusal::NotEligible))
            }
        }
    }

    pub(super) fn delete_method(
        &mut self,
        by: By<'_>,
        method: Method,
        of: Option<&Name>,
    ) -> Handled {
        let session = self.session_named(by)?;
        let found = self.registered(by.user, session, method, of)?;
        let at = self.admit(by, &[SessionState::SignedIn], true)?;
        let id = found.ok_or_else(|| Told::refused(Refusal::NotFound))?;
        self.drop_method(at.owner, id);
        self.record(at.owner, Activity::MethodDeleted, Some(method));
        Ok(Told::done())
    }

    pub(super) fn set_default(
        &mut self,
        by: By<'_>,
        method: Method,
        kind: ChallengeKind,
        of: Option<&Name>,
    ) -> Handled {
        let session = self.session_named(by)?;
        // A default is named by method and kind; an id goes with them where one is known.
        let found = match self.registered(by.user, session, method, of) {
            Err(Told::Unbound(_)) if of.is_none() => self.first_of(session.owner, method),
            found => found?,
        };
        let at = self.admit(by, &[SessionState::SignedIn], true)?;
        let missing = Told::any_of(&[Refusal::NotEligible, Refusal::NotFound]);
        let Some(id) = found else {
            return Err(missing);
        };
        let choice = Choice { id, kind };
        if !default::eligible(&self.state.policy, &self.person(at.owner).user, choice) {
            return Err(Told::refused(Refusal::NotEligible));
        }
        // What is chosen already is not changed by choosing it again.
        if self.person(at.owner).user.choice != Some(choice) {
            self.person_mut(at.owner).user.choice = Some(choice);
            self.record(at.owner, Activity::DefaultChanged, Some(method));
        }
        Ok(Told::done())
    }
}
