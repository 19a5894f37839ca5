//! Challenges by registered methods: the second step of a session, the gates of a reset (`domain.md` §10, §11).

use std::sync::Arc;

use proofup_domain::method::{ChallengeKind, Method, Purpose};
use proofup_domain::refusal::Refusal;

use super::enroll::wrong;
use super::prove::{SubmittedProof, refuse_unless_open};
use super::send::{Recipient, Sending};
use super::session::Caller;
use super::split_proof::EarlyVerdict;
use crate::decide::MethodProof;
use crate::record::{
    AttemptOutcome, AttemptRecord, CallbackTarget, ChallengeOwner, ChallengeRecord, ExpectedProof,
    Means, MethodRecord,
};
use crate::refused::Refused;
use crate::tenant::Turn;
use crate::time::later;
use crate::wire;

/// What a client wants to prove with; if empty, the default.
#[derive(Debug, Default)]
pub(crate) struct WantedProof {
    pub(crate) method: Option<Method>,
    pub(crate) kind: Option<ChallengeKind>,
    pub(crate) method_id: Option<String>,
}

impl WantedProof {
    fn is_empty(&self) -> bool {
        self.method.is_none() && self.kind.is_none() && self.method_id.is_none()
    }

    /// Returns whether a way to prove is what is wanted.
    pub(crate) fn fits(&self, proof: &MethodProof<'_>) -> bool {
        let registered = proof.registered;
        self.method.is_none_or(|method| method == registered.method)
            && self.kind.is_none_or(|kind| kind == proof.kind)
            && (self.method_id.as_ref()).is_none_or(|id| *id == registered.id)
    }
}

impl Turn<'_> {
    /// Begins a second step.
    pub(crate) fn begin_second_step(
        &mut self,
        caller: &Caller,
        wanted: &WantedProof,
    ) -> Result<(Arc<str>, Option<Sending>), Refused> {
        self.check_own_method(&caller.user, wanted)?;
        let standing = self.standing(&caller.user);
        let proof = if wanted.is_empty() {
            standing.default_shown()
        } else {
            let mut proofs = standing.second_steps().into_iter();
            proofs.find(|proof| wanted.fits(proof))
        };
        let Some(proof) = proof else {
            return Err(Refusal::MethodNotAvailable.into());
        };
        let (registered, kind) = (proof.registered.clone(), proof.kind);
        let owner = ChallengeOwner::Session(caller.session.clone());
        self.begin_challenge(&caller.user, owner, &registered, kind)
    }

    /// Refuses a method id that is not one of the user's, as if there were none such. Requirement: `API-2`.
    pub(crate) fn check_own_method(&self, user: &str, wanted: &WantedProof) -> Result<(), Refused> {
        match &wanted.method_id {
            Some(id) if self.user(user).method(id).is_none() => Err(Refusal::NotFound.into()),
            _ => Ok(()),
        }
    }

    /// Begins a challenge by a registered method.
    pub(crate) fn begin_challenge(
        &mut self,
        user: &str,
        owner: ChallengeOwner,
        registered: &MethodRecord,
        kind: ChallengeKind,
    ) -> Result<(Arc<str>, Option<Sending>), Refused> {
        let id = self.draw_id();
        let target = CallbackTarget::Challenge(id.clone());
        let (attempt, sending) = match recipient(registered, kind) {
            Some(recipient) => {
                let (attempt, sending) = self.plan(user, target.clone(), recipient)?;
                (attempt, Some(sending))
            }
            None => (self.awaited(registered, kind), None),
        };
        let challenge = ChallengeRecord {
            id: id.clone(),
            user: user.into(),
            owner,
            method: registered.method,
            method_id: registered.id.clone(),
            attempt,
            kept_until: self.kept_until(self.rules.limits.code_seconds),
        };
        self.keep_challenge(challenge);
        if sending.is_none() {
            self.kill_older(&target);
        }
        Ok((id, sending))
    }

    /// Makes the attempt of a challenge for which nothing is sent.
    fn awaited(&mut self, registered: &MethodRecord, kind: ChallengeKind) -> AttemptRecord {
        let expected = match &registered.means {
            Means::Questions(answered) => {
                let reset = &self.state.policy.reset;
                let asked = answered.iter().map(|one| &one.question);
                let asked = asked.filter(|question| reset.questions.contains(question));
                let count = reset.questions_to_reset as usize;
                // Always the first ones: who begins again and again cannot shop for questions they know.
                ExpectedProof::Answers(asked.take(count).cloned().collect())
            }
            _ => ExpectedProof::AppCode,
        };
        AttemptRecord {
            id: self.state.random.id(),
            kind,
            expected,
            destination: None,
            expires_at: later(self.now, self.rules.limits.code_seconds),
            tries_left: self.rules.limits.code_tries,
            outcome: AttemptOutcome::Open,
            shown: None,
        }
    }

    /// Finds a challenge of the caller's session.
    pub(crate) fn own_challenge(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<&ChallengeRecord, Refused> {
        let own = |one: &&ChallengeRecord| match &one.owner {
            ChallengeOwner::Session(session) => {
                *session == caller.session || self.rules.shares_ids_between_users
            }
            ChallengeOwner::Reset(_) => false,
        };
        let challenge = self.state.challenges.get(id);
        challenge
            .filter(own)
            .ok_or_else(|| Refusal::NotFound.into())
    }

    /// Judges a code for a second step ahead of its turn.
    pub(crate) fn judge_second_step_early(
        &mut self,
        caller: &Caller,
        id: &str,
        submitted: &SubmittedProof,
    ) -> Result<Option<EarlyVerdict>, Refused> {
        self.own_challenge(caller, id)?;
        self.judge_proof_early(id, submitted)
    }

    /// Takes a code for a second step.
    pub(crate) fn verify_second_step(
        &mut self,
        caller: &Caller,
        id: &str,
        submitted: &SubmittedProof,
        early: Option<EarlyVerdict>,
    ) -> Result<wire::SessionView, Refused> {
        self.own_challenge(caller, id)?;
        match early {
            Some(early) => self.conclude_proof(id, early)?,
            None => self.prove_challenge(id, submitted)?,
        }
        if let Some(session) = self.state.sessions.get_mut(&caller.session) {
            session.second_step = true;
        }
        Ok(self.refreshed_view(&caller.session))
    }

    /// Takes a code or answers for a challenge, and counts what comes of it.
    pub(crate) fn prove_challenge(
        &mut self,
        id: &str,
        submitted: &SubmittedProof,
    ) -> Result<(), Refused> {
        self.check_challenge_open(id)?;
        let Some(challenge) = self.state.challenges.get(id) else {
            return Err(Refusal::NotFound.into());
        };
        let (user, method_id) = (challenge.user.clone(), challenge.method_id.clone());
        let expected = challenge.attempt.expected.clone();
        if matches!(expected, ExpectedProof::AppCode | ExpectedProof::Code(_)) {
            self.check_shape(submitted.code.as_ref())?;
        }
        let (right, refusal) = match &expected {
            ExpectedProof::AppCode => {
                let right = self.takes_app_code(&user, &method_id, submitted.code.as_ref());
                (right, Refusal::WrongCode)
            }
            ExpectedProof::Answers(asked) => {
                let given = submitted.answers.as_deref().unwrap_or_default();
                let registered = self.registered_answers(&user, &method_id);
                let right = self.are_right_answers(asked, registered, given);
                (right, Refusal::WrongAnswers)
            }
            ExpectedProof::Code(_) | ExpectedProof::Callback => {
                let right = self.is_right_code(&expected, submitted.code.as_ref())?;
                (right, Refusal::WrongCode)
            }
        };
        if right {
            self.hit_challenge(&user, id);
            return Ok(());
        }
        Err(self.miss_challenge(&user, id, refusal))
    }

    /// Counts a right proof of a challenge.
    pub(crate) fn hit_challenge(&mut self, user: &str, id: &str) {
        self.count_success(user);
        self.set_outcome(id, AttemptOutcome::Verified);
    }

    /// Counts a wrong proof of a challenge, and says so.
    pub(crate) fn miss_challenge(&mut self, user: &str, id: &str, refusal: Refusal) -> Refused {
        let owner = self.state.challenges.get(id).map(|one| &one.owner);
        let in_reset = matches!(owner, Some(ChallengeOwner::Reset(_)));
        if !in_reset || self.rules.reset_failures_add_up {
            self.count_failure(user);
        }
        let limited = self.rules.tries_are_limited;
        let Some(challenge) = self.state.challenges.get_mut(id) else {
            return Refusal::NotFound.into();
        };
        let tries_left = challenge.attempt.take_try();
        if tries_left == 0 && limited {
            challenge.attempt.outcome = AttemptOutcome::Exhausted;
        }
        wrong(refusal, tries_left)
    }

    fn registered_answers(
        &self,
        user: &str,
        method_id: &str,
    ) -> &[crate::record::AnsweredQuestion] {
        match self.user(user).method(method_id).map(|one| &one.means) {
            Some(Means::Questions(answered)) => answered,
            _ => &[],
        }
    }

    /// Refuses a proof for a challenge that is over, of a blocked account, or by a method that no longer counts.
    pub(crate) fn check_challenge_open(&mut self, id: &str) -> Result<(), Refused> {
        let Some(challenge) = self.state.challenges.get(id) else {
            return Err(Refusal::NotFound.into());
        };
        let state = challenge
            .attempt
            .state(self.now, self.rules.code_end_included);
        let reusable =
            challenge.attempt.outcome == AttemptOutcome::Verified && !self.rules.code_works_once;
        if !reusable {
            refuse_unless_open(state)?;
        }
        if self.user(&challenge.user).is_blocked(self.now) {
            return Err(Refusal::Blocked.into());
        }
        if !self.still_counts(challenge) && self.rules.checks_availability_at_proof {
            self.set_outcome(id, AttemptOutcome::Cancelled);
            return Err(Refusal::MethodNotAvailable.into());
        }
        Ok(())
    }

    fn still_counts(&self, challenge: &ChallengeRecord) -> bool {
        let purpose = match challenge.owner {
            ChallengeOwner::Session(_) => Purpose::TwoStepVerification,
            ChallengeOwner::Reset(_) => Purpose::PasswordReset,
        };
        let standing = self.standing(&challenge.user);
        let method = standing.methods.iter();
        let mut method = method.filter(|one| one.id == challenge.method_id);
        let Some(one) = method.next() else {
            // What deletion killed never comes here.
            return !self.rules.deletion_kills_challenges;
        };
        let traits = standing.traits(one);
        standing.counts(traits, challenge.attempt.kind, purpose)
    }

    pub(crate) fn set_outcome(&mut self, challenge: &str, outcome: AttemptOutcome) {
        if let Some(challenge) = self.state.challenges.get_mut(challenge) {
            challenge.attempt.outcome = outcome;
        }
    }
}

/// Returns where a challenge goes, or none if nothing is sent.
fn recipient(registered: &MethodRecord, kind: ChallengeKind) -> Option<Recipient> {
    match (&registered.means, kind) {
        (Means::Phone(number), ChallengeKind::VoiceCall) => Some(Recipient::Call(number.clone())),
        (Means::Phone(number), _) => Some(Recipient::Text(number.clone())),
        (Means::Email(address), _) => Some(Recipient::Mail(address.clone())),
        (Means::MicrosoftApp { device }, ChallengeKind::AppNotification) => {
            Some(Recipient::Device(device.clone()))
        }
        (Means::MicrosoftApp { .. } | Means::SoftwareOath(_) | Means::Questions(_), _) => None,
    }
}
