//! Which operation of a target file a command asks for; none for what happens in the harness alone.

use proofup_binding::Operation;
use proofup_domain::command::{Command, Name};
use serde_json::{Map, Value as Json};

/// Returns the name of the operation of a command.
pub const fn operation_of(command: &Command) -> Option<Operation> {
    Some(match command {
        Command::SignIn { .. } => Operation::SignIn,
        Command::SignOut { .. } => Operation::SignOut,
        Command::ReadSession { .. } => Operation::ReadSession,
        Command::OpenAccount { .. } => Operation::OpenAccount,
        Command::Defer { .. } => Operation::Defer,
        Command::ReadWizard { .. } => Operation::ReadWizard,
        Command::CompleteWizard { .. } => Operation::CompleteWizard,
        Command::CompleteReview { .. } => Operation::CompleteReview,
        Command::ListMethods { .. } => Operation::ListMethods,
        Command::ListAvailable { .. } => Operation::ListAvailable,
        Command::ChangeMethod { .. } => Operation::ChangeMethod,
        Command::DeleteMethod { .. } => Operation::DeleteMethod,
        Command::SetDefault { .. } => Operation::SetDefault,
        Command::BeginEnrollment { .. } => Operation::BeginEnrollment,
        Command::ReadEnrollment { .. } => Operation::ReadEnrollment,
        Command::NextPage { .. } => Operation::NextPage,
        Command::SendCode { .. } => Operation::SendCode,
        Command::SubmitCode { .. } => Operation::SubmitCode,
        Command::SubmitAnswers { .. } => Operation::SubmitAnswers,
        Command::CancelEnrollment { .. } => Operation::CancelEnrollment,
        Command::BeginSecondStep { .. } => Operation::BeginSecondStep,
        Command::ReadSecondStep { .. } => Operation::ReadSecondStep,
        Command::SubmitSecondStepCode { .. } => Operation::SubmitSecondStepCode,
        Command::BeginReset { .. } => Operation::BeginReset,
        Command::ReadReset { .. } => Operation::ReadReset,
        Command::BeginResetProof { .. } => Operation::BeginResetProof,
        Command::ReadResetProof { .. } => Operation::ReadResetProof,
        Command::SubmitResetCode { .. } => Operation::SubmitResetCode,
        Command::SubmitResetAnswers { .. } => Operation::SubmitResetAnswers,
        Command::SetNewPassword { .. } => Operation::SetNewPassword,
        Command::ActivateDevice { .. } => Operation::ActivateDevice,
        Command::ApproveNotification { .. } | Command::DenyNotification { .. } => {
            Operation::ReplyToNotification
        }
        Command::AdvanceClock { .. } => Operation::AdvanceClock,
        Command::SetPolicy { .. } => Operation::SetPolicy,
        Command::BlockUser { .. } => Operation::BlockUser,
        Command::UnblockUser { .. } => Operation::UnblockUser,
        Command::ReadAudit { .. } => Operation::ReadAudit,
        Command::ReadAuditEvents { .. } => Operation::ReadAuditEvents,
        Command::ReadCapabilities {} => Operation::ReadCapabilities,
        Command::AddAccount { .. }
        | Command::PressKey { .. }
        | Command::HangUp { .. }
        | Command::LetRing { .. }
        | Command::ReadInbox { .. }
        | Command::SetGateway { .. }
        | Command::ReleaseMessages { .. }
        | Command::FindLeaks {} => return None,
    })
}

/// Who acts and what a command names by its binding.
#[derive(Debug, Default, Clone)]
pub struct References {
    fields: Map<String, Json>,
}

impl References {
    /// Reads a command's references off its own fields, as a file would spell them.
    #[must_use]
    pub fn of(command: &Command) -> Self {
        match serde_json::to_value(command) {
            Ok(Json::Object(fields)) => Self { fields },
            _ => Self::default(),
        }
    }

    /// Returns who acts; none where the world does.
    #[must_use]
    pub fn user(&self) -> Option<Name> {
        self.name("user")
    }

    /// Returns what is referred to under a key such as `session`; none where the user's latest is meant.
    #[must_use]
    pub fn name(&self, key: &str) -> Option<Name> {
        self.fields
            .get(key)
            .and_then(Json::as_str)
            .map(|name| Name(name.to_owned()))
    }
}
