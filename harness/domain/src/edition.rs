//! The three editions of the manual (`domain.md` §2).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One edition of the manual.
///
/// The seed documents disagree, so the edition is a setting of the policy; the newest is the default.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
pub enum Edition {
    /// The pages of 2018-07-25 (S0, S2).
    #[serde(rename = "2018-07-25")]
    E20180725,
    /// The pages of 2018-07-30 (S1, S4).
    #[serde(rename = "2018-07-30")]
    E20180730,
    /// The page of 2019-02-13 (S3).
    #[default]
    #[serde(rename = "2019-02-13")]
    E20190213,
}

impl Edition {
    /// Lists the editions, oldest first.
    pub const ALL: [Self; 3] = [Self::E20180725, Self::E20180730, Self::E20190213];

    /// Spells the edition as files, JSON and output do.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::E20180725 => "2018-07-25",
            Self::E20180730 => "2018-07-30",
            Self::E20190213 => "2019-02-13",
        }
    }
}

impl std::fmt::Display for Edition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Edition {
    type Err = UnknownEdition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|edition| edition.as_str() == text)
            .ok_or_else(|| UnknownEdition(text.to_owned()))
    }
}

/// The error for a text that is not an edition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown edition `{0}`; the editions are 2018-07-25, 2018-07-30 and 2019-02-13")]
pub struct UnknownEdition(pub String);
