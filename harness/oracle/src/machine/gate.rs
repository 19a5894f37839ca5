//! Who may do what now: the session of a request, where it stands, and whether a second step comes first.

use jiff::SignedDuration;
use proofup_domain::refusal::Refusal;
use proofup_domain::state::SessionState;

use super::StepContext;
use super::expected::Told;
use super::records::{Ref, Session};
use super::roles::By;
use crate::sign_in::{self, SignInOutcome as Stand, SignInTimes};
use crate::window;

impl StepContext {
    pub(super) fn session(&self, session: Ref) -> &Session {
        &self.person(session.owner).sessions[session.index]
    }

    pub(super) fn session_mut(&mut self, session: Ref) -> &mut Session {
        &mut self.person_mut(session.owner).sessions[session.index]
    }

    /// Returns whether a session is neither ended nor over.
    pub(super) fn is_live(&self, session: Ref) -> bool {
        let lifetime = SignedDuration::from_secs(self.limits().session_seconds.into());
        let session = self.session(session);
        session.ended.is_none() && self.now.duration_since(session.begun) < lifetime
    }

    /// Finds the session that a command acts with; what has no live one is not authenticated.
    pub(super) fn enter(&self, by: By<'_>) -> Result<Ref, Told> {
        let session = self.session_named(by)?;
        if self.is_live(session) {
            Ok(session)
        } else {
            let ended = self.session(session).ended;
            Err(Told::refused(Refusal::Unauthenticated).serving(ended.unwrap_or("SIGN-1")))
        }
    }

    /// Works out where a session stands, and remembers what that begins: an interrupt, the window, being signed in.
    ///
    /// A session that was signed in once stays so, whatever policy says later. `InvalidCredentials` stands for an account
    /// that was blocked in the middle of a sign-in.
    pub(super) fn standing(&mut self, at: Ref) -> Stand {
        let person = self.person(at.owner);
        let session = &person.sessions[at.index];
        if session.finished {
            return Stand::SignedIn;
        }
        if person.blocked(self.now) {
            return Stand::InvalidCredentials;
        }
        let times = SignInTimes {
            now: self.now,
            window_opened: person.window_opened,
            last_change: person.last_change,
        };
        let stand = sign_in::outcome(&self.state.policy, &person.user, times, session.progress);
        match stand {
            Stand::Interrupted(_) => self.begin_interrupt(at),
            Stand::SignedIn => self.session_mut(at).finished = true,
            Stand::InvalidCredentials
            | Stand::SecondStepRequired { .. }
            | Stand::ContactAdministrator
            | Stand::ReviewDue => {}
        }
        stand
    }

    fn begin_interrupt(&mut self, at: Ref) {
        let person = self.person(at.owner);
        let opened = window::opening(&self.state.policy, person.window_opened, self.now);
        let bare = !crate::usable::has_second_step(&self.state.policy, &person.user);
        let begun = person.sessions[at.index].progress.interrupted;
        if begun && opened == person.window_opened {
            return;
        }
        let person = self.person_mut(at.owner);
        person.window_opened = opened;
        if !begun {
            let session = &mut person.sessions[at.index];
            session.progress.interrupted = true;
            session.began_bare = bare;
            session.verified = 0;
        }
    }

    /// Returns whether managing, setting up or confirming asks for a second step first in this session.
    pub(super) fn owes_step_up(&self, at: Ref) -> bool {
        let person = self.person(at.owner);
        let progress = person.sessions[at.index].progress;
        self.state.setting.second_steps
            && sign_in::step_up_owed(&self.state.policy, &person.user, progress)
    }

    /// Lets a session pass that stands in one of the states; any other is refused by its own word.
    ///
    /// With `step_up` a second step may be owed first. What is refused for both reasons may name either.
    pub(super) fn allow(
        &mut self,
        at: Ref,
        states: &[SessionState],
        step_up: bool,
    ) -> Result<SessionState, Told> {
        let stand = self.standing(at);
        let Some((state, refusal)) = word(&stand) else {
            return Err(Told::refused(Refusal::Blocked).serving("CODE-11"));
        };
        let asked = matches!(
            state,
            SessionState::Interrupted | SessionState::ReviewDue | SessionState::SignedIn
        );
        let owed = step_up && asked && self.owes_step_up(at);
        let first = if state == SessionState::Interrupted {
            "SIGN-10"
        } else {
            "MAN-5"
        };
        let refused = match (states.contains(&state), owed) {
            (true, false) => return Ok(state),
            (true, true) => return Err(Told::refused(Refusal::SecondStepRequired).serving(first)),
            (false, false) => Told::refused(refusal),
            (false, true) => Told::any_of(&[refusal, Refusal::SecondStepRequired]),
        };
        Err(match kept_by(state) {
            Some(requirement) => refused.serving(requirement),
            None => refused,
        })
    }

    /// Enters a session, then checks it as [`Self::allow`] does.
    pub(super) fn admit(
        &mut self,
        by: By<'_>,
        states: &[SessionState],
        step_up: bool,
    ) -> Result<Ref, Told> {
        let at = self.enter(by)?;
        self.allow(at, states, step_up)?;
        Ok(at)
    }
}

/// Returns the requirement that keeps a session in its state; none: it is signed in.
const fn kept_by(state: SessionState) -> Option<&'static str> {
    match state {
        SessionState::SecondStepRequired => Some("TWO-4"),
        SessionState::Interrupted => Some("SIGN-4"),
        SessionState::ContactAdministrator => Some("AVAIL-13"),
        SessionState::ReviewDue => Some("REV-1"),
        SessionState::SignedIn => None,
    }
}

/// Returns a state and the refusal that goes with it, or none if the account is blocked.
///
/// Nothing is refused because of being signed in; where it is, the caller knows the word.
pub(super) const fn word(stand: &Stand) -> Option<(SessionState, Refusal)> {
    match stand {
        Stand::InvalidCredentials => None,
        Stand::SecondStepRequired { .. } => Some((
            SessionState::SecondStepRequired,
            Refusal::SecondStepRequired,
        )),
        Stand::Interrupted(_) => Some((SessionState::Interrupted, Refusal::Interrupted)),
        Stand::ContactAdministrator => Some((
            SessionState::ContactAdministrator,
            Refusal::ContactAdministrator,
        )),
        Stand::ReviewDue => Some((SessionState::ReviewDue, Refusal::ReviewDue)),
        Stand::SignedIn => Some((SessionState::SignedIn, Refusal::NotInterrupted)),
    }
}
