//! Transcripts: equal for equal seeds, wherever the reference stands and however many cases run at once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proofup_judge::outcome::{CaseResult, Outcome};

use super::harness::{Place, one_by_one, run_suite, suite};

#[test]
fn every_check_passes_and_every_transcript_is_what_it_was() {
    let results = one_by_one();
    let mut wrong = Vec::new();
    for case in results.values() {
        if let Some(error) = &case.internal_error {
            wrong.push(format!("{}: {error}", case.id));
        }
        for check in &case.checks {
            if !matches!(check.outcome, Outcome::Passed) {
                wrong.push(format!(
                    "{}:{} {} {:?}",
                    check.file, check.expect_line, check.slug, check.outcome
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} checks did not pass:\n{}\n",
        wrong.len(),
        wrong.join("\n")
    );
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(snapshots());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (id, transcript) in by_file() {
            insta::assert_snapshot!(id, transcript);
        }
    });
}

/// Lists the results of the stories. The rules for every answer are a case, too, and have neither edition nor transcript.
fn stories() -> impl Iterator<Item = &'static CaseResult> {
    let cases = one_by_one().values();
    cases.filter(|case| case.id.contains('['))
}

/// Returns the transcripts by file and edition: the rows of one file stand in one snapshot, each under its title.
fn by_file() -> BTreeMap<String, String> {
    let rows = suite().scenarios.into_iter().filter_map(|scenario| {
        let row = scenario.row?;
        let file = scenario.stem.strip_suffix(&row)?.trim_end_matches('.');
        Some((scenario.stem.clone(), file.to_owned()))
    });
    let files: BTreeMap<String, String> = rows.collect();
    let mut transcripts: BTreeMap<String, String> = BTreeMap::new();
    for case in stories() {
        let (stem, edition) = case.id.split_once('[').expect("it has an edition");
        let file = files.get(stem).map_or(stem, String::as_str);
        let told = transcripts.entry(format!("{file}[{edition}")).or_default();
        if !told.is_empty() {
            told.push('\n');
        }
        told.push_str(&case.transcript);
    }
    transcripts
}

#[test]
fn transcripts_are_equal_in_process_and_over_loopback_and_for_any_number_of_jobs() {
    let in_process = one_by_one();
    let loopback = run_suite(suite(), Place::Loopback, 6);
    assert!(in_process.keys().eq(loopback.keys()));
    for (id, case) in in_process {
        assert_eq!(case.transcript, loopback[id].transcript, "{id}");
    }
}

#[test]
fn no_transcript_holds_a_secret() {
    for case in stories() {
        assert!(
            !case.secrets.is_empty()
                || case
                    .checks
                    .iter()
                    .all(|check| check.command == "readCapabilities"),
            "{}",
            case.id
        );
        for secret in &case.secrets {
            let secret = secret.expose();
            // A secret of fewer than four characters is an answer such as "abc"; those are no words of a transcript either.
            if secret.chars().count() >= 4 {
                assert!(
                    !case.transcript.contains(secret),
                    "{} holds a secret:\n{}",
                    case.id,
                    case.transcript
                );
            }
        }
    }
}

fn snapshots() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../snapshots/transcripts")
}
