//! Test control: tenants, policies and clocks from outside.

use jiff::Timestamp;
use proofup_domain::method::Role;
use proofup_domain::policy::Policy;
use proofup_domain::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::word;
use crate::delivery::GatewayConfig;

/// Creates or replaces a tenant whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PutTenant {
    /// The organisation's name.
    pub(crate) display_name: String,
    /// The policy; judged like a change of it.
    #[schema(schema_with = word::<Policy>)]
    pub(crate) policy: serde_json::Value,
    /// Verified domains.
    pub(crate) domains: Vec<String>,
    /// The users.
    pub(crate) users: Vec<PutUser>,
    /// Where messages go; a channel that is left out delivers nothing.
    #[serde(default)]
    pub(crate) gateways: GatewayConfig,
    /// How long a gateway may take, in milliseconds of wall time; default 2000.
    pub(crate) gateway_timeout_ms: Option<u32>,
    /// The address under which the voice provider and the app reach this service.
    pub(crate) callback_base: Option<String>,
    /// The tenant's clock.
    pub(crate) clock: ClockSetting,
    /// Makes codes and ids repeatable.
    pub(crate) seed: Option<String>,
}

/// One user of a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PutUser {
    /// The sign-in address.
    pub(crate) user_principal_name: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    pub(crate) password: Secret,
    /// Default: member.
    #[serde(default = "member")]
    #[schema(schema_with = word::<Role>)]
    pub(crate) role: Role,
    /// Default: false.
    #[serde(default)]
    pub(crate) blocked: bool,
}

/// Blocks or unblocks a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChangeUser {
    /// Whether the user is blocked from now on.
    pub(crate) blocked: bool,
}

fn member() -> Role {
    Role::Member
}

/// How a tenant's clock runs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "mode", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum ClockSetting {
    /// It stands until it is advanced.
    Manual {
        /// Where it starts.
        #[schema(value_type = String, format = DateTime)]
        now: Timestamp,
    },
    /// It is the machine's.
    Real {},
}

/// The tenant that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantMade {
    /// The tenant's id.
    pub(crate) id: String,
    /// Its time.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) now: Timestamp,
}

/// The state of a tenant's clock.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClockView {
    /// `manual` or `real`.
    pub(crate) mode: &'static str,
    /// Its time.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) now: Timestamp,
}

/// Moves a clock forward.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AdvanceClock {
    /// By how many seconds.
    pub(crate) seconds: u64,
}

/// The instant to which a clock was moved.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClockAdvanced {
    /// Its time.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) now: Timestamp,
}
