//! What is registered: only what was proved, and nothing that a refusal changed; the default; the new password.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::action::AuditedAction;
use super::ledger::{Id, Ledger, LedgerEntry};
use super::{Invariant, Violations};

/// Remembers proofs and the last look of each account.
#[derive(Debug, Default)]
pub(super) struct RegisteredMethodsCheck {
    /// Setups whose code or answers were accepted.
    proved: BTreeSet<Id>,
    /// Resets with a proof that was accepted.
    resets: BTreeSet<Id>,
    /// Things that were there when a `#` or an approval was accepted.
    called: BTreeSet<Id>,
    looks: BTreeMap<String, MethodsReading>,
}

/// What a list told.
#[derive(Debug)]
struct MethodsReading {
    methods: Value,
    default: Option<Value>,
    policies: usize,
}

impl RegisteredMethodsCheck {
    pub(super) fn see(
        &mut self,
        ledger: &Ledger,
        action: &AuditedAction<'_>,
        found: &mut Violations,
    ) {
        if action.succeeded() {
            self.take_proofs(ledger, action);
            self.check_success(ledger, action, found);
        }
        let changes = !action.was_refused() && !action.only_looks();
        if changes && !matches!(action.word(), "signIn" | "signOut" | "advanceClock") {
            self.looks.clear();
        }
        if action.word() == "listMethods" && action.succeeded() {
            self.compare(ledger, action, found);
        }
    }

    fn take_proofs(&mut self, ledger: &Ledger, action: &AuditedAction<'_>) {
        match action.word() {
            "submitCode" | "submitAnswers" => self.proved.extend(ledger.thing(action)),
            "submitResetCode" | "submitResetAnswers" => {
                self.resets.extend(ledger.named(action, "reset"));
            }
            _ => {}
        }
        if action.proves_by_callback() {
            let call = action.word() == "pressKey";
            let setups = ledger.all("enrollment");
            let fits = setups.filter(|(_, begun)| is_proved_by(begun, call));
            self.called.extend(fits.map(|(id, _)| id));
            let proofs = ledger.all("proof").filter_map(|(_, begun)| begun.of);
            self.resets.extend(proofs);
        }
    }

    fn check_success(&self, ledger: &Ledger, action: &AuditedAction<'_>, found: &mut Violations) {
        let listed = match action.word() {
            "listMethods" => action.listed("methods"),
            "readWizard" => action.listed("registered"),
            _ => None,
        };
        if let Some(methods) = listed {
            self.count(ledger, &ledger.account(action), &methods, found);
            default(ledger, action, &methods, found);
        }
        if action.word() == "readEnrollment" && action.told("state") == Some("verified") {
            let id = ledger.named(action, "enrollment");
            if id.is_some_and(|id| !self.is_proved(id)) {
                let seen = "a setup is verified that nothing proved".to_owned();
                found.push((Invariant::NothingRegisteredWithoutProof, seen));
            }
        }
        if action.word() == "setNewPassword" {
            let id = ledger.named(action, "reset");
            if id.is_some_and(|id| !self.resets.contains(&id)) {
                let seen = "a password was reset without any proof".to_owned();
                found.push((Invariant::PasswordAfterProof, seen));
            }
        }
    }

    fn is_proved(&self, id: Id) -> bool {
        self.proved.contains(&id) || self.called.contains(&id)
    }

    /// Counts the methods of each sort against the setups that were proved for this account.
    fn count(&self, ledger: &Ledger, account: &str, methods: &[&str], found: &mut Violations) {
        let sorts: BTreeSet<&str> = methods.iter().copied().collect();
        for sort in sorts {
            let told = methods.iter().filter(|method| **method == sort).count();
            let proved = ledger.all("enrollment").filter(|(id, begun)| {
                begun.adds
                    && begun.owner == account
                    && begun.method.as_deref() == Some(sort)
                    && self.is_proved(*id)
            });
            let proved = proved.count();
            if told > proved {
                let seen = format!("{told} × `{sort}` is registered, {proved} proved");
                found.push((Invariant::NothingRegisteredWithoutProof, seen));
            }
        }
    }

    /// Compares a list with the one before it, where nothing in between succeeded that could change it.
    fn compare(&mut self, ledger: &Ledger, action: &AuditedAction<'_>, found: &mut Violations) {
        let Some(methods) = action.answer.field("methods").cloned() else {
            return;
        };
        let look = MethodsReading {
            methods,
            default: action.answer.field("default").cloned(),
            policies: ledger.policies,
        };
        let account = ledger.account(action);
        if let Some(before) = self.looks.get(&account)
            && before.policies == look.policies
            && (before.methods != look.methods || before.default != look.default)
        {
            let seen = format!("{} became {}", before.methods, look.methods);
            found.push((Invariant::RefusedChangesNothing, seen));
        }
        self.looks.insert(account, look);
    }
}

/// Returns whether a setup can be proved by a `#` (or else by an approval).
fn is_proved_by(begun: &LedgerEntry, call: bool) -> bool {
    if call {
        begun.kind.as_deref() == Some("voiceCall") || begun.method.as_deref() == Some("officePhone")
    } else {
        begun.method.as_deref() == Some("microsoftAuthenticator")
    }
}

/// Checks the default that a list shows: registered, of a kind that policy allows, and there if anything is usable.
fn default(ledger: &Ledger, action: &AuditedAction<'_>, methods: &[&str], found: &mut Violations) {
    let mut report = |seen: String| found.push((Invariant::DefaultIsEligible, seen));
    let details = action.answer.field("details").and_then(Value::as_array);
    let usable = |detail: &Value| {
        let purposes = detail["usableFor"].as_array();
        purposes.is_some_and(|list| list.iter().any(|purpose| purpose == "twoStepVerification"))
    };
    let Some(default) = action.answer.field("default") else {
        if details.is_some_and(|details| details.iter().any(usable)) {
            report("there is a usable method and no default".to_owned());
        }
        return;
    };
    let (method, kind) = (default["method"].as_str(), default["kind"].as_str());
    if !method.is_some_and(|method| methods.contains(&method)) {
        report(format!("{default} is not registered"));
    }
    let mut allowed = ledger.policy.two_step.kinds.iter();
    if !allowed.any(|allowed| Some(allowed.as_str()) == kind) {
        report(format!("{default} is of a kind that policy does not allow"));
    }
    let same = |detail: &&Value| detail["method"].as_str() == method;
    let told = details.map(|details| details.iter().filter(same).any(usable));
    if told == Some(false) {
        report(format!("{default} is not usable for two-step verification"));
    }
}
