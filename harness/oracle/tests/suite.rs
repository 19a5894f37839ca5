//! Tests of the oracle against every hand-written scenario: what a check expects, the oracle admits.
//!
//! Goal: two people read the design, one wrote scenarios and one the oracle, and they must agree. Method: each file is
//! walked as a runner would, edition by edition, and wherever a check tells what it expects, some pattern of the oracle
//! must be one that the same answer could meet.

mod story;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proofup_domain::edition::Edition;
use proofup_domain::expect::Allowed;
use proofup_files::{TomlDocument, read_rows};
use serde_json::{Value, json};

/// Lists the scenario files, in order.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder of scenarios can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Lists the stories of a file, each with its row: of a file without rows the one, whose row is empty.
fn stories(file: &Path, text: &str) -> Vec<(String, Value)> {
    let document = TomlDocument::parse(&file.to_string_lossy(), text);
    let root = document.root();
    let mut problems = Vec::new();
    let rows = read_rows(root, &mut problems);
    assert!(problems.is_empty(), "{}: {problems:?}", file.display());
    let Some(rows) = rows else {
        return vec![(String::new(), root.json())];
    };
    let told = rows
        .into_iter()
        .map(|row| (row.name.clone(), row.tell(root, &[]).json()));
    told.collect()
}

fn editions(story: &Value) -> Vec<Edition> {
    let Some(list) = story["editions"].as_array() else {
        return vec![Edition::default()];
    };
    let read = |edition: &Value| serde_json::from_value(edition.clone()).expect("an edition");
    list.iter().map(read).collect()
}

/// Returns the refusals that the catalogue calls as good as an expected one, by requirement and expected refusal.
fn allowed() -> BTreeMap<String, Allowed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/requirements.toml");
    let text = std::fs::read_to_string(&path).expect("the catalogue can be read");
    let catalogue = TomlDocument::parse(&path.to_string_lossy(), &text)
        .root()
        .json();
    let requirements = catalogue["requirements"].as_array().expect("requirements");
    let read = |one: &Value| {
        let allowed = one.get("allowed").cloned().unwrap_or_else(|| json!({}));
        let id = one["id"].as_str().expect("an id").to_owned();
        (
            id,
            serde_json::from_value(allowed).expect("refusals by refusal"),
        )
    };
    requirements.iter().map(read).collect()
}

/// Calls back for each story of the suite in each of its editions: where it stands, and what the walk through it found.
fn walk(mut each: impl FnMut(&str, story::Told)) {
    let allowed = allowed();
    for file in files() {
        let text = std::fs::read_to_string(&file).expect("a scenario can be read");
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        for (row, story) in stories(&file, &text) {
            for edition in editions(&story) {
                let place = format!("{stem} {row} [{edition}]");
                each(&place, story::tell(&story, edition, &allowed));
            }
        }
    }
}

#[test]
fn the_oracle_admits_what_every_scenario_expects() {
    let mut disagreements = Vec::new();
    let mut checks = 0;
    walk(|place, told| {
        checks += told.checks;
        let lines = told.disagreements.iter();
        disagreements.extend(lines.map(|line| format!("{place} {line}")));
    });
    assert!(
        disagreements.is_empty(),
        "{} of {checks} checks are read differently:\n{}",
        disagreements.len(),
        disagreements.join("\n")
    );
    assert!(checks > 1000, "the suite was found: {checks} checks");
}

/// The checks that blame an answer which the page admits, each with its reason: the beginning of its slug.
const BLAMES: &[(&str, &str)] = &[];

#[test]
fn no_check_blames_an_answer_that_the_page_admits() {
    let mut blamed = BTreeMap::<String, BTreeSet<String>>::new();
    let mut excused = BTreeSet::new();
    walk(|place, told| {
        for (slug, answer) in told.blamed {
            match BLAMES.iter().find(|(begin, _)| slug.starts_with(begin)) {
                Some((begin, _)) => _ = excused.insert(*begin),
                None => {
                    let stem = place.split(' ').next().unwrap_or_default();
                    let check = format!("{stem}: {slug}");
                    blamed.entry(check).or_default().insert(answer);
                }
            }
        }
    });
    let lines = blamed
        .iter()
        .map(|(check, answers)| format!("{check} {answers:?}"));
    let lines: Vec<String> = lines.collect();
    assert!(
        lines.is_empty(),
        "{} checks blame what the page admits:\n{}",
        lines.len(),
        lines.join("\n")
    );
    for (begin, _) in BLAMES {
        assert!(excused.contains(begin), "{begin} blames nothing any more");
    }
}
