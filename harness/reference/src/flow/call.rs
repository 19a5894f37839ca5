//! What the voice provider reports: keys pressed, and what became of the call (`domain.md` §7).

use proofup_domain::refusal::Refusal;

use super::device::counts_as_answer;
use crate::record::Call;
use crate::refused::Refused;
use crate::tenant::Turn;

/// What the provider reports of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallReport {
    /// Keys were pressed.
    Digits(String),
    /// The call is over, by this word.
    Status(String),
}

/// The key that confirms.
const POUND: &str = "#";

impl Turn<'_> {
    /// Takes a report of the voice provider. Requirements: `CALL-3`, `CALL-4`, `GATE-3`.
    pub(crate) fn report_call(
        &mut self,
        id: &str,
        secret: Option<&str>,
        report: &CallReport,
    ) -> Result<(), Refused> {
        let Some(call) = self.state.calls.get(id) else {
            return Err(Refusal::NotFound.into());
        };
        let keyed = &self.state.keyed;
        let proved = secret.is_some_and(|secret| {
            let is_of = |call: &Call| keyed.matches("call", secret, &call.secret);
            let bound = self.rules.calls_secret_is_bound;
            is_of(call) || !bound && self.state.calls.values().any(is_of)
        });
        if !proved && self.rules.checks_call_secret {
            return Err(Refusal::Unauthenticated.into());
        }
        let proves = match report {
            CallReport::Digits(digits) => digits == POUND || !self.rules.only_pound_confirms,
            CallReport::Status(status) if is_over(status) => {
                self.rules.hang_up_confirms && status == "completed"
            }
            CallReport::Status(_) => return Ok(()),
        };
        if call.answered {
            return Err(Refusal::AlreadyAnswered.into());
        }
        let (target, attempt) = (call.target.clone(), call.attempt.clone());
        let answered = self.answer(&target, &attempt, proves);
        if counts_as_answer(&answered)
            && let Some(call) = self.state.calls.get_mut(id)
        {
            call.answered = true;
        }
        answered
    }
}

/// Returns whether a status ends the call; `ringing` and its like do not.
fn is_over(status: &str) -> bool {
    matches!(
        status,
        "completed" | "no-answer" | "busy" | "failed" | "canceled"
    )
}
