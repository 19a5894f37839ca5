//! What the doctor finds: data, to be printed by whoever asked.

use proofup_binding::exchange::Exchange;
use proofup_judge::outcome::CouldNotRun;
pub use proofup_world::MappingGap;
use proofup_world::UnprovenMapping;

/// What one probe found.
#[derive(Debug, Clone)]
pub struct ProbeFinding {
    /// What was probed: `sign-in`, `email: right code`.
    pub probe: String,
    /// What came of it.
    pub result: Probed,
}

/// What came of a probe.
#[derive(Debug, Clone)]
pub enum Probed {
    /// The mapping holds here.
    Ok,
    /// It cannot hold: everything that was seen, never empty.
    Wrong(Vec<Diagnosis>),
    /// It looks wrong, and the target file says why it is not: the reason, and what was seen.
    Known(String, Vec<Diagnosis>),
    /// The target does not declare what is probed; what that is.
    NotDeclared(String),
    /// Something before it is not right, or there is nobody to probe with; what, in words.
    NotReached(String),
}

impl Probed {
    /// Spells the result as JSON and output do.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Wrong(_) => "wrong",
            Self::Known(..) => "known",
            Self::NotDeclared(_) => "notDeclared",
            Self::NotReached(_) => "notReached",
        }
    }
}

/// What is wrong, and what to change in the target file.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// What was seen.
    pub says: String,
    /// What to change.
    pub change: String,
    /// The keys of the file that it may be about, the likeliest first: `operations.signIn.keep.session`.
    pub keys: Vec<String>,
    /// The line of the first key that the file has, from 1.
    pub line: Option<usize>,
    /// The request and what came back, masked; newest last.
    pub exchanges: Vec<Exchange>,
    /// What a run cannot judge as long as this is so.
    pub gaps: Vec<MappingGap>,
}

/// Collects the gaps that probes found, each with the finding that tells of it.
#[must_use]
pub fn unproven(findings: &[ProbeFinding]) -> UnprovenMapping {
    let mut gaps = Vec::new();
    for finding in findings {
        let Probed::Wrong(diagnoses) = &finding.result else {
            continue;
        };
        for diagnosis in diagnoses {
            let why = CouldNotRun::Probe {
                probe: finding.probe.clone(),
                says: diagnosis.says.clone(),
            };
            gaps.extend(diagnosis.gaps.iter().map(|gap| (gap.clone(), why.clone())));
        }
    }
    UnprovenMapping::new(gaps)
}
