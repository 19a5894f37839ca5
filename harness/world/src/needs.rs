//! What a scenario relies on, read off its commands: nobody lists it by hand.

use std::collections::BTreeSet;

use proofup_binding::{CompiledTarget, Operation};
use proofup_domain::capabilities::{Capabilities, Facility};
use proofup_domain::command::{CodeRole, CodeShape, Command};
use proofup_domain::method::{ChallengeKind, Method, Role};
use proofup_domain::policy::Policy;
use proofup_domain::requirement::NeededFeature;
use proofup_domain::state::Channel;
use proofup_judge::outcome::CouldNotRun;
use proofup_scenario::{Quantity, Scenario, Step, StepAction, UserSpec};

/// Lists the facilities that a scenario needs and that a target does not give.
pub fn missing_facilities(
    scenario: &Scenario,
    target: &CompiledTarget,
    capabilities: &Capabilities,
) -> Option<CouldNotRun> {
    let missing: BTreeSet<Facility> = facilities(scenario, target)
        .into_iter()
        .filter(|need| !capabilities.facilities.contains(need))
        .collect();
    (!missing.is_empty()).then_some(CouldNotRun::MissingFacilities(missing))
}

/// Returns whether a target declares what a requirement needs.
pub fn has_feature(capabilities: &Capabilities, feature: NeededFeature) -> bool {
    match feature {
        NeededFeature::Feature(feature) => capabilities.features.contains(&feature),
        NeededFeature::Method(method) => capabilities.methods.contains(&method),
        NeededFeature::Kind(kind) => capabilities.kinds.contains(&kind),
    }
}

/// Lists the facilities without which a scenario could not run against a target.
///
/// Where the target tells its own policy, the oracle says whether the scenario fits it ([`crate::policy_fit`]); where users are
/// made one by one, members can be had, and only roles and blocks need the facility.
pub(crate) fn facilities(scenario: &Scenario, target: &CompiledTarget) -> BTreeSet<Facility> {
    let mut needs = BTreeSet::new();
    let edition = scenario.policy.edition;
    if scenario.policy
        != (Policy {
            edition,
            ..Policy::default()
        })
    {
        needs.insert(Facility::Policy);
    }
    let member = |user: &&UserSpec| !user.blocked && user.role == Role::Member;
    let ordinary = scenario.users.iter().filter(member);
    let made = target.has(Operation::CreateUser);
    let is_hard = if made {
        ordinary.count() != scenario.users.len()
    } else {
        ordinary.filter(|user| user.exists).count() != scenario.users.len()
            || scenario.users.len() > 1
    };
    if is_hard {
        needs.insert(Facility::Users);
    }
    for method in scenario.users.iter().flat_map(|user| &user.methods) {
        // The time between registering and the steps is skipped.
        needs.extend([Facility::Policy, Facility::Clock]);
        of_setup(*method, method.setup_kind(), &mut needs);
    }
    for command in scenario
        .steps
        .iter()
        .flat_map(|step| step.action.commands())
    {
        of_command(command, &mut needs);
    }
    if target.standing_policy().is_some() {
        needs.remove(&Facility::Policy);
    }
    needs
}

/// Returns the shape in which a check types its code, where the target declares to take that shape for the code (CODE-10).
pub(crate) fn accepted_shape(step: &Step, capabilities: &Capabilities) -> Option<CodeShape> {
    let StepAction::One(
        Command::SubmitCode { code, .. }
        | Command::SubmitSecondStepCode { code, .. }
        | Command::SubmitResetCode { code, .. },
    ) = &step.action
    else {
        return None;
    };
    match code {
        CodeRole::Shape(shape)
            if step.check.is_some() && capabilities.code_shapes_accepted.contains(shape) =>
        {
            Some(*shape)
        }
        _ => None,
    }
}

/// Returns whether a scenario aims at a second, which takes a clock that stands: it moves time by single seconds, or types
/// an authenticator's code of another step.
pub(crate) fn aims_at_a_second(scenario: &Scenario) -> bool {
    let mut commands = scenario
        .steps
        .iter()
        .flat_map(|step| step.action.commands());
    commands.any(|command| match command {
        Command::AdvanceClock { by } => {
            Quantity::parse(by).is_ok_and(|quantity| quantity.names_single_seconds())
        }
        Command::SubmitCode { code, .. }
        | Command::SubmitSecondStepCode { code, .. }
        | Command::SubmitResetCode { code, .. } => {
            matches!(code, CodeRole::Drift(steps) if *steps != 0)
        }
        _ => false,
    })
}

/// Adds what one command needs.
pub(crate) fn of_command(command: &Command, needs: &mut BTreeSet<Facility>) {
    match command {
        Command::AdvanceClock { .. } => {
            needs.insert(Facility::Clock);
        }
        Command::SetPolicy { .. } => {
            needs.insert(Facility::Policy);
        }
        Command::BeginEnrollment { .. } | Command::ChangeMethod { .. } => {
            if let Some((method, kind)) = command.method().zip(command.kind()) {
                of_setup(method, kind, needs);
            }
        }
        Command::ReadInbox { channel, .. }
        | Command::SetGateway { channel, .. }
        | Command::ReleaseMessages { channel, .. } => {
            needs.insert(inbox(*channel));
        }
        Command::ActivateDevice { .. }
        | Command::ApproveNotification { .. }
        | Command::DenyNotification { .. } => {
            needs.extend([Facility::Device, Facility::InboxPush]);
        }
        Command::PressKey { .. } | Command::HangUp { .. } | Command::LetRing { .. } => {
            needs.insert(Facility::InboxVoice);
        }
        _ => {}
    }
}

fn of_setup(method: Method, kind: ChallengeKind, needs: &mut BTreeSet<Facility>) {
    match method {
        Method::MicrosoftAuthenticator | Method::SoftwareOath | Method::SecurityQuestions => {}
        Method::Email => {
            needs.insert(Facility::InboxEmail);
        }
        Method::MobilePhone | Method::OfficePhone => {
            needs.insert(if kind == ChallengeKind::VoiceCall {
                Facility::InboxVoice
            } else {
                Facility::InboxSms
            });
        }
    }
}

fn inbox(channel: Channel) -> Facility {
    match channel {
        Channel::Sms => Facility::InboxSms,
        Channel::Voice => Facility::InboxVoice,
        Channel::Email => Facility::InboxEmail,
        Channel::Push => Facility::InboxPush,
    }
}
