//! What all cases of a run share: the target and how it is reached, what it declared, and what earlier cases spent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use proofup_binding::Operation;
use proofup_domain::capabilities::{Capabilities, Limits};
use proofup_domain::method::Role;
use proofup_domain::requirement::Catalogue;
use proofup_scenario::UserSpec;

use crate::answer_rules::AnswerRules;
use crate::refused_steps::RefusedSteps;
use crate::session::TargetSession;
use crate::unproven::UnprovenMapping;

/// What all cases of a run share.
#[derive(Debug)]
pub struct RunContext {
    /// The target and what it is reached by.
    pub session: TargetSession,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// Keep every exchange.
    pub trace: bool,
    /// What the target declares of lengths and lifetimes.
    pub limits: Limits,
    /// What the rules for every answer found in the cases so far.
    pub answers: AnswerRules,
    /// What was refused on the way to checks although it had to succeed.
    pub refused: RefusedSteps,
    /// What the doctor found that the target file does not carry.
    pub unproven: UnprovenMapping,
    /// Users of the target file's pool that a case has changed.
    pub(crate) spent_users: Mutex<BTreeSet<String>>,
    /// Numbers that people of earlier cases had: a target that all cases share may take each for one person only.
    pub(crate) spent_numbers: Mutex<BTreeSet<String>>,
    /// How often a case of a name was begun whose people cannot be taken back.
    begun: Mutex<BTreeMap<String, u32>>,
}

impl RunContext {
    /// What cases of a session share before the first of them: nothing is spent and nothing marked.
    #[must_use]
    pub fn new(
        session: &TargetSession,
        catalogue: &Arc<Catalogue>,
        capabilities: &Capabilities,
    ) -> Self {
        Self {
            session: session.clone(),
            catalogue: Arc::clone(catalogue),
            trace: false,
            answers: AnswerRules::default(),
            refused: RefusedSteps::default(),
            limits: capabilities.limits.clone(),
            unproven: UnprovenMapping::default(),
            spent_users: Mutex::default(),
            spent_numbers: Mutex::default(),
            begun: Mutex::default(),
        }
    }

    /// Returns a name for a case that is played once more, so that it meets nobody of the times before.
    ///
    /// A tenant is taken down with everything in it; users who were made one by one may stay.
    #[must_use]
    pub fn fresh_name(&self, name: &str) -> String {
        if self.session.target.has(Operation::CreateTenant) {
            return name.to_owned();
        }
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let times = begun.entry(name.to_owned()).or_default();
        *times += 1;
        format!("{name}-{times}")
    }

    /// Returns how many users of `[[users]]` are there, where no case of some people could have any more; none: it could.
    #[must_use]
    pub fn used_up(&self, people: &[UserSpec]) -> Option<usize> {
        let target = &self.session.target;
        if target.has(Operation::CreateTenant) || target.has(Operation::CreateUser) {
            return None;
        }
        let spent = self.spent_users.lock();
        let spent = spent.unwrap_or_else(PoisonError::into_inner);
        let free = |role| {
            let pool = target.users().iter();
            pool.filter(|user| user.role == role && !spent.contains(&user.name))
                .count()
        };
        let wanted = |role| {
            let people = people.iter();
            people
                .filter(|user| user.exists && user.role == role)
                .count()
        };
        let mut roles = [Role::Member, Role::Administrator].into_iter();
        roles
            .any(|role| wanted(role) > free(role))
            .then(|| target.users().len())
    }
}
