//! A scenario half read: the tree, and of each step what could be understood.
//!
//! The rules look at drafts, not at the finished scenario, so that one bad key does not hide the other errors of a file.

use std::ops::Range;

use proofup_domain::answer::REFUSED;
use proofup_domain::command::Command;
use proofup_domain::expect::{Expectation, Misspelt};
use proofup_files::{Kind, Node, Problem};
use serde_json::Value;

use super::file::StepKeys;

/// One step half read.
#[derive(Debug)]
pub(crate) struct StepDraft<'n> {
    /// The step's table.
    pub(crate) node: &'n Node,
    /// Its command, if it could be read.
    pub(crate) command: Option<Command>,
    /// Its other keys, if they could be read.
    pub(crate) keys: Option<StepKeys>,
    /// The commands that are sent at the same moment, if it is a step of such; then it has no command of its own.
    pub(crate) parts: Option<Vec<Self>>,
}

/// What `as` binds and what other steps then refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BindingKind {
    /// Begun by `signIn`.
    Session,
    /// Begun by `beginEnrollment` and `changeMethod`.
    Enrollment,
    /// Begun by `beginSecondStep`.
    Challenge,
    /// Begun by `beginReset`.
    Reset,
    /// Begun by `beginResetProof`.
    Proof,
}

impl BindingKind {
    /// Lists every kind of thing.
    pub(crate) const ALL: [Self; 5] = [
        Self::Session,
        Self::Enrollment,
        Self::Challenge,
        Self::Reset,
        Self::Proof,
    ];

    /// Spells the key by which steps refer to it.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Enrollment => "enrollment",
            Self::Challenge => "challenge",
            Self::Reset => "reset",
            Self::Proof => "proof",
        }
    }

    /// Returns its name, with its article.
    pub(crate) const fn named(self) -> &'static str {
        match self {
            Self::Session => "a session",
            Self::Enrollment => "an enrollment",
            Self::Challenge => "a challenge",
            Self::Reset => "a reset",
            Self::Proof => "a proof",
        }
    }

    /// Returns what a command binds, by its word.
    pub(crate) fn bound_by(word: &str) -> Option<Self> {
        match word {
            "signIn" => Some(Self::Session),
            "beginEnrollment" | "changeMethod" => Some(Self::Enrollment),
            "beginSecondStep" => Some(Self::Challenge),
            "beginReset" => Some(Self::Reset),
            "beginResetProof" => Some(Self::Proof),
            _ => None,
        }
    }
}

impl<'n> StepDraft<'n> {
    /// Reads what can be read of a step.
    pub(crate) fn read(node: &'n Node) -> Self {
        let Value::Object(mut command) = node.json() else {
            return Self {
                node,
                command: None,
                keys: None,
                parts: None,
            };
        };
        let together = node.get("together").map(Node::items);
        command.shift_remove("together");
        let mut keys = serde_json::Map::new();
        for key in STEP_KEYS {
            if let Some(value) = command.shift_remove(key) {
                keys.insert(key.to_owned(), value);
            }
        }
        Self {
            node,
            command: serde_json::from_value(Value::Object(command)).ok(),
            keys: serde_json::from_value(Value::Object(keys)).ok(),
            parts: together.map(|parts| parts.iter().map(StepDraft::read).collect()),
        }
    }

    /// Lists what is done: the commands that are sent at the same moment, or the step itself.
    pub(crate) fn acts(&self) -> &[Self] {
        self.parts
            .as_deref()
            .unwrap_or_else(|| std::slice::from_ref(self))
    }

    /// Returns the step's `do` word; empty if there is none.
    pub(crate) fn word(&self) -> &'n str {
        self.text("do").unwrap_or_default()
    }

    /// Returns the text of a key.
    pub(crate) fn text(&self, key: &str) -> Option<&'n str> {
        self.node.get(key).and_then(Node::text)
    }

    /// Returns where a key's value is; for a key that is not there, where the step is.
    pub(crate) fn span(&self, key: &str) -> Range<usize> {
        self.node.get(key).unwrap_or(self.node).span.clone()
    }

    /// Describes an error in the value of a key.
    pub(crate) fn problem(&self, key: &str, message: impl Into<String>, label: &str) -> Problem {
        Problem::new(message, label, self.span(key))
    }

    /// Reads what is expected of the step; nothing where nothing is.
    pub(crate) fn expectation(&self) -> Option<Result<Expectation, Misspelt>> {
        let expect = self.node.get("expect")?.json();
        Some(match &self.parts {
            Some(_) => Expectation::read_together(&expect),
            None => Expectation::read(&expect),
        })
    }

    /// Returns whether the file demands a refusal of this step: nothing else would do.
    pub(crate) fn refused(&self) -> bool {
        self.parts.is_none() && self.node.get("expect").is_some_and(is_refusal)
    }

    /// Returns whether a refusal is among what the file admits.
    pub(crate) fn may_be_refused(&self) -> bool {
        // What is refused of several commands at once is counted, and needs no control.
        let Some(expect) = self.node.get("expect").filter(|_| self.parts.is_none()) else {
            return false;
        };
        let several = expect.get("anyOf").map(Node::items).unwrap_or_default();
        is_refusal(expect) || several.iter().any(is_refusal)
    }
}

/// Returns whether an expectation is that of a refusal.
pub(crate) fn is_refusal(expect: &Node) -> bool {
    match expect.get(REFUSED).map(|refused| &refused.kind) {
        None => false,
        Some(Kind::Table(_)) => expect
            .get(REFUSED)
            .is_some_and(|refused| refused.get("absent").is_none()),
        Some(_) => true,
    }
}

/// Lists what a step has beside its command.
pub(crate) const STEP_KEYS: [&str; 6] = ["id", "check", "expect", "control", "times", "mangle"];
