//! `proofup run --target A --target B`: both are judged by the same cases and seed, then set side by side.
//!
//! Each side is a run of its own, one after the other, with reports of its own: where the command line asks for `r.json`,
//! `r.a.json` and `r.b.json` are what running each alone would have written, and `r.json` is the comparison. A folder gets
//! `a/`, `b/` and `comparison.json`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proofup_judge::report::Facts;
use proofup_judge::report::words::{counted, thousands};
use proofup_judge::verdict::Conclusion;
use proofup_runner::compare::{
    ComparisonReport, Divergence, RunComparison, Side, SideOutcome, compare,
};
use proofup_runner::run::RunOutput;
use url::Url;

use super::RunSession;
use super::arguments::{ReportFile, RunArguments};
use super::outputs::{Outputs, ready, unwritable, unwritten};
use crate::failure::Failure;
use crate::render::style::{bad, bold, dim, doubtful, good};
use crate::render::table;
use crate::resolve::{self, ResolvedTarget, is_reference};
use crate::shutdown::Signals;
use crate::terminal;

/// Splits a command line that names two targets into one for each; none where it names one.
pub(super) fn sides(arguments: &RunArguments) -> Result<Option<[RunArguments; 2]>, Failure> {
    let (targets, urls) = (&arguments.target, &arguments.url);
    if targets.len() > 2 || urls.len() > 2 {
        return Err(Failure::usage(
            "at most two targets can be compared",
            "name two; compare the third in another run",
        ));
    }
    if targets.len() < 2 && urls.len() < 2 {
        planted_somewhere(arguments, is_built_in(targets.first(), urls.first()))?;
        return Ok(None);
    }
    if targets.len() == 2 && urls.len() == 1 {
        return Err(Failure::usage(
            "one --url cannot serve two targets",
            "give --url once for each --target, in the same order, or put `base` into the target files",
        ));
    }
    if arguments.full || arguments.snapshots.is_some() {
        return Err(Failure::usage(
            "--full and --snapshots do not work with two targets",
            "leave them out, or run each target by itself",
        ));
    }
    // One file with two addresses is one mapping for both.
    let target = |side: usize| targets.get(side).or_else(|| targets.first());
    let built_in = [0, 1].map(|side| is_built_in(target(side), urls.get(side)));
    planted_somewhere(arguments, built_in.contains(&true))?;
    let last = built_in.iter().rposition(|built_in| *built_in);
    Ok(Some([0, 1].map(|side| {
        let name = NAMES[side];
        RunArguments {
            target: target(side).into_iter().cloned().collect(),
            url: urls.get(side).into_iter().cloned().collect(),
            fault: arguments.fault.clone().filter(|_| last == Some(side)),
            report: arguments
                .report
                .iter()
                .map(|report| of_side(report, name))
                .collect(),
            output_dir: arguments
                .output_dir
                .as_ref()
                .map(|folder| folder.join(name)),
            ..arguments.clone()
        }
    })))
}

fn is_built_in(target: Option<&PathBuf>, url: Option<&Url>) -> bool {
    url.is_none() && target.is_none_or(|target| is_reference(target))
}

/// Refuses what is meant for the built-in reference where that is not judged.
fn planted_somewhere(arguments: &RunArguments, built_in: bool) -> Result<(), Failure> {
    let flag = match (&arguments.fault, arguments.transport) {
        (Some(_), _) => "--fault",
        (None, Some(_)) => "--transport",
        (None, None) => return Ok(()),
    };
    if built_in {
        return Ok(());
    }
    Err(Failure::usage(
        format!("{flag} applies to the built-in reference, which is not judged here"),
        format!("leave out {flag}, or compare with `--target reference`"),
    ))
}

/// Returns the report of one side: `r.json` becomes `r.a.json`.
fn of_side(report: &ReportFile, side: &str) -> ReportFile {
    match report {
        ReportFile::Json(file) => ReportFile::Json(beside(file, side)),
        ReportFile::Junit(file) => ReportFile::Junit(beside(file, side)),
    }
}

fn beside(file: &Path, side: &str) -> PathBuf {
    let mut name: OsString = file.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{side}"));
    if let Some(extension) = file.extension() {
        name.push(".");
        name.push(extension);
    }
    file.with_file_name(name)
}

/// Lists where the comparison itself goes.
fn comparison_files(arguments: &RunArguments) -> Vec<PathBuf> {
    let named = arguments.report.iter().filter_map(|report| match report {
        ReportFile::Json(file) => Some(file.clone()),
        ReportFile::Junit(_) => None,
    });
    let folder = arguments
        .output_dir
        .iter()
        .map(|folder| folder.join("comparison.json"));
    named.chain(folder).collect()
}

/// One side of a comparison, judged.
struct JudgedSide {
    output: RunOutput,
    facts: Facts,
    side: Side,
}

impl RunSession {
    /// Judges both sides, one after the other, prints the differences, and returns the exit code of the worse.
    pub(super) async fn compare(&self, sides: [RunArguments; 2]) -> Result<u8, Failure> {
        let [a, b] = sides.map(|arguments| Self {
            arguments,
            ..self.clone()
        });
        let files = comparison_files(&self.arguments);
        files.iter().try_for_each(|file| ready(file))?;
        let outputs = (
            Outputs::prepare(&a.arguments)?,
            Outputs::prepare(&b.arguments)?,
        );
        let mut one = resolve::resolve(a.spec()?, a.clock.clone()).await?;
        let mut other = resolve::resolve(b.spec()?, b.clock.clone()).await?;
        let first = a.judged(&mut one, &outputs.0, NAMES[0]).await?;
        if first.output.interrupted {
            return Ok(Conclusion::Interrupted.exit_code());
        }
        let second = b.judged(&mut other, &outputs.1, NAMES[1]).await?;
        let comparison = compare(&first.output.cases, &second.output.cases);
        let report = ComparisonReport::new(&first.facts, first.side, second.side, comparison);
        for file in &files {
            let text = report.to_text().map_err(|error| unwritten(file, &error))?;
            fs::write(file, text).map_err(|error| unwritable(file, &error))?;
        }
        terminal::result(&told(&report))?;
        Ok(report.exit_code)
    }

    /// Runs one side and writes its reports, which hold what failed in it, before the other side begins.
    async fn judged(
        &self,
        resolved: &mut ResolvedTarget,
        outputs: &Outputs,
        name: &str,
    ) -> Result<JudgedSide, Failure> {
        terminal::result(&format!("{} {}\n", bold(&name), self.header(resolved)))?;
        let started_at = self.clock.now();
        let signals = Signals::listen()?;
        // What surrounds a side ends with it: the other may want the same ports.
        let driven = match resolved.surround().await {
            Ok(()) => self.drive(resolved, signals).await,
            Err(failure) => Err(failure),
        };
        resolved.session.surroundings.stop().await;
        let output = match driven {
            Ok(output) => output,
            Err(failure) => return Err(self.unreached(resolved, outputs, failure)),
        };
        let mut facts = self.facts(resolved, Some(&output.capabilities));
        facts.started_at = started_at;
        let verdict = self.verdict(&output.cases, output.interrupted);
        outputs.write(&facts, &verdict, &output.cases, verdict.exit_code())?;
        let side = Side::new(&facts, &verdict);
        drop(verdict);
        Ok(JudgedSide {
            output,
            facts,
            side,
        })
    }
}

/// Returns the differences of two sides.
fn told(report: &ComparisonReport) -> String {
    let RunComparison {
        cases_identical,
        cases_not_compared,
        checks_agreeing,
        checks,
        divergences,
    } = &report.comparison;
    let mut text = String::new();
    if !checks.is_empty() {
        let rows = checks.iter().map(|check| {
            let word = |came: &Option<SideOutcome>| {
                came.as_ref()
                    .map_or("·", |came| came.outcome.told())
                    .to_owned()
            };
            [
                check.slug.clone(),
                check.case.clone(),
                word(&check.a),
                word(&check.b),
            ]
        });
        text.push_str(&table::plain(["check", "case", "a", "b"], rows));
        text.push('\n');
    }
    for divergence in divergences {
        text.push_str(&shown(divergence));
    }
    if !divergences.is_empty() {
        text.push('\n');
    }
    let verb = |number: usize, one: &'static str, more: &'static str| {
        if number == 1 { one } else { more }
    };
    let not_compared = match cases_not_compared {
        0 => String::new(),
        number => format!(", {} not compared", thousands(number)),
    };
    let _ = writeln!(
        text,
        "{} {}, {} {}; {} {}, {} {} identical{not_compared}",
        counted(checks.len(), "check"),
        verb(checks.len(), "differs", "differ"),
        thousands(checks_agreeing),
        verb(*checks_agreeing, "agrees", "agree"),
        counted(divergences.len(), "case"),
        verb(divergences.len(), "diverges", "diverge"),
        thousands(cases_identical),
        verb(*cases_identical, "is", "are"),
    );
    for (name, side) in NAMES.iter().zip([&report.a, &report.b]) {
        let word = match side.word {
            Conclusion::Conforms => good(&side.word),
            Conclusion::ConformsWithExemptions
            | Conclusion::Incomplete
            | Conclusion::NothingSelected => doubtful(&side.word),
            _ => bad(&side.word),
        };
        let code = match side.exit_code {
            0 => String::new(),
            code => format!(", exit code {code}"),
        };
        let _ = writeln!(text, "{name}: {}: {word}{code}", side.target);
    }
    text
}

fn shown(divergence: &Divergence) -> String {
    let did = divergence
        .did
        .as_deref()
        .unwrap_or("the two cases do different things");
    let came = |line: &Option<String>| {
        line.clone()
            .unwrap_or_else(|| "nothing: the case had ended".to_owned())
    };
    format!(
        "{} at step {}: {}\n  {did}\n  a: {}\n  b: {}\n",
        dim(&"diverges"),
        divergence.step,
        spaced(&divergence.case),
        came(&divergence.a),
        came(&divergence.b)
    )
}

/// Returns a case's id with a space before its edition: `closing-instant [2018-07-25]`.
fn spaced(case: &str) -> String {
    case.replace('[', " [")
}

/// What the sides are called, everywhere.
const NAMES: [&str; 2] = ["a", "b"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_has_its_name_before_the_extension() {
        let table = [
            ("r.json", "r.a.json"),
            ("out/r.json", "out/r.a.json"),
            ("report", "report.a"),
            ("r.tar.json", "r.tar.a.json"),
        ];
        for (file, expected) in table {
            assert_eq!(beside(Path::new(file), "a"), Path::new(expected));
        }
    }
}
