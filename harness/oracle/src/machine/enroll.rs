//! Setting up: beginning, pages, sending again, leaving (`domain.md` §7).

use std::sync::Arc;

use proofup_domain::command::{AddressRef, Name, PhoneRef};
use proofup_domain::edition::Edition;
use proofup_domain::method::{ChallengeKind, Method, Role};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::SessionState;

use super::expected::Told;
use super::life::Life;
use super::outbox::OutgoingMessage;
use super::records::{
    AppPage, Attempt, CodeUse, Destination, Enrollment, Phase, ProofSubject, Ref, RefKind,
};
use super::roles::{By, KnownDestination};
use super::{Handled, StepContext};
use crate::user::Registered;
use crate::{available, required, usable};

/// The states in which a setup goes on.
pub(super) const OPEN: [SessionState; 2] = [SessionState::SignedIn, SessionState::Interrupted];

/// What is given to begin a setup or a change.
#[derive(Debug, Clone)]
pub(super) struct Data {
    pub(super) method: Method,
    address: AddressRef,
    phone: PhoneRef,
    /// The kind as given.
    given: Option<ChallengeKind>,
}

impl Data {
    pub(super) fn setup(
        method: Method,
        address: Option<&AddressRef>,
        phone: Option<&PhoneRef>,
        given: Option<ChallengeKind>,
    ) -> Self {
        let default = if method == Method::OfficePhone {
            PhoneRef::Office
        } else {
            PhoneRef::Mobile
        };
        Self {
            method,
            address: address.cloned().unwrap_or(AddressRef::Own),
            phone: phone.cloned().unwrap_or(default),
            given,
        }
    }

    pub(super) fn change(
        method: Method,
        address: Option<&AddressRef>,
        phone: Option<&PhoneRef>,
        given: Option<ChallengeKind>,
    ) -> Self {
        let default = if method == Method::OfficePhone {
            PhoneRef::SecondOffice
        } else {
            PhoneRef::SecondMobile
        };
        Self {
            method,
            address: address.cloned().unwrap_or(AddressRef::Second),
            phone: phone.cloned().unwrap_or(default),
            given,
        }
    }

    /// Returns the kind by which it is set up.
    fn kind(&self) -> ChallengeKind {
        match self.method {
            Method::MicrosoftAuthenticator => ChallengeKind::AppNotification,
            Method::SoftwareOath => ChallengeKind::AppCode,
            Method::MobilePhone => self.given.unwrap_or(ChallengeKind::TextMessage),
            Method::OfficePhone => self.given.unwrap_or(ChallengeKind::VoiceCall),
            Method::Email => ChallengeKind::EmailCode,
            Method::SecurityQuestions => ChallengeKind::Answers,
        }
    }

    const fn is_phone(&self) -> bool {
        matches!(self.method, Method::MobilePhone | Method::OfficePhone)
    }
}

impl StepContext {
    pub(super) fn begin_enrollment(
        &mut self,
        by: By<'_>,
        data: Data,
        bind: Option<&Name>,
    ) -> Handled {
        let actor = self.actor(by.user)?;
        let at = self.enter(by)?;
        let state = self.allow(at, &OPEN, true)?;
        let (policy, user) = (&self.state.policy, &self.person(at.owner).user);
        let offered = state != SessionState::Interrupted
            || required::page(policy, user).offers().contains(data.method);
        self.begin(actor, at, (data, offered), None, bind)
    }

    /// Begins a setup, or the change of a method, once it is known who may.
    pub(super) fn begin(
        &mut self,
        actor: usize,
        session: Ref,
        (data, offered): (Data, bool),
        changes: Option<u32>,
        bind: Option<&Name>,
    ) -> Handled {
        let line = self.line_given(actor, &data);
        self.take_kind(&data)?;
        let available =
            offered && self.can_set_up(session.owner, data.method, data.kind(), changes);
        let taken = self.take_line(&data, line.as_ref(), available);
        taken.map_err(|refused| match available {
            true => refused,
            false => refused.serving(self.why_unavailable(session.owner, data.method)),
        })?;
        let message = line.as_ref().map(|line| OutgoingMessage {
            account: session.owner,
            holder: actor,
            destination: line.destination.clone(),
            kind: data.kind(),
            purpose: CodeUse::Setup,
            method: data.method,
        });
        if let Some(message) = &message {
            self.can_send(message)?;
        }
        self.cancel_setups(session.owner, |setup| setup.method == data.method);
        let at = Ref {
            owner: session.owner,
            index: self.person(session.owner).enrollments.len(),
        };
        let setup = self.new_setup(session, actor, &data, line.as_ref(), changes);
        self.person_mut(at.owner).enrollments.push(setup);
        if let Some(message) = message {
            let code = self.send(&message, ProofSubject::Enrollment(at));
            self.enrollment_mut(at).attempt.code = code;
        }
        self.bind(RefKind::Enrollment, actor, bind, at);
        Ok(Told::success(self.enrollment_answer(at)))
    }

    fn line_given(&self, actor: usize, data: &Data) -> Option<KnownDestination> {
        match data.method {
            Method::Email => Some(self.address(actor, &data.address)),
            Method::MobilePhone | Method::OfficePhone => Some(self.phone(actor, &data.phone)),
            Method::MicrosoftAuthenticator | Method::SoftwareOath | Method::SecurityQuestions => {
                None
            }
        }
    }

    /// A kind given to what is no phone is not said to be taken; another method's kind never is.
    fn take_kind(&mut self, data: &Data) -> Result<(), Told> {
        match data.given {
            Some(given) if !data.is_phone() && given == data.kind() => {
                if self.reading() {
                    return Err(Told::refused(Refusal::InvalidInput));
                }
                Ok(())
            }
            Some(given)
                if !data.is_phone()
                    || !matches!(given, ChallengeKind::TextMessage | ChallengeKind::VoiceCall) =>
            {
                let refusals = [Refusal::MethodNotAvailable, Refusal::InvalidInput];
                Err(Told::any_of(&refusals))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what is not available and what cannot be sent to; for several reasons any may be told.
    fn take_line(
        &mut self,
        data: &Data,
        line: Option<&KnownDestination>,
        available: bool,
    ) -> Result<(), Told> {
        let mut refusals = Vec::new();
        if !available {
            refusals.push(Refusal::MethodNotAvailable);
        }
        if let Some(line) = line {
            let (invalid, text) = if data.is_phone() {
                (Refusal::InvalidNumber, ChallengeKind::TextMessage)
            } else {
                (Refusal::InvalidAddress, ChallengeKind::EmailCode)
            };
            if !line.valid {
                refusals.push(invalid);
            } else if line.work && !self.takes_work_addresses() {
                refusals.push(Refusal::WorkAddressNotAllowed);
            } else if data.is_phone() && data.kind() == text && !line.takes_texts {
                refusals.push(Refusal::NumberCannotReceiveTexts);
            } else if data.method == Method::Email
                && matches!(&line.destination, Destination::Line(text) if !text.is_ascii())
                && self.reading()
            {
                refusals.push(Refusal::InvalidAddress);
            }
        }
        if refusals.is_empty() {
            return Ok(());
        }
        Err(Told::any_of(&refusals))
    }

    fn takes_work_addresses(&self) -> bool {
        self.state.policy.edition == Edition::E20180725
    }

    /// Returns whether a method can be set up by a kind now, or changed: availability, and the limit where it is new.
    fn can_set_up(
        &self,
        person: usize,
        method: Method,
        kind: ChallengeKind,
        changes: Option<u32>,
    ) -> bool {
        let (policy, user) = (&self.state.policy, &self.person(person).user);
        let fresh = Registered::new(0, method);
        let stands = match changes {
            Some(id) => {
                user.find(id).is_some() && !usable::purposes(policy, user.role, &fresh).is_empty()
            }
            None => available::set(policy, user).contains(method),
        };
        let by_kind = !matches!(method, Method::MobilePhone | Method::OfficePhone)
            || usable::allowed_kinds(policy, user.role, &fresh).contains(kind);
        stands && by_kind
    }

    /// Returns the requirement that keeps a method from being set up, where it cannot be.
    pub(super) fn why_unavailable(&self, person: usize, method: Method) -> &'static str {
        let (policy, user) = (&self.state.policy, &self.person(person).user);
        let fresh = Registered::new(0, method);
        let usable_for = |role| !usable::purposes(policy, role, &fresh).is_empty();
        if available::set(policy, user).contains(method) {
            "AVAIL-3"
        } else if usable_for(user.role) {
            "AVAIL-9"
        } else if usable_for(Role::Member) {
            "AVAIL-7"
        } else {
            "AVAIL-3"
        }
    }

    /// Refuses a setup that policy no longer lets go on, and cancels it (AVAIL-8).
    pub(super) fn check_setup(&mut self, at: Ref) -> Result<(), Told> {
        let setup = self.enrollment(at);
        let edition = !setup.work_address || self.takes_work_addresses();
        if edition && self.can_set_up(at.owner, setup.method, setup.attempt.kind, setup.changes) {
            return Ok(());
        }
        let new = setup.changes.is_none();
        let why = match self.why_unavailable(at.owner, setup.method) {
            "AVAIL-9" if new => "AVAIL-9",
            _ => "AVAIL-8",
        };
        self.enrollment_mut(at).phase = Phase::Cancelled;
        let refused = Told::refused(Refusal::MethodNotAvailable).serving(why);
        Err(if edition {
            refused
        } else {
            refused.or_refused(&[Refusal::WorkAddressNotAllowed])
        })
    }

    fn new_setup(
        &self,
        session: Ref,
        holder: usize,
        data: &Data,
        line: Option<&KnownDestination>,
        changes: Option<u32>,
    ) -> Enrollment {
        let reset = &self.state.policy.reset;
        let begins_sent = line.is_some() || data.method == Method::SoftwareOath;
        Enrollment {
            session: session.index,
            method: data.method,
            begun: self.now,
            phase: if begins_sent {
                Phase::Sent
            } else {
                Phase::Started
            },
            page: AppPage::GetTheApp,
            shown: None,
            attempt: Attempt {
                kind: data.kind(),
                since: self.now,
                code: None,
                tries_left: self.limits().code_tries,
            },
            destination: line.map(|line| line.destination.clone()),
            holder,
            can_text: line.is_none_or(|line| line.takes_texts),
            work_address: line.is_some_and(|line| line.work),
            changes,
            made: None,
            told: false,
            questions: if data.method == Method::SecurityQuestions {
                reset.questions.clone().into()
            } else {
                Arc::from([])
            },
            device_of: None,
        }
    }

    /// Cancels the open setups of a person that a predicate picks.
    pub(super) fn cancel_setups(&mut self, person: usize, pick: impl Fn(&Enrollment) -> bool) {
        for index in 0..self.person(person).enrollments.len() {
            let at = Ref {
                owner: person,
                index,
            };
            if pick(self.enrollment(at)) && !self.enrollment_life(at).is_final() {
                self.enrollment_mut(at).phase = Phase::Cancelled;
            }
        }
    }

    /// Finds the setup that a command names, for a session that may go on with setups.
    ///
    /// A setup belongs to the session that began it; whether another session of the same user may go on with it is a
    /// matter of reading. Somebody else's does not exist.
    pub(super) fn setup(
        &mut self,
        by: By<'_>,
        name: Option<&Name>,
        step_up: bool,
    ) -> Result<Ref, Told> {
        let at = self.named(RefKind::Enrollment, by.user, name)?;
        let session = self.admit(by, &OPEN, step_up)?;
        let own = at.owner == session.owner;
        if own && (self.enrollment(at).session == session.index || self.reading()) {
            Ok(at)
        } else {
            Err(Told::refused(Refusal::NotFound))
        }
    }

    pub(super) fn read_enrollment(&mut self, by: By<'_>, name: Option<&Name>) -> Handled {
        let at = self.setup(by, name, false)?;
        if self.enrollment(at).made.is_some() {
            self.enrollment_mut(at).told = true;
        }
        let now = &self.state.policy.reset.questions;
        let setup = self.enrollment(at);
        let shows = setup.method == Method::SecurityQuestions && setup.phase == Phase::Started;
        if shows && setup.questions[..] != now[..] {
            // Policy may show at once (AVAIL-8), or the page may go on showing what it began with.
            let now = Arc::from(now.as_slice());
            if !self.reading() {
                self.enrollment_mut(at).questions = now;
            }
        }
        let told = Told::success(self.enrollment_answer(at));
        Ok(if self.may_be_forgotten(ProofSubject::Enrollment(at)) {
            told.or_refused(&[Refusal::NotFound])
        } else {
            told
        })
    }

    pub(super) fn next_page(&mut self, by: By<'_>, name: Option<&Name>) -> Handled {
        let at = self.setup(by, name, true)?;
        let life = self.enrollment_life(at);
        if let Some(refused) = self.refusal_of(ProofSubject::Enrollment(at)) {
            return Err(refused.or_refused(&[Refusal::OutOfOrder]));
        }
        let page = self.enrollment(at).page;
        match (self.enrollment(at).phase, page) {
            (Phase::Started, AppPage::GetTheApp | AppPage::SetUpAccount)
                if self.enrollment(at).method == Method::MicrosoftAuthenticator =>
            {
                self.turn_page(at, page, life)
            }
            (Phase::Activated, _) => {
                self.send_again(at)?;
                self.enrollment_mut(at).page = AppPage::TestNotification;
                Ok(Told::success(self.enrollment_answer(at)))
            }
            _ => {
                let refused = Told::refused(Refusal::OutOfOrder);
                Err(if life == Life::PerhapsStarted {
                    refused.or_refused(&[Refusal::Expired])
                } else {
                    refused
                })
            }
        }
    }

    /// Turns a page on which nothing is sent; whether availability is looked at there is a matter of reading.
    fn turn_page(&mut self, at: Ref, page: AppPage, life: Life) -> Handled {
        if life == Life::PerhapsStarted && self.reading() {
            return Err(Told::refused(Refusal::Expired));
        }
        let kept = self.enrollment(at).clone();
        if let Err(refused) = self.check_setup(at) {
            if self.reading() {
                return Err(refused);
            }
            *self.enrollment_mut(at) = kept;
        }
        let now = self.now;
        let setup = self.enrollment_mut(at);
        if page == AppPage::GetTheApp {
            setup.page = AppPage::SetUpAccount;
        } else {
            setup.page = AppPage::ScanQrCode;
            setup.shown = Some(now);
        }
        Ok(Told::success(self.enrollment_answer(at)))
    }

    pub(super) fn send_code(&mut self, by: By<'_>, name: Option<&Name>) -> Handled {
        let at = self.setup(by, name, true)?;
        let life = self.enrollment_life(at);
        if life.is_final()
            && let Some(refused) = self.refusal_of(ProofSubject::Enrollment(at))
        {
            return Err(refused);
        }
        let phase = self.enrollment(at).phase;
        // "Send, or send again": whether the first notification needs the page before it to be left is not said.
        if phase == Phase::Activated && !self.reading() {
            return self.next_page(by, name);
        }
        if matches!(phase, Phase::Started | Phase::Activated) {
            return Err(Told::any_of(if life == Life::PerhapsStarted {
                &[Refusal::OutOfOrder, Refusal::Expired]
            } else {
                &[Refusal::OutOfOrder]
            }));
        }
        if self.enrollment(at).method == Method::SoftwareOath {
            return self.send_nothing(at);
        }
        self.send_again(at)?;
        Ok(Told::success(self.enrollment_answer(at)))
    }

    /// Another app is sent nothing: the design does not say whether asking for it is refused or restarts its time.
    fn send_nothing(&mut self, at: Ref) -> Handled {
        if !self.reading() {
            let refused = Told::refused(Refusal::OutOfOrder);
            let over = self.refusal_of(ProofSubject::Enrollment(at));
            return Err(over.into_iter().fold(refused, Told::or));
        }
        self.check_setup(at)?;
        let now = self.now;
        self.enrollment_mut(at).attempt.since = now;
        Ok(Told::success(self.enrollment_answer(at)))
    }

    /// Sends a setup's code, call or notification; what was sent before for it is dead.
    ///
    /// Whether a new sending gives new tries is a matter of reading; the preferred one says no, and is told by the answer.
    fn send_again(&mut self, at: Ref) -> Result<(), Told> {
        self.check_setup(at)?;
        let setup = self.enrollment(at);
        let device = setup.method == Method::MicrosoftAuthenticator;
        let destination = if device {
            Some(Destination::Device(at))
        } else {
            setup.destination.clone()
        };
        let Some(destination) = destination else {
            return Err(Told::refused(Refusal::OutOfOrder));
        };
        let message = OutgoingMessage {
            account: at.owner,
            holder: setup.device_of.unwrap_or(setup.holder),
            destination,
            kind: setup.attempt.kind,
            purpose: CodeUse::Setup,
            method: setup.method,
        };
        self.can_send(&message)?;
        let code = self.send(&message, ProofSubject::Enrollment(at));
        let (now, tries) = (self.now, self.limits().code_tries);
        let anew = super::answers::takes_codes(self.enrollment(at).attempt.kind)
            && self.enrollment(at).attempt.tries_left != tries
            && self.reading();
        let setup = self.enrollment_mut(at);
        setup.phase = Phase::Sent;
        setup.attempt.since = now;
        setup.attempt.code = code;
        if anew {
            setup.attempt.tries_left = tries;
        }
        Ok(())
    }

    /// Leaves a setup; leaving one that is over changes nothing, and leaving a verified one does not unmake the method.
    pub(super) fn cancel_enrollment(&mut self, by: By<'_>, name: Option<&Name>) -> Handled {
        let at = self.setup(by, name, true)?;
        if self.enrollment_life(at).is_final() {
            let over = self.refusal_of(ProofSubject::Enrollment(at));
            return Ok(over.into_iter().fold(Told::done(), Told::or));
        }
        self.enrollment_mut(at).phase = Phase::Cancelled;
        Ok(Told::done())
    }
}
