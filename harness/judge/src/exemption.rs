//! Exemptions: known failures of one target, listed in a reviewed file, each with its reason (`decisions.md` 9).
//!
//! An exempted check still runs. What it lists must go on happening: an exemption whose checks pass is stale, and
//! fails the run; one that has expired, or that names nothing, is an error of the file.

mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::civil::Date;
use proofup_domain::requirement::RequirementId;
use proofup_files::FileErrors;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::outcome::{CheckResult, CouldNotRun, Outcome};

/// The exemptions of one target.
#[derive(Debug, Clone, Default)]
pub struct Exemptions(Vec<Exemption>);

/// One known failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// What it covers.
    pub covers: Covers,
    /// Why it is tolerated.
    pub reason: String,
    /// The first day on which it no longer holds.
    pub expires: Option<Date>,
    /// What it tolerates.
    pub outcome: ExemptOutcome,
}

/// Which checks an exemption covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covers {
    /// One check, by its slug: `DEF-4/last-day`.
    Check(String),
    /// Every check of a requirement.
    Requirement(RequirementId),
}

/// What an exemption tolerates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExemptOutcome {
    /// The check fails.
    #[default]
    Failed,
    /// The check cannot be judged.
    CouldNotRun,
}

/// Which checks there are, so that an exemption that names nothing is found.
#[derive(Debug, Clone, Copy)]
pub struct KnownChecks<'a> {
    /// The slugs of the loaded scenarios.
    pub slugs: &'a BTreeSet<String>,
    /// Whether these are all there are: not where paths chose some files.
    pub complete: bool,
    /// The ids of the catalogue.
    pub requirements: &'a BTreeSet<RequirementId>,
}

impl Exemptions {
    /// Reads an exemption file.
    ///
    /// `name` is told in errors; `today` decides what has expired; an entry holds until the day before `expires`.
    ///
    /// # Errors
    /// Fails with every problem of the file at once: unknown keys, wrong types, a missing reason, an expired entry,
    /// one that names no check, and two that name the same.
    pub fn parse(
        name: &str,
        text: &str,
        today: Date,
        known: &KnownChecks<'_>,
    ) -> Result<Self, FileErrors> {
        file::parse(name, text, today, known).map(Self)
    }

    /// Takes exemptions as they are.
    #[must_use]
    pub const fn new(entries: Vec<Exemption>) -> Self {
        Self(entries)
    }

    /// Lists them, in file order.
    pub fn entries(&self) -> impl Iterator<Item = &Exemption> {
        self.0.iter()
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Finds the exemption that covers what became of a check.
    #[must_use]
    pub fn covering(&self, check: &CheckResult) -> Option<&Exemption> {
        self.0.iter().find(|entry| entry.covers(check))
    }
}

impl Exemption {
    /// Returns what it names: a slug or an id.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.covers {
            Covers::Check(slug) => slug,
            Covers::Requirement(id) => &id.0,
        }
    }

    /// Returns whether it names a check.
    #[must_use]
    pub fn names(&self, check: &CheckResult) -> bool {
        match &self.covers {
            Covers::Check(slug) => *slug == check.slug,
            Covers::Requirement(id) => *id == check.requirement,
        }
    }

    /// Returns whether it covers what became of a check.
    ///
    /// A check that the run never reached says nothing about the target, so nothing covers it.
    #[must_use]
    pub fn covers(&self, check: &CheckResult) -> bool {
        let tolerated = match (&check.outcome, self.outcome) {
            (Outcome::Failed(_), ExemptOutcome::Failed) => true,
            (Outcome::CouldNotRun(why), ExemptOutcome::CouldNotRun) => {
                !matches!(why, CouldNotRun::NotReached(_))
            }
            _ => false,
        };
        tolerated && self.names(check)
    }
}
