//! Holds the oracle to every hand-written scenario: what a check expects, the oracle admits.
//!
//! Goal: two people read the design, one wrote scenarios and one the oracle, and they must agree. Method: each file is
//! walked as a runner would, edition by edition, and wherever a check tells what it expects, some pattern of the oracle
//! must be one that the same answer could meet.

mod story;

use std::path::{Path, PathBuf};

use proofup_domain::edition::Edition;

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

#[test]
fn the_oracle_admits_what_every_scenario_expects() {
    let mut disagreements = Vec::new();
    let mut checks = 0;
    for file in files() {
        let text = std::fs::read_to_string(&file).expect("a scenario can be read");
        let story: toml::Table = toml::from_str(&text).expect("a scenario parses");
        let story = serde_json::to_value(story).expect("TOML without dates is JSON");
        let editions = match story["editions"].as_array() {
            None => vec![Edition::default()],
            Some(list) => list
                .iter()
                .map(|edition| serde_json::from_value(edition.clone()).expect("an edition"))
                .collect(),
        };
        for edition in editions {
            let told = story::tell(&story, edition);
            checks += told.checks;
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let place = |line: &String| format!("{stem} [{edition}] {line}");
            disagreements.extend(told.disagreements.iter().map(place));
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
