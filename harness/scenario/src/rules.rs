//! The rules that a schema cannot say: names that must exist, marks that must be unique, keys that belong together.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proofup_domain::answer::REFUSED;
use proofup_domain::edition::Edition;
use proofup_domain::requirement::{Catalogue, RequirementId};
use proofup_files::quantity::{spell_seconds, whole_seconds};
use proofup_files::{FileRow, Kind, Node, Problem, is_kebab, list, nearest, suggest};

use super::draft::{BindingKind, StepDraft, is_refusal};
use super::grammar::{answer_shape, definition};
use super::quantity::{Dimension, Quantity};

/// Demands that something happens, and that something of it is judged.
pub(crate) fn whole(root: &Node, steps: &[StepDraft<'_>], problems: &mut Vec<Problem>) {
    let Some(node) = root.get("steps") else {
        return;
    };
    let (message, help) = if steps.is_empty() {
        (
            "the scenario has no steps",
            "add a [[steps]] table for each",
        )
    } else if steps.iter().all(|step| step.node.get("check").is_none()) {
        (
            "no step of the scenario is judged",
            "add `check = \"ID/slug\"` to the steps that show what the title says",
        )
    } else {
        return;
    };
    problems.push(Problem::new(message, "here", node.span.clone()).help(help));
}

/// Checks ids, slugs and what goes with them.
pub(crate) fn marks(
    steps: &[StepDraft<'_>],
    editions: &[Edition],
    catalogue: &Catalogue,
    problems: &mut Vec<Problem>,
) {
    let mut ids: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    for step in steps {
        for key in ["id", "check"] {
            let Some(text) = step.text(key) else { continue };
            let span = step.span(key);
            if let Some(first) = ids.get(text) {
                problems.push(
                    step.problem(key, format!("`{text}` is used twice"), "again")
                        .beside(first.clone(), "first")
                        .help("every id and every slug names one step: take another word"),
                );
            }
            ids.entry(text).or_insert(span);
        }
        if let Some(id) = step.text("id").filter(|id| !is_kebab(id)) {
            problems.push(
                step.problem("id", format!("`{id}` is no id"), "here")
                    .help("write lower-case words and digits, joined by hyphens: `first-code`"),
            );
        }
        if let Some(slug) = step.text("check") {
            problems.extend(slug_problem(step, slug, editions, catalogue));
        }
        problems.extend(lonely(step));
    }
}

/// Finds checks that are called alike in several rows.
pub(crate) fn repeated_checks(stories: &[(&FileRow, Node)], problems: &mut Vec<Problem>) {
    let mut slugs: BTreeMap<&str, &str> = BTreeMap::new();
    let mut told: BTreeSet<usize> = BTreeSet::new();
    for (row, story) in stories {
        let steps = story.get("steps").map(Node::items).unwrap_or_default();
        for check in steps.iter().filter_map(|step| step.get("check")) {
            let Some(slug) = check.text() else { continue };
            let first = *slugs.entry(slug).or_insert(&row.name);
            if first != row.name && told.insert(check.span.start) {
                let message = format!("`{slug}` names a check of several rows");
                let label = format!("in the rows `{first}` and `{}`", row.name);
                problems.push(Problem::new(message, label, check.span.clone()).help(
                    "a slug names one check: put the row's name into it, as in `SIGN-4/refused-{name}`",
                ));
            }
        }
    }
}

/// Finds what is wrong with a slug.
fn slug_problem(
    step: &StepDraft<'_>,
    slug: &str,
    editions: &[Edition],
    catalogue: &Catalogue,
) -> Option<Problem> {
    let form = "write the requirement's id, a slash and a few lower-case words joined by hyphens: \
                `DEF-1/first-offer`";
    let Some((id, _)) = slug.split_once('/').filter(|(_, words)| is_kebab(words)) else {
        return Some(
            step.problem("check", format!("`{slug}` is no slug"), "here")
                .help(form),
        );
    };
    let id = RequirementId(id.to_owned());
    if let Some(requirement) = catalogue.get(&id) {
        let holds = &requirement.editions;
        let nowhere = !holds.is_empty() && !editions.iter().any(|edition| holds.contains(edition));
        return nowhere.then(|| {
            let words: Vec<&str> = holds.iter().map(|edition| edition.as_str()).collect();
            step.problem(
                "check",
                format!("`{id}` does not hold in any edition of this file"),
                "never judged",
            )
            .help(format!(
                "it holds in {}: name one in `editions`",
                list(&words)
            ))
        });
    }
    let known = || {
        catalogue
            .requirements
            .iter()
            .map(|known| known.id.0.as_str())
    };
    let same_area = known().filter(|known| {
        known.rsplit_once('-').map(|(area, _)| area) == id.0.rsplit_once('-').map(|(area, _)| area)
    });
    let same_area: Vec<&str> = same_area.collect();
    let help = if same_area.is_empty() {
        let areas: Vec<&str> = catalogue
            .areas
            .iter()
            .map(|area| area.id.as_str())
            .collect();
        match nearest(&id.0, known()) {
            Some(near) => format!("did you mean `{near}`? the areas are {}", list(&areas)),
            None => format!("the areas are {}", list(&areas)),
        }
    } else {
        suggest(&id.0, same_area)
    };
    Some(
        step.problem(
            "check",
            format!("unknown requirement `{id}`"),
            "the catalogue has no such id",
        )
        .help(help),
    )
}

/// Finds keys that stand without the key they belong to.
fn lonely(step: &StepDraft<'_>) -> Vec<Problem> {
    let has = |key: &str| step.node.get(key).is_some();
    let mut found = Vec::new();
    let mut lone = |key: &str, message: &str, help: &str| {
        if let Some(entry) = step.node.entry(key) {
            found.push(Problem::new(message, "here", entry.key_span.clone()).help(help));
        }
    };
    if !has("check") {
        lone(
            "expect",
            "`expect` without `check`",
            "add `check = \"ID/slug\"`; a step without `check` must succeed, and nothing else is asked of it",
        );
        lone(
            "control",
            "`control` without `check`",
            "add `check = \"ID/slug\"`, or take `control` away",
        );
        lone(
            "mangle",
            "`mangle` without `check`",
            "a spoilt request is always judged: add `check = \"ID/slug\"`",
        );
    } else if has("control") && !has("mangle") && !step.may_be_refused() {
        lone(
            "control",
            "`control` without a refusal",
            "a control shows that a refusal has its one cause: add `expect = { refused = … }`, or take `control` away",
        );
    }
    if step
        .node
        .get("expect")
        .is_some_and(|expect| matches!(&expect.kind, Kind::Table(entries) if entries.is_empty()))
    {
        lone(
            "expect",
            "`expect` holds nothing",
            "leave it out: a check without `expect` demands that the command succeeds",
        );
    }
    found
}

/// Checks that users exist, and that what is referred to was bound before.
pub(crate) fn names(users: &[Node], steps: &[StepDraft<'_>], problems: &mut Vec<Problem>) {
    let people: Vec<&str> = users
        .iter()
        .filter_map(|user| user.get("name").and_then(Node::text))
        .collect();
    let mut bound: BTreeMap<BindingKind, Vec<&str>> = BTreeMap::new();
    let mut unclear: Vec<&str> = Vec::new();
    for step in steps {
        // Commands that are sent at the same moment are made ready before any of them is: none sees what another binds.
        for act in step.acts() {
            problems.extend(stranger(act, &people));
            for thing in BindingKind::ALL {
                problems.extend(reference(act, thing.key(), thing, &bound, &unclear));
            }
            problems.extend(reference(
                act,
                "of",
                BindingKind::Enrollment,
                &bound,
                &unclear,
            ));
            problems.extend(code_of(act, &people, &bound, &unclear));
        }
        for act in step.acts() {
            let Some(name) = act.text("as") else {
                continue;
            };
            if name == "none" || people.contains(&name) {
                problems.push(
                    act.problem("as", format!("`{name}` cannot be bound"), "taken")
                        .help(
                            "`none` and the names of users mean something else: take another word",
                        ),
                );
            }
            match BindingKind::bound_by(act.word()) {
                Some(thing) => bound.entry(thing).or_default().push(name),
                None => unclear.push(name),
            }
        }
    }
}

/// Finds a user that the file does not have.
fn stranger(step: &StepDraft<'_>, people: &[&str]) -> Option<Problem> {
    let user = step.text("user").filter(|user| !people.contains(user))?;
    let help = match people {
        [] => "the file has no [[users]]".to_owned(),
        people => suggest(user, people.iter().copied()),
    };
    let problem = step.problem("user", format!("unknown user `{user}`"), "unknown person");
    Some(problem.help(help))
}

/// Checks that what is sent at the same moment can be: each command ends in one request, and several are sent.
pub(crate) fn together(steps: &[StepDraft<'_>], problems: &mut Vec<Problem>) {
    for step in steps {
        let Some(parts) = &step.parts else { continue };
        for part in parts {
            let word = part.word();
            if NOT_TOGETHER.contains(&word) {
                problems.push(
                    part.problem("do", format!("`{word}` cannot be sent together with others"), "here")
                        .help("only what ends in one request to the target can: make it a step of its own before or after"),
                );
            }
        }
        if let [only] = parts.as_slice()
            && only.node.get("times").is_none()
        {
            problems.push(
                step.problem("together", "one command alone in `together`", "here")
                    .help("add `times = …` for copies of it, add other commands, or make it an ordinary step"),
            );
        }
    }
}

/// Lists the commands that are no single request to the target, and the one that changes what the others are judged by.
const NOT_TOGETHER: [&str; 7] = [
    "addAccount",
    "activateDevice",
    "readInbox",
    "setGateway",
    "releaseMessages",
    "findLeaks",
    "setPolicy",
];

fn reference(
    step: &StepDraft<'_>,
    key: &str,
    wanted: BindingKind,
    bound: &BTreeMap<BindingKind, Vec<&str>>,
    unclear: &[&str],
) -> Option<Problem> {
    let name = step.text(key)?;
    let none = name == "none" && key == "session";
    let known = bound.get(&wanted).map(Vec::as_slice).unwrap_or_default();
    if none || known.contains(&name) || unclear.contains(&name) {
        return None;
    }
    let elsewhere = bound.iter().find(|(_, names)| names.contains(&name));
    let problem = match elsewhere {
        Some((thing, _)) => step.problem(
            key,
            format!("`{name}` names {}, not {}", thing.named(), wanted.named()),
            "another kind of thing",
        ),
        None => step.problem(
            key,
            format!("no {} is bound as `{name}` before this step", wanted.key()),
            "never bound",
        ),
    };
    Some(problem.help(bound_help(name, wanted.key(), known)))
}

fn bound_help(name: &str, wanted: &str, known: &[&str]) -> String {
    if known.is_empty() {
        format!(
            "add `as = \"{name}\"` to the step that begins the {wanted}, or leave the key out: the latest is meant"
        )
    } else {
        suggest(name, known.iter().copied())
    }
}

/// Checks `code = { of = "…" }`: a user, or something bound that codes are sent for.
fn code_of(
    step: &StepDraft<'_>,
    people: &[&str],
    bound: &BTreeMap<BindingKind, Vec<&str>>,
    unclear: &[&str],
) -> Option<Problem> {
    let node = step.node.get("code")?.get("of")?;
    let name = node.text()?;
    let things = [
        BindingKind::Enrollment,
        BindingKind::Challenge,
        BindingKind::Proof,
    ];
    let mut known: Vec<&str> = people.to_vec();
    known.extend(things.iter().filter_map(|thing| bound.get(thing)).flatten());
    if known.contains(&name) || unclear.contains(&name) {
        return None;
    }
    let message = format!(
        "`{name}` is no user, and nothing bound as `{name}` before this step is sent codes"
    );
    Some(Problem::new(message, "unknown", node.span.clone()).help(suggest(name, known)))
}

/// Checks durations and counts.
pub(crate) fn quantities(steps: &[StepDraft<'_>], problems: &mut Vec<Problem>) {
    for step in steps.iter().flat_map(StepDraft::acts) {
        let mut check = |key: &str, wanted: Dimension| {
            let Some(text) = step.text(key) else { return };
            let parsed = Quantity::parse(text).and_then(|quantity| quantity.demand(wanted));
            if let Err(error) = parsed {
                let message = error.message(key, text, wanted);
                problems.push(step.problem(key, message, "here").help(error.help(wanted)));
            }
        };
        if step.word() == "advanceClock" {
            check("by", Dimension::Duration);
        }
        check("times", Dimension::Count);
    }
}

/// Checks expectations for what the shape cannot say: refusals do not mix with answers, and instants are told from T0.
pub(crate) fn expectations(steps: &[StepDraft<'_>], problems: &mut Vec<Problem>) {
    for step in steps {
        let Some(expect) = step.node.get("expect") else {
            continue;
        };
        match expect.get("anyOf") {
            Some(several) => {
                for one in several.items() {
                    mixed(step, one, problems);
                }
            }
            None => mixed(step, expect, problems),
        }
        instants(expect, problems);
        let told_already = problems.iter().any(|problem| expect.holds(&problem.span));
        if !told_already {
            problems.extend(unreadable(step, expect));
        }
    }
}

/// Finds what the schema lets through and what still cannot be read, such as a reason for a refusal that is a matcher.
fn unreadable(step: &StepDraft<'_>, expect: &Node) -> Option<Problem> {
    let misspelt = step.expectation()?.err()?;
    let place = holding(expect, &misspelt.value).unwrap_or(expect);
    let problem = Problem::new(misspelt.to_string(), "here", place.span.clone());
    Some(problem.help(
        "name reasons by their words, `refused = { anyOf = [\"wrongCode\", \"exhausted\"] }`; where a success will do, too, \
         the whole is one of several: `expect = { anyOf = [{ refused = \"wrongCode\" }, { state = \"signedIn\" }] }`",
    ))
}

/// Finds the value that is this JSON.
fn holding<'n>(node: &'n Node, json: &str) -> Option<&'n Node> {
    let text = node.json().to_string();
    if text == json {
        return Some(node);
    }
    let mut inner = node.entries().iter().map(|entry| &entry.node);
    inner
        .find_map(|node| holding(node, json))
        .or_else(|| node.items().iter().find_map(|node| holding(node, json)))
}

fn mixed(step: &StepDraft<'_>, expect: &Node, problems: &mut Vec<Problem>) {
    let has = |shape: &str, key: &str| {
        definition(shape).is_some_and(|schema| schema["properties"].get(key).is_some())
    };
    let Some(shape) = answer_shape(step.word()) else {
        return;
    };
    let refusal = is_refusal(expect);
    for entry in expect.entries() {
        let key = entry.key.as_str();
        let (own, refused) = (has(shape, key), has("RefusedAnswer", key));
        let problem = |message: String, help: String| {
            Problem::new(message, "here", entry.key_span.clone()).help(help)
        };
        if key == REFUSED && !refusal {
            problems.push(problem(
                "`refused` cannot be absent".to_owned(),
                "leave it out: an expectation without `refused` is met by a success only"
                    .to_owned(),
            ));
        } else if refusal && own && !refused {
            problems.push(problem(
                format!("`{key}` is not part of a refusal"),
                "beside `refused` only `triesLeft`, `retryAfter`, `field` and `problem` can be expected".to_owned(),
            ));
        } else if !refusal && refused && !own && key != REFUSED {
            problems.push(problem(
                format!("`{key}` without `refused`"),
                format!("`{key}` is part of a refusal: say which, `refused = \"…\"` or `refused = {{ anyOf = […] }}`"),
            ));
        }
    }
}

fn instants(node: &Node, problems: &mut Vec<Problem>) {
    for entry in node.entries() {
        if ["expiresAt", "at"].contains(&entry.key.as_str()) {
            let several = entry.node.get("anyOf").map(Node::items).unwrap_or_default();
            for value in several.iter().chain(std::iter::once(&entry.node)) {
                let Some(text) = value.text() else { continue };
                let Err(help) = check_instant(text) else {
                    continue;
                };
                let message = format!("bad instant \"{text}\"");
                problems.push(Problem::new(message, "here", value.span.clone()).help(help));
            }
        } else {
            instants(&entry.node, problems);
        }
    }
    for item in node.items() {
        instants(item, problems);
    }
}

/// Checks an instant that an answer is compared with. Answers tell theirs in one spelling, so no other could ever be met.
fn check_instant(text: &str) -> Result<(), String> {
    let seconds = match text.strip_prefix("T0") {
        Some("") => return Ok(()),
        Some(rest) => rest
            .strip_prefix('+')
            .and_then(|duration| whole_seconds(duration).ok()),
        None => None,
    };
    let spelt = match seconds {
        Some(0) => "T0".to_owned(),
        Some(seconds) => format!("T0+{}", spell_seconds(seconds)),
        None => {
            return Err(
                "write it from the start of the steps: `T0`, `T0+30s`, `T0+10m`, `T0+1h30m`"
                    .to_owned(),
            );
        }
    };
    if spelt == text {
        Ok(())
    } else {
        Err(format!("write `{spelt}`, as answers are told"))
    }
}
