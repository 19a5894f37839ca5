//! What surrounds the implementation, as its file says it: its process, our gateways, its clock.
//!
//! The file's form is in `file`, and `compile` checks it; whoever runs the target acts on what is here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use proofup_domain::secret::Secret;

use super::CompiledTarget;
use super::standing_policy::StandingPolicy;
use super::template::Template;
use super::value::Variables;

/// What the file says about the world around the implementation.
#[derive(Debug, Clone)]
pub struct SurroundingsPlan {
    /// How it is started and ended; none: somebody else sees to that.
    pub process: Option<ProcessPlan>,
    /// Where our gateways listen, where one host serves the whole run; none: each case has its own.
    pub gateways: Option<GatewayPlan>,
    /// The command that moves its clock, `{seconds}` not yet filled in.
    pub clock_command: Option<String>,
}

/// How an implementation is started and ended.
#[derive(Debug, Clone)]
pub struct ProcessPlan {
    /// What `sh -c` runs to start it.
    pub start: String,
    /// What `sh -c` runs to end it; none: signals do.
    pub stop: Option<String>,
    /// The path that is asked for until it answers below 500.
    pub ready_path: String,
    /// How long that may take (wall time).
    pub ready_within: Duration,
    pub(super) env: BTreeMap<String, Template>,
}

/// Where the gateways of a run listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayPlan {
    /// The HTTP providers; port 0 for a free one.
    pub http: SocketAddr,
    /// The mail server; port 0 for a free one.
    pub smtp: SocketAddr,
    /// The host name by which the implementation reaches them, where that is not the bound address.
    pub advertised: Option<String>,
}

impl ProcessPlan {
    /// Fills the environment in; every name that [`ProcessPlan`]s may use must have a value.
    ///
    /// # Errors
    /// The variable that has none.
    pub fn environment(&self, variables: &Variables) -> Result<BTreeMap<String, String>, String> {
        let mut filled = BTreeMap::new();
        for (name, template) in &self.env {
            let value = template
                .render(variables, str::to_owned)
                .map_err(|unbound| unbound.0)?;
            filled.extend(value.map(|value| (name.clone(), value)));
        }
        Ok(filled)
    }

    /// Lists the secrets that came from our environment and go into its own.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.env.values().flat_map(Template::environment_secrets)
    }
}

impl SurroundingsPlan {
    /// Lists the secrets that came from our environment.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.process.iter().flat_map(ProcessPlan::secrets)
    }
}

impl CompiledTarget {
    /// Returns what the file tells about the world around the implementation.
    #[must_use]
    pub const fn surroundings_plan(&self) -> &SurroundingsPlan {
        &self.surroundings
    }

    /// Returns the implementation's own policy; none: it has the policy of each case, or nobody said.
    #[must_use]
    pub const fn standing_policy(&self) -> Option<&StandingPolicy> {
        self.standing_policy.as_ref()
    }

    /// Forgets the process, because somebody else has started the implementation.
    #[must_use]
    pub fn without_process(mut self) -> Self {
        self.surroundings.process = None;
        self
    }
}
