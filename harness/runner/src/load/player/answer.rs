//! Abstract answers: what came back and what would have been admitted, as texts without secrets.

use proofup_oracle::machine::Expected;
use serde_json::{Map, Value as Json};

use super::Performed;
use crate::target::Answered;

/// Turns an answer into one object, as expectations want it.
pub(super) fn of(answered: Answered) -> Performed {
    match answered {
        Answered::Success(fields) | Answered::Refused(fields) => fields,
        Answered::Unrecognised { status, code } => {
            let mut what = Map::from_iter([("status".to_owned(), Json::from(status))]);
            if let Some(code) = code {
                what.insert("code".to_owned(), Json::from(code));
            }
            Map::from_iter([("unrecognised".to_owned(), Json::Object(what))])
        }
    }
}

/// Writes what the oracle admits.
pub(super) fn expected(expected: &Expected) -> String {
    expected.to_expect().to_string()
}
