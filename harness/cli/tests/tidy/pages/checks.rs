//! The checks, each a function from a text to its problems.

use std::path::{Component, Path};

use regex::{Captures, Regex};

use super::tree::Tree;

/// A path in an example that a reader makes first, so that it is not there.
const MADE_BY_READERS: [&str; 1] = ["fixtures/products/odd/tmp-broken.toml"];

/// How closely a `§` follows the standard, whose sections are not ours, or the other page that it means.
const NEAR: usize = 60;

/// The numbers that pages write out.
const WORDS: [&str; 13] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
];

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is valid")
}

/// Returns the lines of a page outside fenced blocks.
pub(super) fn prose(page: &str) -> Vec<&str> {
    let mut fenced = false;
    page.lines()
        .filter(|line| {
            let is_fence = line.trim_start().starts_with("```");
            fenced ^= is_fence;
            !fenced && !is_fence
        })
        .collect()
}

/// Returns what a text says of pages, sections and decisions that are not there.
///
/// A reference is a page, perhaps with an anchor (`implementing.md#gateways`), sections (`domain.md` §4) or numbers
/// (`decisions.md` 4, 9). A `§` alone means the page named last; in a page with sections of its own, that page, unless
/// another was named just before. Behind a standard it is the standard's. "decision 7" is one of `decisions.md`.
pub(super) fn references(tree: &Tree, path: &str, text: &str) -> Vec<String> {
    let token = pattern(concat!(
        r"(?P<page>[A-Za-z0-9_./-]*[A-Za-z0-9_-]\.md\b)(?:#(?P<anchor>[\w-]+))?`?(?P<numbers>(?:(?:,|,? and| to)? \d+\b)*)",
        r"|§(?P<section>\d+)",
        r"|(?P<standard>RFC \d+|NIST SP [0-9A-Z-]+|ASVS [\d.]+)",
        r"|\bdecisions? (?P<decision>\d+)",
    ));
    let text = if path.ends_with(".md") {
        prose(text).join("\n")
    } else {
        // References wrap as comments do.
        pattern(r"\n[ \t]*(?://[/!]?|#)[ \t]?")
            .replace_all(text, " ")
            .into_owned()
    };
    let mut problems = Vec::new();
    let own = Some(path).filter(|path| !tree.numbers_of(path).is_empty());
    let mut last: Option<(String, usize)> = None;
    let mut standard_ended = None;
    for found in token.captures_iter(&text) {
        let whole = found.get(0).expect("there is a match");
        let number = |name| {
            found
                .name(name)
                .map(|one| one.as_str().parse().unwrap_or(0))
        };
        if let Some(page) = found.name("page") {
            match page_named(tree, path, page.as_str()) {
                Ok(page) => {
                    problems.extend(parts(tree, &page, &found));
                    last = Some((page, whole.end()));
                    standard_ended = None;
                }
                Err(problem) => problems.push(problem),
            }
        } else if let Some(section) = number("section") {
            let near = |end: usize| text[end..whole.start()].chars().count() <= NEAR;
            if standard_ended.is_some_and(near) {
                standard_ended = Some(whole.end());
                continue;
            }
            let last = last.as_mut().filter(|(_, end)| own.is_none() || near(*end));
            let page = last.map(|(page, end)| {
                *end = whole.end();
                page.as_str()
            });
            match page.or(own) {
                Some(page) if tree.has_section(page, section) => {}
                Some(page) => problems.push(format!("{page} has no §{section}")),
                None => problems.push(format!("§{section} of no page")),
            }
        } else if found.name("standard").is_some() {
            standard_ended = Some(whole.end());
        } else if let Some(decision) = number("decision")
            && !tree.has_section("docs/design/decisions.md", decision)
        {
            problems.push(format!("there is no decision {decision}"));
        }
    }
    problems
}

/// Finds the page that a reference names: beside the text, by its path, or by the end of it.
fn page_named(tree: &Tree, path: &str, named: &str) -> Result<String, String> {
    if let Some(beside) = beside(path, named).filter(|beside| tree.has(beside)) {
        return Ok(beside);
    }
    match tree.named(named).as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(format!("there is no {named}")),
        _ => Err(format!("several pages are called {named}")),
    }
}

/// Returns the anchor and the numbers of a reference that its page does not have.
fn parts(tree: &Tree, page: &str, found: &Captures<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(anchor) = found.name("anchor")
        && !tree.has_anchor(page, anchor.as_str())
    {
        problems.push(format!("{page} has no #{}", anchor.as_str()));
    }
    if page.ends_with("decisions.md") {
        for number in pattern(r"\d+").find_iter(&found["numbers"]) {
            let number = number.as_str().parse().unwrap_or(0);
            if !tree.has_section(page, number) {
                problems.push(format!("{page} has no {number}"));
            }
        }
    }
    problems
}

/// Returns the path from the root of what is named relative to a file; none where that leaves the workspace.
fn beside(path: &str, named: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in Path::new(named).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::ParentDir => drop(parts.pop()?),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

/// Returns the links of a page that lead nowhere.
pub(super) fn links(tree: &Tree, path: &str, text: &str) -> Vec<String> {
    let link = pattern(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)");
    let mut problems = Vec::new();
    for line in prose(text) {
        for found in link.captures_iter(line) {
            let target = found.get(1).or(found.get(2)).map_or("", |one| one.as_str());
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() {
                Some(path.to_owned())
            } else {
                beside(path, file).filter(|file| tree.has(file))
            };
            let leads =
                file.is_some_and(|file| anchor.is_empty() || tree.has_anchor(&file, anchor));
            if !leads {
                problems.push(format!("the link {target} leads nowhere"));
            }
        }
    }
    problems
}

/// Returns the paths of the workspace that a page names, as code or in a block, and that are not there.
///
/// A path counts if it begins with a folder of the root, or names a source file by the end of its path. Behind a
/// placeholder or a wildcard only the folder before it is looked for.
pub(super) fn paths(tree: &Tree, path: &str, text: &str) -> Vec<String> {
    let span = pattern(r"`([^`]+)`");
    let mut code: Vec<&str> = Vec::new();
    let mut problems = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            code.push(line);
        } else {
            let spans = span.captures_iter(line);
            code.extend(spans.map(|found| found.extract::<1>().1[0]));
            if line.matches('`').count() % 2 == 1 {
                problems.push(format!("code that goes on in another line: {line}"));
            }
        }
    }
    let separators = |c: char| c.is_whitespace() || "\"',;()[]=|".contains(c);
    let mut words: Vec<&str> = code
        .iter()
        .flat_map(|code| code.split(separators))
        .collect();
    words.sort_unstable();
    words.dedup();
    let gone = words.iter().filter(|word| !is_there(tree, path, word));
    problems.extend(gone.map(|word| format!("there is no {word}")));
    problems
}

fn is_there(tree: &Tree, page: &str, word: &str) -> bool {
    // A place in a file goes on with its line and column.
    let is_place = |c: char| c == ':' || c.is_ascii_digit();
    let word = match word.split_once(':') {
        Some((file, place)) if place.chars().all(is_place) => file,
        _ => word,
    };
    let word = word.trim_end_matches('.');
    let fixed = word.find(['*', '<', '{', '$', '…']).map_or(word, |wild| {
        let before = &word[..wild];
        before.rsplit_once('/').map_or("", |(folder, _)| folder)
    });
    if MADE_BY_READERS.contains(&fixed) || word.contains('\\') {
        true
    } else if tree.is_of_the_root(fixed) {
        tree.has(fixed)
    } else if fixed.ends_with(".rs") {
        !tree.named(fixed).is_empty()
    } else if fixed.ends_with(".md") {
        page_named(tree, page, fixed).is_ok()
    } else {
        true
    }
}

/// Returns the packages and targets of cargo commands that are not there.
pub(super) fn packages(tree: &Tree, text: &str) -> Vec<String> {
    let package = pattern(r"(?:-p|--package) (proofup[\w-]*)");
    let target = pattern(r"--(?:test|bench) ([\w-]+)");
    let mut problems = Vec::new();
    for line in text.lines().filter(|line| line.contains("cargo ")) {
        let mut named = Vec::new();
        for found in package.captures_iter(line) {
            match tree.targets(&found[1]) {
                Some(targets) => named.push(targets),
                None => problems.push(format!("there is no package {}", &found[1])),
            }
        }
        for found in target.captures_iter(line) {
            let name = &found[1];
            let known = if named.is_empty() {
                tree.has_target(name)
            } else {
                named.iter().any(|targets| targets.contains(name))
            };
            if !known {
                problems.push(format!("there is no target {name}"));
            }
        }
    }
    problems
}

/// Returns the numbers of things that a page tells wrongly: "six matchers", "9 crates".
pub(super) fn numbers(text: &str, counts: &[(&str, usize)]) -> Vec<String> {
    let text = prose(text).join(" ").to_lowercase();
    let mut problems = Vec::new();
    for (thing, count) in counts {
        let told = pattern(&format!(r"\b(\d+|{}) {thing}\b", WORDS.join("|")));
        for found in told.captures_iter(&text) {
            let number = WORDS.iter().position(|word| *word == &found[1]);
            let number = number.or_else(|| found[1].parse().ok());
            if number != Some(*count) {
                problems.push(format!("{}: there are {count}", &found[0]));
            }
        }
    }
    problems
}

fn small_tree() -> Tree {
    Tree::of(&[
        ("README.md", "# Readme\n## Exit codes\n"),
        (
            "docs/design/domain.md",
            "# Domain\n## 1. Words\n## 2. Editions\n```\n## 3. No heading\n```\n",
        ),
        ("docs/design/decisions.md", "# D\n### 1. One\n### 2. Two\n"),
        ("harness/cli/src/main.rs", ""),
        ("a/same.md", ""),
        ("b/same.md", ""),
    ])
}

#[test]
fn a_reference_that_leads_nowhere_is_told() {
    let tree = small_tree();
    let cases: &[(&str, &[&str])] = &[
        (
            "//! Words (`domain.md` §1, §2), of `docs/design/domain.md` §2.",
            &[],
        ),
        (
            "//! Words (`domain.md` §3).",
            &["docs/design/domain.md has no §3"],
        ),
        (
            "//! Words (`domain.md` §1 to §12).",
            &["docs/design/domain.md has no §12"],
        ),
        (
            "//! `domain.md`\nfn f() {}\n// Fine (§2).\n// Not (§7).",
            &["docs/design/domain.md has no §7"],
        ),
        ("// Words (§2).", &["§2 of no page"]),
        (
            "/// See `domian.md` §1.",
            &["there is no domian.md", "§1 of no page"],
        ),
        ("/// See `same.md`.", &["several pages are called same.md"]),
        ("/// `decisions.md` 1 and 2", &[]),
        (
            "/// `decisions.md` 1, 3 and 12",
            &[
                "docs/design/decisions.md has no 3",
                "docs/design/decisions.md has no 12",
            ],
        ),
        (
            "/// the rules of\n/// `decisions.md`\n/// 9 hold",
            &["docs/design/decisions.md has no 9"],
        ),
        (
            "/// (decision 2), (decision 5)",
            &["there is no decision 5"],
        ),
        (
            "/// `README.md#exit-codes`, `README.md#exits`",
            &["README.md has no #exits"],
        ),
        ("/// RFC 6238 §5.2, §6; NIST SP 800-63B §7.1", &[]),
        (
            "/// `domain.md` says so, and not RFC 1, which is elsewhere, while this is much further on, on another matter: §8",
            &["docs/design/domain.md has no §8"],
        ),
    ];
    for (text, problems) in cases {
        assert_eq!(
            &references(&tree, "harness/cli/src/main.rs", text),
            problems,
            "{text}"
        );
    }
    let text = "as in §2, not as in §4; `decisions.md` §2, and §3";
    let told = references(&tree, "docs/design/domain.md", text);
    let lost = [
        "docs/design/domain.md has no §4",
        "docs/design/decisions.md has no §3",
    ];
    assert_eq!(told, lost);
}

#[test]
fn a_link_that_leads_nowhere_is_told() {
    let tree = small_tree();
    let text = "[a](../../README.md#exit-codes) [b](decisions.md) [c](https://a.example/b.md) [d](#1-words)\n\
                [e](../README.md) [f](decisions.md#9-nine) [g](#3-no-heading)\n[h]: ../gone.md\n```\n[i](gone.md)\n```\n";
    let told = links(&tree, "docs/design/domain.md", text);
    let lost = [
        "../README.md",
        "decisions.md#9-nine",
        "#3-no-heading",
        "../gone.md",
    ];
    let lost = lost.map(|link| format!("the link {link} leads nowhere"));
    assert_eq!(told, lost);
}

#[test]
fn a_path_that_is_not_there_is_told() {
    let tree = small_tree();
    let text = "`harness/cli/src/main.rs:12`, `src/main.rs`, `harness/<crate>/tests`, `harness/gone/x.rs`, `gone.rs`,\n\
                `/v1/sessions`, `mine.toml`, `docs/` and plain harness/nothing\n```\n$ run docs/gone.sh --to out/x\n```\n";
    let told = paths(&tree, "README.md", text);
    let gone = ["docs/gone.sh", "gone.rs", "harness/gone/x.rs"];
    assert_eq!(told, gone.map(|path| format!("there is no {path}")));
    let told = paths(&tree, "README.md", "see `docs\n/x` there");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn a_package_a_target_or_a_number_that_is_wrong_is_told() {
    let tree = small_tree();
    let text = "cargo test -p proofup-runner --test suite\ncargo test -p proofup-gone\ncargo test --test gone\n";
    let told = packages(&tree, text);
    assert_eq!(
        told,
        [
            "there is no package proofup-gone",
            "there is no target gone"
        ]
    );
    let counts = [("crates", 7), ("matchers", 6)];
    let text = "Seven crates, 6 matchers and some crates. Five\nmatchers, 9 crates.";
    let told = numbers(text, &counts);
    assert_eq!(
        told,
        ["9 crates: there are 7", "five matchers: there are 6"]
    );
}
