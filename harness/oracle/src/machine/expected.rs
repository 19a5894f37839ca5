//! What an answer may be, by any reading of the design, and how an answer is held to it.

use std::borrow::Cow;

use proofup_domain::answer::Answer;
use proofup_domain::expect::{Allowed, Expectation, FieldPatterns, Mismatch, Pattern};
use proofup_domain::refusal::Refusal;
use serde_json::Value;

/// What a command may answer: any one of several expectations where the design leaves a choice.
///
/// Each is a partial match, as in a scenario file: what it does not name may be anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    alternatives: Vec<Expectation>,
    serves: Option<&'static str>,
    kept_out: Vec<KeptOut>,
    unbound: Option<&'static str>,
}

/// Something that no list of an answer may hold, and the requirement that keeps it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeptOut {
    pub(crate) word: &'static str,
    pub(crate) requirement: &'static str,
}

impl Expected {
    /// Returns the expectations, the preferred reading of the design first; empty if the command could not be done.
    #[must_use]
    pub fn alternatives(&self) -> &[Expectation] {
        &self.alternatives
    }

    /// Returns why the command could not be done at all: it names something that does not exist in the run.
    ///
    /// A code that nobody received or a session that was never begun: there is nothing to send, so there is no answer to
    /// judge. A generator drops such a command, or takes it as not applicable.
    #[must_use]
    pub const fn unbound(&self) -> Option<&'static str> {
        self.unbound
    }

    /// Returns the requirement for whose sake the preferred answer is what it is; none: the decision serves no rule that its
    /// refusal does not name already.
    #[must_use]
    pub const fn serves(&self) -> Option<&'static str> {
        self.serves
    }

    /// Returns the requirement that keeps a word out of the lists of the preferred answer, where one does.
    #[must_use]
    pub fn keeps_out(&self, word: &str) -> Option<&'static str> {
        let mut kept_out = self.kept_out.iter();
        let found = kept_out.find(|kept| kept.word == word)?;
        Some(found.requirement)
    }

    /// Whether success is among what is admitted.
    #[must_use]
    pub fn may_succeed(&self) -> bool {
        self.alternatives.iter().any(Expectation::may_succeed)
    }

    /// Returns the first expectation that leaves room for an answer that meets this one, too.
    #[must_use]
    pub fn meeting(&self, expectation: &Expectation) -> Option<&Expectation> {
        let mut alternatives = self.alternatives.iter();
        alternatives.find(|one| one.meets(expectation))
    }

    /// Compares an answer with the expectations.
    ///
    /// # Errors
    ///
    /// Every mismatch with the expectation that comes closest, as `path: expected, got`. An answer of the right kind comes
    /// closer than one of another, however much is wrong with it.
    pub fn admits(&self, answer: &Answer) -> Result<(), Vec<String>> {
        if let Some(why) = self.unbound {
            return Err(vec![format!("the command could not be done: {why}")]);
        }
        let mut closest: Option<Vec<Mismatch>> = None;
        let distance = |found: &[Mismatch]| (is_of_the_whole(found), found.len());
        for expectation in &self.alternatives {
            let found = expectation.compare(answer, &Allowed::new());
            if found.is_empty() {
                return Ok(());
            }
            if closest
                .as_ref()
                .is_none_or(|best| distance(&found) < distance(best))
            {
                closest = Some(found);
            }
        }
        Err(told(closest.unwrap_or_default(), answer))
    }

    /// Admits what is expected elsewhere, too: of a command that can be done in one of the states, what is expected there.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        match (self.unbound, other.unbound) {
            (Some(_), None) => other,
            (_, Some(_)) => self,
            (None, None) => {
                self.extend(other.alternatives);
                self
            }
        }
    }

    /// Returns an answer that meets the preferred expectation; none: the command could not be done.
    #[must_use]
    pub fn example(&self) -> Option<Answer> {
        self.alternatives.first().map(Expectation::example)
    }

    /// Returns what is expected as one expectation.
    #[must_use]
    pub fn to_expectation(&self) -> Expectation {
        match self.alternatives.as_slice() {
            [one] => one.clone(),
            several => Expectation::AnyOf(several.to_vec()),
        }
    }

    /// Writes what is expected as the `expect` of a scenario's step.
    #[must_use]
    pub fn to_expect(&self) -> Value {
        self.to_expectation().to_json()
    }

    pub(crate) fn of(told: Told) -> Self {
        let mut expected = Self {
            alternatives: Vec::new(),
            serves: None,
            kept_out: Vec::new(),
            unbound: None,
        };
        match told {
            Told::Answers(ruled) => {
                expected.serves = ruled.serves;
                expected.kept_out = ruled.kept_out;
                // As a rule there is one, which is like no other.
                if ruled.patterns.len() == 1 {
                    expected.alternatives = ruled.patterns;
                } else {
                    expected.extend(ruled.patterns);
                }
            }
            Told::Unbound(why) => expected.unbound = Some(why),
        }
        expected
    }

    pub(crate) fn extend(&mut self, patterns: Vec<Expectation>) {
        for pattern in patterns {
            if !self.alternatives.contains(&pattern) {
                self.alternatives.push(pattern);
            }
        }
    }
}

fn is_of_the_whole(found: &[Mismatch]) -> bool {
    matches!(found, [one] if one.path.is_empty())
}

/// Writes mismatches as lines; an answer of another kind is told by its kind.
fn told(mismatches: Vec<Mismatch>, answer: &Answer) -> Vec<String> {
    let line = |mismatch: Mismatch| {
        let Mismatch {
            path,
            expected,
            actual,
        } = mismatch;
        if path.is_empty() {
            return match answer {
                Answer::Refused { reason, .. } => {
                    format!("refused: expected success, got \"{reason}\"")
                }
                _ => match answer.unrecognised() {
                    Some(what) => format!("unrecognised: expected {expected}, got {what}"),
                    None => format!("success: expected {expected}, got {answer}"),
                },
            };
        }
        let actual = actual.map_or(Cow::Borrowed("nothing"), |got| got.to_string().into());
        format!("{path}: expected {expected}, got {actual}")
    };
    mismatches.into_iter().map(line).collect()
}

/// What one reading of the design answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Answers(RuledAnswers),
    Unbound(&'static str),
}

/// Answers, with the requirements for whose sake they are what they are.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct RuledAnswers {
    pub(crate) patterns: Vec<Expectation>,
    serves: Option<&'static str>,
    kept_out: Vec<KeptOut>,
}

impl From<Vec<Expectation>> for RuledAnswers {
    fn from(patterns: Vec<Expectation>) -> Self {
        Self {
            patterns,
            ..Self::default()
        }
    }
}

impl Told {
    fn answers(patterns: Vec<Expectation>) -> Self {
        Self::Answers(patterns.into())
    }

    /// Returns the same answers, with the requirement that the decision serves; what was named nearer to the decision stays.
    pub(crate) fn serving(mut self, requirement: &'static str) -> Self {
        if let Self::Answers(ruled) = &mut self {
            ruled.serves.get_or_insert(requirement);
        }
        self
    }

    /// Returns the same answers, with what is kept out of their lists, and why.
    pub(crate) fn keeping_out(mut self, kept_out: Vec<KeptOut>) -> Self {
        if let Self::Answers(ruled) = &mut self {
            ruled.kept_out = kept_out;
        }
        self
    }

    /// Answers with fields.
    pub(crate) fn success(fields: FieldPatterns) -> Self {
        Self::answers(vec![Expectation::Success(fields)])
    }

    /// Answers with nothing to tell.
    pub(crate) fn done() -> Self {
        Self::success(FieldPatterns::new())
    }

    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self::any_of(&[refusal])
    }

    /// Refuses for any one of several reasons.
    pub(crate) fn any_of(refusals: &[Refusal]) -> Self {
        let refused = refusals.iter().copied().map(Expectation::refused);
        Self::answers(refused.collect())
    }

    /// Refuses with something that goes with the reason.
    pub(crate) fn refused_with(
        refusal: Refusal,
        key: &'static str,
        value: impl Into<Pattern>,
    ) -> Self {
        let details = FieldPatterns::new().with(key, value);
        Self::answers(vec![Expectation::refused_with(refusal, details)])
    }

    /// Admits what another admits too.
    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Answers(mut mine), Self::Answers(theirs)) => {
                mine.patterns.extend(theirs.patterns);
                mine.serves = mine.serves.or(theirs.serves);
                Self::Answers(mine)
            }
            (one, _) => one,
        }
    }

    /// Admits these refusals too.
    pub(crate) fn or_refused(self, refusals: &[Refusal]) -> Self {
        self.or(Self::any_of(refusals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed_in() -> Told {
        Told::success(
            FieldPatterns::new()
                .with("state", "signedIn")
                .with("daysLeft", 3),
        )
    }

    #[track_caller]
    fn check(told: Told, answer: &Answer, lines: &[&str]) {
        let found = Expected::of(told).admits(answer);
        assert_eq!(found.err().unwrap_or_default(), lines);
    }

    const fn status(status: u16) -> Answer {
        Answer::Unrecognised { status, code: None }
    }

    #[test]
    fn mismatches_name_path_expectation_and_answer() {
        let answer = Answer::refused(Refusal::NotFound);
        let line = "refused: expected \"expired\", got \"notFound\"";
        check(Told::refused(Refusal::Expired), &answer, &[line]);
        check(
            signed_in(),
            &Answer::done(),
            &[
                "state: expected \"signedIn\", got nothing",
                "daysLeft: expected 3, got nothing",
            ],
        );
    }

    #[test]
    fn an_answer_of_another_kind_is_told_by_its_kind() {
        let answer = Answer::refused(Refusal::NotFound);
        let line = "refused: expected success, got \"notFound\"";
        check(signed_in(), &answer, &[line]);
        let line = "unrecognised: expected {}, got status 500";
        check(Told::done(), &status(500), &[line]);
        let line = "unrecognised: expected {\"refused\":\"expired\"}, got status 500";
        check(Told::refused(Refusal::Expired), &status(500), &[line]);
        let line = "success: expected {\"refused\":\"expired\"}, got {}";
        check(Told::refused(Refusal::Expired), &Answer::done(), &[line]);
    }

    #[test]
    fn an_answer_of_the_right_kind_comes_closest() {
        let either = signed_in().or_refused(&[Refusal::Expired]);
        let line = "refused: expected \"expired\", got \"notFound\"";
        check(either.clone(), &Answer::refused(Refusal::NotFound), &[line]);
        check(
            either,
            &Answer::done(),
            &[
                "state: expected \"signedIn\", got nothing",
                "daysLeft: expected 3, got nothing",
            ],
        );
    }
}
