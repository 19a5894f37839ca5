//! Setting a method up, from "Set up" to verified (`domain.md` §7).

use std::sync::Arc;

use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use proofup_domain::state::{ChallengeState, SessionState, SetupPage};

use super::prove::{SubmittedProof, refuse_unless_open};
use super::send::{Recipient, Sending};
use super::session::Caller;
use crate::address::EmailAddress;
use crate::decide::{Given, check_setup_answers};
use crate::phone::PhoneNumber;
use crate::record::{
    Activation, AnsweredQuestion, AttemptOutcome, AttemptRecord, CallbackTarget, Closed, CodeKey,
    EnrollmentRecord, EnrollmentSubject, ExpectedProof,
};
use crate::refused::Refused;
use crate::tenant::Turn;
use crate::time::later;
use crate::tokens::TokenKind;
use crate::totp::TotpSecret;

/// What a client wants to set up; the destination was read before the lock was taken.
#[derive(Debug)]
pub(crate) struct RequestedSetup {
    pub(crate) method: Method,
    pub(crate) kind: Option<ChallengeKind>,
    pub(crate) destination: Result<RequestedDestination, Refused>,
}

/// An address, a number, or nothing.
#[derive(Debug)]
pub(crate) enum RequestedDestination {
    None,
    Address(EmailAddress),
    Number(PhoneNumber),
}

impl Turn<'_> {
    /// Begins a setup. The send, if there is one, is to be delivered and settled before the answer.
    pub(crate) fn begin_enrollment(
        &mut self,
        caller: &Caller,
        wanted: RequestedSetup,
        changes: Option<String>,
    ) -> Result<(Arc<str>, Option<Sending>), Refused> {
        let method = wanted.method;
        if self.rules.checks_availability_at_begin {
            self.check_available(&caller.user, method, None, changes.is_some())?;
            self.check_offered(caller, method)?;
            if wanted.kind.is_some() {
                self.check_available(&caller.user, method, wanted.kind, changes.is_some())?;
            }
        }
        self.check_alone(&caller.user, method)?;
        let subject = self.subject(wanted)?;
        if changes.is_none() || self.rules.checks_new_values {
            self.check_subject(&subject)?;
        }
        let id = self.draw_id();
        let seconds = self.rules.limits.enrollment_seconds;
        let mut enrollment = EnrollmentRecord {
            id: id.clone(),
            user: caller.user.clone(),
            session: caller.session.clone(),
            method,
            page: self.first_page(&subject),
            changes,
            expires_at: later(self.now, seconds),
            kept_until: self.kept_until(seconds),
            closed: None,
            attempt: None,
            method_id: None,
            subject,
        };
        let target = CallbackTarget::Enrollment(id.clone());
        let sending = match recipient(&enrollment.subject) {
            Some(recipient) => {
                let (attempt, sending) = self.plan(&caller.user, target.clone(), recipient)?;
                enrollment.attempt = Some(attempt);
                Some(sending)
            }
            None => {
                enrollment.attempt = self.awaited_attempt(&enrollment);
                None
            }
        };
        self.keep_enrollment(enrollment);
        if sending.is_none() {
            self.kill_older(&target);
        }
        Ok((id, sending))
    }

    fn first_page(&self, subject: &EnrollmentSubject) -> SetupPage {
        match subject {
            EnrollmentSubject::MicrosoftApp { .. } if self.rules.begins_with_download => {
                SetupPage::GetTheApp
            }
            EnrollmentSubject::MicrosoftApp { .. } => SetupPage::SetUpAccount,
            EnrollmentSubject::SoftwareOath(_) => SetupPage::ScanQrCode,
            EnrollmentSubject::Phone {
                kind: ChallengeKind::VoiceCall,
                ..
            } => SetupPage::AnswerCall,
            EnrollmentSubject::Phone { .. } | EnrollmentSubject::Email(_) => SetupPage::EnterCode,
            EnrollmentSubject::Questions => SetupPage::AnswerQuestions,
        }
    }

    /// Refuses a setup beside another of the same method, where a rule allows one at a time.
    fn check_alone(&mut self, user: &str, method: Method) -> Result<(), Refused> {
        let (now, alone) = (self.now, self.rules.one_setup_at_a_time);
        let mut busy = false;
        self.each_enrollment(user, |one| busy |= one.method == method && one.is_open(now));
        if alone && busy {
            return Err(Refusal::OutOfOrder.into());
        }
        Ok(())
    }

    /// Refuses what the wizard's page does not offer. Requirement: `WIZ-4`.
    fn check_offered(&self, caller: &Caller, method: Method) -> Result<(), Refused> {
        let interrupted = caller.stage == SessionState::Interrupted;
        if !interrupted || !self.rules.refuses_what_page_does_not_offer {
            return Ok(());
        }
        if self.standing(&caller.user).wizard_page().offers(method) {
            Ok(())
        } else {
            Err(Refusal::MethodNotAvailable.into())
        }
    }

    fn subject(&mut self, wanted: RequestedSetup) -> Result<EnrollmentSubject, Refused> {
        let kind = wanted.kind;
        Ok(match (wanted.method, wanted.destination?) {
            (Method::MicrosoftAuthenticator, _) => EnrollmentSubject::MicrosoftApp {
                activation: None,
                device: None,
            },
            (Method::SoftwareOath, _) => EnrollmentSubject::SoftwareOath(self.draw_key()),
            (Method::SecurityQuestions, _) => EnrollmentSubject::Questions,
            (Method::Email, RequestedDestination::Address(address)) => {
                EnrollmentSubject::Email(address)
            }
            (Method::Email, _) => return Err(missing("address")),
            (Method::MobilePhone | Method::OfficePhone, RequestedDestination::Number(number)) => {
                let kind = kind.ok_or_else(|| missing("kind"))?;
                let number = self.taken(number)?;
                EnrollmentSubject::Phone { number, kind }
            }
            (Method::MobilePhone | Method::OfficePhone, _) => return Err(missing("phone")),
        })
    }

    /// Takes a number as the rules have it. Requirements: `CALL-1`, `CALL-7`, `TEXT-7`.
    fn taken(&self, number: PhoneNumber) -> Result<PhoneNumber, Refused> {
        let foreign = (self.rules.only_country_code).is_some_and(|code| !number.has_code(code));
        if foreign || (number.had_extension() && !self.rules.drops_extensions) {
            let detail = "give a number of a region that is served, without an extension";
            return Err(Refused::field(Refusal::InvalidNumber, "phone", detail));
        }
        Ok(if self.rules.normalises_numbers {
            number
        } else {
            number.as_typed()
        })
    }

    /// Draws the key of an authenticator's codes.
    pub(crate) fn draw_key(&mut self) -> CodeKey {
        CodeKey {
            secret: TotpSecret::new(self.state.random.bytes()),
            last_step: None,
        }
    }

    /// Makes the attempt of a setup for which nothing is sent: a code of the app is awaited for as long as the setup lives.
    fn awaited_attempt(&mut self, enrollment: &EnrollmentRecord) -> Option<AttemptRecord> {
        let id = self.state.random.id();
        matches!(enrollment.subject, EnrollmentSubject::SoftwareOath(_)).then(|| AttemptRecord {
            id,
            kind: ChallengeKind::AppCode,
            expected: ExpectedProof::AppCode,
            destination: None,
            expires_at: enrollment.expires_at,
            tries_left: self.rules.limits.code_tries,
            outcome: AttemptOutcome::Open,
            shown: None,
        })
    }

    /// Finds a setup of the caller. One that is somebody else's does not exist. Requirement: `API-2`.
    pub(crate) fn own_enrollment(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<&EnrollmentRecord, Refused> {
        let enrollment = self.state.enrollments.get(id);
        enrollment
            .filter(|one| {
                let in_session = one.session == caller.session || self.rules.sessions_share_setups;
                self.rules.shares_ids_between_users || (in_session && one.user == caller.user)
            })
            .ok_or_else(|| Refusal::NotFound.into())
    }

    pub(crate) fn enrollment_state(&self, enrollment: &EnrollmentRecord) -> ChallengeState {
        enrollment.state(self.now, self.rules.code_end_included)
    }

    /// Answers "next" inside the setup of the Microsoft app.
    pub(crate) fn next_page(
        &mut self,
        caller: &Caller,
        id: &str,
    ) -> Result<Option<Sending>, Refused> {
        let enrollment = self.own_enrollment(caller, id)?;
        refuse_if_final(enrollment, self.now)?;
        let EnrollmentSubject::MicrosoftApp { device, .. } = &enrollment.subject else {
            return Err(Refusal::OutOfOrder.into());
        };
        match (enrollment.page, device.clone()) {
            (SetupPage::GetTheApp, _) => {
                self.turn_page(id, SetupPage::SetUpAccount);
                Ok(None)
            }
            (SetupPage::SetUpAccount, _) => {
                self.show_activation(id);
                Ok(None)
            }
            (SetupPage::ScanQrCode, Some(device)) => self.send_within(id, device).map(Some),
            (SetupPage::ScanQrCode, None) if !self.rules.keeps_page_order => {
                self.turn_page(id, SetupPage::TestNotification);
                Ok(None)
            }
            _ => Err(Refusal::OutOfOrder.into()),
        }
    }

    fn turn_page(&mut self, id: &str, page: SetupPage) {
        if let Some(enrollment) = self.state.enrollments.get_mut(id) {
            enrollment.page = page;
        }
    }

    /// Draws the activation code and shows it: 80 bits, in letters and digits that are typed easily.
    fn show_activation(&mut self, id: &str) {
        let bytes: [u8; 10] = self.state.random.bytes();
        let code = Secret::new(data_encoding::BASE32_NOPAD.encode(&bytes));
        let tokens = &mut self.state.tokens;
        tokens.insert(TokenKind::Activation, code.expose(), id);
        let expires_at = later(self.now, self.rules.limits.activation_seconds);
        if let Some(enrollment) = self.state.enrollments.get_mut(id) {
            enrollment.page = SetupPage::ScanQrCode;
            if let EnrollmentSubject::MicrosoftApp { activation, .. } = &mut enrollment.subject {
                *activation = Some(Activation {
                    code,
                    expires_at,
                    used: false,
                });
            }
        }
    }

    fn send_within(&mut self, id: &str, device: String) -> Result<Sending, Refused> {
        self.check_again(id, self.rules.checks_availability_at_send)?;
        self.plan_again(id, Recipient::Device(device), SetupPage::TestNotification)
    }

    /// Sends again: from denied, expired or sent.
    pub(crate) fn send_again(&mut self, caller: &Caller, id: &str) -> Result<Sending, Refused> {
        let enrollment = self.own_enrollment(caller, id)?;
        if !self.rules.final_setup_sends {
            refuse_if_final(enrollment, self.now)?;
        }
        let (subject, page) = (enrollment.subject.clone(), enrollment.page);
        match subject {
            EnrollmentSubject::MicrosoftApp {
                device: Some(device),
                ..
            } => self.send_within(id, device),
            subject => {
                let recipient = recipient(&subject).ok_or(Refusal::OutOfOrder)?;
                self.check_again(id, self.rules.checks_availability_at_send)?;
                self.plan_again(id, recipient, page)
            }
        }
    }

    /// Checks a setup's availability again; what is refused now is cancelled. Requirement: `AVAIL-8`.
    pub(crate) fn check_again(&mut self, id: &str, asked: bool) -> Result<(), Refused> {
        let Some(enrollment) = self.state.enrollments.get(id).filter(|_| asked) else {
            return Ok(());
        };
        let checked = self.check_enrollment(enrollment);
        if checked.is_err()
            && let Some(enrollment) = self.state.enrollments.get_mut(id)
        {
            enrollment.cancel();
        }
        checked
    }

    /// Takes a code or answers for a setup.
    pub(crate) fn verify_enrollment(
        &mut self,
        caller: &Caller,
        id: &str,
        submitted: SubmittedProof,
    ) -> Result<(), Refused> {
        let enrollment = self.own_enrollment(caller, id)?;
        let is_questions = enrollment.method == Method::SecurityQuestions;
        let state = self.enrollment_state(enrollment);
        if !(is_questions && state == ChallengeState::Started) {
            self.refuse_unless_provable(state)?;
        }
        let user = enrollment.user.clone();
        if self.user(&user).is_blocked(self.now) {
            return Err(Refusal::Blocked.into());
        }
        self.check_again(id, self.rules.checks_availability_at_proof)?;
        if is_questions {
            self.register_answers(&user, id, submitted.answers)
        } else {
            self.verify_code(&user, id, submitted.code.as_ref())
        }
    }

    fn verify_code(&mut self, user: &str, id: &str, code: Option<&Secret>) -> Result<(), Refused> {
        let Some(enrollment) = self.state.enrollments.get(id) else {
            return Err(Refusal::NotFound.into());
        };
        let Some(attempt) = &enrollment.attempt else {
            return Err(Refusal::OutOfOrder.into());
        };
        let (kind, expected) = (attempt.kind, attempt.expected.clone());
        if !matches!(expected, ExpectedProof::Callback) {
            self.check_shape(code)?;
        }
        let right = match (&expected, &enrollment.subject) {
            (ExpectedProof::AppCode, EnrollmentSubject::SoftwareOath(key)) => {
                let step = self.accepted_step(key, code);
                self.spend_setup_step(id, step);
                step.is_some() || self.is_any_apps_code(code)
            }
            _ => self.is_right_code(&expected, code)?,
        };
        if right {
            self.count_success(user);
            self.register(id, kind, Vec::new());
            return Ok(());
        }
        Err(self.miss_setup(user, id))
    }

    /// Counts a wrong code of a setup, and says so.
    pub(crate) fn miss_setup(&mut self, user: &str, id: &str) -> Refused {
        self.count_failure(user);
        let limited = self.rules.tries_are_limited;
        let Some(enrollment) = self.state.enrollments.get_mut(id) else {
            return Refusal::NotFound.into();
        };
        let tries_left = enrollment
            .attempt
            .as_mut()
            .map_or(0, AttemptRecord::take_try);
        if tries_left == 0 && limited {
            enrollment.close(Closed::Exhausted);
        }
        wrong(Refusal::WrongCode, tries_left)
    }

    fn spend_setup_step(&mut self, id: &str, step: Option<i64>) {
        let spends = self.rules.setup_spends_step;
        let enrollment = self.state.enrollments.get_mut(id);
        if let Some(EnrollmentSubject::SoftwareOath(key)) = enrollment.map(|one| &mut one.subject)
            && spends
        {
            key.last_step = step.or(key.last_step);
        }
    }

    fn register_answers(
        &mut self,
        user: &str,
        id: &str,
        answers: Option<Vec<Given>>,
    ) -> Result<(), Refused> {
        let given = answers.unwrap_or_default();
        let policy = &self.state.policy.reset;
        if let Some(broken) = check_setup_answers(self.rules, policy, &given) {
            return Err(Refused::field(Refusal::InvalidAnswers, "answers", broken));
        }
        let answered = given.into_iter().map(|one| AnsweredQuestion {
            answer: self.answer_digest(&one.answer),
            shown: Some(one.answer).filter(|_| self.rules.shows_answers),
            question: one.question,
        });
        let answered = answered.collect();
        self.count_success(user);
        self.register(id, ChallengeKind::Answers, answered);
        Ok(())
    }

    /// Leaves a setup; leaving it twice is no mistake.
    pub(crate) fn cancel_enrollment(&mut self, caller: &Caller, id: &str) -> Result<(), Refused> {
        let enrollment = self.own_enrollment(caller, id)?;
        if enrollment.method_id.is_some() {
            return Err(Refusal::AlreadyVerified.into());
        }
        if self.rules.refuses_leaving_what_is_over {
            refuse_if_final(enrollment, self.now)?;
        }
        if let Some(enrollment) = self.state.enrollments.get_mut(id) {
            enrollment.cancel();
        }
        Ok(())
    }

    fn refuse_unless_provable(&self, state: ChallengeState) -> Result<(), Refused> {
        let verified = state == ChallengeState::Verified && !self.rules.code_works_once;
        let exhausted = state == ChallengeState::Exhausted && !self.rules.tries_are_limited;
        if verified || exhausted {
            return Ok(());
        }
        refuse_unless_open(state)
    }
}

/// Refuses "next" and sending in a setup that has come to its end; what was sent may be over or denied.
fn refuse_if_final(enrollment: &EnrollmentRecord, now: jiff::Timestamp) -> Result<(), Refused> {
    let refusal = match enrollment.closed {
        Some(Closed::Verified) => Refusal::AlreadyVerified,
        Some(Closed::Exhausted) => Refusal::Exhausted,
        Some(Closed::Cancelled) => Refusal::Cancelled,
        None if enrollment.is_over(now) => Refusal::Expired,
        None => return Ok(()),
    };
    Err(refusal.into())
}

/// Returns where a setup sends to when it begins.
fn recipient(subject: &EnrollmentSubject) -> Option<Recipient> {
    match subject {
        EnrollmentSubject::Phone {
            number,
            kind: ChallengeKind::VoiceCall,
        } => Some(Recipient::Call(number.clone())),
        EnrollmentSubject::Phone { number, .. } => Some(Recipient::Text(number.clone())),
        EnrollmentSubject::Email(address) => Some(Recipient::Mail(address.clone())),
        EnrollmentSubject::MicrosoftApp { .. }
        | EnrollmentSubject::SoftwareOath(_)
        | EnrollmentSubject::Questions => None,
    }
}

fn missing(field: &'static str) -> Refused {
    Refused::field(Refusal::InvalidInput, field, "this method needs the field")
}

/// Refuses a wrong code or wrong answers, with the tries that are left.
pub(crate) fn wrong(refusal: Refusal, tries_left: u32) -> Refused {
    let mut refused = Refused::from(refusal);
    refused.tries_left = Some(tries_left);
    refused
}
