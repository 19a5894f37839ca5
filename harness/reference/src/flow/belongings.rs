//! What belongs to a user: found by the user's own short lists, never by a search through the tenant.
//!
//! A list may name what is long over; it is pruned when something is added to it, so it stays as short as what is open.

use std::sync::Arc;

use crate::record::{
    AttemptOutcome, ChallengeRecord, EnrollmentRecord, ResetProgress, ResetRecord,
};
use crate::tenant::{OpenRecord, Turn};

impl Turn<'_> {
    /// Keeps a new setup.
    pub(crate) fn keep_enrollment(&mut self, enrollment: EnrollmentRecord) {
        let (now, state) = (self.now, &mut *self.state);
        if let Some(user) = state.users.get_mut(&enrollment.user) {
            let enrollments = &state.enrollments;
            let open = |id: &Arc<str>| enrollments.get(id).is_some_and(|one| one.is_open(now));
            user.enrollments.retain(open);
            user.enrollments.push(enrollment.id.clone());
        }
        let id = enrollment.id.clone();
        state.enrollments.insert(id.clone(), enrollment);
        self.keep(OpenRecord::Enrollment(id));
    }

    /// Visits a user's open setups.
    pub(crate) fn each_enrollment(
        &mut self,
        user: &str,
        mut visit: impl FnMut(&mut EnrollmentRecord),
    ) {
        let state = &mut *self.state;
        let ids = state.users.get(user).map(|user| &user.enrollments);
        for id in ids.into_iter().flatten() {
            if let Some(enrollment) = state.enrollments.get_mut(id) {
                visit(enrollment);
            }
        }
    }

    /// Keeps a new challenge.
    pub(crate) fn keep_challenge(&mut self, challenge: ChallengeRecord) {
        let (now, state) = (self.now, &mut *self.state);
        if let Some(user) = state.users.get_mut(&challenge.user) {
            let challenges = &state.challenges;
            let open = |id: &Arc<str>| {
                let attempt = challenges.get(id).map(|one| &one.attempt);
                // The end instant itself belongs to what is open: a rule may say that it does.
                attempt.is_some_and(|one| {
                    now <= one.expires_at
                        && matches!(one.outcome, AttemptOutcome::Open | AttemptOutcome::Denied)
                })
            };
            user.challenges.retain(open);
            user.challenges.push(challenge.id.clone());
        }
        let id = challenge.id.clone();
        state.challenges.insert(id.clone(), challenge);
        self.keep(OpenRecord::Challenge(id));
    }

    /// Visits a user's open challenges.
    pub(crate) fn each_challenge(
        &mut self,
        user: &str,
        mut visit: impl FnMut(&mut ChallengeRecord),
    ) {
        let state = &mut *self.state;
        let ids = state.users.get(user).map(|user| &user.challenges);
        for id in ids.into_iter().flatten() {
            if let Some(challenge) = state.challenges.get_mut(id) {
                visit(challenge);
            }
        }
    }

    /// Keeps a new reset.
    pub(crate) fn keep_reset(&mut self, reset: ResetRecord) {
        let (now, state) = (self.now, &mut *self.state);
        if let Some(user) = state.users.get_mut(&reset.user) {
            let resets = &state.resets;
            let open = |id: &Arc<str>| {
                resets
                    .get(id)
                    .is_some_and(|one| one.progress == ResetProgress::Open && now < one.expires_at)
            };
            user.resets.retain(open);
            user.resets.push(reset.id.clone());
        }
        let id = reset.id.clone();
        state.resets.insert(id.clone(), reset);
        self.keep(OpenRecord::Reset(id));
    }

    /// Visits a user's open resets.
    pub(crate) fn each_reset(&mut self, user: &str, mut visit: impl FnMut(&mut ResetRecord)) {
        let state = &mut *self.state;
        let ids = state.users.get(user).map(|user| &user.resets);
        for id in ids.into_iter().flatten() {
            if let Some(reset) = state.resets.get_mut(id) {
                visit(reset);
            }
        }
    }
}
