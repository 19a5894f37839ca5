//! The matrix over HTTP: a tenant for each policy, a user of each role in it, and what the target answers them.
//!
//! Nobody registers anything, so nothing is sent: no mocked provider is started. Tenants are judged side by side over
//! connections that are kept; each is deleted again where the target file says how.

mod tenancy;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use proofup_binding::Isolation;
use proofup_domain::capabilities::{Capabilities, Feature};
use proofup_domain::secret::Secret;
use proofup_world::persona::case_rng;
use proofup_world::session::{RunError, TargetSession, read_capabilities};
use rand::RngExt as _;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::tenancy::Tenancy;
use super::combination::Combination;
use super::finding::Findings;

/// How many combinations that could not be judged end the work: the target is gone, or not what its file says.
const TROUBLES_MAX: u64 = 20;

/// What to ask, of whom, and how.
#[derive(Debug, Clone)]
pub struct Live {
    /// The combinations, in the order of their numbers.
    pub combinations: Vec<Combination>,
    /// Whom to ask, and by which seed.
    pub session: TargetSession,
    /// Tenants under way at once.
    pub jobs: usize,
}

/// Asks the target about every combination and compares what it says with the oracle.
///
/// `progress` is told how many combinations were done since the last time; `stop` turning true ends the matrix early.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn judge_live(
    live: Live,
    progress: impl Fn(u64) + Send + Sync + 'static,
    mut stop: watch::Receiver<bool>,
) -> Result<Findings, RunError> {
    let capabilities = read_capabilities(&live.session).await?;
    let jobs = match live.session.target.isolation() {
        Isolation::Tenant => live.jobs.max(1),
        Isolation::User | Isolation::None => 1,
    };
    let asked = live.combinations.len();
    let shared = Arc::new(Shared {
        tenancies: tenancies(&live.combinations),
        asker: Asker::new(live, capabilities),
        next: AtomicUsize::new(0),
        troubled: AtomicU64::new(0),
        stopping: AtomicBool::new(false),
        parts: Mutex::default(),
        progress,
    });
    let mut workers = JoinSet::new();
    for _ in 0..jobs {
        workers.spawn(work(Arc::clone(&shared)));
    }
    let stopped = async {
        if stop.wait_for(|stopped| *stopped).await.is_err() {
            // The sender is gone: nobody can interrupt any more.
            std::future::pending::<()>().await;
        }
    };
    let interrupted = tokio::select! {
        biased;
        () = stopped => true,
        () = all(&mut workers) => false,
    };
    // Whoever is in the middle of a tenant takes it down first.
    shared.stopping.store(true, Ordering::Relaxed);
    all(&mut workers).await;
    let parts = std::mem::take(&mut *shared.parts.lock().unwrap_or_else(PoisonError::into_inner));
    let mut findings = Findings::default();
    for (_, part) in ordered(parts) {
        findings.append(part);
    }
    findings.asked = u64::try_from(asked).unwrap_or(u64::MAX);
    findings.interrupted = interrupted;
    Ok(findings)
}

/// Waits for every worker; a panic in one of them is ours, and goes on here.
async fn all(workers: &mut JoinSet<()>) {
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

fn ordered(mut parts: Vec<(usize, Findings)>) -> Vec<(usize, Findings)> {
    parts.sort_unstable_by_key(|(at, _)| *at);
    parts
}

/// What the workers share.
struct Shared<P> {
    tenancies: Vec<Vec<Combination>>,
    asker: Asker,
    next: AtomicUsize,
    troubled: AtomicU64,
    stopping: AtomicBool,
    parts: Mutex<Vec<(usize, Findings)>>,
    progress: P,
}

async fn work<P: Fn(u64)>(shared: Arc<Shared<P>>) {
    while !shared.stopping.load(Ordering::Relaxed)
        && shared.troubled.load(Ordering::Relaxed) < TROUBLES_MAX
    {
        let at = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(combinations) = shared.tenancies.get(at) else {
            return;
        };
        let part = Tenancy::of(&shared.asker, combinations).judge().await;
        shared.troubled.fetch_add(part.troubled, Ordering::Relaxed);
        let mut parts = shared.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.push((at, part));
        drop(parts);
        (shared.progress)(u64::try_from(combinations.len()).unwrap_or_default());
    }
}

/// Puts the combinations of one policy together: one tenant serves both roles.
fn tenancies(combinations: &[Combination]) -> Vec<Vec<Combination>> {
    combinations
        .chunk_by(|one, next| one.policy_number() == next.policy_number())
        .map(<[Combination]>::to_vec)
        .collect()
}

/// What asking needs.
struct Asker {
    session: TargetSession,
    password: Secret,
    refuses_policies: bool,
    has_wizard: bool,
    capabilities: Capabilities,
}

impl Asker {
    fn new(live: Live, capabilities: Capabilities) -> Self {
        let half: u64 = case_rng(live.session.seed, "matrix").random();
        Self {
            session: live.session,
            password: Secret::new(format!("Matrix-{half:016x}")),
            refuses_policies: capabilities.features.contains(&Feature::PolicyValidation),
            has_wizard: capabilities.features.contains(&Feature::Wizard),
            capabilities,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_roles_of_a_policy_share_a_tenant() {
        let tenancies = tenancies(&Combination::all());
        assert_eq!(tenancies.len(), 32_768);
        assert!(tenancies.iter().all(|roles| roles.len() == 2));
        let few = [4, 5, 7, 8].map(Combination::new);
        let sizes: Vec<usize> = super::tenancies(&few).iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 1, 1]);
    }
}
