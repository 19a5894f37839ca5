//! What leaves by the gateways: codes, calls, notifications, inboxes, and how each gateway behaves.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proofup_domain::command::GatewayBehaviour;
use proofup_domain::expect::Pattern;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::Channel;

use super::StepContext;
use super::expected::Told;
use super::records::{CodeUse, Destination, ProofSubject};

/// Everything that was sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Outbox {
    behaviours: BTreeMap<Channel, GatewayBehaviour>,
    pub(super) codes: Vec<SentCode>,
    pub(super) signals: Vec<CallOrNotification>,
    inboxes: BTreeMap<(Channel, Destination), InboxCount>,
    held: Vec<HeldMessage>,
}

/// A code that was sent; its digits are not modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SentCode {
    pub(super) id: u32,
    pub(super) thing: ProofSubject,
    pub(super) account: usize,
    pub(super) purpose: CodeUse,
    pub(super) method: Method,
    /// Somebody could read it.
    pub(super) delivered: bool,
}

/// A call or a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallOrNotification {
    pub(super) channel: Channel,
    pub(super) thing: ProofSubject,
    pub(super) holder: usize,
    pub(super) since: Timestamp,
    /// It rang, or showed.
    pub(super) delivered: bool,
    pub(super) answered: bool,
    /// A newer one was sent for the same thing.
    pub(super) superseded: bool,
    /// The provider told its end after its time was over: whether that still counts is not said.
    pub(super) ended_late: bool,
}

/// Counts what an inbox got since it was last looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct InboxCount {
    pub(super) count: u32,
}

#[derive(Debug, Clone, PartialEq)]
struct HeldMessage {
    channel: Channel,
    inbox: Destination,
    code: Option<u32>,
    signal: Option<usize>,
}

/// What is to be sent.
#[derive(Debug, Clone)]
pub(super) struct OutgoingMessage {
    /// Whose account it is about.
    pub(super) account: usize,
    /// Who reads it.
    pub(super) holder: usize,
    pub(super) destination: Destination,
    pub(super) kind: ChallengeKind,
    pub(super) purpose: CodeUse,
    pub(super) method: Method,
}

impl Outbox {
    /// Lists the codes that were received for a thing, oldest first.
    pub(super) fn received_for(&self, thing: ProofSubject) -> impl Iterator<Item = &SentCode> {
        self.codes
            .iter()
            .filter(move |sent| sent.delivered && sent.thing == thing)
    }

    pub(super) fn behave(&mut self, channel: Channel, behaviour: GatewayBehaviour) {
        self.behaviours.insert(channel, behaviour);
    }

    fn behaviour(&self, channel: Channel) -> GatewayBehaviour {
        let told = self.behaviours.get(&channel).copied();
        told.unwrap_or(GatewayBehaviour::Deliver)
    }

    /// Hands out what a gateway held back.
    pub(super) fn release(&mut self, channel: Channel) {
        let held = std::mem::take(&mut self.held);
        for message in held {
            if message.channel == channel {
                self.deliver(&message, 1);
            } else {
                self.held.push(message);
            }
        }
    }

    fn deliver(&mut self, message: &HeldMessage, copies: u32) {
        if let Some(code) = message.code
            && let Some(sent) = self.codes.iter_mut().find(|sent| sent.id == code)
        {
            sent.delivered = true;
        }
        if let Some(signal) = message.signal {
            self.signals[signal].delivered = true;
        }
        let key = (message.channel, message.inbox.clone());
        self.inboxes.entry(key).or_default().count += copies;
    }

    /// Looks into an inbox: what came since it was last looked into.
    pub(super) fn look(&mut self, channel: Channel, inbox: Destination) -> InboxCount {
        self.inboxes.remove(&(channel, inbox)).unwrap_or_default()
    }

    pub(super) fn forget_inboxes(&mut self) {
        self.inboxes.clear();
    }
}

/// Returns the channel of a kind, or none if nothing is sent.
pub(super) const fn channel(kind: ChallengeKind) -> Option<Channel> {
    match kind {
        ChallengeKind::AppNotification => Some(Channel::Push),
        ChallengeKind::TextMessage => Some(Channel::Sms),
        ChallengeKind::VoiceCall => Some(Channel::Voice),
        ChallengeKind::EmailCode => Some(Channel::Email),
        ChallengeKind::AppCode | ChallengeKind::Answers => None,
    }
}

/// Returns the inbox of a channel: notifications are looked at by person, the rest by address or number.
pub(super) fn inbox(channel: Channel, holder: usize, destination: &Destination) -> Destination {
    if channel == Channel::Push {
        Destination::Line(format!("push/{holder}").into())
    } else {
        destination.clone()
    }
}

impl StepContext {
    /// Refuses to send too soon after the last time, or where the gateway fails; nothing is changed by either.
    ///
    /// To what was perhaps sent to, sending is too soon or not: that is a matter of reading.
    pub(super) fn can_send(&mut self, message: &OutgoingMessage) -> Result<(), Told> {
        let Some(channel) = channel(message.kind) else {
            return Ok(());
        };
        let person = self.person(message.account);
        let surely = self.seconds_left(&person.sent, &message.destination);
        let perhaps = self.seconds_left(&person.perhaps_sent, &message.destination);
        let left = surely.or_else(|| perhaps.filter(|_| self.reading()));
        if let Some(seconds) = left {
            return Err(Told::refused_with(
                Refusal::Throttled,
                "retryAfter",
                Pattern::Number(seconds.into()),
            )
            .serving("CODE-8"));
        }
        match self.state.outbox.behaviour(channel) {
            GatewayBehaviour::Deliver
            | GatewayBehaviour::Hold
            | GatewayBehaviour::Drop
            | GatewayBehaviour::Duplicate => Ok(()),
            GatewayBehaviour::Answer4xx
            | GatewayBehaviour::Answer5xx
            | GatewayBehaviour::Hang
            | GatewayBehaviour::Reset
            | GatewayBehaviour::Dead => {
                Err(Told::refused(Refusal::GatewayFailed).serving("GATE-1"))
            }
        }
    }

    /// Returns how long sending to a destination still is too soon, in seconds rounded up; none: it is not.
    fn seconds_left(&self, sent: &[(Destination, Timestamp)], to: &Destination) -> Option<i64> {
        let interval = SignedDuration::from_secs(self.limits().resend_seconds.into());
        let (_, last) = sent.iter().find(|(line, _)| line == to)?;
        let left = interval.saturating_sub(self.now.duration_since(*last));
        left.is_positive()
            .then(|| left.as_secs() + i64::from(left.subsec_nanos() > 0))
    }

    /// Returns whether sending is too soon by any reading.
    pub(super) fn is_surely_too_soon(&self, message: &OutgoingMessage) -> bool {
        let sent = &self.person(message.account).sent;
        self.seconds_left(sent, &message.destination).is_some()
    }

    /// Remembers that one of several destinations was sent to now, and that no answer told which.
    pub(super) fn sent_to_one_of(&mut self, account: usize, several: &[Destination]) {
        let now = self.now;
        let person = self.person_mut(account);
        person.sent.retain(|(line, _)| !several.contains(line));
        person
            .perhaps_sent
            .retain(|(line, _)| !several.contains(line));
        let perhaps = several.iter().map(|line| (line.clone(), now));
        person.perhaps_sent.extend(perhaps);
    }

    /// Sends what [`Self::can_send`] let pass, and returns the number of the code if it holds one.
    pub(super) fn send(&mut self, outgoing: &OutgoingMessage, thing: ProofSubject) -> Option<u32> {
        let channel = channel(outgoing.kind)?;
        let now = self.now;
        let sent = &mut self.person_mut(outgoing.account).sent;
        sent.retain(|(line, _)| *line != outgoing.destination);
        sent.push((outgoing.destination.clone(), now));
        let outbox = self.outbox_mut();
        let mut message = HeldMessage {
            channel,
            inbox: inbox(channel, outgoing.holder, &outgoing.destination),
            code: None,
            signal: None,
        };
        if matches!(channel, Channel::Sms | Channel::Email) {
            let id = u32::try_from(outbox.codes.len()).unwrap_or(u32::MAX);
            message.code = Some(id);
            outbox.codes.push(SentCode {
                id,
                thing,
                account: outgoing.account,
                purpose: outgoing.purpose,
                method: outgoing.method,
                delivered: false,
            });
        } else {
            for older in outbox
                .signals
                .iter_mut()
                .filter(|older| older.thing == thing)
            {
                older.superseded = true;
            }
            message.signal = Some(outbox.signals.len());
            outbox.signals.push(CallOrNotification {
                channel,
                thing,
                holder: outgoing.holder,
                since: now,
                delivered: false,
                answered: false,
                superseded: false,
                ended_late: false,
            });
        }
        let code = message.code;
        match outbox.behaviour(channel) {
            GatewayBehaviour::Deliver => outbox.deliver(&message, 1),
            GatewayBehaviour::Duplicate => outbox.deliver(&message, 2),
            GatewayBehaviour::Hold => outbox.held.push(message),
            GatewayBehaviour::Drop
            | GatewayBehaviour::Answer4xx
            | GatewayBehaviour::Answer5xx
            | GatewayBehaviour::Hang
            | GatewayBehaviour::Reset
            | GatewayBehaviour::Dead => {}
        }
        code
    }
}
