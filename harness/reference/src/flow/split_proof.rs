//! A proof that is judged in one turn and counted in another, where a rule splits it in two.
//!
//! Alone, such a proof ends as any other does. What others do between the two turns is not seen any more.
//!
//! **Invariant:** under sound rules no proof is judged early, and a proof is one turn.

use proofup_domain::refusal::Refusal;

use super::prove::{SubmittedProof, refuse_unless_open};
use super::session::Caller;
use crate::record::{CodeKey, ExpectedProof, Means};
use crate::refused::Refused;
use crate::tenant::Turn;

/// What a proof was judged to be ahead of its turn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EarlyVerdict {
    /// The right code.
    Right,
    /// A code of the authenticator, of this step.
    Step(i64),
    /// A wrong code.
    Wrong,
}

/// Lets whoever else is about to prove have a turn.
pub(crate) async fn gap() {
    // Requests that came at the same moment are not all read at once.
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

impl Turn<'_> {
    /// Judges a code for a setup ahead of its turn; none if it is judged when it is counted.
    ///
    /// # Errors
    /// What is refused whatever the code is.
    pub(crate) fn judge_setup_early(
        &mut self,
        caller: &Caller,
        id: &str,
        submitted: &SubmittedProof,
    ) -> Result<Option<EarlyVerdict>, Refused> {
        if !self.rules.splits_proofs() {
            return Ok(None);
        }
        let Ok(enrollment) = self.own_enrollment(caller, id) else {
            return Ok(None);
        };
        let open = refuse_unless_open(self.enrollment_state(enrollment)).is_ok();
        let blocked = self.user(&enrollment.user).is_blocked(self.now);
        let expected = enrollment.attempt.as_ref().map(|one| one.expected.clone());
        match expected {
            Some(expected @ ExpectedProof::Code(_)) if open && !blocked => {
                self.check_again(id, self.rules.checks_availability_at_proof)?;
                self.judge_code_early(&expected, submitted)
            }
            _ => Ok(None),
        }
    }

    /// Counts a proof of a setup that was judged ahead of its turn, whatever has become of the setup since.
    pub(crate) fn conclude_setup(&mut self, id: &str, early: EarlyVerdict) -> Result<(), Refused> {
        let Some(enrollment) = self.state.enrollments.get(id) else {
            return Err(Refusal::NotFound.into());
        };
        let user = enrollment.user.clone();
        let kind = enrollment.attempt.as_ref().map(|one| one.kind);
        match (early, kind) {
            (EarlyVerdict::Wrong, _) | (_, None) => Err(self.miss_setup(&user, id)),
            (EarlyVerdict::Right | EarlyVerdict::Step(_), Some(kind)) => {
                self.count_success(&user);
                self.register(id, kind, Vec::new());
                Ok(())
            }
        }
    }

    /// Judges a code for a challenge ahead of its turn; none if it is judged when it is counted.
    ///
    /// # Errors
    /// What is refused whatever the code is.
    pub(crate) fn judge_proof_early(
        &mut self,
        id: &str,
        submitted: &SubmittedProof,
    ) -> Result<Option<EarlyVerdict>, Refused> {
        if !self.rules.splits_proofs() {
            return Ok(None);
        }
        self.check_challenge_open(id)?;
        let Some(challenge) = self.state.challenges.get(id) else {
            return Ok(None);
        };
        let expected = challenge.attempt.expected.clone();
        match &expected {
            ExpectedProof::Code(_) => self.judge_code_early(&expected, submitted),
            ExpectedProof::AppCode if !self.rules.steps_are_atomic => {
                let (user, method) = (challenge.user.clone(), challenge.method_id.clone());
                let key = self.code_key(&user, &method);
                let step = key.and_then(|key| self.accepted_step(key, submitted.code.as_ref()));
                Ok(step.map(EarlyVerdict::Step))
            }
            ExpectedProof::AppCode | ExpectedProof::Answers(_) | ExpectedProof::Callback => {
                Ok(None)
            }
        }
    }

    /// Counts a proof of a challenge that was judged ahead of its turn, whatever has become of the challenge since.
    pub(crate) fn conclude_proof(&mut self, id: &str, early: EarlyVerdict) -> Result<(), Refused> {
        let Some(challenge) = self.state.challenges.get(id) else {
            return Err(Refusal::NotFound.into());
        };
        let (user, method) = (challenge.user.clone(), challenge.method_id.clone());
        match early {
            EarlyVerdict::Wrong => return Err(self.miss_challenge(&user, id, Refusal::WrongCode)),
            EarlyVerdict::Step(step) => {
                if let Some(key) = self.code_key_mut(&user, &method) {
                    key.last_step = Some(step);
                }
            }
            EarlyVerdict::Right => {}
        }
        self.hit_challenge(&user, id);
        Ok(())
    }

    fn judge_code_early(
        &self,
        expected: &ExpectedProof,
        submitted: &SubmittedProof,
    ) -> Result<Option<EarlyVerdict>, Refused> {
        let right = self.is_right_code(expected, submitted.code.as_ref())?;
        Ok(if right {
            Some(EarlyVerdict::Right).filter(|_| !self.rules.proofs_are_atomic)
        } else {
            Some(EarlyVerdict::Wrong).filter(|_| !self.rules.tries_are_atomic)
        })
    }

    /// Finds the key of the codes of a registered app.
    pub(crate) fn code_key(&self, user: &str, method_id: &str) -> Option<&CodeKey> {
        match self.user(user).method(method_id).map(|one| &one.means) {
            Some(Means::SoftwareOath(key)) => Some(key),
            Some(Means::MicrosoftApp { device }) => self
                .state
                .devices
                .get(device.as_str())
                .map(|device| &device.codes),
            _ => None,
        }
    }
}
