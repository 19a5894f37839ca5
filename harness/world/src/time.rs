//! The target's time, as a case knows it.
//!
//! A clock that stands is told by the target itself (`tenantNow`) or by the file that we write. A clock that runs is the
//! machine's clock and a skew: what the newest `Date` header, or `tenantNow`, told of it. A `Date` is cut to the second, so
//! of several the one that is furthest ahead is nearest to the truth.

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use proofup_binding::{ClockMove, ClockScope, Operation, RawResponse, Value};
use proofup_domain::answer::Answer;
use proofup_scenario::Quantity;

use super::variables::Vars;
use super::{StepError, World};
use crate::surroundings::runs;

/// What a case knows of the target's time beside its last reading.
#[derive(Debug, Default)]
pub(super) struct ClockReading {
    /// How far the target's clock is ahead of the machine's, where it runs.
    skew: Option<SignedDuration>,
    /// The target tells its time itself, so headers are not asked.
    told: bool,
}

impl World<'_> {
    /// Reads the target's clock where no answer is needed for it.
    pub(crate) fn look_at_the_clock(&mut self) {
        if let Some(file) = self.context.session.surroundings.clock_file() {
            self.now = file.now();
        } else if let Some(skew) = self.clock_reading.skew {
            self.now = self.context.session.clock.now() + skew;
        }
    }

    /// Reads the target's clock at the beginning of a case.
    pub(super) async fn begin_time(&mut self) -> Result<(), StepError> {
        self.now = self.context.session.clock.now();
        if runs(self.context.session.target.clock().mode) {
            // Until an answer tells more, it passes as here.
            self.clock_reading.skew = Some(SignedDuration::ZERO);
        }
        self.look_at_the_clock();
        if self.context.session.surroundings.clock_file().is_none()
            && self.context.session.target.has(Operation::ReadClock)
        {
            let vars = self.control_variables();
            self.call(Operation::ReadClock, vars, None).await?;
        }
        Ok(())
    }

    /// Takes the time that an answer tells: what the target file keeps as `tenantNow`, else the `Date` of a process.
    pub(super) fn hear_time(&mut self, told: Option<&Value>, response: &RawResponse) {
        let told: Option<Timestamp> = told.and_then(|now| now.reveal().as_str()?.parse().ok());
        let clock = self.context.session.target.clock();
        if clock.scope == ClockScope::Tenant {
            // Tenants have clocks of their own; headers tell the machine's.
            self.now = told.unwrap_or(self.now);
            return;
        }
        if self.context.session.surroundings.clock_file().is_some() {
            return self.look_at_the_clock();
        }
        let machine = self.context.session.clock.now();
        if let Some(now) = told {
            self.clock_reading.told = true;
            self.now = now;
            self.clock_reading.skew = runs(clock.mode).then(|| now.duration_since(machine));
        } else if !self.clock_reading.told
            && let Some(date) = response.header("date").and_then(|date| date_of(&date))
        {
            if runs(clock.mode) {
                let skew = date.duration_since(machine);
                let best = self
                    .clock_reading
                    .skew
                    .filter(|best| skew < *best && *best - skew < OFF);
                self.clock_reading.skew = Some(best.unwrap_or(skew));
                self.look_at_the_clock();
            } else {
                self.now = date;
            }
        }
    }

    /// Moves the target's time by what a scenario says, in the way that its target file names.
    pub(super) async fn advance_clock(&mut self, by: &str) -> Result<Answer, StepError> {
        let seconds = self.seconds(by)?;
        let surroundings = &self.context.session.surroundings;
        let target = &self.context.session.target;
        if let Some(moved) = surroundings.move_clock(target, seconds).await {
            moved.map_err(StepError::Unready)?;
            if target.clock().moved == Some(ClockMove::Libfaketime) {
                self.look_at_the_clock();
                return Ok(Answer::done());
            }
            self.shift(seconds);
            if target.has(Operation::ReadClock) {
                let vars = self.control_variables();
                self.call(Operation::ReadClock, vars, None).await?;
            }
            return Ok(Answer::done());
        }
        let vars = self.clock_variables(by)?;
        let (performed, kept) = self.call(Operation::AdvanceClock, vars, None).await?;
        let moved = performed.is_success();
        if moved && !kept.contains_key("tenantNow") {
            self.shift(seconds);
        }
        Ok(performed)
    }

    /// Offers what the operation that moves the clock needs.
    pub(super) fn clock_variables(&self, by: &str) -> Result<Vars, StepError> {
        let mut vars = Vars::default();
        vars.json("seconds", serde_json::Value::from(self.seconds(by)?));
        Ok(vars)
    }

    fn seconds(&self, by: &str) -> Result<i64, StepError> {
        Quantity::parse(by)
            .and_then(|quantity| quantity.seconds(&self.limits))
            .map_err(|error| StepError::Unready(error.to_string()))
    }

    /// Counts a movement in that no answer tells.
    fn shift(&mut self, seconds: i64) {
        let ahead = SignedDuration::from_secs(seconds);
        if let Some(skew) = &mut self.clock_reading.skew {
            *skew = skew.saturating_add(ahead);
            self.look_at_the_clock();
        } else {
            self.now = self.now.saturating_add(ahead).unwrap_or(self.now);
        }
    }
}

/// Reads the `Date` of an answer.
fn date_of(header: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(header.trim()).ok()
}

/// A header that is further behind what is known tells of another time, not of a cut second or a slow answer.
const OFF: SignedDuration = SignedDuration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_read() {
        let date = date_of("Thu, 15 Jan 2026 09:00:07 GMT").expect("servers write it so");
        assert_eq!(date.to_string(), "2026-01-15T09:00:07Z");
        assert_eq!(date_of("yesterday"), None);
    }
}
