//! Sessions: the window, what is offered as a second step, the account, and being over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::deed::Deed;
use super::ledger::{Id, Ledger};
use super::{Found, Invariant};

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
    pub(super) fn see(&mut self, ledger: &Ledger, deed: &Deed<'_>, found: &mut Found) {
        if !deed.succeeded() {
            return;
        }
        if deed.has_session() {
            self.check_session(ledger, deed, found);
        }
        if let Some(deferral) = deed.answer.get("deferral") {
            self.check_window(ledger, deed, deferral, found);
        }
        check_proofs(deed, found);
        self.forget(ledger, deed);
        self.remember(ledger, deed);
    }

    fn check_session(&self, ledger: &Ledger, deed: &Deed<'_>, found: &mut Found) {
        let Some(id) = ledger.named(deed, "session") else {
            return;
        };
        if self.ended.contains(&id) {
            let seen = format!("`{}` succeeded in an ended session", deed.word());
            found.push((Invariant::EndedSessionsAreDead, seen));
        }
        let told = self.told.get(&id).and_then(Option::as_deref);
        if deed.word() == "openAccount" && told.is_some_and(|state| state != "signedIn") {
            let seen = format!("it opened in a session told `{}`", told.unwrap_or_default());
            found.push((Invariant::AccountOnlySignedIn, seen));
        }
    }

    fn check_window(
        &mut self,
        ledger: &Ledger,
        deed: &Deed<'_>,
        deferral: &Value,
        found: &mut Found,
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
        let account = ledger.account(deed);
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
    fn forget(&mut self, ledger: &Ledger, deed: &Deed<'_>) {
        if deed.only_looks() || matches!(deed.word(), "signIn" | "advanceClock") {
            return;
        }
        let everybody = deed.user().is_empty() || deed.is_callback();
        let account = ledger.account(deed);
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

    fn remember(&mut self, ledger: &Ledger, deed: &Deed<'_>) {
        let session = if deed.word() == "signIn" {
            Some(ledger.next())
        } else if deed.has_session() {
            ledger.named(deed, "session")
        } else {
            None
        };
        let tells = matches!(
            deed.word(),
            "signIn"
                | "readSession"
                | "defer"
                | "completeWizard"
                | "completeReview"
                | "submitSecondStepCode"
        );
        if let (true, Some(id), Some(state)) = (tells, session, deed.told("state")) {
            self.told.insert(id, Some(state.to_owned()));
        }
        match deed.word() {
            "signOut" => self.ended.extend(session),
            "setNewPassword" => {
                let reset = ledger.named(deed, "reset").and_then(|id| ledger.begun(id));
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
fn check_proofs(deed: &Deed<'_>, found: &mut Found) {
    let wrong = |value: &Value| {
        let (method, kind) = (value["method"].as_str(), value["kind"].as_str());
        matches!(method, Some("email" | "securityQuestions"))
            || matches!(kind, Some("emailCode" | "answers"))
    };
    let mut report = |what: &str| {
        let seen = format!("told as {what}");
        found.push((Invariant::NeverMailOrAnswers, seen));
    };
    if deed.answer.get("default").is_some_and(wrong) {
        report("the default");
    }
    let alternatives = deed.answer.get("alternatives").and_then(Value::as_array);
    if deed.word() != "readWizard" && alternatives.is_some_and(|list| list.iter().any(wrong)) {
        report("an alternative");
    }
    let whole = Value::Object(deed.answer.clone());
    if deed.word() == "beginSecondStep" && wrong(&whole) {
        report("a second step");
    }
}
