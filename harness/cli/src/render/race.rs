//! How races are told.

use std::fmt::Write as _;

use proofup_explore::race::{REPETITIONS, RaceFinding, RaceOutput, RaceStory};
use proofup_judge::report::words::{counted, thousands};

use crate::render::rules::broken_rule;
use crate::render::style::{bad, bold, dim, doubtful, good, one_line};
use crate::render::summary::seconds;
use crate::render::table;

/// What the last lines show.
#[derive(Debug)]
pub(crate) struct RaceSummary<'a> {
    /// What was found out.
    pub(crate) output: &'a RaceOutput,
    /// For each violation the command that repeats it, where there is one.
    pub(crate) repeats: &'a [Option<String>],
    /// How long it took, in milliseconds.
    pub(crate) wall_ms: u64,
}

/// Returns the first lines: what is judged, and how.
pub(crate) fn heading(target: &str, histories: u64) -> String {
    let mut text = format!(
        "{}\n",
        bold(&format!("proofup {}", env!("CARGO_PKG_VERSION")))
    );
    line(&mut text, "target", target);
    let told = format!(
        "{} of commands that are sent at the same moment",
        counted(histories, "history")
    );
    line(&mut text, "race", &told);
    text.push('\n');
    text
}

/// Returns the last lines: what was found, and the verdict.
pub(crate) fn summary(told: &RaceSummary<'_>) -> String {
    let output = told.output;
    let mut text = String::new();
    for (finding, repeat) in output.findings.iter().zip(told.repeats) {
        violation(&mut text, finding, repeat.as_deref());
    }
    for broken in &output.broken {
        text.push_str(&broken_rule(broken));
        text.push('\n');
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
            let why = format!("{}: the target does not declare {missing}", story.name);
            line(&mut text, "skipped", &why);
        }
        let lost = story.histories - story.judged;
        if let Some(why) = story.unjudged.as_ref().filter(|_| lost > 0) {
            // What a target answers is not ours: a line break in it must not end the line.
            let why = format!(
                "{} of {}: {}",
                counted(lost, "history"),
                story.name,
                one_line(why)
            );
            line(&mut text, "not judged", &why);
        }
    }
    let _ = writeln!(text, "{} ({})", bold(&ended(output)), seconds(told.wall_ms));
    text
}

fn row(story: &RaceStory) -> [String; 6] {
    let shown = |number: u64| {
        if number == 0 {
            "·".to_owned()
        } else {
            thousands(number)
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

fn violation(text: &mut String, finding: &RaceFinding, repeat: Option<&str>) {
    let [before, together, after] = finding.commands;
    let _ = writeln!(
        text,
        "{}: {} in history {} ({})",
        bad(&"violation"),
        finding.story,
        finding.case,
        finding.requirement
    );
    let _ = writeln!(text, "  {}", one_line(&finding.what));
    let _ = writeln!(
        text,
        "  smallest: {} before, {together} at the same moment, {after} after",
        counted(before, "command")
    );
    let _ = match repeat {
        Some(repeat) => writeln!(
            text,
            "  seen again in {} of {REPETITIONS} repetitions, and in {} of {REPETITIONS} runs of its file\n  {} {repeat}\n",
            finding.again,
            finding.file_fails,
            dim(&"repeat:"),
        ),
        None => writeln!(
            text,
            "  seen again in {} of {REPETITIONS} repetitions; no file was written, because it has too many orders or was \
             not seen again\n",
            finding.again
        ),
    };
}

fn ended(output: &RaceOutput) -> String {
    let violations: u64 = output.stories.iter().map(|story| story.violations).sum();
    if output.interrupted {
        return doubtful(&format!(
            "interrupted: {} found before",
            counted(violations, "violation")
        ));
    }
    if violations > 0 {
        return bad(&format!(
            "nonconforming: no order explains {}",
            counted(violations, "history")
        ));
    }
    if !output.broken.is_empty() {
        return bad(&"nonconforming: a rule for every answer was broken");
    }
    let unjudged: Vec<&str> = output
        .unjudged()
        .into_iter()
        .map(|story| story.name)
        .collect();
    if unjudged.is_empty() {
        good(&"conforms: every history is explained by an order of its commands")
    } else {
        doubtful(&format!(
            "incomplete: no history could be judged of {}",
            unjudged.join(", ")
        ))
    }
}

fn line(text: &mut String, word: &str, what: &str) {
    let _ = writeln!(text, "{} {what}", dim(&format!("{word:<11}")));
}
