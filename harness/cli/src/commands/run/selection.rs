//! What a run is asked to judge: words of the command line, made into a selection and a denominator.

use std::collections::BTreeSet;

use proofup_domain::edition::Edition;
use proofup_domain::requirement::{Catalogue, RequirementId};
use proofup_files::nearest;
use proofup_judge::verdict::RunScope;
use proofup_runner::run::{Selection, select, selected_ids};
use proofup_scenario::{Scenario, Suite};

use crate::commands::explain::{no_such_requirement, requirements};
use crate::commands::run::arguments::RunArguments;
use crate::failure::Failure;

/// The selected cases, and what of them counts.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    /// What the engine runs.
    pub(crate) selection: Selection,
    /// What the verdict counts.
    pub(crate) scope: RunScope,
    /// How many cases.
    pub(crate) cases: usize,
    /// Their editions, oldest first.
    pub(crate) editions: Vec<Edition>,
    /// The words that narrowed the run, as flags.
    pub(crate) flags: Vec<String>,
}

/// Returns the selection; a check's slug also narrows the suite to its scenario.
pub(crate) fn choose(
    arguments: &RunArguments,
    suite: &mut Suite,
    catalogue: &Catalogue,
) -> Result<Chosen, Failure> {
    let mut named = BTreeSet::new();
    let mut ids: Vec<String> = Vec::new();
    let mut slugs: BTreeSet<&str> = BTreeSet::new();
    for word in &arguments.requirement {
        let (word, is_slug) = match word.split_once('/') {
            Some((id, _)) => {
                slugs.insert(word);
                (id, true)
            }
            None => (word.as_str(), false),
        };
        let found = requirements(word, catalogue);
        if found.is_empty() || (is_slug && found.len() > 1) {
            return Err(no_such_requirement(word, catalogue));
        }
        if !word.contains('*') {
            named.extend(found.iter().map(|entry| entry.id.clone()));
        }
        ids.extend(found.iter().map(|entry| entry.id.0.clone()));
    }
    keep_slugs(suite, &slugs)?;
    let areas = arguments
        .area
        .iter()
        .map(|word| area(word, catalogue))
        .collect::<Result<_, _>>()?;
    let selection = Selection {
        requirements: ids,
        areas,
        editions: arguments.edition.clone(),
    };
    let chosen = selected_ids(&selection, catalogue)
        .map(|ids| ids.into_iter().map(RequirementId).collect::<BTreeSet<_>>());
    let cases = select(suite, &selection, catalogue);
    let narrowed_otherwise =
        !arguments.paths.is_empty() || !arguments.edition.is_empty() || !slugs.is_empty();
    let scope = RunScope {
        ids: chosen,
        named,
        narrowed_otherwise,
    };
    if scope.narrowed() && cases.is_empty() {
        return Err(nothing_selected(&scope, catalogue));
    }
    let editions: BTreeSet<Edition> = cases.iter().map(|case| case.edition).collect();
    Ok(Chosen {
        selection,
        scope,
        cases: cases.len(),
        editions: editions.into_iter().collect(),
        flags: flags(arguments),
    })
}

/// Keeps only the scenarios that hold one of the slugs, where slugs were named.
fn keep_slugs(suite: &mut Suite, slugs: &BTreeSet<&str>) -> Result<(), Failure> {
    if slugs.is_empty() {
        return Ok(());
    }
    let all: BTreeSet<String> = suite
        .scenarios
        .iter()
        .flat_map(slugs_of)
        .map(str::to_owned)
        .collect();
    if let Some(unknown) = slugs.iter().find(|slug| !all.contains(**slug)) {
        let help = nearest(unknown, all.iter().map(String::as_str)).map_or_else(
            || "`proofup explain ID` lists the checks of a requirement".to_owned(),
            |near| {
                format!(
                    "did you mean `{near}`? `proofup explain ID` lists the checks of a requirement"
                )
            },
        );
        return Err(Failure::usage(format!("unknown check `{unknown}`"), help));
    }
    suite
        .scenarios
        .retain(|scenario| slugs_of(scenario).any(|slug| slugs.contains(slug)));
    Ok(())
}

/// Lists the slugs of a scenario.
pub(crate) fn slugs_of(scenario: &Scenario) -> impl Iterator<Item = &str> {
    scenario
        .steps
        .iter()
        .filter_map(|step| step.check.as_ref())
        .map(|check| check.slug.as_str())
}

fn area(word: &str, catalogue: &Catalogue) -> Result<String, Failure> {
    let same = |known: &str| known.eq_ignore_ascii_case(word);
    if let Some(area) = catalogue
        .areas
        .iter()
        .find(|area| same(&area.id) || same(&area.title))
    {
        return Ok(area.id.clone());
    }
    let ids: Vec<&str> = catalogue
        .areas
        .iter()
        .map(|area| area.id.as_str())
        .collect();
    let known = ids
        .iter()
        .copied()
        .chain(catalogue.areas.iter().map(|area| area.title.as_str()));
    let near =
        nearest(word, known).map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Err(Failure::usage(
        format!("unknown area `{word}`"),
        format!("{near}the areas are {}", ids.join(", ")),
    ))
}

fn nothing_selected(scope: &RunScope, catalogue: &Catalogue) -> Failure {
    let aside = |id: &RequirementId| {
        let entry = catalogue.get(id)?;
        let judged = entry
            .judged_by
            .as_ref()
            .map(|command| format!("{id} is judged by `proofup {command}`"));
        judged.or_else(|| {
            entry
                .excluded
                .as_ref()
                .map(|reason| format!("{id} is not checked: {reason}"))
        })
    };
    let told: Vec<String> = scope.ids.iter().flatten().filter_map(aside).collect();
    let help = if told.is_empty() {
        "widen the selection; `proofup list --scenarios` lists every check".to_owned()
    } else {
        told.join("; ")
    };
    Failure::nothing_selected("the selection contains no check", help)
}

/// Spells what narrowed the run, as the command line does.
fn flags(arguments: &RunArguments) -> Vec<String> {
    let mut flags = arguments.paths.clone();
    let mut add =
        |flag: &str, value: &dyn ToString| flags.push(format!("{flag} {}", value.to_string()));
    arguments
        .requirement
        .iter()
        .for_each(|word| add("--requirement", word));
    arguments.area.iter().for_each(|word| add("--area", word));
    arguments
        .edition
        .iter()
        .for_each(|edition| add("--edition", edition));
    flags
}
