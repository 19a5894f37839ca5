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
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use proofup_domain::secret::Secret;
use proofup_files::quantity::duration;
use proofup_files::{FileErrors, Node, Problem, TomlDocument, join};
use serde_json::Value as Json;

use super::file::{TargetFile, json_schema};
use super::operation::{Operation, VariableSpec};
use super::problem::Mistake;
use super::request::RequestTemplate;
use super::surroundings::SurroundingsPlan;
use super::template::{Environment, NameScope, Template};
use super::variant::Csrf;
use super::words::Words;
use super::{Binding, CompiledTarget};

/// Compiles the text of a target file.
pub(super) fn compile(
    path: &str,
    text: &str,
    environment: Environment<'_>,
) -> Result<CompiledTarget, FileErrors> {
    static SCHEMA: LazyLock<Json> = LazyLock::new(json_schema);
    let document = TomlDocument::parse(path, text);
    let mut checked = document.check(&SCHEMA);
    if !document.is_toml() {
        return Err(document.errors(checked.problems));
    }
    let file = match serde_json::from_value::<TargetFile>(Json::Object(checked.value)) {
        Ok(file) => file,
        Err(error) => {
            // What the walk lets through fits the types, so this is the walk's fault; the file's author is told all the same.
            let problem = Problem::new(error.to_string(), "here", 0..0);
            checked.problems.push(problem);
            return Err(document.errors(checked.problems));
        }
    };
    let mut compiler = Compiler {
        root: document.root(),
        problems: checked.problems,
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
        Some(target) if compiler.problems.is_empty() => Ok(target),
        _ => Err(document.errors(compiler.problems)),
    }
}

/// Collects what is wrong while it compiles; whatever is wrong is left out.
pub(super) struct Compiler<'a> {
    root: &'a Node,
    problems: Vec<Problem>,
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
    pub(super) fn report_value(&mut self, pointer: &str, mistake: Mistake) {
        self.problems
            .push(mistake.at(self.root.value_span(pointer)));
    }

    pub(super) fn report_key(&mut self, pointer: &str, mistake: Mistake) {
        self.problems.push(mistake.at(self.root.key_span(pointer)));
    }

    /// Passes a result on, its mistake reported.
    pub(super) fn value<T>(&mut self, pointer: &str, result: Result<T, Mistake>) -> Option<T> {
        result
            .map_err(|mistake| self.report_value(pointer, mistake))
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
        let scope = NameScope {
            owner,
            offered,
            kept: if offered.is_empty() {
                &nothing
            } else {
                &self.kept
            },
            environment: self.environment,
        };
        let (template, mistakes) = Template::parse(text, scope);
        self.used.extend(template.names().map(str::to_owned));
        let whole = mistakes.is_empty();
        for mistake in mistakes {
            self.report_value(pointer, mistake);
        }
        whole.then_some(template)
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
            self.report_value("/openapi", Mistake::BadRequestPath(path.clone()));
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
        let (clock, surroundings) =
            self.surroundings_plan(file.clock, file.process, file.gateways, &operations);
        let (policy, settable) = (file.policy, file.policy_settable);
        let declared = file.capabilities.as_ref();
        let standing_policy = self.standing_policy(policy, settable, declared, &operations);
        let profile = self.profile(file.capabilities, &operations, users.len(), clock);
        if !runs_commands {
            self.unused_names();
        }
        let (connection, csrf) = (connection?, reported(csrf)?);
        let mut environment_secrets = secrets_of(&operations, csrf.as_ref(), &surroundings);
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
            settle: reported(settle)?.unwrap_or(Duration::ZERO),
            code_patterns: code_patterns?,
            clock,
            surroundings,
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
    surroundings: &SurroundingsPlan,
) -> Vec<Secret> {
    let requests = operations.values().flat_map(Binding::requests);
    let of_requests = requests.flat_map(RequestTemplate::environment_secrets);
    let of_csrf = csrf.into_iter().flat_map(Csrf::templates);
    let of_csrf = of_csrf.flat_map(Template::environment_secrets).cloned();
    of_requests
        .chain(of_csrf)
        .chain(surroundings.secrets().cloned())
        .collect()
}

/// Turns "said and wrong" into none; "not said" stays that, and so does "said and right".
fn reported<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        Some(None) => None,
        Some(found) => Some(found),
        None => Some(None),
    }
}

/// Reads a duration.
pub(super) fn parse_duration(text: &str) -> Result<Duration, Mistake> {
    duration(text).map_err(|_| Mistake::BadDuration(text.to_owned()))
}

fn last_line(text: &str) -> String {
    text.lines()
        .last()
        .unwrap_or(text)
        .trim_start_matches("error: ")
        .to_owned()
}
