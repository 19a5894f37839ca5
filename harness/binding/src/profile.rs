//! What a target declares about itself: capabilities, clock, isolation, users.

use std::collections::BTreeSet;

use bytes::Bytes;
use proofup_domain::capabilities::{Capabilities, Limits};
use proofup_domain::method::Role;
use proofup_domain::secret::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tower::ServiceExt;

use super::CompiledTarget;
use super::transport::{Transport, TransportError};

/// Where a target's capabilities come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Profile {
    /// From the file.
    Declared(Box<Capabilities>),
    /// From the implementation itself.
    Discovered {
        /// The path to ask.
        path: String,
        /// What the file says instead, member by member.
        instead: Map<String, Json>,
    },
}

/// How a target's time moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockControl {
    /// What one movement moves.
    pub scope: ClockScope,
    /// Whether time passes by itself.
    pub mode: ClockMode,
    /// By what it is moved; none: by nothing.
    pub moved: Option<ClockMove>,
}

/// What moves a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClockMove {
    /// The operation `advanceClock`.
    Operation,
    /// A file that the harness writes and that libfaketime reads.
    Libfaketime,
    /// A command of the target file.
    Command,
}

/// What one movement of the clock moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClockScope {
    /// One tenant: cases can run side by side.
    Tenant,
    /// The whole process: one case at a time, and time moves only forward.
    #[default]
    Process,
}

/// Whether time passes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClockMode {
    /// Time stands still unless it is moved: exact boundaries can be judged.
    Frozen,
    /// Time passes by itself.
    #[default]
    Running,
}

/// What keeps cases apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Isolation {
    /// A tenant of their own.
    Tenant,
    /// A user of their own.
    User,
    /// Nothing: one case at a time.
    #[default]
    None,
}

/// One user that exists already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolUser {
    /// What reports call the user.
    pub name: String,
    /// The sign-in address.
    pub user_principal_name: String,
    /// The password.
    pub password: Secret,
    /// What the user is to the tenant.
    pub role: Role,
}

/// Why a target's capabilities could not be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DiscoverError {
    /// Nothing came back.
    #[error("could not ask {path} for the capabilities: {error}")]
    Transport {
        /// The path.
        path: String,
        /// Why not.
        #[source]
        error: TransportError,
    },
    /// It was no success.
    #[error(
        "{path} answered {status} in place of the capabilities; declare them under [capabilities], or correct `discover`"
    )]
    Status {
        /// The path.
        path: String,
        /// The status.
        status: u16,
    },
    /// It was no capabilities document.
    #[error(
        "the answer of {path} is not a capabilities document ({reason}); declare the capabilities, or the wrong member, under [capabilities]"
    )]
    Unreadable {
        /// The path.
        path: String,
        /// What its reader says.
        reason: String,
    },
}

impl CompiledTarget {
    /// Returns the capabilities: those of the file, or what the implementation answers with the file's on top.
    ///
    /// # Errors
    /// If the implementation has to be asked and gives no capabilities document.
    pub async fn discover(&self, transport: &Transport) -> Result<Capabilities, DiscoverError> {
        let (path, instead) = match &self.profile {
            Profile::Declared(capabilities) => return Ok(Capabilities::clone(capabilities)),
            Profile::Discovered { path, instead } => (path, instead),
        };
        let unreadable = |reason: String| DiscoverError::Unreadable {
            path: path.clone(),
            reason,
        };
        let failed = |error| DiscoverError::Transport {
            path: path.clone(),
            error,
        };
        let request = http::Request::get(self.absolute(path))
            .header(http::header::ACCEPT, "application/json")
            .body(Bytes::new())
            .map_err(|error| failed(TransportError::NotSent(error.to_string())))?;
        let response = transport.clone().oneshot(request).await.map_err(failed)?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            return Err(DiscoverError::Status {
                path: path.clone(),
                status,
            });
        }
        let mut document: Map<String, Json> = serde_json::from_slice(response.body())
            .map_err(|error| unreadable(error.to_string()))?;
        document.extend(instead.clone());
        forget_unknown(&mut document);
        serde_json::from_value(Json::Object(document))
            .map_err(|error| unreadable(error.to_string()))
    }
}

/// Leaves out what an implementation declares beyond what we know: more than asked for is no fault (API-1 is about what
/// implementations read, not about what they write).
fn forget_unknown(document: &mut Map<String, Json>) {
    let known = |schema: Json| -> BTreeSet<String> {
        let properties = schema.get("properties").and_then(Json::as_object);
        properties
            .into_iter()
            .flat_map(Map::keys)
            .cloned()
            .collect()
    };
    let members = known(schemars::schema_for!(Capabilities).to_value());
    document.retain(|name, _| members.contains(name));
    if let Some(Json::Object(limits)) = document.get_mut("limits") {
        let members = known(schemars::schema_for!(Limits).to_value());
        limits.retain(|name, _| members.contains(name));
    }
}
