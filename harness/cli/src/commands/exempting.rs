//! The exemptions that `--exemptions` names, for all commands that judge.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::tz::TimeZone;
use proofup_domain::clock::Clock;
use proofup_domain::requirement::{Catalogue, RequirementId};
use proofup_judge::exemption::{Covers, ExemptOutcome, Exemption, Exemptions, KnownChecks};

use crate::failure::{Failure, read_text};

/// Returns the exemptions of a file; none without one. `known` are the slugs of the loaded checks, and whether these are all
/// there are.
pub(crate) fn read(
    file: Option<&Path>,
    (slugs, complete): (&BTreeSet<String>, bool),
    catalogue: &Catalogue,
    clock: &Clock,
) -> Result<Exemptions, Failure> {
    let Some(file) = file else {
        return Ok(Exemptions::default());
    };
    let name = file.display().to_string();
    let help = "name a file of [[exemptions]], each with a check or requirement and a reason";
    let text = read_text("the exemptions", file, help)?;
    let requirements: BTreeSet<RequirementId> = catalogue
        .requirements
        .iter()
        .map(|requirement| requirement.id.clone())
        .collect();
    let known = KnownChecks {
        slugs,
        complete,
        requirements: &requirements,
    };
    let today = clock.now().to_zoned(TimeZone::UTC).date();
    Exemptions::parse(&name, &text, today, &known).map_err(Failure::diagnostic)
}

/// Finds the exemption of a whole requirement: what is drawn by chance has no check that a file could name.
pub(crate) fn of_requirement<'e>(
    exemptions: &'e Exemptions,
    requirement: &str,
) -> Option<&'e Exemption> {
    exemptions.entries().find(|entry| {
        entry.outcome == ExemptOutcome::Failed
            && matches!(&entry.covers, Covers::Requirement(id) if id.0 == requirement)
    })
}
