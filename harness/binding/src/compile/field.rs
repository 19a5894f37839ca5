//! Compiles the fields of answers.

use std::collections::BTreeMap;

use proofup_files::join;

use super::Compiler;
use crate::file::{CollectFile, MadeFile, MappingFile, SourcesFile};
use crate::meaning::{FieldRule, FieldRules};
use crate::problem::Mistake;
use crate::shape::{FieldKind, ShapeFields};
use crate::source::{BodyPath, Source};

impl Compiler<'_> {
    pub(super) fn fields(
        &mut self,
        owner: &str,
        fields: &ShapeFields,
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
                        Mistake::UnknownAnswerField {
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
            MappingFile::Path(path) => self.found(SourcesFile::One(path), pointer),
            MappingFile::FirstOf(paths) => self.found(SourcesFile::FirstOf(paths), pointer),
            MappingFile::Made(made) => self.made(name, kind, *made, pointer),
        }
    }

    fn found(&mut self, sources: SourcesFile, pointer: &str) -> Option<FieldRule> {
        let sources = self.sources(sources, pointer);
        (!sources.is_empty()).then_some(FieldRule::First(sources))
    }

    fn made(
        &mut self,
        name: &str,
        kind: &FieldKind,
        made: MadeFile,
        pointer: &str,
    ) -> Option<FieldRule> {
        let said = [
            made.from.is_some(),
            made.exists.is_some(),
            made.value.is_some(),
            made.collect.is_some(),
            made.answer.is_some(),
        ];
        let once = said.iter().filter(|said| **said).count() == 1;
        let placed = made.each.is_some() || made.at.is_some();
        let both = made.each.is_some() && made.at.is_some();
        if !once
            || both
            || (placed && made.answer.is_none())
            || (made.words.is_some() && made.from.is_none())
        {
            self.report_key(pointer, Mistake::AmbiguousMapping);
            return None;
        }
        if let Some(from) = made.from {
            let rule = self.found(from, &join(pointer, "from"))?;
            return Some(match made.words {
                Some(words) => FieldRule::Translated(Box::new(rule), words),
                None => rule,
            });
        }
        if let Some(path) = made.exists {
            let source = self.value(&join(pointer, "exists"), Source::parse(&path));
            return source.map(FieldRule::Exists);
        }
        if let Some(value) = made.value {
            return Some(FieldRule::Constant(value));
        }
        if let Some(collect) = made.collect {
            return self.collect(name, kind, collect, pointer);
        }
        self.object(name, kind, made.answer?, (made.each, made.at), pointer)
    }

    fn collect(
        &mut self,
        name: &str,
        kind: &FieldKind,
        collect: Vec<CollectFile>,
        pointer: &str,
    ) -> Option<FieldRule> {
        if !matches!(kind, FieldKind::List(_)) {
            return self.wrong_mapping(name, kind, "a list of single values", pointer);
        }
        let mut constants = Vec::new();
        for (index, one) in collect.into_iter().enumerate() {
            let at = format!("{pointer}/collect/{index}/where");
            constants.push((one.value, self.conditions(one.conditions, &at)));
        }
        Some(FieldRule::Collect(constants))
    }

    /// Compiles an object, or a list of objects: `place` holds `each` and `at`.
    fn object(
        &mut self,
        name: &str,
        kind: &FieldKind,
        answer: BTreeMap<String, MappingFile>,
        place: (Option<String>, Option<String>),
        pointer: &str,
    ) -> Option<FieldRule> {
        let inner = join(pointer, "answer");
        match (place, kind) {
            ((Some(each), _), FieldKind::Objects(fields)) => {
                let rules = self.fields(name, fields, answer, &inner);
                self.value(&join(pointer, "each"), BodyPath::parse(&each))
                    .map(|each| FieldRule::Each(each, rules))
            }
            ((Some(_), _), kind) => self.wrong_mapping(name, kind, "a list of objects", pointer),
            ((None, at), FieldKind::Object(fields)) => {
                let rules = self.fields(name, fields, answer, &inner);
                let path = match at {
                    Some(at) => Some(self.value(&join(pointer, "at"), BodyPath::parse(&at))?),
                    None => None,
                };
                Some(FieldRule::Object(path, rules))
            }
            (_, kind) => self.wrong_mapping(name, kind, "an object", pointer),
        }
    }

    fn wrong_mapping(
        &mut self,
        name: &str,
        kind: &FieldKind,
        mapped: &'static str,
        pointer: &str,
    ) -> Option<FieldRule> {
        let is = kind.described();
        self.report_key(
            pointer,
            Mistake::WrongMapping {
                name: name.to_owned(),
                is,
                mapped,
            },
        );
        None
    }
}
