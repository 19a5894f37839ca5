//! The clocks of the tenants: read at the beginning, moved at the plan's pace.

use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use proofup_binding::{ClockMode, Operation, Transport, Value, Variables};
use proofup_domain::answer::Answer;
use serde_json::json;

use super::{LoadConfig, TICK, every};
use crate::tenant::{LoadTenant, UserContext};

/// Offers what test control needs.
pub(super) fn control_variables(config: &LoadConfig, tenant: &LoadTenant) -> Variables {
    let mut variables = Variables::default();
    if !tenant.id.is_empty() {
        variables.insert("tenantId", &*tenant.id);
    }
    if let Some(token) = &config.session.control_token {
        variables.insert("controlToken", token.clone());
    }
    variables
}

/// Reads the clock of a target that makes no tenants.
pub(super) async fn read(
    config: &LoadConfig,
    context: &UserContext,
    transport: &Transport,
    tenant: &LoadTenant,
) {
    // Until something is told, the target's time is taken for ours.
    tenant.set_now(tenant.now());
    if let Some(file) = context.session.surroundings.clock_file() {
        return tenant.set_now(file.now());
    }
    if config.session.target.has(Operation::ReadClock) {
        let variables = control_variables(config, tenant);
        let _ = told(config, transport, Operation::ReadClock, &variables, tenant).await;
    }
}

/// Moves the clocks of all tenants, and takes their time as it is told; says whether any could be moved.
pub(super) async fn advance(
    config: &LoadConfig,
    context: &UserContext,
    transport: &Transport,
    tenants: &[Rc<LoadTenant>],
    seconds: i64,
) -> bool {
    if seconds <= 0 {
        return false;
    }
    let surroundings = &context.session.surroundings;
    if let Some(moved) = surroundings
        .move_clock(&config.session.target, seconds)
        .await
    {
        if moved.is_err() {
            return false;
        }
        for tenant in tenants {
            match surroundings.clock_file() {
                Some(file) => tenant.set_now(file.now()),
                None => tenant.shift(seconds),
            }
        }
        return true;
    }
    if !config.session.target.has(Operation::AdvanceClock) {
        return false;
    }
    let mut any = false;
    for (index, tenant) in tenants.iter().enumerate() {
        let mut variables = control_variables(config, tenant);
        variables.insert("seconds", json!(seconds));
        let operation = Operation::AdvanceClock;
        let moved = told(config, transport, operation, &variables, tenant).await;
        if moved == Some(false) {
            tenant.shift(seconds);
        }
        any |= moved.is_some();
        if !tenant.moves_alone(&config.session.target) {
            // What was moved is the clock of all.
            for other in &tenants[index + 1..] {
                other.set_now(tenant.now());
            }
            break;
        }
    }
    any
}

/// Calls an operation of the clock; says whether it told the time, and nothing where it did not succeed.
async fn told(
    config: &LoadConfig,
    transport: &Transport,
    operation: Operation,
    variables: &Variables,
    tenant: &LoadTenant,
) -> Option<bool> {
    let asked = config
        .session
        .target
        .ask(transport, operation, variables)
        .await;
    let asked = asked.ok()?;
    let Answer::Success(_) = &asked.answered else {
        return None;
    };
    let now = instant(asked.kept("tenantNow"));
    if let Some(now) = now {
        tenant.set_now(now);
    }
    Some(now.is_some())
}

pub(super) fn instant(value: Option<&Value>) -> Option<Timestamp> {
    value?.reveal().as_str()?.parse().ok()
}

/// Returns how often clocks are moved, and by how many seconds: a quarter of a second of ours where that is a whole number of
/// theirs.
pub(super) fn step(pace: u32, by_itself: bool) -> (Duration, i64) {
    let passing = i64::from(pace) - i64::from(by_itself);
    if passing % 4 == 0 {
        (TICK / 4, passing / 4)
    } else {
        (TICK, passing)
    }
}

/// Lets the tenants' time pass at the plan's pace, until it is dropped.
pub(super) async fn keep_moving(
    config: LoadConfig,
    context: Rc<UserContext>,
    tenants: Vec<Rc<LoadTenant>>,
) {
    let by_itself = config.session.target.clock().mode == ClockMode::Running;
    let (length, seconds) = step(config.plan.pace, by_itself);
    let transport = (config.connect)();
    let mut tick = every(length);
    loop {
        tick.tick().await;
        advance(&config, &context, &transport, &tenants, seconds).await;
    }
}
