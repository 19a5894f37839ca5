//! What there is to be named: files, pages with their headings, packages with their targets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use regex::Regex;

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 4] = [".git", "target", "node_modules", "__pycache__"];

/// The workspace, as far as pages and code may name it.
#[derive(Debug, Default)]
pub(super) struct Tree {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
    /// The pages, by path from the root.
    pages: BTreeMap<String, Page>,
    /// The targets of each package: its tests and benches.
    packages: BTreeMap<String, BTreeSet<String>>,
}

/// The headings of a page.
#[derive(Debug, Default)]
struct Page {
    anchors: BTreeSet<String>,
    /// The numbers that headings begin with, in order.
    numbers: Vec<u32>,
}

impl Tree {
    /// Reads the workspace.
    pub(super) fn read() -> Self {
        let root = crate::tidy::root();
        let mut tree = Self::default();
        tree.walk(&root, "");
        for path in tree.files.clone() {
            if path.ends_with(".md") {
                let text = fs::read_to_string(root.join(&path)).expect("a page is UTF-8");
                tree.add_page(&path, &text);
            }
        }
        for package in crate::tidy::metadata().workspace_packages() {
            let targets = package.targets.iter().map(|target| target.name.clone());
            tree.packages
                .insert(package.name.to_string(), targets.collect());
        }
        tree
    }

    /// Makes a workspace of a few files, for the tests of the checks.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.files.insert((*path).to_owned());
            let mut folder = *path;
            while let Some((parent, _)) = folder.rsplit_once('/') {
                tree.folders.insert(parent.to_owned());
                folder = parent;
            }
            tree.add_page(path, text);
        }
        let targets = BTreeSet::from(["suite".to_owned()]);
        tree.packages.insert("proofup-runner".to_owned(), targets);
        tree
    }

    fn walk(&mut self, root: &Path, folder: &str) {
        let entries = fs::read_dir(root.join(folder)).expect("the folder can be read");
        for entry in entries.map(|entry| entry.expect("the folder can be read")) {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = [folder, &name].join(if folder.is_empty() { "" } else { "/" });
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.files.insert(path);
            } else if !FOREIGN.contains(&name.as_str()) {
                self.folders.insert(path.clone());
                self.walk(root, &path);
            }
        }
    }

    fn add_page(&mut self, path: &str, text: &str) {
        let heading = Regex::new(r"^#{1,6} (?:(\d+)\. )?.*$").expect("the pattern is valid");
        let mut page = Page::default();
        for line in super::checks::prose(text) {
            let Some(found) = heading.captures(line) else {
                continue;
            };
            let number = found
                .get(1)
                .and_then(|number| number.as_str().parse::<u32>().ok());
            page.numbers.extend(number);
            let title = line.trim_start_matches('#').trim();
            let first = slug(title);
            let mut anchor = first.clone();
            for again in 1.. {
                if page.anchors.insert(anchor) {
                    break;
                }
                anchor = format!("{first}-{again}");
            }
        }
        self.pages.insert(path.to_owned(), page);
    }

    /// Returns every file, by path from the root.
    pub(super) fn files(&self) -> impl Iterator<Item = &String> {
        self.files.iter()
    }

    /// Returns whether a file or folder is there.
    pub(super) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty() || self.files.contains(path) || self.folders.contains(path)
    }

    /// Returns whether a path begins with a folder of the root.
    pub(super) fn is_of_the_root(&self, path: &str) -> bool {
        path.split_once('/')
            .is_some_and(|(first, _)| self.folders.contains(first))
    }

    /// Returns the files whose path is this, or ends with it.
    pub(super) fn named(&self, path: &str) -> Vec<&String> {
        if let Some(exact) = self.files.get(path) {
            return vec![exact];
        }
        let end = format!("/{path}");
        self.files
            .iter()
            .filter(|file| file.ends_with(&end))
            .collect()
    }

    /// Returns whether a page has a heading that begins with this number.
    pub(super) fn has_section(&self, page: &str, number: u32) -> bool {
        self.numbers_of(page).contains(&number)
    }

    /// Returns the numbers that the headings of a page begin with; none where there is no such page.
    pub(super) fn numbers_of(&self, page: &str) -> Vec<u32> {
        let page = self.pages.get(page);
        page.map(|page| page.numbers.clone()).unwrap_or_default()
    }

    /// Returns whether a page has a heading with this anchor.
    pub(super) fn has_anchor(&self, page: &str, anchor: &str) -> bool {
        self.pages
            .get(page)
            .is_some_and(|page| page.anchors.contains(anchor))
    }

    /// Returns the number of packages.
    pub(super) fn packages(&self) -> usize {
        self.packages.len()
    }

    /// Returns the targets of a package, if there is such a package.
    pub(super) fn targets(&self, package: &str) -> Option<&BTreeSet<String>> {
        self.packages.get(package)
    }

    /// Returns whether any package has such a target.
    pub(super) fn has_target(&self, target: &str) -> bool {
        self.packages
            .values()
            .any(|targets| targets.contains(target))
    }
}

/// Returns the anchor that code hosts give a heading.
fn slug(title: &str) -> String {
    title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
