//! Compiles a target file: reads it, resolves every name in it, and reports everything that is wrong at once.

mod connection;
mod field;
mod matching;
mod meaning;
mod operation;
mod profile;
mod request;
mod surroundings;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use proofup_domain::secret::Secret;
use serde_json::Value as Json;
use toml::de::DeTable;

use super::file::{TargetFile, json_schema};
use super::operation::{Operation, VariableSpec};
use super::problem::{Problem, TargetError, TargetErrors};
use super::request::RequestTemplate;
use super::surroundings::Surrounded;
use super::template::{Environment, Scope, Template};
use super::walk::{Spans, join, walk};
use super::way::Csrf;
use super::words::Words;
use super::{Binding, CompiledTarget};

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
    static SCHEMA: LazyLock<Json> = LazyLock::new(json_schema);
    let (table, spans) = walk(text, &root, &SCHEMA, &mut errors);
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
        folder: Path::new(path)
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default(),
        words: Words::default(),
        kept: BTreeSet::new(),
        used: BTreeSet::new(),
        places: Vec::new(),
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
    /// Where the file stands.
    folder: PathBuf,
    /// The implementation's own words.
    words: Words,
    /// The names that the file keeps and the harness does not know.
    kept: BTreeSet<String>,
    /// Those of them that templates and conditions of ways use.
    used: BTreeSet<String>,
    /// Where each of them is kept.
    places: Vec<(Operation, String, String)>,
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
        owner: &str,
        offered: &'static [VariableSpec],
    ) -> Option<Template> {
        // Where nothing happens nothing was kept before.
        let nothing = BTreeSet::new();
        let scope = Scope {
            owner,
            offered,
            kept: if offered.is_empty() {
                &nothing
            } else {
                &self.kept
            },
            environment: self.environment,
        };
        let is_used = |name: &&String| {
            text.contains(&format!("{{{name}}}")) || text.contains(&format!("{{{name}?}}"))
        };
        self.used.extend(self.kept.iter().filter(is_used).cloned());
        match Template::parse(text, scope) {
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
        self.words = Self::own_words(&file.words);
        self.kept = operation::free_names(&file.operations, file.csrf.as_ref());
        let connection = self.connection(&file);
        let settle = file
            .settle
            .map(|settle| self.value("/settle", parse_duration(&settle)));
        let code_patterns = self.code_patterns(file.code_pattern);
        let users = self.users(file.users);
        if let Some(path) = file.openapi.as_ref().filter(|path| !path.starts_with('/')) {
            self.report_value("/openapi", Problem::BadRequestPath(path.clone()));
        }
        let mut operations = BTreeMap::new();
        let mut runs_commands = false;
        for (word, operation) in file.operations {
            let pointer = join("/operations", &word);
            if let Some(found) = Operation::from_word(&word) {
                let binding = self.operation(found, operation, &pointer);
                runs_commands |= binding.runs_commands();
                operations.insert(found, binding);
            }
        }
        let csrf = file.csrf.map(|csrf| self.csrf(csrf));
        let refreshes = operations.contains_key(&Operation::RefreshSession);
        let refresh = file.refresh.map(|refresh| self.refresh(refresh, refreshes));
        let refusals = self.refusals(file.refusals, "");
        let bindings = operations.values_mut();
        bindings.for_each(|binding| binding.look_out(&refusals));
        let (clock, surrounded) =
            self.surrounded(file.clock, file.process, file.gateways, &operations);
        let (policy, settable) = (file.policy, file.policy_settable);
        let declared = file.capabilities.as_ref();
        let standing_policy = self.standing_policy(policy, settable, declared, &operations);
        let profile = self.profile(file.capabilities, &operations, users.len(), clock);
        if !runs_commands {
            self.unused_names();
        }
        let (connection, csrf) = (connection?, said(csrf)?);
        let mut environment_secrets = secrets_of(&operations, csrf.as_ref(), &surrounded);
        environment_secrets.extend(connection.secrets);
        Some(CompiledTarget {
            name: file.name?,
            base: connection.base?,
            folder: self.folder.clone(),
            headers: connection.headers,
            timeout: connection.timeout,
            proxy: connection.proxy,
            certificates: connection.certificates,
            cookies: file.cookies,
            csrf,
            refresh,
            words: self.words.clone(),
            free_names: self.kept.clone(),
            isolation: file.isolation,
            settle: said(settle)?.unwrap_or(Duration::ZERO),
            code_patterns: code_patterns?,
            clock,
            surrounded,
            standing_policy,
            profile: profile?,
            openapi: file.openapi,
            users,
            known: file
                .known
                .into_iter()
                .map(|one| (one.probe, one.reason))
                .collect(),
            operations,
            refusals,
            environment_secrets,
        })
    }
}

/// Collects the secrets of the environment that the file's templates hold.
fn secrets_of(
    operations: &BTreeMap<Operation, Binding>,
    csrf: Option<&Csrf>,
    surrounded: &Surrounded,
) -> Vec<Secret> {
    let requests = operations.values().flat_map(Binding::requests);
    let of_requests = requests.flat_map(RequestTemplate::environment_secrets);
    let of_csrf = csrf.into_iter().flat_map(Csrf::templates);
    let of_csrf = of_csrf.flat_map(Template::environment_secrets).cloned();
    of_requests
        .chain(of_csrf)
        .chain(surrounded.secrets().cloned())
        .collect()
}

/// Turns "said and wrong" into none; "not said" stays that, and so does "said and right".
fn said<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        Some(None) => None,
        Some(found) => Some(found),
        None => Some(None),
    }
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
