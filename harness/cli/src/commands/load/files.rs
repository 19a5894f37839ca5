//! The files that a load run writes: some while it goes on, the report at its end.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use proofup_load::LoadEvent;
use proofup_load::output::{CsvLog, HistogramLog};
use proofup_load::report::LoadReport;

use super::arguments::LoadFile;
use crate::failure::Failure;

/// The open files of a load run.
#[derive(Debug, Default)]
pub(crate) struct Files {
    reports: Vec<PathBuf>,
    hlogs: Vec<(PathBuf, HistogramLog<BufWriter<File>>)>,
    csvs: Vec<(PathBuf, CsvLog<BufWriter<File>>)>,
    begun: Option<Timestamp>,
    /// The first file that could not be written.
    trouble: Option<Failure>,
}

impl Files {
    /// Opens every file before anything runs: a run is too dear to be lost at its end.
    pub(crate) fn open(files: &[LoadFile]) -> Result<Self, Failure> {
        let mut opened = Self::default();
        for file in files {
            match file {
                LoadFile::Json(path) => {
                    drop(create(path)?);
                    opened.reports.push(path.clone());
                }
                LoadFile::Hlog(path) => {
                    let log = HistogramLog::new(create(path)?);
                    opened.hlogs.push((path.clone(), log));
                }
                LoadFile::Csv(path) => {
                    let log = CsvLog::new(create(path)?);
                    opened.csvs.push((path.clone(), log));
                }
            }
        }
        Ok(opened)
    }

    /// Writes down what happens while it happens.
    pub(crate) fn take(&mut self, event: &LoadEvent<'_>, now: Timestamp) {
        match event {
            LoadEvent::Begun { .. } => self.begun = Some(now),
            LoadEvent::Interval { point, fresh, .. } => {
                let begun = self.begun.unwrap_or(now);
                for (path, log) in &mut self.hlogs {
                    if let Err(error) = log.write(begun, point, fresh) {
                        self.trouble.get_or_insert(unwritable(path, &error));
                    }
                }
                for (path, log) in &mut self.csvs {
                    if let Err(error) = log.write(point) {
                        self.trouble.get_or_insert(unwritable(path, &error));
                    }
                }
            }
            LoadEvent::Preparing => {}
        }
    }

    /// Writes the report, and returns the first file that could not be written.
    pub(crate) fn finish(self, report: &LoadReport) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(report)
            .map_err(|error| Failure::bug(format!("the report cannot be written: {error}")))?;
        for path in &self.reports {
            std::fs::write(path, format!("{text}\n")).map_err(|error| unwritable(path, &error))?;
        }
        self.trouble.map_or(Ok(()), Err)
    }
}

fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        std::fs::create_dir_all(parent).map_err(|error| unwritable(path, &error))?;
    }
    File::create(path)
        .map(BufWriter::new)
        .map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(
        format!("could not write `{}`: {error}", path.display()),
        "name a file that can be written to with --report",
    )
}
