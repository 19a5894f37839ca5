//! What a call brings: the abstract answer, what was kept, the masked exchange and the raw response.

use std::collections::BTreeMap;

use proofup_domain::answer::Answer;

use super::exchange::Exchange;
use super::recorded::RecordedExchange;
use super::response::RawResponse;
use super::transport::TransportError;
use super::value::Value;

/// What came back from one operation.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What it means.
    pub answered: Answer,
    /// What later steps may need, by name; only of a success.
    pub kept: BTreeMap<String, Value>,
    /// The request whose answer counts, with that answer; masked.
    pub exchange: RecordedExchange,
    /// The exchanges before it, where the operation takes several requests; masked.
    pub earlier: Vec<RecordedExchange>,
    /// What holds for the session from now on, whatever the answer means: tokens that were refreshed, and names of the
    /// file's own that a refusal told.
    pub renewed: BTreeMap<String, Value>,
    /// No request was sent: the target file says that this implementation needs none here.
    pub assumed: bool,
    /// The response as it came, for the search for leaks. It holds secrets: it is never written anywhere.
    pub raw: RawResponse,
}

/// What came back from one operation, without the exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What it means.
    pub answered: Answer,
    /// What later steps may need, by name: there is too little of it for a tree.
    pub kept: Vec<(String, Value)>,
}

impl Asked {
    /// Finds what was kept under a name.
    #[must_use]
    pub fn kept(&self, name: &str) -> Option<&Value> {
        let mut kept = self.kept.iter().rev();
        kept.find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }
}

/// No answer came; with what was tried.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
pub struct CallFailure {
    /// Why not.
    #[source]
    pub error: TransportError,
    /// What was sent; masked.
    pub exchange: Box<Exchange>,
}
