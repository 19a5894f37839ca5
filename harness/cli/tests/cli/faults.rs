//! `proofup faults`, as a user meets it.

use proofup_domain::fault::FaultName;

use super::{assert_fails, proofup, stderr, stdout};

/// Takes the lines away: they move with every edit of a scenario, and the checks are named anyway.
fn without_lines(text: &str) -> String {
    let mut told = String::new();
    for line in text.lines() {
        let kept = match line.rsplit_once(':') {
            Some((before, number)) if number.chars().all(|c| c.is_ascii_digit()) => before,
            _ => line,
        };
        told.push_str(kept);
        told.push('\n');
    }
    told
}

#[test]
fn every_fault_is_caught_by_a_check_that_names_its_requirement() {
    // Each harmless variant takes the whole suite: one of them is enough here, `proofup faults` takes them all.
    let is_run = |fault: &&FaultName| !fault.is_harmless() || **fault == FaultName::ExtraJsonFields;
    let faults = FaultName::ALL.iter().filter(is_run);
    let arguments = ["faults", "--scripts-only", "--jobs", "2"].into_iter();
    let output = proofup(arguments.chain(faults.map(|fault| fault.as_str())));
    let matrix = without_lines(&stdout(&output));
    insta::with_settings!({
        snapshot_path => "../../../../snapshots/faults",
        prepend_module_to_snapshot => false,
    }, {
        insta::assert_snapshot!("matrix", matrix);
    });
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    let faults = [
        "no-drift",
        "late-answer-counts",
        "biased-codes",
        "extension-refused",
    ];
    let run = |jobs| {
        let arguments = ["faults", "--scripts-only", "--jobs", jobs].into_iter();
        proofup(arguments.chain(faults))
    };
    assert_eq!(stdout(&run("1")), stdout(&run("3")));
}

#[test]
fn faults_are_found_without_scripts_too() {
    // These are found within a few cases; `proofup faults` takes them all, in some minutes of a release build.
    let faults = ["never-interrupted", "any-code-accepted", "double-accept"];
    let output = proofup(["faults"].into_iter().chain(faults));
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("without script: 3 of 3 found"), "{text}");
    assert!(
        text.contains(" by explore ") && text.contains(" by race "),
        "{text}"
    );
}

#[test]
fn an_unknown_fault_is_told_with_the_nearest() {
    let output = proofup(["faults", "code-acepted-twice"]);
    assert_fails(&output, 2, "no fault is called `code-acepted-twice`");
    assert_fails(&output, 2, "did you mean `code-accepted-twice`?");
}

#[test]
fn the_list_tells_what_each_fault_does() {
    let output = proofup(["faults", "--list", "code-in-a-header"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(
        text.contains("CODE-7") && text.contains("A header of the answer"),
        "{text}"
    );
}
