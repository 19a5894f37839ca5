//! Goes through the steps of a case, one after the other, and tells the transcript.

use std::collections::BTreeMap;

use proofup_binding::RecordedExchange;
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::command::Command;
use proofup_domain::expect::Expectation;
use proofup_judge::outcome::{CheckResult, CouldNotRun, Mismatch, Outcome};
use proofup_scenario::{Quantity, Scenario, Step, StepAction, transcript};
use serde_json::Value as Json;

use super::Case;
use crate::allowance::{Allowances, CheckEvidence};
use crate::context::RunContext;
use crate::needs::accepted_shape;
use crate::{StepError, World, operation_of, together};

/// What a step led to.
pub(super) struct Record {
    pub(super) succeeded: bool,
    pub(super) told: String,
}

/// What is known of a case while it runs.
pub(super) struct CaseRun<'a> {
    pub(super) case: &'a Case,
    pub(super) context: &'a RunContext,
    pub(super) allowances: Allowances<'a>,
    pub(super) records: BTreeMap<usize, Record>,
    /// Each with the index of its step and its exchanges, which are shown only where it did not pass.
    pub(super) checks: Vec<(usize, Vec<RecordedExchange>, CheckResult)>,
    lines: Vec<String>,
    /// Set once a step that had to succeed did not.
    blocked: Option<CouldNotRun>,
}

impl<'a> CaseRun<'a> {
    /// Begins a case: nothing was done yet, and nothing blocks it but what is known beforehand.
    pub(super) fn new(
        context: &'a RunContext,
        capabilities: &'a Capabilities,
        case: &'a Case,
    ) -> Self {
        let allowances = Allowances {
            context,
            capabilities,
            scenario: &case.scenario,
            edition: case.edition,
        };
        Self {
            case,
            context,
            allowances,
            records: BTreeMap::new(),
            checks: Vec::new(),
            lines: vec![
                case.scenario.title.clone(),
                format!("edition {}", case.edition),
                String::new(),
            ],
            blocked: allowances.of_case(),
        }
    }

    /// Returns whether no check of the case is to be judged, so that no world is needed.
    pub(super) fn is_spared(&self) -> bool {
        let steps = self.case.scenario.steps.iter();
        let mut checks = steps.filter_map(|step| step.check.as_ref()).peekable();
        let has_checks = checks.peek().is_some();
        self.blocked.is_some()
            || has_checks && checks.all(|check| self.allowances.undeclared(check).is_some())
    }

    /// Keeps everything that follows from being judged.
    pub(super) fn block(&mut self, why: CouldNotRun) {
        self.blocked = Some(why);
    }

    /// Sets the outcome of every check without running anything.
    pub(super) fn pass_over(&mut self) {
        for (index, step) in self.case.scenario.steps.iter().enumerate() {
            self.pass_over_step(index, step);
        }
    }

    fn pass_over_step(&mut self, index: usize, step: &Step) {
        let Some(check) = &step.check else {
            return;
        };
        let blocked = self.blocked.clone();
        let why = blocked.unwrap_or_else(|| CouldNotRun::NotReached("not run".to_owned()));
        self.record_check(index, step, check, CheckEvidence::Missing(why), Vec::new());
    }

    /// Goes through the steps, as far as nothing keeps them from being taken.
    pub(super) async fn follow(&mut self, world: &mut World<'_>) {
        let case = self.case;
        let scenario = &case.scenario;
        if let Err(error) = world.set_up(scenario, &case.policy()).await {
            self.blocked = Some(self.with_blame(world, because(1, &error)));
        }
        self.tell_people(scenario);
        for (index, step) in scenario.steps.iter().enumerate() {
            if self.blocked.is_none() {
                self.blocked = self.allowances.of_step(step);
            }
            if self.blocked.is_some() {
                self.pass_over_step(index, step);
            } else {
                self.step(world, index, step).await;
            }
        }
    }

    /// Adds to a reason which requirement fails by it, if the refused step is the target's fault.
    fn with_blame(&self, world: &World<'_>, why: CouldNotRun) -> CouldNotRun {
        let requirement = world.blame_refused_step(self.case, self.allowances.capabilities);
        match (why, requirement) {
            (CouldNotRun::Precondition { line, what }, Some(requirement)) => {
                let what = format!("{what}; {requirement} fails by that");
                CouldNotRun::Precondition { line, what }
            }
            (why, _) => why,
        }
    }

    /// Does the same for a step of the file. The oracle cannot follow requests that were spoilt or sent at the same moment.
    fn with_blame_at(&self, world: &World<'_>, index: usize, why: CouldNotRun) -> CouldNotRun {
        let mut before = self.case.scenario.steps[..=index].iter();
        let is_plain =
            |step: &Step| step.mangle.is_none() && matches!(step.action, StepAction::One(_));
        if before.all(is_plain) {
            self.with_blame(world, why)
        } else {
            why
        }
    }

    /// Returns the checks in the order of their steps, and the transcript.
    pub(super) fn end(mut self) -> (Vec<CheckResult>, String) {
        self.judge_controls();
        let checks = self.checks.into_iter();
        let checks = checks
            .map(|(_, exchanges, mut check)| {
                // What passed needs no proof.
                if !matches!(check.outcome, Outcome::Passed | Outcome::NotApplicable(_)) {
                    let shown = exchanges.into_iter().map(RecordedExchange::into_shown);
                    check.exchanges = shown.collect();
                }
                check
            })
            .collect();
        (checks, self.lines.join("\n") + "\n")
    }

    fn tell_people(&mut self, scenario: &Scenario) {
        for user in &scenario.users {
            if !user.methods.is_empty() {
                let methods: Vec<&str> =
                    user.methods.iter().map(|method| method.as_str()).collect();
                self.lines.push(format!(
                    "[setup] {} has registered {}",
                    user.name,
                    methods.join(", ")
                ));
            }
        }
    }

    async fn step(&mut self, world: &mut World<'_>, index: usize, step: &Step) {
        let shape = accepted_shape(step, self.allowances.capabilities);
        if let (Some(check), Some(shape)) = (&step.check, shape) {
            let evidence = CheckEvidence::AcceptedShape(shape);
            self.record_check(index, step, check, evidence, Vec::new());
            return;
        }
        if let (Some(check), Some(why)) = (&step.check, self.lacks_shape(step)) {
            self.record_check(index, step, check, CheckEvidence::NoShape(why), Vec::new());
            return;
        }
        world.look_at_the_clock();
        let when = transcript::instant(world.zero, world.now);
        let first_exchange = world.exchanges.len();
        let attempt = self.attempt(world, step).await;
        let exchanges: Vec<RecordedExchange> = world.exchanges[first_exchange..].to_vec();
        let told = match &attempt {
            Ok((performed, _)) => together::told(performed),
            Err(error) => error.to_string(),
        };
        self.tell(world, step, &when, &told);
        let succeeded = attempt
            .as_ref()
            .is_ok_and(|(performed, _)| performed.is_success());
        let Some(check) = &step.check else {
            self.blocked = match attempt {
                Ok(_) if succeeded => None,
                Ok(_) => {
                    let what = format!(
                        "`{}` was answered with {told}",
                        transcript::action(&step.action)
                    );
                    let line = step.line;
                    let why = CouldNotRun::Precondition { line, what };
                    Some(self.with_blame_at(world, index, why))
                }
                Err(error) => Some(because(step.line, &error)),
            };
            self.records.insert(index, Record { succeeded, told });
            return;
        };
        self.records.insert(index, Record { succeeded, told });
        if let Err(error) = &attempt
            && step.action.commands().any(changes_something)
        {
            // What was never asked for cannot have happened, and of what was not answered nobody knows whether it did:
            // whatever builds on it would be judged by nothing.
            self.blocked = Some(because(step.line, error));
        }
        let evidence = self.evidence(world, step, check, attempt).await;
        self.record_check(index, step, check, evidence, exchanges);
    }

    /// Returns why the request of a malformed step has no such shape, if it has none.
    fn lacks_shape(&self, step: &Step) -> Option<String> {
        let (Some(mangle), StepAction::One(command)) = (step.mangle, &step.action) else {
            return None;
        };
        let target = &self.context.session.target;
        target.lacks_shape(operation_of(command)?, mangle)
    }

    fn tell(&mut self, world: &World<'_>, step: &Step, when: &str, told: &str) {
        let alias = world
            .typed_code
            .as_ref()
            .filter(
                |_| matches!(&step.action, StepAction::One(command) if transcript::types_a_code(command)),
            )
            .and_then(|code| world.codes.iter().position(|known| known == code))
            .map(|position| format!(" (code#{})", position + 1));
        let mangle = step.mangle.map(|mangle| format!(" mangle={mangle}"));
        self.lines.push(format!(
            "[{when}] {}{}{} -> {told}",
            transcript::action(&step.action),
            alias.unwrap_or_default(),
            mangle.unwrap_or_default()
        ));
    }

    /// Lets a step happen as often as it says; the second value tells of an earlier answer that was of another kind.
    async fn attempt(
        &self,
        world: &mut World<'_>,
        step: &Step,
    ) -> Result<(Answer, Option<Mismatch>), StepError> {
        let command = match &step.action {
            StepAction::One(command) => command,
            StepAction::Together(parts) => {
                return Ok((together::happen(world, parts).await?, None));
            }
        };
        let times = match &step.times {
            Some(times) => Quantity::count(times, &world.limits)
                .map_err(|error| StepError::Unready(error.to_string()))?,
            None => 1,
        };
        let expected = step
            .check
            .as_ref()
            .and_then(|check| check.expect.as_ref())
            .map_or(Expectation::success(), Expectation::kind);
        let mut odd = None;
        for round in 1..times {
            let performed = world.perform(command, step.mangle).await?;
            if !expected.admits(&performed) && odd.is_none() {
                odd = Some(Mismatch {
                    path: format!("answer {round} of {times}"),
                    expected: match &expected {
                        Expectation::Refused(refused) => refused.reasons.to_json(),
                        _ => Json::from("success"),
                    },
                    actual: Some(performed.to_json()),
                });
            }
        }
        if step.check.is_none()
            && let Some(odd) = odd
        {
            return Err(StepError::Unready(format!(
                "{} was {}",
                odd.path,
                odd.actual.unwrap_or_default()
            )));
        }
        Ok((world.perform(command, step.mangle).await?, odd))
    }
}

/// Returns the reason where what came of a step keeps a check from being judged.
pub(super) fn because(line: usize, error: &StepError) -> CouldNotRun {
    match error {
        StepError::Transport(failure) => CouldNotRun::Transport(failure.error.to_string()),
        StepError::Unready(what) => CouldNotRun::Precondition {
            line,
            what: what.clone(),
        },
    }
}

/// Returns whether a later step may build on a command: all but those that only read.
const fn changes_something(command: &Command) -> bool {
    !matches!(
        command,
        Command::ReadSession { .. }
            | Command::OpenAccount { .. }
            | Command::ReadWizard { .. }
            | Command::ListMethods { .. }
            | Command::ListAvailable { .. }
            | Command::ReadEnrollment { .. }
            | Command::ReadSecondStep { .. }
            | Command::ReadReset { .. }
            | Command::ReadResetProof { .. }
            | Command::ReadInbox { .. }
            | Command::ReadAudit { .. }
            | Command::ReadAuditEvents { .. }
            | Command::ReadCapabilities {}
            | Command::FindLeaks {}
    )
}
