//! The second step (`domain.md` §9, §10).

use proofup_domain::command::{CodeRole, Name};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::SessionState;

use super::answers::takes_codes;
use super::expected::Told;
use super::outbox::OutgoingMessage;
use super::records::{
    Attempt, Challenge, ChallengeTarget, CodeUse, Destination, Phase, ProofSubject, Ref, RefKind,
};
use super::roles::By;
use super::{Handled, StepContext};
use crate::user::Choice;
use crate::{default, usable};

/// The states in which a second step can be taken.
const STATES: [SessionState; 4] = [
    SessionState::SecondStepRequired,
    SessionState::Interrupted,
    SessionState::ReviewDue,
    SessionState::SignedIn,
];

impl StepContext {
    pub(super) fn begin_second_step(
        &mut self,
        by: By<'_>,
        method: Option<Method>,
        kind: Option<ChallengeKind>,
        of: Option<&Name>,
        bind: Option<&Name>,
    ) -> Handled {
        let actor = self.actor(by.user)?;
        let session = self.session_named(by)?;
        let found = match (method, of) {
            (Some(method), Some(_)) => Some(self.registered(by.user, session, method, of)?),
            _ => None,
        };
        let at = self.admit(by, &STATES, false)?;
        if found == Some(None) {
            let refusals = [Refusal::NotFound, Refusal::MethodNotAvailable];
            return Err(Told::any_of(&refusals));
        }
        let choices = self.second_step_choices(at, method, kind, found.flatten());
        if choices.is_empty() && matches!(method, Some(Method::Email | Method::SecurityQuestions)) {
            return Err(Told::refused(Refusal::MethodNotAvailable).serving("TWO-2"));
        }
        let target = ChallengeTarget::Session(at.index);
        let begun = self.begin_challenge_by_any(at.owner, &choices, target)?;
        self.bind(RefKind::Challenge, actor, bind, begun);
        Ok(Told::success(self.challenge_answer(begun)))
    }

    /// Lists how to prove, the preferred way first: the default if nothing is named, else what is named.
    ///
    /// Where a name fits several, the default is meant if it fits, or the strongest kind by any of them: that is a matter of
    /// reading.
    fn second_step_choices(
        &self,
        at: Ref,
        method: Option<Method>,
        kind: Option<ChallengeKind>,
        id: Option<u32>,
    ) -> Vec<Choice> {
        let (policy, user) = (&self.state.policy, &self.person(at.owner).user);
        let shown = default::shown(policy, user);
        let Some(method) = method else {
            return shown.into_iter().collect();
        };
        let fits = |choice: &Choice| {
            user.find(choice.id)
                .is_some_and(|held| held.method == method)
                && kind.is_none_or(|kind| kind == choice.kind)
                && id.is_none_or(|id| id == choice.id)
        };
        let proofs = default::proofs(policy, user).into_iter().filter(fits);
        let mut choices: Vec<Choice> = proofs.collect();
        let strongest = choices.first().map(|choice| choice.kind);
        choices.retain(|choice| Some(choice.kind) == strongest);
        if let Some(shown) = shown.filter(fits) {
            choices.retain(|choice| *choice != shown);
            choices.insert(0, shown);
        }
        choices
    }

    /// Begins to prove by one of several ways; which one is a matter of reading (`domain.md` §13).
    ///
    /// No answer tells which of several devices got the notification. So each to which it could have been sent may have been
    /// sent to just now, and asking for it by name may be throttled or not.
    pub(super) fn begin_challenge_by_any(
        &mut self,
        owner: usize,
        choices: &[Choice],
        target: ChallengeTarget,
    ) -> Result<Ref, Told> {
        let Some((last, others)) = choices.split_last() else {
            return Err(Told::refused(Refusal::MethodNotAvailable));
        };
        let meant = others.iter().find(|_| !self.reading()).unwrap_or(last);
        let alike = choices.iter().filter(|choice| choice.kind == meant.kind);
        let alike: Vec<Destination> = alike
            .filter_map(|choice| self.message(owner, *choice, target))
            .filter(|message| !self.is_surely_too_soon(message))
            .map(|message| message.destination)
            .collect();
        let begun = self.begin_challenge(owner, *meant, target)?;
        if alike.len() > 1 {
            self.sent_to_one_of(owner, &alike);
        }
        Ok(begun)
    }

    /// Begins to prove by a registered method: sends what is to be sent, and kills the older one of the same use.
    fn begin_challenge(
        &mut self,
        owner: usize,
        choice: Choice,
        target: ChallengeTarget,
    ) -> Result<Ref, Told> {
        let gone = Told::refused(Refusal::MethodNotAvailable);
        let person = self.person(owner);
        let Some((held, facts)) = person
            .user
            .find(choice.id)
            .zip(person.methods.get(&choice.id))
        else {
            return Err(gone);
        };
        let (method, changes) = (held.method, facts.changes);
        let message = self.message(owner, choice, target);
        if let Some(message) = &message {
            self.can_send(message)?;
        }
        self.cancel_challenges(owner, |older| {
            older.method_id == choice.id && same_use(older.target, target)
        });
        let at = Ref {
            owner,
            index: self.person(owner).challenges.len(),
        };
        let attempt = Attempt {
            kind: choice.kind,
            since: self.now,
            code: None,
            tries_left: self.limits().code_tries,
        };
        self.person_mut(owner).challenges.push(Challenge {
            target,
            method,
            method_id: choice.id,
            changes,
            phase: Phase::Sent,
            attempt,
            doubtful: false,
        });
        if let Some(message) = message {
            let code = self.send(&message, ProofSubject::Challenge(at));
            self.challenge_mut(at).attempt.code = code;
        }
        Ok(at)
    }

    fn message(
        &self,
        owner: usize,
        choice: Choice,
        target: ChallengeTarget,
    ) -> Option<OutgoingMessage> {
        let person = self.person(owner);
        let (held, facts) = (
            person.user.find(choice.id)?,
            person.methods.get(&choice.id)?,
        );
        let (destination, holder) = if choice.kind == ChallengeKind::AppNotification {
            let device = self.enrollment(facts.origin).device_of;
            (Destination::Device(facts.origin), device.unwrap_or(owner))
        } else {
            (facts.destination.clone()?, facts.holder)
        };
        Some(OutgoingMessage {
            account: owner,
            holder,
            destination,
            kind: choice.kind,
            purpose: match target {
                ChallengeTarget::Session(_) => CodeUse::SecondStep,
                ChallengeTarget::Reset(_) => CodeUse::Reset,
            },
            method: held.method,
        })
    }

    /// Finds a second step that this session may prove by: its own.
    fn own_challenge(&self, at: Ref, session: Ref) -> bool {
        at.owner == session.owner
            && self.challenge(at).target == ChallengeTarget::Session(session.index)
    }

    /// Reads a second step; of another session of the same user it may not exist, nor when its time is over.
    pub(super) fn read_second_step(&mut self, by: By<'_>, name: Option<&Name>) -> Handled {
        let at = self.named(RefKind::Challenge, by.user, name)?;
        let session = self.admit(by, &STATES, false)?;
        if at.owner != session.owner {
            return Err(Told::refused(Refusal::NotFound));
        }
        let told = Told::success(self.challenge_answer(at));
        let forgotten = self.may_be_forgotten(ProofSubject::Challenge(at));
        Ok(if self.own_challenge(at, session) && !forgotten {
            told
        } else {
            told.or_refused(&[Refusal::NotFound])
        })
    }

    pub(super) fn submit_second_step_code(
        &mut self,
        by: By<'_>,
        name: Option<&Name>,
        role: &CodeRole,
    ) -> Handled {
        let at = self.named(RefKind::Challenge, by.user, name)?;
        let thing = ProofSubject::Challenge(at);
        let code = self.code(by.user, thing, role)?;
        let session = self.admit(by, &STATES, false)?;
        if !self.own_challenge(at, session) {
            return Err(Told::refused(Refusal::NotFound));
        }
        let fits = takes_codes(self.attempt(thing).kind);
        self.takes(thing, fits, &[Refusal::Blocked])?;
        if !fits {
            return Err(self.misfit(thing, Refusal::WrongCode));
        }
        self.still_proves(at)?;
        self.judge(by.user, thing, code)?;
        self.spend(thing, code);
        self.pass(at);
        self.tell_session(session)
    }

    /// Refuses a challenge whose method policy no longer lets prove, or that is not what it was.
    pub(super) fn still_proves(&mut self, at: Ref) -> Result<(), Told> {
        let challenge = self.challenge(at);
        let choice = Choice {
            id: challenge.method_id,
            kind: challenge.attempt.kind,
        };
        let (target, changes, doubtful) = (challenge.target, challenge.changes, challenge.doubtful);
        let (policy, person) = (&self.state.policy, self.person(at.owner));
        let usable = match target {
            ChallengeTarget::Session(_) => default::eligible(policy, &person.user, choice),
            ChallengeTarget::Reset(_) => person.user.find(choice.id).is_some_and(|held| {
                usable::reset_kinds(policy, person.user.role, held).contains(choice.kind)
            }),
        };
        let moved = person.methods.get(&choice.id).map(|facts| facts.changes) != Some(changes);
        let gone = [
            Refusal::MethodNotAvailable,
            Refusal::Cancelled,
            Refusal::Expired,
            Refusal::NotFound,
        ];
        let stands = person.user.find(choice.id).is_some();
        let why = if stands { "AVAIL-8" } else { "MAN-2" };
        if !usable {
            self.challenge_mut(at).doubtful = true;
            return Err(Told::any_of(&gone[..2]).serving(why));
        }
        if (doubtful || moved) && self.reading() {
            return Err(Told::any_of(&gone));
        }
        Ok(())
    }

    /// Lets a proved challenge count: for its session, or as a gate of its reset.
    pub(super) fn pass(&mut self, at: Ref) {
        let challenge = self.challenge_mut(at);
        challenge.phase = Phase::Verified;
        let target = challenge.target;
        let gate = (usable::gate(challenge.method), challenge.method_id);
        match target {
            ChallengeTarget::Session(index) => {
                let session = self.session_mut(Ref { index, ..at });
                session.progress.second_step_passed = true;
            }
            ChallengeTarget::Reset(index) => {
                self.person_mut(at.owner).resets[index].passed.insert(gate);
            }
        }
    }
}

/// Returns whether two challenges are for the same use.
const fn same_use(one: ChallengeTarget, other: ChallengeTarget) -> bool {
    matches!(
        (one, other),
        (ChallengeTarget::Session(_), ChallengeTarget::Session(_))
            | (ChallengeTarget::Reset(_), ChallengeTarget::Reset(_))
    )
}
