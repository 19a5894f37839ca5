//! What a check and a requirement count as.

use proofup_domain::requirement::{Level, Requirement};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::outcome::{CouldNotRun, Outcome};
use crate::verdict::JudgedCheck;

/// What a check counts as; of several, the greatest decides for the requirement.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum CheckStatus {
    /// The target declares that the feature does not exist.
    NotApplicable,
    /// Exercised and right.
    Passed,
    /// Wrong or not judged, and listed as known.
    Exempted,
    /// Could not be judged.
    CouldNotRun,
    /// Wrong, but below the level asked for.
    Warning,
    /// Exercised and wrong.
    Failed,
}

/// Why nothing here exercises a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotExercised {
    /// Another command judges it: `matrix`.
    JudgedBy(String),
    /// Nothing judges it, for this reason.
    Excluded(String),
    /// The suite has no check of it.
    NoCheck,
}

/// What a requirement counts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequirementStatus {
    /// Every applicable check passed.
    Passed,
    /// A check failed.
    Failed,
    /// A check of a should failed, and only musts count.
    Warning,
    /// No check applies to what the target declares.
    NotApplicable,
    /// An applicable check could not run, and none failed.
    CouldNotRun,
    /// A check is exempted, and all others are right.
    Exempted,
    /// Nothing here exercises it.
    NotExercised(NotExercised),
}

impl RequirementStatus {
    /// Spells the status as JSON and output do.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Warning => "warning",
            Self::NotApplicable => "notApplicable",
            Self::CouldNotRun => "couldNotRun",
            Self::Exempted => "exempted",
            Self::NotExercised(_) => "notExercised",
        }
    }
}

impl From<CheckStatus> for RequirementStatus {
    fn from(status: CheckStatus) -> Self {
        match status {
            CheckStatus::NotApplicable => Self::NotApplicable,
            CheckStatus::Passed => Self::Passed,
            CheckStatus::Exempted => Self::Exempted,
            CheckStatus::CouldNotRun => Self::CouldNotRun,
            CheckStatus::Warning => Self::Warning,
            CheckStatus::Failed => Self::Failed,
        }
    }
}

/// Returns what a check counts as.
///
/// An exemption comes before the level: what is listed as known is told as known.
pub(super) fn of_check(
    outcome: &Outcome,
    level: Level,
    judged: Level,
    exempt: bool,
) -> CheckStatus {
    match outcome {
        Outcome::Passed => CheckStatus::Passed,
        Outcome::NotApplicable(_) => CheckStatus::NotApplicable,
        Outcome::Failed(_) | Outcome::CouldNotRun(_) if exempt => CheckStatus::Exempted,
        Outcome::Failed(_) if level == Level::Should && judged == Level::Must => {
            CheckStatus::Warning
        }
        Outcome::Failed(_) => CheckStatus::Failed,
        Outcome::CouldNotRun(_) => CheckStatus::CouldNotRun,
    }
}

/// Returns whether a check was exercised, whatever came of it.
pub(super) const fn executed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Passed | Outcome::Failed(_))
}

/// Returns whether the run ended before the check: a deadline, an interruption, or `--max-failures`.
pub(super) const fn not_reached(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::CouldNotRun(CouldNotRun::NotReached(_)))
}

/// Returns what a requirement counts as.
///
/// What another command judges stays set aside when its scripted checks hold; when one fails, that is told.
pub(super) fn of_requirement(
    requirement: &Requirement,
    checks: &[JudgedCheck<'_>],
) -> RequirementStatus {
    let worst = checks.iter().map(|check| check.status).max();
    // A command that `run --full` adds leaves a check of its own; the scripts' checks alone do not judge what it judges.
    let judged_beyond = checks
        .iter()
        .any(|check| check.result.file.starts_with(BEYOND_SCRIPTS));
    let aside = set_aside(requirement).filter(|_| !judged_beyond);
    match (worst, aside) {
        (Some(worst @ (CheckStatus::Failed | CheckStatus::Warning)), _) | (Some(worst), None) => {
            worst.into()
        }
        (_, Some(why)) => RequirementStatus::NotExercised(why),
        (None, None) => RequirementStatus::NotExercised(NotExercised::NoCheck),
    }
}

/// What the file of a check begins with that no scenario holds.
const BEYOND_SCRIPTS: &str = "proofup ";

/// Returns why the catalogue sets a requirement aside, if it does.
pub(super) fn set_aside(requirement: &Requirement) -> Option<NotExercised> {
    let excluded = requirement.excluded.clone().map(NotExercised::Excluded);
    excluded.or_else(|| requirement.judged_by.clone().map(NotExercised::JudgedBy))
}
