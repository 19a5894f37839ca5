//! What pages and code say about each other: every page, section, decision, link, path, package and number that one of
//! them names is there.
//!
//! The pages are our own, in a plain form (fences at the start of a line, no nested code), so regular expressions read
//! them; a parser of Markdown would be one more crate to build for every test run.

mod checks;
mod tree;

use std::fs;
use std::sync::LazyLock;

use proofup_domain::expect::MATCHERS;

use checks::{numbers, paths, references};
use tree::Tree;

/// The workspace, read once for all tests.
static TREE: LazyLock<Tree> = LazyLock::new(Tree::read);

/// A page of the workspace that people read, or a source that cites one.
struct Text {
    /// The path from the root.
    path: String,
    text: String,
}

/// Returns the pages whose links, paths and numbers are checked. The changelog tells what was, so it is not among them.
fn pages() -> Vec<Text> {
    let own = |path: &&String| {
        let root = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
        path.ends_with(".md") && (path.starts_with("docs/") || root.contains(&path.as_str()))
    };
    read(TREE.files().filter(own))
}

/// Returns the sources whose references are checked. The tests of the checks hold wrong ones on purpose.
fn sources() -> Vec<Text> {
    let source = |path: &&String| {
        let folder = ["harness/", "benches/", ".ci/"];
        let end = [".rs", ".toml", ".sh", ".py"];
        let code = folder.iter().any(|one| path.starts_with(one))
            && (end.iter().any(|one| path.ends_with(one)) || path.starts_with(".ci/"));
        let catalogue = path.as_str() == "fixtures/requirements.toml";
        (code || catalogue) && !path.starts_with("harness/cli/tests/tidy/")
    };
    read(TREE.files().filter(source))
}

fn read<'a>(paths: impl Iterator<Item = &'a String>) -> Vec<Text> {
    let root = super::root();
    paths
        .map(|path| Text {
            path: path.clone(),
            text: fs::read_to_string(root.join(path))
                .unwrap_or_else(|error| panic!("{path}: {error}")),
        })
        .collect()
}

/// Fails with every problem of every text.
fn assert_none(texts: &[Text], check: impl Fn(&Text) -> Vec<String>) {
    let problems: Vec<String> = texts
        .iter()
        .flat_map(|text| {
            let path = &text.path;
            check(text)
                .into_iter()
                .map(move |problem| format!("{path}: {problem}"))
        })
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_page_section_and_decision_that_code_names_exists() {
    let sources = sources();
    assert!(sources.len() > 300, "{}", sources.len());
    assert_none(&sources, |text| references(&TREE, &text.path, &text.text));
}

#[test]
fn every_page_section_decision_and_link_that_a_page_names_exists() {
    let pages = pages();
    assert!(pages.len() > 10, "{}", pages.len());
    assert_none(&pages, |text| {
        let mut problems = references(&TREE, &text.path, &text.text);
        problems.extend(checks::links(&TREE, &text.path, &text.text));
        problems
    });
}

#[test]
fn every_path_package_and_test_that_a_page_names_exists() {
    assert_none(&pages(), |text| {
        let mut problems = paths(&TREE, &text.path, &text.text);
        problems.extend(checks::packages(&TREE, &text.text));
        problems
    });
}

#[test]
fn every_number_of_crates_and_matchers_that_a_page_names_is_right() {
    let counts = [("crates", TREE.packages()), ("matchers", MATCHERS.len())];
    assert_none(&pages(), |text| numbers(&text.text, &counts));
}

#[test]
fn the_page_on_judging_lists_every_matcher() {
    let page = fs::read_to_string(super::root().join("docs/design/judging.md"))
        .expect("the page on judging is there");
    for matcher in MATCHERS {
        let row = format!("\n| `{matcher}` |");
        assert!(page.contains(&row), "no row for `{matcher}`");
    }
}

#[test]
fn sections_of_the_design_pages_are_numbered_without_gaps() {
    for page in ["domain", "decisions", "judging"] {
        let numbers = TREE.numbers_of(&format!("docs/design/{page}.md"));
        let wanted: Vec<u32> = (1..).take(numbers.len()).collect();
        assert!(numbers.len() > 5, "{page}: {numbers:?}");
        assert_eq!(numbers, wanted, "{page}");
    }
}
