//! Steps on the way to a check that a target refused although they had to succeed: what a run has met of them.
//!
//! The same refusal of the same command is one finding, however many cases meet it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proofup_binding::exchange::Exchange;
use proofup_oracle::auditor::HistoryEntry;
use proofup_scenario::transcript;

/// What was refused in the cases of a run so far although it had to succeed.
#[derive(Debug, Default)]
pub struct RefusedSteps(Mutex<BTreeMap<(&'static str, String, String), RefusalSightings>>);

/// The cases that met one refusal.
#[derive(Debug)]
struct RefusalSightings {
    cases: BTreeSet<String>,
    /// The exchange of the first case by name, so that the order in which cases end changes nothing.
    exchange: Option<Exchange>,
}

/// A command that was refused although it had to succeed.
#[derive(Debug, Clone)]
pub struct RefusedStep {
    /// The requirement that it serves.
    pub requirement: &'static str,
    /// The command, as a transcript writes it.
    pub command: String,
    /// What came back, as a transcript writes it.
    pub told: String,
    /// The first case, by name, in which that was seen.
    pub case: String,
    /// How many cases saw it.
    pub cases: usize,
    /// What was sent and what came back, masked.
    pub exchange: Option<Exchange>,
}

impl RefusedSteps {
    /// Lists them in the order of requirements, commands and answers.
    #[must_use]
    pub fn list(&self) -> Vec<RefusedStep> {
        self.ledger()
            .iter()
            .map(|((requirement, command, told), refused)| RefusedStep {
                requirement,
                command: command.clone(),
                told: told.clone(),
                case: refused.cases.first().cloned().unwrap_or_default(),
                cases: refused.cases.len(),
                exchange: refused.exchange.clone(),
            })
            .collect()
    }

    /// Adds a refusal that a case has met.
    pub(crate) fn add(
        &self,
        requirement: &'static str,
        entry: &HistoryEntry,
        case: &str,
        shown: Option<Exchange>,
    ) {
        let (_, command, answer) = entry;
        let key = (
            requirement,
            transcript::command(command),
            transcript::answer(answer),
        );
        let mut ledger = self.ledger();
        let refused = ledger.entry(key).or_insert_with(|| RefusalSightings {
            cases: BTreeSet::new(),
            exchange: None,
        });
        let mut before = refused.cases.iter();
        if before.next().is_none_or(|first| case < first.as_str()) {
            refused.exchange = shown;
        }
        refused.cases.insert(case.to_owned());
    }

    fn ledger(&self) -> MutexGuard<'_, BTreeMap<(&'static str, String, String), RefusalSightings>> {
        // No invariant spans a panic: each refusal is added whole or not at all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
