//! What an expectation names: reasons and fields, wherever they stand.

use std::collections::BTreeSet;

use super::{AnswersPattern, Expectation, FieldPatterns, Pattern};
use crate::answer::REFUSED;
use crate::refusal::Refusal;

/// What an expectation names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named<'e> {
    /// The reasons for refusals.
    pub reasons: BTreeSet<Refusal>,
    /// The fields, of objects in fields, too.
    pub fields: BTreeSet<&'e str>,
}

impl Expectation {
    /// Lists what it names.
    #[must_use]
    pub fn named(&self) -> Named<'_> {
        let mut named = Named::default();
        named.look(self);
        named
    }
}

impl<'e> Named<'e> {
    fn look(&mut self, expectation: &'e Expectation) {
        match expectation {
            Expectation::Success(wanted) => self.fields(wanted),
            Expectation::Refused(wanted) => {
                self.reasons.extend(wanted.reasons.as_slice());
                self.fields(&wanted.details);
            }
            Expectation::Together(wanted) => {
                self.fields(&wanted.counts);
                wanted
                    .counts
                    .get(REFUSED)
                    .into_iter()
                    .for_each(|one| self.words(one));
                wanted.answers.iter().for_each(|one| self.answers(one));
            }
            Expectation::AnyOf(several) => several.iter().for_each(|one| self.look(one)),
        }
    }

    fn answers(&mut self, answers: &'e AnswersPattern) {
        match answers {
            AnswersPattern::Each(list)
            | AnswersPattern::Has(list)
            | AnswersPattern::Lacks(list) => list.iter().for_each(|one| self.look(one)),
            AnswersPattern::AnyOf(several) => several.iter().for_each(|one| self.answers(one)),
        }
    }

    fn fields(&mut self, wanted: &'e FieldPatterns) {
        for (name, pattern) in wanted.iter() {
            self.fields.insert(name);
            self.pattern(pattern);
        }
    }

    fn pattern(&mut self, pattern: &'e Pattern) {
        match pattern {
            Pattern::Fields(wanted) => self.fields(wanted),
            Pattern::List(list)
            | Pattern::Has(list)
            | Pattern::Lacks(list)
            | Pattern::AnyOf(list) => list.iter().for_each(|one| self.pattern(one)),
            Pattern::Text(_)
            | Pattern::Bool(_)
            | Pattern::Number(_)
            | Pattern::AtMost(_)
            | Pattern::AtLeast(_)
            | Pattern::Absent => {}
        }
    }

    /// Takes the reasons that are counted of several commands at once.
    fn words(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Text(text) => self.reasons.extend(Refusal::from_word(text)),
            Pattern::List(list)
            | Pattern::Has(list)
            | Pattern::Lacks(list)
            | Pattern::AnyOf(list) => list.iter().for_each(|one| self.words(one)),
            _ => {}
        }
    }
}
