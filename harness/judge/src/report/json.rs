//! The JSON report, and its schema.
//!
//! **Invariant:** two runs with one seed give equal reports but for the `run` object; whatever is volatile is in there.

use std::collections::BTreeMap;

use proofup_domain::capabilities::Capabilities;
use proofup_domain::edition::Edition;
use proofup_domain::requirement::{Level, RequirementId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outcome::{CaseResult, Mismatch, Outcome};
use crate::report::exchange::ToldExchange;
use crate::report::{Facts, words};
use crate::verdict::{
    CheckStatus, Conclusion, JudgedCheck, JudgedRequirement, RequirementCounts, RequirementStatus,
    Verdict,
};

/// The version of this form of report; it changes when a reader would have to.
pub const FORMAT: &str = "proofup-report-1";

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Report")]
pub struct RunReport {
    /// The form of this report: `proofup-report-1`.
    pub format: String,
    /// The version of the program.
    pub version: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The editions judged.
    pub editions: Vec<Edition>,
    /// The level asked for: at `must`, a missed should is a warning.
    pub level: Level,
    /// What narrowed the run, as flags; empty: nothing.
    pub selection: Vec<String>,
    /// The target.
    pub target: ReportTarget,
    /// The scenarios.
    pub suite: ReportSuite,
    /// How it ended.
    pub verdict: ReportEnding,
    /// Requirements by status.
    pub totals: RequirementCounts,
    /// Requirements by area and status.
    pub areas: Vec<ReportArea>,
    /// Requirements, in catalogue order.
    pub requirements: Vec<ReportRequirement>,
    /// Cases with their checks, in file order.
    pub cases: Vec<ReportCase>,
    /// Everything that differs between two equal runs.
    pub run: ReportRun,
}

/// What is known of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Target")]
pub struct ReportTarget {
    /// Its name.
    pub name: String,
    /// How its time is moved.
    pub clock_mode: String,
    /// What it declares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declares: Option<Capabilities>,
}

/// What is known of the scenarios.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Suite")]
pub struct ReportSuite {
    /// `embedded`, or a folder.
    pub origin: String,
    /// The hash of its files.
    pub hash: String,
}

/// How the run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Ending")]
pub struct ReportEnding {
    /// In one word.
    pub word: Conclusion,
    /// The exit code.
    pub exit_code: u8,
    /// Every word that applies, the most pressing first.
    pub reasons: Vec<Conclusion>,
    /// Musts that nothing exercised, but for those not applicable or judged by another command.
    pub musts_not_exercised: Vec<RequirementId>,
    /// Exemptions whose checks pass.
    pub stale_exemptions: Vec<String>,
    /// Checks that an exemption covers.
    pub exempted_checks: usize,
    /// What broke in the harness.
    pub internal_errors: Vec<String>,
}

/// The counts of one area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Area")]
pub struct ReportArea {
    /// The prefix of its ids.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Its requirements by status.
    pub counts: RequirementCounts,
}

/// What is said about one requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Requirement")]
pub struct ReportRequirement {
    /// Its id.
    pub id: RequirementId,
    /// How binding it is.
    pub level: Level,
    /// What is required.
    pub title: String,
    /// Where it comes from.
    pub source: Vec<String>,
    /// What the source says, in our words.
    pub says: String,
    /// `passed`, `failed`, `warning`, `notApplicable`, `couldNotRun`, `exempted` or `notExercised`.
    pub status: String,
    /// Why nothing exercised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Its checks, by case and slug.
    pub checks: Vec<CheckRef>,
}

/// Points at a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckRef {
    /// The case.
    pub case: String,
    /// The slug.
    pub slug: String,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Case")]
pub struct ReportCase {
    /// File stem and edition.
    pub id: String,
    /// The scenario's path.
    pub file: String,
    /// Its title.
    pub title: String,
    /// The edition.
    pub edition: Edition,
    /// Its judged checks, in file order.
    pub checks: Vec<ReportCheck>,
    /// What broke in the harness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_error: Option<String>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Check")]
pub struct ReportCheck {
    /// The slug.
    pub slug: String,
    /// The requirement.
    pub requirement: RequirementId,
    /// What it counts as.
    pub status: CheckStatus,
    /// The line of its `check`.
    pub line: usize,
    /// The line of its `expect`.
    pub expect_line: usize,
    /// What was done.
    pub command: String,
    /// What differs between a refusal and its control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_difference: Option<String>,
    /// Why it was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The reason of the exemption that covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exemption: Option<String>,
    /// What was expected and what came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mismatches: Vec<ReportDifference>,
    /// The exchanges, of a check that did not pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<ToldExchange>,
}

/// One mismatch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Difference")]
pub struct ReportDifference {
    /// Where in the answer.
    pub path: String,
    /// What the file says.
    pub expected: Value,
    /// What came; absent where the field is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<Value>,
}

/// Everything that differs between two equal runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Run")]
pub struct ReportRun {
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339.
    pub finished_at: String,
    /// How long it took, in milliseconds.
    pub wall_ms: u64,
    /// Cases side by side.
    pub jobs: usize,
    /// How requests travelled.
    pub transport: String,
    /// Where the target answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The operating system and processor.
    pub machine: String,
    /// How long each case took, in milliseconds.
    pub case_wall_ms: BTreeMap<String, u64>,
}

impl RunReport {
    /// Writes down a run.
    #[must_use]
    pub fn new(facts: &Facts, verdict: &Verdict<'_>, cases: &[CaseResult]) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: facts.version.clone(),
            seed: facts.seed,
            editions: facts.editions.clone(),
            level: facts.level,
            selection: facts.selection.clone(),
            target: ReportTarget {
                name: facts.target.clone(),
                clock_mode: facts.clock_mode.clone(),
                declares: facts.capabilities.clone(),
            },
            suite: ReportSuite {
                origin: facts.suite_origin.clone(),
                hash: facts.suite_hash.clone(),
            },
            verdict: ending(verdict),
            totals: verdict.totals,
            areas: verdict
                .areas
                .iter()
                .map(|area| ReportArea {
                    id: area.id.to_owned(),
                    title: area.title.to_owned(),
                    counts: area.counts,
                })
                .collect(),
            requirements: verdict.requirements.iter().map(requirement).collect(),
            cases: judged_cases(verdict, cases),
            run: run(facts, cases),
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

/// Returns the JSON Schema of a report.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(RunReport).to_value()
}

fn ending(verdict: &Verdict<'_>) -> ReportEnding {
    let strays = verdict
        .strays
        .iter()
        .map(|slug| format!("`{slug}` is not in the catalogue"));
    let broken = verdict
        .broken
        .iter()
        .map(|(case, error)| format!("{case}: {error}"));
    ReportEnding {
        word: verdict.word,
        exit_code: verdict.exit_code(),
        reasons: verdict.reasons.iter().copied().collect(),
        musts_not_exercised: verdict
            .musts_not_exercised
            .iter()
            .map(|id| (*id).clone())
            .collect(),
        stale_exemptions: verdict
            .stale
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        exempted_checks: verdict.exemptions_used,
        internal_errors: broken.chain(strays).collect(),
    }
}

fn requirement(judged: &JudgedRequirement<'_>) -> ReportRequirement {
    let entry = judged.requirement;
    let why = match &judged.status {
        RequirementStatus::NotExercised(why) => Some(words::not_exercised(why)),
        _ => None,
    };
    let check = |check: &JudgedCheck<'_>| CheckRef {
        case: check.case.id.clone(),
        slug: check.result.slug.clone(),
    };
    ReportRequirement {
        id: entry.id.clone(),
        level: entry.level,
        title: entry.title.clone(),
        source: entry.source.clone(),
        says: entry.says.clone(),
        status: judged.status.as_str().to_owned(),
        why,
        checks: judged.checks.iter().map(check).collect(),
    }
}

fn judged_cases(verdict: &Verdict<'_>, cases: &[CaseResult]) -> Vec<ReportCase> {
    let judged = verdict.by_check();
    let case = |case: &CaseResult| {
        let own = case
            .checks
            .iter()
            .filter_map(|result| judged.get(&(case.id.as_str(), result.slug.as_str())));
        ReportCase {
            id: case.id.clone(),
            file: case.file.clone(),
            title: case.title.clone(),
            edition: case.edition,
            checks: own.map(|judged| check(judged)).collect(),
            internal_error: case.internal_error.clone(),
        }
    };
    cases.iter().map(case).collect()
}

fn check(judged: &JudgedCheck<'_>) -> ReportCheck {
    let result = judged.result;
    let mismatches: &[Mismatch] = match &result.outcome {
        Outcome::Failed(mismatches) => mismatches,
        Outcome::Passed | Outcome::NotApplicable(_) | Outcome::CouldNotRun(_) => &[],
    };
    let exchanges: &[_] = if judged.status == CheckStatus::Passed {
        &[]
    } else {
        &result.exchanges
    };
    let difference = |mismatch: &Mismatch| ReportDifference {
        path: mismatch.path.clone(),
        expected: mismatch.expected.clone(),
        actual: mismatch.actual.clone(),
    };
    ReportCheck {
        slug: result.slug.clone(),
        requirement: result.requirement.clone(),
        status: judged.status,
        line: result.line,
        expect_line: result.expect_line,
        command: result.command.clone(),
        control_difference: result.control_difference.clone(),
        why: words::why(&result.outcome),
        exemption: judged.exemption.map(str::to_owned),
        mismatches: mismatches.iter().map(difference).collect(),
        exchanges: exchanges.iter().map(ToldExchange::from).collect(),
    }
}

fn run(facts: &Facts, cases: &[CaseResult]) -> ReportRun {
    ReportRun {
        started_at: facts.started_at.to_string(),
        finished_at: facts.finished_at.to_string(),
        wall_ms: facts.wall_ms(),
        jobs: facts.jobs,
        transport: facts.transport.clone(),
        base_url: facts.base_url.clone(),
        machine: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        case_wall_ms: cases
            .iter()
            .map(|case| (case.id.clone(), case.wall_ms))
            .collect(),
    }
}
