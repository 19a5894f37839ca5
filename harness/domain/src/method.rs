//! Methods, challenge kinds, purposes and gates (`domain.md` §1, §4).

#![expect(
    unnameable_types,
    missing_debug_implementations,
    reason = "the derive of `EnumSetType` makes helper types that nobody else names"
)]

use enumset::EnumSetType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Declares a closed set of words: the enum, its list, its one spelling and its parser.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Lists every value, in the order of the design page.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Spells the value as files, JSON and output do.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Reads the one spelling of a value; anything else is none.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a user can register, strongest first: the order is the rank of `domain.md` §5.
    #[derive(EnumSetType)]
    #[enumset(no_super_impls)]
    Method {
        /// The Microsoft Authenticator app: notifications, and codes where policy allows them.
        MicrosoftAuthenticator = "microsoftAuthenticator",
        /// Any other authenticator app (RFC 6238).
        SoftwareOath = "softwareOath",
        /// A mobile number: texts and calls.
        MobilePhone = "mobilePhone",
        /// An office number: calls only.
        OfficePhone = "officePhone",
        /// An e-mail address: password reset only.
        Email = "email",
        /// Security questions: password reset only, members only.
        SecurityQuestions = "securityQuestions",
    }
}

words! {
    /// How a method proves.
    #[derive(EnumSetType)]
    #[enumset(no_super_impls)]
    ChallengeKind {
        /// Approve or deny on the phone.
        AppNotification = "appNotification",
        /// A TOTP code (RFC 6238).
        AppCode = "appCode",
        /// A code by SMS.
        TextMessage = "textMessage",
        /// A call that asks for `#`.
        VoiceCall = "voiceCall",
        /// A code by e-mail.
        EmailCode = "emailCode",
        /// Answers to registered questions.
        Answers = "answers",
    }
}

words! {
    /// What a proof is for.
    #[derive(EnumSetType)]
    #[enumset(no_super_impls)]
    Purpose {
        /// The second step of a sign-in.
        TwoStepVerification = "twoStepVerification",
        /// Self-service password reset.
        PasswordReset = "passwordReset",
    }
}

words! {
    /// What policy may allow for password reset (`reset.methods`).
    ResetMethod {
        /// Notifications of the Microsoft app; only where two gates are asked for.
        AppNotification = "appNotification",
        /// Codes of any authenticator app.
        AppCode = "appCode",
        /// E-mail.
        Email = "email",
        /// A mobile number, by text or call.
        MobilePhone = "mobilePhone",
        /// An office number, by call.
        OfficePhone = "officePhone",
        /// Security questions.
        SecurityQuestions = "securityQuestions",
    }
}

words! {
    /// One gate of a password reset; both apps together are one gate.
    #[derive(EnumSetType)]
    #[enumset(no_super_impls)]
    Gate {
        /// Either authenticator app.
        App = "app",
        /// The mobile number.
        MobilePhone = "mobilePhone",
        /// The office number.
        OfficePhone = "officePhone",
        /// The e-mail address.
        Email = "email",
        /// The security questions.
        SecurityQuestions = "securityQuestions",
    }
}

words! {
    /// What a user is to the tenant.
    Role {
        /// Anybody who is not an administrator.
        Member = "member",
        /// An administrator: two gates always, never security questions.
        Administrator = "administrator",
    }
}
