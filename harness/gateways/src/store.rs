//! The inboxes: everything that was accepted, and what of it was delivered, per channel and destination.
//!
//! Two orders exist and both are kept. *Acceptance* is the order in which the implementation handed messages over
//! ([`Message::seq`]); *delivery* is the order in which people see them, which holding and releasing changes. Both draw
//! from one counter, so one [`Cursor`] cuts through both: what was delivered before it is never read again, and what was
//! held before it and released after it is new to the reader, as it is to a person.
//!
//! Both lists are bounded; the oldest go first, and [`Inboxes::evicted`] counts them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use proofup_domain::state::Channel;
use tokio::sync::watch;

use crate::message::{Cursor, Message};

/// The messages that the providers accepted. Clones share the same inboxes.
#[derive(Debug, Clone)]
pub struct Inboxes(Arc<InboxesInner>);

#[derive(Debug)]
struct InboxesInner {
    /// Receives what is delivered, if nothing is to be kept.
    sink: Option<MessageSink>,
    state: Mutex<StoreState>,
    /// Wakes those who wait for a delivery; the value is the counter at that time.
    delivered: watch::Sender<u64>,
}

/// Takes delivered messages one by one, on the task that served their request.
#[derive(Clone)]
struct MessageSink(Arc<dyn Fn(Message) + Send + Sync>);

impl std::fmt::Debug for MessageSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Taker")
    }
}

#[derive(Debug)]
struct StoreState {
    capacity: usize,
    counter: u64,
    evicted: u64,
    accepted: VecDeque<Accepted>,
    /// Deliveries of each inbox, oldest first.
    inboxes: BTreeMap<InboxKey, VecDeque<Delivery>>,
    /// The inbox of each delivery, oldest first: which one to shorten when there are too many.
    order: VecDeque<InboxKey>,
    rejected: VecDeque<Rejected>,
}

/// The key of an inbox: the channel and the normalised destination.
type InboxKey = (Channel, String);

#[derive(Debug, Clone)]
struct Delivery {
    at: u64,
    message: Arc<Message>,
}

/// One accepted message and what became of it.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The message.
    pub message: Arc<Message>,
    /// What became of it.
    pub fate: MessageFate,
}

/// What a provider did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageFate {
    /// It is in the inbox, once or twice.
    Delivered,
    /// It waits for its release.
    Held,
    /// It was taken and lost.
    Dropped,
    /// It was read and refused: an error answer, no answer, or a broken connection.
    Refused,
}

/// A request that no provider understands, kept so that a person can see why.
#[derive(Clone)]
pub struct Rejected {
    /// The place in the order of events.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// The channel, where the path or protocol told it.
    pub channel: Option<Channel>,
    /// The request line: method and path, or the SMTP command's name.
    pub request: String,
    /// The status that was answered.
    pub status: u16,
    /// Why, in words; never a value of the request.
    pub reason: String,
    /// The beginning of the body, at most 4 KiB. `Debug` does not show it: it may hold a code.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Rejected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rejected")
            .field("seq", &self.seq)
            .field("channel", &self.channel)
            .field("request", &self.request)
            .field("status", &self.status)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// The error for a message that did not come in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no message by {channel} within {}", milliseconds(*.waited))]
pub struct NoMessage {
    /// The channel.
    pub channel: Channel,
    /// How long the wait was.
    pub waited: Duration,
}

fn milliseconds(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}

/// Bounds the beginning of a rejected body, in bytes.
const REJECTED_BODY: usize = 4 * 1024;

/// Bounds how many rejected requests are kept.
const REJECTED_KEPT: usize = 256;

/// The default limit of the number of messages kept.
pub const DEFAULT_CAPACITY: usize = 16 * 1024;

impl Default for Inboxes {
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

impl Inboxes {
    /// Makes empty inboxes that keep at most `capacity` messages (at least one) in all.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::make(capacity, None)
    }

    /// Makes inboxes that keep nothing: each delivered message is given to `sink` at once, before its provider answers.
    ///
    /// For load, where a message is read once, by whoever waits for it, and memory has to stay flat. What is held, dropped
    /// or refused is not kept either, so it cannot be released later.
    #[must_use]
    pub fn with_sink(sink: impl Fn(Message) + Send + Sync + 'static) -> Self {
        Self::make(1, Some(MessageSink(Arc::new(sink))))
    }

    fn make(capacity: usize, sink: Option<MessageSink>) -> Self {
        Self(Arc::new(InboxesInner {
            sink,
            state: Mutex::new(StoreState {
                capacity: capacity.max(1),
                counter: 0,
                evicted: 0,
                accepted: VecDeque::new(),
                inboxes: BTreeMap::new(),
                order: VecDeque::new(),
                rejected: VecDeque::new(),
            }),
            delivered: watch::Sender::new(0),
        }))
    }

    /// Marks the end of everything accepted and delivered so far.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor(self.lock().counter)
    }

    /// Reads what was delivered after the cursor, in order of delivery.
    #[must_use]
    pub fn since(&self, after: Cursor, channel: Channel, destination: &str) -> Vec<Arc<Message>> {
        self.read(after, channel, destination).0
    }

    /// Reads what was delivered after the cursor, and the cursor to go on from: nothing is missed or read twice.
    #[must_use]
    pub fn read(
        &self,
        after: Cursor,
        channel: Channel,
        destination: &str,
    ) -> (Vec<Arc<Message>>, Cursor) {
        let key = (channel, normalised(channel, destination));
        let state = self.lock();
        let messages = state.inboxes.get(&key).map_or_else(Vec::new, |inbox| {
            let first = inbox.partition_point(|delivery| delivery.at <= after.0);
            inbox
                .range(first..)
                .map(|d| Arc::clone(&d.message))
                .collect()
        });
        (messages, Cursor(state.counter))
    }

    /// Waits for the first message that is delivered after the cursor.
    ///
    /// # Errors
    ///
    /// [`NoMessage`] once `deadline` (wall time from now) has passed.
    pub async fn wait(
        &self,
        after: Cursor,
        channel: Channel,
        destination: &str,
        deadline: Duration,
    ) -> Result<Arc<Message>, NoMessage> {
        if deadline.is_zero() {
            // A timer rounds up to a millisecond.
            let found = self.since(after, channel, destination).into_iter().next();
            return found.ok_or(NoMessage {
                channel,
                waited: deadline,
            });
        }
        let mut delivered = self.0.delivered.subscribe();
        let first = async {
            loop {
                delivered.mark_unchanged();
                if let Some(message) = self.since(after, channel, destination).into_iter().next() {
                    return Some(message);
                }
                if delivered.changed().await.is_err() {
                    return None;
                }
            }
        };
        match tokio::time::timeout(deadline, first).await {
            Ok(Some(message)) => Ok(message),
            Ok(None) | Err(_) => Err(NoMessage {
                channel,
                waited: deadline,
            }),
        }
    }

    /// Lists what was accepted after the cursor for a destination, also what was held, dropped or refused, in order of
    /// acceptance.
    #[must_use]
    pub fn accepted(&self, after: Cursor, channel: Channel, destination: &str) -> Vec<Accepted> {
        let destination = normalised(channel, destination);
        self.lock()
            .accepted
            .iter()
            .filter(|entry| {
                entry.message.seq > after.0
                    && entry.message.channel == channel
                    && normalised(channel, &entry.message.destination) == destination
            })
            .cloned()
            .collect()
    }

    /// Lists everything that was accepted and is still kept, in order of acceptance: where a search for secrets looks.
    #[must_use]
    pub fn all(&self) -> Vec<Accepted> {
        self.lock().accepted.iter().cloned().collect()
    }

    /// Lists the requests that no provider understood, oldest first.
    #[must_use]
    pub fn rejected(&self) -> Vec<Rejected> {
        self.lock().rejected.iter().cloned().collect()
    }

    /// Counts the messages that were forgotten to keep within the bound.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.lock().evicted
    }

    /// Accepts a message, delivers it `copies` times and returns its place in the order of acceptance.
    ///
    /// With no copies `fate` says what became of it; with some it is [`MessageFate::Delivered`].
    pub(crate) fn accept(&self, mut message: Message, fate: MessageFate, copies: usize) -> u64 {
        let mut state = self.lock();
        state.counter += 1;
        message.seq = state.counter;
        if let Some(MessageSink(take)) = &self.0.sink {
            drop(state);
            let seq = message.seq;
            for _ in 1..copies {
                take(message.clone());
            }
            if copies > 0 {
                take(message);
            }
            return seq;
        }
        let message = Arc::new(message);
        let fate = if copies > 0 {
            MessageFate::Delivered
        } else {
            fate
        };
        state.accepted.push_back(Accepted {
            message: Arc::clone(&message),
            fate,
        });
        if state.accepted.len() > state.capacity {
            state.accepted.pop_front();
            state.evicted += 1;
        }
        for _ in 0..copies {
            state.deliver(Arc::clone(&message));
        }
        let now = state.counter;
        drop(state);
        if copies > 0 {
            self.0.delivered.send_replace(now);
        }
        message.seq
    }

    /// Delivers what is held on a channel, in order of acceptance or in reverse, and returns how many messages that were.
    pub(crate) fn release(&self, channel: Channel, reversed: bool) -> usize {
        let mut state = self.lock();
        let mut held: Vec<Arc<Message>> = state
            .accepted
            .iter_mut()
            .filter(|entry| entry.fate == MessageFate::Held && entry.message.channel == channel)
            .map(|entry| {
                entry.fate = MessageFate::Delivered;
                Arc::clone(&entry.message)
            })
            .collect();
        if reversed {
            held.reverse();
        }
        let released = held.len();
        for message in held {
            state.deliver(message);
        }
        let now = state.counter;
        drop(state);
        if released > 0 {
            self.0.delivered.send_replace(now);
        }
        released
    }

    /// Keeps a request that no provider understands.
    pub(crate) fn reject(&self, mut rejected: Rejected) {
        let mut state = self.lock();
        state.counter += 1;
        rejected.seq = state.counter;
        rejected.body.truncate(REJECTED_BODY);
        state.rejected.push_back(rejected);
        if state.rejected.len() > REJECTED_KEPT {
            state.rejected.pop_front();
        }
    }

    /// Returns whether nothing is kept here ([`Self::with_sink`]).
    pub(crate) fn has_sink(&self) -> bool {
        self.0.sink.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, StoreState> {
        // No invariant spans a panic: every method leaves the state whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreState {
    fn deliver(&mut self, message: Arc<Message>) {
        self.counter += 1;
        let key = (
            message.channel,
            normalised(message.channel, &message.destination),
        );
        self.order.push_back(key.clone());
        self.inboxes.entry(key).or_default().push_back(Delivery {
            at: self.counter,
            message,
        });
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
            && let Some(inbox) = self.inboxes.get_mut(&oldest)
        {
            inbox.pop_front();
            if inbox.is_empty() {
                self.inboxes.remove(&oldest);
            }
        }
    }
}

/// Brings a destination into the form by which an inbox is found.
///
/// Numbers lose everything but `+` and digits; addresses lose their case and get an ASCII domain; push tokens stay as they
/// are. [`Message::destination`] keeps what was given, so a check of exactness still sees it.
#[must_use]
pub fn normalised(channel: Channel, destination: &str) -> String {
    match channel {
        Channel::Sms | Channel::Voice => destination
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == '+')
            .collect(),
        Channel::Email => {
            let address = destination.trim().to_lowercase();
            match address.rsplit_once('@') {
                Some((local, domain)) => match idna::domain_to_ascii(domain) {
                    Ok(ascii) => format!("{local}@{ascii}"),
                    Err(_) => address,
                },
                None => address,
            }
        }
        Channel::Push => destination.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_to(destination: &str, text: &str) -> Message {
        Message {
            seq: 0,
            channel: Channel::Sms,
            destination: destination.to_owned(),
            from: None,
            subject: None,
            text: text.to_owned(),
            headers: BTreeMap::new(),
            raw: Vec::new(),
            at: Timestamp::UNIX_EPOCH,
            call: None,
            push: None,
        }
    }

    fn texts(messages: &[Arc<Message>]) -> Vec<&str> {
        messages
            .iter()
            .map(|message| message.text.as_str())
            .collect()
    }

    const ALICE: &str = "+31612345678";

    #[test]
    fn what_was_delivered_before_the_cursor_is_never_read() {
        let inboxes = Inboxes::default();
        inboxes.accept(text_to(ALICE, "old"), MessageFate::Dropped, 1);
        let cursor = inboxes.cursor();
        assert!(inboxes.since(cursor, Channel::Sms, ALICE).is_empty());
        inboxes.accept(text_to(ALICE, "new"), MessageFate::Dropped, 1);
        let (read, next) = inboxes.read(cursor, Channel::Sms, ALICE);
        assert_eq!(texts(&read), ["new"]);
        assert!(inboxes.since(next, Channel::Sms, ALICE).is_empty());
    }

    #[test]
    fn a_held_message_is_new_when_it_is_released_and_keeps_its_place_of_acceptance() {
        let inboxes = Inboxes::default();
        let first = inboxes.accept(text_to(ALICE, "first"), MessageFate::Held, 0);
        let second = inboxes.accept(text_to(ALICE, "second"), MessageFate::Held, 0);
        let cursor = inboxes.cursor();
        assert!(
            inboxes
                .since(Cursor::default(), Channel::Sms, ALICE)
                .is_empty()
        );
        assert_eq!(inboxes.release(Channel::Voice, false), 0);
        assert_eq!(inboxes.release(Channel::Sms, true), 2);
        let read = inboxes.since(cursor, Channel::Sms, ALICE);
        assert_eq!(texts(&read), ["second", "first"]);
        assert_eq!([read[0].seq, read[1].seq], [second, first]);
        assert_eq!(inboxes.release(Channel::Sms, false), 0);
    }

    #[test]
    fn inboxes_that_hand_over_keep_nothing_and_give_each_copy_once() {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let here = Arc::clone(&taken);
        let inboxes = Inboxes::with_sink(move |message| {
            here.lock().unwrap().push((message.seq, message.text));
        });
        inboxes.accept(text_to(ALICE, "once"), MessageFate::Delivered, 1);
        inboxes.accept(text_to(ALICE, "twice"), MessageFate::Delivered, 2);
        inboxes.accept(text_to(ALICE, "lost"), MessageFate::Dropped, 0);
        let taken: Vec<(u64, String)> = taken.lock().unwrap().clone();
        let told: Vec<(u64, &str)> = taken.iter().map(|(seq, text)| (*seq, &**text)).collect();
        assert_eq!(told, [(1, "once"), (2, "twice"), (2, "twice")]);
        assert!(inboxes.all().is_empty());
    }

    #[test]
    fn what_was_lost_is_accepted_and_not_delivered() {
        let inboxes = Inboxes::default();
        inboxes.accept(text_to(ALICE, "lost"), MessageFate::Dropped, 0);
        assert!(
            inboxes
                .since(Cursor::default(), Channel::Sms, ALICE)
                .is_empty()
        );
        let accepted = inboxes.accepted(Cursor::default(), Channel::Sms, ALICE);
        assert_eq!(accepted.len(), 1);
        assert_eq!(accepted[0].fate, MessageFate::Dropped);
        assert_eq!(inboxes.all().len(), 1);
    }

    #[test]
    fn the_oldest_messages_are_forgotten_first() {
        let inboxes = Inboxes::new(2);
        for (destination, text) in [(ALICE, "1"), ("+1", "2"), (ALICE, "3")] {
            inboxes.accept(text_to(destination, text), MessageFate::Dropped, 1);
        }
        let kept = inboxes.since(Cursor::default(), Channel::Sms, ALICE);
        assert_eq!(texts(&kept), ["3"]);
        assert_eq!(inboxes.all().len(), 2);
        assert_eq!(inboxes.evicted(), 1);
    }

    #[test]
    fn an_inbox_is_found_however_its_destination_is_written() {
        for (channel, one, other) in [
            (Channel::Sms, "+31 6 1234-5678", ALICE),
            (Channel::Email, "Alice@Example.ORG", "alice@example.org"),
            (
                Channel::Email,
                "a@bücher.example",
                "a@xn--bcher-kva.example",
            ),
        ] {
            assert_eq!(normalised(channel, one), normalised(channel, other));
        }
        assert_ne!(
            normalised(Channel::Push, "Token"),
            normalised(Channel::Push, "token")
        );
    }

    #[tokio::test]
    async fn waiting_ends_at_the_delivery_or_at_the_deadline() {
        let inboxes = Inboxes::default();
        let cursor = inboxes.cursor();
        let waiting = inboxes.clone();
        let waiter = tokio::spawn(async move {
            let deadline = Duration::from_secs(10);
            waiting.wait(cursor, Channel::Sms, ALICE, deadline).await
        });
        inboxes.accept(text_to("+1", "other"), MessageFate::Dropped, 1);
        inboxes.accept(text_to(ALICE, "mine"), MessageFate::Dropped, 1);
        let message = waiter.await.unwrap().unwrap();
        assert_eq!(message.text, "mine");
        let none = inboxes
            .wait(
                inboxes.cursor(),
                Channel::Sms,
                ALICE,
                Duration::from_millis(1),
            )
            .await;
        assert!(none.is_err());
    }
}
