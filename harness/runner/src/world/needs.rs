//! What a scenario relies on, read off its commands: nobody lists it by hand.

use std::collections::BTreeSet;

use proofup_domain::capabilities::Facility;
use proofup_domain::command::Command;
use proofup_domain::method::{ChallengeKind, Method, Role};
use proofup_domain::policy::Policy;
use proofup_domain::state::Channel;

use super::variables::default_kind;
use crate::scenario::Scenario;

/// Lists the facilities without which a scenario could not run.
pub(crate) fn facilities(scenario: &Scenario) -> BTreeSet<Facility> {
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
    let ordinary = scenario
        .users
        .iter()
        .filter(|user| user.exists && !user.blocked && user.role == Role::Member);
    if ordinary.count() != scenario.users.len() || scenario.users.len() > 1 {
        needs.insert(Facility::Users);
    }
    for method in scenario.users.iter().flat_map(|user| &user.methods) {
        needs.insert(Facility::Policy);
        of_setup(*method, default_kind(*method), &mut needs);
    }
    for command in scenario.steps.iter().flat_map(|step| step.deed.commands()) {
        of_command(command, &mut needs);
    }
    needs
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
        Command::BeginEnrollment { method, kind, .. }
        | Command::ChangeMethod { method, kind, .. } => {
            of_setup(
                *method,
                kind.unwrap_or_else(|| default_kind(*method)),
                needs,
            );
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

/// Names the kind by which a method is set up where a file names none.
pub(crate) fn setup_kind(method: Method) -> ChallengeKind {
    match method {
        Method::Email => ChallengeKind::EmailCode,
        Method::SecurityQuestions => ChallengeKind::Answers,
        Method::SoftwareOath => ChallengeKind::AppCode,
        Method::MicrosoftAuthenticator => ChallengeKind::AppNotification,
        phone @ (Method::MobilePhone | Method::OfficePhone) => default_kind(phone),
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
