//! Compiles a target file: reads it, resolves every name in it, and reports everything that is wrong at once.

mod meaning;
mod profile;
mod request;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use regex::Regex;
use serde_json::Value as Json;
use toml::de::DeTable;
use url::Url;

use super::file::{OperationFile, TargetFile, json_schema};
use super::operation::{Operation, VariableSpec};
use super::problem::{Problem, TargetError, TargetErrors};
use super::surroundings::ProcessPlan;
use super::template::{Environment, Template};
use super::walk::{Spans, join, walk};
use super::{Binding, CompiledTarget};

/// What finds a code where the file says nothing else.
const CODE_PATTERN: &str = r"\b([0-9]{6,10})\b";

/// Compiles the text of a target file.
pub(super) fn compile(
    path: &str,
    text: &str,
    environment: Environment<'_>,
) -> Result<CompiledTarget, TargetErrors> {
    let (root, syntax) = DeTable::parse_recoverable(text);
    let mut errors: Vec<TargetError> = syntax
        .into_iter()
        .map(|error| {
            let problem = Problem::Syntax(error.message().to_owned());
            TargetError::new(text, error.span().unwrap_or_default(), problem)
        })
        .collect();
    let (table, spans) = walk(text, &root, &json_schema(), &mut errors);
    let file = match serde_json::from_value::<TargetFile>(Json::Object(table)) {
        Ok(file) => file,
        Err(error) => {
            // What the walk lets through fits the types, so this is the walk's fault; the file's author is told all the same.
            errors.push(TargetError::new(
                text,
                0..0,
                Problem::Syntax(error.to_string()),
            ));
            return Err(TargetErrors::new(path, text, errors));
        }
    };
    let mut compiler = Compiler {
        text,
        spans,
        errors,
        environment,
    };
    let compiled = compiler.target(file);
    match compiled {
        Some(target) if compiler.errors.is_empty() => Ok(target),
        _ => Err(TargetErrors::new(path, text, compiler.errors)),
    }
}

/// Collects what is wrong while it compiles; whatever is wrong is left out.
pub(super) struct Compiler<'a> {
    text: &'a str,
    spans: Spans,
    errors: Vec<TargetError>,
    environment: Environment<'a>,
}

impl Compiler<'_> {
    fn report(&mut self, span: Range<usize>, problem: Problem) {
        self.errors.push(TargetError::new(self.text, span, problem));
    }

    pub(super) fn report_value(&mut self, pointer: &str, problem: Problem) {
        self.report(self.spans.value(pointer), problem);
    }

    pub(super) fn report_key(&mut self, pointer: &str, problem: Problem) {
        self.report(self.spans.key(pointer), problem);
    }

    /// Passes a result on, its problem reported.
    pub(super) fn value<T>(&mut self, pointer: &str, result: Result<T, Problem>) -> Option<T> {
        result
            .map_err(|problem| self.report_value(pointer, problem))
            .ok()
    }

    /// Reads a template.
    pub(super) fn template(
        &mut self,
        pointer: &str,
        text: &str,
        operation: &str,
        offered: &'static [VariableSpec],
    ) -> Option<Template> {
        match Template::parse(text, operation, offered, self.environment) {
            Ok(template) => Some(template),
            Err(problems) => {
                for problem in problems {
                    self.report_value(pointer, problem);
                }
                None
            }
        }
    }

    /// Compiles the file; none only where something was reported.
    fn target(&mut self, file: TargetFile) -> Option<CompiledTarget> {
        let base = file
            .base
            .and_then(|base| self.value("/base", parse_base(&base)));
        let settle = file
            .settle
            .map(|settle| self.value("/settle", parse_duration(&settle)));
        let pattern = file.code_pattern.as_deref().unwrap_or(CODE_PATTERN);
        let compiled =
            Regex::new(pattern).map_err(|error| Problem::BadPattern(last_line(&error.to_string())));
        let code_pattern = self.value("/codePattern", compiled);
        let users = self.users(file.users);
        if let Some(path) = file.openapi.as_ref().filter(|path| !path.starts_with('/')) {
            self.report_value("/openapi", Problem::BadRequestPath(path.clone()));
        }
        let mut operations = BTreeMap::new();
        for (word, operation) in file.operations {
            let pointer = join("/operations", &word);
            if let Some(found) = Operation::from_word(&word) {
                operations.insert(found, self.operation(found, operation, &pointer));
            }
        }
        let refusals = self.refusals(file.refusals, "");
        let (clock, surrounded) =
            self.surrounded(file.clock, file.process, file.gateways, &operations);
        let facilities = file
            .capabilities
            .as_ref()
            .and_then(|declared| declared.facilities.as_deref());
        let standing_policy =
            self.standing_policy(file.policy, file.policy_settable, facilities, &operations);
        let profile = self.profile(file.capabilities, &operations, users.len(), clock);
        let process_secrets = surrounded.process.iter().flat_map(ProcessPlan::secrets);
        let process_secrets: Vec<_> = process_secrets.cloned().collect();
        let environment_secrets = operations
            .values()
            .flat_map(|binding| &binding.requests)
            .flat_map(super::request::RequestTemplate::environment_secrets)
            .chain(process_secrets)
            .collect();
        Some(CompiledTarget {
            name: file.name?,
            base: base?,
            isolation: file.isolation,
            settle: settle.map_or(Some(Duration::ZERO), |settle| settle)?,
            code_pattern: code_pattern?,
            clock,
            surrounded,
            standing_policy,
            profile: profile?,
            openapi: file.openapi,
            users,
            operations,
            refusals,
            environment_secrets,
        })
    }

    fn operation(&mut self, operation: Operation, file: OperationFile, pointer: &str) -> Binding {
        let mut requests = Vec::new();
        match (file.request, file.requests.is_empty()) {
            (Some(_), false) => self.report_key(pointer, Problem::Exclusive("request", "requests")),
            (None, true) => self.report_key(
                pointer,
                Problem::MissingKey {
                    key: "request".to_owned(),
                },
            ),
            (Some(request), true) => {
                requests.extend(self.request(operation, request, &join(pointer, "request")))
            }
            (None, false) => {
                let list = join(pointer, "requests");
                for (index, request) in file.requests.into_iter().enumerate() {
                    requests.extend(self.request(operation, request, &format!("{list}/{index}")));
                }
            }
        }
        let meaning = self.meaning(operation, file.answers, file.keep, file.refusals, pointer);
        Binding { requests, meaning }
    }
}

fn parse_base(text: &str) -> Result<Url, Problem> {
    let bad = |reason: String| Problem::BadBase {
        url: text.to_owned(),
        reason,
    };
    let url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
    if url.scheme() != "http" {
        return Err(bad(format!(
            "the harness speaks http only, not {}",
            url.scheme()
        )));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("a base has no query and no fragment".to_owned()));
    }
    Ok(url)
}

/// Reads `500ms`, `2s` or `1m`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, Problem> {
    let bad = || Problem::BadDuration(text.to_owned());
    let split = text
        .find(|character: char| !character.is_ascii_digit())
        .ok_or_else(bad)?;
    let (number, unit) = text.split_at(split);
    let number: u32 = number.parse().map_err(|_| bad())?;
    let unit = match unit.trim() {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        _ => return Err(bad()),
    };
    Ok(unit * number)
}

fn last_line(text: &str) -> String {
    text.lines()
        .last()
        .unwrap_or(text)
        .trim_start_matches("error: ")
        .to_owned()
}
