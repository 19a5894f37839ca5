//! The oracle's tenant of a case.

use std::collections::{BTreeMap, BTreeSet};

use proofup_domain::capabilities::Capabilities;
use proofup_domain::policy::Policy;
use proofup_oracle::machine::{NewUser, ProvisionedTenant, State};
use proofup_scenario::UserSpec;

use crate::first_policy;

/// Makes the oracle's tenant of people and a policy, before anybody has registered anything.
///
/// In the regions that people are drawn from, no office number could be a mobile one.
#[must_use]
pub fn tenant(users: &[UserSpec], policy: &Policy, capabilities: &Capabilities) -> State {
    tenant_under(users, &first_policy(users, policy), capabilities)
}

/// Makes the oracle's tenant of people and the policy that holds from the beginning.
pub(crate) fn tenant_under(
    users: &[UserSpec],
    policy: &Policy,
    capabilities: &Capabilities,
) -> State {
    let user = |user: &UserSpec| NewUser {
        name: user.name.0.clone(),
        role: user.role,
        blocked: user.blocked,
        exists: user.exists,
        office_takes_texts: false,
    };
    State::new(ProvisionedTenant {
        policy: policy.clone(),
        limits: capabilities.limits.clone(),
        code_shapes_accepted: capabilities.code_shapes_accepted.clone(),
        domains: BTreeSet::new(),
        users: users.iter().map(user).collect(),
        numbers: BTreeMap::new(),
    })
}
