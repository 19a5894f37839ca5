//! What measuring led to.

use proofup_binding::exchange::Exchange;

/// Everything that was measured, in the order in which it was.
#[derive(Debug, Clone, Default)]
pub struct MeasureReport {
    /// One of each requirement.
    pub measured: Vec<Measured>,
    /// It was interrupted before the last.
    pub interrupted: bool,
}

/// What was measured for one requirement.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The requirement.
    pub requirement: &'static str,
    /// The single tests.
    pub rows: Vec<MeasureRow>,
    /// What is wrong, where something is.
    pub findings: Vec<MeasureFinding>,
    /// How many findings were not kept: the first of their kind are enough.
    pub findings_left_out: usize,
    /// Why it, or a part of it, could not be measured.
    pub unable: Vec<String>,
    /// The target declares that it has nothing to measure here, and this is what it lacks.
    pub not_applicable: Option<String>,
}

/// One test of a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasureRow {
    /// What was tested.
    pub what: String,
    /// How many samples were.
    pub samples: usize,
    /// What came out, in words.
    pub statistic: String,
    /// Between what it has to lie, in words.
    pub threshold: String,
    /// How often what is sound fails the test all the same; none where that cannot happen.
    pub false_alarm: Option<f64>,
    /// Whether it holds.
    pub holds: bool,
}

/// One drawn request that was answered as it must not be.
#[derive(Debug, Clone)]
pub struct MeasureFinding {
    /// The number that draws it again.
    pub number: usize,
    /// Where it was sent: the endpoint, or the kind of shape.
    pub place: String,
    /// What was sent, in words.
    pub sent: String,
    /// What is wrong with what came back.
    pub wrong: String,
    /// The request and what came back; masked.
    pub exchange: Option<Exchange>,
}

/// What became of one requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureJudgement {
    /// Everything holds.
    Holds,
    /// Something fails.
    Fails,
    /// It could not be measured.
    CouldNotRun,
    /// The target declares that it has nothing to measure.
    NotApplicable,
}

impl MeasureJudgement {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::CouldNotRun => "could not run",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// How measuring ended as a whole, the most pressing last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MeasureEnding {
    /// Everything that applies holds.
    Holds,
    /// Something could not be measured.
    Incomplete,
    /// Something fails.
    Fails,
    /// It was interrupted.
    Interrupted,
}

impl MeasureEnding {
    /// Returns the exit code (`decisions.md` 10).
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Fails => 1,
            Self::Incomplete => 3,
            Self::Interrupted => 130,
        }
    }
}

impl Measured {
    /// Begins with nothing measured.
    #[must_use]
    pub const fn new(requirement: &'static str) -> Self {
        Self {
            requirement,
            rows: Vec::new(),
            findings: Vec::new(),
            findings_left_out: 0,
            unable: Vec::new(),
            not_applicable: None,
        }
    }

    /// Returns what became of the requirement.
    #[must_use]
    pub fn judgement(&self) -> MeasureJudgement {
        if !self.findings.is_empty() || self.rows.iter().any(|row| !row.holds) {
            MeasureJudgement::Fails
        } else if !self.unable.is_empty() {
            MeasureJudgement::CouldNotRun
        } else if self.not_applicable.is_some() {
            MeasureJudgement::NotApplicable
        } else if self.rows.is_empty() {
            MeasureJudgement::CouldNotRun
        } else {
            MeasureJudgement::Holds
        }
    }

    /// Sums up how often what is sound fails all the same.
    #[must_use]
    pub fn false_alarm(&self) -> f64 {
        let rates = self.rows.iter().filter_map(|row| row.false_alarm);
        rates.fold(0.0, |sum, rate| sum + rate)
    }

    /// Keeps a finding, or counts it: the first of a kind in a few places are enough.
    pub(crate) fn find(&mut self, finding: MeasureFinding) {
        let known = self.findings.iter();
        let alike = known.filter(|known| known.wrong == finding.wrong);
        let places: Vec<&str> = alike.map(|known| known.place.as_str()).collect();
        if places.len() < KEPT_OF_A_KIND && !places.contains(&finding.place.as_str()) {
            self.findings.push(finding);
        } else {
            self.findings_left_out += 1;
        }
    }
}

/// Findings that are wrong in the same way, of which so many are kept.
const KEPT_OF_A_KIND: usize = 4;

impl MeasureReport {
    /// Finds what was measured for a requirement.
    #[must_use]
    pub fn of(&self, requirement: &str) -> Option<&Measured> {
        let mut measured = self.measured.iter();
        measured.find(|one| one.requirement == requirement)
    }

    /// Returns how it ended.
    #[must_use]
    pub fn ending(&self) -> MeasureEnding {
        let ends = |judgement| self.measured.iter().any(|one| one.judgement() == judgement);
        if self.interrupted {
            MeasureEnding::Interrupted
        } else if ends(MeasureJudgement::Fails) {
            MeasureEnding::Fails
        } else if ends(MeasureJudgement::CouldNotRun) || self.measured.is_empty() {
            MeasureEnding::Incomplete
        } else {
            MeasureEnding::Holds
        }
    }
}

impl MeasureRow {
    /// Makes a test whose statistic may be as large as the threshold.
    pub(crate) fn at_most(
        what: impl Into<String>,
        samples: usize,
        statistic: f64,
        threshold: f64,
        false_alarm: f64,
    ) -> Self {
        Self {
            what: what.into(),
            samples,
            statistic: number(statistic),
            threshold: format!("at most {}", number(threshold)),
            false_alarm: Some(false_alarm),
            holds: statistic <= threshold,
        }
    }
}

/// Writes a number as people read it: whole, or with two digits.
fn number(value: f64) -> String {
    if value == 0.0 {
        // Also where a sum of nothing came out as minus nothing.
        "0".to_owned()
    } else if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else if value.is_finite() {
        format!("{value:.2}")
    } else {
        "none: no value differs from the others".to_owned()
    }
}
