//! The people of a run where no tenant brings them: made one by one, or taken from those that the target file lists.

use std::cell::RefCell;
use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};
use proofup_binding::{Operation, Transport, Value, Variables};
use proofup_domain::method::Role;
use proofup_world::Newcomer;

use super::clocks::control_variables;
use super::{LoadConfig, LoadError};
use crate::account::DrawnUser;
use crate::flow::FlowName;
use crate::tenant::LoadTenant;

/// An account, and what the target told of the person when it was made.
pub(super) type CreatedUser = (DrawnUser, BTreeMap<String, Value>);

/// How many users are prepared side by side.
pub(super) const SIDE_BY_SIDE: usize = 32;

/// What making users takes.
#[derive(Clone, Copy)]
pub(super) struct Making<'a> {
    pub(super) config: &'a LoadConfig,
    pub(super) transport: &'a Transport,
    /// What deleting each user is offered.
    pub(super) users: &'a RefCell<Vec<Variables>>,
}

/// What the people's organisation is called.
pub(super) const ORGANISATION: &str = "The load run";

/// Takes accounts of which nothing was told.
pub(super) fn told_nothing(accounts: Vec<DrawnUser>) -> Vec<CreatedUser> {
    let nothing = |account| (account, BTreeMap::new());
    accounts.into_iter().map(nothing).collect()
}

/// Makes users one by one, several side by side; each is noted down, to be deleted again.
///
/// # Errors
/// If one could not be made.
pub(super) async fn make(
    making: Making<'_>,
    tenant: &LoadTenant,
    accounts: Vec<DrawnUser>,
) -> Result<Vec<CreatedUser>, LoadError> {
    let people = accounts
        .into_iter()
        .map(|account| one(making, tenant, account));
    let mut made = stream::iter(people).buffered(SIDE_BY_SIDE);
    let mut people = Vec::new();
    while let Some(person) = made.next().await {
        people.push(person?);
    }
    Ok(people)
}

async fn one(
    making: Making<'_>,
    tenant: &LoadTenant,
    account: DrawnUser,
) -> Result<CreatedUser, LoadError> {
    let config = making.config;
    let newcomer = Newcomer {
        user_principal_name: &account.persona.user_principal_name,
        password: &account.persona.password,
        role: Role::Member,
        blocked: false,
        own_address: &account.persona.own,
        display_name: account.persona.display_name(),
        organisation: ORGANISATION,
    };
    let mut variables = control_variables(config, tenant);
    newcomer.offer(&mut variables.0);
    let operation = Operation::CreateUser;
    let asked = config
        .session
        .target
        .ask(making.transport, operation, &variables)
        .await
        .map_err(|error| {
            if error.is_of_the_file() {
                LoadError::UserNotMade(error.to_string())
            } else {
                LoadError::Unreachable(error.to_string())
            }
        })?;
    let kept: BTreeMap<String, Value> = asked.kept.into_iter().collect();
    if !asked.answered.is_success() {
        return Err(LoadError::UserNotMade(asked.answered.to_string()));
    }
    let mut deletion: Variables = control_variables(config, tenant);
    deletion.0.extend(kept.clone());
    deletion.insert("userPrincipalName", &*account.persona.user_principal_name);
    deletion.insert("ownAddress", &*account.persona.own);
    making.users.borrow_mut().push(deletion);
    Ok((account, kept))
}

/// Takes users that exist already; fewer where the target file lists fewer: some are better than none, and what they
/// cannot carry is told as dropped arrivals.
///
/// # Errors
/// If there is none left.
pub(super) fn borrow(
    config: &LoadConfig,
    next_account: &mut u32,
    flow: FlowName,
    count: usize,
) -> Result<Vec<DrawnUser>, LoadError> {
    let members = config.session.target.users().iter();
    let members: Vec<_> = members.filter(|user| user.role == Role::Member).collect();
    let mut accounts = Vec::new();
    for _ in 0..count {
        let number = usize::try_from(*next_account).unwrap_or(usize::MAX);
        let Some(user) = members.get(number) else {
            break;
        };
        let mut account = DrawnUser::new(config.plan.seed, *next_account, "load");
        account
            .persona
            .user_principal_name
            .clone_from(&user.user_principal_name);
        account.persona.password = user.password.clone();
        *next_account += config.shard.of.max(1);
        accounts.push(account);
    }
    if accounts.is_empty() {
        return Err(LoadError::NoUsers(flow));
    }
    Ok(accounts)
}
