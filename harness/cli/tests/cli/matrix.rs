//! `proofup matrix` as a user meets it.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::tempdir;

use super::servers::start;
use super::{assert_fails, command, proofup, stderr, stdout};

const TOKEN: &str = "PROOFUP_TEST_CONTROL_TOKEN";

#[test]
fn the_decisions_of_the_reference_agree_with_the_oracle() {
    let folder = tempdir().expect("a folder");
    let (table, report) = (folder.path().join("d.csv"), folder.path().join("r.json"));
    let output = command()
        .args(["matrix", "--strength", "3", "--registered", "2", "--export"])
        .arg(&table)
        .arg("--report")
        .arg(format!("json={}", report.display()))
        .current_dir(folder.path())
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("conforms: AVAIL-10 holds for every combination ("),
        "{text}"
    );
    assert!(
        text.contains("for users who have registered at most 2 methods"),
        "{text}"
    );

    let report = fs::read_to_string(report).expect("the report was written");
    let report: Value = serde_json::from_str(&report).expect("the report is JSON");
    assert_eq!(report["format"], "proofup-matrix-1");
    assert_eq!(
        (&report["verdict"], &report["exitCode"]),
        (&"agrees".into(), &0.into())
    );
    assert_eq!(report["axes"].as_array().expect("a list").len(), 2);
    let table = fs::read_to_string(table).expect("the table was written");
    assert!(
        table.starts_with("twoStepKinds,twoStepRegistrationRequired,resetEnabled,"),
        "{table}"
    );
    let lines = u64::try_from(table.lines().count() - 1).expect("a small number");
    assert_eq!(report["axes"][0]["ran"], lines);
    let left: Vec<_> = fs::read_dir(folder.path())
        .expect("the folder is there")
        .collect();
    assert_eq!(left.len(), 2, "nothing else is written: {left:?}");
}

#[test]
fn the_reference_agrees_however_it_is_asked() {
    for how in ["in-process", "loopback"] {
        let output = proofup(["matrix", "--strength", "2", "--transport", how]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("AVAIL-10 holds"), "{how}");
    }
}

#[test]
fn a_server_is_judged_by_its_address() {
    let mut serve = command();
    serve.env(TOKEN, "a token");
    let (_server, line, _lines) =
        start(serve.args(["serve", "--listen", "127.0.0.1:0", "--test-control"]));
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .map(|word| word.trim_end_matches([',', ';', '.']))
        .expect("the server says where it is");
    let arguments = ["matrix", "--strength", "2", "--url", url];
    let agrees = command().env(TOKEN, "a token").args(arguments).output();
    let agrees = agrees.expect("the binary runs");
    assert_eq!(agrees.status.code(), Some(0), "{}", stderr(&agrees));
    assert!(stdout(&agrees).contains("AVAIL-10 holds"));
    let stranger = command().env(TOKEN, "another").args(arguments).output();
    assert_fails(&stranger.expect("the binary runs"), 2, TOKEN);
}

#[test]
fn what_cannot_be_is_a_fault_of_usage() {
    assert_fails(
        &proofup(["matrix", "--strength", "4"]),
        2,
        "write 2 for pairs or 3 for triples",
    );
    assert_fails(&proofup(["matrix", "--registered", "3"]), 2, "--registered");
    assert_fails(
        &proofup(["matrix", "--registered", "1", "--transport", "loopback"]),
        2,
        "the matrix tests only users without registered methods",
    );
    assert_fails(&proofup(["matrix", "--report", "junit=x"]), 2, "json=FILE");
    let nowhere = [
        "matrix",
        "--strength",
        "2",
        "--export",
        "/nowhere/at/all.csv",
    ];
    assert_fails(&proofup(nowhere), 2, "could not write");
    assert_fails(
        &proofup(["matrix", "--url", "http://127.0.0.1:1"]),
        2,
        "127.0.0.1:1",
    );
}

#[test]
fn a_target_that_makes_no_tenants_cannot_be_judged() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("bare.toml");
    let mut serve = command();
    serve.env(TOKEN, "a token");
    let (_server, line, _lines) =
        start(serve.args(["serve", "--listen", "127.0.0.1:0", "--test-control"]));
    let at = line.find("http://").expect("the server says where it is");
    let url = line[at..].split_whitespace().next().unwrap_or_default();
    let text = include_str!("../../../../fixtures/targets/reference.toml");
    let start_of = text.find("[operations.createTenant]").expect("it is bound");
    let end_of = text.find("[operations.deleteTenant]").expect("it is bound");
    fs::write(&file, format!("{}{}", &text[..start_of], &text[end_of..])).expect("a file");
    let output = command()
        .env(TOKEN, "a token")
        .args([
            "matrix",
            "--strength",
            "2",
            "--url",
            url.trim_end_matches([',', ';', '.']),
            "--target",
        ])
        .arg(&file)
        .output()
        .expect("the binary runs");
    assert_eq!(
        output.status.code(),
        Some(3),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    let text = stdout(&output);
    assert!(text.contains("does not bind `createTenant`"), "{text}");
    assert!(
        text.contains("incomplete: AVAIL-10 could not be judged for every combination (")
            && text.contains("; exit code 3"),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_matrix_tells_what_it_judged_and_ends_in_130() {
    let (mut matrix, line, mut lines) =
        start(command().args(["matrix", "--transport", "in-process"]));
    assert!(line.starts_with("proofup "), "{line}");
    let asked = Command::new("kill")
        .args(["-INT", &matrix.0.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(asked.success());
    let mut text = String::new();
    std::io::Read::read_to_string(&mut lines, &mut text).expect("the output is text");
    assert_eq!(
        matrix.0.wait().expect("it ends").code(),
        Some(130),
        "{text}"
    );
    assert!(
        text.contains("interrupted: ")
            && text.contains(" judged before (")
            && text.contains("; exit code 130"),
        "{text}"
    );
}
