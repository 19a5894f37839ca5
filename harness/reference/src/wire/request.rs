//! What clients, devices and providers send.

use proofup_domain::method::{ChallengeKind, Method};
use proofup_domain::secret::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::word;

/// Signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SignIn {
    /// The sign-in address.
    pub(crate) user_principal_name: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    pub(crate) password: Secret,
    /// The tenant's id; left out: the one that owns the address's domain.
    pub(crate) tenant: Option<String>,
}

/// A country or region and a number as people write it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Phone {
    /// ISO 3166-1 alpha-2.
    pub(crate) region: String,
    /// With area code where the region has one; an extension is dropped.
    pub(crate) number: String,
}

/// Begins a setup.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BeginEnrollment {
    /// The method.
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Method,
    /// The address, for `email`.
    pub(crate) address: Option<String>,
    /// The number, for phones.
    pub(crate) phone: Option<Phone>,
    /// Text or call, for phones.
    #[schema(schema_with = word::<ChallengeKind>)]
    pub(crate) kind: Option<ChallengeKind>,
}

/// Begins the change of an address or a number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChangeMethod {
    /// The new address, for `email`.
    pub(crate) address: Option<String>,
    /// The new number, for phones.
    pub(crate) phone: Option<Phone>,
    /// Text or call, for phones.
    #[schema(schema_with = word::<ChallengeKind>)]
    pub(crate) kind: Option<ChallengeKind>,
}

/// One answer to one question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Answer)]
pub(crate) struct AnswerView {
    /// The question, word for word.
    pub(crate) question: String,
    /// The answer.
    #[schema(value_type = String)]
    pub(crate) answer: Secret,
}

/// Proves: a code, or answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Verification {
    /// The code. A missing or empty one is wrong, and costs a try.
    #[schema(value_type = Option<String>)]
    pub(crate) code: Option<Secret>,
    /// The answers.
    pub(crate) answers: Option<Vec<AnswerView>>,
}

/// Proves with a code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CodeVerification {
    /// The code. A missing or empty one is wrong, and costs a try.
    #[schema(value_type = Option<String>)]
    pub(crate) code: Option<Secret>,
}

/// Chooses the default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChooseDefault {
    /// The method.
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Method,
    /// The kind.
    #[schema(schema_with = word::<ChallengeKind>)]
    pub(crate) kind: ChallengeKind,
    /// Which of the user's methods; left out: the oldest that fits.
    pub(crate) method_id: Option<String>,
}

/// Begins a second step; empty: with the default.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BeginChallenge {
    /// The method.
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Option<Method>,
    /// The kind; left out: the method's strongest.
    #[schema(schema_with = word::<ChallengeKind>)]
    pub(crate) kind: Option<ChallengeKind>,
    /// Which of the user's methods.
    pub(crate) method_id: Option<String>,
}

/// Begins one proof of a password reset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BeginResetChallenge {
    /// The method.
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Method,
    /// The kind; left out: the strongest that this reset may use.
    #[schema(schema_with = word::<ChallengeKind>)]
    pub(crate) kind: Option<ChallengeKind>,
    /// Which of the user's methods.
    pub(crate) method_id: Option<String>,
}

/// Asks for a password reset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BeginReset {
    /// The sign-in address.
    pub(crate) user_principal_name: String,
    /// The tenant's id; left out: the one that owns the address's domain.
    pub(crate) tenant: Option<String>,
}

/// Sets the new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// At least eight characters.
    #[schema(value_type = String, format = Password)]
    pub(crate) password: Secret,
}

/// Activates a device.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ActivateDevice {
    /// From the QR code, or typed.
    #[schema(value_type = String)]
    pub(crate) activation_code: Secret,
    /// Where notifications for this device go.
    #[schema(value_type = String)]
    pub(crate) push_token: Secret,
}

/// Answers a notification.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeviceReply {
    /// From the notification.
    pub(crate) notification_id: String,
    /// The answer.
    pub(crate) reply: ReplyView,
}

/// The answer to a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reply)]
pub(crate) enum ReplyView {
    /// It was me.
    Approve,
    /// It was not.
    Deny,
}

/// Keys pressed in a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CallDigits {
    /// `#` confirms.
    pub(crate) digits: String,
}

/// What became of a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CallStatus {
    /// `completed`, `no-answer`, `busy`, `failed`, `canceled`; others change nothing.
    pub(crate) status: String,
}

/// Keys pressed, as the provider's form has them; other fields are ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DigitsForm {
    /// `#` confirms.
    pub(crate) digits: String,
}

/// What became of a call, as the provider's form has it; other fields are ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StatusForm {
    /// `completed`, `no-answer`, `busy`, `failed`, `canceled`; others change nothing.
    pub(crate) call_status: String,
}
