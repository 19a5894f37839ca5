//! What all cases of a run share: the target and how it is reached, what it declared, and what earlier cases spent.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proofup_domain::capabilities::{Capabilities, Limits};
use proofup_domain::clock::Clock;
use proofup_domain::edition::Edition;
use proofup_domain::requirement::Catalogue;
use proofup_domain::secret::Secret;
use tower::ServiceExt as _;

use crate::scenario::Suite;
use crate::surroundings::Surroundings;
use crate::target::{
    Answered, CompiledTarget, DiscoverError, Operation, TargetText, Transport, Value, Variables,
};
use crate::trust::Marks;

/// Narrows a run down; empty lists narrow nothing.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Requirement ids; `DEF-*` means a whole area.
    pub requirements: Vec<String>,
    /// Areas, by id or title.
    pub areas: Vec<String>,
    /// Editions.
    pub editions: Vec<Edition>,
}

/// Says what to run, against what, and how.
#[derive(Debug, Clone)]
pub struct RunConfig {
    /// The scenarios.
    pub suite: Arc<Suite>,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// The target file.
    pub target: Arc<CompiledTarget>,
    /// What carries the requests.
    pub transport: Transport,
    /// Where the target is told to call back.
    pub callback_base: String,
    /// The token of test control.
    pub control_token: Option<Secret>,
    /// The seed of everything random.
    pub seed: u64,
    /// Cases under way at once.
    pub jobs: usize,
    /// What of the suite.
    pub selection: Selection,
    /// Keep every exchange.
    pub trace: bool,
    /// Stop after this many failed checks.
    pub max_failures: Option<usize>,
    /// Stop after this long.
    pub deadline: Option<Duration>,
    /// The clock of this process.
    pub clock: Clock,
    /// The text of the target file, where the doctor looks at the mapping first (decision 8); none: nothing is probed.
    pub probed: Option<Arc<TargetText>>,
    /// What surrounds the target for the whole run; it is started and stopped by whoever runs.
    pub surroundings: Arc<Surroundings>,
}

/// Says why nothing could be run at all: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The target did not answer.
    #[error("could not reach the target at {url}: {why}; start it, or name another with --url")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What happened.
        why: String,
    },
    /// It answered, but not as the target file says.
    #[error(
        "{url} answers, but not as the target file says: {why}; is this the right address and the right target file?"
    )]
    NotTheContract {
        /// Where.
        url: String,
        /// What came.
        why: String,
    },
    /// Test control refused the token.
    #[error(
        "the target refuses test control: {why}; set PROOFUP_TEST_CONTROL_TOKEN to the token that the target was started with"
    )]
    Credentials {
        /// What came.
        why: String,
    },
}

/// Holds what all cases of a run share.
#[derive(Debug)]
pub struct Environment {
    /// The target file.
    pub target: Arc<CompiledTarget>,
    /// What carries the requests.
    pub transport: Transport,
    pub(crate) callback_base: String,
    pub(crate) control_token: Option<Secret>,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// The seed of everything random.
    pub seed: u64,
    pub(crate) clock: Clock,
    pub(crate) trace: bool,
    /// What the target declares of lengths and lifetimes.
    pub limits: Limits,
    /// What the doctor found that the target file does not carry.
    pub marks: Marks,
    /// Users of the target file's pool that a case has changed.
    pub(crate) spent_users: Mutex<BTreeSet<String>>,
    /// What surrounds the target.
    pub(crate) surroundings: Arc<Surroundings>,
    /// Numbers that people of earlier cases had: a target that all cases share may take each for one person only.
    pub(crate) spent_numbers: Mutex<BTreeSet<String>>,
}

impl Environment {
    /// Takes from a run's configuration what its cases need.
    pub fn new(config: &RunConfig, capabilities: &Capabilities) -> Self {
        Self {
            target: Arc::clone(&config.target),
            transport: config.transport.clone(),
            callback_base: config.callback_base.clone(),
            control_token: config.control_token.clone(),
            catalogue: Arc::clone(&config.catalogue),
            seed: config.seed,
            clock: config.clock.clone(),
            trace: config.trace,
            limits: capabilities.limits.clone(),
            marks: Marks::default(),
            spent_users: Mutex::default(),
            surroundings: Arc::clone(&config.surroundings),
            spent_numbers: Mutex::default(),
        }
    }
}

/// Gives what a task ended with; none: it was ended from outside. A panic of the harness is the same panic here.
pub fn joined<T>(finished: Result<T, tokio::task::JoinError>) -> Option<T> {
    match finished {
        Ok(finished) => Some(finished),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => None,
        },
    }
}

/// Looks whether anything answers at the target's address, whatever it answers.
///
/// # Errors
/// Where nothing does.
pub async fn reach(config: &RunConfig) -> Result<(), RunError> {
    let Some(base) = config.target.base_url() else {
        return Ok(());
    };
    let unreachable = |why: String| RunError::Unreachable {
        url: base.to_string(),
        why,
    };
    let request = http::Request::get(base.as_str())
        .body(bytes::Bytes::new())
        .map_err(|error| unreachable(error.to_string()))?;
    let answer = config.transport.clone().oneshot(request).await;
    answer
        .map(drop)
        .map_err(|error| unreachable(error.to_string()))
}

/// Asks the target what it is, before any verdict.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn read_capabilities(config: &RunConfig) -> Result<Capabilities, RunError> {
    let url = config
        .target
        .base_url()
        .map_or_else(|| "in process".to_owned(), ToString::to_string);
    let mut variables = Variables::default();
    if let Some(token) = &config.control_token {
        variables
            .0
            .insert("controlToken".to_owned(), Value::Secret(token.clone()));
    }
    let mut capabilities = config
        .target
        .discover(&config.transport)
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
    check_credentials(config, variables).await?;
    config
        .surroundings
        .correct(&config.target, &mut capabilities);
    Ok(capabilities)
}

/// Takes down a tenant that is not there: harmless, and refused where the token is wrong.
async fn check_credentials(config: &RunConfig, mut variables: Variables) -> Result<(), RunError> {
    if !config.target.has(Operation::DeleteTenant) {
        return Ok(());
    }
    variables.0.insert(
        "tenantId".to_owned(),
        Value::Plain("credentials-probe".into()),
    );
    let reply = config
        .target
        .call(&config.transport, Operation::DeleteTenant, &variables, None)
        .await;
    match reply.map(|reply| reply.answered) {
        Ok(Answered::Refused(fields))
            if fields.get("refused").and_then(|word| word.as_str()) == Some("unauthenticated") =>
        {
            Err(RunError::Credentials {
                why: "401 unauthenticated".to_owned(),
            })
        }
        _ => Ok(()),
    }
}
