//! A tenant's policy (`domain.md` §3). Whether a policy can be met is decided by whoever receives it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::edition::Edition;
use crate::method::{ChallengeKind, ResetMethod};

/// The policy of a tenant: what an organisation allows and requires.
///
/// Every field may be left out: an absent set is empty, an absent boolean is false, and the numbers have the
/// documented values below. Ranges are checked by the implementation, not here (`AVAIL-11`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Policy {
    /// The edition of the manual that holds.
    pub edition: Edition,
    /// Two-step verification.
    pub two_step: TwoStepPolicy,
    /// Self-service password reset.
    pub reset: ResetPolicy,
    /// Days in which the interrupt can be put off, 0 to 14; 0 = not offered. Documented value: 14.
    pub deferral_days: u32,
    /// What the user may choose in the wizard.
    pub choice: ChoicePolicy,
    /// What the Microsoft app yields.
    pub app: AppPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            edition: Edition::default(),
            two_step: TwoStepPolicy::default(),
            reset: ResetPolicy::default(),
            deferral_days: 14,
            choice: ChoicePolicy::default(),
            app: AppPolicy::default(),
        }
    }
}

/// The policy of two-step verification: what it may use and demands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TwoStepPolicy {
    /// Subset of `appNotification`, `appCode`, `textMessage`, `voiceCall`; the other kinds are refused here.
    pub kinds: BTreeSet<ChallengeKind>,
    /// Users must have at least one method usable for two-step verification.
    pub registration_required: bool,
    /// The resource demands a second step: registration is required and deferral never offered.
    pub required_at_sign_in: bool,
}

/// The policy of password reset: what it may use and demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ResetPolicy {
    /// While false the other fields are kept and have no effect.
    pub enabled: bool,
    /// What a reset may use.
    pub methods: BTreeSet<ResetMethod>,
    /// Gates to pass, 1 or 2; administrators always 2. Default 1.
    pub methods_required: u32,
    /// Users must have enough methods registered for the gates.
    pub registration_required: bool,
    /// Days after which the info is reviewed, 0 to 730; 0 = never.
    pub reconfirm_after_days: u32,
    /// Questions to register, 3 to 5. Default 3.
    pub questions_to_register: u32,
    /// Questions to answer in a reset, 3 to 5, not more than are registered. Default 3.
    pub questions_to_reset: u32,
    /// The administrator's questions, each at most 200 characters, at least `questionsToRegister` of them.
    pub questions: Vec<String>,
}

impl Default for ResetPolicy {
    fn default() -> Self {
        Self {
            enabled: false,
            methods: BTreeSet::new(),
            methods_required: 1,
            registration_required: false,
            reconfirm_after_days: 0,
            questions_to_register: 3,
            questions_to_reset: 3,
            questions: Vec::new(),
        }
    }
}

/// What the user may choose in the wizard of the 2019 edition.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ChoicePolicy {
    /// Offers "I want to set up a different method".
    pub different_method: bool,
}

/// What the Microsoft app yields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AppPolicy {
    /// The Microsoft app also yields codes.
    pub code_with_notification: bool,
}
