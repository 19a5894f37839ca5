//! `proofup load merge`: the reports of shards, joined into that of one run.

use std::path::Path;

use proofup_load::merge::merge;
use proofup_load::report::LoadReport;

use super::arguments::{LoadFile, MergeArguments};
use super::files::Files;
use crate::failure::{Failure, read_text};
use crate::render::load as render;
use crate::terminal;

/// Joins reports, prints the result, and returns the exit code.
pub(super) fn execute(arguments: &MergeArguments) -> Result<u8, Failure> {
    if let Some(other) = arguments
        .report
        .iter()
        .find(|file| !matches!(file, LoadFile::Json(_)))
    {
        return Err(Failure::usage(
            format!("`proofup load merge` cannot write a {}", other.kind()),
            "write json=FILE; to merge the logs of shards, use the tools of HdrHistogram",
        ));
    }
    let mut reports = Vec::new();
    for file in &arguments.files {
        reports.push(read(file)?);
    }
    let whole = merge(&reports, &arguments.threshold).map_err(|error| {
        Failure::usage(
            error.to_string(),
            "name the JSON reports of all shards of one run, each once",
        )
    })?;
    let files = Files::open(&arguments.report)?;
    files.finish(&whole)?;
    terminal::result(&render::summary(&whole, &[]))?;
    Ok(whole.verdict.exit_code())
}

fn read(file: &Path) -> Result<LoadReport, Failure> {
    let path = file.display();
    let help = "name a report that `proofup load --report json=FILE` wrote";
    let text = read_text("the report", file, help)?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::usage(
            format!("`{path}` is not the report of a load run: {error}"),
            help,
        )
    })
}
