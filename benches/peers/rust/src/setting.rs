//! What the script tells a peer: a file that `PROOFUP_LOAD_SETTING` names.

use std::error::Error;

use serde::Deserialize;

/// Holds what a peer of the text-message flow needs.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Where the reference serves.
    pub base: String,
    /// Where the gateway of the peer is to listen.
    pub gateway: String,
    /// Who signs in.
    pub accounts: Vec<Account>,
    /// How many of them at once.
    pub users: usize,
    /// For how long, the warm-up included.
    pub seconds: u64,
    /// For how long flows are not counted.
    pub warm_up_seconds: f64,
    /// How long an account rests between two flows.
    pub rest_seconds: f64,
}

/// Holds one account.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// The sign-in address.
    pub user: String,
    /// The password.
    pub password: String,
    /// The tenant.
    pub tenant: String,
    /// The number as it is typed.
    pub typed: String,
    /// The same number as the gateway is told it.
    pub e164: String,
}

impl Setting {
    /// Reads the file that the script has written.
    ///
    /// # Errors
    /// Where there is none, or something else is in it.
    pub fn read() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let file = std::env::var("PROOFUP_LOAD_SETTING")?;
        Ok(serde_json::from_str(&std::fs::read_to_string(file)?)?)
    }
}
