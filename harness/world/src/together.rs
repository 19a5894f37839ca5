//! A step whose commands are sent at the same moment, and what its answer tells.

use proofup_domain::command::Command;
use serde_json::{Map, Value as Json, json};

use super::{Performed, Trouble, World};
use crate::scenario::{Part, Quantity};

/// Bounds how many requests one step sends at once.
const MOST: u64 = 256;

/// Lets the commands of a step happen at the same moment.
pub(crate) async fn happen(world: &mut World<'_>, parts: &[Part]) -> Result<Performed, Trouble> {
    let commands = copies(world, parts)?;
    let answers = world.perform_together(&commands).await?;
    Ok(answer(answers))
}

/// Lists the commands, each as often as it is to be sent.
fn copies(world: &World<'_>, parts: &[Part]) -> Result<Vec<Command>, Trouble> {
    let mut commands = Vec::new();
    let mut left = MOST;
    for part in parts {
        let times = match &part.times {
            Some(times) => Quantity::count(times, &world.limits)
                .map_err(|error| Trouble::Unready(error.to_string()))?,
            None => 1,
        };
        left = left.checked_sub(times).ok_or_else(|| {
            Trouble::Unready(format!("more than {MOST} commands at the same moment"))
        })?;
        commands.extend((0..times).map(|_| part.command.clone()));
    }
    Ok(commands)
}

/// Counts answers: how many succeeded, and the words of those that were refused, sorted.
///
/// An answer that no rule of the target file knows makes the whole one that is not known.
pub fn answer(answers: Vec<Performed>) -> Performed {
    let unrecognised = answers.iter().find_map(|answer| answer.get("unrecognised"));
    let unrecognised = unrecognised.cloned();
    let mut refused: Vec<&str> = answers
        .iter()
        .filter_map(|answer| answer.get("refused")?.as_str())
        .collect();
    refused.sort_unstable();
    let succeeded = answers
        .iter()
        .filter(|answer| !crate::judge::matcher::is_no_success(answer))
        .count();
    let mut told = Map::from_iter([
        ("succeeded".to_owned(), json!(succeeded)),
        ("refused".to_owned(), json!(refused)),
    ]);
    if let Some(unrecognised) = unrecognised {
        told.insert("unrecognised".to_owned(), unrecognised);
    }
    let answers: Vec<Json> = answers.into_iter().map(Json::Object).collect();
    told.insert("answers".to_owned(), Json::Array(answers));
    told
}

/// Tells an answer in one line: of several at once the counts, because which of them won is chance.
pub(super) fn told(performed: &Performed) -> String {
    let mut performed = performed.clone();
    if performed.contains_key("succeeded") {
        performed.shift_remove("answers");
    }
    crate::transcript::answer(&performed)
}
