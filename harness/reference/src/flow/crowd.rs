//! What bounds a busy tenant: of what is over, only the newest is kept.
//!
//! What is over is kept for a while, so that whoever comes late is told that it is late ([`crate::tenant`]). Where very much
//! is begun in that while, that would be much memory for nothing; so beyond a number the oldest of it goes first.

use crate::record::{AttemptOutcome, EnrollmentRecord, EnrollmentSubject, Means, ResetProgress};
use crate::tenant::{OpenRecord, Turn};
use crate::tokens::TokenKind;

/// How many records of a tenant are kept although they are over.
const CROWD: usize = 128;

/// How many of the oldest are looked at for each that is begun: what is still open is passed over.
const LOOKS: usize = 2;

impl Turn<'_> {
    /// Takes note of a record that was begun, and drops the oldest that is over where there are very many.
    pub(crate) fn keep(&mut self, begun: OpenRecord) {
        self.state.begun.push_back(begun);
        for _ in 0..LOOKS {
            if self.state.begun.len() <= CROWD {
                return;
            }
            let Some(oldest) = self.state.begun.pop_front() else {
                return;
            };
            if self.is_open(&oldest) {
                self.state.begun.push_back(oldest);
            } else {
                self.forget(&oldest);
            }
        }
    }

    /// Returns whether something can still come of a record.
    fn is_open(&self, begun: &OpenRecord) -> bool {
        let (now, state) = (self.now, &*self.state);
        match begun {
            OpenRecord::Enrollment(id) => state
                .enrollments
                .get(id)
                .is_some_and(|one| one.is_open(now)),
            OpenRecord::Challenge(id) => state.challenges.get(id).is_some_and(|one| {
                let attempt = &one.attempt;
                // The end instant itself belongs to what is open: a rule may say that it does.
                now <= attempt.expires_at
                    && matches!(
                        attempt.outcome,
                        AttemptOutcome::Open | AttemptOutcome::Denied
                    )
            }),
            OpenRecord::Reset(id) => state
                .resets
                .get(id)
                .is_some_and(|one| one.progress == ResetProgress::Open && now < one.expires_at),
            OpenRecord::Notification(id) => state
                .notifications
                .get(id)
                .is_some_and(|one| !one.answered && now < one.kept_until),
            OpenRecord::Call(id) => state
                .calls
                .get(id)
                .is_some_and(|one| !one.answered && now < one.kept_until),
        }
    }

    fn forget(&mut self, begun: &OpenRecord) {
        let state = &mut *self.state;
        match begun {
            OpenRecord::Enrollment(id) => {
                if let Some(enrollment) = state.enrollments.remove(id) {
                    self.forget_app(&enrollment);
                }
            }
            OpenRecord::Challenge(id) => {
                state.challenges.remove(id);
            }
            OpenRecord::Reset(id) => {
                if let Some(reset) = state.resets.remove(id) {
                    state.tokens.remove(reset.digest);
                }
            }
            OpenRecord::Notification(id) => {
                state.notifications.remove(id);
            }
            OpenRecord::Call(id) => {
                if state.calls.remove(id).is_some() {
                    state.tokens.remove_for(TokenKind::Call, id);
                }
            }
        }
    }

    /// Forgets the activation code of a setup, and its device unless it came to be registered.
    fn forget_app(&mut self, enrollment: &EnrollmentRecord) {
        let EnrollmentSubject::MicrosoftApp { activation, device } = &enrollment.subject else {
            return;
        };
        if let Some(activation) = activation {
            let code = activation.code.expose();
            self.state.tokens.remove_for(TokenKind::Activation, code);
        }
        let Some(device) = device else {
            return;
        };
        let methods = self.state.users.get(&enrollment.user);
        let registered = methods.is_some_and(|user| {
            user.methods.iter().any(
                |one| matches!(&one.means, Means::MicrosoftApp { device: own } if own == device),
            )
        });
        if !registered {
            self.forget_device(device);
        }
    }
}
