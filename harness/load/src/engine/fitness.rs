//! Decides before anything is made whether a plan can be played against a target at all: what the flows need is there, every
//! operation is bound, and the policy that holds lets each flow happen.

use jiff::{SignedDuration, Timestamp};
use proofup_binding::{ClockMove, CompiledTarget, Operation, differing, field_of, with_fields};
use proofup_domain::capabilities::{Capabilities, Facility};
use proofup_domain::command::Command;
use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::policy::Policy;
use proofup_domain::state::Channel;
use proofup_oracle::machine::State;
use proofup_world::policy_fit::succeed;
use proofup_world::{Terms, operation_of};
use serde_json::Value as Json;

use super::terms::{NotUnderPolicy, PolicyField};
use super::{LoadConfig, LoadError};
use crate::flow::{Family, FlowName, registration};
use crate::plan::REST_SECONDS;
use crate::tenant::{UserContext, manage_policy, second_step_policy};
use crate::virtual_user::oracle;

/// Returns whether a target has what a plan needs.
pub(super) fn check(config: &LoadConfig, context: &UserContext) -> Result<(), LoadError> {
    for flow in config.plan.mix.keys() {
        equipped(&config.session.target, &context.capabilities, *flow)?;
        let terms = terms(config, context, *flow);
        if let Err(why) = foreseen(context, *flow, &terms) {
            let refusal = not_under_policy(config, context, *flow, &terms, why);
            return Err(LoadError::NotUnderPolicy(Box::new(refusal)));
        }
    }
    if config.plan.pace > 1 && !can_be_moved(&config.session.target, context) {
        return Err(LoadError::NoClock(config.plan.pace));
    }
    Ok(())
}

/// Works out under which policies the users of a flow register, and go on afterwards.
///
/// A target that tells its own policy has that one, with what can be set of what we would like. A target of tenants, or
/// one whose policy can be set, has ours. For any other the documented values hold, as they do where a scenario is judged.
pub(super) fn terms(config: &LoadConfig, context: &UserContext, flow: FlowName) -> Terms {
    let target = &config.session.target;
    let asked = asked(config, context, flow);
    match target.standing_policy() {
        Some(own) => Terms::unchanging(own.under(&asked)),
        None if target.has(Operation::CreateTenant) || target.has(Operation::SetPolicy) => {
            let edition = asked.edition;
            let first = Policy {
                edition,
                ..manage_policy()
            };
            Terms::changing(&first, &asked)
        }
        None => Terms::unchanging(Policy {
            edition: asked.edition,
            ..Policy::default()
        }),
    }
}

/// Returns the policy that would be best for a flow; where all flows share one tenant, for all of them.
fn asked(config: &LoadConfig, context: &UserContext, flow: FlowName) -> Policy {
    let of_second_step = |flow: &FlowName| flow.family() == Family::SecondStep;
    let second_step = if config.session.target.has(Operation::CreateTenant) {
        of_second_step(&flow)
    } else {
        config.plan.mix.keys().any(of_second_step)
    };
    let policy = if second_step {
        second_step_policy()
    } else {
        manage_policy()
    };
    let editions = &context.capabilities.editions;
    let edition = match editions.iter().next_back() {
        Some(newest) if !editions.contains(&policy.edition) => *newest,
        _ => policy.edition,
    };
    Policy { edition, ..policy }
}

/// Returns whether facilities, methods, kinds and operations of a target are those that a flow needs.
fn equipped(
    target: &CompiledTarget,
    capabilities: &Capabilities,
    flow: FlowName,
) -> Result<(), LoadError> {
    let lacks = |lacks: String| Err(LoadError::Lacks { flow, lacks });
    if let Some(facility) = facilities(flow)
        .into_iter()
        .find(|facility| !capabilities.facilities.contains(facility))
    {
        return lacks(facility.to_string());
    }
    if let Some((method, kind)) = proved_by(flow) {
        if !capabilities.methods.contains(&method) {
            return lacks(format!("method:{method}"));
        }
        if !capabilities.kinds.contains(&kind) {
            return lacks(format!("kind:{kind}"));
        }
    }
    let unbound = commands(flow)
        .iter()
        .filter(|command| !matches!(command, Command::SignOut { .. }))
        .filter_map(operation_of)
        .find(|operation| !target.has(*operation));
    match unbound {
        Some(operation) => Err(LoadError::NotBound { flow, operation }),
        None => Ok(()),
    }
}

fn facilities(flow: FlowName) -> Vec<Facility> {
    let inbox = flow.channel().map(|channel| match channel {
        Channel::Sms => Facility::InboxSms,
        Channel::Voice => Facility::InboxVoice,
        Channel::Email => Facility::InboxEmail,
        Channel::Push => Facility::InboxPush,
    });
    let mut needed: Vec<Facility> = inbox.into_iter().collect();
    if matches!(flow, FlowName::EnrollApp | FlowName::SecondStepNotification) {
        needed.push(Facility::Device);
    }
    needed
}

/// Returns the name of the method that a flow proves, and by what kind.
const fn proved_by(flow: FlowName) -> Option<(Method, ChallengeKind)> {
    match flow {
        FlowName::EnrollEmail => Some((Method::Email, ChallengeKind::EmailCode)),
        FlowName::EnrollCall => Some((Method::OfficePhone, ChallengeKind::VoiceCall)),
        FlowName::EnrollText | FlowName::SecondStepText | FlowName::ResetPassword => {
            Some((Method::MobilePhone, ChallengeKind::TextMessage))
        }
        FlowName::EnrollApp | FlowName::SecondStepNotification => Some((
            Method::MicrosoftAuthenticator,
            ChallengeKind::AppNotification,
        )),
        FlowName::SecondStepAppCode => Some((Method::SoftwareOath, ChallengeKind::AppCode)),
        FlowName::SignIn => None,
    }
}

/// Lists every command of a flow and of its preparation.
fn commands(flow: FlowName) -> Vec<Command> {
    let script = flow.script();
    let before = flow.registered().map(registration).unwrap_or_default();
    before
        .into_iter()
        .chain(script.timed)
        .chain(script.after)
        .collect()
}

/// Steps a flow and its preparation through the oracle, every answer being a success.
///
/// # Errors
/// The command that cannot succeed, and what it would be answered with.
fn foreseen(context: &UserContext, flow: FlowName, terms: &Terms) -> Result<(), String> {
    let mut state = oracle(context, terms.first.clone());
    let mut now = Timestamp::UNIX_EPOCH;
    let go = |state: &State, command: &Command, now| {
        succeed(state, command, now).map_err(|admitted| {
            let command = proofup_scenario::transcript::command(command);
            format!("`{command}` would be answered with {admitted}")
        })
    };
    let before = flow.registered().map(registration).unwrap_or_default();
    for command in before {
        state = go(&state, &command, now)?;
    }
    if let Some(Ok(Json::Object(policy))) = terms.turn().map(serde_json::to_value) {
        state = go(&state, &Command::SetPolicy { policy }, now)?;
    }
    state = state.begin_story();
    let rest = REST_SECONDS.max(context.capabilities.limits.resend_seconds);
    now += SignedDuration::from_secs(i64::from(rest));
    let script = flow.script();
    for command in script.timed.into_iter().chain(script.after) {
        state = go(&state, &command, now)?;
    }
    Ok(())
}

/// Finds the fields of the policy that stand in a flow's way, and what would be possible instead.
fn not_under_policy(
    config: &LoadConfig,
    context: &UserContext,
    flow: FlowName,
    terms: &Terms,
    why: String,
) -> NotUnderPolicy {
    let asked = asked(config, context, flow);
    let possible = |fields: &[String]| {
        let policy = with_fields(&terms.held, &asked, fields);
        foreseen(context, flow, &Terms::unchanging(policy)).is_ok()
    };
    let mut decisive = differing(&asked, &terms.held);
    if possible(&decisive) {
        // Whatever need not be otherwise does not stand in the way.
        for field in decisive.clone() {
            let mut fewer = decisive.clone();
            fewer.retain(|other| *other != field);
            if possible(&fewer) {
                decisive = fewer;
            }
        }
    }
    let fields = decisive
        .into_iter()
        .map(|name| PolicyField {
            held: field_of(&terms.held, &name),
            wanted: field_of(&asked, &name),
            name,
        })
        .collect();
    let allowed = FlowName::ALL.into_iter().filter(|flow| {
        equipped(&config.session.target, &context.capabilities, *flow).is_ok()
            && foreseen(context, *flow, terms).is_ok()
    });
    NotUnderPolicy {
        flow,
        why,
        fields,
        allowed: allowed.collect(),
    }
}

/// Returns whether anything moves the target's clock in this run.
fn can_be_moved(target: &CompiledTarget, context: &UserContext) -> bool {
    match target.clock().moved {
        None => false,
        Some(ClockMove::Operation) => target.has(Operation::AdvanceClock),
        Some(ClockMove::Libfaketime) => context.session.surroundings.clock_file().is_some(),
        Some(ClockMove::Command) => true,
    }
}
