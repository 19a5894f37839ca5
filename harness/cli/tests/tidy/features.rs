//! One set of features, whichever package is built.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::root;

/// Returns the features of each package, as one line for each way in which a build has it: for the machine that builds, and
/// for the one that it builds for.
fn features(selection: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .current_dir(root())
        .args(["tree", "--offline", "--locked", "--prefix", "none"])
        .args(["--format", "{p}|{f}|"])
        .args(selection)
        .output()
        .expect("cargo runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut parts = line.split('|');
        if let (Some(package), Some(features)) = (parts.next(), parts.next()) {
            let ways = found.entry(package.to_owned()).or_default();
            ways.insert(features.to_owned());
        }
    }
    found
}

/// What differs is compiled twice, and all that stands on it: `cargo build -p proofup` after the tests once took 44 crates.
#[test]
fn the_binary_takes_every_crate_with_the_features_that_the_tests_take_it_with() {
    let binary = features(&["--package", "proofup", "--edges", "normal,build"]);
    let tests = features(&["--workspace", "--edges", "normal,build,dev"]);
    assert!(binary.len() > 100, "cargo lists {} packages", binary.len());
    let differ: Vec<String> = binary
        .iter()
        .filter_map(|(package, ways)| {
            let wider = tests.get(package)?;
            (!ways.is_subset(wider)).then(|| format!("{package}: {ways:?}, in tests {wider:?}"))
        })
        .collect();
    assert!(
        differ.is_empty(),
        "ask for the same features in Cargo.toml:\n{}",
        differ.join("\n")
    );
}
