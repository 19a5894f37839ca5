//! One command as the auditor reads it: its word, its fields, its answer.

use jiff::Timestamp;
use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use serde_json::{Map, Value};

/// One command and what came of it.
#[derive(Debug)]
pub(super) struct AuditedAction<'a> {
    pub(super) at: Timestamp,
    fields: Map<String, Value>,
    pub(super) answer: &'a Answer,
}

impl<'a> AuditedAction<'a> {
    pub(super) fn new(at: Timestamp, command: &Command, answer: &'a Answer) -> Self {
        let fields = match serde_json::to_value(command) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        Self { at, fields, answer }
    }

    /// Returns the command's word.
    pub(super) fn word(&self) -> &str {
        self.text("do").unwrap_or_default()
    }

    /// Returns who acts, or an empty name for what the world does.
    pub(super) fn user(&self) -> &str {
        self.text("user").unwrap_or_default()
    }

    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    pub(super) fn field(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }

    pub(super) fn succeeded(&self) -> bool {
        self.answer.is_success()
    }

    /// Returns whether the command was refused; one that was neither refused nor succeeded may have changed something.
    pub(super) fn was_refused(&self) -> bool {
        self.answer.refusal().is_some()
    }

    /// Returns a word of the answer.
    pub(super) fn told(&self, field: &str) -> Option<&str> {
        self.answer.text(field)
    }

    /// Returns a list of words of the answer, or none if the answer does not hold it.
    pub(super) fn listed(&self, field: &str) -> Option<Vec<&str>> {
        let list = self.answer.field(field)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).collect())
    }

    /// Returns whether the command acts with a session.
    pub(super) fn has_session(&self) -> bool {
        !matches!(
            self.word(),
            "signIn"
                | "beginReset"
                | "readReset"
                | "beginResetProof"
                | "readResetProof"
                | "submitResetCode"
                | "submitResetAnswers"
                | "setNewPassword"
        ) && !self.is_of_the_world()
    }

    /// Returns whether a device, a phone or the world acts.
    fn is_of_the_world(&self) -> bool {
        self.is_callback()
            || self.user().is_empty()
            || matches!(
                self.word(),
                "addAccount" | "activateDevice" | "readInbox" | "readAudit"
            )
    }

    /// Returns whether the command comes back from a phone or a device.
    pub(super) fn is_callback(&self) -> bool {
        matches!(
            self.word(),
            "approveNotification" | "denyNotification" | "pressKey" | "hangUp" | "letRing"
        )
    }

    /// Returns whether the command is a callback that proves something.
    pub(super) fn proves_by_callback(&self) -> bool {
        let pressed = self.word() == "pressKey" && self.text("key").unwrap_or("#") == "#";
        self.succeeded() && (pressed || self.word() == "approveNotification")
    }

    /// Returns whether the command only looks.
    pub(super) fn only_looks(&self) -> bool {
        self.word().starts_with("read")
            || self.word().starts_with("list")
            || matches!(self.word(), "openAccount" | "findLeaks")
    }
}
