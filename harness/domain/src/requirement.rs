//! The catalogue of requirements: what every check, fault and report line points at.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::capabilities::{Facility, Feature};
use crate::edition::Edition;
use crate::method::{ChallengeKind, Method, words};
use crate::refusal::Refusal;

/// The id of a requirement, such as `DEF-4`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct RequirementId(pub String);

impl RequirementId {
    /// Returns the part before the hyphen: the area.
    #[must_use]
    pub fn area(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

impl std::fmt::Display for RequirementId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

words! {
    /// How binding a requirement is.
    Level {
        /// A seed says it, or a baseline by SHALL or MUST.
        Must = "must",
        /// Context, a softer baseline, or decided in the design.
        Should = "should",
    }
}

/// A feature that a check needs: `deferral`, `method:email`, `kind:voiceCall`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NeededFeature {
    /// A feature by its own name.
    Feature(Feature),
    /// A method.
    Method(Method),
    /// A challenge kind.
    Kind(ChallengeKind),
}

impl std::fmt::Display for NeededFeature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Feature(feature) => write!(f, "{feature}"),
            Self::Method(method) => write!(f, "method:{method}"),
            Self::Kind(kind) => write!(f, "kind:{kind}"),
        }
    }
}

impl std::str::FromStr for NeededFeature {
    type Err = UnknownFeature;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = match text.split_once(':') {
            Some(("method", word)) => Method::from_word(word).map(Self::Method),
            Some(("kind", word)) => ChallengeKind::from_word(word).map(Self::Kind),
            Some(_) => None,
            None => Feature::from_word(text).map(Self::Feature),
        };
        found.ok_or_else(|| UnknownFeature(text.to_owned()))
    }
}

/// The error for a text that is not a feature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown feature `{0}`; write a feature, `method:…` or `kind:…`")]
pub struct UnknownFeature(pub String);

impl Serialize for NeededFeature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NeededFeature {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for NeededFeature {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NeededFeature".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let features = Feature::ALL.iter().map(ToString::to_string);
        let methods = Method::ALL.iter().map(|method| format!("method:{method}"));
        let kinds = ChallengeKind::ALL.iter().map(|kind| format!("kind:{kind}"));
        let words: Vec<String> = features.chain(methods).chain(kinds).collect();
        schemars::json_schema!({ "type": "string", "enum": words })
    }
}

/// What else a check relies on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Needs {
    /// Declared absent: not applicable.
    pub features: BTreeSet<NeededFeature>,
    /// Missing: could not run.
    pub facilities: BTreeSet<Facility>,
}

/// One entry of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// Its id, never reused.
    pub id: RequirementId,
    /// How binding it is.
    pub level: Level,
    /// What is required, in our words.
    pub title: String,
    /// Where it comes from: `S0` to `S4`, `C`, `B`, `D`.
    pub source: Vec<String>,
    /// What the source says, in our words.
    pub says: String,
    /// What a check of it relies on.
    #[serde(default)]
    pub needs: Needs,
    /// The editions in which it holds; absent: all.
    #[serde(default)]
    pub editions: BTreeSet<Edition>,
    /// The other command that judges it.
    #[serde(default)]
    pub judged_by: Option<String>,
    /// Why nothing judges it.
    #[serde(default)]
    pub excluded: Option<String>,
    /// Refusals that are as good as the expected one.
    #[serde(default)]
    pub allowed: BTreeMap<Refusal, BTreeSet<Refusal>>,
    /// Where the documents disagree.
    #[serde(default)]
    pub dispute: Option<String>,
}

/// One area: the ids that share a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Area {
    /// The prefix: `DEF`.
    pub id: String,
    /// Its heading.
    pub title: String,
}

/// The catalogue, in the order of its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Catalogue {
    /// Areas in order.
    pub areas: Vec<Area>,
    /// Entries in order.
    pub requirements: Vec<Requirement>,
}

impl Catalogue {
    /// Finds an entry.
    #[must_use]
    pub fn get(&self, id: &RequirementId) -> Option<&Requirement> {
        self.requirements
            .iter()
            .find(|requirement| requirement.id == *id)
    }
}
