//! What a matrix found: how much was judged, what differs, what could not be judged.

use std::collections::BTreeSet;

/// A policy was refused as one that cannot be met.
pub(super) use proofup_domain::answer::REFUSED;
use proofup_domain::method::Method;

use super::combination::Combination;

/// Counts the differences that are kept and told; the rest are counted.
pub const KEPT_MAX: usize = 20;

/// A policy was taken.
pub(super) const ACCEPTED: &str = "accepted";

/// What of an answer differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Whether the policy is taken or refused.
    Policy,
    /// The state after the sign-in.
    SignIn,
    /// What can be added.
    Available,
    /// By which kinds and for what it can be added.
    Details,
    /// The wizard's page.
    Wizard,
    /// What the wizard requires.
    Required,
    /// What may be set up in place of what the wizard proposes.
    Alternatives,
}

impl Aspect {
    /// Returns the aspect as the output spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::SignIn => "sign-in",
            Self::Available => "available",
            Self::Details => "kinds and purposes",
            Self::Wizard => "wizard",
            Self::Required => "required",
            Self::Alternatives => "alternatives",
        }
    }
}

/// What differs between an implementation and the oracle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatrixDifference {
    /// Under which policy, for which role.
    pub combination: Combination,
    /// For a user who has registered this.
    pub registered: Vec<Method>,
    /// In what.
    pub aspect: Aspect,
    /// What the oracle says.
    pub expected: String,
    /// What the implementation says.
    pub actual: String,
}

/// Why a combination could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupError {
    /// Which.
    pub combination: Combination,
    /// Why.
    pub why: String,
}

/// What a matrix found, in the order of the combinations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many were asked for.
    pub asked: u64,
    /// How many were judged.
    pub ran: u64,
    /// How many of these have a policy that is to be refused.
    pub invalid: u64,
    /// How many need something that the target declares absent.
    pub not_applicable: u64,
    /// What is to come of the combinations judged; each outcome once.
    pub outcomes: BTreeSet<PolicyOutcome>,
    /// In how many the implementation differs.
    pub different: u64,
    /// The first differences.
    pub differences: Vec<MatrixDifference>,
    /// How many could not be judged, though they were tried.
    pub troubled: u64,
    /// The first of them.
    pub troubles: Vec<LookupError>,
    /// Somebody asked to stop before the end.
    pub interrupted: bool,
}

/// An outcome: nothing where the policy is refused, else what can be added and what is required.
pub type PolicyOutcome = Option<(Vec<Method>, Vec<Method>)>;

impl Findings {
    /// Counts one that was judged, with what differs.
    pub(super) fn count(&mut self, outcome: PolicyOutcome, differences: Vec<MatrixDifference>) {
        self.ran += 1;
        self.invalid += u64::from(outcome.is_none());
        if !self.outcomes.contains(&outcome) {
            self.outcomes.insert(outcome);
        }
        self.different += u64::from(!differences.is_empty());
        keep(&mut self.differences, differences);
    }

    /// Counts one that could not be judged.
    pub(super) fn trouble(&mut self, trouble: LookupError) {
        self.troubled += 1;
        keep(&mut self.troubles, vec![trouble]);
    }

    /// Adds what was found later in the order.
    pub(super) fn append(&mut self, later: Self) {
        self.ran += later.ran;
        self.invalid += later.invalid;
        self.not_applicable += later.not_applicable;
        self.outcomes.extend(later.outcomes);
        self.different += later.different;
        keep(&mut self.differences, later.differences);
        self.troubled += later.troubled;
        keep(&mut self.troubles, later.troubles);
    }

    /// Counts those that were not reached.
    #[must_use]
    pub const fn not_reached(&self) -> u64 {
        let tried = self.ran + self.not_applicable + self.troubled;
        self.asked.saturating_sub(tried)
    }

    /// Returns how it ended.
    #[must_use]
    pub const fn ending(&self) -> MatrixEnding {
        if self.interrupted {
            MatrixEnding::Interrupted
        } else if self.different > 0 {
            MatrixEnding::Differs
        } else if self.troubled > 0 || self.not_reached() > 0 || self.ran == 0 {
            MatrixEnding::Incomplete
        } else {
            MatrixEnding::Agrees
        }
    }
}

/// How a matrix ended, the least pressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatrixEnding {
    /// Everything asked for was judged, and nothing differs.
    Agrees,
    /// Nothing differs, but something could not be judged.
    Incomplete,
    /// Something differs.
    Differs,
    /// It was interrupted.
    Interrupted,
}

impl MatrixEnding {
    /// Returns the exit code (`decisions.md` 10).
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Agrees => 0,
            Self::Differs => 1,
            Self::Incomplete => 3,
            Self::Interrupted => 130,
        }
    }

    /// Returns the ending in one word, as reports spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
        }
    }
}

fn keep<T>(kept: &mut Vec<T>, more: Vec<T>) {
    let room = KEPT_MAX.saturating_sub(kept.len());
    kept.extend(more.into_iter().take(room));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(count: u64) -> Findings {
        Findings {
            asked: count,
            ..Findings::default()
        }
    }

    fn difference() -> MatrixDifference {
        MatrixDifference {
            combination: Combination::new(7),
            registered: Vec::new(),
            aspect: Aspect::Available,
            expected: "email".to_owned(),
            actual: "-".to_owned(),
        }
    }

    #[test]
    fn what_is_missing_is_never_agreement() {
        let mut findings = asked(2);
        assert_eq!(findings.ending(), MatrixEnding::Incomplete);
        findings.count(None, Vec::new());
        assert_eq!(
            (findings.ending(), findings.not_reached()),
            (MatrixEnding::Incomplete, 1)
        );
        findings.count(Some((Vec::new(), Vec::new())), Vec::new());
        assert_eq!(findings.ending(), MatrixEnding::Agrees);
        assert_eq!(
            (findings.ran, findings.invalid, findings.outcomes.len()),
            (2, 1, 2)
        );
    }

    #[test]
    fn a_difference_counts_more_than_what_is_missing_and_an_interruption_more_than_both() {
        let mut findings = asked(9);
        findings.count(None, vec![difference()]);
        assert_eq!(findings.ending(), MatrixEnding::Differs);
        findings.interrupted = true;
        assert_eq!(findings.ending(), MatrixEnding::Interrupted);
    }

    #[test]
    fn all_differences_are_counted_and_twenty_are_kept() {
        let mut findings = asked(60);
        for _ in 0..3 {
            let mut part = Findings::default();
            for _ in 0..15 {
                part.count(None, vec![difference()]);
            }
            findings.append(part);
        }
        assert_eq!((findings.different, findings.differences.len()), (45, 20));
    }
}
