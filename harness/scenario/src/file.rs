//! The forms in which a scenario file is read: plain values, without places.

use proofup_domain::command::{Mangle, Name};
use proofup_domain::edition::Edition;
use proofup_domain::method::{Method, Role};
use proofup_domain::policy::Policy;
use proofup_domain::state::{MailForm, PushForm, SmsForm, VoiceForm};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A scenario: one file, one story.
///
/// The steps stay JSON here: each is a command with the keys of [`StepKeys`] beside its own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(description = "A scenario: one file, one story.")]
#[expect(
    dead_code,
    reason = "the title, the start and the steps are read from the tree, with their places; the form is also the schema"
)]
pub(crate) struct FileForm {
    /// What the scenario shows: a fact, such as "The offer to wait ends after fourteen days".
    pub(crate) title: String,
    /// The editions in which it is told; left out: the default edition only.
    pub(crate) editions: Option<Vec<Edition>>,
    /// The instant at which the tenant starts (RFC 3339); left out: 2026-01-15T09:00:00Z.
    pub(crate) start: Option<String>,
    /// The form of request by which the implementation calls each provider.
    #[serde(default)]
    pub(crate) gateways: GatewayForms,
    /// The tenant's policy, without its edition.
    #[serde(default)]
    pub(crate) policy: Policy,
    /// The people.
    #[serde(default)]
    pub(crate) users: Vec<UserSpec>,
    /// Where a counterexample was found; its expectations are then the oracle's.
    pub(crate) found: Option<Provenance>,
    /// What happens.
    pub(crate) steps: Vec<Map<String, Value>>,
}

/// Where a counterexample was found.
///
/// Its refusals need no control: the oracle decided what is admitted, and the run that found it showed the difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provenance {
    /// The command that found it.
    pub by: Finder,
    /// The seed with which it was found.
    pub seed: u64,
    /// The number of the case, from 1.
    #[schemars(range(min = 1))]
    pub case: u64,
}

/// A command that writes counterexamples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Finder {
    /// Random stories.
    Explore,
    /// Simultaneous commands.
    Race,
}

impl Finder {
    /// Spells the command's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Explore => "explore",
            Self::Race => "race",
        }
    }
}

/// The forms of request by which the implementation is told to call its providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GatewayForms {
    /// How it sends texts; default `json`.
    pub sms: SmsForm,
    /// How it places calls; default `json`.
    pub voice: VoiceForm,
    /// How it sends mail; default `smtp`.
    pub email: MailForm,
    /// How it sends push notifications; default `json`.
    pub push: PushForm,
}

impl Default for GatewayForms {
    fn default() -> Self {
        Self {
            sms: SmsForm::Json,
            voice: VoiceForm::Json,
            email: MailForm::Smtp,
            push: PushForm::Json,
        }
    }
}

/// Describes one person of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserSpec {
    /// The name by which steps call this person.
    pub name: Name,
    /// The person's role in the tenant; default `member`.
    #[serde(default = "member")]
    pub role: Role,
    /// `true`: the administrator has blocked the account.
    #[serde(default)]
    pub blocked: bool,
    /// `false`: no account is created for the person. Default `true`.
    #[serde(default = "yes")]
    pub exists: bool,
    /// Country or region of the person's numbers (ISO 3166-1 alpha-2); left out: proofup picks a different one for each person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The methods that are registered before the first step.
    #[serde(default)]
    pub methods: Vec<Method>,
}

fn member() -> Role {
    Role::Member
}

fn yes() -> bool {
    true
}

/// What every step has beside its command.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct StepKeys {
    /// The step's name, for `control`: lower-case words joined by hyphens.
    pub(crate) id: Option<String>,
    /// Makes the step a judged check: `DEF-1/first-offer`. Unique in the suite.
    pub(crate) check: Option<String>,
    /// What the answer has to be, a partial match; left out: a check has to succeed.
    pub(crate) expect: Option<Map<String, Value>>,
    /// The slug or id of a step that succeeds and differs from this refused step in exactly one thing.
    pub(crate) control: Option<String>,
    /// How often the step is taken: a number, or declared limits such as `codeTries - 1`. Each answer has to be the expected
    /// refusal, or a success; the last one is compared with all of `expect`.
    pub(crate) times: Option<TimesForm>,
    /// Spoils the HTTP request.
    pub(crate) mangle: Option<Mangle>,
}

/// How often a step is taken.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum TimesForm {
    /// A number.
    Number(#[schemars(range(min = 1))] u32),
    /// Declared limits.
    Limits(String),
}
