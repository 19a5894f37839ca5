//! Which scenarios a command speaks of.

use std::path::{Path, PathBuf};

use proofup_domain::requirement::Catalogue;
use proofup_scenario::{Suite, SuiteError, embedded_suite, suite_from_dir, suite_from_paths};

use crate::failure::Failure;

/// Loads the scenarios of some paths, of a folder, or those that are built in.
pub(crate) fn load(
    paths: &[String],
    folder: Option<&PathBuf>,
    catalogue: &Catalogue,
) -> Result<Suite, Failure> {
    let suite = match folder {
        _ if !paths.is_empty() => suite_from_paths(paths, catalogue),
        Some(folder) => suite_from_dir(Path::new(folder), catalogue),
        None => embedded_suite(catalogue).map_err(SuiteError::Files),
    };
    suite.map_err(Failure::diagnostic)
}
