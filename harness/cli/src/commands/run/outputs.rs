//! The files that a run leaves behind.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use proofup_judge::outcome::CaseResult;
use proofup_judge::report::json::RunReport;
use proofup_judge::report::{Facts, exchange, junit};
use proofup_judge::verdict::Verdict;

use crate::commands::run::arguments::{ReportFile, RunArguments};
use crate::failure::Failure;

/// The files that a run writes.
#[derive(Debug)]
pub(crate) struct Outputs {
    reports: Vec<ReportFile>,
    folder: Option<PathBuf>,
}

impl Outputs {
    /// Makes sure, before anything runs, that every file can be written: a run is too dear to be lost at its end.
    pub(crate) fn prepare(arguments: &RunArguments) -> Result<Self, Failure> {
        let mut reports = arguments.report.clone();
        if let Some(folder) = &arguments.output_dir {
            fs::create_dir_all(folder.join(TRANSCRIPTS))
                .map_err(|error| unwritable(folder, &error))?;
            reports.push(ReportFile::Json(folder.join("report.json")));
            reports.push(ReportFile::Junit(folder.join("junit.xml")));
        }
        for ReportFile::Json(file) | ReportFile::Junit(file) in &reports {
            ready(file)?;
        }
        Ok(Self {
            reports,
            folder: arguments.output_dir.clone(),
        })
    }

    /// Writes everything down; `exit_code` is the verdict's, unless the target could not be asked at all.
    pub(crate) fn write(
        &self,
        facts: &Facts,
        verdict: &Verdict<'_>,
        cases: &[CaseResult],
        exit_code: u8,
    ) -> Result<(), Failure> {
        for report in &self.reports {
            let (file, text) = match report {
                ReportFile::Json(file) => {
                    let mut report = RunReport::new(facts, verdict, cases);
                    report.verdict.exit_code = exit_code;
                    let text = report.to_text();
                    (file, text.map_err(|error| unwritten(file, &error))?)
                }
                ReportFile::Junit(file) => {
                    let text = junit::to_text(facts, verdict, cases);
                    (file, text.map_err(|error| unwritten(file, &error))?)
                }
            };
            fs::write(file, text).map_err(|error| unwritable(file, &error))?;
        }
        if let Some(folder) = &self.folder {
            for case in cases {
                let file = folder.join(TRANSCRIPTS).join(file_name(&case.id));
                fs::write(&file, &case.transcript).map_err(|error| unwritable(&file, &error))?;
                if !case.trace.is_empty() {
                    let file = folder
                        .join(TRANSCRIPTS)
                        .join(format!("{}.http", file_stem(&case.id)));
                    fs::write(&file, trace(case)).map_err(|error| unwritable(&file, &error))?;
                }
            }
        }
        Ok(())
    }
}

/// Makes sure that a file can be written.
pub(super) fn ready(file: &Path) -> Result<(), Failure> {
    if let Some(parent) = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        fs::create_dir_all(parent).map_err(|error| unwritable(file, &error))?;
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .map_err(|error| unwritable(file, &error))?;
    Ok(())
}

/// Returns every exchange of a case as text.
pub(crate) fn trace(case: &CaseResult) -> String {
    case.trace
        .iter()
        .map(|shown| format!("{}{}\n\n", exchange::lines(shown), shown.curl()))
        .collect()
}

/// Returns the file name of a case's transcript: `first-offer.2019-02-13.txt`.
pub(crate) fn file_name(case: &str) -> String {
    format!("{}.txt", file_stem(case))
}

fn file_stem(case: &str) -> String {
    case.replace('[', ".")
        .replace(']', "")
        .replace(['/', '\\'], "_")
}

pub(super) fn unwritable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(
        format!("could not write `{}`: {error}", file.display()),
        "name a file or folder that can be written to",
    )
}

pub(super) fn unwritten(file: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::bug(format!(
        "the report `{}` could not be serialized: {error}",
        file.display()
    ))
}

const TRANSCRIPTS: &str = "transcripts";
