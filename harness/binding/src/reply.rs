//! What a call brings: the abstract answer, what was kept, the masked exchange and the raw response.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::exchange::Exchange;
use super::response::RawResponse;
use super::transport::TransportError;
use super::value::Value;

/// Holds what came back from one operation.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What it means.
    pub answered: Answered,
    /// What later steps may need, by name; only of a success.
    pub kept: BTreeMap<String, Value>,
    /// The request whose answer counts, with that answer; masked.
    pub exchange: Exchange,
    /// The exchanges before it, where the operation takes several requests; masked.
    pub earlier: Vec<Exchange>,
    /// What holds for the session from now on, whatever the answer means: tokens that were refreshed, and names of the
    /// file's own that a refusal told.
    pub renewed: BTreeMap<String, Value>,
    /// No request was sent: the target file says that this implementation needs none here.
    pub assumed: bool,
    /// The response as it came, for the search for leaks. It holds secrets: it is never written anywhere.
    pub raw: RawResponse,
}

/// Holds what came back from one operation, without the exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What it means.
    pub answered: Answered,
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

/// Says what an answer means in the words of the domain.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// The operation did what it is for: the fields of its answer shape.
    Success(Map<String, Json>),
    /// It was refused: `refused`, `problem`, and `triesLeft`, `retryAfter` and `field` where they were told.
    Refused(Map<String, Json>),
    /// No rule of the target file matches.
    Unrecognised {
        /// The status.
        status: u16,
        /// The member `code` of the body, if there is one.
        code: Option<String>,
    },
}

impl Answered {
    /// Gives the answer as one object, as expectations and transcripts want it: a refusal has `refused` in it, what no rule
    /// matched has `unrecognised`.
    #[must_use]
    pub fn into_fields(self) -> Map<String, Json> {
        match self {
            Self::Success(fields) | Self::Refused(fields) => fields,
            Self::Unrecognised { status, code } => {
                let mut what = Map::from_iter([("status".to_owned(), Json::from(status))]);
                if let Some(code) = code {
                    what.insert("code".to_owned(), Json::from(code));
                }
                Map::from_iter([("unrecognised".to_owned(), Json::Object(what))])
            }
        }
    }
}

/// Says that no answer came, and holds what was tried.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
pub struct CallFailure {
    /// Why not.
    #[source]
    pub error: TransportError,
    /// What was sent; masked.
    pub exchange: Box<Exchange>,
}
