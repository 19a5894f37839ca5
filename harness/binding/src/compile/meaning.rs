//! Compiles what answers mean: rules for successes and refusals.

use std::collections::BTreeMap;

use proofup_files::join;

use super::Compiler;
use crate::file::{AnswerFile, KeepFile, RefusalFile};
use crate::meaning::{AnswerRule, Meaning, RefusalRule};
use crate::operation::Operation;
use crate::source::Source;

impl Compiler<'_> {
    pub(super) fn meaning(
        &mut self,
        operation: Operation,
        answers: Vec<AnswerFile>,
        keep: BTreeMap<String, KeepFile>,
        refusals: Vec<RefusalFile>,
        pointer: &str,
    ) -> Meaning {
        let fields = operation.answer_fields().with_words(&self.words);
        let list = join(pointer, "answers");
        let mut rules = Vec::new();
        for (index, answer) in answers.into_iter().enumerate() {
            let at = format!("{list}/{index}");
            let recogniser = self.recogniser(answer.status, answer.conditions, &at);
            let fields = self.fields(
                operation.as_str(),
                &fields,
                answer.answer,
                &join(&at, "answer"),
            );
            rules.push(AnswerRule { recogniser, fields });
        }
        Meaning {
            answers: rules,
            refusals: self.refusals(refusals, pointer),
            keep: self.keep(operation, keep, &join(pointer, "keep")),
        }
    }

    pub(super) fn refusals(
        &mut self,
        refusals: Vec<RefusalFile>,
        pointer: &str,
    ) -> Vec<RefusalRule> {
        let list = join(pointer, "refusals");
        let mut rules = Vec::new();
        for (index, refusal) in refusals.into_iter().enumerate() {
            let at = format!("{list}/{index}");
            let recogniser = self.recogniser(refusal.status, refusal.conditions, &at);
            let fields = join(&at, "fields");
            let mut source = |name: &str, text: Option<String>| {
                text.and_then(|text| self.value(&join(&fields, name), Source::parse(&text)))
            };
            rules.push(RefusalRule {
                recogniser,
                refused: refusal.refused,
                tries_left: source("triesLeft", refusal.fields.tries_left),
                retry_after: source("retryAfter", refusal.fields.retry_after),
                field: source("field", refusal.fields.field),
            });
        }
        rules
    }
}
