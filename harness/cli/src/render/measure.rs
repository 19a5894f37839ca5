//! How measuring is told.

use std::fmt::Write as _;

use proofup_domain::fault::FaultName;
use proofup_runner::measure::{Ending, Finding, Judgement, MeasureReport, Measured, Row};
use proofup_runner::report::exchange;

use crate::render::style::{bad, bold, dim, doubtful, good};
use crate::render::table;

/// Says how to repeat a drawn request.
pub(crate) trait Repeats {
    /// Gives the command that sends just this one.
    fn command(&self, requirement: &str, number: usize) -> String;
}

/// Holds what is told at the end.
pub(crate) struct Told<'a> {
    /// What was measured.
    pub(crate) report: &'a MeasureReport,
    /// How a drawn request is repeated.
    pub(crate) repeats: &'a dyn Repeats,
    /// How long it took, in milliseconds.
    pub(crate) wall_ms: u64,
}

/// Tells what is measured.
pub(crate) fn heading(
    target: &str,
    place: &str,
    requirements: &[&str],
    fault: Option<FaultName>,
) -> String {
    let title = format!("proofup {}", env!("CARGO_PKG_VERSION"));
    let mut text = format!("{}\n", bold(&title));
    line(&mut text, "target", &format!("{target} at {place}"));
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

/// Tells what came out.
pub(crate) fn summary(told: &Told<'_>) -> String {
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
        "came out",
        "has to be",
        "false alarm",
        "verdict",
    ];
    text.push_str(&table::plain(headings, rows));
    text.push('\n');
    for one in measured() {
        for why in &one.unable {
            let word = doubtful(&"could not measure");
            let _ = writeln!(text, "{word} {} {why}", one.requirement);
        }
        if let Some(what) = &one.not_applicable {
            let what = format!("not applicable: the target declares no {what}");
            line(&mut text, one.requirement, &what);
        }
        if one.findings_left_out > 0 {
            let more = format!("{} more of the same kinds", one.findings_left_out);
            line(&mut text, one.requirement, &more);
        }
    }
    let alarm = measured().fold(0.0, |sum, one| sum + one.false_alarm());
    if alarm > 0.0 {
        let sum = format!("{alarm:.1e} in all, the sum of the nominal rates");
        line(
            &mut text,
            "alarms",
            &format!("{sum}: below one in a million"),
        );
    }
    text.push('\n');
    let seconds = format!("{}.{:03} s", told.wall_ms / 1_000, told.wall_ms % 1_000);
    let _ = writeln!(text, "{} in {seconds}", ended(told.report));
    text
}

fn cells(requirement: &str, row: &Row) -> [String; 7] {
    [
        requirement.to_owned(),
        row.what.clone(),
        row.samples.to_string(),
        row.statistic.clone(),
        row.threshold.clone(),
        row.false_alarm
            .map_or_else(|| "·".to_owned(), |rate| format!("{rate:.0e}")),
        if row.holds { "holds" } else { "FAILS" }.to_owned(),
    ]
}

fn tell(text: &mut String, measured: &Measured, finding: &Finding, repeats: &dyn Repeats) {
    let requirement = measured.requirement;
    let number = finding.number;
    let sent = finding.sent.escape_debug();
    let _ = writeln!(
        text,
        "{} {} number {number}: {sent}",
        bad(&"FAILED"),
        bold(&requirement)
    );
    let _ = writeln!(text, "  {} {}", dim(&"answered"), finding.wrong);
    if let Some(shown) = &finding.exchange {
        let lines = exchange::lines(shown);
        for line in lines.lines().chain([shown.curl().as_str()]) {
            let _ = writeln!(text, "  {}", shortened(line));
        }
    }
    let command = repeats.command(requirement, number);
    let _ = writeln!(text, "  {} {command}\n", dim(&"repeat"));
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
        all if all > LINE_MAX => format!("{shown}… ({all} characters)"),
        _ => shown,
    }
}

fn ended(report: &MeasureReport) -> String {
    let of = |judgement: Judgement| {
        let measured = report.measured.iter();
        let ids = measured.filter(|one| one.judgement() == judgement);
        ids.map(|one| one.requirement).collect::<Vec<_>>().join(" ")
    };
    let ending = report.ending();
    let (word, what) = match ending {
        Ending::Holds => (good(&"holds"), of(Judgement::Holds)),
        Ending::Fails => (bad(&"fails"), of(Judgement::Fails)),
        Ending::Incomplete => (
            doubtful(&"incomplete"),
            format!("could not be measured: {}", of(Judgement::CouldNotRun)),
        ),
        Ending::Interrupted => (
            bad(&"interrupted"),
            "this is what was measured before".to_owned(),
        ),
    };
    format!("{} {what}; exit code {}", bold(&word), ending.exit_code())
}

fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "  {} {value}", dim(&format!("{name:<10}")));
}
