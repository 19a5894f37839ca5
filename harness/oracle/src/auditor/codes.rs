//! Codes: once, right, in time, within their tries, not too often; callbacks with their secret.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use proofup_domain::answer::Answer;
use serde_json::Value;

use super::action::AuditedAction;
use super::ledger::{Id, Ledger};
use super::{Grounds, Invariant, Violations};

/// Remembers what was verified and how many tries were told.
#[derive(Debug, Default)]
pub(super) struct Codes {
    verified: BTreeSet<Id>,
    tries: BTreeMap<Id, u64>,
}

impl Codes {
    pub(super) fn see(
        &mut self,
        ledger: &Ledger,
        grounds: &Grounds,
        action: &AuditedAction<'_>,
        found: &mut Violations,
    ) {
        secret(action, found);
        let Some(id) = ledger.thing(action) else {
            return;
        };
        if action.word() == "sendCode" && action.succeeded() {
            throttle(ledger, grounds, action, id, found);
            self.tries.remove(&id);
        }
        if !action.word().starts_with("submit") {
            return;
        }
        if action.succeeded() {
            role(grounds, action, found);
            lifetime(ledger, grounds, action, id, found);
            if !self.verified.insert(id) {
                let seen = "a second submission for the same thing was accepted".to_owned();
                found.push((Invariant::CodeWorksOnce, seen));
            }
            if self.tries.get(&id) == Some(&0) {
                let seen = "accepted after the last try was used up".to_owned();
                found.push((Invariant::TriesRunDown, seen));
            }
        } else {
            self.wrong(action, id, found);
        }
    }

    fn wrong(&mut self, action: &AuditedAction<'_>, id: Id, found: &mut Violations) {
        let Answer::Refused { details, .. } = action.answer else {
            return;
        };
        let Some(left) = details.tries_left.as_ref().and_then(Value::as_u64) else {
            return;
        };
        if let Some(before) = self.tries.insert(id, left)
            && left >= before
        {
            let seen = format!("{before} tries were left, then {left}");
            found.push((Invariant::TriesRunDown, seen));
        }
    }
}

fn role(grounds: &Grounds, action: &AuditedAction<'_>, found: &mut Violations) {
    let seen = |what: &str| format!("`{what}` was accepted");
    match action.field("code") {
        Some(Value::String(role)) if role == "used" => {
            found.push((Invariant::CodeWorksOnce, seen("used")));
        }
        Some(Value::String(role)) if role == "wrong" || role == "missing" => {
            found.push((Invariant::OnlyTheRightCode, seen(role)));
        }
        Some(Value::Object(role)) => {
            let shape = role.get("shape").and_then(Value::as_str);
            let declared = |shape: &str| {
                let mut shapes = grounds.code_shapes_accepted.iter();
                shapes.any(|accepted| accepted.as_str() == shape)
            };
            if let Some(shape) = shape.filter(|shape| !declared(shape)) {
                found.push((Invariant::OnlyTheRightCode, seen(shape)));
            }
            let drift = role.get("drift").and_then(Value::as_i64);
            if drift.is_some_and(|drift| drift.abs() > 1) {
                found.push((Invariant::OnlyTheRightCode, seen("a drift of two steps")));
            }
        }
        _ => {}
    }
}

/// A code that was sent is dead at the end of its life; what an authenticator shows is not sent.
fn lifetime(
    ledger: &Ledger,
    grounds: &Grounds,
    action: &AuditedAction<'_>,
    id: Id,
    found: &mut Violations,
) {
    let Some(begun) = ledger.begun(id) else {
        return;
    };
    let sent =
        begun.method.as_deref() == Some("email") || begun.kind.as_deref() == Some("textMessage");
    let age = action.at.duration_since(begun.sent);
    let lifetime = SignedDuration::from_secs(grounds.limits.code_seconds.into());
    if sent && age >= lifetime {
        let seen = format!("a code of {} s was accepted", age.as_secs());
        found.push((Invariant::CodeDiesInTime, seen));
    }
}

fn throttle(
    ledger: &Ledger,
    grounds: &Grounds,
    action: &AuditedAction<'_>,
    id: Id,
    found: &mut Violations,
) {
    let Some(begun) = ledger.begun(id) else {
        return;
    };
    let nothing_sent = !begun.was_sent || begun.method.as_deref() == Some("softwareOath");
    let waited = action.at.duration_since(begun.sent);
    let interval = SignedDuration::from_secs(grounds.limits.resend_seconds.into());
    if !nothing_sent && waited < interval {
        let seen = format!("sent again after {} s", waited.as_secs());
        found.push((Invariant::SendingIsThrottled, seen));
    }
}

fn secret(action: &AuditedAction<'_>, found: &mut Violations) {
    let secret = action.text("secret").unwrap_or("right");
    if action.is_callback() && secret != "right" && action.succeeded() {
        let seen = format!("`{}` with secret `{secret}` succeeded", action.word());
        found.push((Invariant::CallbackNeedsSecret, seen));
    }
}
