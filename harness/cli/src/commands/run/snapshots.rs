//! Transcripts against those of an earlier run, as plain files and plain diffs.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use proofup_judge::outcome::{CaseResult, CouldNotRun, Outcome};
use similar::{ChangeTag, TextDiff};

use crate::commands::run::outputs::file_name;
use crate::failure::Failure;
use crate::render::style::{bad, bold, dim, good};

/// How the transcripts of a run compare with those in a folder.
#[derive(Debug, Default)]
pub(crate) struct SnapshotComparison {
    /// Equal ones.
    pub(crate) equal: usize,
    /// Written ones: they were not there, or were to be updated.
    pub(crate) written: usize,
    /// Cases whose transcripts differ.
    pub(crate) different: usize,
    /// The differences, as text.
    pub(crate) text: String,
}

/// Compares the transcript of each whole case with its file, and writes those that are not there.
///
/// A case that the run did not finish has no whole transcript, so it is neither compared nor written.
pub(crate) fn compare(
    folder: &Path,
    update: bool,
    cases: &[CaseResult],
) -> Result<SnapshotComparison, Failure> {
    let cannot = |what: &str, path: &Path, error: &std::io::Error| {
        let message = format!(
            "could not {what} the snapshot `{}`: {error}",
            path.display()
        );
        Failure::usage(
            message,
            "name a folder that can be read and written with --snapshots",
        )
    };
    fs::create_dir_all(folder).map_err(|error| cannot("write", folder, &error))?;
    let mut comparison = SnapshotComparison::default();
    for case in cases.iter().filter(|case| is_whole(case)) {
        let file = folder.join(file_name(&case.id));
        let before = match fs::read_to_string(&file) {
            Ok(text) => Some(text.replace("\r\n", "\n")),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(cannot("read", &file, &error)),
        };
        match before {
            Some(before) if before == case.transcript => comparison.equal += 1,
            Some(before) if !update => {
                comparison.different += 1;
                let _ = writeln!(
                    comparison.text,
                    "{}: {}",
                    bad(&"DIFFERS"),
                    bold(&file.display())
                );
                comparison.text.push_str(&diff(&before, &case.transcript));
            }
            _ => {
                fs::write(&file, &case.transcript)
                    .map_err(|error| cannot("write", &file, &error))?;
                comparison.written += 1;
            }
        }
    }
    let SnapshotComparison {
        equal,
        written,
        different,
        ..
    } = comparison;
    let _ = writeln!(
        comparison.text,
        "snapshots: {equal} equal, {written} written, {different} different"
    );
    if different > 0 {
        let _ = writeln!(
            comparison.text,
            "{}",
            dim(&"add --update-snapshots to accept the transcripts of this run")
        );
    }
    Ok(comparison)
}

fn is_whole(case: &CaseResult) -> bool {
    let lost =
        |outcome: &Outcome| matches!(outcome, Outcome::CouldNotRun(CouldNotRun::NotReached(_)));
    !case.transcript.is_empty()
        && case.internal_error.is_none()
        && !case.checks.iter().any(|check| lost(&check.outcome))
}

/// Returns the difference of two texts, with three lines around each.
fn diff(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut text = String::new();
    for group in diff.grouped_ops(3) {
        for change in group.iter().flat_map(|change| diff.iter_changes(change)) {
            let line = change.value().trim_end_matches('\n');
            let _ = match change.tag() {
                ChangeTag::Delete => writeln!(text, "{}", bad(&format!("- {line}"))),
                ChangeTag::Insert => writeln!(text, "{}", good(&format!("+ {line}"))),
                ChangeTag::Equal => writeln!(text, "  {line}"),
            };
        }
    }
    text
}
