//! How races are told.

use std::fmt::Write as _;

use proofup_runner::race::{Finding, REPETITIONS, RaceOutput, Story};

use crate::render::style::{bad, bold, dim, doubtful, good};
use crate::render::table;

/// Holds what is told at the end.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    /// What was found out.
    pub(crate) output: &'a RaceOutput,
    /// For each violation the command that lets it happen again, where there is one.
    pub(crate) again: &'a [Option<String>],
    /// How long it took, in milliseconds.
    pub(crate) wall_ms: u64,
}

/// Tells what is judged.
pub(crate) fn heading(target: &str, place: &str, histories: u64) -> String {
    let mut text = format!(
        "{}\n",
        bold(&format!("proofup {}", env!("CARGO_PKG_VERSION")))
    );
    line(&mut text, "target", &format!("{target} at {place}"));
    let told = format!("{histories} histories in which commands are sent at the same moment");
    line(&mut text, "race", &told);
    text.push('\n');
    text
}

/// Tells what was found.
pub(crate) fn summary(told: &Told<'_>) -> String {
    let output = told.output;
    let mut text = String::new();
    for (finding, again) in output.findings.iter().zip(told.again) {
        violation(&mut text, finding, again.as_deref());
    }
    text.push_str(&table::plain(
        [
            "story",
            "requirement",
            "histories",
            "judged",
            "commands",
            "violations",
        ],
        output.stories.iter().map(row),
    ));
    text.push('\n');
    for story in &output.stories {
        if let Some(missing) = &story.not_applicable {
            let why = format!("{}: the target declares no {missing}", story.name);
            line(&mut text, "passed over", &why);
        }
        let lost = story.histories - story.judged;
        if let Some(why) = story.unjudged.as_ref().filter(|_| lost > 0) {
            // What a target answers is not ours: a line break in it must not end the line.
            let why = format!("{lost} of {}: {}", story.name, why.escape_debug());
            line(&mut text, "not judged", &why);
        }
    }
    let seconds = format!("{}.{:03} s", told.wall_ms / 1_000, told.wall_ms % 1_000);
    let _ = writeln!(text, "{} in {seconds}", bold(&ended(output)));
    text
}

fn row(story: &Story) -> [String; 6] {
    let shown = |number: u64| {
        if number == 0 {
            "·".to_owned()
        } else {
            number.to_string()
        }
    };
    [
        story.name.to_owned(),
        story.requirement.to_owned(),
        shown(story.histories),
        shown(story.judged),
        shown(story.commands),
        shown(story.violations),
    ]
}

fn violation(text: &mut String, finding: &Finding, again: Option<&str>) {
    let [before, together, after] = finding.commands;
    let _ = writeln!(
        text,
        "{} {} in history {} ({})",
        bad(&"violation"),
        finding.story,
        finding.case,
        finding.requirement
    );
    let _ = writeln!(text, "  {}", finding.what.escape_debug());
    let _ = writeln!(
        text,
        "  smallest: {before} commands before, {together} at the same moment, {after} after; {} of {REPETITIONS} \
         repetitions are violations",
        finding.again
    );
    match again {
        Some(again) => {
            let _ = writeln!(
                text,
                "  {} {again}\n  its file fails in {} of {REPETITIONS} runs\n",
                dim(&"again"),
                finding.file_fails
            );
        }
        None => text.push_str("  no file: it has too many orders, or did not happen again\n\n"),
    }
}

fn ended(output: &RaceOutput) -> String {
    let violations: u64 = output.stories.iter().map(|story| story.violations).sum();
    if output.interrupted {
        return doubtful(&format!("interrupted: {violations} violations until then"));
    }
    if violations > 0 {
        return bad(&format!(
            "nonconforming: no order explains {violations} of the histories"
        ));
    }
    let unjudged: Vec<&str> = output
        .unjudged()
        .into_iter()
        .map(|story| story.name)
        .collect();
    if unjudged.is_empty() {
        good(&"conforms: some order explains every history")
    } else {
        doubtful(&format!(
            "incomplete: not one history could be judged of {}",
            unjudged.join(", ")
        ))
    }
}

fn line(text: &mut String, word: &str, what: &str) {
    let _ = writeln!(text, "{} {what}", dim(&format!("{word:<11}")));
}
