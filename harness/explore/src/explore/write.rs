//! A counterexample as a scenario file: it fails in the same way without the explorer.

use std::fmt::Write as _;

use proofup_domain::command::Command;
use proofup_domain::edition::Edition;
use proofup_domain::policy::Policy;
use proofup_domain::requirement::Catalogue;
use proofup_oracle::machine::Expected;
use serde_json::{Map, Value as Json, json};

use super::blame::{Got, blame};
use super::gist;
use super::play::Difference;
use super::story::Story;
use crate::scenario::spelling::{inline, toml_value};
use crate::scenario::{Found, GatewayForms};

/// Holds a failing story as a file.
#[derive(Debug, Clone)]
pub struct Counterexample {
    /// The file's name without its extension.
    pub stem: String,
    /// The text of the file.
    pub text: String,
    /// The requirement that its last check names.
    pub requirement: String,
    /// The slug of its last check.
    pub slug: String,
    /// What was done, what was admitted and what came, in a line.
    pub summary: String,
    /// How many `[[steps]]` it has.
    pub steps: usize,
}

/// Writes a story that ends in a difference. `expectations` are those of its steps, by index.
pub(super) fn write(
    story: &Story,
    difference: &Difference,
    expectations: &[(usize, Expected)],
    found: &Found,
    catalogue: &Catalogue,
) -> Counterexample {
    let stem = format!("{}-{}-{}", found.by.as_str(), found.seed, found.case);
    let summary = summary(difference);
    let mut file = Writer(String::new());
    file.line(&format!(
        "# Found by `proofup explore --seed {seed}`, which `proofup explore --seed {seed} --case {case}` repeats.",
        seed = found.seed,
        case = found.case,
    ));
    file.line(&format!("# {}", summary.replace('\n', " ")));
    file.line(&format!(
        "title = {}",
        Json::from(format!(
            "What `{}` answers in explored case {}",
            difference.command.word(),
            found.case
        ))
    ));
    file.line(&format!("editions = [\"{}\"]", story.policy.edition));
    file.line(&format!(
        "found = {{ by = \"{}\", seed = {}, case = {} }}",
        found.by.as_str(),
        found.seed,
        found.case
    ));
    file.gateways(story.gateways);
    file.policy(&story.policy);
    file.users(story);
    let steps = merged(story, expectations);
    let count = steps.len();
    let mut last = (String::new(), String::new());
    for (number, step) in steps.into_iter().enumerate() {
        let is_last = number + 1 == count;
        let got = is_last.then_some(&difference.got);
        let id = requirement(
            story.steps.get(step.index).unwrap_or(&difference.command),
            step.expected,
            got,
            story.policy.edition,
            catalogue,
        );
        let slug = format!(
            "{id}/{}-{}-{}-{}",
            found.by.as_str(),
            found.seed,
            found.case,
            number + 1
        );
        let judged = is_last || !plain_success(step.expected);
        if is_last {
            last = (id, slug.clone());
        }
        file.step(&step, judged.then_some(slug.as_str()));
    }
    Counterexample {
        stem,
        text: file.0,
        requirement: last.0,
        slug: last.1,
        summary,
        steps: count,
    }
}

/// Says in a line what was done, what was admitted and what came.
pub(super) fn summary(difference: &Difference) -> String {
    let admitted: Vec<String> = difference
        .expected
        .alternatives()
        .iter()
        .map(brief)
        .collect();
    let got = match &difference.got {
        Got::Answer(answer) => brief(answer),
        Got::Nothing(why) => format!("no answer ({why})"),
    };
    format!(
        "{}: expected {}, got {got}",
        crate::transcript::command(&difference.command),
        admitted.join(" or ")
    )
}

fn brief(answer: &Map<String, Json>) -> String {
    if answer.is_empty() {
        gist(answer)
    } else {
        inline(answer.iter().map(|(key, value)| (key.as_str(), value)))
    }
}

/// Names the requirement of a step: the one to blame where it holds in this edition, else one that holds everywhere.
fn requirement(
    command: &Command,
    expected: &Expected,
    got: Option<&Got>,
    edition: Edition,
    catalogue: &Catalogue,
) -> String {
    let nothing = Got::Answer(Map::new());
    let named = blame(command, expected, got.unwrap_or(&nothing)).unwrap_or("API-3");
    let holds = catalogue.requirements.iter().any(|requirement| {
        requirement.id.0 == named
            && (requirement.editions.is_empty() || requirement.editions.contains(&edition))
    });
    if holds { named } else { "SIGN-6" }.to_owned()
}

/// Tells whether a step needs no check because nothing but its success is asked of it.
fn plain_success(expected: &Expected) -> bool {
    expected
        .alternatives()
        .iter()
        .all(|pattern| !pattern.contains_key("refused"))
}

/// Holds one step of the file: a command, and how often it is taken.
struct FileStep<'a> {
    index: usize,
    command: &'a Command,
    expected: &'a Expected,
    times: usize,
}

/// Joins equal commands in a row that are answered alike; what was never done is left out.
fn merged<'a>(story: &'a Story, expectations: &'a [(usize, Expected)]) -> Vec<FileStep<'a>> {
    let mut steps: Vec<FileStep<'a>> = Vec::new();
    let count = expectations.len();
    for (place, (index, expected)) in expectations.iter().enumerate() {
        let Some(command) = story.steps.get(*index) else {
            continue;
        };
        if let Some(before) = steps.last_mut()
            && place + 1 < count
            && before.command == command
            && !command_binds(command)
            && alike(before.expected, expected)
        {
            before.times += 1;
            before.expected = expected;
            before.index = *index;
            continue;
        }
        steps.push(FileStep {
            index: *index,
            command,
            expected,
            times: 1,
        });
    }
    steps
}

/// Tells whether two expectations are one refusal, or both plain success.
fn alike(one: &Expected, other: &Expected) -> bool {
    let refused = |expected: &Expected| match expected.alternatives() {
        [only] => Some(only.get("refused").cloned()),
        _ => None,
    };
    matches!((refused(one), refused(other)), (Some(one), Some(other)) if one == other)
}

/// Tells whether a command gives something a name; such a command is written each time.
fn command_binds(command: &Command) -> bool {
    matches!(
        command,
        Command::SignIn { bind: Some(_), .. }
            | Command::BeginEnrollment { bind: Some(_), .. }
            | Command::ChangeMethod { bind: Some(_), .. }
            | Command::BeginSecondStep { bind: Some(_), .. }
            | Command::BeginReset { bind: Some(_), .. }
            | Command::BeginResetProof { bind: Some(_), .. }
    )
}

struct Writer(String);

impl Writer {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.0, "{line}");
    }

    fn gateways(&mut self, forms: GatewayForms) {
        if forms != GatewayForms::default() {
            self.line("");
            self.line("[gateways]");
            self.line(&format!("sms = \"{}\"", forms.sms.as_str()));
            self.line(&format!("voice = \"{}\"", forms.voice.as_str()));
            self.line(&format!("email = \"{}\"", forms.email.as_str()));
            self.line(&format!("push = \"{}\"", forms.push.as_str()));
        }
    }

    /// Writes what differs from the default policy.
    fn policy(&mut self, policy: &Policy) {
        self.line("");
        self.line("[policy]");
        let own = serde_json::to_value(policy).unwrap_or_default();
        let default = serde_json::to_value(Policy::default()).unwrap_or_default();
        for (path, value) in leaves("", &own, &default) {
            if path != "edition" {
                self.line(&format!("{path} = {}", toml_value(&value)));
            }
        }
    }

    fn users(&mut self, story: &Story) {
        for user in &story.users {
            self.line("");
            self.line("[[users]]");
            self.line(&format!("name = \"{}\"", user.name));
            if user.role != proofup_domain::method::Role::Member {
                self.line(&format!("role = \"{}\"", user.role));
            }
            if user.blocked {
                self.line("blocked = true");
            }
            if !user.exists {
                self.line("exists = false");
            }
            if !user.methods.is_empty() {
                self.line(&format!("methods = {}", toml_value(&json!(user.methods))));
            }
        }
    }

    fn step(&mut self, step: &FileStep<'_>, check: Option<&str>) {
        self.line("");
        self.line("[[steps]]");
        if let Some(slug) = check {
            self.line(&format!("check = \"{slug}\""));
        }
        if let Ok(Json::Object(fields)) = serde_json::to_value(step.command) {
            for (key, value) in &fields {
                self.line(&format!("{key} = {}", toml_value(value)));
            }
        }
        if step.times > 1 {
            self.line(&format!("times = {}", step.times));
        }
        if check.is_some() {
            let expect = step.expected.to_expect();
            if expect.as_object().is_some_and(|table| !table.is_empty()) {
                self.line(&format!("expect = {}", toml_value(&expect)));
            }
        }
    }
}

/// Lists the leaves of a table that differ from another's, by their paths.
fn leaves(path: &str, own: &Json, default: &Json) -> Vec<(String, Json)> {
    match (own, default) {
        (Json::Object(own), Json::Object(default)) => own
            .iter()
            .flat_map(|(key, value)| {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                leaves(&path, value, default.get(key).unwrap_or(&Json::Null))
            })
            .collect(),
        (own, default) if own == default => Vec::new(),
        (own, _) => vec![(path.to_owned(), own.clone())],
    }
}
