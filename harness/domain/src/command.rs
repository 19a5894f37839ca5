//! The one vocabulary of commands: what a person, a device or the world does.
//!
//! A scenario file spells commands, a target file maps them to HTTP, a transcript prints them. Commands name *roles*
//! (`lastSent`, `wrong`, `own`), never a literal code, secret or generated address: those exist only in a run.

mod facts;
mod role;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::method::{ChallengeKind, Method};
use crate::state::Channel;

pub use role::{
    AddBy, AddressRef, AnswersRole, CallbackSecret, CodeRole, CodeShape, Dialled, GatewayBehaviour,
    GivenAnswer, Mangle, Name, NameSpelling, NewPasswordRole, PasswordRole, PasswordShape,
    PhoneRef, WellKnownCode, Which,
};

/// A command: what one actor does.
///
/// `user` is who acts. `session`, `enrollment`, `challenge`, `reset` and `proof` name something bound by `as`; left out,
/// the user's latest is meant. `session = "none"` acts without a session; a name bound by another user is allowed, that
/// is what API-2 is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "do",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[expect(
    missing_docs,
    reason = "fields that the type's own comment explains for all variants"
)]
pub enum Command {
    /// Signs in with a password. Success: any session state.
    SignIn {
        user: Name,
        /// Which password; default `right`.
        #[serde(default, skip_serializing_if = "PasswordRole::is_right")]
        password: PasswordRole,
        /// How the sign-in name is typed; default `asGiven`.
        #[serde(default, skip_serializing_if = "NameSpelling::is_as_given")]
        spelling: NameSpelling,
        /// Binds the session.
        #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
        bind: Option<Name>,
    },
    /// Signs out.
    SignOut {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
    },
    /// Reads where the session stands now.
    ReadSession {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
    },
    /// Opens the thing behind the door: success only when signed in.
    OpenAccount {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
    },
    /// Presses "not now".
    Defer {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
    },
    /// Looks at the wizard's page: what "next" leads to.
    ReadWizard {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
    },
    /// Presses "done" on the wizard's last page.
    CompleteWizard {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
    },
    /// Presses "looks good" in a review.
    CompleteReview {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
    },

    /// Lists what is registered, and the default.
    ListMethods {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
    },
    /// Lists what can be added.
    ListAvailable {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
    },
    /// Begins to change a phone number or an address; goes on like a setup.
    ChangeMethod {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        method: Method,
        /// The setup (by its bound name) whose method is meant, where a user has several of a kind.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Name>,
        /// The new address; default `second`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<AddressRef>,
        /// The new number; default `secondMobile` or `secondOffice`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<PhoneRef>,
        /// Text or call; default: text for a mobile number, call for an office number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<ChallengeKind>,
        /// Binds the setup.
        #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
        bind: Option<Name>,
    },
    /// Deletes a method.
    DeleteMethod {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        method: Method,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Name>,
    },
    /// Chooses the default.
    SetDefault {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        method: Method,
        kind: ChallengeKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Name>,
    },

    /// Begins to set a method up.
    BeginEnrollment {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        method: Method,
        /// The address to register; default `own`. Only for `email`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<AddressRef>,
        /// The number to register; default `mobile` or `office`. Only for phones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<PhoneRef>,
        /// Text or call; default: text for a mobile number, call for an office number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<ChallengeKind>,
        /// Binds the setup.
        #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
        bind: Option<Name>,
    },
    /// Reads where a setup stands: how a page learns of a key pressed or an approval.
    ReadEnrollment {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrollment: Option<Name>,
    },
    /// Presses "next" inside a setup.
    NextPage {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrollment: Option<Name>,
    },
    /// Asks to send again: a code, a call or a notification.
    SendCode {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrollment: Option<Name>,
    },
    /// Types a code into a setup.
    SubmitCode {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrollment: Option<Name>,
        /// Which code.
        code: CodeRole,
    },
    /// Chooses and answers questions in a setup.
    SubmitAnswers {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrollment: Option<Name>,
        /// Which answers; default `right`.
        #[serde(default, skip_serializing_if = "AnswersRole::is_right")]
        answers: AnswersRole,
    },
    /// Leaves a setup.
    CancelEnrollment {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrollment: Option<Name>,
    },

    /// Begins the second step: with the default, or with what is named.
    BeginSecondStep {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        /// Left out together with `kind`: the default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<Method>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<ChallengeKind>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Name>,
        /// Binds the challenge.
        #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
        bind: Option<Name>,
    },
    /// Reads where a second step stands.
    ReadSecondStep {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        challenge: Option<Name>,
    },
    /// Types a code into a second step. Success: the session's new state.
    SubmitSecondStepCode {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        challenge: Option<Name>,
        /// Which code.
        code: CodeRole,
    },

    /// Asks for a password reset.
    BeginReset {
        user: Name,
        /// How the sign-in name is typed; default `asGiven`.
        #[serde(default, skip_serializing_if = "NameSpelling::is_as_given")]
        spelling: NameSpelling,
        /// Binds the reset.
        #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
        bind: Option<Name>,
    },
    /// Reads where a reset stands.
    ReadReset {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reset: Option<Name>,
    },
    /// Begins one proof of a reset.
    BeginResetProof {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reset: Option<Name>,
        method: Method,
        /// Left out: the strongest kind that this reset may use.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<ChallengeKind>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Name>,
        /// Binds the proof.
        #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
        bind: Option<Name>,
    },
    /// Reads where one proof of a reset stands.
    ReadResetProof {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reset: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Name>,
    },
    /// Types a code into a reset.
    SubmitResetCode {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reset: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Name>,
        /// Which code.
        code: CodeRole,
    },
    /// Answers the questions that a reset asks.
    SubmitResetAnswers {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reset: Option<Name>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Name>,
        /// Which answers; default `right`.
        #[serde(default, skip_serializing_if = "AnswersRole::is_right")]
        answers: AnswersRole,
    },
    /// Sets the new password. Success: from now on it is the `right` one.
    SetNewPassword {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reset: Option<Name>,
        /// Which password; default `fresh`.
        #[serde(default, skip_serializing_if = "NewPasswordRole::is_fresh")]
        password: NewPasswordRole,
    },

    /// Adds the account to another authenticator app, from the QR payload or by hand. Nothing is sent.
    AddAccount {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrollment: Option<Name>,
        /// Default `qrPayload`.
        #[serde(default)]
        by: AddBy,
    },
    /// Adds the account to the Microsoft app: the device activates itself.
    ActivateDevice {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        enrollment: Option<Name>,
        /// Default `qrPayload`.
        #[serde(default)]
        by: AddBy,
    },
    /// Approves a notification on the user's device.
    ApproveNotification {
        user: Name,
        /// Default `lastSent`.
        #[serde(default)]
        notification: Which,
        /// Default `right`.
        #[serde(default)]
        secret: CallbackSecret,
    },
    /// Denies a notification on the user's device.
    DenyNotification {
        user: Name,
        #[serde(default)]
        notification: Which,
        #[serde(default)]
        secret: CallbackSecret,
    },
    /// Answers a call and presses a key.
    PressKey {
        user: Name,
        /// Default `#`.
        #[serde(default = "pound")]
        key: String,
        /// Which call; default `lastSent`.
        #[serde(default)]
        call: Which,
        #[serde(default)]
        secret: CallbackSecret,
    },
    /// Answers a call and hangs up.
    HangUp {
        user: Name,
        #[serde(default)]
        call: Which,
    },
    /// Lets a call ring until the provider gives up.
    LetRing {
        user: Name,
        #[serde(default)]
        call: Which,
    },
    /// Looks into an inbox: what came since it was last looked into.
    ReadInbox {
        user: Name,
        channel: Channel,
        /// Whose inbox by address; default `own`. Only for `email`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<AddressRef>,
        /// Whose inbox by number; default `mobile`. Only for `sms` and `voice`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<PhoneRef>,
    },

    /// Moves the tenant's clock forward.
    AdvanceClock {
        /// Durations and declared limits, joined by `+` or `-`: `13d 23h 59m 59s`, `code - 1s`.
        by: String,
    },
    /// Changes the policy: a merge patch (RFC 7396).
    SetPolicy {
        /// The fields to change.
        policy: serde_json::Map<String, serde_json::Value>,
    },
    /// Blocks somebody, as an administrator does.
    BlockUser { user: Name },
    /// Unblocks somebody, as an administrator does.
    UnblockUser { user: Name },
    /// Sets how a gateway behaves from now on.
    SetGateway {
        channel: Channel,
        behaviour: GatewayBehaviour,
    },
    /// Hands out the messages that a gateway has held back.
    ReleaseMessages {
        channel: Channel,
        /// Newest first.
        #[serde(default)]
        reversed: bool,
    },
    /// Reads the audit trail by test control.
    ReadAudit {
        /// Only the events of this user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Name>,
    },
    /// Reads the audit trail as a signed-in user.
    ReadAuditEvents {
        user: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<Name>,
    },
    /// Reads what the implementation declares.
    ReadCapabilities {},
    /// Searches every response so far for codes that were sent (CODE-7) and for other secrets.
    FindLeaks {},
}

impl Command {
    /// Returns the command's `do` word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::SignIn { .. } => "signIn",
            Self::SignOut { .. } => "signOut",
            Self::ReadSession { .. } => "readSession",
            Self::OpenAccount { .. } => "openAccount",
            Self::Defer { .. } => "defer",
            Self::ReadWizard { .. } => "readWizard",
            Self::CompleteWizard { .. } => "completeWizard",
            Self::CompleteReview { .. } => "completeReview",
            Self::ListMethods { .. } => "listMethods",
            Self::ListAvailable { .. } => "listAvailable",
            Self::ChangeMethod { .. } => "changeMethod",
            Self::DeleteMethod { .. } => "deleteMethod",
            Self::SetDefault { .. } => "setDefault",
            Self::BeginEnrollment { .. } => "beginEnrollment",
            Self::ReadEnrollment { .. } => "readEnrollment",
            Self::NextPage { .. } => "nextPage",
            Self::SendCode { .. } => "sendCode",
            Self::SubmitCode { .. } => "submitCode",
            Self::SubmitAnswers { .. } => "submitAnswers",
            Self::CancelEnrollment { .. } => "cancelEnrollment",
            Self::BeginSecondStep { .. } => "beginSecondStep",
            Self::ReadSecondStep { .. } => "readSecondStep",
            Self::SubmitSecondStepCode { .. } => "submitSecondStepCode",
            Self::BeginReset { .. } => "beginReset",
            Self::ReadReset { .. } => "readReset",
            Self::BeginResetProof { .. } => "beginResetProof",
            Self::ReadResetProof { .. } => "readResetProof",
            Self::SubmitResetCode { .. } => "submitResetCode",
            Self::SubmitResetAnswers { .. } => "submitResetAnswers",
            Self::SetNewPassword { .. } => "setNewPassword",
            Self::AddAccount { .. } => "addAccount",
            Self::ActivateDevice { .. } => "activateDevice",
            Self::ApproveNotification { .. } => "approveNotification",
            Self::DenyNotification { .. } => "denyNotification",
            Self::PressKey { .. } => "pressKey",
            Self::HangUp { .. } => "hangUp",
            Self::LetRing { .. } => "letRing",
            Self::ReadInbox { .. } => "readInbox",
            Self::AdvanceClock { .. } => "advanceClock",
            Self::SetPolicy { .. } => "setPolicy",
            Self::BlockUser { .. } => "blockUser",
            Self::UnblockUser { .. } => "unblockUser",
            Self::SetGateway { .. } => "setGateway",
            Self::ReleaseMessages { .. } => "releaseMessages",
            Self::ReadAudit { .. } => "readAudit",
            Self::ReadAuditEvents { .. } => "readAuditEvents",
            Self::ReadCapabilities { .. } => "readCapabilities",
            Self::FindLeaks { .. } => "findLeaks",
        }
    }
}

fn pound() -> String {
    "#".to_owned()
}
