//! What comes back from outside: replies to notifications, keys pressed, calls that end (GATE-3).

use proofup_domain::command::{CallbackSecret, Name, Which};
use proofup_domain::method::ChallengeKind;
use proofup_domain::refusal::Refusal;
use proofup_domain::state::Channel;

use super::enroll::OPEN;
use super::expected::Told;
use super::life::Life;
use super::outbox::CallOrNotification;
use super::records::{ChallengeTarget, Phase, ProofSubject, Ref};
use super::register::QuestionAnswers;
use super::verify::owner;
use super::{Handled, StepContext};

impl StepContext {
    /// Approves or denies a notification.
    pub(super) fn reply(
        &mut self,
        user: &Name,
        which: Which,
        secret: CallbackSecret,
        approve: bool,
    ) -> Handled {
        let index = self.signal(user, Channel::Push, which)?;
        self.check_secret(user, secret)?;
        self.answer_signal(index, approve)
    }

    /// Presses a key in a call: exactly `#` proves.
    pub(super) fn press_key(
        &mut self,
        user: &Name,
        key: &str,
        which: Which,
        secret: CallbackSecret,
    ) -> Handled {
        let index = self.signal(user, Channel::Voice, which)?;
        self.check_secret(user, secret)?;
        self.answer_signal(index, key == "#")
    }

    /// Hangs up or lets ring: nothing is proved. A word that comes too late changes nothing that is sure.
    pub(super) fn end_call(&mut self, user: &Name, which: Which) -> Handled {
        let index = self.signal(user, Channel::Voice, which)?;
        let signal = self.state.outbox.signals[index];
        if self.dead(signal).is_none() {
            self.outbox_mut().signals[index].answered = true;
            self.set_phase(signal.thing, Phase::Denied);
            return Ok(Told::done());
        }
        let silent = !signal.answered && !signal.superseded;
        if silent && self.life(signal.thing) == Life::Expired {
            self.outbox_mut().signals[index].ended_late = true;
        }
        Ok(Told::done().or_refused(&[
            Refusal::AlreadyAnswered,
            Refusal::Expired,
            Refusal::Cancelled,
            Refusal::NotFound,
        ]))
    }

    /// Finds a call or a notification that reached a person.
    fn signal(&self, user: &Name, channel: Channel, which: Which) -> Result<usize, Told> {
        if let Some(before) = &self.before {
            return before.signal(user, channel, which);
        }
        let actor = self.actor(user)?;
        let signals = self.state.outbox.signals.iter().enumerate().rev();
        let mut received = signals.filter(|(_, signal)| {
            signal.delivered && signal.channel == channel && signal.holder == actor
        });
        let found = match which {
            Which::LastSent => received.next(),
            Which::Previous => received.nth(1),
        };
        found
            .map(|(index, _)| index)
            .ok_or(Told::Unbound("no such call or notification was received"))
    }

    /// A callback without the secret that was given to that gateway or device does not count.
    fn check_secret(&self, user: &Name, secret: CallbackSecret) -> Result<(), Told> {
        match secret {
            CallbackSecret::Right => Ok(()),
            CallbackSecret::SessionToken => {
                self.named(super::records::RefKind::Session, user, None)?;
                Err(Told::refused(Refusal::Unauthenticated).serving("GATE-3"))
            }
            CallbackSecret::Wrong | CallbackSecret::None | CallbackSecret::OfAnother => {
                Err(Told::refused(Refusal::Unauthenticated).serving("GATE-3"))
            }
        }
    }

    /// Returns why an answer to a call or a notification changes nothing, or none if it counts.
    ///
    /// Once its time is over it may be forgotten (`domain.md` §13).
    fn dead(&self, signal: CallOrNotification) -> Option<Told> {
        let limits = self.limits();
        let lifetime = match signal.channel {
            Channel::Voice => limits.call_seconds,
            _ => limits.notification_seconds,
        };
        let told = self.why_dead(signal)?;
        Some(if self.is_over(signal.since, lifetime) {
            told.or_refused(&[Refusal::NotFound])
        } else {
            told
        })
    }

    fn why_dead(&self, signal: CallOrNotification) -> Option<Told> {
        use Refusal as R;
        let life = self.life(signal.thing);
        if signal.answered {
            let gone = [R::AlreadyAnswered, R::Expired, R::Cancelled, R::NotFound];
            let sure = matches!(life, Life::Verified | Life::Denied);
            return Some(Told::any_of(if sure { &gone[..1] } else { &gone }));
        }
        if signal.superseded {
            let gone = [R::Cancelled, R::Expired, R::AlreadyAnswered, R::NotFound];
            return Some(Told::any_of(&gone));
        }
        match life {
            Life::Sent => None,
            Life::Expired => Some(Told::refused(R::Expired)),
            Life::ExpiredOrDenied => Some(Told::any_of(&[R::Expired, R::AlreadyAnswered])),
            _ => Some(Told::done().or_refused(&[R::Cancelled, R::Expired, R::NotFound])),
        }
    }

    fn answer_signal(&mut self, index: usize, proves: bool) -> Handled {
        let signal = self.state.outbox.signals[index];
        if let Some(told) = self.dead(signal) {
            return Err(told);
        }
        if proves && self.person(owner(signal.thing)).blocked(self.now) && !self.reading() {
            return Err(Told::refused(Refusal::Blocked));
        }
        if proves && let Some(refused) = self.session_owes(signal.thing) {
            return Err(refused);
        }
        self.outbox_mut().signals[index].answered = true;
        if !proves {
            self.set_phase(signal.thing, Phase::Denied);
            return Ok(Told::done());
        }
        if self.prove(signal.thing) {
            self.person_mut(owner(signal.thing)).failures = 0;
            return Ok(Told::done());
        }
        Ok(Told::done().or_refused(&[
            Refusal::Cancelled,
            Refusal::Expired,
            Refusal::NotFound,
            Refusal::MethodNotAvailable,
        ]))
    }

    /// Refuses a setup's proof whose session has come to owe something since; that a callback minds that is a reading.
    fn session_owes(&mut self, thing: ProofSubject) -> Option<Told> {
        let ProofSubject::Enrollment(at) = thing else {
            return None;
        };
        let session = Ref {
            index: self.enrollment(at).session,
            ..at
        };
        let refused = self.allow(session, &OPEN, true).err()?;
        self.reading().then_some(refused)
    }

    /// Lets a `#` or an approval prove. Returns false if policy no longer allows it; then nothing is proved.
    fn prove(&mut self, thing: ProofSubject) -> bool {
        match thing {
            ProofSubject::Enrollment(at) => {
                let kind: ChallengeKind = self.enrollment(at).attempt.kind;
                let checked = self.check_setup(at).is_ok();
                if checked {
                    self.register(at, kind, QuestionAnswers::from([]));
                }
                checked
            }
            ProofSubject::Challenge(at) => {
                let usable = self.still_proves(at).is_ok() || self.goes_on_switched_off(at);
                if usable {
                    self.pass(at);
                } else {
                    self.set_phase(thing, Phase::Cancelled);
                }
                usable
            }
        }
    }

    /// Returns whether a proof of a reset that policy has switched off since counts as though it were on still, if it is
    /// read so.
    fn goes_on_switched_off(&mut self, at: Ref) -> bool {
        let is_of_a_reset = matches!(self.challenge(at).target, ChallengeTarget::Reset(_));
        if !is_of_a_reset || self.state.policy.reset.enabled {
            return false;
        }
        let now = std::sync::Arc::clone(&self.state.policy);
        std::sync::Arc::make_mut(&mut self.state.policy)
            .reset
            .enabled = true;
        let proves = self.still_proves(at).is_ok();
        self.state.policy = now;
        proves && self.reading()
    }
}
