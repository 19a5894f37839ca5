//! Suites: what is loaded, under which names, and what must be unique.

use std::fs;
use std::path::Path;

use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{
    Suite, SuiteError, SuiteOrigin, embedded_suite, suite_from_dir, suite_from_paths,
};

fn scenario(slug: &str) -> String {
    format!(
        "title = \"t\"\n[[users]]\nname = \"a\"\n[[steps]]\ncheck = \"{slug}\"\ndo = \"signIn\"\nuser = \"a\"\n"
    )
}

/// Writes files below a folder.
fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, slug) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("it lies in the folder"))
            .expect("the folder is ours");
        fs::write(path, scenario(slug)).expect("the folder is ours");
    }
}

fn load(paths: &[String]) -> Result<Suite, SuiteError> {
    suite_from_paths(paths, &embedded_catalogue())
}

fn stems(suite: &Suite) -> Vec<&str> {
    suite
        .scenarios
        .iter()
        .map(|scenario| scenario.stem.as_str())
        .collect()
}

#[test]
fn the_embedded_suite_loads() {
    match embedded_suite(&embedded_catalogue()) {
        Ok(suite) => {
            assert_eq!(suite.origin, SuiteOrigin::Embedded);
            assert_eq!(suite.hash.len(), 64);
            assert!(
                suite
                    .scenarios
                    .iter()
                    .all(|one| one.path.starts_with("scenarios/"))
            );
        }
        Err(errors) => {
            let told: Vec<String> = errors
                .iter()
                .flat_map(|error| {
                    error
                        .problems()
                        .iter()
                        .map(move |one| format!("{}: {one}", error.path()))
                })
                .collect();
            panic!("{}", told.join("\n"));
        }
    }
}

#[test]
fn a_folder_is_loaded_in_path_order_with_what_is_below_it() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("wizard/b.toml", "SIGN-5/b"),
            ("deferral/c.toml", "SIGN-5/c"),
            ("a.toml", "SIGN-5/a"),
        ],
    );
    fs::write(folder.path().join("notes.txt"), "no scenario").unwrap();
    let suite = suite_from_dir(folder.path(), &embedded_catalogue()).unwrap();
    assert_eq!(stems(&suite), ["a", "c", "b"]);
    assert_eq!(suite.scenarios[1].area, "deferral");
    assert!(matches!(suite.origin, SuiteOrigin::Disk(_)));
}

#[test]
fn the_hash_tells_contents_and_names() {
    let hash = |files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), files);
        let suite = suite_from_dir(folder.path(), &embedded_catalogue()).unwrap();
        (folder, suite.hash)
    };
    let (folder, first) = hash(&[("a.toml", "SIGN-5/a")]);
    let again = suite_from_dir(folder.path(), &embedded_catalogue()).unwrap();
    assert_eq!(first, again.hash);
    write(folder.path(), &[("a.toml", "SIGN-5/b")]);
    assert_ne!(
        first,
        suite_from_dir(folder.path(), &embedded_catalogue())
            .unwrap()
            .hash
    );
}

#[test]
fn files_folders_and_patterns_can_be_named_together() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("x/window.toml", "SIGN-5/a"),
        ("x/y/window-two.toml", "SIGN-5/b"),
        ("x/other.toml", "SIGN-5/c"),
    ];
    write(folder.path(), &files);
    let at = |rest: &str| format!("{}/{rest}", folder.path().display());
    assert_eq!(
        stems(&load(&[at("**/window*.toml")]).unwrap()),
        ["window", "window-two"]
    );
    assert_eq!(
        stems(&load(&[at("x/*.toml")]).unwrap()),
        ["other", "window"]
    );
    let both = load(&[at("x/other.toml"), at("x/y"), at("x/o*.toml")]).unwrap();
    assert_eq!(stems(&both), ["other", "window-two"]);
}

#[test]
fn a_path_that_holds_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let at = |rest: &str| format!("{}/{rest}", folder.path().display());
    assert!(matches!(
        load(&[at("gone.toml")]),
        Err(SuiteError::NotFound(_))
    ));
    assert!(matches!(load(&[at("*.toml")]), Err(SuiteError::Empty(_))));
    assert!(matches!(load(&[at("")]), Err(SuiteError::Empty(_))));
    assert!(matches!(load(&[at("[")]), Err(SuiteError::Pattern { .. })));
}

#[test]
fn slugs_and_names_are_unique_over_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("a/one.toml", "SIGN-5/same"),
            ("b/two.toml", "SIGN-5/same"),
            ("c/one.toml", "SIGN-5/c"),
        ],
    );
    let Err(SuiteError::Files(errors)) = suite_from_dir(folder.path(), &embedded_catalogue())
    else {
        panic!("the suite loads");
    };
    let told: Vec<&str> = errors
        .iter()
        .flat_map(|error| error.problems())
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(told.len(), 2);
    assert!(
        told[0].starts_with("`SIGN-5/same` is used twice: first in"),
        "{}",
        told[0]
    );
    assert!(told[0].ends_with("a/one.toml:5"), "{}", told[0]);
    assert!(
        told[1].starts_with("another scenario is called `one` too"),
        "{}",
        told[1]
    );
}
