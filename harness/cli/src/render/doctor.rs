//! How the doctor's findings are told.

use std::fmt::Write as _;

use proofup_judge::report::exchange::{self, ToldExchange};
use proofup_judge::report::words::counted;
use proofup_runner::doctor::{Diagnosis, DoctorConclusion, ProbeFinding, Probed};
use serde_json::{Value as Json, json};

use crate::failure::{EXIT_INCOMPLETE, EXIT_USAGE, Failure};
use crate::render::style::{bad, bold, dim, doubtful, good};

/// How many exchanges are shown: the last one holds what was wrong, and the one before it what led there.
const SHOWN_EXCHANGES: usize = 1;

/// How many findings in a row are shown that were not reached: the rest follow from the same.
const SHOWN_UNREACHED: usize = 2;

/// Returns in a line how many probes found mistakes, and what came of that; empty if none did.
pub(crate) fn mistakes(found: &[ProbeFinding], so: &str) -> String {
    let wrong = |finding: &&ProbeFinding| matches!(finding.result, Probed::Wrong(_));
    let wrong = found.iter().filter(wrong).count();
    if wrong == 0 {
        return String::new();
    }
    format!(
        "{} found mistakes in the target file, and {so}; run `proofup doctor` to see what to change\n",
        counted(wrong, "probe")
    )
}

/// Returns the first lines: which target is examined.
pub(crate) fn heading(target: &str) -> String {
    format!(
        "{}\n  {} {target}\n\n",
        bold(&format!("proofup {} doctor", env!("CARGO_PKG_VERSION"))),
        dim(&"target")
    )
}

/// Returns the findings, a line each; what is wrong is shown in full.
pub(crate) fn report(file: &str, findings: &[ProbeFinding]) -> String {
    let width = findings
        .iter()
        .map(|finding| finding.probe.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    let mut unreached = 0;
    for (index, finding) in findings.iter().enumerate() {
        unreached = if matches!(finding.result, Probed::NotReached(_)) {
            unreached + 1
        } else {
            0
        };
        if unreached > SHOWN_UNREACHED {
            let next = findings.get(index + 1);
            if !next.is_some_and(|next| matches!(next.result, Probed::NotReached(_))) {
                let more = unreached - SHOWN_UNREACHED;
                let _ = writeln!(text, "  {} and {more} more", doubtful(&"not reached "));
            }
            continue;
        }
        let name = format!("{:<width$}", finding.probe);
        match &finding.result {
            Probed::Ok => {
                let _ = writeln!(text, "  {} {}", good(&"ok          "), name.trim_end());
            }
            Probed::NotDeclared(why) => {
                let _ = writeln!(text, "  {} {name}  {}", dim(&"not declared"), dim(why));
            }
            Probed::NotBound(why) => {
                let _ = writeln!(text, "  {} {name}  {}", dim(&"not bound   "), dim(why));
            }
            Probed::NotReached(why) => {
                let _ = writeln!(text, "  {} {name}  {}", doubtful(&"not reached "), dim(why));
            }
            Probed::Known(reason, _) => {
                let _ = writeln!(
                    text,
                    "  {} {name}  {}",
                    doubtful(&"known       "),
                    dim(reason)
                );
            }
            Probed::Wrong(all) => {
                let _ = writeln!(text, "  {} {}", bad(&"wrong       "), name.trim_end());
                for one in all {
                    tell(&mut text, file, one);
                }
            }
        }
    }
    let _ = writeln!(text, "\n{}", summary(findings));
    text
}

fn tell(text: &mut String, file: &str, diagnosis: &Diagnosis) {
    let place = match diagnosis.line {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    };
    let keys: Vec<String> = diagnosis
        .keys
        .iter()
        .map(|key| format!("`{key}`"))
        .collect();
    let _ = writeln!(text, "      {}", diagnosis.says);
    let _ = writeln!(text, "      {} {}", dim(&"change:"), diagnosis.change);
    let _ = writeln!(
        text,
        "      {}     {place}  {}",
        dim(&"at:"),
        keys.join(", ")
    );
    let hidden = diagnosis.exchanges.len().saturating_sub(SHOWN_EXCHANGES);
    for shown in diagnosis.exchanges.iter().skip(hidden) {
        for line in exchange::lines(shown)
            .lines()
            .chain([shown.curl().as_str()])
        {
            let _ = writeln!(text, "      {line}");
        }
    }
}

/// Returns the last line: what was found, how often, and the exit code.
fn summary(findings: &[ProbeFinding]) -> String {
    let count = |word: &str| {
        let found = findings.iter();
        found.filter(|one| one.result.as_str() == word).count()
    };
    let some = |word: &str, told: &str| match count(word) {
        0 => String::new(),
        number => format!("{number} {told}, "),
    };
    let counts = format!(
        "{} ok, {} wrong, {}{} not declared, {}{} not reached",
        count("ok"),
        count("wrong"),
        some("known", "known"),
        count("notDeclared"),
        some("notBound", "not bound"),
        count("notReached")
    );
    match DoctorConclusion::of(findings) {
        DoctorConclusion::Wrong => format!(
            "{}: {counts}; fix the first one, then run doctor again; exit code {EXIT_USAGE}",
            bad(&"something is wrong")
        ),
        DoctorConclusion::Incomplete => format!(
            "{}: {counts}; what was not reached may be wrong all the same; exit code {EXIT_INCOMPLETE}",
            doubtful(&"incomplete")
        ),
        DoctorConclusion::Right => format!("{}: {counts}", good(&"nothing is wrong")),
    }
}

/// Returns the findings as one JSON document.
pub(crate) fn json(target: &str, file: &str, findings: &[ProbeFinding]) -> Result<String, Failure> {
    let document = json!({
        "target": target,
        "file": file,
        "conclusion": DoctorConclusion::of(findings).as_str(),
        "findings": findings.iter().map(finding).collect::<Vec<Json>>(),
    });
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| Failure::bug(format!("the findings cannot be written: {error}")))?;
    Ok(format!("{text}\n"))
}

fn finding(finding: &ProbeFinding) -> Json {
    let mut told = json!({ "probe": finding.probe, "result": finding.result.as_str() });
    match &finding.result {
        Probed::Ok => {}
        Probed::NotDeclared(why) | Probed::NotBound(why) | Probed::NotReached(why) => {
            told["why"] = json!(why);
        }
        Probed::Known(reason, all) => {
            told["why"] = json!(reason);
            told["seen"] = all.iter().map(diagnosis).collect();
        }
        Probed::Wrong(all) => {
            told["wrong"] = all.iter().map(diagnosis).collect();
        }
    }
    told
}

fn diagnosis(diagnosis: &Diagnosis) -> Json {
    let exchanges: Vec<ToldExchange> = diagnosis.exchanges.iter().map(ToldExchange::from).collect();
    json!({
        "says": diagnosis.says,
        "change": diagnosis.change,
        "keys": diagnosis.keys,
        "line": diagnosis.line,
        "exchanges": exchanges,
    })
}
