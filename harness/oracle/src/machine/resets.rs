//! Password reset: gates, proofs, the new password (`domain.md` §10).

use std::collections::BTreeSet;

use proofup_domain::command::{AnswersRole, CodeRole, GivenAnswer, Name, NewPasswordRole};
use proofup_domain::method::{ChallengeKind, Gate, Method, Role};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::Activity;

use super::answers::takes_codes;
use super::expected::Told;
use super::records::{AnswerText, ChallengeTarget, Phase, ProofSubject, Ref, RefKind, Reset};
use super::verify::folded;
use super::{Handled, StepContext};
use crate::user::Choice;
use crate::{default, reset, usable};

/// How answers to a reset's questions are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnswersVerdict {
    Right,
    Wrong,
    /// Too few or the wrong questions: wrong, or no try at all.
    Misshapen,
    /// Which questions are asked is not said, so whether these are the right ones is not either.
    Perhaps,
}

impl StepContext {
    pub(super) fn begin_reset(&mut self, user: &Name, bind: Option<&Name>) -> Handled {
        let owner = self.actor(user)?;
        let person = self.person(owner);
        let may = person.exists
            && !person.blocked(self.now)
            && reset::may_begin(&self.state.policy, &person.user);
        if !may {
            // A member with as much would have begun it.
            let member = crate::user::User {
                role: Role::Member,
                ..person.user.clone()
            };
            let by_role = person.exists
                && !person.blocked(self.now)
                && reset::may_begin(&self.state.policy, &member);
            let requirement = if by_role { "AVAIL-7" } else { "RESET-4" };
            return Err(Told::refused(Refusal::ContactAdministrator).serving(requirement));
        }
        let now = self.now;
        let person = self.person_mut(owner);
        for older in person.resets.iter_mut().filter(|older| !older.completed) {
            older.cancelled = true;
        }
        let at = Ref {
            owner,
            index: person.resets.len(),
        };
        person.resets.push(Reset {
            begun: now,
            passed: BTreeSet::new(),
            completed: false,
            cancelled: false,
        });
        self.bind(RefKind::Reset, owner, bind, at);
        Ok(Told::success(self.reset_answer(at, &BTreeSet::new())))
    }

    fn a_reset(&self, at: Ref) -> &Reset {
        &self.person(at.owner).resets[at.index]
    }

    /// Refuses a reset that is over; a completed one was verified.
    fn open_reset(&self, user: &Name, name: Option<&Name>) -> Result<Ref, Told> {
        let at = self.named(RefKind::Reset, user, name)?;
        let reset = self.a_reset(at);
        let over = self.is_over(reset.begun, self.limits().reset_seconds);
        if reset.completed {
            let refused = Told::refused(Refusal::AlreadyVerified);
            return Err(if over {
                refused.or_refused(&[Refusal::Expired, Refusal::NotFound])
            } else {
                refused
            });
        }
        match (reset.cancelled, over) {
            (false, false) => Ok(at),
            (true, false) => Err(Told::refused(Refusal::Cancelled).serving("RESET-5")),
            (cancelled, true) => {
                let refused = Told::any_of(&[Refusal::Expired, Refusal::NotFound]);
                Err(if cancelled {
                    refused.or_refused(&[Refusal::Cancelled])
                } else {
                    refused
                })
            }
        }
    }

    pub(super) fn read_reset(&mut self, user: &Name, name: Option<&Name>) -> Handled {
        let at = self.named(RefKind::Reset, user, name)?;
        let open = self.open_reset(user, name);
        if self.a_reset(at).completed {
            let told = Told::success(self.reset_answer(at, &BTreeSet::new()));
            return Err(open.err().into_iter().fold(told, Told::or));
        }
        let at = open?;
        let counted = self.gates_counted(at);
        Ok(Told::success(self.reset_answer(at, &counted)))
    }

    /// Lists the gates of a reset that count.
    ///
    /// One that was passed by a method which was deleted since, or which policy has taken away, goes on counting or is open
    /// again (`domain.md` §13); the two are read apart.
    fn gates_counted(&mut self, at: Ref) -> BTreeSet<Gate> {
        let (policy, person) = (&self.state.policy, self.person(at.owner));
        let (mut counted, mut deleted, mut barred) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (gate, method) in &person.resets[at.index].passed {
            counted.insert(*gate);
            match person.user.find(*method) {
                None => deleted.insert(*gate),
                Some(held) if usable::reset_kinds(policy, person.user.role, held).is_empty() => {
                    barred.insert(*gate)
                }
                Some(_) => false,
            };
        }
        for gone in [deleted, barred] {
            if !gone.is_empty() && self.reading() {
                counted.retain(|gate| !gone.contains(gate));
            }
        }
        counted
    }

    pub(super) fn begin_reset_proof(
        &mut self,
        (user, name): (&Name, Option<&Name>),
        method: Method,
        kind: Option<ChallengeKind>,
        of: Option<&Name>,
        bind: Option<&Name>,
    ) -> Handled {
        let actor = self.actor(user)?;
        let named = self.named(RefKind::Reset, user, name)?;
        let found = match of {
            Some(_) => Some(self.registered(user, named, method, of)?),
            None => None,
        };
        let at = self.open_reset(user, name)?;
        if found == Some(None) {
            let refusals = [Refusal::NotFound, Refusal::MethodNotAvailable];
            return Err(Told::any_of(&refusals));
        }
        let choices = self.reset_choices(at, method, kind, found.flatten())?;
        let target = ChallengeTarget::Reset(at.index);
        let begun = self.begin_challenge_by_any(at.owner, &choices, target)?;
        self.bind(RefKind::Proof, actor, bind, begun);
        Ok(Told::success(self.challenge_answer(begun)))
    }

    /// Lists how to pass a gate, the preferred way first: by the kind that is named, else by the strongest that this reset may
    /// use.
    ///
    /// Of several methods of the sort the default is tried first, as it is listed first; any may be. When every gate is passed, whether one more may be passed is a matter of reading.
    fn reset_choices(
        &mut self,
        at: Ref,
        method: Method,
        kind: Option<ChallengeKind>,
        id: Option<u32>,
    ) -> Result<Vec<Choice>, Told> {
        let passed = self.gates_counted(at);
        let (policy, person) = (&self.state.policy, self.person(at.owner));
        let needed = usable::gates(policy, person.user.role);
        let enough = u32::try_from(passed.len()).is_ok_and(|passed| passed >= needed);
        let again = passed.contains(&usable::gate(method));
        let held = person.user.registered.iter();
        let mut choices: Vec<Choice> = held
            .filter(|held| held.method == method && id.is_none_or(|id| id == held.id))
            .filter_map(|held| {
                usable::reset_kinds(policy, person.user.role, held)
                    .into_iter()
                    .find(|usable| kind.is_none_or(|kind| kind == *usable))
                    .map(|kind| Choice { id: held.id, kind })
            })
            .collect();
        let default = default::shown(policy, &person.user).map(|default| default.id);
        choices.sort_by_key(|choice| (choice.kind, Some(choice.id) != default));
        let blocked = person.blocked(self.now);
        let passed = Told::refused(Refusal::GateAlreadyPassed).serving("RESET-3");
        if blocked && !self.reading() {
            let refusals = [Refusal::Blocked, Refusal::ContactAdministrator];
            return Err(Told::any_of(&refusals));
        }
        match (choices.is_empty(), again) {
            (false, true) => Err(passed),
            (true, true) => Err(passed.or_refused(&[Refusal::MethodNotAvailable])),
            (true, false) => Err(Told::refused(Refusal::MethodNotAvailable)),
            (false, false) if enough && !self.reading() => {
                Err(passed.or_refused(&[Refusal::MethodNotAvailable, Refusal::OutOfOrder]))
            }
            (false, false) => Ok(choices),
        }
    }

    /// Finds the proof that a command names, and whether it is one of the named reset.
    fn proof(
        &self,
        user: &Name,
        reset: Option<&Name>,
        proof: Option<&Name>,
    ) -> Result<(Ref, bool), Told> {
        let named = self.named(RefKind::Reset, user, reset)?;
        let at = self.named(RefKind::Proof, user, proof)?;
        let own = at.owner == named.owner
            && self.challenge(at).target == ChallengeTarget::Reset(named.index);
        Ok((at, own))
    }

    /// A proof of another reset does not exist here; of one that is over, either may be told.
    fn own_proof(&self, user: &Name, reset: Option<&Name>, own: bool) -> Result<Ref, Told> {
        let missing = Told::refused(Refusal::NotFound);
        match (self.open_reset(user, reset), own) {
            (Ok(at), true) => Ok(at),
            (Ok(_), false) => Err(missing.or_refused(&[Refusal::Cancelled])),
            (Err(refused), true) => Err(refused),
            (Err(refused), false) => Err(refused.or(missing)),
        }
    }

    pub(super) fn read_reset_proof(
        &mut self,
        user: &Name,
        reset: Option<&Name>,
        proof: Option<&Name>,
    ) -> Handled {
        let (at, own) = self.proof(user, reset, proof)?;
        let told = Told::success(self.challenge_answer(at));
        match self.own_proof(user, reset, own) {
            Ok(_) if self.may_be_forgotten(ProofSubject::Challenge(at)) => {
                Ok(told.or_refused(&[Refusal::NotFound]))
            }
            Ok(_) => Ok(told),
            Err(refused) if own => Err(told.or(refused)),
            Err(refused) => Err(refused),
        }
    }

    pub(super) fn submit_reset_code(
        &mut self,
        user: &Name,
        reset: Option<&Name>,
        proof: Option<&Name>,
        role: &CodeRole,
    ) -> Handled {
        let (at, own) = self.proof(user, reset, proof)?;
        let thing = ProofSubject::Challenge(at);
        let code = self.code(user, thing, role)?;
        let fits = takes_codes(self.attempt(thing).kind);
        let reset = self.awaiting(user, reset, (at, own), fits)?;
        if !fits {
            return Err(self.misfit(thing, Refusal::WrongAnswers));
        }
        self.still_proves(at)?;
        self.judge(user, thing, code)?;
        self.spend(thing, code);
        self.pass_gate(at, reset)
    }

    pub(super) fn submit_reset_answers(
        &mut self,
        user: &Name,
        reset: Option<&Name>,
        proof: Option<&Name>,
        role: &AnswersRole,
    ) -> Handled {
        let (at, own) = self.proof(user, reset, proof)?;
        let thing = ProofSubject::Challenge(at);
        let fits = self.attempt(thing).kind == ChallengeKind::Answers;
        let reset = self.awaiting(user, reset, (at, own), fits)?;
        if !fits {
            return Err(self.misfit(thing, Refusal::WrongCode));
        }
        self.still_proves(at)?;
        let verdict = self.verdict(at, role);
        let right = match verdict {
            AnswersVerdict::Right => true,
            AnswersVerdict::Wrong => false,
            AnswersVerdict::Misshapen => {
                if self.reading() {
                    return Err(Told::refused(Refusal::InvalidAnswers));
                }
                false
            }
            AnswersVerdict::Perhaps => {
                if self.reading() {
                    return Err(Told::refused(Refusal::InvalidAnswers));
                }
                !self.reading()
            }
        };
        if !right {
            return Err(self.fail(thing, &[Refusal::WrongAnswers]));
        }
        self.person_mut(at.owner).failures = 0;
        self.pass_gate(at, reset)
    }

    /// Refuses a proof that awaits nothing now, or something else (`fits` is false).
    fn awaiting(
        &mut self,
        user: &Name,
        reset: Option<&Name>,
        (at, own): (Ref, bool),
        fits: bool,
    ) -> Result<Ref, Told> {
        let thing = ProofSubject::Challenge(at);
        let blocked = [Refusal::Blocked, Refusal::ContactAdministrator];
        let reset = self.own_proof(user, reset, own).map_err(|refused| {
            if own && self.person(at.owner).blocked(self.now) {
                refused.or_refused(&blocked)
            } else {
                refused
            }
        })?;
        self.takes(thing, fits, &blocked)?;
        Ok(reset)
    }

    /// A gate that another proof passed meanwhile: proving it again is refused or changes nothing.
    fn pass_gate(&mut self, at: Ref, reset: Ref) -> Handled {
        let gate = usable::gate(self.challenge(at).method);
        let mut passed = self.a_reset(reset).passed.iter();
        if passed.any(|(passed, _)| *passed == gate) && self.reading() {
            return Err(Told::refused(Refusal::GateAlreadyPassed).serving("RESET-3"));
        }
        self.pass(at);
        let counted = self.gates_counted(reset);
        Ok(Told::success(self.reset_answer(reset, &counted)))
    }

    /// Compares answers with what was registered: trimmed, case-folded, and nothing else.
    fn verdict(&self, at: Ref, role: &AnswersRole) -> AnswersVerdict {
        let person = self.person(at.owner);
        let Some(facts) = person.methods.get(&self.challenge(at).method_id) else {
            return AnswersVerdict::Wrong;
        };
        match role {
            AnswersRole::Right | AnswersRole::Padded => AnswersVerdict::Right,
            AnswersRole::Wrong | AnswersRole::InnerSpace => AnswersVerdict::Wrong,
            AnswersRole::OneTooFew => AnswersVerdict::Misshapen,
            AnswersRole::UpperCase => {
                let same = |answer: &AnswerText| match answer {
                    AnswerText::Own => true,
                    AnswerText::Given(text) => folded(&text.to_uppercase()) == folded(text),
                };
                if facts.answers.iter().all(|(_, answer)| same(answer)) {
                    AnswersVerdict::Right
                } else {
                    AnswersVerdict::Perhaps
                }
            }
            AnswersRole::Given(given) => self.given_verdict(&facts.answers, given),
        }
    }

    fn given_verdict(
        &self,
        registered: &[(String, AnswerText)],
        given: &[GivenAnswer],
    ) -> AnswersVerdict {
        let reset = &self.state.policy.reset;
        let standing: Vec<&(String, AnswerText)> = registered
            .iter()
            .filter(|(question, _)| reset.questions.contains(question))
            .collect();
        let asked = usize::try_from(reset.questions_to_reset).unwrap_or(usize::MAX);
        if given.len() != asked {
            return AnswersVerdict::Misshapen;
        }
        let question = |index: u32| {
            let index = usize::try_from(index).ok()?.checked_sub(1)?;
            reset.questions.get(index)
        };
        let known = |answer: &GivenAnswer| {
            let question = question(answer.question)?;
            standing.iter().find(|(known, _)| known == question)
        };
        let asks_all = standing.len() == asked;
        let mut right = true;
        for answer in given {
            let Some((_, text)) = known(answer) else {
                return AnswersVerdict::Misshapen;
            };
            right &=
                matches!(text, AnswerText::Given(text) if folded(text) == folded(&answer.text));
        }
        match (right, asks_all) {
            (true, true) => AnswersVerdict::Right,
            (true, false) => AnswersVerdict::Perhaps,
            (false, true) => AnswersVerdict::Wrong,
            (false, false) => AnswersVerdict::Misshapen,
        }
    }

    /// Returns the requirement that keeps a reset with so many gates passed from setting a password.
    fn why_no_password(&self, at: Ref, passed: usize) -> &'static str {
        let (policy, person) = (&self.state.policy, self.person(at.owner));
        let is_enough = |role| {
            let needed = usable::gates(policy, role);
            u32::try_from(passed).is_ok_and(|passed| passed >= needed)
        };
        let proofs = person.challenges.iter().filter(|one| {
            one.target == ChallengeTarget::Reset(at.index) && one.phase == Phase::Verified
        });
        if is_enough(person.user.role) {
            "RESET-1"
        } else if passed > 0 && is_enough(Role::Member) {
            "AVAIL-7"
        } else if proofs.count() > passed {
            "RESET-3"
        } else {
            "RESET-1"
        }
    }

    /// Sets the new password: signed out everywhere, and everything that was open is dead.
    pub(super) fn set_new_password(
        &mut self,
        user: &Name,
        name: Option<&Name>,
        password: &NewPasswordRole,
    ) -> Handled {
        let at = self.open_reset(user, name)?;
        let passed = self.gates_counted(at).len();
        let (policy, person) = (&self.state.policy, self.person(at.owner));
        let needed = usable::gates(policy, person.user.role);
        let enough = u32::try_from(passed).is_ok_and(|passed| passed >= needed);
        let mut refusals = Vec::new();
        if !enough {
            refusals.push(Refusal::GatesMissing);
        }
        if *password == NewPasswordRole::TooShort {
            refusals.push(Refusal::InvalidPassword);
        }
        let closed = person.blocked(self.now) || !policy.reset.enabled;
        if closed && (!refusals.is_empty() || self.reading()) {
            refusals.extend([Refusal::ContactAdministrator, Refusal::Blocked]);
        }
        if !refusals.is_empty() {
            let requirement = self.why_no_password(at, passed);
            return Err(Told::any_of(&refusals).serving(requirement));
        }
        self.cancel_setups(at.owner, |_| true);
        self.cancel_challenges(at.owner, |_| true);
        let person = self.person_mut(at.owner);
        person.passwords.push(password.clone());
        person.resets[at.index].completed = true;
        for session in &mut person.sessions {
            session.ended.get_or_insert("RESET-5");
        }
        self.record(at.owner, Activity::PasswordReset, None);
        Ok(Told::done())
    }
}
