//! `proofup load merge`: the reports of shards, joined into that of one run.

use std::path::Path;

use proofup_runner::load::merge::merge;
use proofup_runner::load::report::Report;

use super::arguments::{LoadFile, MergeArguments};
use super::files::Files;
use crate::failure::Failure;
use crate::render::load as render;
use crate::terminal;

/// Joins reports, tells, and gives the exit code.
pub(super) fn execute(arguments: &MergeArguments) -> Result<u8, Failure> {
    if let Some(other) = arguments
        .report
        .iter()
        .find(|file| !matches!(file, LoadFile::Json(_)))
    {
        return Err(Failure::usage(
            format!("joining writes no {}", other.kind()),
            "write json=FILE; HdrHistogram logs of shards can be put together by any tool for them",
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

fn read(file: &Path) -> Result<Report, Failure> {
    let path = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(
            format!("could not read `{path}`: {error}"),
            "name a report that `proofup load --report json=FILE` wrote",
        )
    })?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::usage(
            format!("`{path}` is no report of a load run: {error}"),
            "name a report that `proofup load --report json=FILE` wrote",
        )
    })
}
