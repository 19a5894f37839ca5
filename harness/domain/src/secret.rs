//! Secrets are types: what holds a code, a seed, an answer, a password or a token cannot be printed by accident.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that must never be shown.
///
/// `Debug`, `Display` and `Serialize` mask it as `***`; only [`Secret::expose`] gives it away, so that a search for
/// `expose` finds every place where a secret leaves its type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

/// What a masked secret looks like.
pub const MASK: &str = "***";

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text; each caller answers for where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_however_it_is_printed() {
        let secret = Secret::new("482913");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(
            serde_json::to_string(&secret).expect("a string serialises"),
            "\"***\""
        );
    }
}
