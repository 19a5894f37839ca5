//! `proofup explain`: what a requirement says, where it comes from, and what checks it.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use proofup_domain::requirement::{Catalogue, Requirement};
use proofup_files::nearest;
use proofup_judge::report::words;
use proofup_scenario::Suite;
use proofup_scenario::catalogue::embedded_catalogue;

use crate::commands::suite;
use crate::failure::{EXIT_OK, Failure};
use crate::matching::pattern;
use crate::render::style::{bold, dim};
use crate::terminal;

/// The arguments of `proofup explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  proofup explain DEF-4\n  proofup explain 'TEXT-*'")]
pub(crate) struct ExplainArguments {
    /// Requirement ids, or patterns such as 'TEXT-*'
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,

    /// Use the scenarios of this folder instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    suite: Option<PathBuf>,
}

/// Prints the explanation.
pub(crate) fn execute(arguments: &ExplainArguments) -> Result<u8, Failure> {
    let catalogue = embedded_catalogue();
    let suite = suite::load(&[], arguments.suite.as_ref(), &catalogue)?;
    let mut text = String::new();
    for word in &arguments.ids {
        let found = requirements(word, &catalogue);
        if found.is_empty() {
            return Err(no_such_requirement(word, &catalogue));
        }
        for requirement in found {
            if !text.is_empty() {
                text.push('\n');
            }
            explain(&mut text, requirement, &suite);
        }
    }
    terminal::result(&text)?;
    Ok(EXIT_OK)
}

/// Returns the requirements whose ids match a word, in which `*` stands for anything; none where the word is no pattern.
pub(crate) fn requirements<'a>(word: &str, catalogue: &'a Catalogue) -> Vec<&'a Requirement> {
    let Ok(pattern) = pattern(word) else {
        return Vec::new();
    };
    catalogue
        .requirements
        .iter()
        .filter(|requirement| pattern.is_match(&requirement.id.0))
        .collect()
}

/// A failure because no requirement has this id, with the nearest id as help.
pub(crate) fn no_such_requirement(word: &str, catalogue: &Catalogue) -> Failure {
    let near = nearest(
        word,
        catalogue
            .requirements
            .iter()
            .map(|requirement| requirement.id.0.as_str()),
    );
    let help = near.map_or_else(
        || "`proofup list` lists them".to_owned(),
        |near| format!("did you mean `{near}`? `proofup list` lists them all"),
    );
    Failure::usage(format!("unknown requirement `{word}`"), help)
}

fn explain(text: &mut String, requirement: &Requirement, suite: &Suite) {
    let _ = writeln!(
        text,
        "{} ({}): {}",
        bold(&requirement.id),
        words::level(requirement.level),
        requirement.title
    );
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(
                text,
                "  {} {value}",
                dim(&format!("{:<11}", format!("{name}:")))
            );
        }
    };
    line("source", &words::sources(requirement));
    line("says", &requirement.says);
    line("features", &list(&requirement.needs.features));
    line("facilities", &list(&requirement.needs.facilities));
    line("editions", &list(&requirement.editions));
    for (refusal, others) in &requirement.allowed {
        line(
            "allowed",
            &format!("instead of `{refusal}`: {}", list(others)),
        );
    }
    line(
        "dispute",
        requirement.dispute.as_deref().unwrap_or_default(),
    );
    if let Some(command) = &requirement.judged_by {
        line("judged by", &format!("proofup {command}"));
    }
    line(
        "excluded",
        requirement.excluded.as_deref().unwrap_or_default(),
    );
    for scenario in &suite.scenarios {
        let own = scenario.steps.iter().filter_map(|step| step.check.as_ref());
        for check in own.filter(|check| check.requirement == requirement.id) {
            line(
                "check",
                &format!("{}  {}:{}", check.slug, scenario.path, check.line),
            );
        }
    }
}

fn list<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    values
        .into_iter()
        .map(|value| value.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}
