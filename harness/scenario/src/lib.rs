//! Scenario files: the grammar, the loader and its diagnostics, the suite.
//!
//! A file is parsed into a tree that keeps places, walked against the grammar's JSON Schema (both by `proofup-files`),
//! checked by the rules that a schema cannot say, and read into plain values. Every error of a file is reported at once,
//! with its line, the nearest known word and what is allowed. A file with rows becomes a scenario for each of them.
//!
//! **Invariant:** a [`Scenario`] that was loaded needs no further checks: users exist, bindings were made before, every
//! refusal has a verified control, every quantity can be read.

pub mod catalogue;
pub mod transcript;

mod control;
mod draft;
mod file;
mod grammar;
mod people;
mod quantity;
mod rules;
pub mod spelling;
mod suite;
mod tenant;

use std::sync::Arc;

use jiff::Timestamp;
use proofup_domain::command::{Command, Mangle};
use proofup_domain::edition::Edition;
use proofup_domain::expect::Expectation;
use proofup_domain::policy::Policy;
use proofup_domain::requirement::{Catalogue, RequirementId};
use proofup_files::{
    FileErrors, FileRow, Kind, Node, Problem, ROWS, TomlDocument, line_of, merge_problems,
    read_rows,
};

use draft::StepDraft;
use file::TimesForm;
pub use file::{Finder, GatewayForms, Provenance, UserSpec};
pub use grammar::{COMMANDS, answer_schema, answer_shape, json_schema, word};
pub use quantity::{Dimension, Quantity, QuantityError};
pub use suite::{Suite, SuiteError, SuiteOrigin, embedded_suite, suite_from_dir, suite_from_paths};

/// One scenario: the story of one file, or of one of its rows.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it shows: a fact.
    pub title: String,
    /// The file's name without its extension, and behind a dot the name of its row; with an edition it is the id of a case.
    pub stem: String,
    /// The row of the file of which it is told; nothing where the file has no rows.
    pub row: Option<String>,
    /// The folder in which the file lies.
    pub area: String,
    /// The path, as the suite names it: `scenarios/deferral/window.toml`.
    pub path: String,
    /// The text of the file.
    pub source: Arc<str>,
    /// The editions in which it is told; never empty.
    pub editions: Vec<Edition>,
    /// The instant at which the tenant starts.
    pub start: Timestamp,
    /// The shapes in which the implementation calls its providers.
    pub gateways: GatewayForms,
    /// The policy. Its edition is the default: whoever runs a case sets the case's own.
    pub policy: Policy,
    /// The people, in the order of the file.
    pub users: Vec<UserSpec>,
    /// Where it was found, if it is a counterexample.
    pub found: Option<Provenance>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// The name by which a `control` may call it.
    pub id: Option<String>,
    /// What is judged; nothing: the command must succeed, or what follows could not run.
    pub check: Option<Check>,
    /// How often it is taken; nothing: once.
    pub times: Option<Quantity>,
    /// How its request is spoilt.
    pub mangle: Option<Mangle>,
    /// What is done.
    pub action: StepAction,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepAction {
    /// One command.
    One(Command),
    /// Several commands, sent at the same moment.
    Together(Vec<Part>),
}

/// One command among several that are sent at the same moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The command: one that ends in one request of the target.
    pub command: Command,
    /// How many copies of it are sent; nothing: one.
    pub times: Option<Quantity>,
}

impl StepAction {
    /// Lists the commands, each once however many copies are sent.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        let (one, several) = match self {
            Self::One(command) => (Some(command), &[][..]),
            Self::Together(parts) => (None, parts.as_slice()),
        };
        one.into_iter()
            .chain(several.iter().map(|part| &part.command))
    }
}

impl From<Command> for StepAction {
    fn from(command: Command) -> Self {
        Self::One(command)
    }
}

/// What a step is judged by.
#[derive(Debug, Clone)]
pub struct Check {
    /// The slug, unique in the suite: `DEF-1/first-offer`.
    pub slug: String,
    /// The requirement of the slug.
    pub requirement: RequirementId,
    /// The line of `check`, from 1.
    pub line: usize,
    /// What the answer must hold, matchers included; nothing: the command must succeed.
    pub expect: Option<Expectation>,
    /// The line of `expect`; of `check` where there is none.
    pub expect_line: usize,
    /// The step that shows that a refusal has its one cause.
    pub control: Option<Control>,
}

/// The verified control of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The slug or id, as written.
    pub name: String,
    /// The index of the step.
    pub step: usize,
    /// The one thing that differs.
    pub difference: ControlDifference,
}

/// The one thing in which a refused step and its control differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlDifference {
    /// In words, the control's value first: `code: "lastSent" instead of "wrong"`.
    Told(String),
    /// The answers to questions, some of which the file spells out: those are secrets, and never told.
    GivenAnswers,
}

impl std::fmt::Display for ControlDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Told(told) => told,
            Self::GivenAnswers => "answers: other answers",
        })
    }
}

/// Loads the one scenario of a file without rows from its text.
///
/// # Errors
///
/// As [`load_all`]; and that the file has rows.
pub fn load(path: &str, text: &str, catalogue: &Catalogue) -> Result<Scenario, FileErrors> {
    let mut all = load_all(path, text, catalogue)?;
    match (all.pop(), all.is_empty()) {
        (Some(only), true) if only.row.is_none() => Ok(only),
        _ => {
            let document = TomlDocument::parse(path, text);
            let problem = Problem::new("a file with rows is several scenarios", "the file", 0..0);
            let help = "give the words of one row in place of the parameters, and take `rows` away";
            Err(document.errors(vec![problem.help(help)]))
        }
    }
}

/// Loads the scenarios of a file from its text: one, or one for each of its rows.
///
/// `path` is the name by which reports call the file; nothing is read from disk.
///
/// # Errors
///
/// Every error of the file at once. A file that is no TOML is looked through as far as it could be read.
pub fn load_all(
    path: &str,
    text: &str,
    catalogue: &Catalogue,
) -> Result<Vec<Scenario>, FileErrors> {
    let document = TomlDocument::parse(path, text);
    let file = document.root();
    if file.get(ROWS).is_none() {
        let story = load_story(path, &document, file, catalogue);
        return match story {
            Ok(scenario) => Ok(vec![scenario]),
            Err(problems) => Err(document.errors(problems)),
        };
    }
    let mut problems = document.check(grammar::rows()).problems;
    if !problems.is_empty() {
        return Err(document.errors(problems));
    }
    let rows = read_rows(file, &mut problems).unwrap_or_default();
    if !problems.is_empty() {
        return Err(document.errors(problems));
    }
    let stories: Vec<(&FileRow, Node)> = rows
        .iter()
        .map(|row| (row, row.tell(file, &SLUG_KEYS)))
        .collect();
    rules::repeated_checks(&stories, &mut problems);
    let mut scenarios = Vec::new();
    let mut told = Vec::new();
    for (row, story) in &stories {
        match load_story(path, &document, story, catalogue) {
            Ok(mut scenario) => {
                scenario.stem = format!("{}.{}", scenario.stem, row.name);
                scenario.row = Some(row.name.clone());
                scenarios.push(scenario);
                told.push((*row, Vec::new()));
            }
            Err(problems) => told.push((*row, problems)),
        }
    }
    problems.extend(merge_problems(file, told));
    if problems.is_empty() {
        Ok(scenarios)
    } else {
        Err(document.errors(problems))
    }
}

/// Loads one story: the tree of a file, with the words of a row where the file has rows.
fn load_story(
    path: &str,
    document: &TomlDocument,
    root: &Node,
    catalogue: &Catalogue,
) -> Result<Scenario, Vec<Problem>> {
    let mut problems = document.check_tree(root, grammar::root()).problems;
    if !document.is_toml() {
        return Err(problems);
    }
    let source = document.text();
    let steps: Vec<StepDraft<'_>> = items(root, "steps").iter().map(StepDraft::read).collect();
    let head = FileHead::read(root, &mut problems);
    let users = items(root, "users");
    people::users(users, head.policy.as_ref(), &mut problems);
    rules::whole(root, &steps, &mut problems);
    rules::marks(&steps, &head.editions, catalogue, &mut problems);
    rules::names(users, &steps, &mut problems);
    rules::quantities(&steps, &mut problems);
    rules::expectations(&steps, &mut problems);
    rules::together(&steps, &mut problems);
    for step in &steps {
        people::methods(step.acts(), &mut problems);
    }
    tenant::policies(
        source,
        root,
        head.policy.as_ref(),
        &head.editions,
        &steps,
        &mut problems,
    );
    let controls = if root.get("found").is_some() {
        vec![None; steps.len()]
    } else {
        control::controls(&steps, &mut problems)
    };
    if problems.is_empty() {
        if let Some(scenario) = finish(path, source, root, head, &steps, controls) {
            return Ok(scenario);
        }
        problems.push(Problem::new(
            "the file fits the grammar and could not be read all the same",
            "a bug of proofup: please report this file",
            0..0,
        ));
    }
    Err(problems)
}

/// What stands above the steps.
#[derive(Debug)]
struct FileHead {
    title: String,
    editions: Vec<Edition>,
    start: Timestamp,
    policy: Option<Policy>,
}

impl FileHead {
    fn read(root: &Node, problems: &mut Vec<Problem>) -> Self {
        let title = root.get("title").and_then(Node::text).unwrap_or_default();
        if let Some(node) = root.get("title").filter(|_| title.trim().is_empty()) {
            problems.push(Problem::new("the title is empty", "here", node.span.clone())
                .help("say in a sentence what the scenario shows: \"The offer to wait ends after fourteen days\""));
        }
        Self {
            title: title.to_owned(),
            editions: editions(root, problems),
            start: start(root, problems),
            policy: policy(root),
        }
    }
}

fn editions(root: &Node, problems: &mut Vec<Problem>) -> Vec<Edition> {
    let Some(node) = root.get("editions") else {
        return vec![Edition::default()];
    };
    let editions: Vec<Edition> = node
        .items()
        .iter()
        .filter_map(|item| item.text()?.parse().ok())
        .collect();
    if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
        problems.push(
            Problem::new("`editions` is empty", "here", node.span.clone())
                .help("name at least one, or leave it out for the default edition"),
        );
    }
    for (index, edition) in editions.iter().enumerate() {
        if editions[..index].contains(edition) {
            problems.push(Problem::new(
                format!("the edition {edition} is listed twice"),
                "here",
                node.span.clone(),
            ));
        }
    }
    editions
}

fn start(root: &Node, problems: &mut Vec<Problem>) -> Timestamp {
    let given = root.get("start");
    let text = given.and_then(Node::text).unwrap_or(DEFAULT_START);
    match (text.parse(), given) {
        (Ok(start), _) => start,
        (Err(_), node) => {
            let span = node.map_or(0..0, |node| node.span.clone());
            problems.push(
                Problem::new(format!("`{text}` is no instant"), "here", span)
                    .help(format!("write RFC 3339 with its offset: `{DEFAULT_START}`")),
            );
            Timestamp::UNIX_EPOCH
        }
    }
}

/// Reads the policy, if it has its shape; an edition in it is another rule's error.
fn policy(root: &Node) -> Option<Policy> {
    let Some(node) = root.get("policy") else {
        return Some(Policy::default());
    };
    let mut json = node.json();
    json.as_object_mut()?.shift_remove("edition");
    serde_json::from_value(json).ok()
}

fn items<'n>(root: &'n Node, key: &str) -> &'n [Node] {
    root.get(key).map(Node::items).unwrap_or_default()
}

/// Puts a scenario together from parts without errors.
fn finish(
    path: &str,
    source: &Arc<str>,
    root: &Node,
    head: FileHead,
    steps: &[StepDraft<'_>],
    controls: Vec<Option<Control>>,
) -> Option<Scenario> {
    let mut folders = path.rsplit('/');
    let stem = folders.next().unwrap_or_default().trim_end_matches(".toml");
    let read = |key: &str| root.get(key).map(Node::json);
    Some(Scenario {
        title: head.title,
        stem: stem.to_owned(),
        row: None,
        area: folders.next().unwrap_or_default().to_owned(),
        path: path.to_owned(),
        source: Arc::clone(source),
        editions: head.editions,
        start: head.start,
        gateways: match read("gateways") {
            Some(forms) => serde_json::from_value(forms).ok()?,
            None => GatewayForms::default(),
        },
        policy: head.policy?,
        users: match read("users") {
            Some(users) => serde_json::from_value(users).ok()?,
            None => Vec::new(),
        },
        found: match read("found") {
            Some(found) => Some(serde_json::from_value(found).ok()?),
            None => None,
        },
        steps: steps
            .iter()
            .zip(controls)
            .map(|(step, control)| finish_step(source, step, control))
            .collect::<Option<_>>()?,
    })
}

fn finish_step(source: &str, step: &StepDraft<'_>, control: Option<Control>) -> Option<Step> {
    let keys = step.keys.as_ref()?;
    let line = |key: &str| {
        let entry = step.node.entry(key)?;
        Some(line_of(source, entry.key_span.start))
    };
    let check = match &keys.check {
        None => None,
        Some(slug) => Some(Check {
            slug: slug.clone(),
            requirement: RequirementId(slug.split('/').next()?.to_owned()),
            line: line("check")?,
            expect: step.expectation().transpose().ok()?,
            expect_line: line("expect").or_else(|| line("check"))?,
            control,
        }),
    };
    Some(Step {
        line: line_of(source, step.node.span.start),
        id: keys.id.clone(),
        check,
        times: finish_times(keys.times.as_ref())?,
        mangle: keys.mangle,
        action: match &step.parts {
            Some(parts) => {
                StepAction::Together(parts.iter().map(finish_part).collect::<Option<_>>()?)
            }
            None => StepAction::One(step.command.clone()?),
        },
    })
}

fn finish_part(part: &StepDraft<'_>) -> Option<Part> {
    Some(Part {
        command: part.command.clone()?,
        times: finish_times(part.keys.as_ref()?.times.as_ref())?,
    })
}

/// Reads how often something is done. The outer none: it cannot be read.
#[expect(
    clippy::option_option,
    reason = "a count may be left out, and a count may be no count"
)]
fn finish_times(times: Option<&TimesForm>) -> Option<Option<Quantity>> {
    Some(match times {
        None => None,
        Some(TimesForm::Number(count)) => Some(Quantity::from_count(*count)),
        Some(TimesForm::Limits(text)) => Some(Quantity::parse(text).ok()?),
    })
}

/// The keys whose texts are slugs and names of steps.
const SLUG_KEYS: [&str; 3] = ["check", "id", "control"];

/// The instant at which a tenant starts where a file says nothing.
const DEFAULT_START: &str = "2026-01-15T09:00:00Z";
