//! Where commands lead by the oracle's preferred reading.

use jiff::{SignedDuration, Timestamp};
use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use proofup_oracle::machine::{State, step};
use proofup_scenario::Quantity;

/// Finds where a command leads by the oracle's preferred reading; none: it could not be done.
pub(super) fn lead(
    state: &State,
    command: &Command,
    now: Timestamp,
) -> Option<(State, Answer, Timestamp)> {
    let outcome = step(state, command, now);
    let answer = outcome.expected.example()?;
    let mut after = now;
    if let Command::AdvanceClock { by } = command {
        after = now
            .checked_add(SignedDuration::from_secs(seconds(by)?))
            .ok()?;
    }
    Some((outcome.state, answer, after))
}

/// Reads a duration without names of limits; the explorer writes no others.
fn seconds(by: &str) -> Option<i64> {
    Quantity::parse(by).ok()?.plain_seconds()
}
