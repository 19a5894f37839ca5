//! `proofup run --target A --target B`: both are judged by the same cases and seed, then set side by side.
//!
//! Each side is a run of its own, one after the other, with reports of its own: where the command line asks for `r.json`,
//! `r.a.json` and `r.b.json` are what running each alone would have written, and `r.json` is the comparison. A folder gets
//! `a/`, `b/` and `comparison.json`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proofup_runner::compare::{Came, Comparison, ComparisonReport, Parting, Side, compare};
use proofup_runner::judge::verdict::Word;
use proofup_runner::report::Facts;
use proofup_runner::run::RunOutput;
use url::Url;

use super::Session;
use super::arguments::{ReportFile, RunArguments};
use super::outputs::{Outputs, ready, unwritable, unwritten};
use crate::aim::{self, Aim, is_reference};
use crate::failure::Failure;
use crate::render::style::{bad, bold, dim, doubtful, good};
use crate::render::table;
use crate::shutdown::Signals;
use crate::terminal;

/// Splits a command line that names two targets into one for each; none where it names one.
pub(super) fn sides(arguments: &RunArguments) -> Result<Option<[RunArguments; 2]>, Failure> {
    let (targets, urls) = (&arguments.target, &arguments.url);
    if targets.len() > 2 || urls.len() > 2 {
        return Err(Failure::usage(
            "more than two targets cannot be compared",
            "name two, and run again for the third",
        ));
    }
    if targets.len() < 2 && urls.len() < 2 {
        planted_somewhere(arguments, is_built_in(targets.first(), urls.first()))?;
        return Ok(None);
    }
    if targets.len() == 2 && urls.len() == 1 {
        return Err(Failure::usage(
            "one --url cannot be for both of two targets",
            "give --url once for each --target, in the same order, or put `base` into the target files",
        ));
    }
    if arguments.full || arguments.snapshots.is_some() {
        return Err(Failure::usage(
            "two targets are compared by scenarios alone",
            "leave out --full and --snapshots, or run each target by itself",
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
        format!("{flag} is for the built-in reference, and that is not judged here"),
        format!("leave out {flag}, or compare with `--target reference`"),
    ))
}

/// Names the report of one side: `r.json` is `r.a.json`.
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

/// Holds one side, judged.
struct Judged {
    output: RunOutput,
    facts: Facts,
    side: Side,
}

impl Session {
    /// Judges both sides, one after the other, tells where they differ, and gives the exit code of the worse.
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
        let mut one = aim::aim(a.goal()?, a.clock.clone()).await?;
        let mut other = aim::aim(b.goal()?, b.clock.clone()).await?;
        let first = a.judged(&mut one, &outputs.0, NAMES[0]).await?;
        if first.output.interrupted {
            return Ok(Word::Interrupted.exit_code());
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
        aim: &mut Aim,
        outputs: &Outputs,
        name: &str,
    ) -> Result<Judged, Failure> {
        terminal::result(&format!("{} {}\n", bold(&name), self.header(aim)))?;
        let started_at = self.clock.now();
        let signals = Signals::listen()?;
        // What surrounds a side ends with it: the other may want the same ports.
        let driven = match aim.surround().await {
            Ok(()) => self.drive(aim, signals).await,
            Err(failure) => Err(failure),
        };
        aim.session.surroundings.stop().await;
        let output = match driven {
            Ok(output) => output,
            Err(failure) => return Err(self.unreached(aim, outputs, failure)),
        };
        let mut facts = self.facts(aim, Some(&output.capabilities));
        facts.started_at = started_at;
        let verdict = self.verdict(&output.cases, output.interrupted);
        outputs.write(&facts, &verdict, &output.cases, verdict.exit_code())?;
        let side = Side::new(&facts, &verdict);
        drop(verdict);
        Ok(Judged {
            output,
            facts,
            side,
        })
    }
}

/// Tells where two sides differ.
fn told(report: &ComparisonReport) -> String {
    let Comparison {
        cases_alike,
        cases_not_compared,
        checks_alike,
        checks,
        partings,
    } = &report.comparison;
    let mut text = String::new();
    if !checks.is_empty() {
        let rows = checks.iter().map(|check| {
            let word = |came: &Option<Came>| {
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
    for parting in partings {
        text.push_str(&parted(parting));
    }
    if !partings.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "{} checks differ, {checks_alike} are alike; {} cases part, {cases_alike} are alike, {cases_not_compared} not compared",
        checks.len(),
        partings.len(),
    );
    for (name, side) in NAMES.iter().zip([&report.a, &report.b]) {
        let word = match side.word {
            Word::Conforms => good(&side.word),
            Word::ConformsWithExemptions | Word::Incomplete | Word::NothingSelected => {
                doubtful(&side.word)
            }
            _ => bad(&side.word),
        };
        let _ = writeln!(
            text,
            "{name} {}: {word}, exit code {}",
            side.target, side.exit_code
        );
    }
    text
}

fn parted(parting: &Parting) -> String {
    let did = parting.did.as_deref().unwrap_or("they do not do the same");
    let came = |line: &Option<String>| {
        line.clone()
            .unwrap_or_else(|| "nothing: it ended before".to_owned())
    };
    format!(
        "{} {} step {}: {did}\n  a {}\n  b {}\n",
        dim(&"parts"),
        parting.case,
        parting.step,
        came(&parting.a),
        came(&parting.b)
    )
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
