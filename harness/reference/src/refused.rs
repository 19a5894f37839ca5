//! Refusals with what goes with them: what every operation answers when it says no.

use http::StatusCode;
use proofup_domain::refusal::Refusal;

/// A refusal, as the error of whatever was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    /// What is wrong and what to do; never anything that the client sent.
    pub(crate) detail: Option<&'static str>,
    /// The field that is wrong.
    pub(crate) field: Option<String>,
    /// Wrong tries that are left.
    pub(crate) tries_left: Option<u32>,
    /// The status, where it is not the refusal's own.
    pub(crate) status: Option<StatusCode>,
    /// Seconds until it is worth trying again.
    pub(crate) retry_after: Option<u32>,
    /// Everything that is wrong, where several things are.
    pub(crate) errors: Vec<FieldError>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    pub(crate) field: String,
    /// A stable word.
    pub(crate) reason: &'static str,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            status: None,
            detail: None,
            field: None,
            tries_left: None,
            retry_after: None,
            errors: Vec::new(),
        }
    }
}

impl Refused {
    /// Refuses because of a field.
    pub(crate) fn field(refusal: Refusal, field: impl Into<String>, detail: &'static str) -> Self {
        Self {
            field: Some(field.into()),
            detail: Some(detail),
            ..refusal.into()
        }
    }

    /// Refuses with a reason for people.
    pub(crate) fn because(refusal: Refusal, detail: &'static str) -> Self {
        Self {
            detail: Some(detail),
            ..refusal.into()
        }
    }
}
