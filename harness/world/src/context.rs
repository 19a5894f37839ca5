//! What all cases of a run share: the target and how it is reached, what it declared, and what earlier cases spent.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use proofup_domain::capabilities::{Capabilities, Limits};
use proofup_domain::requirement::Catalogue;

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
        }
    }
}
