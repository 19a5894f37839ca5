//! Outcomes: a judgement is data.

use std::collections::BTreeSet;

use proofup_binding::exchange::Exchange;
use proofup_domain::capabilities::Facility;
use proofup_domain::edition::Edition;
pub use proofup_domain::expect::Mismatch;
use proofup_domain::requirement::{NeededFeature, RequirementId};
use proofup_domain::secret::Secret;

/// What became of one check.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Exercised and right.
    Passed,
    /// Exercised and wrong: every mismatch.
    Failed(Vec<Mismatch>),
    /// The profile declares that the feature does not exist.
    NotApplicable(NotApplicable),
    /// The feature exists, and the check could not be judged.
    CouldNotRun(CouldNotRun),
}

/// What a target does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotApplicable {
    /// A feature, method or kind.
    Feature(NeededFeature),
    /// An edition.
    Edition(Edition),
    /// Something that a part of `run --full` needs, in words.
    Declared(String),
}

/// Why a check could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CouldNotRun {
    /// The harness lacks means that this target does not give.
    MissingFacilities(BTreeSet<Facility>),
    /// The target gives a means, and not as this case needs it: another policy, a clock that does not stand.
    Unfit {
        /// The means.
        facility: Facility,
        /// What is different.
        why: String,
    },
    /// An earlier step that had to succeed did not.
    Precondition {
        /// The file's line of that step.
        line: usize,
        /// What it did, and what came back.
        what: String,
    },
    /// The refusal's control did not succeed, so the refusal may have another cause.
    Control {
        /// The control's slug or id.
        control: String,
        /// What came back.
        what: String,
    },
    /// The doctor found before the run that the target file does not carry what the check needs.
    Probe {
        /// The probe: `email: right code`.
        probe: String,
        /// What it saw.
        says: String,
    },
    /// The target did not answer.
    Transport(String),
    /// The run ended before: deadline, interruption or `--max-failures`.
    NotReached(String),
}

/// One judged check of one case.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// The requirement.
    pub requirement: RequirementId,
    /// The slug: `DEF-11/last-second`.
    pub slug: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The scenario's path, as the suite names it.
    pub file: String,
    /// The line of the step's `check`, from 1.
    pub line: usize,
    /// The line of the step's `expect` (of its `check` where there is none), from 1.
    pub expect_line: usize,
    /// The command in one line, as the transcript tells it.
    pub command: String,
    /// What differs between a refusal and its control, as the loader found it.
    pub control_difference: Option<String>,
    /// The exchanges of the step, newest last, secrets masked.
    pub exchanges: Vec<Exchange>,
}

/// One case: a scenario in one edition.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// File stem + `[edition]`.
    pub id: String,
    /// The scenario's path.
    pub file: String,
    /// The scenario's title.
    pub title: String,
    /// The edition.
    pub edition: Edition,
    /// Every check of the file, in file order.
    pub checks: Vec<CheckResult>,
    /// The transcript: commands and abstract answers, in aliases.
    pub transcript: String,
    /// Every exchange, masked; only where `--trace` asked for it.
    pub trace: Vec<Exchange>,
    /// Wall time in milliseconds: volatile.
    pub wall_ms: u64,
    /// A trouble of the harness's own: exit code 70.
    pub internal_error: Option<String>,
    /// Every secret that the case made or met, so that a test can look for them everywhere; never told.
    pub secrets: BTreeSet<Secret>,
}
