//! A step whose commands are sent at the same moment, and what its answer tells.

use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use proofup_scenario::{Part, Quantity};

use super::{StepError, World};

/// Bounds how many requests one step sends at once.
const MOST: u64 = 256;

/// Lets the commands of a step happen at the same moment.
pub(crate) async fn happen(world: &mut World<'_>, parts: &[Part]) -> Result<Answer, StepError> {
    let commands = copies(world, parts)?;
    world
        .perform_together(&commands)
        .await
        .map(Answer::Together)
}

/// Lists the commands, each as often as it is to be sent.
fn copies(world: &World<'_>, parts: &[Part]) -> Result<Vec<Command>, StepError> {
    let mut commands = Vec::new();
    let mut left = MOST;
    for part in parts {
        let times = match &part.times {
            Some(times) => Quantity::count(times, &world.limits)
                .map_err(|error| StepError::Unready(error.to_string()))?,
            None => 1,
        };
        left = left.checked_sub(times).ok_or_else(|| {
            StepError::Unready(format!("more than {MOST} commands at the same moment"))
        })?;
        commands.extend((0..times).map(|_| part.command.clone()));
    }
    Ok(commands)
}

/// Returns an answer in one line: of several at once the counts, because which of them won is chance.
pub(super) fn told(answer: &Answer) -> String {
    let mut told = answer.to_fields();
    if let Answer::Together(_) = answer {
        told.shift_remove("answers");
    }
    proofup_scenario::transcript::fields(&told)
}
