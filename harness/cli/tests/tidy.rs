//! What the project promises about its own shape.

mod circles;
mod features;
mod pages;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::suite_from_dir;
use proofup_world::answer_rules::ExchangeRule;

use circles::Crate;

/// Files in `harness/*/src` are read by people: this many lines at most.
const LONGEST_FILE: usize = 600;

/// A crate of `harness/` holds at most one line in so many.
const LARGEST_CRATE: usize = 5;

/// Which crate of the workspace knows which, as ARCHITECTURE.md says; every crate stands below those that it knows.
const KNOWS: &[(&str, &[&str])] = &[
    ("proofup-domain", &[]),
    ("proofup-oracle", &["proofup-domain"]),
    ("proofup-reference", &["proofup-domain"]),
    ("proofup-gateways", &["proofup-domain"]),
    ("proofup-files", &[]),
    ("proofup-binding", &["proofup-domain", "proofup-files"]),
    (
        "proofup-scenario",
        &["proofup-domain", "proofup-files", "proofup-oracle"],
    ),
    (
        "proofup-judge",
        &["proofup-binding", "proofup-domain", "proofup-files"],
    ),
    (
        "proofup-world",
        &[
            "proofup-binding",
            "proofup-domain",
            "proofup-gateways",
            "proofup-judge",
            "proofup-oracle",
            "proofup-scenario",
        ],
    ),
    (
        "proofup-explore",
        &[
            "proofup-binding",
            "proofup-domain",
            "proofup-files",
            "proofup-judge",
            "proofup-oracle",
            "proofup-scenario",
            "proofup-world",
        ],
    ),
    (
        "proofup-load",
        &[
            "proofup-binding",
            "proofup-domain",
            "proofup-files",
            "proofup-gateways",
            "proofup-judge",
            "proofup-oracle",
            "proofup-scenario",
            "proofup-world",
        ],
    ),
    (
        "proofup-runner",
        &[
            "proofup-binding",
            "proofup-domain",
            "proofup-explore",
            "proofup-judge",
            "proofup-scenario",
            "proofup-world",
        ],
    ),
    (
        "proofup",
        &[
            "proofup-binding",
            "proofup-domain",
            "proofup-explore",
            "proofup-files",
            "proofup-gateways",
            "proofup-judge",
            "proofup-load",
            "proofup-reference",
            "proofup-runner",
            "proofup-scenario",
            "proofup-world",
        ],
    ),
];

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize()
        .expect("the crate lies in its workspace")
}

/// Lists the files below a folder, in order; none where there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found.sort();
    found
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Lists the Rust sources of the crates under `harness/`, by crate.
fn sources() -> Vec<(String, PathBuf)> {
    let harness = root().join("harness");
    let crates = fs::read_dir(&harness).expect("the harness is there");
    let mut found = Vec::new();
    for folder in crates.map(|entry| entry.expect("the folder can be read").path()) {
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a crate's name is UTF-8")
            .to_owned();
        let rust = files(&folder.join("src"))
            .into_iter()
            .filter(|file| file.extension().is_some_and(|end| end == "rs"));
        found.extend(rust.map(|file| (name.clone(), file)));
    }
    found
}

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()]);
    command.exec().expect("cargo tells the workspace")
}

/// Lists which crate of the workspace depends on which, in one way.
fn graph(metadata: &Metadata, kind: DependencyKind) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata.workspace_packages();
    let names: BTreeSet<String> = packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let own = |package: &&cargo_metadata::Package| {
        let of_kind = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == kind);
        of_kind
            .map(|dependency| dependency.name.clone())
            .filter(|name| names.contains(name))
            .collect()
    };
    packages
        .iter()
        .map(|package| (package.name.to_string(), own(package)))
        .collect()
}

#[test]
fn the_crates_know_each_other_as_the_architecture_says() {
    let graph = graph(&metadata(), DependencyKind::Normal);
    for (name, known) in KNOWS {
        let known: BTreeSet<String> = known.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(graph.get(*name), Some(&known), "what {name} knows");
    }
    let extra: Vec<&String> = graph
        .keys()
        .filter(|name| {
            name.as_str() != "proofup-benches" && !KNOWS.iter().any(|(known, _)| known == name)
        })
        .collect();
    assert!(
        extra.is_empty(),
        "a crate that the architecture does not know: {extra:?}"
    );
}

#[test]
fn the_oracle_and_the_reference_never_see_each_other_in_tests_either() {
    let graph = graph(&metadata(), DependencyKind::Development);
    let sees = |one: &str, other: &str| graph.get(one).is_some_and(|known| known.contains(other));
    assert!(!sees("proofup-oracle", "proofup-reference"));
    assert!(!sees("proofup-reference", "proofup-oracle"));
    assert!(graph.get("proofup-domain").is_none_or(BTreeSet::is_empty));
}

#[test]
fn architecture_md_names_every_crate() {
    let page = root().join("ARCHITECTURE.md");
    if !page.exists() {
        return;
    }
    let page = text(&page);
    for package in metadata().workspace_packages() {
        let folder = package
            .manifest_path
            .parent()
            .and_then(|folder| folder.file_name())
            .expect("a crate has a folder");
        assert!(
            page.contains(folder),
            "ARCHITECTURE.md does not name {folder}"
        );
    }
}

#[test]
fn every_snapshot_belongs_to_a_test() {
    let root = root();
    let stems: BTreeSet<String> = ["fixtures", "scenarios"]
        .iter()
        .flat_map(|folder| files(&root.join(folder)))
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    let snapshots = files(&root.join("snapshots"));
    let orphans: Vec<_> = snapshots
        .iter()
        .filter(|snapshot| is_orphan(&root, snapshot, &stems))
        .collect();
    assert!(orphans.is_empty(), "no test owns {orphans:#?}");
}

/// Says whether nothing would write a snapshot any more.
///
/// One that insta wrote says which test did: that has to be there, and to name it or a fixture of its name. Any other
/// (a transcript, a document) belongs to the fixture or scenario of its name, or to a test that names its file.
fn is_orphan(root: &Path, snapshot: &Path, stems: &BTreeSet<String>) -> bool {
    let stem = snapshot
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let name = stem.rsplit("__").next().unwrap_or_default();
    // A case's name goes on with its edition: `story[2019-02-13]`, `story.2019-02-13`.
    let story = name.split(['[', '@']).next().unwrap_or_default();
    let story = story.split(".20").next().unwrap_or_default();
    let has_fixture = stems.contains(name) || stems.contains(story);
    let told = text(snapshot);
    let Some(source) = told.lines().find_map(|line| line.strip_prefix("source: ")) else {
        let file = snapshot
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let rust = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs");
        let mut code = files(&root.join("harness")).into_iter().filter(rust);
        return !has_fixture && !code.any(|path| text(&path).contains(file));
    };
    let source = root.join(source.trim_matches('"'));
    let tests = source.parent().map(files).unwrap_or_default();
    let is_named = || tests.iter().any(|file| text(file).contains(name));
    !(source.exists() && (has_fixture || is_named()))
}

#[test]
fn every_requirement_is_checked_or_set_aside_with_a_reason() {
    let catalogue = embedded_catalogue();
    let suite = suite_from_dir(&root().join("scenarios"), &catalogue).expect("the suite loads");
    let checked: BTreeSet<&str> = suite
        .scenarios
        .iter()
        .flat_map(|scenario| &scenario.steps)
        .filter_map(|step| step.check.as_ref())
        .map(|check| check.requirement.0.as_str())
        .chain(ExchangeRule::ALL.iter().map(|rule| rule.check().0))
        .collect();
    let forgotten: Vec<&str> = catalogue
        .requirements
        .iter()
        .filter(|entry| entry.judged_by.is_none() && entry.excluded.is_none())
        .map(|entry| entry.id.0.as_str())
        .filter(|id| !checked.contains(id))
        .collect();
    assert!(forgotten.is_empty(), "no scenario checks {forgotten:?}");
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let long: Vec<String> = sources()
        .iter()
        .map(|(_, file)| (text(file).lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, file)| format!("{}: {lines}", file.display()))
        .collect();
    assert!(long.is_empty(), "over {LONGEST_FILE} lines: {long:#?}");
}

#[test]
fn no_crate_is_most_of_the_house() {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for (name, file) in sources() {
        *lines.entry(name).or_default() += text(&file).lines().count();
    }
    let whole: usize = lines.values().sum();
    let large: Vec<_> = lines
        .iter()
        .filter(|(_, lines)| **lines * LARGEST_CRATE > whole)
        .collect();
    assert!(
        large.is_empty(),
        "over a {LARGEST_CRATE}th of {whole} lines: {large:?}"
    );
}

#[test]
fn no_circle_of_modules_is_left() {
    let mut crates: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for (name, file) in sources() {
        let source = root().join("harness").join(&name).join("src");
        let below = file.strip_prefix(&source).expect("it is a source of it");
        let read = (below.to_owned(), text(&file));
        crates.entry(name).or_default().push(read);
    }
    let circles: Vec<String> = crates
        .iter()
        .flat_map(|(name, files)| {
            let files = files
                .iter()
                .map(|(path, text)| (path.as_path(), text.as_str()));
            let circles = Crate::read(files).circles().into_iter();
            circles.map(move |circle| format!("{name} {circle}"))
        })
        .collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn no_folder_looks_like_build_output() {
    let called: Vec<PathBuf> = [
        "harness",
        "benches",
        "docs",
        "fixtures",
        "scenarios",
        "snapshots",
    ]
    .iter()
    .flat_map(|folder| files(&root().join(folder)))
    .filter(|file| {
        let below = file.strip_prefix(root()).unwrap_or(file);
        below.components().any(|part| part.as_os_str() == "target")
    })
    .collect();
    assert!(
        called.is_empty(),
        "tools pass over a folder called `target`: {called:#?}"
    );
}

#[test]
fn only_the_command_line_prints() {
    let macros = [
        "println!",
        "eprintln!",
        "print!",
        "eprint!",
        "stdout()",
        "stderr()",
    ];
    let printing: Vec<String> = sources()
        .iter()
        .filter(|(name, _)| name != "cli")
        .filter(|(_, file)| {
            let text = text(file);
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            code.into_iter()
                .any(|line| macros.iter().any(|word| line.contains(word)))
        })
        .map(|(_, file)| file.display().to_string())
        .collect();
    assert!(printing.is_empty(), "these print: {printing:#?}");
}
