//! Somebody who looks into an inbox now and then: a mailbox, or the texts, calls and notifications of a device.

use std::sync::Arc;
use std::time::Duration;

use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use regex::Regex;

use crate::message::{Cursor, Message};
use crate::store::{Inboxes, NoMessage};

/// Reads one inbox and remembers how far.
#[derive(Debug, Clone)]
pub struct Mailbox {
    inboxes: Inboxes,
    channel: Channel,
    destination: String,
    read: Cursor,
}

impl Mailbox {
    /// Watches an inbox from now on: what came before is never seen.
    #[must_use]
    pub fn new(inboxes: &Inboxes, channel: Channel, destination: impl Into<String>) -> Self {
        Self {
            read: inboxes.cursor(),
            inboxes: inboxes.clone(),
            channel,
            destination: destination.into(),
        }
    }

    /// Reads what came since it was last looked into, in order of delivery.
    pub fn unread(&mut self) -> Vec<Arc<Message>> {
        let (messages, read) = self
            .inboxes
            .read(self.read, self.channel, &self.destination);
        self.read = read;
        messages
    }

    /// Waits until there is an unread message, and leaves it unread.
    ///
    /// # Errors
    ///
    /// [`NoMessage`] once `deadline` has passed.
    pub async fn wait(&self, deadline: Duration) -> Result<Arc<Message>, NoMessage> {
        self.inboxes
            .wait(self.read, self.channel, &self.destination, deadline)
            .await
    }
}

/// Finds the newest code among messages: that of the message sent last, also where it came earlier.
#[must_use]
pub fn newest_code(messages: &[Arc<Message>], pattern: &Regex) -> Option<Secret> {
    messages
        .iter()
        .filter_map(|message| Some((message.seq, message.code(pattern)?)))
        .max_by_key(|(seq, _)| *seq)
        .map(|(_, code)| code)
}
