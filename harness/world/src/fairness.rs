//! What is not held against a target: silence of its file, what it declares, and what was never sent.

use proofup_binding::CompiledTarget;
use proofup_domain::capabilities::Capabilities;
use proofup_domain::command::{CodeRole, CodeShape, Command};
use proofup_judge::outcome::{CouldNotRun, Mismatch, Outcome};
use proofup_scenario::transcript;
use proofup_scenario::{Step, StepAction};

use super::StepError;
use super::operations::operation_of;

/// Leaves out of what differs the fields of which the target file says nothing: a mapping that is silent is no defect of
/// the target. Where nothing else differs, the check could not run.
pub(super) fn without_the_untold(
    target: &CompiledTarget,
    step: &Step,
    mismatches: Vec<Mismatch>,
) -> Outcome {
    let untold = |mismatch: &Mismatch| {
        let field = mismatch.path.split(['.', '[']).next().unwrap_or_default();
        match &step.action {
            _ if mismatch.actual.is_some() && field != "namesOrganisation" => false,
            StepAction::One(Command::ReadInbox { .. }) => {
                let told = ["displayName", "organisation"];
                field == "namesOrganisation" && !told.iter().any(|name| target.mentions(name))
            }
            StepAction::One(command) => operation_of(command)
                .is_some_and(|operation| !field.is_empty() && !target.tells(operation, field)),
            StepAction::Together(_) => false,
        }
    };
    let (silent, wrong): (Vec<_>, Vec<_>) = mismatches.into_iter().partition(untold);
    if wrong.is_empty() && !silent.is_empty() {
        let mut fields: Vec<String> = silent
            .iter()
            .map(|mismatch| format!("`{}`", mismatch.path))
            .collect();
        fields.dedup();
        return Outcome::CouldNotRun(CouldNotRun::Precondition {
            line: step.line,
            what: format!(
                "the target file does not say where an answer to `{}` tells {}",
                transcript::action(&step.action),
                fields.join(", ")
            ),
        });
    }
    Outcome::Failed(wrong)
}

/// Returns whether a later step may build on a command: all but those that only read.
pub(super) const fn changes_something(command: &Command) -> bool {
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

/// Returns the shape in which a check types its code, where the target declares to take that shape for the code (CODE-10).
pub(crate) fn accepted_shape(step: &Step, capabilities: &Capabilities) -> Option<CodeShape> {
    let StepAction::One(
        Command::SubmitCode { code, .. }
        | Command::SubmitSecondStepCode { code, .. }
        | Command::SubmitResetCode { code, .. },
    ) = &step.action
    else {
        return None;
    };
    match code {
        CodeRole::Shape(shape)
            if step.check.is_some() && capabilities.code_shapes_accepted.contains(shape) =>
        {
            Some(*shape)
        }
        _ => None,
    }
}

/// Returns the reason of a check that was not put to the target, because the file answers for it.
pub(super) fn unasked(step: &Step) -> CouldNotRun {
    CouldNotRun::Precondition {
        line: step.line,
        what: format!(
            "the target file assumes the answer to `{}`: no request is sent",
            transcript::action(&step.action)
        ),
    }
}

/// Returns the reason where what came of a step keeps a check from being judged.
pub(super) fn because(line: usize, trouble: &StepError) -> CouldNotRun {
    match trouble {
        StepError::Transport(failure) => CouldNotRun::Transport(failure.error.to_string()),
        StepError::Unready(what) => CouldNotRun::Precondition {
            line,
            what: what.clone(),
        },
    }
}
