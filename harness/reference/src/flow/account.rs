//! The account, which only a signed-in session can open.

use super::session::Caller;
use crate::record::account_key;
use crate::tenant::Turn;
use crate::wire;

impl Turn<'_> {
    /// Returns the key of the account that a sign-in name means. Requirement: `SIGN-13`.
    pub(crate) fn account_named(&self, name: &str, without_case: bool) -> String {
        let key = account_key(name);
        let account = self.state.users.get(key.as_str());
        let is_respelt = account.is_some_and(|account| *account.principal_name != *name);
        if is_respelt && !without_case {
            return name.to_owned();
        }
        key
    }

    /// Opens the account.
    pub(crate) fn account(&self, caller: &Caller) -> wire::AccountView {
        wire::AccountView {
            user_principal_name: self.user(&caller.user).principal_name.as_ref().to_owned(),
            display_name: self.state.display_name.clone(),
        }
    }
}
