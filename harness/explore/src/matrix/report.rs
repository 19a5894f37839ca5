//! The matrix as JSON, for other programs.
//!
//! **Invariant:** two matrices that find the same give equal reports but for the `run` object.

use proofup_domain::method::{Method, Role};
use proofup_domain::policy::Policy;
use schemars::JsonSchema;
use serde::Serialize;

use super::REQUIREMENT;
use super::finding::{Findings, MatrixDifference, MatrixEnding};

/// The version of this form of report; it changes when a reader would have to.
pub const FORMAT: &str = "proofup-matrix-1";

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Report")]
pub struct MatrixReport {
    /// The form of this report: `proofup-matrix-1`.
    pub format: &'static str,
    /// The version of the program.
    pub version: String,
    /// The name of the target.
    pub target: String,
    /// How it ended: `agrees`, `differs`, `incomplete` or `interrupted`.
    pub verdict: &'static str,
    /// The exit code.
    pub exit_code: u8,
    /// The requirement that is judged.
    pub requirement: &'static str,
    /// What was judged: one entry for users who have registered nothing, one more for those who have.
    pub axes: Vec<Axis>,
    /// Everything that differs between two equal matrices.
    pub run: MatrixRun,
}

/// What was found among some of the combinations.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Axis {
    /// How many methods the users have registered at most.
    pub registered_max: usize,
    /// How many were to be judged.
    pub asked: u64,
    /// How many were judged.
    pub ran: u64,
    /// How many of these have a policy that is to be refused.
    pub invalid: u64,
    /// How many need something that the target declares absent.
    pub not_applicable: u64,
    /// How many could not be judged.
    pub could_not_run: u64,
    /// How many distinct outcomes the oracle has for those judged.
    pub distinct_outcomes: usize,
    /// How many differ.
    pub different: u64,
    /// The first differences.
    pub differences: Vec<ToldDifference>,
    /// Why the first that could not be judged could not.
    pub troubles: Vec<String>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToldDifference {
    /// The number of the combination.
    pub combination: u16,
    /// The policy.
    pub policy: Policy,
    /// The role.
    pub role: Role,
    /// What the user has registered.
    pub registered: Vec<Method>,
    /// What differs.
    pub aspect: &'static str,
    /// What the oracle says.
    pub expected: String,
    /// What the target says.
    pub actual: String,
}

/// What differs between two equal matrices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Run")]
pub struct MatrixRun {
    /// How the target was asked: `inProcess`, `loopback` or `http`.
    pub transport: String,
    /// How long it took, in milliseconds.
    pub wall_ms: u64,
}

impl MatrixReport {
    /// Makes the report of what was found; the greatest number of registered methods stands beside each part.
    #[must_use]
    pub fn new(
        version: &str,
        target: &str,
        ending: MatrixEnding,
        found: &[(usize, Findings)],
        run: MatrixRun,
    ) -> Self {
        Self {
            format: FORMAT,
            version: version.to_owned(),
            target: target.to_owned(),
            verdict: ending.as_str(),
            exit_code: ending.exit_code(),
            requirement: REQUIREMENT,
            axes: found
                .iter()
                .map(|(max, found)| Axis::new(*max, found))
                .collect(),
            run,
        }
    }
}

impl Axis {
    fn new(registered_max: usize, found: &Findings) -> Self {
        Self {
            registered_max,
            asked: found.asked,
            ran: found.ran,
            invalid: found.invalid,
            not_applicable: found.not_applicable,
            could_not_run: found.troubled + found.not_reached(),
            distinct_outcomes: found.outcomes.len(),
            different: found.different,
            differences: found.differences.iter().map(ToldDifference::new).collect(),
            troubles: found
                .troubles
                .iter()
                .map(|trouble| trouble.why.clone())
                .collect(),
        }
    }
}

impl ToldDifference {
    fn new(difference: &MatrixDifference) -> Self {
        Self {
            combination: difference.combination.number(),
            policy: difference.combination.policy(),
            role: difference.combination.role(),
            registered: difference.registered.clone(),
            aspect: difference.aspect.as_str(),
            expected: difference.expected.clone(),
            actual: difference.actual.clone(),
        }
    }
}
