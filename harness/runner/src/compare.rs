//! Two runs side by side: which checks came out differently, and where the two transcripts of each case diverge.
//!
//! Transcripts hold aliases only, so those of two implementations are equal as long as both answer alike. The first line
//! in which they differ is the first thing that a person should look at; what follows may be its consequence.

use std::collections::BTreeMap;

use proofup_domain::requirement::RequirementId;
use proofup_judge::outcome::{CaseResult, CheckResult, Outcome};
use proofup_judge::report::{Facts, words};
use proofup_judge::verdict::{Conclusion, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of this form of report; it changes when a reader would have to.
pub const FORMAT: &str = "proofup-comparison-1";

/// How two runs of the same cases compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Comparison")]
pub struct RunComparison {
    /// Cases whose steps were answered alike, word by word.
    pub cases_identical: usize,
    /// Cases that only one side could begin, or neither.
    pub cases_not_compared: usize,
    /// Checks with the same outcome on both sides.
    pub checks_agreeing: usize,
    /// Checks whose outcomes differ, in file order.
    pub checks: Vec<CheckDifference>,
    /// Where the two sides diverge, a case each, in file order.
    pub divergences: Vec<Divergence>,
}

/// A check that came out differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckDifference {
    /// The case.
    pub case: String,
    /// The check.
    pub slug: String,
    /// The requirement.
    pub requirement: RequirementId,
    /// What became of it on the first side; absent where that side had no such check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<SideOutcome>,
    /// What became of it on the second side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<SideOutcome>,
}

/// What became of a check on one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Came")]
pub struct SideOutcome {
    /// In one word.
    pub outcome: OutcomeWord,
    /// The mismatches, or why it was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OutcomeWord {
    /// Exercised and right.
    Passed,
    /// Exercised and wrong.
    Failed,
    /// The target declares that the feature does not exist.
    NotApplicable,
    /// Could not be judged.
    CouldNotRun,
}

impl OutcomeWord {
    /// Spells the word for people.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotApplicable => "not applicable",
            Self::CouldNotRun => "could not run",
        }
    }
}

/// The first step of a case that the two sides answered differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Divergence {
    /// The case.
    pub case: String,
    /// The number of the step among those told in the transcripts, from 1.
    pub step: usize,
    /// When and what, where both sides did the same: `[T0] alice signIn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did: Option<String>,
    /// What came on the first side, or the whole line where the two did not do the same; absent: it ended before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<String>,
    /// What came on the second side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b: Option<String>,
}

/// A comparison as a file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComparisonReport {
    /// The form of this report: `proofup-comparison-1`.
    pub format: String,
    /// The version of the program.
    pub version: String,
    /// The seed of both runs.
    pub seed: u64,
    /// What narrowed both runs, as flags; empty: nothing.
    pub selection: Vec<String>,
    /// The exit code: the more pressing of the two.
    pub exit_code: u8,
    /// The first side.
    pub a: Side,
    /// The second side.
    pub b: Side,
    /// How they compare.
    pub comparison: RunComparison,
}

/// How one side ended; its own report has the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Side {
    /// The target's name.
    pub target: String,
    /// Where it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// How its run ended, in one word.
    pub word: Conclusion,
    /// The exit code of its run.
    pub exit_code: u8,
    /// Requirements by status.
    pub totals: proofup_judge::verdict::RequirementCounts,
}

impl Side {
    /// Returns how a run ended.
    #[must_use]
    pub fn new(facts: &Facts, verdict: &Verdict<'_>) -> Self {
        Self {
            target: facts.target.clone(),
            base_url: facts.base_url.clone(),
            word: verdict.word,
            exit_code: verdict.exit_code(),
            totals: verdict.totals,
        }
    }
}

impl ComparisonReport {
    /// Writes down two runs of one seed and selection.
    #[must_use]
    pub fn new(facts: &Facts, a: Side, b: Side, comparison: RunComparison) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: facts.version.clone(),
            seed: facts.seed,
            selection: facts.selection.clone(),
            exit_code: a.word.min(b.word).exit_code(),
            a,
            b,
            comparison,
        }
    }

    /// Spells the report as a file has it: indented, with a newline at the end.
    ///
    /// # Errors
    /// Never in practice: every value of a report serialises.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

/// Compares what two runs of the same cases led to.
///
/// The same checks of the same cases are set side by side; a case or check that one side does not have is a difference.
#[must_use]
pub fn compare(a: &[CaseResult], b: &[CaseResult]) -> RunComparison {
    let mut comparison = RunComparison::default();
    let others: BTreeMap<&str, &CaseResult> =
        b.iter().map(|case| (case.id.as_str(), case)).collect();
    let ones: BTreeMap<&str, &CaseResult> = a.iter().map(|case| (case.id.as_str(), case)).collect();
    let only_b = b.iter().filter(|case| !ones.contains_key(case.id.as_str()));
    let pairs = a
        .iter()
        .map(|case| (Some(case), others.get(case.id.as_str()).copied()))
        .chain(only_b.map(|case| (None, Some(case))));
    for (a, b) in pairs {
        comparison.checks_of(a, b);
        match (a, b) {
            (Some(a), Some(b)) => comparison.steps_of(a, b),
            _ => comparison.cases_not_compared += 1,
        }
    }
    comparison
}

impl RunComparison {
    fn checks_of(&mut self, a: Option<&CaseResult>, b: Option<&CaseResult>) {
        let checks = |case: Option<&'_ CaseResult>| -> Vec<CheckResult> {
            case.map_or_else(Vec::new, |case| case.checks.clone())
        };
        let (ones, others) = (checks(a), checks(b));
        let case = a.or(b).map_or_else(String::new, |case| case.id.clone());
        let find = |list: &[CheckResult], slug: &str| {
            list.iter()
                .find(|check| check.slug == slug)
                .map(|check| came(&check.outcome))
        };
        let only_b = others
            .iter()
            .filter(|other| !ones.iter().any(|one| one.slug == other.slug));
        for check in ones.iter().chain(only_b) {
            let a = find(&ones, &check.slug);
            let b = find(&others, &check.slug);
            let word = |came: &Option<SideOutcome>| came.as_ref().map(|came| came.outcome);
            if word(&a) == word(&b) {
                self.checks_agreeing += 1;
                continue;
            }
            self.checks.push(CheckDifference {
                case: case.clone(),
                slug: check.slug.clone(),
                requirement: check.requirement.clone(),
                a,
                b,
            });
        }
    }

    fn steps_of(&mut self, a: &CaseResult, b: &CaseResult) {
        let ones: Vec<&str> = steps(&a.transcript).collect();
        let others: Vec<&str> = steps(&b.transcript).collect();
        if ones.is_empty() || others.is_empty() {
            self.cases_not_compared += 1;
            return;
        }
        let length = ones.len().max(others.len());
        let at = (0..length).find(|at| ones.get(*at) != others.get(*at));
        match at {
            None => self.cases_identical += 1,
            Some(at) => {
                let (one, other) = (ones.get(at).copied(), others.get(at).copied());
                self.divergences.push(divergence(&a.id, at + 1, one, other));
            }
        }
    }
}

/// Returns the lines of a transcript that tell steps: `[T0] alice signIn -> state=signedIn`.
fn steps(transcript: &str) -> impl Iterator<Item = &str> {
    transcript.lines().filter(|line| line.starts_with('['))
}

fn divergence(case: &str, step: usize, a: Option<&str>, b: Option<&str>) -> Divergence {
    let parts = |line: Option<&'_ str>| -> Option<(String, String)> {
        let (did, came) = line?.split_once(ANSWERED)?;
        Some((did.to_owned(), came.to_owned()))
    };
    let (did, a, b) = match (parts(a), parts(b)) {
        (Some((did, one)), Some((same, other))) if did == same => {
            (Some(did), Some(one), Some(other))
        }
        _ => (None, a.map(str::to_owned), b.map(str::to_owned)),
    };
    Divergence {
        case: case.to_owned(),
        step,
        did,
        a,
        b,
    }
}

fn came(outcome: &Outcome) -> SideOutcome {
    let (word, why) = match outcome {
        Outcome::Passed => (OutcomeWord::Passed, None),
        Outcome::Failed(mismatches) => {
            let told: Vec<String> = mismatches.iter().map(words::mismatch).collect();
            (OutcomeWord::Failed, Some(told.join("; ")))
        }
        Outcome::NotApplicable(_) => (OutcomeWord::NotApplicable, words::why(outcome)),
        Outcome::CouldNotRun(_) => (OutcomeWord::CouldNotRun, words::why(outcome)),
    };
    SideOutcome { outcome: word, why }
}

/// What stands between a step and its answer in a transcript.
const ANSWERED: &str = " -> ";

#[cfg(test)]
mod tests;
