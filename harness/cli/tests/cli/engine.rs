//! Runs against the built-in reference: exit codes, reports, transcripts.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::files::{story, suite, write};
use super::servers::start;
use super::{assert_fails, command, proofup, stderr, stdout};

fn run(folder: &Path, more: &[&str]) -> std::process::Output {
    let mut arguments = vec!["run", folder.to_str().expect("the path is UTF-8")];
    arguments.extend(more);
    proofup(arguments)
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn a_story_that_holds_ends_in_zero_with_a_table() {
    for transport in ["loopback", "in-process"] {
        let output = run(story().path(), &["--transport", transport]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}{}",
            stdout(&output),
            stderr(&output)
        );
        assert!(
            stdout(&output).contains("SIGN Sign-in and interrupt       2"),
            "{}",
            stdout(&output)
        );
        let last = stdout(&output);
        let last = last.lines().last().unwrap_or_default();
        let conforms = "conforms: all 2 judged requirements hold (2 checks, ";
        assert!(
            last.starts_with(conforms) && last.ends_with(" s)"),
            "{last}"
        );
        assert_eq!(stderr(&output), "", "a pipe is quiet");
    }
}

#[test]
fn a_wrong_expectation_ends_in_one_and_points_at_its_line() {
    let folder = suite("state = \"signedIn\"", "state = \"interrupted\"");
    let output = run(folder.path(), &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", stderr(&output));
    for told in [
        "SIGN-3/cli-right-password (must): ",
        "source: the manual page",
        "nonconforming: 1 requirement failed (2 checks, ",
        " s); exit code 1",
        "story.toml:18",
        "\"interrupted\"",
        "\"signedIn\"",
        "curl ",
        "--seed 1",
    ] {
        assert!(text.contains(told), "{told} is missing in\n{text}");
    }
}

#[test]
fn a_missed_should_is_a_warning_where_only_musts_count() {
    let folder = suite("refused = \"invalidCredentials\"", "refused = \"blocked\"");
    assert_eq!(run(folder.path(), &[]).status.code(), Some(1));
    let output = run(folder.path(), &["--level", "must"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("WARNING SIGN-7/cli-wrong-password"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn an_exempted_failure_conforms_with_exemptions_and_a_stale_exemption_fails() {
    let list = "[[exemptions]]\ncheck = \"SIGN-7/cli-wrong-password\"\nreason = \"ticket 12\"\n";
    let wrong = suite("refused = \"invalidCredentials\"", "refused = \"blocked\"");
    let file = write(wrong.path(), "exemptions.txt", list);
    let output = run(wrong.path(), &["--exemptions", &file]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("conforms with exemptions: 1 check is exempted"),
        "{}",
        stdout(&output)
    );
    let right = story();
    let output = run(right.path(), &["--exemptions", &file]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stdout(&output).contains("STALE"), "{}", stdout(&output));
}

#[test]
fn a_whole_suite_without_a_check_of_a_must_is_incomplete() {
    let folder = story();
    let output = proofup(["run", "--suite", folder.path().to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("not exercised: DEF-4 (no scenario checks it)"),
        "{}",
        stdout(&output)
    );
    assert!(
        stdout(&output).contains("not exercised: CODE-9 (judged by `proofup race`)"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_file_without_the_requirement_asked_for_selects_nothing() {
    let output = run(story().path(), &["--requirement", "DEF-4"]);
    assert_fails(&output, 4, "the selection contains no check");
}

#[test]
fn two_runs_with_one_seed_write_equal_reports_but_for_the_run_object() {
    let folder = story();
    let out = tempfile::tempdir().expect("a folder for temporary files");
    let mut reports = Vec::new();
    for name in ["one", "two"] {
        let into = out.path().join(name);
        let output = run(
            folder.path(),
            &["--seed", "7", "--output-dir", into.to_str().expect("UTF-8")],
        );
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}{}",
            stdout(&output),
            stderr(&output)
        );
        let mut report: Value = serde_json::from_str(&read(&into, "report.json")).expect("JSON");
        assert!(
            report
                .as_object_mut()
                .expect("an object")
                .remove("run")
                .is_some()
        );
        let xml = read(&into, "junit.xml");
        assert!(xml.contains("SIGN-7/cli-wrong-password"), "{xml}");
        reports.push((report, read(&into, "transcripts/story.2019-02-13.txt")));
    }
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn transcripts_are_written_then_compared_and_a_difference_fails() {
    let folder = story();
    let kept = tempfile::tempdir().expect("a folder for temporary files");
    let into = kept.path().to_str().expect("UTF-8");
    assert!(stdout(&run(folder.path(), &["--snapshots", into])).contains("0 equal, 1 written"));
    assert!(stdout(&run(folder.path(), &["--snapshots", into])).contains("1 equal, 0 written"));
    let name = "story.2019-02-13.txt";
    let whole = read(kept.path(), name);
    write(kept.path(), name, &format!("{whole}another line\n"));
    let output = run(folder.path(), &["--snapshots", into]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("- another line"),
        "{}",
        stdout(&output)
    );
    let output = run(folder.path(), &["--snapshots", into, "--update-snapshots"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(read(kept.path(), name), whole);
}

#[test]
fn a_served_reference_is_judged_as_the_built_in_one_is() {
    let token = ("PROOFUP_TEST_CONTROL_TOKEN", "a token of this test");
    let serve = ["serve", "--test-control", "--listen", "127.0.0.1:0"];
    let (_server, line, _lines) = start(command().env(token.0, token.1).args(serve));
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .expect("an address");
    let folder = story();
    let path = folder.path().to_str().expect("UTF-8");
    let output = command()
        .env(token.0, token.1)
        .args(["run", path, "--url", url])
        .output()
        .expect("it runs");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    let stranger = command()
        .env(token.0, "another")
        .args(["run", path, "--url", url])
        .output()
        .expect("it runs");
    assert_fails(&stranger, 2, "PROOFUP_TEST_CONTROL_TOKEN");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_still_writes_its_report_and_ends_in_130() {
    let out = tempfile::tempdir().expect("a folder for temporary files");
    let report = format!("json={}", out.path().join("r.json").display());
    // One case at a time, so that the whole suite takes longer than the signal.
    let (mut server, line, mut rest) =
        start(command().args(["run", "--jobs", "1", "--report", &report]));
    assert!(line.starts_with("proofup "), "{line}");
    let id = server.0.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &id])
            .status()
            .expect("kill is there")
            .success()
    );
    let mut text = String::new();
    std::io::Read::read_to_string(&mut rest, &mut text).expect("the output is UTF-8");
    assert_eq!(
        server.0.wait().expect("it ends").code(),
        Some(130),
        "{text}"
    );
    let report: Value = serde_json::from_str(&read(out.path(), "r.json")).expect("JSON");
    assert_eq!(report["verdict"]["word"], "interrupted");
    let last = text.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("interrupted: ")
            && last.contains(" of ")
            && last.ends_with(" judged; exit code 130"),
        "{last}"
    );
}
