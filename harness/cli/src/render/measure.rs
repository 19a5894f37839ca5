//! How measuring is told.

use std::fmt::Write as _;

use proofup_domain::fault::FaultName;
use proofup_explore::measure::{
    MeasureEnding, MeasureFinding, MeasureJudgement, MeasureReport, MeasureRow, Measured,
};
use proofup_judge::report::exchange;
use proofup_judge::report::words::{counted, thousands};

use crate::render::style::{bad, bold, dim, doubtful, good, one_line};
use crate::render::summary::seconds;
use crate::render::table;

/// A command line that repeats one drawn request.
pub(crate) trait RepeatRequest {
    /// Returns the command that sends only this request.
    fn command(&self, requirement: &str, number: usize) -> String;
}

/// What the last lines show.
pub(crate) struct MeasureSummary<'a> {
    /// What was measured.
    pub(crate) report: &'a MeasureReport,
    /// How a drawn request is repeated.
    pub(crate) repeats: &'a dyn RepeatRequest,
    /// How long it took, in milliseconds.
    pub(crate) wall_ms: u64,
}

/// Returns the first lines: what is measured.
pub(crate) fn heading(target: &str, requirements: &[&str], fault: Option<FaultName>) -> String {
    let title = format!("proofup {}", env!("CARGO_PKG_VERSION"));
    let mut text = format!("{}\n", bold(&title));
    line(&mut text, "target", target);
    if let Some(fault) = fault {
        line(
            &mut text,
            "fault",
            &format!("{fault}: {}", fault.description()),
        );
    }
    line(&mut text, "measure", &requirements.join(" "));
    text.push('\n');
    text
}

/// Returns the last lines: the figures, and the verdict.
pub(crate) fn summary(told: &MeasureSummary<'_>) -> String {
    let mut text = String::new();
    for measured in &told.report.measured {
        for finding in &measured.findings {
            tell(&mut text, measured, finding, told.repeats);
        }
    }
    let measured = || told.report.measured.iter();
    let rows = measured().flat_map(|one| one.rows.iter().map(|row| cells(one.requirement, row)));
    let headings = [
        "requirement",
        "test",
        "samples",
        "measured",
        "required",
        "false alarm",
        "verdict",
    ];
    text.push_str(&table::plain(headings, rows));
    text.push('\n');
    for one in measured() {
        for why in &one.unable {
            let word = doubtful(&"could not measure");
            let _ = writeln!(text, "{word}: {} ({why})", one.requirement);
        }
        if let Some(what) = &one.not_applicable {
            let what = format!("not applicable: the target does not declare {what}");
            line(&mut text, one.requirement, &what);
        }
        if one.findings_left_out > 0 {
            let more = format!(
                "{} of the same kinds left out",
                counted(one.findings_left_out, "finding")
            );
            line(&mut text, one.requirement, &more);
        }
    }
    let alarm = measured().fold(0.0, |sum, one| sum + one.false_alarm());
    if alarm > 0.0 {
        let sum =
            format!("{alarm:.1e} in total (the sum of the nominal rates), below one in a million");
        line(&mut text, "alarms", &sum);
    }
    text.push('\n');
    let _ = writeln!(text, "{}", ended(told.report, told.wall_ms));
    text
}

fn cells(requirement: &str, row: &MeasureRow) -> [String; 7] {
    [
        requirement.to_owned(),
        row.what.clone(),
        thousands(row.samples),
        row.statistic.clone(),
        row.threshold.clone(),
        row.false_alarm
            .map_or_else(|| "·".to_owned(), |rate| format!("{rate:.0e}")),
        if row.holds { "holds" } else { "FAILS" }.to_owned(),
    ]
}

fn tell(
    text: &mut String,
    measured: &Measured,
    finding: &MeasureFinding,
    repeats: &dyn RepeatRequest,
) {
    let requirement = measured.requirement;
    let number = finding.number;
    let sent = one_line(&finding.sent);
    let _ = writeln!(
        text,
        "{} {}, request {number}: {sent}",
        bad(&"FAILED"),
        bold(&requirement)
    );
    let _ = writeln!(text, "  {} {}", dim(&"answered:"), finding.wrong);
    if let Some(shown) = &finding.exchange {
        let lines = exchange::lines(shown);
        for line in lines.lines().chain([shown.curl().as_str()]) {
            let _ = writeln!(text, "  {}", shortened(line));
        }
    }
    let command = repeats.command(requirement, number);
    let _ = writeln!(text, "  {} {command}\n", dim(&"repeat:"));
}

/// The longest line that is shown whole; what is longer is told by its repetition.
const LINE_MAX: usize = 1_000;

fn shortened(line: &str) -> String {
    let shown: String = line
        .chars()
        .take(LINE_MAX)
        .filter(|c| !c.is_control())
        .collect();
    match line.chars().count() {
        all if all > LINE_MAX => format!("{shown}… ({} in total)", counted(all, "character")),
        _ => shown,
    }
}

fn ended(report: &MeasureReport, wall_ms: u64) -> String {
    let of = |judgement: MeasureJudgement| {
        let measured = report.measured.iter();
        let ids = measured.filter(|one| one.judgement() == judgement);
        ids.map(|one| one.requirement)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let ending = report.ending();
    let (word, what) = match ending {
        MeasureEnding::Holds => (
            good(&"conforms"),
            format!("{} passed", of(MeasureJudgement::Holds)),
        ),
        MeasureEnding::Fails => (
            bad(&"nonconforming"),
            format!("{} failed", of(MeasureJudgement::Fails)),
        ),
        MeasureEnding::Incomplete => (
            doubtful(&"incomplete"),
            format!(
                "{} could not be measured",
                of(MeasureJudgement::CouldNotRun)
            ),
        ),
        MeasureEnding::Interrupted => (bad(&"interrupted"), "the rest was not measured".to_owned()),
    };
    let code = match ending.exit_code() {
        0 => String::new(),
        code => format!("; exit code {code}"),
    };
    format!("{}: {what} ({}){code}", bold(&word), seconds(wall_ms))
}

fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "  {} {value}", dim(&format!("{name:<10}")));
}
