//! One registered method.

use jiff::Timestamp;
use proofup_domain::method::Method;
use proofup_domain::secret::Secret;

use crate::address::EmailAddress;
use crate::keyed::Digest;
use crate::phone::PhoneNumber;
use crate::totp::TotpSecret;

/// One registered method. A user's methods stand in the order of registration.
#[derive(Debug, Clone)]
pub(crate) struct MethodRecord {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) means: Means,
    pub(crate) registered_at: Timestamp,
}

/// What it proves with.
#[derive(Debug, Clone)]
pub(crate) enum Means {
    /// The device; its codes are kept with it.
    MicrosoftApp {
        device: String,
    },
    SoftwareOath(CodeKey),
    Phone(PhoneNumber),
    Email(EmailAddress),
    Questions(Vec<AnsweredQuestion>),
}

/// The key of an authenticator's codes, with the last step that was accepted.
#[derive(Debug, Clone)]
pub(crate) struct CodeKey {
    pub(crate) secret: TotpSecret,
    pub(crate) last_step: Option<i64>,
}

/// One answered question.
#[derive(Debug, Clone)]
pub(crate) struct AnsweredQuestion {
    pub(crate) question: String,
    pub(crate) answer: Digest,
    /// The answer itself, where a rule makes the service show it (`shows_answers`).
    pub(crate) shown: Option<Secret>,
}

impl MethodRecord {
    /// Writes the answers to security questions, where they were kept.
    pub(crate) fn shown_answers(&self) -> Option<String> {
        let Means::Questions(answered) = &self.means else {
            return None;
        };
        let shown = answered.iter().filter_map(|one| one.shown.as_ref());
        let shown: Vec<&str> = shown.map(Secret::expose).collect();
        (!shown.is_empty()).then(|| shown.join(", "))
    }

    /// Writes the destination as it may be shown.
    pub(crate) fn masked(&self) -> Option<String> {
        match &self.means {
            Means::Phone(number) => Some(number.masked()),
            Means::Email(address) => Some(address.masked()),
            Means::MicrosoftApp { .. } | Means::SoftwareOath(_) | Means::Questions(_) => None,
        }
    }
}
