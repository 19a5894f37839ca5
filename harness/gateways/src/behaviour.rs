//! How each provider behaves, per channel and, where it is told, per destination.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proofup_domain::clock::Clock;
use proofup_domain::command::GatewayBehaviour;
use proofup_domain::state::Channel;

use crate::listener::Listener;
use crate::message::Message;
use crate::store::{Inboxes, MessageFate, Rejected, normalised};

/// What all hosts share: the behaviours, the inboxes and the clock. Clones share the same providers.
#[derive(Debug, Clone)]
pub struct Providers(Arc<ProvidersInner>);

/// What a provider handler needs; the same thing, seen from the handler.
pub type ProviderState = Providers;

#[derive(Debug)]
struct ProvidersInner {
    clock: Clock,
    inboxes: Inboxes,
    table: Mutex<Table>,
    ids: AtomicU64,
}

#[derive(Debug, Default)]
struct Table {
    channels: BTreeMap<Channel, GatewayBehaviour>,
    destinations: BTreeMap<(Channel, String), GatewayBehaviour>,
    listeners: Vec<(Channel, Listener)>,
}

/// How a request that was understood ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestEnding {
    /// The provider's success answer.
    Accept,
    /// The provider's error of the sender's fault.
    ClientError,
    /// The provider's error of its own fault.
    ServerError,
    /// No answer at all.
    Hang,
    /// The connection breaks.
    Reset,
}

impl Providers {
    /// Makes providers that deliver everything into the given inboxes.
    #[must_use]
    pub fn new(clock: Clock, inboxes: Inboxes) -> Self {
        Self(Arc::new(ProvidersInner {
            clock,
            inboxes,
            table: Mutex::new(Table::default()),
            ids: AtomicU64::new(1),
        }))
    }

    /// Sets how a provider behaves from now on: for one destination, or for all.
    ///
    /// A behaviour for a destination wins over the channel's. Setting the channel's forgets those of its destinations,
    /// so that one command always restores a channel. `dead` for one destination resets the connection: a provider
    /// cannot know the destination before it is connected to. `dead` for a channel refuses new connections and breaks
    /// open ones; it is in force when this returns, and so is its end.
    pub fn set_behaviour(
        &self,
        channel: Channel,
        destination: Option<&str>,
        behaviour: GatewayBehaviour,
    ) {
        let mut table = self.table();
        match destination {
            Some(destination) => {
                let key = (channel, normalised(channel, destination));
                table.destinations.insert(key, behaviour);
            }
            None => {
                table.destinations.retain(|(of, _), _| *of != channel);
                table.channels.insert(channel, behaviour);
                let dead = behaviour == GatewayBehaviour::Dead;
                for (_, listener) in table.listeners.iter().filter(|(of, _)| *of == channel) {
                    listener.set_open(!dead);
                }
            }
        }
    }

    /// Waits, after a channel was made `dead`, until no connection to it is open any more.
    ///
    /// Without it a target that keeps connections could find one of before when the channel works again.
    pub async fn emptied(&self, channel: Channel) {
        let listeners: Vec<Listener> = {
            let table = self.table();
            let listeners = table.listeners.iter().filter(|(of, _)| *of == channel);
            listeners.map(|(_, listener)| listener.clone()).collect()
        };
        for listener in listeners {
            listener.emptied().await;
        }
    }

    /// Delivers what is held on a channel, newest first if reversed, and returns how many messages that were.
    #[must_use = "a release that delivers nothing is a scenario that holds nothing"]
    pub fn release(&self, channel: Channel, reversed: bool) -> usize {
        self.0.inboxes.release(channel, reversed)
    }

    /// Returns the inboxes that these providers fill.
    #[must_use]
    pub fn inboxes(&self) -> &Inboxes {
        &self.0.inboxes
    }

    /// Puts a listener under the control of the `dead` behaviour.
    pub(crate) fn add_listener(&self, channel: Channel, listener: Listener) {
        self.table().listeners.push((channel, listener));
    }

    /// Returns a number that no other request of these providers got: what ids in answers are made of.
    pub(crate) fn next_id(&self) -> u64 {
        self.0.ids.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Reads the behaviour of a whole channel.
    pub(crate) fn of_channel(&self, channel: Channel) -> GatewayBehaviour {
        self.table()
            .channels
            .get(&channel)
            .copied()
            .unwrap_or(GatewayBehaviour::Deliver)
    }

    /// Reads the behaviour for a destination.
    pub(crate) fn of_destination(&self, channel: Channel, destination: &str) -> GatewayBehaviour {
        let table = self.table();
        if !table.destinations.is_empty() {
            let key = (channel, normalised(channel, destination));
            if let Some(behaviour) = table.destinations.get(&key) {
                return *behaviour;
            }
        }
        table
            .channels
            .get(&channel)
            .copied()
            .unwrap_or(GatewayBehaviour::Deliver)
    }

    /// Returns how a request for a destination will end, without doing anything.
    pub(crate) fn ending(&self, channel: Channel, destination: &str) -> RequestEnding {
        match self.of_destination(channel, destination) {
            GatewayBehaviour::Deliver
            | GatewayBehaviour::Hold
            | GatewayBehaviour::Drop
            | GatewayBehaviour::Duplicate => RequestEnding::Accept,
            GatewayBehaviour::Answer4xx => RequestEnding::ClientError,
            GatewayBehaviour::Answer5xx => RequestEnding::ServerError,
            GatewayBehaviour::Hang => RequestEnding::Hang,
            GatewayBehaviour::Reset | GatewayBehaviour::Dead => RequestEnding::Reset,
        }
    }

    /// Returns how a request that carries these messages will end, without doing anything.
    pub(crate) fn ending_of(&self, messages: &[Message]) -> RequestEnding {
        messages
            .iter()
            .map(|message| self.ending(message.channel, &message.destination))
            .find(|ending| *ending != RequestEnding::Accept)
            .unwrap_or(RequestEnding::Accept)
    }

    /// Takes messages as their destinations' behaviours say, and returns how the one request that carried them ends.
    ///
    /// One request has one answer: the first destination that is to be refused refuses all.
    pub(crate) fn take(&self, messages: Vec<Message>) -> RequestEnding {
        let ending = self.ending_of(&messages);
        for message in messages {
            let (fate, copies) = match self.of_destination(message.channel, &message.destination) {
                _ if ending != RequestEnding::Accept => (MessageFate::Refused, 0),
                GatewayBehaviour::Hold => (MessageFate::Held, 0),
                GatewayBehaviour::Drop => (MessageFate::Dropped, 0),
                GatewayBehaviour::Duplicate => (MessageFate::Delivered, 2),
                GatewayBehaviour::Deliver
                | GatewayBehaviour::Answer4xx
                | GatewayBehaviour::Answer5xx
                | GatewayBehaviour::Hang
                | GatewayBehaviour::Reset
                | GatewayBehaviour::Dead => (MessageFate::Delivered, 1),
            };
            self.0.inboxes.accept(message, fate, copies);
        }
        ending
    }

    /// Keeps a request that no provider understands.
    pub(crate) fn reject(
        &self,
        channel: Option<Channel>,
        request: String,
        status: u16,
        reason: String,
        body: &[u8],
    ) {
        self.0.inboxes.reject(Rejected {
            seq: 0,
            at: self.0.clock.now(),
            channel,
            request,
            status,
            reason,
            body: body.iter().take(4096).copied().collect(),
        });
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // No invariant spans a panic: every method leaves the table whole.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
