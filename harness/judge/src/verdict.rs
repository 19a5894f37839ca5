//! The verdict: what a run says about a target, requirement by requirement, and how the process ends.
//!
//! Checks are judged one by one; a requirement is judged by all its checks; the run is judged by all its requirements.
//! The rules are `decisions.md` 2, 4, 9 and 10. They are plain functions over data, so they can be tested as an algebra.
//!
//! **Invariant:** a must of the denominator without an executed check never ends in exit code 0, unless a reviewed
//! exemption covers it, and then the word says so and the number of such musts is told.

mod denominator;
mod status;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use proofup_domain::requirement::{Catalogue, Level, Requirement, RequirementId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exemption::Exemptions;
use crate::outcome::{CaseResult, CheckResult};
pub use denominator::RunScope;
pub use status::{CheckStatus, NotExercised, RequirementStatus};

/// All that a verdict follows from.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What is required.
    pub catalogue: &'a Catalogue,
    /// What the run found, in file order.
    pub cases: &'a [CaseResult],
    /// What was asked for.
    pub scope: &'a RunScope,
    /// The listed known failures.
    pub exemptions: &'a Exemptions,
    /// The level below which a failure is a warning: [`Level::Should`] judges everything.
    pub level: Level,
    /// The user stopped the run.
    pub interrupted: bool,
}

/// How a run ended, in one word; later words yield to earlier ones (`decisions.md` 10).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Word")]
pub enum Conclusion {
    /// The harness broke: a bug of ours.
    HarnessBroke,
    /// The user stopped the run.
    Interrupted,
    /// A requirement failed.
    Nonconforming,
    /// An exempted check passes: the exemption must go.
    StaleExemptions,
    /// An applicable must could not be judged.
    Incomplete,
    /// No check was selected.
    NothingSelected,
    /// Everything that was judged held, except what is exempted.
    ConformsWithExemptions,
    /// Everything that was judged held.
    Conforms,
}

impl Conclusion {
    /// Returns the exit code of a run that ends in this word.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::HarnessBroke => 70,
            Self::Interrupted => 130,
            Self::Nonconforming | Self::StaleExemptions => 1,
            Self::Incomplete => 3,
            Self::NothingSelected => 4,
            Self::ConformsWithExemptions | Self::Conforms => 0,
        }
    }

    /// Returns the word as people read it; JSON has the camelCase name of the variant.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HarnessBroke => "a bug of proofup",
            Self::Interrupted => "interrupted",
            Self::Nonconforming => "nonconforming",
            Self::StaleExemptions => "stale",
            Self::Incomplete => "incomplete",
            Self::NothingSelected => "nothing selected",
            Self::ConformsWithExemptions => "conforms with exemptions",
            Self::Conforms => "conforms",
        }
    }
}

impl std::fmt::Display for Conclusion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a run says about one check of one case.
#[derive(Debug, Clone)]
pub struct JudgedCheck<'a> {
    /// The case that exercised it.
    pub case: &'a CaseResult,
    /// What the run found.
    pub result: &'a CheckResult,
    /// What that counts as.
    pub status: CheckStatus,
    /// The reason of the exemption that covers it.
    pub exemption: Option<&'a str>,
}

/// What a run says about one requirement.
#[derive(Debug, Clone)]
pub struct JudgedRequirement<'a> {
    /// The catalogue's entry.
    pub requirement: &'a Requirement,
    /// What the run says about it.
    pub status: RequirementStatus,
    /// Its selected checks, in file order.
    pub checks: Vec<JudgedCheck<'a>>,
}

/// Counts requirements by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Counts")]
pub struct RequirementCounts {
    /// Exercised and right.
    pub passed: usize,
    /// Exercised and wrong.
    pub failed: usize,
    /// Wrong, but below the level asked for.
    pub warning: usize,
    /// The target declares that the feature does not exist.
    pub not_applicable: usize,
    /// Could not be judged.
    pub could_not_run: usize,
    /// Wrong or not judged, and listed as known.
    pub exempted: usize,
    /// Judged by another command, excluded, or without a check.
    pub not_exercised: usize,
}

impl RequirementCounts {
    /// Adds one requirement.
    fn add(&mut self, status: &RequirementStatus) {
        let slot = match status {
            RequirementStatus::Passed => &mut self.passed,
            RequirementStatus::Failed => &mut self.failed,
            RequirementStatus::Warning => &mut self.warning,
            RequirementStatus::NotApplicable => &mut self.not_applicable,
            RequirementStatus::CouldNotRun => &mut self.could_not_run,
            RequirementStatus::Exempted => &mut self.exempted,
            RequirementStatus::NotExercised(_) => &mut self.not_exercised,
        };
        *slot += 1;
    }
}

/// The counts of one area.
#[derive(Debug, Clone)]
pub struct JudgedArea<'a> {
    /// The prefix: `DEF`.
    pub id: &'a str,
    /// Its heading.
    pub title: &'a str,
    /// Its requirements by status.
    pub counts: RequirementCounts,
}

/// What a run says about a target.
#[derive(Debug, Clone)]
pub struct Verdict<'a> {
    /// How it ended, in one word: the first of `reasons`.
    pub word: Conclusion,
    /// Every word that applies, the most pressing first.
    pub reasons: BTreeSet<Conclusion>,
    /// The requirements judged or set aside, in catalogue order.
    pub requirements: Vec<JudgedRequirement<'a>>,
    /// Counts per area, in catalogue order, of the areas that occur.
    pub areas: Vec<JudgedArea<'a>>,
    /// Counts over all areas.
    pub totals: RequirementCounts,
    /// The musts of the denominator that nothing exercised, but for those not applicable.
    pub musts_not_exercised: Vec<&'a RequirementId>,
    /// Exemptions whose checks pass, by what they name.
    pub stale: Vec<&'a str>,
    /// Exemptions that covered something.
    pub exemptions_used: usize,
    /// Checks judged.
    pub checks: usize,
    /// Checks that name no entry of the catalogue: the loader refuses them, so there is none unless we are wrong.
    pub strays: Vec<&'a str>,
    /// What broke in the harness, by case.
    pub broken: Vec<(&'a str, &'a str)>,
}

impl<'a> Verdict<'a> {
    /// Returns the exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.word.exit_code()
    }

    /// Finds judged checks by case id and slug.
    #[must_use]
    pub fn by_check(&self) -> BTreeMap<(&'a str, &'a str), &JudgedCheck<'a>> {
        let checks = self.requirements.iter().flat_map(|judged| &judged.checks);
        checks
            .map(|check| ((check.case.id.as_str(), check.result.slug.as_str()), check))
            .collect()
    }
}

/// Judges a run.
///
/// Requirement by requirement, over the selected checks; then the words that apply, of which the most pressing is
/// the verdict's.
#[must_use]
pub fn judge<'a>(evidence: &Evidence<'a>) -> Verdict<'a> {
    let mut checks = checks_by_requirement(evidence);
    let selected: usize = checks.values().map(Vec::len).sum();
    let mut requirements = Vec::new();
    for requirement in &evidence.catalogue.requirements {
        let own = checks.remove(&requirement.id).unwrap_or_default();
        if own.is_empty() && !evidence.scope.tells(&requirement.id) {
            continue;
        }
        let status = status::of_requirement(requirement, &own);
        requirements.push(JudgedRequirement {
            requirement,
            status,
            checks: own,
        });
    }
    let strays: Vec<&str> = checks
        .into_values()
        .flatten()
        .map(|check| check.result.slug.as_str())
        .collect();
    let broken: Vec<(&str, &str)> = evidence
        .cases
        .iter()
        .filter_map(|case| {
            case.internal_error
                .as_deref()
                .map(|error| (case.id.as_str(), error))
        })
        .collect();
    let stale = stale_exemptions(evidence.exemptions, &requirements);
    let mut totals = RequirementCounts::default();
    requirements
        .iter()
        .for_each(|judged| totals.add(&judged.status));
    let mut verdict = Verdict {
        word: Conclusion::Conforms,
        reasons: BTreeSet::new(),
        areas: areas(evidence.catalogue, &requirements),
        totals,
        musts_not_exercised: musts_not_exercised(&requirements),
        stale,
        exemptions_used: exemptions_used(&requirements),
        checks: selected,
        strays,
        broken,
        requirements,
    };
    verdict.reasons = reasons(evidence, &verdict);
    verdict.word = verdict
        .reasons
        .first()
        .copied()
        .unwrap_or(Conclusion::Conforms);
    verdict
}

/// Groups the selected checks by requirement and says what each counts as.
fn checks_by_requirement<'a>(
    evidence: &Evidence<'a>,
) -> BTreeMap<&'a RequirementId, Vec<JudgedCheck<'a>>> {
    let mut by_id: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for case in evidence.cases {
        for result in &case.checks {
            if !evidence.scope.selects(&result.requirement) {
                continue;
            }
            let level = evidence
                .catalogue
                .get(&result.requirement)
                .map_or(Level::Must, |requirement| requirement.level);
            let exemption = evidence.exemptions.covering(result);
            let status =
                status::of_check(&result.outcome, level, evidence.level, exemption.is_some());
            by_id
                .entry(&result.requirement)
                .or_default()
                .push(JudgedCheck {
                    case,
                    result,
                    status,
                    exemption: exemption.map(|entry| entry.reason.as_str()),
                });
        }
    }
    by_id
}

/// Returns the exemptions whose checks were exercised, of which none needed the exemption.
fn stale_exemptions<'a>(
    exemptions: &'a Exemptions,
    requirements: &[JudgedRequirement<'_>],
) -> Vec<&'a str> {
    exemptions
        .entries()
        .filter(|entry| {
            let own: Vec<_> = requirements
                .iter()
                .flat_map(|judged| &judged.checks)
                .filter(|check| entry.names(check.result))
                .collect();
            let passed = own.iter().any(|check| check.status == CheckStatus::Passed);
            let needed = own.iter().any(|check| entry.covers(check.result));
            passed && !needed
        })
        .map(|entry| entry.name())
        .collect()
}

/// Counts the checks that an exemption covers.
fn exemptions_used(requirements: &[JudgedRequirement<'_>]) -> usize {
    requirements
        .iter()
        .flat_map(|judged| &judged.checks)
        .filter(|check| check.status == CheckStatus::Exempted)
        .count()
}

/// Returns the ids of the musts of the denominator without an executed check, but for those not applicable.
fn musts_not_exercised<'a>(requirements: &[JudgedRequirement<'a>]) -> Vec<&'a RequirementId> {
    requirements
        .iter()
        .filter(|judged| judged.requirement.level == Level::Must)
        .filter(|judged| match &judged.status {
            RequirementStatus::NotApplicable => false,
            RequirementStatus::NotExercised(why) => *why == NotExercised::NoCheck,
            _ => !judged
                .checks
                .iter()
                .any(|check| status::executed(&check.result.outcome)),
        })
        .map(|judged| &judged.requirement.id)
        .collect()
}

/// Counts the requirements of each area.
fn areas<'a>(
    catalogue: &'a Catalogue,
    requirements: &[JudgedRequirement<'_>],
) -> Vec<JudgedArea<'a>> {
    catalogue
        .areas
        .iter()
        .filter_map(|area| {
            let mut counts = RequirementCounts::default();
            let mut own = requirements
                .iter()
                .filter(|judged| judged.requirement.id.area() == area.id)
                .peekable();
            own.peek()?;
            own.for_each(|judged| counts.add(&judged.status));
            Some(JudgedArea {
                id: &area.id,
                title: &area.title,
                counts,
            })
        })
        .collect()
}

/// Collects every word that applies.
fn reasons(evidence: &Evidence<'_>, verdict: &Verdict<'_>) -> BTreeSet<Conclusion> {
    let cut_short = verdict
        .requirements
        .iter()
        .flat_map(|judged| &judged.checks)
        .any(|check| status::not_reached(&check.result.outcome));
    let incomplete = cut_short
        || verdict.requirements.iter().any(|judged| {
            judged.requirement.level == Level::Must
                && matches!(
                    judged.status,
                    RequirementStatus::CouldNotRun
                        | RequirementStatus::NotExercised(NotExercised::NoCheck)
                )
        });
    let nothing = verdict.checks == 0;
    let applies = [
        (
            Conclusion::HarnessBroke,
            !verdict.broken.is_empty() || !verdict.strays.is_empty(),
        ),
        (Conclusion::Interrupted, evidence.interrupted),
        (Conclusion::Nonconforming, verdict.totals.failed > 0),
        (Conclusion::StaleExemptions, !verdict.stale.is_empty()),
        (
            Conclusion::Incomplete,
            incomplete && !(nothing && evidence.scope.narrowed()),
        ),
        (Conclusion::NothingSelected, nothing),
        (
            Conclusion::ConformsWithExemptions,
            verdict.exemptions_used > 0,
        ),
    ];
    applies
        .into_iter()
        .filter(|(_, holds)| *holds)
        .map(|(word, _)| word)
        .collect()
}
