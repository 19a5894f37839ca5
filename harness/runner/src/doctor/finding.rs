//! What the doctor finds: data, to be printed by whoever asked.

use std::collections::BTreeSet;

use proofup_binding::exchange::{Exchange, masked};
use proofup_domain::secret::Secret;
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
    /// The file binds none of the operations that it is about; which, in words.
    NotBound(String),
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
            Self::NotBound(_) => "notBound",
            Self::NotReached(_) => "notReached",
        }
    }
}

/// What all findings come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoctorConclusion {
    /// Nothing is wrong, and every probe of what is declared was reached.
    Right,
    /// Something is wrong.
    Wrong,
    /// Nothing was found wrong, and some probes were not reached.
    Incomplete,
}

impl DoctorConclusion {
    /// Draws the conclusion.
    #[must_use]
    pub fn of(findings: &[ProbeFinding]) -> Self {
        let any = |is: fn(&Probed) -> bool| findings.iter().any(|one| is(&one.result));
        if any(|result| matches!(result, Probed::Wrong(_))) {
            Self::Wrong
        } else if any(|result| matches!(result, Probed::NotReached(_))) {
            Self::Incomplete
        } else {
            Self::Right
        }
    }

    /// Spells the conclusion as JSON does.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Incomplete => "incomplete",
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

impl Diagnosis {
    /// Masks secrets that became known only after it was made, wherever it could show them.
    pub(crate) fn mask(&mut self, secrets: &BTreeSet<Secret>) {
        for exchange in &mut self.exchanges {
            exchange.mask(secrets);
        }
        for text in [&mut self.says, &mut self.change] {
            *text = masked(text, secrets);
        }
    }
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
