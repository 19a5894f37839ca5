//! Controls: a refusal counts only beside the same step with one thing put right.
//!
//! The loader proves that nothing else differs, and says what does; the report prints it.

use std::collections::BTreeMap;

use proofup_domain::command::Command;
use proofup_domain::method::Method;
use proofup_files::{Node, Problem, suggest};
use serde_json::{Map, Value};

use super::draft::{BindingKind, StepDraft};
use super::{Control, ControlDifference};

/// Finds and verifies the control of every refusal; `None` where a step has none or it is wrong.
pub(crate) fn controls(
    steps: &[StepDraft<'_>],
    problems: &mut Vec<Problem>,
) -> Vec<Option<Control>> {
    (0..steps.len())
        .map(|index| {
            find(steps, index).unwrap_or_else(|problem| {
                problems.extend(problem.map(|problem| *problem));
                None
            })
        })
        .collect()
}

/// Finds the control of one step. The error may be empty: then another rule has reported it.
fn find(steps: &[StepDraft<'_>], index: usize) -> Result<Option<Control>, Option<Box<Problem>>> {
    let step = &steps[index];
    if step.node.get("check").is_none() {
        return Ok(None);
    }
    let Some(name) = step.text("control") else {
        let spoilt = step.node.get("mangle").is_some();
        if step.node.get("control").is_some() || !(step.refused() || spoilt) {
            return Ok(None);
        }
        let (key, what) = if step.refused() {
            ("expect", "a refusal without `control`")
        } else {
            ("mangle", "a spoilt request without `control`")
        };
        let help = format!(
            "add `control = \"…\"` with the slug or id of another `{}` step that differs in one thing and succeeds",
            step.word()
        );
        let problem = step.problem(key, what, "why it is refused is not shown");
        return Err(Some(Box::new(problem.help(help))));
    };
    let key = if name.contains('/') { "check" } else { "id" };
    let Some(other) = steps.iter().position(|other| other.text(key) == Some(name)) else {
        let known: Vec<&str> = steps
            .iter()
            .filter(|other| other.word() == step.word() && !std::ptr::eq(*other, step))
            .flat_map(|other| [other.text("check"), other.text("id")])
            .flatten()
            .collect();
        let help = if known.is_empty() {
            format!(
                "no other `{}` step of this file has an `id` or a `check`",
                step.word()
            )
        } else {
            suggest(name, known)
        };
        let problem = step.problem("control", format!("unknown step `{name}`"), "unknown step");
        return Err(Some(Box::new(problem.help(help))));
    };
    verify(steps, index, other).map(|difference| {
        Some(Control {
            name: name.to_owned(),
            step: other,
            difference,
        })
    })
}

/// Proves that two steps differ in exactly one thing, and tells it.
fn verify(
    steps: &[StepDraft<'_>],
    index: usize,
    other: usize,
) -> Result<ControlDifference, Option<Box<Problem>>> {
    let (step, control) = (&steps[index], &steps[other]);
    let refuse = |(message, help): (String, &str)| {
        let problem = step
            .problem("control", message, "this control")
            .beside(control.node.span.clone(), "the control")
            .help(help);
        Some(Box::new(problem))
    };
    if index == other {
        let message = "a step is its own control".to_owned();
        return Err(refuse((message, "name another step")));
    }
    if step.word() != control.word() {
        let message = format!(
            "the control does `{}`, the refused step `{}`",
            control.word(),
            step.word()
        );
        return Err(refuse((
            message,
            "a control is the same command with one thing put right",
        )));
    }
    if control.may_be_refused() {
        let message = "the control expects a refusal itself".to_owned();
        return Err(refuse((
            message,
            "a control must succeed: name a step that does",
        )));
    }
    let (Some(mine), Some(theirs)) = (StepFields::of(step), StepFields::of(control)) else {
        return Err(None);
    };
    let mut differences = mine.differences(&theirs);
    differences.extend(world(steps, index, other));
    let references = mine.references(&theirs);
    only(&differences, &references, |reference, field| {
        reference.begun_alike(steps, index, other, field)
    })
    .map_err(refuse)
}

/// Picks the one difference; the error says what to do if there is none, or more than one.
fn only(
    differences: &[StepDifference],
    references: &[StepDifference],
    begun_alike: impl Fn(&StepDifference, &str) -> bool,
) -> Result<ControlDifference, (String, &'static str)> {
    let too_many =
        |several: String| format!("the control differs in more than one thing: {several}");
    match (differences, references) {
        ([], []) => Err((
            "nothing differs between the step and its control".to_owned(),
            "one field must differ, or one kind of `advanceClock`, `setPolicy`, `blockUser`, `unblockUser` or `setGateway` must lie between them",
        )),
        ([], [one]) => Ok(one.shown()),
        ([one], references) => match references
            .iter()
            .find(|reference| !begun_alike(reference, &one.key))
        {
            None => Ok(one.shown()),
            Some(alien) => Err((
                too_many(format!("{}; {}", one.told, alien.told)),
                "bindings may differ too only if what they name was begun by steps that differ in the same thing or \
                 not at all",
            )),
        },
        ([], several) => Err((too_many(told(several)), "put all but one right")),
        (several, _) => Err((
            too_many(told(several)),
            "put all but one right, or move the steps that change the world",
        )),
    }
}

fn told(differences: &[StepDifference]) -> String {
    let each: Vec<&str> = differences.iter().map(|one| one.told.as_str()).collect();
    each.join("; ")
}

/// One thing in which a step and its control differ.
#[derive(Debug)]
struct StepDifference {
    /// The field, or the `do` word of what lies between.
    key: String,
    /// The difference in words, the control's value first.
    told: String,
    /// The words hold answers that the file spells out.
    is_secret: bool,
    /// For a binding: what the step names, and what the control names.
    names: Option<(Option<String>, Option<String>)>,
}

impl StepDifference {
    /// Returns the difference as reports show it.
    fn shown(&self) -> ControlDifference {
        if self.is_secret {
            ControlDifference::GivenAnswers
        } else {
            ControlDifference::Told(self.told.clone())
        }
    }

    /// Returns whether the two things that a binding names were begun by commands that differ at most in one field.
    fn begun_alike(
        &self,
        steps: &[StepDraft<'_>],
        index: usize,
        other: usize,
        field: &str,
    ) -> bool {
        let Some((Some(mine), Some(theirs))) = &self.names else {
            // One of them names nothing: it is the latest, or none, and nothing says how that was begun.
            return false;
        };
        let begun = |name: &str, before: usize| {
            steps[..before].iter().rev().find(|step| {
                step.text("as") == Some(name)
                    && BindingKind::bound_by(step.word())
                        .is_some_and(|thing| thing.key() == self.key)
            })
        };
        let (Some(mine), Some(theirs)) = (begun(mine, index), begun(theirs, other)) else {
            return false;
        };
        let (Some(mine), Some(theirs)) = (StepFields::of(mine), StepFields::of(theirs)) else {
            return false;
        };
        mine.word == theirs.word
            && mine
                .differences(&theirs)
                .iter()
                .all(|difference| difference.key == field)
    }
}

/// A step's fields, with defaults filled in, sorted by what counts as one thing.
#[derive(Debug)]
struct StepFields {
    word: String,
    groups: BTreeMap<String, Map<String, Value>>,
    references: BTreeMap<&'static str, String>,
}

impl StepFields {
    /// Reads the fields of a step; none if its command could not be read.
    fn of(step: &StepDraft<'_>) -> Option<Self> {
        let command = step.command.as_ref()?;
        let Ok(Value::Object(mut fields)) = serde_json::to_value(command) else {
            return None;
        };
        fill(command, &mut fields);
        if let Some(mangle) = step.node.get("mangle").map(Node::json) {
            fields.insert("mangle".to_owned(), mangle);
        }
        let mut read = Self {
            word: step.word().to_owned(),
            groups: BTreeMap::new(),
            references: BTreeMap::new(),
        };
        for (key, value) in fields {
            let thing = BindingKind::ALL.iter().find(|thing| thing.key() == key);
            match (key.as_str(), thing, value.as_str()) {
                ("do" | "as", _, _) => {}
                (_, Some(thing), Some(name)) => {
                    read.references.insert(thing.key(), name.to_owned());
                }
                ("method" | "address" | "phone" | "kind" | "of", _, _) => {
                    let group = read.groups.entry("method".to_owned()).or_default();
                    group.insert(key, value);
                }
                _ => {
                    let group = read.groups.entry(key.clone()).or_default();
                    group.insert(key, value);
                }
            }
        }
        Some(read)
    }

    /// Lists the things in which two steps differ, bindings aside.
    fn differences(&self, control: &Self) -> Vec<StepDifference> {
        let empty = Map::new();
        let mut keys: Vec<&String> = self.groups.keys().chain(control.groups.keys()).collect();
        keys.sort();
        keys.dedup();
        keys.into_iter()
            .filter_map(|key| {
                let mine = self.groups.get(key).unwrap_or(&empty);
                let theirs = control.groups.get(key).unwrap_or(&empty);
                let mut fields: Vec<&String> = theirs.keys().chain(mine.keys()).collect();
                fields.dedup();
                let mut each: Vec<String> = Vec::new();
                for field in fields {
                    let (mine, theirs) = (mine.get(field), theirs.get(field));
                    let told = format!("{field}: {} instead of {}", shown(theirs), shown(mine));
                    if mine != theirs && !each.contains(&told) {
                        each.push(told);
                    }
                }
                (!each.is_empty()).then(|| StepDifference {
                    key: key.clone(),
                    told: each.join(", "),
                    is_secret: are_given(mine) || are_given(theirs),
                    names: None,
                })
            })
            .collect()
    }

    /// Lists the bindings in which two steps differ.
    fn references(&self, control: &Self) -> Vec<StepDifference> {
        BindingKind::ALL
            .iter()
            .filter_map(|thing| {
                let mine = self.references.get(thing.key());
                let theirs = control.references.get(thing.key());
                let shown = |name: Option<&String>| match name {
                    Some(name) => format!("\"{name}\""),
                    None => "the latest".to_owned(),
                };
                (mine != theirs).then(|| StepDifference {
                    key: thing.key().to_owned(),
                    told: format!(
                        "{}: {} instead of {}",
                        thing.key(),
                        shown(theirs),
                        shown(mine)
                    ),
                    is_secret: false,
                    names: Some((mine.cloned(), theirs.cloned())),
                })
            })
            .collect()
    }
}

/// Whether fields hold answers that the file spells out.
fn are_given(fields: &Map<String, Value>) -> bool {
    let answers = fields.get("answers");
    answers.is_some_and(|answers| answers.get("given").is_some())
}

/// Lists what changes the world between two steps, one entry per kind.
fn world(steps: &[StepDraft<'_>], one: usize, two: usize) -> Vec<StepDifference> {
    let between = &steps[one.min(two) + 1..one.max(two)];
    [
        "advanceClock",
        "setPolicy",
        "blockUser",
        "unblockUser",
        "setGateway",
    ]
    .into_iter()
    .filter_map(|word| {
        let each: Vec<String> = between
            .iter()
            .filter(|step| step.word() == word && !step.may_be_refused())
            .map(|step| match word {
                "advanceClock" => {
                    format!("by {}", shown(step.node.get("by").map(Node::json).as_ref()))
                }
                "setPolicy" => shown(step.node.get("policy").map(Node::json).as_ref()),
                "blockUser" | "unblockUser" => step.text("user").unwrap_or_default().to_owned(),
                _ => format!(
                    "{} {}",
                    step.text("channel").unwrap_or_default(),
                    step.text("behaviour").unwrap_or_default()
                ),
            })
            .collect();
        (!each.is_empty()).then(|| StepDifference {
            key: word.to_owned(),
            told: format!("{word} {} in between", each.join(" and ")),
            is_secret: false,
            names: None,
        })
    })
    .collect()
}

/// Writes out what a command means where a field is left out, so that leaving it out differs from nothing.
fn fill(command: &Command, fields: &mut Map<String, Value>) {
    let mut default = |key: &str, value: &str| {
        fields.entry(key).or_insert_with(|| Value::from(value));
    };
    let (method, first) = match command {
        Command::BeginEnrollment { method, .. } => (*method, true),
        Command::ChangeMethod { method, .. } => (*method, false),
        Command::SignIn { .. } => {
            default("password", "right");
            return default("spelling", "asGiven");
        }
        Command::BeginReset { .. } => return default("spelling", "asGiven"),
        Command::SetNewPassword { .. } => return default("password", "fresh"),
        Command::SubmitAnswers { .. } | Command::SubmitResetAnswers { .. } => {
            return default("answers", "right");
        }
        _ => return,
    };
    match (method, first) {
        (Method::Email, true) => default("address", "own"),
        (Method::Email, false) => default("address", "second"),
        (Method::MobilePhone, true) => default("phone", "mobile"),
        (Method::MobilePhone, false) => default("phone", "secondMobile"),
        (Method::OfficePhone, true) => default("phone", "office"),
        (Method::OfficePhone, false) => default("phone", "secondOffice"),
        _ => {}
    }
    match method {
        Method::MobilePhone => default("kind", "textMessage"),
        Method::OfficePhone => default("kind", "voiceCall"),
        _ => {}
    }
}

/// Writes a value as a file would.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|item| shown(Some(item))).collect();
            format!("[{}]", items.join(", "))
        }
        Some(Value::Object(fields)) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{key} = {}", shown(Some(value))))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Some(scalar) => scalar.to_string(),
    }
}
