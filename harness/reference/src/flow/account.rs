//! The account, which only a signed-in session can open.

use super::session::Caller;
use crate::tenant::Turn;
use crate::wire;

impl Turn<'_> {
    /// Opens the account.
    pub(crate) fn account(&self, caller: &Caller) -> wire::AccountView {
        wire::AccountView {
            user_principal_name: self.user(&caller.user).principal_name.as_ref().to_owned(),
            display_name: self.state.display_name.clone(),
        }
    }
}
