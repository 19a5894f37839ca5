//! Signing in, the interrupt, the wizard and the review (`domain.md` §6).

use proofup_domain::command::{Name, NewPasswordRole, PasswordRole};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::{Activity, SessionState};

use super::expected::Told;
use super::records::{Ref, RefKind, Session};
use super::roles::By;
use super::{Handled, StepContext};
use crate::sign_in::{self, SignInOutcome as Stand, SignInProgress};

impl StepContext {
    pub(super) fn sign_in(
        &mut self,
        user: &Name,
        password: &PasswordRole,
        bind: Option<&Name>,
    ) -> Handled {
        let owner = self.actor(user)?;
        let right = self.is_right(owner, password)?;
        let person = self.person(owner);
        if !right || !person.exists || person.blocked(self.now) {
            let requirement = match password {
                PasswordRole::Previous if !right => "RESET-1",
                _ if right && !person.user.blocked && person.exists => "CODE-11",
                _ => "SIGN-7",
            };
            return Err(Told::refused(Refusal::InvalidCredentials).serving(requirement));
        }
        let at = Ref {
            owner,
            index: person.sessions.len(),
        };
        let session = Session {
            begun: self.now,
            ended: None,
            finished: false,
            progress: SignInProgress::default(),
            began_bare: false,
            verified: 0,
        };
        self.person_mut(owner).sessions.push(session);
        self.bind(RefKind::Session, owner, bind, at);
        self.tell_session(at)
    }

    fn is_right(&self, person: usize, password: &PasswordRole) -> Result<bool, Told> {
        if let Some(before) = &self.before {
            let unchanged = before.person(person).passwords == self.person(person).passwords;
            return Ok(before.is_right(person, password)? && unchanged);
        }
        let passwords = &self.person(person).passwords;
        match password {
            PasswordRole::Right => Ok(true),
            PasswordRole::Wrong | PasswordRole::Near(_) => Ok(false),
            PasswordRole::Previous => match passwords.as_slice() {
                [.., NewPasswordRole::Shortest, NewPasswordRole::Shortest] => {
                    Err(Told::Unbound("both passwords are of the one shortest kind"))
                }
                [.., _, _] => Ok(false),
                _ => Err(Told::Unbound("the password was never reset")),
            },
        }
    }

    /// Answers where a session stands now.
    pub(super) fn tell_session(&mut self, at: Ref) -> Handled {
        let stand = self.standing(at);
        let answer = self.session_answer(at.owner, &stand);
        answer
            .map(Told::success)
            .ok_or_else(|| Told::refused(Refusal::Blocked))
    }

    /// A blocked account may or may not let an unfinished session sign out; that is not said.
    pub(super) fn sign_out(&mut self, by: By<'_>) -> Handled {
        let at = self.enter(by)?;
        let stand = self.standing(at);
        if matches!(stand, Stand::InvalidCredentials) && self.reading() {
            return Err(Told::refused(Refusal::Blocked));
        }
        if matches!(stand, Stand::Interrupted(_)) {
            self.record(at.owner, Activity::WizardCancelled, None);
        }
        self.session_mut(at).ended = Some("SIGN-8");
        Ok(Told::done())
    }

    /// Blocks somebody as an administrator does: whatever was begun ends, and what is registered stays (`domain.md` §6).
    pub(super) fn block_user(&mut self, user: &Name) -> Handled {
        let owner = self.actor(user)?;
        if !self.person(owner).exists {
            return Err(Told::refused(Refusal::NotFound));
        }
        self.cancel_setups(owner, |_| true);
        self.cancel_challenges(owner, |_| true);
        let person = self.person_mut(owner);
        person.user.blocked = true;
        for session in &mut person.sessions {
            session.ended = session.ended.or(Some("SIGN-11"));
        }
        for reset in person.resets.iter_mut().filter(|reset| !reset.completed) {
            reset.cancelled = true;
        }
        Ok(Told::done())
    }

    /// Unblocks somebody as an administrator does, whatever the account was blocked for.
    pub(super) fn unblock_user(&mut self, user: &Name) -> Handled {
        let owner = self.actor(user)?;
        let person = self.person_mut(owner);
        if !person.exists {
            return Err(Told::refused(Refusal::NotFound));
        }
        person.user.blocked = false;
        person.blocked_until = None;
        person.failures = 0;
        Ok(Told::done())
    }

    pub(super) fn read_session(&mut self, by: By<'_>) -> Handled {
        let at = self.enter(by)?;
        self.tell_session(at)
    }

    pub(super) fn open_account(&mut self, by: By<'_>) -> Handled {
        self.admit(by, &[SessionState::SignedIn], false)?;
        Ok(Told::done())
    }

    /// Enters a session that must stand in one state; signed in has a refusal of its own.
    fn enter_in(
        &mut self,
        by: By<'_>,
        state: SessionState,
        signed_in: Refusal,
    ) -> Result<Ref, Told> {
        let at = self.enter(by)?;
        if matches!(self.standing(at), Stand::SignedIn) {
            return Err(Told::refused(signed_in));
        }
        self.allow(at, &[state], false)?;
        Ok(at)
    }

    pub(super) fn defer(&mut self, by: By<'_>) -> Handled {
        let not_offered = Refusal::DeferralNotOffered;
        let at = self.enter_in(by, SessionState::Interrupted, not_offered)?;
        let Stand::Interrupted(offer) = self.standing(at) else {
            return Err(Told::refused(not_offered));
        };
        if !offer.is_offered() {
            return Err(Told::refused(not_offered));
        }
        let session = self.session_mut(at);
        session.progress.deferred = true;
        session.progress.interrupted = false;
        self.cancel_setups(at.owner, |setup| setup.session == at.index);
        self.record(at.owner, Activity::WizardCancelled, None);
        self.tell_session(at)
    }

    pub(super) fn read_wizard(&mut self, by: By<'_>) -> Handled {
        let at = self.enter_in(by, SessionState::Interrupted, Refusal::NotInterrupted)?;
        let mut kept_out = self.not_offered(at.owner);
        for kept in &mut kept_out {
            if kept.requirement == "AVAIL-9" {
                kept.requirement = "WIZ-8";
            }
        }
        Ok(Told::success(self.wizard_answer(at)).keeping_out(kept_out))
    }

    pub(super) fn complete_wizard(&mut self, by: By<'_>) -> Handled {
        let at = self.enter_in(by, SessionState::Interrupted, Refusal::NotInterrupted)?;
        if !sign_in::may_complete(&self.state.policy, &self.person(at.owner).user) {
            return Err(Told::refused(Refusal::RequiredInfoMissing));
        }
        self.session_mut(at).progress.interrupted = false;
        self.record(at.owner, Activity::WizardCompleted, None);
        self.tell_session(at)
    }

    /// Signed in and owing a second step, either refusal holds.
    pub(super) fn complete_review(&mut self, by: By<'_>) -> Handled {
        let at = self.enter(by)?;
        if matches!(self.standing(at), Stand::SignedIn) {
            let refused = Told::refused(Refusal::NoReviewDue);
            return Err(if self.owes_step_up(at) {
                refused.or_refused(&[Refusal::SecondStepRequired])
            } else {
                refused
            });
        }
        self.allow(at, &[SessionState::ReviewDue], true)?;
        self.session_mut(at).progress.reviewed = true;
        self.person_mut(at.owner).last_change = Some(self.now);
        self.record(at.owner, Activity::ReviewCompleted, None);
        self.tell_session(at)
    }
}
