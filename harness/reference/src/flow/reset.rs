//! Password reset: gates, then a new password (`domain.md` §10).

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use proofup_domain::method::{Method, Purpose};
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use proofup_domain::state::Activity;

use super::prove::SubmittedProof;
use super::second_step::WantedProof;
use super::send::Sending;
use super::split_proof::EarlyVerdict;
use crate::record::{
    AttemptOutcome, ChallengeOwner, ChallengeRecord, EnrollmentRecord, ResetProgress, ResetRecord,
};
use crate::refused::Refused;
use crate::tenant::Turn;
use crate::time::later;
use crate::tokens::TokenKind;
use crate::wire;

impl Turn<'_> {
    /// Begins a reset. Whatever stands against it, the answer is one and the same. Requirement: `RESET-4`.
    pub(crate) fn begin_reset(&mut self, user: &str) -> Result<wire::ResetView, Refused> {
        let Some(account) = self.state.users.get(user) else {
            let mut refused = self.no_reset(Refusal::NotFound);
            refused.status = self
                .rules
                .reset_status_tells
                .then_some(StatusCode::NOT_FOUND);
            return Err(refused);
        };
        if account.is_blocked(self.now) {
            return Err(self.no_reset(Refusal::Blocked));
        }
        let standing = self.standing(user);
        if !self.state.policy.reset.enabled || !standing.opens(&standing.gates()) {
            return Err(self.no_reset(Refusal::MethodNotAvailable));
        }
        if self.rules.newer_reset_kills_older {
            self.kill_resets(user);
        }
        let id = self.draw_id();
        let tokens = &mut self.state.tokens;
        let digest = tokens.insert(TokenKind::Reset, &id, Arc::clone(&id));
        let seconds = self.rules.limits.reset_seconds;
        let reset = ResetRecord {
            id,
            user: user.into(),
            progress: ResetProgress::Open,
            passed: BTreeMap::new(),
            expires_at: later(self.now, seconds),
            kept_until: self.kept_until(seconds),
            digest,
        };
        let view = self.reset_view(&reset);
        self.keep_reset(reset);
        Ok(view)
    }

    fn no_reset(&self, reason: Refusal) -> Refused {
        if self.rules.refuses_resets_alike {
            Refusal::ContactAdministrator.into()
        } else {
            reason.into()
        }
    }

    /// Kills a user's open resets with their proofs.
    pub(crate) fn kill_resets(&mut self, user: &str) {
        self.each_reset(user, |reset| {
            if reset.progress == ResetProgress::Open {
                reset.progress = ResetProgress::Cancelled;
            }
        });
        self.each_challenge(user, |one| {
            if matches!(one.owner, ChallengeOwner::Reset(_)) {
                one.attempt.cancel();
            }
        });
    }

    /// Finds a reset that can be read: completed, or neither over nor cancelled.
    fn readable_reset(&self, id: &str) -> Result<&ResetRecord, Refused> {
        let Some(reset) = self.state.resets.get(id) else {
            return Err(Refusal::NotFound.into());
        };
        match reset.progress {
            ResetProgress::Completed => Ok(reset),
            ResetProgress::Cancelled => Err(Refusal::Cancelled.into()),
            ResetProgress::Open if self.now >= reset.expires_at => Err(Refusal::Expired.into()),
            ResetProgress::Open if !self.state.policy.reset.enabled => {
                Err(Refusal::ContactAdministrator.into())
            }
            ResetProgress::Open => Ok(reset),
        }
    }

    /// Finds a reset that can go on.
    fn open_reset(&self, id: &str) -> Result<&ResetRecord, Refused> {
        let reset = self.readable_reset(id)?;
        if reset.progress == ResetProgress::Completed {
            return Err(Refusal::AlreadyVerified.into());
        }
        if self.user(&reset.user).is_blocked(self.now) {
            return Err(Refusal::Blocked.into());
        }
        Ok(reset)
    }

    /// Reads a reset.
    pub(crate) fn read_reset(&self, id: &str) -> Result<wire::ResetView, Refused> {
        Ok(self.reset_view(self.readable_reset(id)?))
    }

    /// Counts the gates passed by methods that still are registered and usable.
    pub(crate) fn gates_passed(&self, reset: &ResetRecord) -> u32 {
        let counted = if self.rules.gate_counts_once {
            let methods = reset.passed.values();
            methods
                .filter(|id| self.gate_still_counts(reset, id))
                .count()
        } else {
            let proved = self.state.challenges.values();
            let proved = proved.filter(|one| one.owner == ChallengeOwner::Reset(reset.id.clone()));
            proved
                .filter(|one| one.attempt.outcome == AttemptOutcome::Verified)
                .count()
        };
        u32::try_from(counted).unwrap_or(u32::MAX)
    }

    /// Returns whether the gate that a method with this id passed still counts.
    fn gate_still_counts(&self, reset: &ResetRecord, id: &str) -> bool {
        let standing = self.standing(&reset.user);
        let mut usable = standing.usable_methods(Purpose::PasswordReset);
        self.rules.passed_gates_stay || usable.any(|one| one.id == id)
    }

    /// Returns whether a method's gate was passed, and still counts: one that does not is open again.
    pub(crate) fn is_gate_passed(&self, reset: &ResetRecord, method: Method) -> bool {
        let gate = self.standing(&reset.user).gate(method);
        let passed_by = reset.passed.get(&gate);
        self.rules.gate_counts_once && passed_by.is_some_and(|id| self.gate_still_counts(reset, id))
    }

    /// Begins one proof.
    pub(crate) fn begin_reset_challenge(
        &mut self,
        id: &str,
        wanted: &WantedProof,
    ) -> Result<(Arc<str>, Option<Sending>), Refused> {
        let reset = self.open_reset(id)?;
        let user = reset.user.clone();
        self.check_own_method(&user, wanted)?;
        let standing = self.standing(&user);
        let enough = self.gates_passed(reset) >= standing.gates_required();
        let passed = wanted
            .method
            .is_some_and(|method| self.is_gate_passed(reset, method));
        let proof = standing
            .reset_proofs()
            .into_iter()
            .filter(|proof| wanted.fits(proof))
            .min_by_key(|proof| proof.kind);
        let Some(proof) = proof else {
            return Err(Refusal::MethodNotAvailable.into());
        };
        if enough || passed {
            return Err(Refusal::GateAlreadyPassed.into());
        }
        let (registered, kind) = (proof.registered.clone(), proof.kind);
        self.begin_challenge(&user, ChallengeOwner::Reset(id.into()), &registered, kind)
    }

    /// Finds a proof of a reset.
    pub(crate) fn reset_challenge(
        &self,
        id: &str,
        challenge: &str,
    ) -> Result<&ChallengeRecord, Refused> {
        self.readable_reset(id)?;
        let owner = ChallengeOwner::Reset(id.into());
        let challenge = self.state.challenges.get(challenge);
        let challenge = challenge.filter(|one| one.owner == owner);
        challenge.ok_or_else(|| Refusal::NotFound.into())
    }

    /// Judges a code for a gate ahead of its turn.
    pub(crate) fn judge_reset_challenge_early(
        &mut self,
        id: &str,
        challenge: &str,
        submitted: &SubmittedProof,
    ) -> Result<Option<EarlyVerdict>, Refused> {
        self.reset_challenge(id, challenge)?;
        self.open_reset(id)?;
        self.judge_proof_early(challenge, submitted)
    }

    /// Takes a code or answers for a gate.
    pub(crate) fn verify_reset_challenge(
        &mut self,
        id: &str,
        challenge: &str,
        submitted: &SubmittedProof,
        early: Option<EarlyVerdict>,
    ) -> Result<wire::ResetView, Refused> {
        self.reset_challenge(id, challenge)?;
        self.open_reset(id)?;
        match early {
            Some(early) => self.conclude_proof(challenge, early)?,
            None => self.prove_challenge(challenge, submitted)?,
        }
        self.pass_gate(challenge);
        self.read_reset(id)
    }

    /// Counts the gate that a verified challenge goes through.
    pub(crate) fn pass_gate(&mut self, challenge: &str) {
        let Some(challenge) = self.state.challenges.get(challenge) else {
            return;
        };
        let gate = self.standing(&challenge.user).gate(challenge.method);
        let method_id = challenge.method_id.clone();
        if let ChallengeOwner::Reset(id) = &challenge.owner
            && let Some(reset) = self.state.resets.get_mut(id)
        {
            reset.passed.insert(gate, method_id);
        }
    }

    /// Sets the new password, and ends whatever the old one began. Requirement: `RESET-5`.
    pub(crate) fn set_new_password(&mut self, id: &str, password: &Secret) -> Result<(), Refused> {
        let reset = self.open_reset(id)?;
        let user = reset.user.clone();
        let required = self.standing(&user).gates_required();
        if self.gates_passed(reset) < required && self.rules.password_waits_for_gates {
            return Err(Refusal::GatesMissing.into());
        }
        if password.expose().chars().count() < self.rules.password_characters_min {
            return Err(Refused::field(
                Refusal::InvalidPassword,
                "password",
                "a password has at least eight characters",
            ));
        }
        let kept = self.rules.counting_part(password.expose());
        let digest = self.state.keyed.digest("password", &kept);
        self.user_mut(&user).password = digest;
        if let Some(reset) = self.state.resets.get_mut(id) {
            reset.progress = ResetProgress::Completed;
        }
        if self.rules.window_restarts_at_reset {
            self.user_mut(&user).window = None;
        }
        self.end_everything(&user);
        if !self.rules.reset_keeps_methods {
            let methods = &mut self.user_mut(&user).methods;
            methods.retain(|one| matches!(one.method, Method::Email | Method::SecurityQuestions));
        }
        self.user_mut(&user).proved_by_reset = self.rules.reset_counts_as_second_step;
        self.record(&user, Activity::PasswordReset, None, None);
        Ok(())
    }

    fn end_everything(&mut self, user: &str) {
        if self.rules.reset_ends_sessions {
            let sessions = self.user(user).sessions.clone();
            let ends = |id: &Arc<str>| {
                let session = self.state.sessions.get(id);
                let waits = session.is_some_and(|session| !session.signed_in);
                !waits || self.rules.reset_ends_waiting_sessions
            };
            let ended: Vec<Arc<str>> = sessions.into_iter().filter(ends).collect();
            for session in ended {
                self.end_session(&session);
            }
        }
        if !self.rules.reset_kills_challenges {
            return;
        }
        self.kill_resets(user);
        self.each_challenge(user, |one| one.attempt.cancel());
        self.each_enrollment(user, EnrollmentRecord::cancel);
    }
}
