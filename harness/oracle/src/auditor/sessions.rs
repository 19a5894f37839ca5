//! Sessions: the window, what is offered as a second step, the account, and being over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::action::AuditedAction;
use super::ledger::{Id, Ledger};
use super::{Invariant, Violations};

/// Remembers what sessions and accounts were told.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Days left, with the number of the policy.
    days: BTreeMap<String, (u64, usize)>,
    /// The state that was shown last; none if something has happened since that may have changed it.
    told: BTreeMap<Id, Option<String>>,
    ended: BTreeSet<Id>,
}

impl Sessions {
    pub(super) fn see(
        &mut self,
        ledger: &Ledger,
        action: &AuditedAction<'_>,
        found: &mut Violations,
    ) {
        if !action.succeeded() {
            return;
        }
        if action.has_session() {
            self.check_session(ledger, action, found);
        }
        if let Some(deferral) = action.answer.field("deferral") {
            self.check_window(ledger, action, deferral, found);
        }
        check_proofs(action, found);
        self.forget(ledger, action);
        self.remember(ledger, action);
    }

    fn check_session(&self, ledger: &Ledger, action: &AuditedAction<'_>, found: &mut Violations) {
        let Some(id) = ledger.named(action, "session") else {
            return;
        };
        if self.ended.contains(&id) {
            let seen = format!("`{}` succeeded in an ended session", action.word());
            found.push((Invariant::EndedSessionsAreDead, seen));
        }
        let told = self.told.get(&id).and_then(Option::as_deref);
        if action.word() == "openAccount" && told.is_some_and(|state| state != "signedIn") {
            let seen = format!("it opened in a session told `{}`", told.unwrap_or_default());
            found.push((Invariant::AccountOnlySignedIn, seen));
        }
    }

    fn check_window(
        &mut self,
        ledger: &Ledger,
        action: &AuditedAction<'_>,
        deferral: &Value,
        found: &mut Violations,
    ) {
        let policy = &ledger.policy;
        let offered = deferral["offered"].as_bool().unwrap_or(false);
        if offered && (policy.deferral_days == 0 || policy.two_step.required_at_sign_in) {
            let seen = "waiting is offered though policy does not allow it".to_owned();
            found.push((Invariant::NoOfferWithoutWindow, seen));
        }
        let Some(left) = deferral["daysLeft"].as_u64() else {
            return;
        };
        if left > u64::from(policy.deferral_days) || (offered && left == 0) {
            let seen = format!("{left} days of {} are left", policy.deferral_days);
            found.push((Invariant::DaysLeftNeverRise, seen));
        }
        let account = ledger.account(action);
        let now = (left, ledger.policies);
        if let Some((before, policies)) = self.days.insert(account, now)
            && policies == ledger.policies
            && left > before
        {
            let seen = format!("{before} days were left, then {left}");
            found.push((Invariant::DaysLeftNeverRise, seen));
        }
    }

    /// Forgets the states that a command may have changed without telling.
    fn forget(&mut self, ledger: &Ledger, action: &AuditedAction<'_>) {
        if action.only_looks() || matches!(action.word(), "signIn" | "advanceClock") {
            return;
        }
        let everybody = action.user().is_empty() || action.is_callback();
        let account = ledger.account(action);
        for (id, told) in &mut self.told {
            if everybody
                || ledger
                    .begun(*id)
                    .is_some_and(|begun| begun.owner == account)
            {
                *told = None;
            }
        }
    }

    fn remember(&mut self, ledger: &Ledger, action: &AuditedAction<'_>) {
        let session = if action.word() == "signIn" {
            Some(ledger.next())
        } else if action.has_session() {
            ledger.named(action, "session")
        } else {
            None
        };
        let tells = matches!(
            action.word(),
            "signIn"
                | "readSession"
                | "defer"
                | "completeWizard"
                | "completeReview"
                | "submitSecondStepCode"
        );
        if let (true, Some(id), Some(state)) = (tells, session, action.told("state")) {
            self.told.insert(id, Some(state.to_owned()));
        }
        match action.word() {
            "signOut" => self.ended.extend(session),
            "setNewPassword" => {
                let reset = ledger
                    .named(action, "reset")
                    .and_then(|id| ledger.begun(id));
                let owner = reset.map(|reset| reset.owner.clone());
                let theirs = ledger.all("session");
                let theirs = theirs.filter(|(_, session)| Some(&session.owner) == owner.as_ref());
                self.ended.extend(theirs.map(|(id, _)| id));
            }
            _ => {}
        }
    }
}

/// E-mail and answers are never a second step.
fn check_proofs(action: &AuditedAction<'_>, found: &mut Violations) {
    let wrong = |value: &Value| {
        let (method, kind) = (value["method"].as_str(), value["kind"].as_str());
        matches!(method, Some("email" | "securityQuestions"))
            || matches!(kind, Some("emailCode" | "answers"))
    };
    let mut report = |what: &str| {
        let seen = format!("told as {what}");
        found.push((Invariant::NeverMailOrAnswers, seen));
    };
    if action.answer.field("default").is_some_and(wrong) {
        report("the default");
    }
    let alternatives = action
        .answer
        .field("alternatives")
        .and_then(Value::as_array);
    if action.word() != "readWizard" && alternatives.is_some_and(|list| list.iter().any(wrong)) {
        report("an alternative");
    }
    let whole = action.answer.to_json();
    if action.word() == "beginSecondStep" && wrong(&whole) {
        report("a second step");
    }
}
