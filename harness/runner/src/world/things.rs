//! What commands began: sessions, setups, second steps, resets and their proofs, bound by name or as a user's latest.

use std::collections::BTreeMap;

use proofup_domain::command::Name;
use proofup_domain::method::Method;
use proofup_domain::state::Channel;
use proofup_gateways::message::Cursor;

use crate::target::Value;

/// Names what was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Session,
    Enrollment,
    Challenge,
    Reset,
    Proof,
}

impl Sort {
    /// Names the sort as files and messages do.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Enrollment => "enrollment",
            Self::Challenge => "challenge",
            Self::Reset => "reset",
            Self::Proof => "proof",
        }
    }
}

/// Holds one thing that a command began.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub(super) sort: Sort,
    pub(super) owner: Name,
    pub(super) bound: Option<Name>,
    /// What the target file kept of the answers, newest value of each name.
    pub(super) kept: BTreeMap<String, Value>,
    pub(super) method: Option<Method>,
    /// Where its codes and calls go; none for apps and answers.
    pub(super) destination: Option<(Channel, String)>,
    /// Its messages lie behind this cursor …
    pub(super) since: Cursor,
    /// … and, once another thing sends to the same destination, not behind this one.
    pub(super) until: Option<Cursor>,
    /// The questions it showed.
    pub(super) questions: Vec<String>,
}

/// Keeps what was begun in a case, in order.
#[derive(Debug, Default)]
pub(super) struct Things(Vec<Thing>);

impl Things {
    /// Adds a thing; an earlier one that sent to the same destination gets no further messages.
    pub(super) fn begin(&mut self, thing: Thing) {
        if thing.destination.is_some() {
            for older in &mut self.0 {
                if older.destination == thing.destination && older.until.is_none() {
                    older.until = Some(thing.since);
                }
            }
        }
        self.0.push(thing);
    }

    /// Reopens a thing's range of messages, because it sends again.
    pub(super) fn send_again(&mut self, index: usize, now: Cursor) {
        let destination = self.0[index].destination.clone();
        if destination.is_none() {
            return;
        }
        for (other, thing) in self.0.iter_mut().enumerate() {
            if other != index && thing.destination == destination && thing.until.is_none() {
                thing.until = Some(now);
            }
        }
        if self.0[index].until.take().is_some() {
            self.0[index].since = now;
        }
    }

    /// Finds the index of a thing: by its bound name, else the latest of the sort that the user began.
    pub(super) fn find(&self, sort: Sort, owner: &Name, bound: Option<&Name>) -> Option<usize> {
        self.0.iter().rposition(|thing| {
            thing.sort == sort
                && match bound {
                    Some(name) => thing.bound.as_ref() == Some(name),
                    None => thing.owner == *owner,
                }
        })
    }

    /// Finds anything bound by a name.
    pub(super) fn named(&self, name: &Name) -> Option<usize> {
        self.0
            .iter()
            .rposition(|thing| thing.bound.as_ref() == Some(name))
    }

    /// Finds the latest thing of a user to which codes were sent.
    pub(super) fn latest_with_codes(&self, owner: &Name) -> Option<usize> {
        self.0
            .iter()
            .rposition(|thing| thing.owner == *owner && thing.destination.is_some())
    }

    /// Finds the thing before this one: same sort, same owner, same destination.
    pub(super) fn predecessor(&self, index: usize) -> Option<usize> {
        let thing = &self.0[index];
        self.0[..index].iter().rposition(|older| {
            older.sort == thing.sort
                && older.owner == thing.owner
                && older.method == thing.method
                && older.destination.is_some()
        })
    }

    /// Gives a thing by its index.
    pub(super) fn get(&self, index: usize) -> &Thing {
        &self.0[index]
    }

    /// Gives a thing by its index, to be changed.
    pub(super) fn get_mut(&mut self, index: usize) -> &mut Thing {
        &mut self.0[index]
    }

    /// Lists a user's setups of a method, oldest first.
    pub(super) fn enrollments(&self, owner: &Name, method: Method) -> impl Iterator<Item = usize> {
        let owner = owner.clone();
        self.0.iter().enumerate().filter_map(move |(index, thing)| {
            (thing.sort == Sort::Enrollment && thing.owner == owner && thing.method == Some(method))
                .then_some(index)
        })
    }

    /// Lists the things themselves.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Thing> {
        self.0.iter()
    }
}
