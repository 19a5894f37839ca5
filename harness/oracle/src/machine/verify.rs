//! Judging codes and answers, and what right and wrong ones lead to (`domain.md` §11).

use std::collections::BTreeSet;

use jiff::SignedDuration;
use proofup_domain::command::{AnswersRole, CodeRole, GivenAnswer, Name};
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::Activity;

use super::answers::takes_codes;
use super::expected::{RuledAnswers, Told};
use super::life::Life;
use super::records::{AnswerText, Code, Phase, ProofSubject};
use super::register::QuestionAnswers;
use super::roles::By;
use super::{Handled, StepContext};

impl StepContext {
    pub(super) fn submit_code(
        &mut self,
        by: By<'_>,
        name: Option<&Name>,
        role: &CodeRole,
    ) -> Handled {
        let named = self.named(super::records::RefKind::Enrollment, by.user, name)?;
        let code = self.code(by.user, ProofSubject::Enrollment(named), role)?;
        let at = self.setup(by, name, true)?;
        let thing = ProofSubject::Enrollment(at);
        let fits = takes_codes(self.attempt(thing).kind);
        self.takes(thing, fits, &[Refusal::Blocked])?;
        if !fits {
            return Err(self.misfit(thing, Refusal::WrongCode));
        }
        self.check_setup(at)?;
        self.judge(by.user, thing, code)?;
        let kind = self.attempt(thing).kind;
        self.register(at, kind, QuestionAnswers::from([]));
        self.spend(thing, code);
        Ok(Told::success(self.enrollment_answer(at)))
    }

    pub(super) fn submit_answers(
        &mut self,
        by: By<'_>,
        name: Option<&Name>,
        role: &AnswersRole,
    ) -> Handled {
        let at = self.setup(by, name, true)?;
        let thing = ProofSubject::Enrollment(at);
        let fits = self.enrollment(at).method == Method::SecurityQuestions;
        self.takes(thing, fits, &[Refusal::Blocked])?;
        if !fits {
            return Err(self.misfit(thing, Refusal::WrongCode));
        }
        self.check_setup(at)?;
        let chosen = self.chosen(at, role);
        let Some(answers) = chosen else {
            return Err(Told::refused(Refusal::InvalidAnswers));
        };
        if lengths_are_doubtful(&answers) && self.reading() {
            return Err(Told::refused(Refusal::InvalidAnswers));
        }
        self.person_mut(at.owner).failures = 0;
        self.register(at, ChallengeKind::Answers, answers);
        Ok(Told::success(self.enrollment_answer(at)))
    }

    /// Refuses to prove a thing that is not open any more, or whose account is blocked; where time leaves a doubt, being over
    /// is a reading.
    ///
    /// Where several refusals apply, any may be told (`domain.md` §13): the block, that the thing is over, that it awaits
    /// something else (`fits` is false), that its method is gone. Whether a code is right is told by none of them.
    pub(super) fn takes(
        &mut self,
        thing: ProofSubject,
        fits: bool,
        blocked: &[Refusal],
    ) -> Result<(), Told> {
        let over = self.refusal_of(thing);
        let doubt = self.perhaps_over(thing);
        let refused = if self.person(owner(thing)).blocked(self.now) {
            let also = over.into_iter().chain(doubt);
            Some(also.fold(Told::any_of(blocked), Told::or))
        } else {
            over.or_else(|| doubt.filter(|_| self.reading()))
        };
        let Some(refused) = refused else {
            return Ok(());
        };
        let life = self.life(thing);
        let (refused, gone) = if life == Life::Verified {
            (refused, false)
        } else if life.is_final() {
            // What is over already is not cancelled by it.
            let kept = self.state.clone();
            let gone = self.check_method(thing).err();
            self.state = kept;
            let is_gone = gone.is_some();
            (gone.into_iter().fold(refused, Told::or), is_gone)
        } else {
            let gone = self.read_as_gone(thing)?;
            (refused, gone)
        };
        Err(if fits {
            refused
        } else {
            refused.or_refused(misfits(gone))
        })
    }

    /// Returns the refusal of a thing of which the design does not say whether its time is over.
    fn perhaps_over(&self, thing: ProofSubject) -> Option<Told> {
        let doubt = matches!(self.life(thing), Life::PerhapsSent | Life::PerhapsStarted);
        let expired = Told::refused(Refusal::Expired);
        doubt.then(|| match self.may_be_forgotten(thing) {
            true => expired.or_refused(&[Refusal::NotFound]),
            false => expired,
        })
    }

    /// Refuses a thing whose method is gone; read otherwise, nothing changes, and whether it is gone is returned.
    fn read_as_gone(&mut self, thing: ProofSubject) -> Result<bool, Told> {
        let kept = self.state.clone();
        match self.check_method(thing) {
            Err(refused) if !self.reading() => Err(refused),
            gone => {
                self.state = kept;
                Ok(gone.is_err())
            }
        }
    }

    /// Refuses a thing whose method is not available any more, with what that leads to.
    fn check_method(&mut self, thing: ProofSubject) -> Result<(), Told> {
        match thing {
            ProofSubject::Enrollment(at) => self.check_setup(at),
            ProofSubject::Challenge(at) => self.still_proves(at),
        }
    }

    /// Refuses a code where none is asked for, and answers where none are: how, and whether it is a try, is not said.
    pub(super) fn misfit(&mut self, thing: ProofSubject, wrong: Refusal) -> Told {
        let gone = match self.read_as_gone(thing) {
            Ok(gone) => gone,
            Err(refused) => return refused,
        };
        if self.reading() {
            return self.fail(thing, &[wrong, Refusal::WrongCode, Refusal::WrongAnswers]);
        }
        Told::any_of(misfits(gone))
    }

    /// Judges a code for what awaits one: a wrong one is a try, a right one is remembered as used.
    pub(super) fn judge(
        &mut self,
        user: &Name,
        thing: ProofSubject,
        code: Code,
    ) -> Result<(), Told> {
        if !self.is_right_code(thing, code) {
            if code == Code::Misshapen && self.reading() {
                return Err(Told::refused(Refusal::InvalidInput));
            }
            return Err(self.fail(thing, &[Refusal::WrongCode]));
        }
        let owner = owner(thing);
        self.person_mut(owner).failures = 0;
        self.person_mut(owner).used = Some(code);
        if let Ok(actor) = self.actor(user) {
            self.person_mut(actor).used = Some(code);
        }
        Ok(())
    }

    /// Returns whether a code is right: the newest that was sent for this thing, or a TOTP of its account that is within
    /// one step of now and after the last step that was accepted.
    fn is_right_code(&self, thing: ProofSubject, code: Code) -> bool {
        match code {
            Code::Sent(id) => {
                let attempt = self.attempt(thing);
                attempt.code == Some(id)
            }
            Code::Totp(account, step) => {
                self.account_of(thing) == Some(account)
                    && step.abs_diff(self.totp_step()) <= 1
                    && self.last_step(thing).is_none_or(|last| step > last)
            }
            Code::Wrong | Code::Misshapen => false,
        }
    }

    fn last_step(&self, thing: ProofSubject) -> Option<i64> {
        let ProofSubject::Challenge(at) = thing else {
            return None;
        };
        let person = self.person(at.owner);
        let id = person.challenges[at.index].method_id;
        person.methods.get(&id).and_then(|facts| facts.last_step)
    }

    /// Spends the step of a TOTP for all uses, setup included.
    pub(super) fn spend(&mut self, thing: ProofSubject, code: Code) {
        let Code::Totp(_, step) = code else {
            return;
        };
        let id = match thing {
            ProofSubject::Enrollment(at) => self.enrollment(at).made,
            ProofSubject::Challenge(at) => Some(self.challenge(at).method_id),
        };
        let person = self.person_mut(owner(thing));
        if let Some(facts) = id.and_then(|id| person.methods.get_mut(&id)) {
            facts.last_step = Some(step);
        }
    }

    /// Counts a wrong try: for the challenge, which may be exhausted by it, and for the account, which may be blocked.
    pub(super) fn fail(&mut self, thing: ProofSubject, wrong: &[Refusal]) -> Told {
        let attempt = match thing {
            ProofSubject::Enrollment(at) => &mut self.enrollment_mut(at).attempt,
            ProofSubject::Challenge(at) => &mut self.challenge_mut(at).attempt,
        };
        attempt.tries_left = attempt.tries_left.saturating_sub(1);
        let left = attempt.tries_left;
        if left == 0 {
            self.set_phase(thing, Phase::Exhausted);
        }
        let mut told = Told::Answers(RuledAnswers::default());
        for refusal in wrong {
            told = told.or(Told::refused_with(*refusal, "triesLeft", left));
        }
        if left == 0 {
            told = told.or_refused(&[Refusal::Exhausted]);
        }
        if self.count_failure(owner(thing)) {
            told = told.or_refused(&[Refusal::Blocked]);
        }
        told
    }

    /// Counts a failure of the account; true: it is blocked by it. The count begins anew after a block.
    fn count_failure(&mut self, owner: usize) -> bool {
        let block = SignedDuration::from_secs(self.limits().block_seconds.into());
        let (now, limit) = (self.now, self.limits().account_failures);
        let person = self.person_mut(owner);
        person.failures += 1;
        if person.failures < limit {
            return false;
        }
        person.failures = 0;
        person.blocked_until = now.checked_add(block).ok();
        self.record(owner, Activity::AccountBlocked, None);
        true
    }

    /// Chooses and answers questions in a setup; none if a rule is broken.
    fn chosen(&self, at: super::records::Ref, role: &AnswersRole) -> Option<QuestionAnswers> {
        let setup = self.enrollment(at);
        let reset = &self.state.policy.reset;
        // A person answers as many as policy asks for now (AVAIL-8), of those that were shown.
        let wanted = usize::try_from(reset.questions_to_register).ok()?;
        let answers: Vec<(String, AnswerText)> = match role {
            AnswersRole::OneTooFew => return None,
            AnswersRole::Given(given) => {
                if !distinct(given) {
                    return None;
                }
                let question = |answer: &GivenAnswer| -> Option<(String, AnswerText)> {
                    let index = usize::try_from(answer.question).ok()?.checked_sub(1)?;
                    let question = setup.questions.get(index)?.clone();
                    let length = answer.text.trim().chars().count();
                    (length <= 40 && answer.text.chars().count() >= 3)
                        .then(|| (question, AnswerText::Given(answer.text.clone())))
                };
                given.iter().map(question).collect::<Option<Vec<_>>>()?
            }
            AnswersRole::Right
            | AnswersRole::Wrong
            | AnswersRole::UpperCase
            | AnswersRole::Padded
            | AnswersRole::InnerSpace => {
                let mut seen = BTreeSet::new();
                let fresh = setup
                    .questions
                    .iter()
                    .filter(|question| seen.insert(*question));
                fresh
                    .take(wanted)
                    .map(|question| (question.clone(), AnswerText::Own))
                    .collect()
            }
        };
        let different: BTreeSet<&String> = answers.iter().map(|(question, _)| question).collect();
        let enough = u32::try_from(answers.len()) == Ok(reset.questions_to_register);
        let known = answers
            .iter()
            .all(|(question, _)| reset.questions.contains(question));
        (enough && known && different.len() == answers.len()).then(|| answers.into())
    }
}

/// Lists how a code is refused where none is awaited, and answers where none are.
///
/// Of a thing whose method is gone, `methodNotAvailable` says that and cancels it.
const fn misfits(gone: bool) -> &'static [Refusal] {
    const ALL: &[Refusal] = &[
        Refusal::OutOfOrder,
        Refusal::InvalidInput,
        Refusal::InvalidAnswers,
        Refusal::MethodNotAvailable,
    ];
    if gone { ALL.split_at(3).0 } else { ALL }
}

/// Returns whether the length of some answer depends on whether the surrounding space counts.
fn lengths_are_doubtful(answers: &QuestionAnswers) -> bool {
    answers.iter().any(|(_, answer)| match answer {
        AnswerText::Own => false,
        AnswerText::Given(text) => {
            let (whole, trimmed) = (text.chars().count(), text.trim().chars().count());
            trimmed < 3 || whole > 40
        }
    })
}

/// Returns whether no question is answered twice and no answer is given twice.
fn distinct(given: &[GivenAnswer]) -> bool {
    let questions: BTreeSet<u32> = given.iter().map(|answer| answer.question).collect();
    let texts: BTreeSet<String> = given.iter().map(|answer| folded(&answer.text)).collect();
    questions.len() == given.len() && texts.len() == given.len()
}

/// Returns an answer as it is compared: trimmed and case-folded by the rules of Unicode (QUES-5).
///
/// Lower, upper and lower again, character by character, is full case folding but for the dotless i, which folds to itself.
pub(super) fn folded(text: &str) -> String {
    let lower = text.trim().chars().flat_map(char::to_lowercase);
    let fold = |c: char| -> String {
        if c == 'ı' {
            c.to_string()
        } else {
            c.to_uppercase().flat_map(char::to_lowercase).collect()
        }
    };
    lower.map(fold).collect()
}

/// Returns the person whose account a thing belongs to.
pub(super) const fn owner(thing: ProofSubject) -> usize {
    match thing {
        ProofSubject::Enrollment(at) | ProofSubject::Challenge(at) => at.owner,
    }
}
