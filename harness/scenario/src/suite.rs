//! The suite: many scenarios, in which every slug and every case id is unique.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobBuilder;
use miette::Diagnostic;
use proofup_domain::requirement::Catalogue;
use proofup_files::{FileErrors, Problem, read_text};
use sha2::{Digest, Sha256};

use super::{Scenario, load_all};

/// The scenarios of a run, in path order.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
    /// The SHA-256 of names and contents, in hex: equal suites have equal hashes.
    pub hash: String,
    /// Where it comes from.
    pub origin: SuiteOrigin,
}

/// Where a suite comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuiteOrigin {
    /// Built in.
    Embedded,
    /// Read from disk: the folder, or the folders, files and patterns, as they were given.
    Disk(String),
}

impl fmt::Display for SuiteOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("embedded"),
            Self::Disk(paths) => f.write_str(paths),
        }
    }
}

/// Why there is no suite.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum SuiteError {
    /// A path is not there.
    #[error("could not find `{0}`")]
    #[diagnostic(help(
        "name a scenario file, a folder of them, or a pattern such as `scenarios/**/window*.toml`"
    ))]
    NotFound(String),
    /// A folder or a pattern holds no scenario.
    #[error("`{0}` has no scenario file")]
    #[diagnostic(help(
        "the names of scenario files end in `.toml`; put a pattern in quotes, so that proofup reads it and not the shell"
    ))]
    Empty(String),
    /// A pattern that is none.
    #[error("could not read the pattern `{pattern}`: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or folder that cannot be read.
    #[error("could not read `{path}`: {reason}")]
    Read {
        /// The file or folder.
        path: String,
        /// What the system said.
        reason: io::Error,
    },
    /// Files with errors in them.
    #[error("could not load the suite: errors in {} of its files", .0.len())]
    Files(#[related] Vec<FileErrors>),
}

/// Loads the suite that was built in.
///
/// # Errors
///
/// The errors of every file; a test keeps the built-in suite free of them.
pub fn embedded_suite(catalogue: &Catalogue) -> Result<Suite, Vec<FileErrors>> {
    let texts = EMBEDDED
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    assemble(&texts, SuiteOrigin::Embedded, catalogue)
}

/// Loads every scenario below a folder.
///
/// # Errors
///
/// The errors of every file, or why the folder cannot be read or holds nothing.
pub fn suite_from_dir(folder: &Path, catalogue: &Catalogue) -> Result<Suite, SuiteError> {
    suite_from_paths(&[folder.to_string_lossy().into_owned()], catalogue)
}

/// Loads scenarios from files, folders (with what is below them) and patterns (`scenarios/**/window*.toml`).
///
/// A scenario that is named twice is loaded once.
///
/// # Errors
///
/// The errors of every file, or which path or pattern cannot be read or holds nothing.
pub fn suite_from_paths(paths: &[String], catalogue: &Catalogue) -> Result<Suite, SuiteError> {
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in paths {
        let found = if path.contains(['*', '?', '[', '{']) && !Path::new(path).exists() {
            matching(path)?
        } else {
            below(Path::new(path))?
        };
        if found.is_empty() {
            return Err(SuiteError::Empty(path.clone()));
        }
        files.extend(found.into_iter().map(|file| (name(&file), file)));
    }
    let mut texts = BTreeMap::new();
    for (name, file) in files {
        let text = read_text(&file).map_err(|reason| SuiteError::Read {
            path: name.clone(),
            reason,
        })?;
        texts.insert(name, text);
    }
    assemble(&texts, SuiteOrigin::Disk(paths.join(" ")), catalogue).map_err(SuiteError::Files)
}

/// Lists the files that match a pattern: what lies below its part without wildcards.
fn matching(pattern: &str) -> Result<Vec<PathBuf>, SuiteError> {
    let wrong = |reason: globset::Error| SuiteError::Pattern {
        pattern: pattern.to_owned(),
        reason: reason.kind().to_string(),
    };
    let normal = name(Path::new(pattern));
    let matcher = GlobBuilder::new(&normal)
        .literal_separator(true)
        .build()
        .map_err(wrong)?
        .compile_matcher();
    let plain: PathBuf = Path::new(&normal)
        .components()
        .take_while(|part| {
            !part
                .as_os_str()
                .to_string_lossy()
                .contains(['*', '?', '[', '{'])
        })
        .collect();
    let base = if plain.as_os_str().is_empty() {
        Path::new(".")
    } else {
        plain.as_path()
    };
    let mut found = below(base)?;
    found.retain(|file| matcher.is_match(name(file)));
    Ok(found)
}

/// Lists a file itself, or every scenario file below a folder.
fn below(path: &Path) -> Result<Vec<PathBuf>, SuiteError> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    if !path.is_dir() {
        return Err(SuiteError::NotFound(name(path)));
    }
    let read = |reason| SuiteError::Read {
        path: name(path),
        reason,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(read)? {
        let entry = entry.map_err(read)?.path();
        if entry.is_dir() {
            found.extend(below(&entry)?);
        } else if entry
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            found.push(entry);
        }
    }
    Ok(found)
}

/// Returns the name of a file: its path with slashes, without `.` parts.
fn name(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let parts: Vec<&str> = text
        .split('/')
        .enumerate()
        .filter(|(index, part)| *part != "." && (*index == 0 || !part.is_empty()))
        .map(|(_, part)| part)
        .collect();
    if parts.is_empty() {
        text
    } else {
        parts.join("/")
    }
}

/// Loads every file and demands that slugs and case ids are unique.
fn assemble(
    texts: &BTreeMap<String, String>,
    origin: SuiteOrigin,
    catalogue: &Catalogue,
) -> Result<Suite, Vec<FileErrors>> {
    let mut scenarios = Vec::new();
    let mut errors = Vec::new();
    let mut digest = Sha256::new();
    for (path, text) in texts {
        for part in [path, text] {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part.as_bytes());
        }
        match load_all(path, text, catalogue) {
            Ok(several) => scenarios.extend(several),
            Err(error) => errors.push(error),
        }
    }
    errors.extend(repetitions(&scenarios));
    errors.sort_by(|a, b| a.path().cmp(b.path()));
    if !errors.is_empty() {
        return Err(errors);
    }
    let hash = digest
        .finalize()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    Ok(Suite {
        scenarios,
        hash,
        origin,
    })
}

/// Finds slugs and file stems that another file has already.
fn repetitions(scenarios: &[Scenario]) -> Vec<FileErrors> {
    let mut slugs: BTreeMap<&str, String> = BTreeMap::new();
    let mut stems: BTreeMap<&str, &str> = BTreeMap::new();
    let mut errors = Vec::new();
    for scenario in scenarios {
        let mut problems = Vec::new();
        if let Some(first) = stems.get(scenario.stem.as_str()) {
            problems.push(
                Problem::new(
                    format!(
                        "another scenario is called `{}` too: {first}",
                        scenario.stem
                    ),
                    "this file",
                    0..0,
                )
                .help("the file's name is the id of its cases: rename one of the two"),
            );
        }
        stems.entry(&scenario.stem).or_insert(&scenario.path);
        for check in scenario.steps.iter().filter_map(|step| step.check.as_ref()) {
            if let Some(first) = slugs.get(check.slug.as_str()) {
                let span = line_span(&scenario.source, check.line);
                problems.push(
                    Problem::new(
                        format!("`{}` is used twice: first in {first}", check.slug),
                        "again",
                        span,
                    )
                    .help("a slug names one check of the suite: take other words behind the slash"),
                );
            }
            slugs
                .entry(&check.slug)
                .or_insert_with(|| format!("{}:{}", scenario.path, check.line));
        }
        if !problems.is_empty() {
            errors.push(FileErrors::new(&scenario.path, &scenario.source, problems));
        }
    }
    errors
}

/// Returns where a line is, in bytes.
fn line_span(source: &Arc<str>, line: usize) -> std::ops::Range<usize> {
    let start: usize = source
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let text = source[start..].lines().next().unwrap_or_default();
    start..start + text.len()
}

const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));
