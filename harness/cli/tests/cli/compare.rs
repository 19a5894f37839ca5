//! Two targets side by side.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::files::{story, write};
use super::{assert_fails, proofup, stderr, stdout};

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

fn read(folder: &Path, name: &str) -> Value {
    let text =
        fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_reference_does_not_diverge_from_itself() {
    let folder = story();
    let output = proofup([
        "run",
        text(folder.path()),
        "--target",
        "reference",
        "--target",
        "reference",
    ]);
    let told = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{told}{}", stderr(&output));
    assert!(
        told.contains(
            "0 checks differ, 2 agree; 0 cases diverge, 1 is identical\n\
             a: reference: conforms\n\
             b: reference: conforms\n"
        ),
        "{told}"
    );
}

#[test]
fn a_fault_in_the_last_diverges_where_it_bites_and_both_reports_are_written() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let (json, xml) = (folder.path().join("r.json"), folder.path().join("j.xml"));
    let reports = format!("json={},junit={}", text(&json), text(&xml));
    let into = folder.path().join("out");
    let output = proofup([
        "run",
        "--requirement",
        "SIGN-1/signed-out-session-lists-nothing",
        "--edition",
        "2019-02-13",
        "--transport",
        "in-process",
        "--target",
        "reference",
        "--target",
        "reference",
        "--fault",
        "token-outlives-sign-out",
        "--report",
        &reports,
        "--output-dir",
        text(&into),
    ]);
    let told = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{told}{}", stderr(&output));
    for expected in [
        "SIGN-1/signed-out-session-lists-nothing",
        "refused=unauthenticated",
        "a: reference: conforms\n",
        "b: reference: nonconforming, exit code 1\n",
    ] {
        assert!(told.contains(expected), "{expected} is missing in\n{told}");
    }
    let comparison = read(folder.path(), "r.json");
    assert_eq!(comparison, read(&into, "comparison.json"));
    assert_eq!(comparison["format"], "proofup-comparison-1");
    assert_eq!(comparison["exitCode"], 1);
    let checks = &comparison["comparison"]["checks"];
    let slug = "SIGN-1/signed-out-session-lists-nothing";
    let differs = checks
        .as_array()
        .and_then(|checks| checks.iter().find(|check| check["slug"] == slug));
    let differs = differs.unwrap_or_else(|| panic!("{slug} is missing in {checks}"));
    assert_eq!(differs["a"]["outcome"], "passed");
    assert_eq!(differs["b"]["outcome"], "failed");
    let divergence = &comparison["comparison"]["divergences"][0];
    assert_eq!(divergence["a"], "problem=true refused=unauthenticated");
    for (side, word) in [("a", "conforms"), ("b", "nonconforming")] {
        assert_eq!(comparison[side]["word"], word);
        let alone = read(folder.path(), &format!("r.{side}.json"));
        assert_eq!(alone["format"], "proofup-report-1");
        assert_eq!(alone["verdict"]["word"], word);
        assert_eq!(alone, read(&into.join(side), "report.json"));
        assert!(folder.path().join(format!("j.{side}.xml")).is_file());
        assert!(into.join(side).join("transcripts").is_dir());
    }
    let schema: Value =
        serde_json::from_str(&stdout(&proofup(["schema", "comparison"]))).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a JSON Schema");
    assert!(validator.is_valid(&comparison));
}

#[test]
fn what_cannot_be_compared_is_a_fault_of_usage() {
    let folder = story();
    let path = text(folder.path());
    let table: [(&[&str], &str); 6] = [
        (
            &["--target", "a", "--target", "b", "--target", "c"],
            "at most two targets",
        ),
        (
            &[
                "--target",
                "reference",
                "--target",
                "reference",
                "--url",
                "http://127.0.0.1:1",
            ],
            "once for each --target",
        ),
        (
            &[
                "--url",
                "http://127.0.0.1:1",
                "--fault",
                "never-interrupted",
            ],
            "--fault applies to the built-in reference",
        ),
        (
            &["--url", "http://127.0.0.1:1", "--transport", "in-process"],
            "--transport applies to the built-in reference",
        ),
        (
            &[
                "--target",
                "reference",
                "--target",
                "reference",
                "--snapshots",
                path,
            ],
            "do not work with two targets",
        ),
        (
            &["--target", "reference", "--target", "no-such-file.toml"],
            "could not read the target file",
        ),
    ];
    for (words, told) in table {
        let output = proofup([&["run", path], words].concat());
        assert_fails(&output, 2, told);
    }
}

#[test]
fn a_side_that_is_not_there_ends_in_two_and_the_other_keeps_its_report() {
    let folder = story();
    let target = include_str!("../../../../fixtures/targets/reference.toml")
        .replace("http://127.0.0.1:8080", "http://127.0.0.1:1");
    let file = write(folder.path(), "elsewhere.txt", &target);
    let report = folder.path().join("r.json");
    let output = proofup([
        "run",
        text(folder.path()),
        "--target",
        "reference",
        "--target",
        &file,
        "--report",
        &format!("json={}", text(&report)),
    ]);
    assert_fails(&output, 2, "127.0.0.1:1");
    let codes = ["a", "b"].map(|side| {
        let report = read(folder.path(), &format!("r.{side}.json"));
        report["verdict"]["exitCode"].clone()
    });
    assert_eq!(codes, [Value::from(0), Value::from(2)]);
}
