//! A counterexample as a scenario file: it fails in the same way without the explorer.

use proofup_domain::answer::Answer;
use proofup_domain::command::Command;
use proofup_domain::edition::Edition;
use proofup_domain::expect::Expectation;
use proofup_domain::requirement::Catalogue;
use proofup_files::spell;
use proofup_oracle::machine::Expected;
use proofup_scenario::Provenance;
use proofup_scenario::spelling::ScenarioWriter;
use serde_json::{Value as Json, json};

use super::play::UnexpectedAnswer;
use super::requirement_at_fault::{Got, requirement_at_fault};
use super::story::Story;
use super::{answer_summary, expected_summary};

/// A failing story as a file.
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
    /// The last command.
    pub did: String,
    /// The answers that the oracle admits.
    pub expected: String,
    /// The answer that came.
    pub got: String,
    /// How many `[[steps]]` it has.
    pub steps: usize,
}

/// Writes a story that ends in a difference. `expectations` are those of its steps, by index.
pub(super) fn write(
    story: &Story,
    difference: &UnexpectedAnswer,
    expectations: &[(usize, Expected)],
    found: &Provenance,
    catalogue: &Catalogue,
) -> Counterexample {
    let stem = format!("{}-{}-{}", found.by.as_str(), found.seed, found.case);
    let [did, expected, got] = parts(difference);
    let comments = [
        format!(
            "Found by `proofup explore --seed {seed}`, which `proofup explore --seed {seed} --case {case}` repeats.",
            seed = found.seed,
            case = found.case,
        ),
        summary(difference).replace('\n', " "),
    ];
    let title = format!(
        "What `{}` answers in explored case {}",
        difference.command.word(),
        found.case
    );
    let mut file = ScenarioWriter::begin(&comments, &title);
    file.set("editions", &json!([story.policy.edition]));
    file.found(found);
    file.gateways(story.gateways);
    file.policy(&story.policy);
    for user in &story.users {
        file.user(user);
    }
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
        write_step(&mut file, &step, judged.then_some(slug.as_str()));
    }
    Counterexample {
        stem,
        text: file.finish(),
        requirement: last.0,
        slug: last.1,
        did,
        expected,
        got,
        steps: count,
    }
}

/// Returns in a line what was done, what was admitted and what came.
pub(super) fn summary(difference: &UnexpectedAnswer) -> String {
    let [did, expected, got] = parts(difference);
    format!("{did}: expected {expected}, got {got}")
}

fn parts(difference: &UnexpectedAnswer) -> [String; 3] {
    let admitted: Vec<String> = difference
        .expected
        .alternatives()
        .iter()
        .map(|one| brief(&one.to_json(), || expected_summary(one)))
        .collect();
    let got = match &difference.got {
        Got::Answer(answer) => brief(&answer.to_json(), || answer_summary(answer)),
        Got::Nothing(why) => format!("no answer ({why})"),
    };
    let did = proofup_scenario::transcript::command(&difference.command);
    [did, admitted.join(" or "), got]
}

/// Returns fields in a line, or a few words where there are none.
fn brief(fields: &Json, answer_summary: impl Fn() -> String) -> String {
    match fields.as_object() {
        Some(table) if !table.is_empty() => spell(fields),
        _ => answer_summary(),
    }
}

/// Returns the name of the requirement of a step: the one to blame where it holds in this edition, else one that holds everywhere.
fn requirement(
    command: &Command,
    expected: &Expected,
    got: Option<&Got>,
    edition: Edition,
    catalogue: &Catalogue,
) -> String {
    let nothing = Got::Answer(Answer::done());
    let named = requirement_at_fault(command, expected, got.unwrap_or(&nothing)).unwrap_or("API-3");
    let holds = catalogue.requirements.iter().any(|requirement| {
        requirement.id.0 == named
            && (requirement.editions.is_empty() || requirement.editions.contains(&edition))
    });
    if holds { named } else { "SIGN-6" }.to_owned()
}

/// Returns whether a step needs no check because nothing but its success is asked of it.
fn plain_success(expected: &Expected) -> bool {
    expected.alternatives().iter().all(Expectation::may_succeed)
}

/// One step of the file: a command, and how often it is taken.
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

/// Returns whether two expectations are one refusal, or both plain success.
fn alike(one: &Expected, other: &Expected) -> bool {
    let refused = |expected: &Expected| match expected.alternatives() {
        [only] => Some(only.kind()),
        _ => None,
    };
    matches!((refused(one), refused(other)), (Some(one), Some(other)) if one == other)
}

/// Returns whether a command gives something a name; such a command is written each time.
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

fn write_step(file: &mut ScenarioWriter, step: &FileStep<'_>, check: Option<&str>) {
    file.step(check);
    file.command(step.command);
    if step.times > 1 {
        file.set("times", &json!(step.times));
    }
    let expect = check.map(|_| step.expected.to_expect());
    if let Some(expect) = expect.filter(|expect| *expect != json!({})) {
        file.set("expect", &expect);
    }
}
