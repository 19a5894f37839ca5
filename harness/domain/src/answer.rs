//! What comes back: the one value that an answer is ([`Answer`]), and one shape per family of commands.
//!
//! An answer is a success with its fields, a refusal with its reason, or nothing that any rule knows; whoever looks at one
//! matches on that.
//!
//! The shapes check `expect` tables when a scenario is loaded (as JSON Schema) and name what a target file can extract. A
//! field that an implementation does not tell is absent; `expect` is a partial match, so only what a check names must be
//! there.

mod value;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::method::{ChallengeKind, Method, Purpose};
use crate::refusal::Refusal;
use crate::state::{Activity, ChallengeState, ResetState, SessionState, SetupPage, WizardPage};

pub use value::{Answer, AnswerFields, REFUSED, Refusing, SUCCEEDED};

/// Declares an answer shape: camelCase, every field optional, nothing unknown.
macro_rules! shape {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field_meta])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
        }
    };
}

/// One way to prove: a method and a kind.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    /// The method.
    pub method: Method,
    /// The kind.
    pub kind: ChallengeKind,
}

shape! {
    /// Where a session stands.
    SessionAnswer {
        /// The state.
        state: SessionState,
        /// The offer to wait, while interrupted.
        deferral: DeferralAnswer,
        /// What is tried first, while a second step is owed.
        default: Proof,
        /// What may be chosen instead, strongest first.
        alternatives: Vec<Proof>,
    }
}

shape! {
    /// The offer to wait.
    DeferralAnswer {
        /// Whether "not now" is offered.
        offered: bool,
        /// Days left of the window, rounded up.
        days_left: u32,
    }
}

shape! {
    /// The wizard's page.
    WizardAnswer {
        /// The page.
        page: WizardPage,
        /// The step, from 1.
        step: u32,
        /// How many steps in all.
        of: u32,
        /// The method that is asked for now (edition 2019).
        proposed: Method,
        /// What may be set up instead: "a different authenticator app", "a different method"; in the editions of 2018
        /// everything that helps. By rank.
        alternatives: Vec<Method>,
        /// The ordered remainder of what is required.
        required: Vec<Method>,
        /// What is registered, in order of registration.
        registered: Vec<Method>,
        /// The default shown.
        default: Proof,
    }
}

shape! {
    /// What is registered.
    MethodsAnswer {
        /// The registered methods, in order of registration.
        methods: Vec<Method>,
        /// The default shown; absent where there is none.
        default: Proof,
        /// Each method in full, in the same order.
        details: Vec<MethodDetail>,
    }
}

shape! {
    /// One registered method.
    MethodDetail {
        /// The method.
        method: Method,
        /// The kinds it can do and policy allows for some purpose.
        kinds: Vec<ChallengeKind>,
        /// What it is usable for now.
        usable_for: Vec<Purpose>,
        /// The masked destination.
        destination: String,
    }
}

shape! {
    /// What can be added.
    AvailableAnswer {
        /// The methods, by rank.
        methods: Vec<Method>,
        /// Each method in full, in the same order.
        details: Vec<AvailableDetail>,
    }
}

shape! {
    /// One method that can be added.
    AvailableDetail {
        /// The method.
        method: Method,
        /// The kinds by which it can be set up.
        kinds: Vec<ChallengeKind>,
        /// What it would be usable for.
        purposes: Vec<Purpose>,
    }
}

shape! {
    /// Where a setup, a second step or a proof of a reset stands.
    ChallengeAnswer {
        /// The state.
        state: ChallengeState,
        /// The page of a setup.
        page: SetupPage,
        /// The method.
        method: Method,
        /// The kind.
        kind: ChallengeKind,
        /// The masked destination.
        destination: String,
        /// When it ends, told from the scenario's start: `T0+10m`.
        expires_at: String,
        /// Wrong tries that are left.
        tries_left: u32,
        /// The questions to choose from or to answer.
        questions: Vec<String>,
        /// What can be activated or added is shown.
        activation: bool,
    }
}

shape! {
    /// Where a password reset stands.
    ResetAnswer {
        /// The state.
        state: ResetState,
        /// Gates to pass in all.
        gates_required: u32,
        /// Gates passed.
        gates_passed: u32,
        /// What may be used now, the default first where it may, then by rank.
        methods: Vec<Proof>,
    }
}

shape! {
    /// What an authenticator learnt when the account was added.
    AccountAnswer {
        /// Both ways lead to the same account: same secret, same issuer.
        same_account: bool,
        /// The issuer of the key URI.
        issuer: String,
        /// The account name of the key URI.
        account: String,
        /// Bits of the shared secret.
        secret_bits: u32,
        /// The issuer stands in the label and in the parameter, and both are equal.
        issuer_twice: bool,
        /// The secret is base32 without padding.
        base32: bool,
        /// Algorithm.
        algorithm: String,
        /// Digits.
        digits: u32,
        /// Seconds per step.
        period: u32,
        /// The device was given a secret for its codes.
        code_secret: bool,
    }
}

shape! {
    /// What an inbox got since it was last looked into.
    InboxAnswer {
        /// How many messages.
        count: u32,
        /// Where the newest went: the role of the destination (`own`, `mobile`, …) or the destination itself.
        to: String,
        /// The destination is E.164.
        e164: bool,
        /// The newest names the tenant's display name.
        names_organisation: bool,
        /// The newest holds a code.
        has_code: bool,
        /// The newest asks the person to press `#`.
        asks_for_pound: bool,
    }
}

shape! {
    /// The audit trail.
    AuditAnswer {
        /// The events, oldest first.
        events: Vec<AuditEventAnswer>,
    }
}

shape! {
    /// One audit event.
    AuditEventAnswer {
        /// Who, by the scenario's name.
        user: String,
        /// What.
        activity: Activity,
        /// `success` or `failure`.
        result: String,
        /// The method, where there is one.
        method: Method,
        /// When, told from the scenario's start.
        at: String,
    }
}

shape! {
    /// Declared limits; the names are those of `Limits`.
    LimitsAnswer {
        /// Digits of a code.
        code_length: u32,
        /// Wrong tries that a challenge takes.
        code_tries: u32,
        /// Consecutive failures that block the account.
        account_failures: u32,
        /// Seconds for which the account is blocked.
        block_seconds: u32,
        /// Seconds between two sendings.
        resend_seconds: u32,
        /// Milliseconds that a gateway may take.
        gateway_timeout_ms: u32,
        /// Lifetime of a code in seconds.
        code_seconds: u32,
        /// Lifetime of an activation code in seconds.
        activation_seconds: u32,
        /// Lifetime of a setup in seconds.
        enrollment_seconds: u32,
        /// Lifetime of a notification in seconds.
        notification_seconds: u32,
        /// Lifetime of a call in seconds.
        call_seconds: u32,
        /// Lifetime of a reset in seconds.
        reset_seconds: u32,
        /// Lifetime of a session in seconds.
        session_seconds: u32,
    }
}

shape! {
    /// What a search for leaked secrets found.
    LeaksAnswer {
        /// Codes that were sent so far, so that a search that had nothing to find is seen.
        codes_sent: u32,
        /// Places where a response held a code.
        codes_found: u32,
        /// Places where an audit event held a code or a secret.
        in_audit: u32,
    }
}

shape! {
    /// What came of commands that were sent at the same moment.
    TogetherAnswer {
        /// How many succeeded.
        succeeded: u32,
        /// The words of those that were refused, sorted, each as often as it came.
        refused: Vec<Refusal>,
        /// Each answer, in the order of the file, copies side by side: an answer of its own, or a refusal.
        answers: Vec<serde_json::Map<String, serde_json::Value>>,
    }
}

shape! {
    /// Answers where there is nothing to tell.
    EmptyAnswer {}
}

shape! {
    /// A refusal: the word, and what goes with it.
    RefusedAnswer {
        /// The documented reason.
        refused: Refusal,
        /// Wrong tries that are left.
        tries_left: u32,
        /// Seconds until it is worth trying again.
        retry_after: u32,
        /// The field that is wrong.
        field: String,
        /// The body is a problem document (RFC 9457).
        problem: bool,
    }
}
