//! Hands each message to the flow that waits for it, at once, and keeps nothing else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proofup_domain::state::Channel;
use proofup_gateways::message::Message;
use proofup_gateways::store::normalised;
use tokio::sync::Notify;

/// Knows where the messages of all users go. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct MessageRouter(Arc<Boxes>);

#[derive(Debug, Default)]
struct Boxes {
    by_destination: Mutex<Destinations>,
    strays: AtomicU64,
}

/// Finds slots: of so many that going down a tree would be a walk through cold memory.
#[expect(
    clippy::disallowed_types,
    reason = "slots are found by their keys; nobody goes through all of them"
)]
type Destinations = std::collections::HashMap<(Channel, String), Arc<MessageSlot>>;

/// The newest message to one destination until it is taken.
#[derive(Debug, Default)]
pub(crate) struct MessageSlot {
    newest: Mutex<Option<Message>>,
    /// What was thrown away last.
    old: Mutex<Option<Message>>,
    arrived: Notify,
}

impl MessageRouter {
    /// Makes the slot of a destination.
    pub(crate) fn slot(&self, channel: Channel, destination: &str) -> Arc<MessageSlot> {
        let slot = Arc::new(MessageSlot::default());
        let key = (channel, normalised(channel, destination));
        self.0
            .by_destination
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, Arc::clone(&slot));
        slot
    }

    /// Puts a message into its slot; what is for nobody is counted and forgotten.
    pub(crate) fn deliver(&self, message: Message) {
        let key = (
            message.channel,
            normalised(message.channel, &message.destination),
        );
        let boxes = self.0.by_destination.lock();
        let slot = boxes
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        match slot {
            Some(slot) => slot.put(message),
            None => {
                self.0.strays.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Counts the messages that were for nobody.
    pub(crate) fn strays(&self) -> u64 {
        self.0.strays.load(Ordering::Relaxed)
    }
}

impl MessageSlot {
    fn put(&self, message: Message) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
        self.arrived.notify_one();
    }

    /// Throws away what lies in it, so that nothing old is read.
    pub(crate) fn empty(&self) {
        let old = self.take();
        *self.old.lock().unwrap_or_else(PoisonError::into_inner) = old;
    }

    /// Takes what was thrown away last for new again, where nothing newer came.
    pub(crate) fn refill(&self) {
        let old = self
            .old
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.is_none() {
            *newest = old;
        }
    }

    fn take(&self) -> Option<Message> {
        self.newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Waits for a message; none: nothing came in time.
    pub(crate) async fn wait(&self, timeout: Duration) -> Option<Message> {
        // As a rule it is here already: providers are told before the target answers.
        if let Some(message) = self.take() {
            return Some(message);
        }
        let arrival = async {
            loop {
                self.arrived.notified().await;
                if let Some(message) = self.take() {
                    return message;
                }
            }
        };
        tokio::time::timeout(timeout, arrival).await.ok()
    }
}
