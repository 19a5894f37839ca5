//! Compiles what answers mean: rules for successes and refusals, fields, names that are kept.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Compiler;
use crate::target::file::{AnswerFile, MadeFile, MappingFile, RefusalFile, StatusFile};
use crate::target::meaning::{AnswerRule, FieldRule, FieldRules, Meaning, Recogniser, RefusalRule};
use crate::target::operation::Operation;
use crate::target::problem::Problem;
use crate::target::shape::{FieldKind, Fields};
use crate::target::source::{Path, Source};
use crate::target::walk::join;

impl Compiler<'_> {
    pub(super) fn meaning(
        &mut self,
        operation: Operation,
        answers: Vec<AnswerFile>,
        keep: BTreeMap<String, String>,
        refusals: Vec<RefusalFile>,
        pointer: &str,
    ) -> Meaning {
        let fields = operation.answer_fields();
        let list = join(pointer, "answers");
        // Where rules were written and none is left, what is wrong with them was reported before.
        if answers.is_empty() && self.spans.value(&format!("{list}/0")).is_empty() {
            self.report_value(&list, Problem::NoAnswers);
        }
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

    fn keep(
        &mut self,
        operation: Operation,
        keep: BTreeMap<String, String>,
        pointer: &str,
    ) -> Vec<(crate::target::operation::KeepSpec, Source)> {
        let mut compiled = Vec::new();
        for (name, source) in keep {
            let at = join(pointer, &name);
            let source = self.value(&at, Source::parse(&source));
            match operation.keeps().iter().find(|spec| spec.name == name) {
                Some(spec) => compiled.extend(source.map(|source| (*spec, source))),
                None => {
                    let allowed = operation
                        .keeps()
                        .iter()
                        .map(|spec| spec.name.to_owned())
                        .collect();
                    let operation = operation.to_string();
                    self.report_key(
                        &at,
                        Problem::UnknownKeep {
                            operation,
                            name,
                            allowed,
                        },
                    );
                }
            }
        }
        compiled
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

    fn recogniser(
        &mut self,
        status: StatusFile,
        conditions: BTreeMap<String, Json>,
        pointer: &str,
    ) -> Recogniser {
        let at = join(pointer, "status");
        let listed = match status {
            StatusFile::One(status) => vec![status],
            StatusFile::AnyOf(statuses) => statuses,
        };
        let mut statuses = Vec::new();
        for status in listed {
            match u16::try_from(status) {
                Ok(known @ 100..=599) => statuses.push(known),
                _ => self.report_value(&at, Problem::BadStatus(status)),
            }
        }
        let at = join(pointer, "where");
        let mut compiled = Vec::new();
        for (path, wanted) in conditions {
            match Source::parse(&path) {
                Ok(source) => compiled.push((source, wanted)),
                Err(problem) => self.report_key(&join(&at, &path), problem),
            }
        }
        Recogniser {
            statuses,
            conditions: compiled,
        }
    }

    fn fields(
        &mut self,
        owner: &str,
        fields: &Fields,
        mappings: BTreeMap<String, MappingFile>,
        pointer: &str,
    ) -> FieldRules {
        let mut rules = Vec::new();
        for (name, mapping) in mappings {
            let at = join(pointer, &name);
            match fields.get(&name) {
                Some(kind) => {
                    let rule = self.field(&format!("{owner}.{name}"), kind, mapping, &at);
                    rules.extend(rule.map(|rule| (name, kind.clone(), rule)));
                }
                None => {
                    let allowed = fields.names().map(str::to_owned).collect();
                    let operation = owner.to_owned();
                    self.report_key(
                        &at,
                        Problem::UnknownAnswerField {
                            operation,
                            name,
                            allowed,
                        },
                    );
                }
            }
        }
        FieldRules(rules)
    }

    fn field(
        &mut self,
        name: &str,
        kind: &FieldKind,
        mapping: MappingFile,
        pointer: &str,
    ) -> Option<FieldRule> {
        match mapping {
            MappingFile::Path(path) => self
                .value(pointer, Source::parse(&path))
                .map(|source| FieldRule::First(vec![source])),
            MappingFile::FirstOf(paths) => {
                let mut sources = Vec::new();
                for (index, path) in paths.into_iter().enumerate() {
                    sources.extend(self.value(&format!("{pointer}/{index}"), Source::parse(&path)));
                }
                Some(FieldRule::First(sources))
            }
            MappingFile::Made(made) => self.made(name, kind, made, pointer),
        }
    }

    fn made(
        &mut self,
        name: &str,
        kind: &FieldKind,
        made: MadeFile,
        pointer: &str,
    ) -> Option<FieldRule> {
        match made {
            MadeFile {
                exists: Some(path),
                value: None,
                answer: None,
                each: None,
                at: None,
            } => self
                .value(&join(pointer, "exists"), Source::parse(&path))
                .map(FieldRule::Exists),
            MadeFile {
                value: Some(value),
                exists: None,
                answer: None,
                each: None,
                at: None,
            } => Some(FieldRule::Constant(value)),
            MadeFile {
                answer: Some(answer),
                each: Some(each),
                at: None,
                exists: None,
                value: None,
            } => {
                let FieldKind::Objects(fields) = kind else {
                    return self.wrong_mapping(name, kind, "a list of objects", pointer);
                };
                let rules = self.fields(name, fields, answer, &join(pointer, "answer"));
                self.value(&join(pointer, "each"), Path::parse(&each))
                    .map(|each| FieldRule::Each(each, rules))
            }
            MadeFile {
                answer: Some(answer),
                at,
                each: None,
                exists: None,
                value: None,
            } => {
                let FieldKind::Object(fields) = kind else {
                    return self.wrong_mapping(name, kind, "an object", pointer);
                };
                let rules = self.fields(name, fields, answer, &join(pointer, "answer"));
                let path = match at {
                    Some(at) => Some(self.value(&join(pointer, "at"), Path::parse(&at))?),
                    None => None,
                };
                Some(FieldRule::Object(path, rules))
            }
            _ => {
                self.report_key(pointer, Problem::AmbiguousMapping);
                None
            }
        }
    }

    fn wrong_mapping(
        &mut self,
        name: &str,
        kind: &FieldKind,
        mapped: &'static str,
        pointer: &str,
    ) -> Option<FieldRule> {
        let is = match kind {
            FieldKind::Scalar => "a single value",
            FieldKind::List => "a list of single values",
            FieldKind::Object(_) => "an object",
            FieldKind::Objects(_) => "a list of objects",
        };
        self.report_key(
            pointer,
            Problem::WrongMapping {
                name: name.to_owned(),
                is,
                mapped,
            },
        );
        None
    }
}
