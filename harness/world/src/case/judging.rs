//! Judges the checks of a case: what there is to judge by, what is spared, and what counts.

use proofup_binding::RecordedExchange;
use proofup_binding::{CallFailure, Operation};
use proofup_domain::answer::Answer;
use proofup_domain::expect::Expectation;
use proofup_domain::requirement::RequirementId;
use proofup_domain::state::Channel;
use proofup_judge::outcome::{CheckResult, CouldNotRun, Mismatch, Outcome};
use proofup_scenario::{Check, Step, StepAction, transcript};
use serde_json::Value as Json;

use super::Case;
use super::steps::{CaseRun, because};
use crate::allowance::{CheckEvidence, drop_unmapped};
use crate::{StepError, World, together};

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
                silence(world, step, check, &failure).await
            }
            Err(error) => CheckEvidence::Missing(because(step.line, &error)),
        }
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
        CheckEvidence::Missing(_) | CheckEvidence::Assumed | CheckEvidence::AcceptedShape(_) => {
            Outcome::CouldNotRun(CouldNotRun::NotReached("not judged".to_owned()))
        }
    }
}

/// Finds out what no answer means (decision 7): only a target that answers others, and again not this, is at fault.
async fn silence(
    world: &mut World<'_>,
    step: &Step,
    check: &Check,
    failure: &CallFailure,
) -> CheckEvidence {
    let vars = world.control_variables();
    let reachable = world
        .call(Operation::ReadCapabilities, vars, None)
        .await
        .is_ok();
    if reachable && let Err(StepError::Transport(again)) = once_more(world, step).await {
        return CheckEvidence::Silent(Mismatch {
            path: String::new(),
            expected: check
                .expect
                .as_ref()
                .map_or_else(|| Json::from("an answer"), Expectation::to_json),
            actual: Some(Json::from(format!("no answer, twice: {}", again.error))),
        });
    }
    CheckEvidence::Missing(CouldNotRun::Transport(failure.error.to_string()))
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
