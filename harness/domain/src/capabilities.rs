//! What an implementation declares about itself (`docs/implementing.md#capabilities`).

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::edition::Edition;
use crate::method::{ChallengeKind, Method, words};

words! {
    /// Something that an implementation has or has not; where it is declared absent, its checks are not applicable.
    Feature {
        /// "Not now".
        Deferral = "deferral",
        /// "Keep your account secure".
        Wizard = "wizard",
        /// The Security info page.
        Manage = "manage",
        /// Self-service password reset.
        Reset = "reset",
        /// Two-step verification.
        TwoStep = "twoStep",
        /// Periodic review.
        Review = "review",
        /// The audit trail.
        Audit = "audit",
        /// Policies that cannot be met are refused.
        PolicyValidation = "policyValidation",
        /// An administrator blocks and unblocks users.
        Blocking = "blocking",
        /// Sign-in names are compared without case.
        NamesWithoutCase = "namesWithoutCase",
    }
}

words! {
    /// Something that the harness needs in order to judge; where it is missing, the checks that need it could not run.
    Facility {
        /// Policies can be set.
        Policy = "policy",
        /// Several users or roles can be had.
        Users = "users",
        /// Time can be moved.
        Clock = "clock",
        /// Texts reach the mocked provider.
        InboxSms = "inbox:sms",
        /// Calls reach the mocked provider.
        InboxVoice = "inbox:voice",
        /// Mail reaches the mocked server.
        InboxEmail = "inbox:email",
        /// Pushes reach the mocked provider.
        InboxPush = "inbox:push",
        /// Devices can be activated and can reply.
        Device = "device",
    }
}

/// Declares the exact values that the baseline only bounds (`domain.md` §11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// Digits of a code; at least 6.
    pub code_length: u32,
    /// Wrong tries that a challenge takes before it is exhausted; at most 10.
    pub code_tries: u32,
    /// Consecutive failures after which the account is blocked; at most 100.
    pub account_failures: u32,
    /// How long the account stays blocked, in seconds.
    pub block_seconds: u32,
    /// Least time between two sendings to one destination, in seconds.
    pub resend_seconds: u32,
    /// How long a gateway may take, in milliseconds of wall time.
    pub gateway_timeout_ms: u32,
    /// Lifetime of a code, in seconds; at most 600.
    pub code_seconds: u32,
    /// Lifetime of an activation code, in seconds.
    pub activation_seconds: u32,
    /// Lifetime of a setup, in seconds.
    pub enrollment_seconds: u32,
    /// Lifetime of a push notification, in seconds.
    pub notification_seconds: u32,
    /// Lifetime of a call, in seconds.
    pub call_seconds: u32,
    /// Lifetime of a password reset, in seconds.
    pub reset_seconds: u32,
    /// Lifetime of a session, in seconds.
    pub session_seconds: u32,
}

/// Declares what an implementation offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Capabilities {
    /// Editions that the policy may name.
    pub editions: BTreeSet<Edition>,
    /// Methods that exist.
    pub methods: BTreeSet<Method>,
    /// Challenge kinds that exist.
    pub kinds: BTreeSet<ChallengeKind>,
    /// Features that exist.
    pub features: BTreeSet<Feature>,
    /// What the harness may use.
    pub facilities: BTreeSet<Facility>,
    /// Exact limits.
    pub limits: Limits,
    /// Shapes near a code that are taken as the code; every other shape is refused (CODE-10).
    #[serde(default)]
    pub code_shapes_accepted: BTreeSet<crate::command::CodeShape>,
}
