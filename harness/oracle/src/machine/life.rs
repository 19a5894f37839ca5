//! Where setups, challenges and resets stand at an instant: what was said of them, and what time says.

use jiff::{SignedDuration, Timestamp};
use proofup_domain::capabilities::Limits;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::refusal::Refusal;
use proofup_domain::state::ChallengeState;

use super::StepContext;
use super::expected::Told;
use super::records::{Challenge, ChallengeTarget, Enrollment, Phase, ProofSubject, Ref};

/// Where something to prove stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Started,
    /// Begun, but its activation code may be over.
    PerhapsStarted,
    Activated,
    Sent,
    /// The design does not say whether its time is over.
    PerhapsSent,
    Verified,
    Denied,
    /// Over, and may be sent again.
    Expired,
    /// Over; the provider's late word may have denied it too.
    ExpiredOrDenied,
    Exhausted,
    Cancelled,
    /// Its setup, session or reset is over: final.
    Over,
}

impl Life {
    /// Lists the states that may be told.
    pub(super) const fn states(self) -> &'static [ChallengeState] {
        use ChallengeState as S;
        match self {
            Self::Started => &[S::Started],
            Self::PerhapsStarted => &[S::Started, S::Expired],
            Self::Activated => &[S::DeviceActivated],
            Self::Sent => &[S::ChallengeSent],
            Self::PerhapsSent => &[S::ChallengeSent, S::Expired],
            Self::Verified => &[S::Verified],
            Self::Denied => &[S::Denied],
            Self::Expired => &[S::Expired],
            Self::ExpiredOrDenied => &[S::Expired, S::Denied],
            Self::Exhausted => &[S::Exhausted],
            Self::Cancelled => &[S::Cancelled],
            Self::Over => &[S::Expired, S::Cancelled],
        }
    }

    /// Returns whether something is surely awaited.
    pub(super) const fn is_surely_open(self) -> bool {
        matches!(self, Self::Started | Self::Activated | Self::Sent)
    }

    /// Returns whether nothing can bring it back.
    pub(super) const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Verified | Self::Exhausted | Self::Cancelled | Self::Over
        )
    }

    /// Returns the refusal of what a thing in this state no longer takes, or none if it still takes it.
    fn refusal(self) -> Option<Told> {
        use Refusal as R;
        Some(Told::any_of(match self {
            Self::Started
            | Self::PerhapsStarted
            | Self::Activated
            | Self::Sent
            | Self::PerhapsSent => return None,
            Self::Verified => &[R::AlreadyVerified],
            Self::Denied => &[R::Denied],
            Self::Expired => &[R::Expired],
            Self::ExpiredOrDenied => &[R::Expired, R::Denied],
            Self::Exhausted => &[R::Exhausted],
            Self::Cancelled => &[R::Cancelled],
            Self::Over => &[R::Expired, R::Cancelled, R::NotFound],
        }))
    }
}

impl StepContext {
    pub(super) fn limits(&self) -> &Limits {
        &self.state.setting.limits
    }

    /// Returns whether so many seconds have passed since an instant: at the very end they have.
    pub(super) fn is_over(&self, since: Timestamp, seconds: u32) -> bool {
        self.now.duration_since(since) >= SignedDuration::from_secs(seconds.into())
    }

    pub(super) fn enrollment(&self, at: Ref) -> &Enrollment {
        &self.person(at.owner).enrollments[at.index]
    }

    pub(super) fn enrollment_mut(&mut self, at: Ref) -> &mut Enrollment {
        &mut self.person_mut(at.owner).enrollments[at.index]
    }

    pub(super) fn challenge(&self, at: Ref) -> &Challenge {
        &self.person(at.owner).challenges[at.index]
    }

    pub(super) fn challenge_mut(&mut self, at: Ref) -> &mut Challenge {
        &mut self.person_mut(at.owner).challenges[at.index]
    }

    /// Returns where a setup stands now.
    pub(super) fn enrollment_life(&self, at: Ref) -> Life {
        let setup = self.enrollment(at);
        let session = Ref {
            owner: at.owner,
            index: setup.session,
        };
        let over = || {
            !self.is_live(session) || self.is_over(setup.begun, self.limits().enrollment_seconds)
        };
        match setup.phase {
            Phase::Verified => Life::Verified,
            Phase::Exhausted => Life::Exhausted,
            Phase::Cancelled => Life::Cancelled,
            _ if over() => Life::Over,
            Phase::Started => self.started(setup),
            Phase::Activated => Life::Activated,
            Phase::Denied => Life::Denied,
            Phase::Sent => self.sent(ProofSubject::Enrollment(at)),
        }
    }

    /// An activation code lives from the begin or from when it is shown: that is not said.
    fn started(&self, setup: &Enrollment) -> Life {
        let activation = self.limits().activation_seconds;
        if setup.method == Method::MicrosoftAuthenticator && self.is_over(setup.begun, activation) {
            return Life::PerhapsStarted;
        }
        Life::Started
    }

    /// Returns where a second step or a proof of a reset stands now.
    pub(super) fn challenge_life(&self, at: Ref) -> Life {
        match self.challenge(at).phase {
            Phase::Verified => Life::Verified,
            Phase::Exhausted => Life::Exhausted,
            Phase::Cancelled => Life::Cancelled,
            _ if self.belongs_to_what_is_over(at) => Life::Over,
            Phase::Denied => Life::Denied,
            Phase::Started | Phase::Activated | Phase::Sent => {
                self.sent(ProofSubject::Challenge(at))
            }
        }
    }

    /// Returns whether the session or the reset of a challenge has ended.
    fn belongs_to_what_is_over(&self, at: Ref) -> bool {
        match self.challenge(at).target {
            ChallengeTarget::Session(index) => !self.is_live(Ref { index, ..at }),
            ChallengeTarget::Reset(index) => {
                let reset = &self.person(at.owner).resets[index];
                reset.cancelled
                    || reset.completed
                    || self.is_over(reset.begun, self.limits().reset_seconds)
            }
        }
    }

    /// Returns for how many seconds a proof of a kind lives, and whether the design says so: where nothing is sent, it sets
    /// no time.
    fn lifetime(&self, kind: ChallengeKind) -> (u32, bool) {
        let limits = self.limits();
        match kind {
            ChallengeKind::AppNotification => (limits.notification_seconds, true),
            ChallengeKind::VoiceCall => (limits.call_seconds, true),
            ChallengeKind::TextMessage | ChallengeKind::EmailCode => (limits.code_seconds, true),
            ChallengeKind::AppCode => (limits.code_seconds.min(limits.activation_seconds), false),
            ChallengeKind::Answers => (limits.code_seconds, false),
        }
    }

    /// Returns whether the time of what was sent is over.
    fn sent(&self, thing: ProofSubject) -> Life {
        let attempt = self.attempt(thing);
        let (lifetime, said) = self.lifetime(attempt.kind);
        if !self.is_over(attempt.since, lifetime) {
            return Life::Sent;
        }
        let late = |signal: &super::outbox::CallOrNotification| {
            signal.thing == thing && !signal.superseded && signal.ended_late
        };
        if !said {
            Life::PerhapsSent
        } else if self.state.outbox.signals.iter().any(late) {
            Life::ExpiredOrDenied
        } else {
            Life::Expired
        }
    }

    /// Returns whether the lifetime of a thing is over, whatever became of it: then it may be forgotten (`domain.md` §13).
    ///
    /// A setup lives longer than the code that was sent for it, a second step and a proof of a reset do not.
    pub(super) fn may_be_forgotten(&self, thing: ProofSubject) -> bool {
        match thing {
            ProofSubject::Enrollment(at) => {
                let session = Ref {
                    index: self.enrollment(at).session,
                    ..at
                };
                !self.is_live(session)
                    || self.is_over(self.enrollment(at).begun, self.limits().enrollment_seconds)
            }
            ProofSubject::Challenge(at) => {
                let attempt = self.challenge(at).attempt;
                let (lifetime, _) = self.lifetime(attempt.kind);
                self.belongs_to_what_is_over(at) || self.is_over(attempt.since, lifetime)
            }
        }
    }

    /// Returns the refusal of a thing that no longer takes anything, or none if it still does.
    pub(super) fn refusal_of(&self, thing: ProofSubject) -> Option<Told> {
        let refused = self.life(thing).refusal()?;
        Some(if self.may_be_forgotten(thing) {
            refused.or_refused(&[Refusal::NotFound])
        } else {
            refused
        })
    }

    pub(super) fn life(&self, thing: ProofSubject) -> Life {
        match thing {
            ProofSubject::Enrollment(at) => self.enrollment_life(at),
            ProofSubject::Challenge(at) => self.challenge_life(at),
        }
    }

    pub(super) fn set_phase(&mut self, thing: ProofSubject, phase: Phase) {
        match thing {
            ProofSubject::Enrollment(at) => self.enrollment_mut(at).phase = phase,
            ProofSubject::Challenge(at) => self.challenge_mut(at).phase = phase,
        }
    }
}
