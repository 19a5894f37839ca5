//! Judges the checks of a case: what there is to judge by, what is spared, and what counts.

use std::collections::BTreeMap;
use std::time::Duration;

use proofup_binding::{CallFailure, Operation, RecordedExchange, TransportError};
use proofup_domain::answer::Answer;
use proofup_domain::command::{Command, GatewayBehaviour};
use proofup_domain::expect::Expectation;
use proofup_domain::requirement::RequirementId;
use proofup_domain::state::Channel;
use proofup_judge::outcome::{CheckResult, CouldNotRun, Mismatch, Outcome};
use proofup_scenario::{Check, Step, StepAction, transcript};
use serde_json::Value as Json;

use super::Case;
use super::steps::{CaseRun, because};
use crate::allowance::{CheckEvidence, drop_unmapped};
use crate::{StepError, World, operation_of, together};

impl CaseRun<'_> {
    /// Collects what there is to judge a check by.
    pub(super) async fn evidence(
        &self,
        world: &mut World<'_>,
        step: &Step,
        check: &Check,
        attempt: Result<(Answer, Option<Mismatch>), StepError>,
    ) -> CheckEvidence {
        match attempt {
            Ok(_) if world.assumed => CheckEvidence::Assumed,
            Ok((answer, odd)) => {
                let mut mismatches = self.compare(check, &answer);
                mismatches.extend(odd);
                drop_unmapped(&self.context.session.target, step, mismatches)
            }
            Err(StepError::Transport(failure)) if self.allowances.undeclared(check).is_none() => {
                self.silence(world, step, check, &failure).await
            }
            Err(error) => CheckEvidence::Missing(because(step.line, &error)),
        }
    }

    /// Finds out what no answer means (decision 7): only a target that answers others, and again not this, is at fault. One that
    /// waits too long for a provider that hangs is at fault, too, where its second answer is wrong: it knew what to say.
    async fn silence(
        &self,
        world: &mut World<'_>,
        step: &Step,
        check: &Check,
        failure: &CallFailure,
    ) -> CheckEvidence {
        let vars = world.control_variables();
        let asked = world.call(Operation::ReadCapabilities, vars, None).await;
        let missing = CouldNotRun::Transport(failure.error.to_string());
        if asked.is_err() {
            return CheckEvidence::Missing(missing);
        }
        let actual = match once_more(world, step).await {
            Err(StepError::Transport(again)) => format!("no answer, twice: {}", again.error),
            Ok(answer)
                if Self::waits_too_long(world, failure)
                    && !self.compare(check, &answer).is_empty() =>
            {
                let told = transcript::answer(&answer);
                format!("{} while a provider hangs; then {told}", failure.error)
            }
            _ => return CheckEvidence::Missing(missing),
        };
        let expected = check.expect.as_ref();
        CheckEvidence::Silent(Mismatch {
            path: String::new(),
            expected: expected.map_or_else(|| Json::from("an answer"), Expectation::to_json),
            actual: Some(Json::from(actual)),
        })
    }

    /// Returns whether a provider hangs, and the target was waited for more than twice as long as it declares to wait.
    fn waits_too_long(world: &World<'_>, failure: &CallFailure) -> bool {
        let TransportError::TimedOut(waited) = &failure.error else {
            return false;
        };
        let declared = Duration::from_millis(world.limits.gateway_timeout_ms.into());
        let mut set = BTreeMap::new();
        for (_, command, _) in &world.history {
            if let Command::SetGateway { channel, behaviour } = command {
                set.insert(*channel, *behaviour);
            }
        }
        *waited > 2 * declared && set.values().any(|it| *it == GatewayBehaviour::Hang)
    }

    fn compare(&self, check: &Check, answer: &Answer) -> Vec<Mismatch> {
        let requirement = self.context.catalogue.get(&check.requirement);
        let allowed = requirement
            .map(|requirement| requirement.allowed.clone())
            .unwrap_or_default();
        let success = Expectation::success();
        let expectation = check.expect.as_ref().unwrap_or(&success);
        expectation.compare(answer, &allowed)
    }

    /// Judges a check by its evidence, unless it is spared.
    pub(super) fn record_check(
        &mut self,
        index: usize,
        step: &Step,
        check: &Check,
        evidence: CheckEvidence,
        exchanges: Vec<RecordedExchange>,
    ) {
        if let CheckEvidence::Answered { wrong, form, .. } = &evidence
            && wrong.is_empty()
            && !form.is_empty()
            && let StepAction::One(command) = &step.action
        {
            let shown = exchanges.last().map(|last| last.clone().into_shown());
            let operation = operation_of(command).map_or(command.word(), Operation::as_str);
            let answers = &self.context.answers;
            answers.see_form(&self.case.id(), operation, form, shown.as_ref());
        }
        let outcome = match self.allowances.of_check(step, check, &evidence) {
            Some(allowance) => allowance.into(),
            None => judged(evidence),
        };
        self.checks.push((
            index,
            exchanges,
            CheckResult {
                requirement: check.requirement.clone(),
                slug: check.slug.clone(),
                outcome,
                file: self.case.scenario.path.clone(),
                line: check.line,
                expect_line: check.expect_line,
                command: transcript::action(&step.action),
                control_difference: check
                    .control
                    .as_ref()
                    .map(|control| control.difference.to_string()),
                exchanges: Vec::new(),
            },
        ));
    }

    /// Takes a pass back where the refusal's control did not succeed: the refusal may have had another cause.
    pub(super) fn judge_controls(&mut self) {
        for (index, _, result) in &mut self.checks {
            let control = self.case.scenario.steps[*index]
                .check
                .as_ref()
                .and_then(|check| check.control.as_ref());
            let Some(control) = control.filter(|_| matches!(result.outcome, Outcome::Passed))
            else {
                continue;
            };
            let record = self.records.get(&control.step);
            if !record.is_some_and(|record| record.succeeded) {
                let what = record.map_or_else(
                    || "it was not reached".to_owned(),
                    |record| record.told.clone(),
                );
                result.outcome = Outcome::CouldNotRun(CouldNotRun::Control {
                    control: control.name.clone(),
                    what,
                });
            }
        }
    }
}

/// Returns what counts of what there is to judge by, once nothing is spared.
fn judged(evidence: CheckEvidence) -> Outcome {
    match evidence {
        CheckEvidence::Answered { wrong, .. } if wrong.is_empty() => Outcome::Passed,
        CheckEvidence::Answered { wrong, .. } => Outcome::Failed(wrong),
        CheckEvidence::Silent(mismatch) => Outcome::Failed(vec![mismatch]),
        // The table spares all of these; should it ever not, nothing was judged.
        CheckEvidence::Missing(_)
        | CheckEvidence::Assumed
        | CheckEvidence::AcceptedShape(_)
        | CheckEvidence::NoShape(_) => {
            Outcome::CouldNotRun(CouldNotRun::NotReached("not judged".to_owned()))
        }
    }
}

/// Returns the check that a message with too few digits for a code fails, whatever the case was about.
///
/// The check that needed the code could not run. Where the target file's pattern may be wrong instead, a probe of the doctor
/// finds it, and nothing is set up at all.
pub(super) fn short_code(case: &Case, channel: Channel) -> CheckResult {
    CheckResult {
        requirement: RequirementId("CODE-1".to_owned()),
        slug: format!("CODE-1/code-by-{channel}-is-whole"),
        outcome: Outcome::Failed(vec![Mismatch {
            path: format!("the newest message in the {channel} inbox"),
            expected: Json::from("a code of at least 6 digits"),
            actual: Some(Json::from("fewer digits")),
        }]),
        file: case.scenario.path.clone(),
        line: 1,
        expect_line: 1,
        command: "read the code that was sent".to_owned(),
        control_difference: None,
        exchanges: Vec::new(),
    }
}

/// Takes a step once more, to see whether it is answered this time.
async fn once_more(world: &mut World<'_>, step: &Step) -> Result<Answer, StepError> {
    match &step.action {
        StepAction::One(command) => world.perform(command, step.mangle).await,
        StepAction::Together(parts) => together::happen(world, parts).await,
    }
}
