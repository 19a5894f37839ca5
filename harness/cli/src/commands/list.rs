//! `proofup list`: the requirements, or the scenarios.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use proofup_domain::requirement::{Catalogue, Requirement};
use proofup_judge::report::words;
use proofup_scenario::Suite;
use proofup_scenario::catalogue::embedded_catalogue;

use crate::commands::suite;
use crate::failure::{EXIT_OK, Failure};
use crate::render::table;
use crate::terminal;

/// The arguments of `proofup list`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  proofup list                 every requirement, with its number of checks\n  \
                        proofup list --scenarios     every scenario, with its checks"
)]
pub(crate) struct ListArguments {
    /// List the scenarios, not the requirements
    #[arg(long)]
    scenarios: bool,

    /// Use the scenarios of this folder instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    suite: Option<PathBuf>,
}

/// Prints the list.
pub(crate) fn execute(arguments: &ListArguments) -> Result<u8, Failure> {
    let catalogue = embedded_catalogue();
    let suite = suite::load(&[], arguments.suite.as_ref(), &catalogue)?;
    let text = if arguments.scenarios {
        scenarios(&suite)
    } else {
        requirements(&catalogue, &suite)
    };
    terminal::result(&text)?;
    Ok(EXIT_OK)
}

fn scenarios(suite: &Suite) -> String {
    let mut text = String::new();
    for scenario in &suite.scenarios {
        let editions: Vec<String> = scenario.editions.iter().map(ToString::to_string).collect();
        let slugs: Vec<&str> = scenario
            .steps
            .iter()
            .filter_map(|step| step.check.as_ref())
            .map(|check| check.slug.as_str())
            .collect();
        let _ = writeln!(text, "{}", scenario.path);
        let _ = writeln!(text, "  {} [{}]", scenario.title, editions.join(", "));
        let _ = writeln!(text, "  {}", slugs.join(" "));
    }
    text
}

fn requirements(catalogue: &Catalogue, suite: &Suite) -> String {
    let mut checks: BTreeMap<&str, usize> = BTreeMap::new();
    for check in suite
        .scenarios
        .iter()
        .flat_map(|scenario| &scenario.steps)
        .filter_map(|step| step.check.as_ref())
    {
        *checks.entry(&check.requirement.0).or_default() += 1;
    }
    let row = |requirement: &Requirement| {
        let count = checks
            .get(requirement.id.0.as_str())
            .copied()
            .unwrap_or_default();
        let judged = match (&requirement.excluded, &requirement.judged_by) {
            (Some(_), _) => "excluded".to_owned(),
            (None, Some(command)) => format!("proofup {command}"),
            (None, None) => count.to_string(),
        };
        let level = words::level(requirement.level).to_owned();
        [
            requirement.id.to_string(),
            level,
            judged,
            requirement.title.clone(),
        ]
    };
    let rows = catalogue.requirements.iter().map(row);
    table::plain(["id", "level", "checks", "requirement"], rows)
}
