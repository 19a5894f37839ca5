//! `proofup doctor` and `proofup init` as a user meets them.

use std::fs;

use proofup_binding::Operation;

use super::files::write;
use super::servers::start;
use super::{assert_fails, command, proofup, stderr, stdout};

const REFERENCE: &str = include_str!("../../../../fixtures/targets/reference.toml");

/// Puts one address in place of the one that the machine gave.
fn without_address(text: &str) -> String {
    let at = text.find("http://127.0.0.1:").expect("an address is told");
    let port = text[at + 17..]
        .chars()
        .take_while(char::is_ascii_digit)
        .count();
    let address = &text[at..at + 17 + port];
    text.replace(address, "http://127.0.0.1:PORT")
}

fn snapshot(name: &str, text: &str) {
    // A server that several processes may share draws other ids for each of them (decision 16).
    let id = regex::Regex::new(r#""id":"[0-9a-f]{32}""#).expect("the expression is well formed");
    let text = id.replace_all(text, r#""id":"[drawn]""#);
    insta::with_settings!({
        snapshot_path => "../../../../snapshots/cli",
        prepend_module_to_snapshot => false,
    }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn nothing_is_wrong_with_the_reference() {
    let output = proofup(["doctor"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    snapshot("doctor-reference", &without_address(&stdout(&output)));
}

/// Examines a server under test control by a changed mapping of the reference.
fn examined(from: &str, to: &str, more: &[&str]) -> std::process::Output {
    called("doctor", from, to, more)
}

/// Calls a command on a server under test control, by a changed mapping of the reference.
fn called(name: &str, from: &str, to: &str, more: &[&str]) -> std::process::Output {
    assert!(REFERENCE.contains(from), "{from}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "my.toml", &REFERENCE.replacen(from, to, 1));
    let token = ("PROOFUP_TEST_CONTROL_TOKEN", "a-token-of-the-doctor");
    let mut serve = command();
    serve.env(token.0, token.1);
    serve.args(["serve", "--test-control", "--listen", "127.0.0.1:0"]);
    let (_server, line, _lines) = start(&mut serve);
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .expect("the server says where it is");
    command()
        .env(token.0, token.1)
        .current_dir(folder.path())
        .args([name, "--target", "my.toml", "--url", url])
        .args(more)
        .output()
        .unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn a_mistake_is_told_with_its_line_its_exchange_and_what_to_change() {
    let output = examined(
        "keep = { session = \"$.token\" }",
        "keep = { session = \"$.session\" }",
        &[],
    );
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let text = stdout(&output);
    snapshot("doctor-session", &without_address(&text));
    assert!(!text.contains("a-token-of-the-doctor"), "{text}");
}

#[test]
fn findings_are_also_told_as_json() {
    let more = ["--format", "json"];
    let output = examined("{ code = \"{code}\" }", "{ otp = \"{code}\" }", &more);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let told: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let findings = told["findings"].as_array().expect("a list");
    let wrong = findings
        .iter()
        .find(|finding| finding["result"] == "wrong")
        .expect("something is wrong");
    assert_eq!(wrong["wrong"][0]["keys"][0], "operations.submitCode.body");
    assert!(wrong["wrong"][0]["line"].is_u64(), "{wrong}");
    assert!(
        wrong["wrong"][0]["exchanges"][0]["curl"].is_string(),
        "{wrong}"
    );
}

#[test]
fn a_run_leaves_out_what_the_mapping_does_not_carry() {
    let more = ["--requirement", "CODE-2,SIGN-3"];
    let output = called(
        "run",
        "{ code = \"{code}\" }",
        "{ otp = \"{code}\" }",
        &more,
    );
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("found mistakes in the target file"), "{text}");
    assert!(text.contains("the probe `email: "), "{text}");
    assert!(!text.contains("FAILED"), "{text}");
}

#[test]
fn a_file_that_does_not_load_is_told_as_every_command_tells_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(
        folder.path(),
        "my.toml",
        &REFERENCE.replacen("keep = {", "kept = {", 1),
    );
    assert_fails(
        &proofup(["doctor", "--target", &file]),
        2,
        "did you mean `keep`?",
    );
}

#[test]
fn a_target_file_begins_with_every_operation_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.toml");
    let name = file.to_str().expect("the path is UTF-8");
    let output = proofup(["init", "target", name]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = fs::read_to_string(&file).expect("it is written");
    for operation in Operation::ALL {
        let live = format!("[operations.{operation}]");
        assert!(text.contains(&live), "{operation} is not explained");
    }
    for refusal in proofup_domain::refusal::Refusal::ALL {
        assert!(
            text.contains(refusal.as_str()),
            "{refusal} is not explained"
        );
    }
    assert_fails(&proofup(["init", "target", name]), 2, "exists already");
    let again = proofup(["init", "target", name, "--force"]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    let printed = proofup(["init", "target", "-"]);
    assert_eq!(stdout(&printed), text);
}

#[test]
fn what_a_begun_target_file_shows_as_an_example_loads_too() {
    let printed = stdout(&proofup(["init", "target", "-"]));
    let mut text = String::new();
    let mut inside = false;
    for line in printed.lines() {
        inside = line.starts_with("# [operations.") || (inside && line.starts_with("# "));
        let line = if inside {
            line.trim_start_matches("# ")
        } else {
            line
        };
        text.push_str(line);
        text.push('\n');
    }
    let loaded = proofup_binding::CompiledTarget::compile("starter.toml", &text);
    let told = loaded.map_err(miette::Report::new);
    assert!(told.is_ok(), "{told:?}");
}

#[test]
fn the_doctor_says_what_a_begun_target_file_wants_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.toml");
    let name = file.to_str().expect("the path is UTF-8");
    let made = proofup(["init", "target", name]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    let nowhere = proofup(["doctor", "--target", name, "--url", "http://127.0.0.1:9"]);
    assert_eq!(nowhere.status.code(), Some(2), "{}", stderr(&nowhere));
    assert!(
        stdout(&nowhere).contains("start the server, or correct `base`"),
        "{}",
        stdout(&nowhere)
    );
}
