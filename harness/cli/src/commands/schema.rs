//! `proofup schema`: JSON Schemas of the files that people and programs read and write.

use clap::{Args, ValueEnum};
use proofup_domain::requirement::Catalogue;
use proofup_explore::matrix;
use proofup_judge::report;
use proofup_runner::compare;

use crate::failure::{EXIT_OK, Failure};
use crate::terminal;

/// The arguments of `proofup schema`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  proofup schema scenario > scenario.schema.json\n  proofup schema report | jq .properties"
)]
pub(crate) struct SchemaArguments {
    /// The kind of file
    #[arg(value_enum)]
    kind: SchemaKind,
}

/// A kind of file.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemaKind {
    /// A scenario (TOML)
    Scenario,
    /// A target file (TOML)
    Target,
    /// The JSON report of a run
    Report,
    /// The JSON report of a comparison of two runs
    Comparison,
    /// The JSON report of a matrix run
    Matrix,
    /// A load plan (TOML)
    Load,
    /// The JSON report of a load run
    LoadReport,
    /// The catalogue of requirements (TOML)
    Requirements,
}

/// Prints the schema.
pub(crate) fn execute(arguments: &SchemaArguments) -> Result<u8, Failure> {
    let schema = match arguments.kind {
        SchemaKind::Scenario => proofup_scenario::json_schema(),
        SchemaKind::Target => proofup_binding::json_schema(),
        SchemaKind::Report => report::json::schema(),
        SchemaKind::Comparison => schemars::schema_for!(compare::ComparisonReport).to_value(),
        SchemaKind::Matrix => schemars::schema_for!(matrix::report::MatrixReport).to_value(),
        SchemaKind::Load => proofup_load::plan::json_schema(),
        SchemaKind::LoadReport => proofup_load::report::json_schema(),
        SchemaKind::Requirements => schemars::schema_for!(Catalogue).to_value(),
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| Failure::bug(format!("the schema cannot be written: {error}")))?;
    terminal::result(&format!("{text}\n"))?;
    Ok(EXIT_OK)
}
