//! The decision table as a file: a line for each combination, for a user who has registered nothing.

use std::fmt::Write as _;
use std::thread;

use super::combination::{Combination, Field};
use super::decision::{Decision, expected};

/// Writes the table: a heading, then the lines in the order of their bytes. `jobs` threads work it out.
#[must_use]
pub fn table(combinations: &[Combination], jobs: usize) -> String {
    let share = combinations.len().div_ceil(jobs.max(1)).max(1);
    let mut lines: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = combinations
            .chunks(share)
            .map(|part| scope.spawn(|| part.iter().map(|one| line(*one)).collect::<Vec<_>>()))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                let lines = worker.join();
                lines.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    lines.sort_unstable();
    let mut text = heading();
    text.push('\n');
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Returns a combination in one line, each field with its name.
#[must_use]
pub fn described(combination: Combination) -> String {
    let fields = fields(combination);
    let pairs: Vec<String> = Field::ALL
        .iter()
        .zip(fields.split(','))
        .map(|(field, value)| format!("{}={value}", field.column()))
        .collect();
    pairs.join(" ")
}

/// Returns the names of the columns.
fn heading() -> String {
    let mut columns: Vec<&str> = Field::ALL.iter().map(|field| field.column()).collect();
    columns.extend(["policy", "available", "required"]);
    columns.join(",")
}

fn line(combination: Combination) -> String {
    let mut line = fields(combination);
    let decision = expected(&combination.policy(), combination.role(), &[]);
    let _ = match decision {
        Decision::Refused => write!(line, ",invalid,,"),
        Decision::Accepted(standing) => write!(
            line,
            ",valid,{},{}",
            joined(&standing.available),
            joined(&standing.required)
        ),
    };
    line
}

/// Spells the fields of a combination, as the columns have them.
fn fields(combination: Combination) -> String {
    let holds = |field| combination.holds(field);
    format!(
        "{},{},{},{},{},{},{},{}",
        joined(&combination.two_step_kinds()),
        holds(Field::TwoStepRegistrationRequired),
        holds(Field::ResetEnabled),
        joined(&combination.reset_methods()),
        combination.methods_required(),
        holds(Field::ResetRegistrationRequired),
        holds(Field::CodeWithNotification),
        combination.role(),
    )
}

/// Joins a set in its order; `-` stands for none.
pub(super) fn joined<'a, T: ToString + 'a>(set: impl IntoIterator<Item = &'a T>) -> String {
    let words: Vec<String> = set.into_iter().map(ToString::to_string).collect();
    if words.is_empty() {
        "-".to_owned()
    } else {
        words.join("+")
    }
}
