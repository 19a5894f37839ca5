//! What a run leaves out because of what the doctor found: only what the broken part of the mapping serves.

use std::collections::BTreeSet;

use proofup_binding::{CompiledTarget, Operation};
use proofup_domain::capabilities::{Facility, Limits};
use proofup_domain::command::Command;
use proofup_domain::expect::Named;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::policy::Policy;
use proofup_domain::refusal::Refusal;
use proofup_judge::outcome::CouldNotRun;
use proofup_scenario::{Check, Scenario, Step, StepAction};

use crate::{Terms, needs, operation_of};

/// What a run cannot judge, because the mapping does not carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingGap {
    /// All of it.
    Everything,
    /// Whatever asks for this operation.
    Operation(Operation),
    /// Whatever sets this method up; by this kind where one is named.
    Setup(Method, Option<ChallengeKind>),
    /// Whatever needs this facility.
    Facility(Facility),
    /// Whatever expects this refusal.
    Refusal(Refusal),
    /// Whatever expects this field of the operation's answer.
    Field(Operation, String),
    /// Whatever moves time or counts by this declared limit, in the words of scenarios: `code`.
    Limit(&'static str),
}

/// What cannot be judged, each with the doctor's words.
#[derive(Debug, Clone, Default)]
pub struct UnprovenMapping(Vec<(MappingGap, CouldNotRun)>);

impl UnprovenMapping {
    /// Returns marks, each with the reason to report.
    #[must_use]
    pub const fn new(gaps: Vec<(MappingGap, CouldNotRun)>) -> Self {
        Self(gaps)
    }

    /// Returns why a scenario cannot even begin, if it cannot.
    pub(crate) fn of_beginning(
        &self,
        target: &CompiledTarget,
        limits: &Limits,
        scenario: &Scenario,
        policy: &Policy,
    ) -> Option<CouldNotRun> {
        if self.0.is_empty() {
            return None;
        }
        let makes = [Operation::CreateTenant, Operation::CreateUser];
        let made = makes.into_iter().filter(|one| target.has(*one));
        let by_making = made
            .into_iter()
            .find_map(|operation| self.find(|gap| *gap == MappingGap::Operation(operation)));
        let needed = needs::facilities(scenario, target);
        // What a tenant is made with is there from the beginning; an inbox is missed by the step that needs it.
        let by_facility = [Facility::Policy, Facility::Users]
            .into_iter()
            .filter(|facility| needed.contains(facility))
            .find_map(|facility| self.find(|gap| *gap == MappingGap::Facility(facility)));
        by_making
            .or(by_facility)
            .or_else(|| self.find(|gap| *gap == MappingGap::Everything))
            .or_else(|| {
                Terms::of(target, &scenario.users, policy)
                    .preparation(&scenario.users, limits)
                    .iter()
                    .find_map(|command| self.of_command(command))
            })
    }

    /// Returns why a step cannot be taken, if it cannot.
    pub(crate) fn of_step(&self, step: &Step) -> Option<CouldNotRun> {
        if self.0.is_empty() {
            return None;
        }
        let counted = match &step.action {
            StepAction::One(_) => step.times.iter().collect(),
            StepAction::Together(parts) => parts
                .iter()
                .filter_map(|part| part.times.as_ref())
                .collect::<Vec<_>>(),
        };
        let by_limit = counted.iter().find_map(|times| {
            let text = times.to_string();
            self.find(|gap| matches!(gap, MappingGap::Limit(word) if has_word(&text, word)))
        });
        by_limit.or_else(|| {
            step.action
                .commands()
                .find_map(|command| self.of_command(command))
        })
    }

    /// Returns why a check that failed may have failed by the mapping alone, if that is so.
    pub(crate) fn of_check(&self, step: &Step, check: &Check) -> Option<CouldNotRun> {
        let named = check.expect.as_ref()?.named();
        let operations: Vec<Operation> = step.action.commands().filter_map(operation_of).collect();
        self.of_answer(&named, &operations)
    }

    /// Returns why an answer of some operations cannot be held to what is expected, which names this, if it cannot.
    pub(crate) fn of_answer(
        &self,
        named: &Named<'_>,
        operations: &[Operation],
    ) -> Option<CouldNotRun> {
        self.find(|gap| match gap {
            MappingGap::Refusal(refusal) => named.reasons.contains(refusal),
            MappingGap::Field(operation, field) => {
                operations.contains(operation) && named.fields.contains(field.as_str())
            }
            _ => false,
        })
    }

    /// Returns why a declared limit may be a mistake of the target file, in the words of scenarios (`code`), if that is so.
    #[must_use]
    pub fn of_limit(&self, limit: &str) -> Option<CouldNotRun> {
        self.find(|gap| matches!(gap, MappingGap::Limit(word) if *word == limit))
    }

    pub(crate) fn of_command(&self, command: &Command) -> Option<CouldNotRun> {
        let operation = operation_of(command);
        let mut facilities = BTreeSet::new();
        needs::of_command(command, &mut facilities);
        let setup = match command {
            Command::BeginEnrollment { .. } | Command::ChangeMethod { .. } => {
                command.method().zip(command.kind())
            }
            _ => None,
        };
        self.find(|gap| match gap {
            MappingGap::Everything => true,
            MappingGap::Operation(missing) => operation == Some(*missing),
            MappingGap::Setup(method, kind) => setup
                .is_some_and(|(begun, by)| begun == *method && kind.is_none_or(|kind| kind == by)),
            MappingGap::Facility(facility) => facilities.contains(facility),
            MappingGap::Limit(word) => {
                matches!(command, Command::AdvanceClock { by } if has_word(by, word))
            }
            MappingGap::Refusal(_) | MappingGap::Field(..) => false,
        })
    }

    fn find(&self, fits: impl Fn(&MappingGap) -> bool) -> Option<CouldNotRun> {
        self.0
            .iter()
            .find(|(gap, _)| fits(gap))
            .map(|(_, why)| why.clone())
    }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split_whitespace().any(|one| one == word)
}
