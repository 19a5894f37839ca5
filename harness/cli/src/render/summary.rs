//! The end of a run: the table, what was set aside, and the verdict.

use std::fmt::Write as _;

use proofup_judge::outcome::{CouldNotRun, Outcome};
use proofup_judge::report::words::{self, counted, thousands};
use proofup_judge::verdict::{
    CheckStatus, Conclusion, JudgedRequirement, NotExercised, RequirementStatus, Verdict,
};

use crate::render::style::{bad, bold, dim, doubtful, good};
use crate::render::table;

/// Returns the end of a run's output: the table, what was set aside, and the verdict.
pub(crate) fn summary(verdict: &Verdict<'_>, wall_ms: u64) -> String {
    let mut text = table::areas(verdict);
    text.push('\n');
    passed(&mut text, verdict);
    exempted(&mut text, verdict);
    not_exercised(&mut text, verdict);
    for name in &verdict.stale {
        let _ = writeln!(
            text,
            "{}: the exemption of {name} is no longer needed; remove it",
            bad(&"STALE")
        );
    }
    for (case, error) in &verdict.broken {
        let _ = writeln!(
            text,
            "{}, please report it: {case}: {error}",
            bad(&"A BUG IN PROOFUP")
        );
    }
    for slug in &verdict.strays {
        let _ = writeln!(
            text,
            "{}, please report it: `{slug}` is not in the catalogue",
            bad(&"A BUG IN PROOFUP")
        );
    }
    let _ = writeln!(text, "{}", ending(verdict, wall_ms));
    text
}

/// Writes the ids that passed, a line for each area, so that a requirement can be found by its id.
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
        let _ = writeln!(text, "{}: {}", good(&"passed"), ids.join(" "));
    }
}

fn exempted(text: &mut String, verdict: &Verdict<'_>) {
    let checks = verdict
        .requirements
        .iter()
        .flat_map(|judged| &judged.checks);
    for check in checks.filter(|check| check.status == CheckStatus::Exempted) {
        let reason = check.exemption.unwrap_or_default();
        let _ = writeln!(
            text,
            "{}: {} ({reason})",
            dim(&"exempted"),
            check.result.slug
        );
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
            let _ = writeln!(text, "{mark}: {} ({told})", judged.requirement.id);
        }
    }
}

fn ending(verdict: &Verdict<'_>, wall_ms: u64) -> String {
    let word = match verdict.word {
        Conclusion::Conforms => good(&verdict.word),
        Conclusion::ConformsWithExemptions
        | Conclusion::Incomplete
        | Conclusion::NothingSelected => doubtful(&verdict.word),
        Conclusion::Nonconforming
        | Conclusion::StaleExemptions
        | Conclusion::Interrupted
        | Conclusion::HarnessBroke => bad(&verdict.word),
    };
    let all = verdict.checks;
    let reached = all - not_reached(verdict);
    let checks = if reached == all {
        counted(all, "check")
    } else {
        format!("{} of {}", thousands(reached), counted(all, "check"))
    };
    let what = match verdict.word {
        Conclusion::Interrupted => {
            let were = if reached == 1 { "was" } else { "were" };
            format!("{checks} {were} judged")
        }
        _ => format!("{} ({checks}, {})", reason(verdict), seconds(wall_ms)),
    };
    let code = match verdict.exit_code() {
        0 => String::new(),
        code => format!("; exit code {code}"),
    };
    format!("{}: {what}{code}", bold(&word))
}

/// Returns what led to the word of the verdict.
fn reason(verdict: &Verdict<'_>) -> String {
    let totals = verdict.totals;
    match verdict.word {
        Conclusion::Conforms => match totals.passed {
            0 => "no requirement was judged".to_owned(),
            1 => "the one judged requirement holds".to_owned(),
            passed => format!("all {} hold", counted(passed, "judged requirement")),
        },
        Conclusion::ConformsWithExemptions => {
            let used = verdict.exemptions_used;
            let are = if used == 1 { "is" } else { "are" };
            let exempted = format!("{} {are} exempted", counted(used, "check"));
            joined(Some(exempted), musts_not_exercised(verdict))
        }
        Conclusion::Nonconforming => format!("{} failed", counted(totals.failed, "requirement")),
        Conclusion::StaleExemptions => {
            format!(
                "{} no longer needed",
                counted(verdict.stale.len(), "exemption")
            )
        }
        Conclusion::Incomplete => {
            let could_not_run = totals.could_not_run;
            let missing = (could_not_run > 0)
                .then(|| format!("{} could not run", counted(could_not_run, "requirement")));
            joined(missing, musts_not_exercised(verdict))
        }
        Conclusion::NothingSelected => "the selection contains no check".to_owned(),
        Conclusion::Interrupted => "the run was ended early".to_owned(),
        Conclusion::HarnessBroke => "proofup itself failed".to_owned(),
    }
}

fn joined(one: Option<String>, other: Option<String>) -> String {
    let both: Vec<String> = one.into_iter().chain(other).collect();
    both.join("; ")
}

fn musts_not_exercised(verdict: &Verdict<'_>) -> Option<String> {
    match verdict.musts_not_exercised.len() {
        0 => None,
        1 => Some("1 of level \"must\" was not exercised".to_owned()),
        musts => Some(format!("{musts} of level \"must\" were not exercised")),
    }
}

/// Counts the checks that the run ended before.
fn not_reached(verdict: &Verdict<'_>) -> usize {
    let checks = verdict
        .requirements
        .iter()
        .flat_map(|judged| &judged.checks);
    let ended_before =
        |outcome: &Outcome| matches!(outcome, Outcome::CouldNotRun(CouldNotRun::NotReached(_)));
    checks
        .filter(|check| ended_before(&check.result.outcome))
        .count()
}

/// Returns a duration as people read it: `4.5 s`.
pub(crate) fn seconds(wall_ms: u64) -> String {
    let tenths = (wall_ms + 50) / 100;
    format!("{}.{} s", thousands(tenths / 10), tenths % 10)
}
