//! Tests of the oracle against every hand-written scenario: what a check expects, the oracle admits.
//!
//! Goal: two people read the design, one wrote scenarios and one the oracle, and they must agree. Method: each file is
//! walked as a runner would, edition by edition, and wherever a check tells what it expects, some pattern of the oracle
//! must be one that the same answer could meet.

mod story;

use std::path::{Path, PathBuf};

use proofup_domain::edition::Edition;
use proofup_files::{TomlDocument, read_rows};
use serde_json::Value;

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

#[test]
fn the_oracle_admits_what_every_scenario_expects() {
    let mut disagreements = Vec::new();
    let mut checks = 0;
    for file in files() {
        let text = std::fs::read_to_string(&file).expect("a scenario can be read");
        for (row, story) in stories(&file, &text) {
            for edition in editions(&story) {
                let told = story::tell(&story, edition);
                checks += told.checks;
                let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                let place = |line: &String| format!("{stem} {row} [{edition}] {line}");
                disagreements.extend(told.disagreements.iter().map(place));
            }
        }
    }
    assert!(
        disagreements.is_empty(),
        "{} of {checks} checks are read differently:\n{}",
        disagreements.len(),
        disagreements.join("\n")
    );
    assert!(checks > 1000, "the suite was found: {checks} checks");
}
