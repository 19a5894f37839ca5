//! Compiles what recognises answers and what is kept of them: statuses, conditions, names.

use std::collections::BTreeMap;

use proofup_files::join;
use serde_json::Value as Json;

use super::Compiler;
use crate::file::{ConditionFile, KeepFile, MatcherFile, SourcesFile, StatusFile, StatusOneFile};
use crate::matcher::{Conditions, Matcher, Recogniser, Statuses, Test};
use crate::meaning::KeepRule;
use crate::operation::Operation;
use crate::problem::Mistake;
use crate::source::{Source, expression};

impl Compiler<'_> {
    pub(super) fn recogniser(
        &mut self,
        status: StatusFile,
        conditions: BTreeMap<String, ConditionFile>,
        pointer: &str,
    ) -> Recogniser {
        let listed = match status {
            StatusFile::Number(status) => vec![StatusOneFile::Number(status)],
            StatusFile::Class(class) => vec![StatusOneFile::Class(class)],
            StatusFile::AnyOf(statuses) => statuses,
        };
        Recogniser {
            statuses: self.statuses(listed, &join(pointer, "status")),
            conditions: self.conditions(conditions, &join(pointer, "where")),
        }
    }

    fn statuses(&mut self, listed: Vec<StatusOneFile>, pointer: &str) -> Statuses {
        let mut ranges = Vec::new();
        for status in listed {
            let (range, written) = match status {
                StatusOneFile::Number(number) => {
                    let known = u16::try_from(number).ok();
                    let known = known.filter(|status| (100..=599).contains(status));
                    (known.map(|status| status..=status), number.to_string())
                }
                StatusOneFile::Class(class) => {
                    let hundreds = class.strip_suffix("xx").and_then(|first| match first {
                        "1" | "2" | "3" | "4" | "5" => first.parse::<u16>().ok(),
                        _ => None,
                    });
                    (hundreds.map(|first| first * 100..=first * 100 + 99), class)
                }
            };
            match range {
                Some(range) => ranges.push(range),
                None => self.report_value(pointer, Mistake::BadStatus(written)),
            }
        }
        Statuses(ranges)
    }

    /// Compiles the statuses after which a sequence goes on.
    pub(super) fn go_on(&mut self, listed: Vec<StatusOneFile>, pointer: &str) -> Statuses {
        let statuses = self.statuses(listed, pointer);
        for range in &statuses.0 {
            if *range.start() < 400 {
                let problem = Mistake::NeedlessGoOn(range.start().to_string());
                self.report_value(pointer, problem);
            }
        }
        statuses
    }

    pub(super) fn conditions(
        &mut self,
        conditions: BTreeMap<String, ConditionFile>,
        pointer: &str,
    ) -> Conditions {
        let mut compiled = Vec::new();
        for (path, wanted) in conditions {
            let at = join(pointer, &path);
            let test = match wanted {
                ConditionFile::Text(text) => Some(Test::Equals(Json::from(text))),
                ConditionFile::Truth(truth) => Some(Test::Equals(Json::from(truth))),
                ConditionFile::Number(number) => Some(Test::Equals(Json::Number(number))),
                ConditionFile::List(list) => Some(Test::Equals(Json::from(list))),
                ConditionFile::Matcher(matcher) => self.matcher(matcher, &at),
            };
            match Source::parse(&path) {
                Ok(source) => compiled.extend(test.map(|test| (source, test))),
                Err(problem) => self.report_key(&at, problem),
            }
        }
        Conditions(compiled)
    }

    fn matcher(&mut self, file: MatcherFile, pointer: &str) -> Option<Test> {
        let matches = match file.matches {
            Some(pattern) => Some(self.value(&join(pointer, "matches"), expression(&pattern))?),
            None => None,
        };
        let matcher = Matcher {
            matches,
            contains: file.contains,
            exists: file.exists,
            one_of: file.one_of,
        };
        Some(Test::Matches(Box::new(matcher)))
    }

    pub(super) fn keep(
        &mut self,
        operation: Operation,
        keep: BTreeMap<String, KeepFile>,
        pointer: &str,
    ) -> Vec<KeepRule> {
        let mut compiled = Vec::new();
        for (name, file) in keep {
            let at = join(pointer, &name);
            let (sources, open) = match file {
                KeepFile::Path(path) => (self.sources(SourcesFile::One(path), &at), false),
                KeepFile::FirstOf(paths) => (self.sources(SourcesFile::FirstOf(paths), &at), false),
                KeepFile::Full(full) => (self.sources(full.from, &join(&at, "from")), full.open),
            };
            let spec = operation.keep(&name);
            if spec.is_none() {
                self.places.push((operation, name.clone(), at));
            }
            if sources.is_empty() {
                continue;
            }
            compiled.push(KeepRule {
                secret: spec.map_or(!open, |spec| spec.secret),
                list: spec.is_some_and(|spec| spec.list),
                name,
                sources,
            });
        }
        compiled
    }

    /// Compiles sources; a wrong one is reported and left out.
    pub(super) fn sources(&mut self, file: SourcesFile, pointer: &str) -> Vec<Source> {
        match file {
            SourcesFile::One(path) => self
                .value(pointer, Source::parse(&path))
                .into_iter()
                .collect(),
            SourcesFile::FirstOf(paths) => {
                let mut sources = Vec::new();
                for (index, path) in paths.into_iter().enumerate() {
                    let at = format!("{pointer}/{index}");
                    sources.extend(self.value(&at, Source::parse(&path)));
                }
                sources
            }
        }
    }
}
