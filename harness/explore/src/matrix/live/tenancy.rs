//! One tenant of the matrix: made, asked, taken down.

use std::collections::BTreeSet;

use proofup_binding::{Asked, Operation, Value, Variables};
use proofup_domain::answer::Answer;
use proofup_domain::answer::{AvailableAnswer, AvailableDetail, SessionAnswer, WizardAnswer};
use proofup_domain::method::Role;
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use proofup_domain::state::{SessionState, WizardPage};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::Asker;
use crate::matrix::combination::Combination;
use crate::matrix::decision::{Detail, UserView, expected_in_full, session_state};
use crate::matrix::export::joined;
use crate::matrix::finding::{ACCEPTED, Aspect, Findings, LookupError, MatrixDifference, REFUSED};

/// When every tenant's clock starts. Nothing here depends on it.
const START: &str = "2026-01-15T09:00:00Z";

/// One policy with its users.
pub(super) struct Tenancy<'a> {
    asker: &'a Asker,
    combinations: &'a [Combination],
    policy: Policy,
    tenant: String,
    domain: String,
}

/// A target could not be asked.
struct Unasked(String);

impl<'a> Tenancy<'a> {
    /// Takes the combinations of one policy.
    pub(super) fn of(asker: &'a Asker, combinations: &'a [Combination]) -> Self {
        let first = combinations.first().copied();
        let first = first.unwrap_or(Combination::new(0));
        let name = format!("matrix-{}-{:05}", asker.session.seed, first.policy_number());
        let tenant = asker.session.tenant_id(&name);
        Self {
            asker,
            combinations,
            policy: first.policy(),
            domain: format!("{tenant}.example.com"),
            tenant,
        }
    }

    /// Makes the tenant, asks about each user, and takes the tenant down.
    pub(super) async fn judge(&self) -> Findings {
        let mut findings = Findings::default();
        let mut cases = Vec::new();
        for combination in self.combinations {
            let expected = expected_in_full(&self.policy, combination.role());
            if self.applies(*combination, expected.as_ref()) {
                cases.push((*combination, expected));
            } else {
                findings.not_applicable += 1;
            }
        }
        if cases.is_empty() {
            return findings;
        }
        let made = self.make().await;
        for (combination, expected) in cases {
            let asked = match &made {
                Err(Unasked(why)) => Err(Unasked(why.clone())),
                Ok(fate) => self.compare(combination, expected.as_ref(), fate).await,
            };
            match asked {
                Err(Unasked(why)) => findings.trouble(LookupError { combination, why }),
                Ok(differences) => {
                    let outcome = expected.map(|told| (told.available, told.required));
                    findings.count(outcome, differences);
                }
            }
        }
        if made.is_ok_and(|fate| fate == ACCEPTED)
            && self.asker.session.target.has(Operation::DeleteTenant)
        {
            // Whether that works changes no judgement.
            let _ = self.ask(Operation::DeleteTenant, self.variables()).await;
        }
        findings
    }

    /// Returns whether the target declares everything on which a decision depends.
    fn applies(&self, combination: Combination, expected: Option<&UserView>) -> bool {
        let declared = &self.asker.capabilities;
        let kinds = combination.two_step_kinds();
        declared.editions.contains(&self.policy.edition)
            && kinds.is_subset(&declared.kinds)
            && match expected {
                None => self.asker.refuses_policies,
                Some(told) => told
                    .available
                    .iter()
                    .all(|method| declared.methods.contains(method)),
            }
    }

    /// Makes the tenant, and tells what became of its policy.
    async fn make(&self) -> Result<String, Unasked> {
        let mut variables = self.variables();
        let users: Vec<Json> = self
            .combinations
            .iter()
            .map(|one| {
                json!({
                    "userPrincipalName": self.user(one.role()),
                    "password": self.asker.password.expose(),
                    "role": one.role().as_str(),
                })
            })
            .collect();
        let policy = serde_json::to_value(&self.policy);
        let policy = policy.map_err(|error| Unasked(error.to_string()))?;
        variables.insert("displayName", "Matrix");
        variables.insert("policy", policy);
        variables.insert("domains", json!([self.domain]));
        variables.insert("users", Json::from(users));
        variables.insert("now", START);
        variables.insert("seed", self.tenant.as_str());
        match self.ask(Operation::CreateTenant, variables).await?.answered {
            Answer::Success(_) => Ok(ACCEPTED.to_owned()),
            Answer::Refused {
                reason: Refusal::InvalidPolicy,
                ..
            } => Ok(REFUSED.to_owned()),
            refused @ Answer::Refused {
                reason: Refusal::InvalidInput,
                ..
            } => Ok(told(&refused)),
            other => Err(Unasked(format!(
                "the tenant could not be made: {}",
                told(&other)
            ))),
        }
    }

    /// Asks about one user, and tells what differs.
    async fn compare(
        &self,
        combination: Combination,
        expected: Option<&UserView>,
        fate: &str,
    ) -> Result<Vec<MatrixDifference>, Unasked> {
        let mut found = CombinationDifferences::new(combination);
        let expected_fate = if expected.is_some() {
            ACCEPTED
        } else {
            REFUSED
        };
        found.check(Aspect::Policy, expected_fate.to_owned(), fate.to_owned());
        let Some(expected) = expected.filter(|_| fate == ACCEPTED) else {
            return Ok(found.differences);
        };
        let Some((session, state)) = self
            .sign_in(combination.role(), expected, &mut found)
            .await?
        else {
            return Ok(found.differences);
        };
        self.available(&session, expected, &mut found).await?;
        // Where the state differs already, the wizard could only differ for the same reason.
        if self.asker.has_wizard && state == session_state(expected.interrupted) {
            self.wizard(&session, expected, &mut found).await?;
        }
        Ok(found.differences)
    }

    async fn sign_in(
        &self,
        role: Role,
        expected: &UserView,
        found: &mut CombinationDifferences,
    ) -> Result<Option<(Value, SessionState)>, Unasked> {
        let mut variables = self.variables();
        variables.insert("userPrincipalName", self.user(role).as_str());
        variables.insert("password", self.asker.password.clone());
        let asked = self.ask(Operation::SignIn, variables).await?;
        let expect = session_state(expected.interrupted).to_string();
        let answer: SessionAnswer = match read(&asked.answered) {
            Ok(answer) => answer,
            Err(actual) => {
                found.check(Aspect::SignIn, expect, actual);
                return Ok(None);
            }
        };
        let state = answer.state.ok_or_else(|| untold("signIn", "state"))?;
        found.check(Aspect::SignIn, expect, state.to_string());
        let session = asked.kept("session").cloned();
        let session = session.ok_or_else(|| untold("signIn", "session"))?;
        Ok(Some((session, state)))
    }

    async fn available(
        &self,
        session: &Value,
        expected: &UserView,
        found: &mut CombinationDifferences,
    ) -> Result<(), Unasked> {
        let asked = self.in_session(Operation::ListAvailable, session).await?;
        let expect = joined(&expected.available);
        let answer: AvailableAnswer = match read(&asked.answered) {
            Ok(answer) => answer,
            Err(actual) => {
                found.check(Aspect::Available, expect, actual);
                return Ok(());
            }
        };
        let methods = answer.methods;
        let methods = methods.ok_or_else(|| untold("listAvailable", "methods"))?;
        found.check(Aspect::Available, expect, joined(&methods));
        // Kinds and purposes are compared where they are told, of the methods that both sides have.
        for expect in &expected.details {
            let mut details = answer.details.iter().flatten();
            if let Some(detail) = details.find(|one| one.method == Some(expect.method)) {
                found.check_details(expect, detail);
            }
        }
        Ok(())
    }

    async fn wizard(
        &self,
        session: &Value,
        expected: &UserView,
        found: &mut CombinationDifferences,
    ) -> Result<(), Unasked> {
        let answered = self
            .in_session(Operation::ReadWizard, session)
            .await?
            .answered;
        if !expected.interrupted {
            let refused = answered.refusal() == Some(Refusal::NotInterrupted);
            let actual = if refused {
                NO_WIZARD.to_owned()
            } else {
                told(&answered)
            };
            found.check(Aspect::Wizard, NO_WIZARD.to_owned(), actual);
            return Ok(());
        }
        let answer: WizardAnswer = match read(&answered) {
            Ok(answer) => answer,
            Err(actual) => {
                found.check(Aspect::Required, joined(&expected.required), actual);
                return Ok(());
            }
        };
        let required = answer.required;
        let required = required.ok_or_else(|| untold("readWizard", "required"))?;
        found.check(
            Aspect::Required,
            joined(&expected.required),
            joined(&required),
        );
        let page = |page: WizardPage, proposed: &[_]| format!("{page}: {}", joined(proposed));
        if let (Some(shown), Some(proposed)) = (answer.page, answer.proposed) {
            let first = expected.required.get(..1).unwrap_or_default();
            found.check(
                Aspect::Wizard,
                page(WizardPage::Method, first),
                page(shown, &[proposed]),
            );
        }
        if let Some(alternatives) = answer.alternatives {
            let expect = joined(&expected.alternatives);
            found.check(Aspect::Alternatives, expect, joined(&alternatives));
        }
        Ok(())
    }

    async fn in_session(&self, operation: Operation, session: &Value) -> Result<Asked, Unasked> {
        let mut variables = Variables::default();
        variables.insert("session", session.clone());
        self.ask(operation, variables).await
    }

    async fn ask(&self, operation: Operation, variables: Variables) -> Result<Asked, Unasked> {
        let asker = self.asker;
        let asked = asker
            .session
            .target
            .ask(&asker.session.transport, operation, &variables);
        asked
            .await
            .map_err(|error| Unasked(format!("{operation}: {error}")))
    }

    /// Offers what test control needs.
    fn variables(&self) -> Variables {
        let mut variables = Variables::default();
        variables.insert("tenantId", self.tenant.as_str());
        if let Some(token) = &self.asker.session.control_token {
            variables.insert("controlToken", token.clone());
        }
        variables
    }

    fn user(&self, role: Role) -> String {
        format!("{role}@{}", self.domain)
    }
}

/// What is expected of the wizard where nothing interrupts.
const NO_WIZARD: &str = "refused: notInterrupted";

/// Collects what differs in one combination.
struct CombinationDifferences {
    combination: Combination,
    differences: Vec<MatrixDifference>,
}

impl CombinationDifferences {
    const fn new(combination: Combination) -> Self {
        Self {
            combination,
            differences: Vec::new(),
        }
    }

    fn check(&mut self, aspect: Aspect, expected: String, actual: String) {
        if expected != actual {
            self.differences.push(MatrixDifference {
                combination: self.combination,
                registered: Vec::new(),
                aspect,
                expected,
                actual,
            });
        }
    }

    /// Compares kinds and purposes, each where it is told; their order is not judged here.
    fn check_details(&mut self, expected: &Detail, actual: &AvailableDetail) {
        let method = expected.method;
        if let Some(kinds) = &actual.kinds {
            let kinds: BTreeSet<_> = kinds.iter().copied().collect();
            let line = |set: &BTreeSet<_>| format!("{method} by {}", joined(set));
            self.check(Aspect::Details, line(&expected.kinds), line(&kinds));
        }
        if let Some(purposes) = &actual.purposes {
            let purposes: BTreeSet<_> = purposes.iter().copied().collect();
            let line = |set: &BTreeSet<_>| format!("{method} for {}", joined(set));
            self.check(Aspect::Details, line(&expected.purposes), line(&purposes));
        }
    }
}

/// Reads a success; else tells what came in its place.
fn read<T: DeserializeOwned>(answered: &Answer) -> Result<T, String> {
    match answered {
        Answer::Success(fields) => serde_json::from_value(Json::Object(fields.clone()))
            .map_err(|error| format!("an answer that cannot be read: {error}")),
        other => Err(told(other)),
    }
}

/// Returns an answer in a few words.
fn told(answered: &Answer) -> String {
    match answered {
        Answer::Success(_) => "a success".to_owned(),
        Answer::Refused { reason, .. } => format!("refused: {reason}"),
        Answer::Unrecognised { status, code } => {
            let code = code
                .as_ref()
                .map_or_else(String::new, |code| format!(" `{code}`"));
            format!("an answer that no rule matches: {status}{code}")
        }
        Answer::Unreadable | Answer::Together(_) => answered.to_string(),
    }
}

/// Returns the reason where the target file does not map what is to be judged.
fn untold(operation: &str, what: &str) -> Unasked {
    Unasked(format!(
        "the answer of {operation} tells no `{what}`; map it in the target file"
    ))
}
