//! Sending: planned under the lock, delivered without it, kept or taken back under it again.
//!
//! Records stand before anything is sent, so that a callback that is faster than the provider's answer finds them. A send that
//! fails leaves everything as it was, the throttle included. Requirement: `GATE-1`.

use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::method::ChallengeKind;
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;

use crate::address::EmailAddress;
use crate::delivery::{GatewayConfig, GatewayFailure, Outgoing};
use crate::doors::Door;
use crate::phone::PhoneNumber;
use crate::record::{Attempt, Call, Expected, Notification, Outcome, Target};
use crate::refused::Refused;
use crate::tenant::Turn;
use crate::time::{later, runs, seconds_until};

/// Where something goes.
#[derive(Debug, Clone)]
pub(crate) enum Recipient {
    Text(PhoneNumber),
    Call(PhoneNumber),
    Mail(EmailAddress),
    Device(String),
}

/// A send that is planned: deliver `outgoing`, then settle `ticket`.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) gateways: Arc<GatewayConfig>,
    pub(crate) outgoing: Outgoing,
    pub(crate) ticket: Ticket,
}

/// What is needed to keep a planned send or to take it back.
#[derive(Debug)]
pub(crate) struct Ticket {
    target: Target,
    attempt: String,
    user: String,
    destination: String,
    sent_before: Option<Timestamp>,
    /// What the new attempt took the place of; none: the target itself is new.
    replaced: Option<Replaced>,
}

/// What a new attempt took the place of.
#[derive(Debug)]
struct Replaced {
    attempt: Option<Attempt>,
    page: proofup_domain::state::SetupPage,
}

impl Recipient {
    /// Writes the destination in the form in which sends to it are counted: texts and calls to one number are one.
    fn normalised(&self) -> String {
        match self {
            Self::Text(number) | Self::Call(number) => format!("phone:{}", number.e164()),
            Self::Mail(address) => format!("mail:{}", address.normalised()),
            Self::Device(id) => format!("device:{id}"),
        }
    }

    fn masked(&self) -> Option<String> {
        match self {
            Self::Text(number) | Self::Call(number) => Some(number.masked()),
            Self::Mail(address) => Some(address.masked()),
            Self::Device(_) => None,
        }
    }
}

impl Turn<'_> {
    /// Refuses a send that comes too soon after the last to the same destination. Requirement: `CODE-8`.
    fn check_throttle(&self, user: &str, destination: &str) -> Result<(), Refused> {
        let Some(sent_at) = self.user(user).sent_at.get(destination) else {
            return Ok(());
        };
        let again_at = later(*sent_at, self.rules.limits.resend_seconds);
        if self.rules.throttles_sending && runs(self.now, again_at, false) {
            let mut refused = Refused::from(Refusal::Throttled);
            refused.retry_after = Some(seconds_until(self.now, again_at));
            return Err(refused);
        }
        Ok(())
    }

    /// Counts a send for the throttle; gives back what stood there before.
    fn count_send(&mut self, user: &str, destination: &str) -> Option<Timestamp> {
        let (now, seconds) = (self.now, self.rules.limits.resend_seconds);
        let sent_at = &mut self.user_mut(user).sent_at;
        sent_at.retain(|_, at| runs(now, later(*at, seconds), false));
        sent_at.insert(destination.to_owned(), now)
    }

    /// Plans a send: throttle, code, attempt, and the record that a callback will look for.
    ///
    /// The caller puts the attempt into the target; `Ticket::replaced` is filled by [`Turn::plan_again`].
    pub(crate) fn plan(
        &mut self,
        user: &str,
        target: Target,
        recipient: Recipient,
    ) -> Result<(Attempt, Sending), Refused> {
        let destination = recipient.normalised();
        self.check_throttle(user, &destination)?;
        let id = self.state.random.id();
        let masked = recipient.masked();
        let limits = &self.rules.limits;
        let organisation = self.state.display_name.clone();
        let (kind, seconds) = match &recipient {
            Recipient::Text(_) => (ChallengeKind::TextMessage, limits.code_seconds),
            Recipient::Mail(_) => (ChallengeKind::EmailCode, limits.code_seconds),
            Recipient::Call(_) => (ChallengeKind::VoiceCall, limits.call_seconds),
            Recipient::Device(_) => (ChallengeKind::AppNotification, limits.notification_seconds),
        };
        let (expected, shown, outgoing) = match recipient {
            Recipient::Text(to) => {
                let (expected, code) = self.draw_code();
                let shown = code.clone();
                let text = Outgoing::Text {
                    to,
                    organisation,
                    code,
                };
                (expected, Some(shown), text)
            }
            Recipient::Mail(to) => {
                let (expected, code) = self.draw_code();
                let shown = code.clone();
                let mail = Outgoing::Mail {
                    to,
                    organisation,
                    code,
                };
                (expected, Some(shown), mail)
            }
            Recipient::Call(to) => {
                let call = self.prepare_call(to, organisation, &target, &id, seconds);
                (Expected::Callback, None, call)
            }
            Recipient::Device(device) => {
                let push = self.prepare_push(device, organisation, &target, &id, seconds)?;
                (Expected::Callback, None, push)
            }
        };
        let sent_before = self.count_send(user, &destination);
        let attempt = Attempt {
            id: id.clone(),
            kind,
            expected,
            destination: masked,
            expires_at: later(self.now, seconds),
            tries_left: self.rules.limits.code_tries,
            outcome: Outcome::Open,
            shown: shown.filter(|_| self.rules.shows_codes),
        };
        let ticket = Ticket {
            target,
            attempt: id,
            user: user.to_owned(),
            destination,
            sent_before,
            replaced: None,
        };
        let sending = Sending {
            gateways: Arc::clone(&self.state.gateways),
            outgoing,
            ticket,
        };
        Ok((attempt, sending))
    }

    fn draw_code(&mut self) -> (Expected, Secret) {
        let code = self.state.random.code(self.rules.limits.code_length);
        let digest = self.state.keyed.digest("code", code.expose());
        (Expected::Code(digest), code)
    }

    fn prepare_call(
        &mut self,
        to: PhoneNumber,
        organisation: String,
        target: &Target,
        attempt: &str,
        seconds: u32,
    ) -> Outgoing {
        let call_id = self.state.random.id();
        let secret = self.state.random.token();
        let call = Call {
            secret: self.state.keyed.digest("call", secret.expose()),
            target: target.clone(),
            attempt: attempt.to_owned(),
            answered: false,
            kept_until: self.kept_until(seconds),
        };
        self.state.calls.insert(call_id.clone(), call);
        self.state.doors.open(Door::Call, &call_id, &call_id);
        Outgoing::Call {
            to,
            organisation,
            call_id,
            secret,
        }
    }

    fn prepare_push(
        &mut self,
        device_id: String,
        organisation: String,
        target: &Target,
        attempt: &str,
        seconds: u32,
    ) -> Result<Outgoing, Refused> {
        let Some(device) = self.state.devices.get(&device_id) else {
            return Err(Refusal::MethodNotAvailable.into());
        };
        let token = device.push_token.clone();
        let notification_id = self.state.random.id();
        let notification = Notification {
            device: device_id.clone(),
            target: target.clone(),
            attempt: attempt.to_owned(),
            answered: false,
            kept_until: self.kept_until(seconds),
        };
        let notifications = &mut self.state.notifications;
        notifications.insert(notification_id.clone(), notification);
        Ok(Outgoing::Push {
            token,
            notification_id,
            device_id,
            organisation,
        })
    }

    /// Plans a send within a setup that goes on, and puts the new attempt in the place of the old.
    pub(crate) fn plan_again(
        &mut self,
        enrollment: &str,
        recipient: Recipient,
        page: proofup_domain::state::SetupPage,
    ) -> Result<Sending, Refused> {
        let Some(record) = self.state.enrollments.get(enrollment) else {
            return Err(Refusal::NotFound.into());
        };
        let user = record.user.clone();
        let target = Target::Enrollment(enrollment.to_owned());
        let (attempt, mut sending) = self.plan(&user, target, recipient)?;
        if let Some(record) = self.state.enrollments.get_mut(enrollment) {
            sending.ticket.replaced = Some(Replaced {
                attempt: record.attempt.replace(attempt),
                page: record.page,
            });
            record.page = page;
        }
        Ok(sending)
    }

    /// Keeps a planned send, or takes it back because the gateway failed.
    ///
    /// What was proved while the gateway still thought about it stays proved.
    pub(crate) fn settle(
        &mut self,
        ticket: Ticket,
        delivered: Result<(), GatewayFailure>,
    ) -> Result<(), Refused> {
        let failed = delivered.is_err() && !self.is_proved(&ticket.target);
        if !failed {
            self.kill_older(&ticket.target);
            return Ok(());
        }
        if !self.rules.failed_send_counts {
            let sent_at = &mut self.state.users.get_mut(&ticket.user);
            if let Some(user) = sent_at {
                match ticket.sent_before {
                    Some(before) => user.sent_at.insert(ticket.destination, before),
                    None => user.sent_at.remove(&ticket.destination),
                };
            }
        }
        if self.rules.failed_send_is_taken_back {
            self.take_back(&ticket.target, &ticket.attempt, ticket.replaced);
        }
        Err(Refused::because(
            Refusal::GatewayFailed,
            "the message could not be sent; try again",
        ))
    }

    fn is_proved(&self, target: &Target) -> bool {
        match target {
            Target::Enrollment(id) => {
                let enrollment = self.state.enrollments.get(id);
                enrollment.is_some_and(|one| one.method_id.is_some())
            }
            Target::Challenge(id) => {
                let challenge = self.state.challenges.get(id);
                challenge.is_some_and(|one| one.attempt.outcome == Outcome::Verified)
            }
        }
    }

    fn take_back(&mut self, target: &Target, attempt: &str, replaced: Option<Replaced>) {
        match (target, replaced) {
            (Target::Enrollment(id), None) => {
                self.state.enrollments.remove(id);
            }
            (Target::Enrollment(id), Some(before)) => {
                if let Some(record) = self.state.enrollments.get_mut(id) {
                    let current = record.attempt.as_ref();
                    if current.is_some_and(|one| one.id == attempt) && record.closed.is_none() {
                        record.attempt = before.attempt;
                        record.page = before.page;
                    }
                }
            }
            (Target::Challenge(id), _) => {
                self.state.challenges.remove(id);
            }
        }
        let notifications = &mut self.state.notifications;
        notifications.retain(|_, one| one.attempt != attempt);
        let calls = self.state.calls.iter();
        let calls = calls.filter(|(_, call)| call.attempt == attempt);
        let calls: Vec<String> = calls.map(|(id, _)| id.clone()).collect();
        for id in calls {
            self.state.calls.remove(&id);
            self.state.doors.close_for(Door::Call, &id);
        }
    }

    /// Kills what a send makes obsolete: other setups of the same method, other challenges of the same method and use.
    pub(crate) fn kill_older(&mut self, target: &Target) {
        if !self.rules.newer_code_kills_older {
            return;
        }
        match target {
            Target::Enrollment(id) => {
                let Some(newest) = self.state.enrollments.get(id) else {
                    return;
                };
                let (user, method) = (newest.user.clone(), newest.method);
                for one in self.state.enrollments.values_mut() {
                    if one.id != *id && one.user == user && one.method == method {
                        one.cancel();
                    }
                }
            }
            Target::Challenge(id) => {
                let Some(newest) = self.state.challenges.get(id) else {
                    return;
                };
                let (owner, user) = (newest.owner.clone(), newest.user.clone());
                let method_id = newest.method_id.clone();
                for one in self.state.challenges.values_mut() {
                    let same = one.user == user && one.method_id == method_id;
                    if one.id != *id && same && one.owner.same_use(&owner) {
                        one.attempt.cancel();
                    }
                }
            }
        }
    }
}
