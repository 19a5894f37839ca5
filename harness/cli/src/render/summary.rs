//! The end of a run: the table, what was set aside, and the verdict.

use std::fmt::Write as _;

use proofup_runner::judge::verdict::{
    CheckStatus, JudgedRequirement, NotExercised, RequirementStatus, Verdict, Word,
};
use proofup_runner::report::words;

use crate::render::style::{bad, bold, dim, doubtful, good};
use crate::render::table;

/// Tells how a run ended.
pub(crate) fn summary(verdict: &Verdict<'_>, wall_ms: u64) -> String {
    let mut text = table::areas(verdict);
    text.push('\n');
    passed(&mut text, verdict);
    exempted(&mut text, verdict);
    not_exercised(&mut text, verdict);
    for name in &verdict.stale {
        let _ = writeln!(
            text,
            "{} the exemption of {name}: what it lists passes; remove it",
            bad(&"STALE")
        );
    }
    for (case, error) in &verdict.broken {
        let _ = writeln!(
            text,
            "{} in {case}: {error}; please report it",
            bad(&"A BUG OF PROOFUP")
        );
    }
    for slug in &verdict.strays {
        let _ = writeln!(
            text,
            "{} `{slug}` is not in the catalogue; please report it",
            bad(&"A BUG OF PROOFUP")
        );
    }
    let seconds = format!("{}.{:03} s", wall_ms / 1_000, wall_ms % 1_000);
    let _ = writeln!(
        text,
        "{} ({} checks in {seconds})",
        ending(verdict),
        verdict.checks
    );
    text
}

/// Names what holds, a line for each area, so that a requirement can be found by its id.
fn passed(text: &mut String, verdict: &Verdict<'_>) {
    let mut areas: Vec<(&str, Vec<&str>)> = Vec::new();
    let holds = |judged: &&JudgedRequirement<'_>| judged.status == RequirementStatus::Passed;
    for judged in verdict.requirements.iter().filter(holds) {
        let id = &judged.requirement.id;
        match areas.last_mut() {
            Some((area, ids)) if *area == id.area() => ids.push(&id.0),
            _ => areas.push((id.area(), vec![&id.0])),
        }
    }
    for (_, ids) in areas {
        let _ = writeln!(text, "{} {}", good(&"passed"), ids.join(" "));
    }
}

fn exempted(text: &mut String, verdict: &Verdict<'_>) {
    let checks = verdict
        .requirements
        .iter()
        .flat_map(|judged| &judged.checks);
    for check in checks.filter(|check| check.status == CheckStatus::Exempted) {
        let reason = check.exemption.unwrap_or_default();
        let _ = writeln!(text, "{} {}: {reason}", dim(&"exempted"), check.result.slug);
    }
}

fn not_exercised(text: &mut String, verdict: &Verdict<'_>) {
    for judged in &verdict.requirements {
        if let RequirementStatus::NotExercised(why) = &judged.status {
            let told = words::not_exercised(why);
            let mark = if *why == NotExercised::NoCheck {
                doubtful(&"not exercised")
            } else {
                dim(&"not exercised")
            };
            let _ = writeln!(text, "{mark} {}: {told}", judged.requirement.id);
        }
    }
}

fn ending(verdict: &Verdict<'_>) -> String {
    let musts = counted(verdict.musts_not_exercised.len(), "must");
    let totals = verdict.totals;
    let (word, what) = match verdict.word {
        Word::Conforms => (
            good(&verdict.word),
            "every requirement judged holds".to_owned(),
        ),
        Word::ConformsWithExemptions => (
            doubtful(&verdict.word),
            format!(
                "{} exempted, {musts} not exercised",
                counted(verdict.exemptions_used, "check")
            ),
        ),
        Word::Nonconforming => (
            bad(&verdict.word),
            format!("{} failed", counted(totals.failed, "requirement")),
        ),
        Word::StaleExemptions => (
            bad(&verdict.word),
            format!("{} stale", counted(verdict.stale.len(), "exemption")),
        ),
        Word::Incomplete => (
            doubtful(&verdict.word),
            format!(
                "{} could not run, {musts} not exercised",
                counted(totals.could_not_run, "requirement")
            ),
        ),
        Word::NothingSelected => (doubtful(&verdict.word), "no check was selected".to_owned()),
        Word::Interrupted => (
            bad(&verdict.word),
            "this is what was judged before".to_owned(),
        ),
        Word::HarnessBroke => (bad(&verdict.word), "proofup itself failed".to_owned()),
    };
    format!("{}: {what}; exit code {}", bold(&word), verdict.exit_code())
}

fn counted(number: usize, thing: &str) -> String {
    if number == 1 {
        format!("1 {thing}")
    } else {
        format!("{number} {thing}s")
    }
}
