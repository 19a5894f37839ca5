//! A target and what it is reached by: the same for a run, exploring, racing, measuring, load and the doctor.

use std::sync::Arc;

use proofup_binding::{
    ClockScope, CompiledTarget, DiscoverError, Isolation, Operation, Transport, Value, Variables,
};
use proofup_domain::answer::Answer;
use proofup_domain::capabilities::{Capabilities, Facility};
use proofup_domain::clock::Clock;
use proofup_domain::refusal::Refusal;
use proofup_domain::secret::Secret;
use tower::ServiceExt as _;

use crate::instance::Instance;
use crate::surroundings::Surroundings;

/// A target, what carries requests to it, and what surrounds it while it is judged.
#[derive(Debug, Clone)]
pub struct TargetSession {
    /// The target file.
    pub target: Arc<CompiledTarget>,
    /// What carries the requests.
    pub transport: Transport,
    /// Where the target is told to call back.
    pub callback_base: String,
    /// The token of test control.
    pub control_token: Option<Secret>,
    /// What surrounds the target for the whole session; it is started and stopped by whoever opens the session.
    pub surroundings: Arc<Surroundings>,
    /// The clock of this process.
    pub clock: Clock,
    /// The seed of everything random.
    pub seed: u64,
    /// What tells the tenants of this process from those of others; none where the target is this process's own.
    pub instance: Option<Instance>,
}

impl TargetSession {
    /// Returns what the names of tenants end in, where other processes may make tenants of the same target.
    ///
    /// A target without tenants gets people by the seed alone: whoever prepares accounts, or reads recorded messages, knows
    /// them beforehand.
    #[must_use]
    pub fn instance(&self) -> Option<&Instance> {
        let instance = self.instance.as_ref();
        instance.filter(|_| self.target.has(Operation::CreateTenant))
    }

    /// Returns how many cases may be under way, of so many that are asked for: one, where anything but a tenant keeps them
    /// apart, where they share gateways, or where moving the time moves it for all.
    #[must_use]
    pub fn jobs(&self, capabilities: &Capabilities, asked: usize) -> usize {
        let shares_time = self.target.clock().scope == ClockScope::Process
            && capabilities.facilities.contains(&Facility::Clock);
        let alone = self.target.isolation() != Isolation::Tenant
            || self.surroundings.gateways().is_some()
            || shares_time;
        if alone { 1 } else { asked.max(1) }
    }

    /// Returns the id of a tenant that this process alone makes.
    #[must_use]
    pub fn tenant_id(&self, name: &str) -> String {
        self.instance()
            .map_or_else(|| name.to_owned(), |instance| instance.name(name))
    }
}

/// A reason why nothing could be run at all: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The target did not answer.
    #[error("could not reach the target at {url}: {why}")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What happened.
        why: String,
    },
    /// It answered, but not as the target file says.
    #[error(
        "{url} does not answer as the target file says: {why}; is this the right address and the right target file?"
    )]
    NotTheContract {
        /// Where.
        url: String,
        /// What came.
        why: String,
    },
    /// Test control refused the token.
    #[error(
        "the target refuses test control: {why}; set PROOFUP_TEST_CONTROL_TOKEN to the token with which the target was started"
    )]
    Credentials {
        /// What came.
        why: String,
    },
}

/// Checks that anything answers at the target's address, whatever it answers.
///
/// # Errors
/// Where nothing does.
pub async fn reach(session: &TargetSession) -> Result<(), RunError> {
    let Some(base) = session.target.base_url() else {
        return Ok(());
    };
    let unreachable = |why: String| RunError::Unreachable {
        url: base.to_string(),
        why,
    };
    let request = http::Request::get(base.as_str())
        .body(bytes::Bytes::new())
        .map_err(|error| unreachable(error.to_string()))?;
    let answer = session.transport.clone().oneshot(request).await;
    answer
        .map(drop)
        .map_err(|error| unreachable(error.to_string()))
}

/// Asks the target what it is, before any verdict.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn read_capabilities(session: &TargetSession) -> Result<Capabilities, RunError> {
    let url = session
        .target
        .base_url()
        .map_or_else(|| "in process".to_owned(), ToString::to_string);
    let mut variables = Variables::default();
    if let Some(token) = &session.control_token {
        variables
            .0
            .insert("controlToken".to_owned(), Value::Secret(token.clone()));
    }
    let mut capabilities = session
        .target
        .discover(&session.transport)
        .await
        .map_err(|error| match error {
            DiscoverError::Transport { error, .. } => RunError::Unreachable {
                url: url.clone(),
                why: error.to_string(),
            },
            other => RunError::NotTheContract {
                url: url.clone(),
                why: other.to_string(),
            },
        })?;
    check_credentials(session, variables).await?;
    session
        .surroundings
        .correct(&session.target, &mut capabilities);
    Ok(capabilities)
}

/// Takes down a tenant that is not there: harmless, and refused where the token is wrong.
async fn check_credentials(
    session: &TargetSession,
    mut variables: Variables,
) -> Result<(), RunError> {
    if !session.target.has(Operation::DeleteTenant) {
        return Ok(());
    }
    variables.0.insert(
        "tenantId".to_owned(),
        Value::Plain("credentials-probe".into()),
    );
    let reply = session
        .target
        .call(
            &session.transport,
            Operation::DeleteTenant,
            &variables,
            None,
        )
        .await;
    match reply.map(|reply| reply.answered) {
        Ok(Answer::Refused {
            reason: Refusal::Unauthenticated,
            ..
        }) => Err(RunError::Credentials {
            why: "401 unauthenticated".to_owned(),
        }),
        _ => Ok(()),
    }
}
