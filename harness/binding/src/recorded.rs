//! An exchange as it was had, masked when somebody looks at it: most are never shown, and masking takes longer than sending.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::Request;

use super::exchange::Exchange;
use super::mask::Masker;
use super::response::RawResponse;

/// An exchange that is masked when it is first looked at.
///
/// **Invariant:** what is not masked yet never leaves it: whoever looks, prints or clones it to show it gets an [`Exchange`].
#[derive(Clone)]
pub struct RecordedExchange {
    /// What was sent and came, until it is masked.
    raw: Option<Box<Raw>>,
    shown: OnceLock<Box<Exchange>>,
}

#[derive(Clone)]
struct Raw {
    operation: &'static str,
    request: Request<Bytes>,
    /// The body of the request was cut short on purpose, perhaps through a secret.
    cut: bool,
    response: Option<RawResponse>,
    masker: Arc<Masker>,
}

impl RecordedExchange {
    /// Keeps what was sent.
    pub(super) fn of(operation: &'static str, request: Request<Bytes>, cut: bool) -> Self {
        Self {
            raw: Some(Box::new(Raw {
                operation,
                request,
                cut,
                response: None,
                masker: Arc::default(),
            })),
            shown: OnceLock::new(),
        }
    }

    /// Adds what came back.
    pub(super) fn answered(mut self, response: &RawResponse) -> Self {
        if let Some(raw) = &mut self.raw {
            raw.response = Some(response.clone());
        }
        self
    }

    /// Adds what masks it, where nobody has looked at it yet.
    pub(super) fn masked_by(mut self, masker: &Arc<Masker>) -> Self {
        if let Some(raw) = &mut self.raw {
            raw.masker = Arc::clone(masker);
        }
        self
    }

    /// Returns it as it may be shown.
    #[must_use]
    pub fn into_shown(self) -> Exchange {
        match self.shown.into_inner() {
            Some(shown) => *shown,
            None => self
                .raw
                .map_or_else(|| Exchange::unsent(""), |raw| raw.masked()),
        }
    }
}

impl Raw {
    fn masked(&self) -> Exchange {
        let shown = Exchange::of_request(self.operation, &self.request, self.cut, &self.masker);
        match &self.response {
            Some(response) => shown.answered(response, &self.masker),
            None => shown,
        }
    }
}

impl From<Exchange> for RecordedExchange {
    fn from(shown: Exchange) -> Self {
        Self {
            raw: None,
            shown: OnceLock::from(Box::new(shown)),
        }
    }
}

impl Deref for RecordedExchange {
    type Target = Exchange;

    fn deref(&self) -> &Exchange {
        self.shown.get_or_init(|| {
            let raw = self.raw.as_ref();
            Box::new(raw.map_or_else(|| Exchange::unsent(""), |raw| raw.masked()))
        })
    }
}

impl DerefMut for RecordedExchange {
    fn deref_mut(&mut self) -> &mut Exchange {
        let _ = Self::deref(self);
        self.raw = None;
        self.shown.get_mut().expect("it was just masked")
    }
}

impl std::fmt::Debug for RecordedExchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Self::deref(self).fmt(f)
    }
}
