//! The matrix over HTTP: a tenant for each policy, a user of each role in it, and what the target answers them.
//!
//! Nobody registers anything, so nothing is sent: no mocked provider is started. Tenants are judged side by side over
//! connections that are kept; each is deleted again where the target file says how.

mod tenancy;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use proofup_binding::Isolation;
use proofup_domain::capabilities::{Capabilities, Feature};
use proofup_domain::secret::Secret;
use proofup_world::persona::case_rng;
use proofup_world::session::{RunError, TargetSession, read_capabilities};
use proofup_world::side_by_side::{SideBySide, StopReason, Unfinished, join_or_repanic};
use rand::RngExt as _;
use tokio_util::sync::CancellationToken;

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
/// `progress` is told how many combinations were done since the last time; `stop` ends the matrix early.
///
/// # Errors
/// Where the target cannot be reached, is not what its file says, or refuses the credentials.
pub async fn judge_live(
    live: Live,
    progress: impl Fn(u64) + Send,
    stop: &CancellationToken,
) -> Result<Findings, RunError> {
    let capabilities = read_capabilities(&live.session).await?;
    let jobs = match live.session.target.isolation() {
        Isolation::Tenant => live.jobs.max(1),
        Isolation::User | Isolation::None => 1,
    };
    let asked = live.combinations.len();
    let tenancies = tenancies(&live.combinations);
    let asker = Arc::new(Asker::new(live, capabilities));
    let mut parts = BTreeMap::new();
    let mut troubled = 0;
    let side_by_side = SideBySide {
        jobs,
        deadline: None,
        stop,
        // Whoever is in the middle of a tenant takes it down first.
        unfinished: Unfinished::Await,
    };
    let work = |combinations: Vec<Combination>| {
        let asker = Arc::clone(&asker);
        async move {
            let part = Tenancy::of(&asker, &combinations).judge().await;
            (part, combinations.len())
        }
    };
    let ended = side_by_side
        .run(tenancies, work, |place, judged| {
            let (part, combinations) = join_or_repanic(judged);
            troubled += part.troubled;
            parts.insert(place, part);
            progress(u64::try_from(combinations).unwrap_or_default());
            if troubled < TROUBLES_MAX {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })
        .await;
    let mut findings = Findings::default();
    for part in parts.into_values() {
        findings.append(part);
    }
    findings.asked = u64::try_from(asked).unwrap_or(u64::MAX);
    findings.interrupted = ended == StopReason::Interrupted;
    Ok(findings)
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
