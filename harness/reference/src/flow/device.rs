//! What the authenticator app does: activate, approve, deny (`domain.md` §7).

use std::collections::BTreeSet;
use std::sync::Arc;

use proofup_domain::method::ChallengeKind;
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use proofup_domain::state::ChallengeState;

use super::setup::key_issuer;
use crate::record::{
    AttemptOutcome, CallbackTarget, ChallengeOwner, DeviceRecord, EnrollmentSubject, Means,
};
use crate::refused::Refused;
use crate::rules::Rules;
use crate::tenant::Turn;
use crate::time::runs;
use crate::tokens::TokenKind;
use crate::wire::{ActivatedDevice, ReplyView, Revealed};

impl Turn<'_> {
    /// Activates a device for the setup that shows the code.
    pub(crate) fn activate_device(
        &mut self,
        enrollment: &str,
        push_token: Secret,
    ) -> Result<ActivatedDevice, Refused> {
        self.check_activation(enrollment)?;
        self.check_again(enrollment, self.rules.checks_availability_at_send)?;
        let Some(record) = self.state.enrollments.get(enrollment) else {
            return Err(Refusal::NotFound.into());
        };
        let user = record.user.clone();
        let codes = self.draw_key();
        let secret = self.state.random.token();
        let id = self.state.random.id();
        let device = DeviceRecord {
            secret: self.state.keyed.digest("device", secret.expose()),
            push_token,
            codes: codes.clone(),
        };
        self.state.devices.insert(id.as_str().into(), device);
        self.state
            .tokens
            .insert(TokenKind::Device, &id, id.as_str());
        if let Some(record) = self.state.enrollments.get_mut(enrollment)
            && let EnrollmentSubject::MicrosoftApp { activation, device } = &mut record.subject
        {
            *device = Some(id.clone());
            if let Some(activation) = activation {
                activation.used = true;
            }
        }
        if self.rules.activation_registers {
            self.register(enrollment, ChallengeKind::AppNotification, Vec::new());
        }
        Ok(ActivatedDevice {
            device_id: id,
            device_secret: Revealed(secret),
            code_secret: Revealed(codes.secret.base32()),
            issuer: key_issuer(self.rules, &self.state.display_name).to_owned(),
            account: self.user(&user).principal_name.as_ref().to_owned(),
        })
    }

    fn check_activation(&self, enrollment: &str) -> Result<(), Refused> {
        let Some(enrollment) = self.state.enrollments.get(enrollment) else {
            return Err(Refusal::NotFound.into());
        };
        let EnrollmentSubject::MicrosoftApp {
            activation: Some(activation),
            ..
        } = &enrollment.subject
        else {
            return Err(Refusal::NotFound.into());
        };
        if activation.used && self.rules.activation_works_once {
            return Err(Refusal::AlreadyVerified.into());
        }
        let end_included = self.rules.activation_end_included;
        let in_time = runs(self.now, activation.expires_at, end_included);
        if !in_time || enrollment.is_over(self.now) {
            return Err(Refusal::Expired.into());
        }
        if enrollment.closed.is_some() || !self.has_session(&enrollment.session) {
            return Err(Refusal::Cancelled.into());
        }
        Ok(())
    }

    fn has_session(&self, id: &str) -> bool {
        let session = self.state.sessions.get(id);
        session.is_some_and(|session| self.is_alive(session))
    }

    /// Takes a device's reply to a notification.
    pub(crate) fn reply(
        &mut self,
        device: &str,
        secret: Option<&str>,
        notification: &str,
        reply: ReplyView,
    ) -> Result<(), Refused> {
        let Some(record) = self.state.devices.get(device) else {
            return Err(Refusal::NotFound.into());
        };
        let keyed = &self.state.keyed;
        let proved = secret.is_some_and(|secret| {
            let is_of = |one: &DeviceRecord| keyed.matches("device", secret, &one.secret);
            let bound = self.rules.devices_secret_is_bound;
            is_of(record) || !bound && self.state.devices.values().any(is_of)
        });
        if !proved && self.rules.checks_device_secret {
            return Err(Refusal::Unauthenticated.into());
        }
        let Some(record) = self.state.notifications.get(notification) else {
            return Err(Refusal::NotFound.into());
        };
        if record.device != device {
            return Err(Refusal::NotFound.into());
        }
        if record.answered && self.rules.notification_answered_once {
            return Err(Refusal::AlreadyAnswered.into());
        }
        let (target, attempt) = (record.target.clone(), record.attempt.clone());
        let proves = reply == ReplyView::Approve || self.rules.denial_proves;
        let answered = self.answer(&target, &attempt, proves);
        if counts_as_answer(&answered)
            && let Some(record) = self.state.notifications.get_mut(notification)
        {
            record.answered = true;
        }
        answered
    }

    /// Takes an answer from outside to what an attempt sent: it proves, or it denies.
    pub(crate) fn answer(
        &mut self,
        target: &CallbackTarget,
        attempt: &str,
        proves: bool,
    ) -> Result<(), Refused> {
        match target {
            CallbackTarget::Enrollment(id) => self.answer_enrollment(id, attempt, proves),
            CallbackTarget::Challenge(id) => self.answer_challenge(id, proves),
        }
    }

    fn answer_enrollment(&mut self, id: &str, attempt: &str, proves: bool) -> Result<(), Refused> {
        let Some(enrollment) = self.state.enrollments.get(id) else {
            return Err(Refusal::Cancelled.into());
        };
        let current = enrollment.attempt.as_ref();
        if current.is_none_or(|current| current.id != attempt)
            || !self.has_session(&enrollment.session)
        {
            return Err(Refusal::Cancelled.into());
        }
        let state = enrollment.state(self.now, self.rules.code_end_included);
        refuse_answer(self.rules, state)?;
        let (user, session) = (enrollment.user.clone(), enrollment.session.clone());
        let kind = enrollment.subject.kind();
        if !proves {
            if let Some(enrollment) = self.state.enrollments.get_mut(id)
                && let Some(attempt) = &mut enrollment.attempt
            {
                attempt.outcome = AttemptOutcome::Denied;
            }
            return Ok(());
        }
        if self.user(&user).is_blocked(self.now) {
            return Err(Refusal::Blocked.into());
        }
        let stage = self.refresh(&session);
        if self.owes_second_step(&session, stage) {
            return Err(Refusal::SecondStepRequired.into());
        }
        self.check_again(id, self.rules.checks_availability_at_proof)?;
        self.count_success(&user);
        self.register(id, kind, Vec::new());
        Ok(())
    }

    fn answer_challenge(&mut self, id: &str, proves: bool) -> Result<(), Refused> {
        let Some(challenge) = self.state.challenges.get(id) else {
            return Err(Refusal::Cancelled.into());
        };
        let state = challenge
            .attempt
            .state(self.now, self.rules.code_end_included);
        refuse_answer(self.rules, state)?;
        if !proves {
            self.set_outcome(id, AttemptOutcome::Denied);
            return Ok(());
        }
        let (owner, user) = (challenge.owner.clone(), challenge.user.clone());
        if !self.owner_goes_on(&owner) {
            return Err(Refusal::Cancelled.into());
        }
        self.check_challenge_open(id)?;
        self.count_success(&user);
        self.set_outcome(id, AttemptOutcome::Verified);
        match owner {
            ChallengeOwner::Session(session) => {
                if let Some(session) = self.state.sessions.get_mut(&session) {
                    session.second_step = true;
                }
            }
            ChallengeOwner::Reset(_) => self.pass_gate(id),
        }
        Ok(())
    }

    fn owner_goes_on(&self, owner: &ChallengeOwner) -> bool {
        match owner {
            ChallengeOwner::Session(session) => self.has_session(session),
            ChallengeOwner::Reset(reset) => {
                let reset = self.state.resets.get(reset);
                reset.is_some_and(|reset| {
                    let open = reset.progress == crate::record::ResetProgress::Open;
                    open && self.now < reset.expires_at
                })
            }
        }
    }

    /// Forgets a device: its secret proves nothing any more.
    pub(crate) fn forget_device(&mut self, id: &str) {
        self.state.devices.remove(id);
        self.state.tokens.remove_for(TokenKind::Device, id);
    }

    /// Forgets devices that no method and no setup has any more, and activation codes without a setup.
    pub(crate) fn sweep_devices(&mut self) {
        let state = &*self.state;
        let registered = state.users.values().flat_map(|user| &user.methods);
        let registered = registered.filter_map(|one| match &one.means {
            Means::MicrosoftApp { device } => Some(device.as_str()),
            _ => None,
        });
        let begun = state.enrollments.values();
        let begun = begun.filter_map(|one| match &one.subject {
            EnrollmentSubject::MicrosoftApp { device, .. } => device.as_deref(),
            _ => None,
        });
        let needed: BTreeSet<&str> = registered.chain(begun).collect();
        let devices = state
            .devices
            .keys()
            .filter(|id| !needed.contains(id.as_ref()));
        let devices: Vec<Arc<str>> = devices.cloned().collect();
        for id in devices {
            self.forget_device(&id);
        }
    }
}

/// Refuses an answer to what was answered, is over, or was cancelled.
fn refuse_answer(rules: &Rules, state: ChallengeState) -> Result<(), Refused> {
    let refusal = match state {
        ChallengeState::ChallengeSent => return Ok(()),
        ChallengeState::Denied if !rules.notification_answered_once => return Ok(()),
        ChallengeState::Expired if rules.late_answers_count => return Ok(()),
        ChallengeState::Expired => Refusal::Expired,
        ChallengeState::Verified | ChallengeState::Denied => Refusal::AlreadyAnswered,
        ChallengeState::Started
        | ChallengeState::DeviceActivated
        | ChallengeState::Exhausted
        | ChallengeState::Cancelled => Refusal::Cancelled,
    };
    Err(refusal.into())
}

/// Returns whether an answer is used up: one that only came at the wrong moment may come again.
pub(crate) fn counts_as_answer(answered: &Result<(), Refused>) -> bool {
    answered.as_ref().err().is_none_or(|refused| {
        !matches!(
            refused.refusal,
            Refusal::Blocked | Refusal::SecondStepRequired | Refusal::Expired | Refusal::Cancelled
        )
    })
}
