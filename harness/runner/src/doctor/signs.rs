//! Signs by which a diagnosis tells what is meant: statuses, shapes of values, channels.

use proofup_binding::Operation;
use proofup_domain::answer;
use proofup_domain::capabilities::Facility;
use proofup_domain::command::Command;
use proofup_domain::state::Channel;
use serde_json::{Value as Json, json};

/// Returns what a status that no rule matches hints at, where a success was due.
pub(super) fn hint(operation: &str, status: u16) -> String {
    match status {
        200..300 => format!("add status {status} to the answers of {operation}"),
        300..400 => format!(
            "{operation} is redirected: bind the address that it is redirected to, or list the redirect as an answer"
        ),
        401 | 403 => format!(
            "check the credentials that {operation} sends: its headers, and the values that were kept before"
        ),
        404 => format!("correct the path of {operation}, or `base`"),
        405 => format!("correct the method of {operation}, or its path"),
        400 | 415 | 422 => {
            format!("correct the names and types in the body of {operation}, or its content type")
        }
        _ => format!("check the request of {operation}, and the log of the server"),
    }
}

/// Returns whether a field holds what the domain's answer shape says.
pub(super) fn fits_shape(operation: Operation, field: &str, value: &Json) -> bool {
    let one = json!({ field: value });
    match operation {
        Operation::SignIn
        | Operation::ReadSession
        | Operation::Defer
        | Operation::CompleteWizard
        | Operation::CompleteReview
        | Operation::SubmitSecondStepCode => {
            serde_json::from_value::<answer::SessionAnswer>(one).is_ok()
        }
        Operation::ReadWizard => serde_json::from_value::<answer::WizardAnswer>(one).is_ok(),
        Operation::ListMethods => serde_json::from_value::<answer::MethodsAnswer>(one).is_ok(),
        Operation::ListAvailable => serde_json::from_value::<answer::AvailableAnswer>(one).is_ok(),
        Operation::BeginReset
        | Operation::ReadReset
        | Operation::SubmitResetCode
        | Operation::SubmitResetAnswers => {
            serde_json::from_value::<answer::ResetAnswer>(one).is_ok()
        }
        Operation::ChangeMethod
        | Operation::BeginEnrollment
        | Operation::ReadEnrollment
        | Operation::NextPage
        | Operation::SendCode
        | Operation::SubmitCode
        | Operation::SubmitAnswers
        | Operation::BeginSecondStep
        | Operation::ReadSecondStep
        | Operation::BeginResetProof
        | Operation::ReadResetProof => {
            serde_json::from_value::<answer::ChallengeAnswer>(one).is_ok()
        }
        _ => true,
    }
}

/// Returns whether a value is what is wanted; of a list, whether it holds it.
pub(super) fn holds(value: &Json, wanted: &Json) -> bool {
    match value {
        Json::Array(list) => list.contains(wanted) || value == wanted,
        other => other == wanted,
    }
}

pub(super) const fn facility(channel: Channel) -> Facility {
    match channel {
        Channel::Sms => Facility::InboxSms,
        Channel::Voice => Facility::InboxVoice,
        Channel::Email => Facility::InboxEmail,
        Channel::Push => Facility::InboxPush,
    }
}

/// Returns who acts.
pub(super) fn user_of(command: &Command) -> String {
    let fields = serde_json::to_value(command).unwrap_or(Json::Null);
    fields["user"].as_str().unwrap_or_default().to_owned()
}
