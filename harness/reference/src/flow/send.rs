//! Sending: planned under the lock, delivered without it, kept or taken back under it again.
//!
//! Records stand before anything is sent, so that a callback that is faster than the provider's answer finds them. A send that
//! fails leaves everything as it was, the throttle included. Requirement: `GATE-1`.

use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::method::ChallengeKind;
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use proofup_domain::state::SetupPage;

use crate::address::EmailAddress;
use crate::delivery::{GatewayConfig, GatewayFailure, Outgoing};
use crate::phone::PhoneNumber;
use crate::record::{
    AttemptOutcome, AttemptRecord, Call, CallbackTarget, ExpectedProof, Notification,
};
use crate::refused::Refused;
use crate::rules::Rules;
use crate::tenant::{OpenRecord, Turn};
use crate::time::{later, runs, seconds_until};
use crate::tokens::TokenKind;

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
    /// How often `outgoing` is handed to the gateway: once, if no rule says otherwise.
    pub(crate) copies: usize,
    /// The same for an archive. Requirement: `MAIL-1`.
    pub(crate) archived: Option<Outgoing>,
    pub(crate) gateways: Arc<GatewayConfig>,
    pub(crate) outgoing: Outgoing,
    pub(crate) ticket: Ticket,
}

/// What is needed to keep a planned send or to take it back.
#[derive(Debug)]
pub(crate) struct Ticket {
    target: CallbackTarget,
    attempt: String,
    user: String,
    destination: String,
    sent_before: Option<Timestamp>,
    /// The record that a callback will look for.
    callback: Option<CallbackRecord>,
    /// The attempt that the new one replaced, or none if the target itself is new.
    replaced: Option<Replaced>,
}

/// The record that a callback will look for.
#[derive(Debug)]
enum CallbackRecord {
    Call(String),
    Notification(String),
}

/// What is to be sent, and what will prove.
#[derive(Debug)]
struct PreparedSend {
    expected: ExpectedProof,
    shown: Option<Secret>,
    outgoing: Outgoing,
    callback: Option<CallbackRecord>,
}

/// What a new attempt took the place of.
#[derive(Debug)]
struct Replaced {
    attempt: Option<AttemptRecord>,
    page: SetupPage,
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

    /// Returns the kind by which it proves, and for how many seconds it lives.
    fn kind_and_life(&self, rules: &Rules) -> (ChallengeKind, u32) {
        let limits = &rules.limits;
        match self {
            Self::Text(_) => (ChallengeKind::TextMessage, limits.code_seconds),
            Self::Mail(_) => (ChallengeKind::EmailCode, limits.code_seconds),
            Self::Call(_) => (ChallengeKind::VoiceCall, limits.call_seconds),
            Self::Device(_) => (ChallengeKind::AppNotification, limits.notification_seconds),
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

    /// Counts a send for the throttle, and returns the entry that was there before.
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
        target: CallbackTarget,
        recipient: Recipient,
    ) -> Result<(AttemptRecord, Sending), Refused> {
        let destination = recipient.normalised();
        let is_setup = matches!(target, CallbackTarget::Enrollment(_));
        if is_setup || self.rules.throttles_challenges {
            self.check_throttle(user, &destination)?;
        }
        let id = self.state.random.id();
        let masked = recipient.masked();
        let (kind, seconds) = recipient.kind_and_life(self.rules);
        let mut prepared = self.prepare(recipient, &target, &id, seconds)?;
        let is_new = match target {
            CallbackTarget::Enrollment(_) => self.rules.each_code_is_new,
            CallbackTarget::Challenge(_) => self.rules.each_challenge_code_is_new,
        };
        if !is_new {
            self.repeat_code(format!("{user} {is_setup} {destination}"), &mut prepared);
        }
        let sent_before = self.count_send(user, &destination);
        let shows = self.rules.shows_codes || self.rules.codes_in_headers;
        let attempt = AttemptRecord {
            id: id.clone(),
            kind,
            expected: prepared.expected,
            destination: masked,
            expires_at: later(self.code_clock(), seconds),
            tries_left: self.rules.limits.code_tries,
            outcome: AttemptOutcome::Open,
            shown: prepared.shown.filter(|_| shows),
        };
        let ticket = Ticket {
            target,
            attempt: id,
            user: user.to_owned(),
            destination,
            sent_before,
            callback: prepared.callback,
            replaced: None,
        };
        let copies = self.rules.copies.filter(|(sent, _)| *sent == kind);
        let sending = Sending {
            copies: copies.map_or(1, |(_, copies)| copies),
            archived: self.archived(&prepared.outgoing),
            gateways: Arc::clone(&self.state.gateways),
            outgoing: prepared.outgoing,
            ticket,
        };
        Ok((attempt, sending))
    }

    /// Puts the code that was sent before for the same purpose in the place of the one that was drawn.
    fn repeat_code(&mut self, purpose: String, prepared: &mut PreparedSend) {
        let (Outgoing::Text { code, .. } | Outgoing::Mail { code, .. }) = &mut prepared.outgoing
        else {
            return;
        };
        let by_purpose = &mut self.state.codes_by_purpose;
        let before = by_purpose.entry(purpose).or_insert_with(|| code.clone());
        *code = before.clone();
        let digest = self.state.keyed.digest("code", code.expose());
        prepared.expected = ExpectedProof::Code(digest);
        prepared.shown = Some(code.clone());
    }

    /// Draws what is sent, and makes the record that a callback will look for.
    fn prepare(
        &mut self,
        recipient: Recipient,
        target: &CallbackTarget,
        attempt: &str,
        seconds: u32,
    ) -> Result<PreparedSend, Refused> {
        let organisation = self.state.display_name.clone();
        match recipient {
            Recipient::Text(to) => Ok(self.prepare_code(|code| Outgoing::Text {
                to,
                organisation,
                code,
            })),
            Recipient::Mail(to) => {
                let named = Some(organisation).filter(|_| self.rules.mail_names_organisation);
                let to = self.mailbox(to);
                Ok(self.prepare_code(|code| Outgoing::Mail {
                    to,
                    organisation: named.unwrap_or_default(),
                    code,
                }))
            }
            Recipient::Call(to) => {
                Ok(self.prepare_call(to, organisation, target, attempt, seconds))
            }
            Recipient::Device(device) => {
                self.prepare_push(device, organisation, target, attempt, seconds)
            }
        }
    }

    /// Returns the address that mail goes to: the one that was typed. Requirement: `MAIL-1`.
    fn mailbox(&self, typed: EmailAddress) -> EmailAddress {
        if self.rules.drops_address_tags {
            typed.without_tag()
        } else {
            typed
        }
    }

    /// Returns the copy of a mail that an archive gets, where one gets any. Requirement: `MAIL-1`.
    fn archived(&self, outgoing: &Outgoing) -> Option<Outgoing> {
        let archive = EmailAddress::parse(self.rules.mail_archive?).ok()?;
        match outgoing.clone() {
            Outgoing::Mail {
                organisation, code, ..
            } => Some(Outgoing::Mail {
                to: archive,
                organisation,
                code,
            }),
            _ => None,
        }
    }

    /// Reads the clock by which codes end.
    fn code_clock(&self) -> Timestamp {
        if self.rules.codes_mind_tenant_clock {
            self.now
        } else {
            self.state.machine.now()
        }
    }

    /// Draws a code; a rule may have it be the one before and one.
    fn draw_code(&mut self) -> Secret {
        let digits = self.rules.limits.code_length;
        let drawn = self.state.random.code(digits);
        if self.rules.codes_are_drawn {
            return drawn;
        }
        let first = || drawn.expose().parse().unwrap_or_default();
        let last = self.state.last_code.map_or_else(first, |last| last + 1);
        self.state.last_code = Some(last);
        let code = last % 10_u64.pow(digits);
        let width = drawn.expose().len();
        Secret::new(format!("{code:0width$}"))
    }

    fn prepare_code(&mut self, outgoing: impl FnOnce(Secret) -> Outgoing) -> PreparedSend {
        let drawn = self.draw_code();
        let code = if self.rules.codes_are_unbiased {
            drawn
        } else {
            let even = drawn.expose().chars().map(|digit| match digit {
                '9' => '0',
                other => other,
            });
            Secret::new(even.collect::<String>())
        };
        let digest = self.state.keyed.digest("code", code.expose());
        PreparedSend {
            expected: ExpectedProof::Code(digest),
            shown: Some(code.clone()),
            outgoing: outgoing(code),
            callback: None,
        }
    }

    fn prepare_call(
        &mut self,
        to: PhoneNumber,
        organisation: String,
        target: &CallbackTarget,
        attempt: &str,
        seconds: u32,
    ) -> PreparedSend {
        let call_id = self.state.random.id();
        let secret = self.state.random.token();
        let call = Call {
            secret: self.state.keyed.digest("call", secret.expose()),
            target: target.clone(),
            attempt: attempt.to_owned(),
            answered: false,
            kept_until: self.kept_until(seconds),
        };
        self.state.calls.insert(call_id.as_str().into(), call);
        self.keep(OpenRecord::Call(call_id.as_str().into()));
        self.state
            .tokens
            .insert(TokenKind::Call, &call_id, call_id.as_str());
        let outgoing = Outgoing::Call {
            to,
            organisation,
            call_id: call_id.clone(),
            secret,
            instructs: self.rules.call_instructs,
        };
        PreparedSend {
            expected: ExpectedProof::Callback,
            shown: None,
            outgoing,
            callback: Some(CallbackRecord::Call(call_id)),
        }
    }

    fn prepare_push(
        &mut self,
        device_id: String,
        organisation: String,
        target: &CallbackTarget,
        attempt: &str,
        seconds: u32,
    ) -> Result<PreparedSend, Refused> {
        let Some(device) = self.state.devices.get(device_id.as_str()) else {
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
        notifications.insert(notification_id.as_str().into(), notification);
        self.keep(OpenRecord::Notification(notification_id.as_str().into()));
        let outgoing = Outgoing::Push {
            token,
            notification_id: notification_id.clone(),
            device_id,
            organisation,
        };
        Ok(PreparedSend {
            expected: ExpectedProof::Callback,
            shown: None,
            outgoing,
            callback: Some(CallbackRecord::Notification(notification_id)),
        })
    }

    /// Plans a send within a setup that goes on, and puts the new attempt in the place of the old.
    pub(crate) fn plan_again(
        &mut self,
        enrollment: &str,
        recipient: Recipient,
        page: SetupPage,
    ) -> Result<Sending, Refused> {
        let Some(record) = self.state.enrollments.get(enrollment) else {
            return Err(Refusal::NotFound.into());
        };
        let user = record.user.clone();
        let target = CallbackTarget::Enrollment(enrollment.into());
        let (mut attempt, mut sending) = self.plan(&user, target, recipient)?;
        let before = self.state.enrollments.get(enrollment);
        let before = before.and_then(|record| record.attempt.as_ref());
        if let Some(before) = before.filter(|_| !self.rules.new_codes_have_new_tries) {
            attempt.tries_left = before.tries_left;
        }
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
            let sent_at = &mut self.state.users.get_mut(ticket.user.as_str());
            if let Some(user) = sent_at {
                match ticket.sent_before {
                    Some(before) => user.sent_at.insert(ticket.destination.clone(), before),
                    None => user.sent_at.remove(&ticket.destination),
                };
            }
        }
        if self.rules.failed_send_is_taken_back {
            self.take_back(ticket);
        }
        Err(Refused::because(
            Refusal::GatewayFailed,
            "the message could not be sent; try again",
        ))
    }

    fn is_proved(&self, target: &CallbackTarget) -> bool {
        match target {
            CallbackTarget::Enrollment(id) => {
                let enrollment = self.state.enrollments.get(id);
                enrollment.is_some_and(|one| one.method_id.is_some())
            }
            CallbackTarget::Challenge(id) => {
                let challenge = self.state.challenges.get(id);
                challenge.is_some_and(|one| one.attempt.outcome == AttemptOutcome::Verified)
            }
        }
    }

    fn take_back(&mut self, ticket: Ticket) {
        let Ticket {
            attempt, callback, ..
        } = ticket;
        match (&ticket.target, ticket.replaced) {
            (CallbackTarget::Enrollment(id), None) => {
                self.state.enrollments.remove(id);
            }
            (CallbackTarget::Enrollment(id), Some(before)) => {
                if let Some(record) = self.state.enrollments.get_mut(id) {
                    let current = record.attempt.as_ref();
                    if current.is_some_and(|one| one.id == attempt) && record.closed.is_none() {
                        record.attempt = before.attempt;
                        record.page = before.page;
                    }
                }
            }
            (CallbackTarget::Challenge(id), _) => {
                self.state.challenges.remove(id);
            }
        }
        match callback {
            Some(CallbackRecord::Call(id)) => {
                self.state.calls.remove(id.as_str());
                self.state.tokens.remove_for(TokenKind::Call, &id);
            }
            Some(CallbackRecord::Notification(id)) => {
                self.state.notifications.remove(id.as_str());
            }
            None => {}
        }
    }

    /// Kills what a send makes obsolete: older setups of the same method, older challenges of the same method and use.
    ///
    /// What was begun while the gateway still thought about this one is newer, and stays.
    pub(crate) fn kill_older(&mut self, target: &CallbackTarget) {
        if !self.rules.newer_code_kills_older {
            return;
        }
        match target {
            CallbackTarget::Enrollment(id) => {
                let Some(newest) = self.state.enrollments.get(id) else {
                    return;
                };
                let (user, method) = (newest.user.clone(), newest.method);
                let mut older = self.user(&user).enrollments.contains(id);
                self.each_enrollment(&user, |one| {
                    older &= one.id != *id;
                    if older && one.method == method {
                        one.cancel();
                    }
                });
            }
            CallbackTarget::Challenge(_) if !self.rules.newer_challenge_kills_older => {}
            CallbackTarget::Challenge(id) => {
                let Some(newest) = self.state.challenges.get(id) else {
                    return;
                };
                let (owner, user) = (newest.owner.clone(), newest.user.clone());
                let method_id = newest.method_id.clone();
                let mut older = self.user(&user).challenges.contains(id);
                self.each_challenge(&user, |one| {
                    let same = one.method_id == method_id && one.owner.same_use(&owner);
                    older &= one.id != *id;
                    if older && same {
                        one.attempt.cancel();
                    }
                });
            }
        }
    }
}
