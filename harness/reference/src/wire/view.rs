//! What the service answers.

use jiff::Timestamp;
use proofup_domain::method::{ChallengeKind, Method, Purpose};
use proofup_domain::state::{
    Activity, ChallengeState, ResetState, SessionState, SetupPage, WizardPage,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Revealed, word, words};

/// One way to prove: a registered method and a kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Proof)]
pub(crate) struct ProofView {
    /// The method.
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Method,
    /// Which of the user's methods.
    pub(crate) method_id: String,
    /// The kind.
    #[schema(schema_with = word::<ChallengeKind>)]
    pub(crate) kind: ChallengeKind,
}

/// Where a session stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(crate) struct SessionView {
    /// Opaque; it opens nothing.
    pub(crate) id: String,
    /// Who.
    pub(crate) user_principal_name: String,
    /// The state, worked out at this request.
    #[schema(schema_with = word::<SessionState>)]
    pub(crate) state: SessionState,
    /// When the session is over.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
    /// The bearer token; told once, by the request that signs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) token: Option<Revealed>,
    /// The offer to wait, while interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deferral: Option<Deferral>,
    /// What is tried first, while a second step is owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<ProofView>,
    /// What may be chosen instead, strongest first, while a second step is owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alternatives: Option<Vec<ProofView>>,
}

/// The offer to wait.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deferral {
    /// Whether "not now" is offered.
    pub(crate) offered: bool,
    /// Days left of the window, rounded up; 0 where it is not offered.
    pub(crate) days_left: u32,
}

/// The account, as its signed-in user sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Account)]
pub(crate) struct AccountView {
    /// Who.
    pub(crate) user_principal_name: String,
    /// The organisation's name.
    pub(crate) display_name: String,
}

/// One registered method.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisteredMethod {
    /// Opaque.
    pub(crate) id: String,
    /// The method.
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Method,
    /// The kinds it can do and policy allows for some purpose, strongest first.
    #[schema(schema_with = words::<ChallengeKind>)]
    pub(crate) kinds: Vec<ChallengeKind>,
    /// What it is usable for now.
    #[schema(schema_with = words::<Purpose>)]
    pub(crate) usable_for: Vec<Purpose>,
    /// The masked destination, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) destination: Option<String>,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) registered_at: Timestamp,
    /// Whether the default shown is one of its kinds.
    pub(crate) is_default: bool,
}

/// What is registered, oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Methods {
    /// The methods.
    pub(crate) value: Vec<RegisteredMethod>,
    /// The default shown; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<ProofView>,
}

/// One method that can be added.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AvailableMethod {
    /// The method.
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Method,
    /// The kinds by which it can be set up.
    #[schema(schema_with = words::<ChallengeKind>)]
    pub(crate) kinds: Vec<ChallengeKind>,
    /// What it would be usable for.
    #[schema(schema_with = words::<Purpose>)]
    pub(crate) purposes: Vec<Purpose>,
}

/// What can be added, by rank.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AvailableMethods {
    /// The methods.
    pub(crate) value: Vec<AvailableMethod>,
}

/// The default, after it was chosen.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DefaultMethod {
    /// The default shown.
    pub(crate) default: ProofView,
}

/// The wizard's page.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wizard {
    /// The page: one proposed method, a list to pick from, or the last.
    #[schema(schema_with = word::<WizardPage>)]
    pub(crate) page: WizardPage,
    /// The step, from 1; only on the page of one method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<u32>,
    /// How many steps in all; only on the page of one method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<u32>,
    /// The method that is asked for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = word::<Method>)]
    pub(crate) proposed: Option<Method>,
    /// What may be set up instead, by rank; on the page `list` everything that helps.
    #[schema(schema_with = words::<Method>)]
    pub(crate) alternatives: Vec<Method>,
    /// "I want to set up a different method" is offered.
    pub(crate) different_method: bool,
    /// "I want to use a different authenticator app" is offered.
    pub(crate) different_app: bool,
    /// The ordered remainder of what is required.
    #[schema(schema_with = words::<Method>)]
    pub(crate) required: Vec<Method>,
    /// What is registered, oldest first.
    pub(crate) registered: Vec<RegisteredMethod>,
    /// The default shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<ProofView>,
}

/// One setup.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Enrollment)]
pub(crate) struct EnrollmentView {
    /// Opaque.
    pub(crate) id: String,
    /// The method that is set up.
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Method,
    /// Where it stands.
    #[schema(schema_with = word::<ChallengeState>)]
    pub(crate) state: ChallengeState,
    /// The page it shows.
    #[schema(schema_with = word::<SetupPage>)]
    pub(crate) page: SetupPage,
    /// When the setup is over, whatever was sent.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
    /// What was sent or is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) challenge: Option<SetupChallenge>,
    /// What an authenticator scans or types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) activation: Option<ActivationView>,
    /// The questions to choose from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) questions: Option<Vec<String>>,
    /// How many of them to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) questions_to_register: Option<u32>,
    /// The registered method, once verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method_id: Option<String>,
}

/// What a setup sent or awaits.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetupChallenge {
    /// The kind.
    #[schema(schema_with = word::<ChallengeKind>)]
    pub(crate) kind: ChallengeKind,
    /// The masked destination, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) destination: Option<String>,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
    /// Wrong tries that are left.
    pub(crate) tries_left: u32,
    /// Only where a rule makes the service leak.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub(crate) code: Option<Revealed>,
}

/// What an authenticator scans or types.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Activation)]
pub(crate) struct ActivationView {
    /// The text of the QR code; alone enough to add the account.
    #[schema(value_type = String)]
    pub(crate) qr_payload: Revealed,
    /// The same for typing.
    pub(crate) manual: Manual,
}

/// What is typed by hand: code and URL for the Microsoft app, the secret for another app.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manual {
    /// The activation code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) code: Option<Revealed>,
    /// Where the app activates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// The key of the codes, in base32.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) secret: Option<Revealed>,
}

/// One second step, or one proof of a password reset.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Challenge)]
pub(crate) struct ChallengeView {
    /// Opaque.
    pub(crate) id: String,
    /// The method.
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Method,
    /// Which of the user's methods.
    pub(crate) method_id: String,
    /// The kind.
    #[schema(schema_with = word::<ChallengeKind>)]
    pub(crate) kind: ChallengeKind,
    /// Where it stands.
    #[schema(schema_with = word::<ChallengeState>)]
    pub(crate) state: ChallengeState,
    /// The masked destination, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) destination: Option<String>,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
    /// Wrong tries that are left.
    pub(crate) tries_left: u32,
    /// The questions to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) questions: Option<Vec<String>>,
    /// Only where a rule makes the service leak.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub(crate) code: Option<Revealed>,
}

/// One password reset.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reset)]
pub(crate) struct ResetView {
    /// Opaque; whoever knows it acts in this reset.
    pub(crate) id: String,
    /// Where it stands.
    #[schema(schema_with = word::<ResetState>)]
    pub(crate) state: ResetState,
    /// Gates to pass in all.
    pub(crate) gates_required: u32,
    /// Gates passed.
    pub(crate) gates_passed: u32,
    /// What may be used now: the default first where it may, then by rank.
    pub(crate) methods: Vec<ResetMethodView>,
    /// When it is over.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
}

/// One way to pass a gate.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ResetMethod)]
pub(crate) struct ResetMethodView {
    /// The method.
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Method,
    /// Which of the user's methods.
    pub(crate) method_id: String,
    /// The kind.
    #[schema(schema_with = word::<ChallengeKind>)]
    pub(crate) kind: ChallengeKind,
    /// The masked destination, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) destination: Option<String>,
}

/// What a device learns when it is activated.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivatedDevice {
    /// Opaque.
    pub(crate) device_id: String,
    /// What its replies must carry.
    #[schema(value_type = String)]
    pub(crate) device_secret: Revealed,
    /// The key of its codes, in base32.
    #[schema(value_type = String)]
    pub(crate) code_secret: Revealed,
    /// The organisation.
    pub(crate) issuer: String,
    /// The account.
    pub(crate) account: String,
}

/// One audit event.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditEvent {
    /// Opaque; later events have other ids.
    pub(crate) id: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) time: Timestamp,
    /// Whose.
    pub(crate) user_principal_name: String,
    /// What.
    #[schema(schema_with = word::<Activity>)]
    pub(crate) activity: Activity,
    /// `success` or `failure`.
    pub(crate) result: &'static str,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    /// The method, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = word::<Method>)]
    pub(crate) method: Option<Method>,
}

/// Audit events, oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditEvents {
    /// The events.
    pub(crate) value: Vec<AuditEvent>,
    /// Where the next page is, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_link: Option<String>,
}
