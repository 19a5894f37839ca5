//! What an administrator does to an account: blocking and unblocking it (`domain.md` §6).

use std::sync::Arc;

use crate::tenant::Turn;

impl Turn<'_> {
    /// Blocks a user. Whatever was begun ends, and what is registered stays. Requirement: `SIGN-11`.
    pub(crate) fn block(&mut self, user: &str) {
        self.user_mut(user).blocked = true;
        if self.rules.block_ends_sessions {
            let everybodys = self.rules.block_ends_everybodys_sessions;
            let sessions = self.state.sessions.iter();
            let ended: Vec<Arc<str>> = sessions
                .filter(|(_, session)| everybodys || *session.user == *user)
                .map(|(id, _)| Arc::clone(id))
                .collect();
            for session in ended {
                self.end_session(&session);
            }
        }
        if self.rules.block_ends_resets {
            self.kill_resets(user);
        }
    }

    /// Unblocks a user, whatever the account was blocked for. Requirement: `SIGN-12`.
    pub(crate) fn unblock(&mut self, user: &str) {
        let (lifts, keeps) = (
            self.rules.unblocking_ends_lockouts,
            self.rules.unblocking_keeps_methods,
        );
        let account = self.user_mut(user);
        account.blocked = false;
        if lifts {
            account.blocked_until = None;
            account.failures = 0;
        }
        if !keeps {
            account.methods.clear();
            account.choice = None;
        }
    }
}
