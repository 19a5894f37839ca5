//! What commands began: sessions, setups, second steps, resets and their proofs, bound by name or as a user's latest.

use std::collections::BTreeMap;

use proofup_binding::{Jar, Value};
use proofup_domain::command::Name;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::secret::Secret;
use proofup_domain::state::Channel;
use proofup_gateways::message::Cursor;

/// What was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HandleKind {
    Session,
    Enrollment,
    Challenge,
    Reset,
    Proof,
}

impl HandleKind {
    /// Returns the sort as files and messages spell it.
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

/// One thing that a command began.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    pub(super) what: HandleKind,
    pub(super) owner: Name,
    pub(super) bound: Option<Name>,
    /// What the target file kept of the answers, newest value of each name.
    pub(super) kept: BTreeMap<String, Value>,
    pub(super) method: Option<Method>,
    pub(super) kind: Option<ChallengeKind>,
    /// Where its codes and calls go; none for apps and answers.
    pub(super) destination: Option<(Channel, String)>,
    /// Its messages lie behind this cursor …
    pub(super) since: Cursor,
    /// … and, once another thing sends to the same destination, not behind this one.
    pub(super) until: Option<Cursor>,
    /// The questions it showed.
    pub(super) questions: Vec<String>,
    /// The code that was accepted last in it: a reset's, which some products want once more with the new password.
    pub(super) accepted: Option<Secret>,
}

/// Keeps what was begun in a case, in order.
#[derive(Debug, Default)]
pub(super) struct Handles {
    all: Vec<Handle>,
    /// What the target file kept of each person: what making them told.
    people: BTreeMap<Name, BTreeMap<String, Value>>,
}

impl Handles {
    /// Keeps what making a person told, for every operation of theirs; not its cookies, because those would be one jar for
    /// all their sessions.
    pub(super) fn keep_of_person(&mut self, person: &Name, kept: BTreeMap<String, Value>) {
        let kept = kept.into_iter().filter(|(name, _)| name != Jar::NAME);
        self.people.entry(person.clone()).or_default().extend(kept);
    }

    /// Lists what is kept of a person.
    pub(super) fn of_person(&self, person: &Name) -> impl Iterator<Item = (&String, &Value)> {
        self.people.get(person).into_iter().flatten()
    }

    /// Adds a thing; an earlier one that sent to the same destination gets no further messages.
    pub(super) fn begin(&mut self, handle: Handle) {
        if handle.destination.is_some() {
            for older in &mut self.all {
                if older.destination == handle.destination && older.until.is_none() {
                    older.until = Some(handle.since);
                }
            }
        }
        self.all.push(handle);
    }

    /// Reopens a thing's range of messages, because it sends again.
    pub(super) fn send_again(&mut self, index: usize, now: Cursor) {
        let destination = self.all[index].destination.clone();
        if destination.is_none() {
            return;
        }
        for (other, handle) in self.all.iter_mut().enumerate() {
            if other != index && handle.destination == destination && handle.until.is_none() {
                handle.until = Some(now);
            }
        }
        if self.all[index].until.take().is_some() {
            self.all[index].since = now;
        }
    }

    /// Finds the index of a thing: by its bound name, else the latest of the sort that the user began.
    pub(super) fn find(
        &self,
        what: HandleKind,
        owner: &Name,
        bound: Option<&Name>,
    ) -> Option<usize> {
        self.all.iter().rposition(|handle| {
            handle.what == what
                && match bound {
                    Some(name) => handle.bound.as_ref() == Some(name),
                    None => handle.owner == *owner,
                }
        })
    }

    /// Finds anything bound by a name.
    pub(super) fn named(&self, name: &Name) -> Option<usize> {
        self.all
            .iter()
            .rposition(|handle| handle.bound.as_ref() == Some(name))
    }

    /// Finds the latest thing of a user to which codes were sent.
    pub(super) fn latest_with_codes(&self, owner: &Name) -> Option<usize> {
        self.all
            .iter()
            .rposition(|handle| handle.owner == *owner && handle.destination.is_some())
    }

    /// Finds the thing before this one: same sort, same owner, same destination.
    pub(super) fn predecessor(&self, index: usize) -> Option<usize> {
        let handle = &self.all[index];
        self.all[..index].iter().rposition(|older| {
            older.what == handle.what
                && older.owner == handle.owner
                && older.method == handle.method
                && older.destination.is_some()
        })
    }

    /// Returns a thing by its index.
    pub(super) fn get(&self, index: usize) -> &Handle {
        &self.all[index]
    }

    /// Returns a thing by its index, to be changed.
    pub(super) fn get_mut(&mut self, index: usize) -> &mut Handle {
        &mut self.all[index]
    }

    /// Lists a user's setups of a method, oldest first.
    pub(super) fn enrollments(&self, owner: &Name, method: Method) -> impl Iterator<Item = usize> {
        let owner = owner.clone();
        self.all
            .iter()
            .enumerate()
            .filter_map(move |(index, handle)| {
                (handle.what == HandleKind::Enrollment
                    && handle.owner == owner
                    && handle.method == Some(method))
                .then_some(index)
            })
    }

    /// Lists the things themselves.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Handle> {
        self.all.iter()
    }
}

/// Returns whether a kept name is the session's, whatever it was kept with.
pub(super) fn is_of_session(name: &str) -> bool {
    matches!(name, "session" | "refreshToken")
}
