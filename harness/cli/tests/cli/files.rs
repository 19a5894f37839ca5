//! Files that people get wrong.

use std::fs;
use std::path::Path;

use super::{assert_fails, proofup, stderr};

/// A story that holds for every implementation that lets nobody in by a wrong password.
pub(crate) const STORY: &str = r#"title = "A wrong password lets nobody in"

[[users]]
name = "alice"

[[steps]]
check = "SIGN-7/cli-wrong-password"
do = "signIn"
user = "alice"
password = "wrong"
expect = { refused = "invalidCredentials" }
control = "SIGN-3/cli-right-password"

[[steps]]
check = "SIGN-3/cli-right-password"
do = "signIn"
user = "alice"
expect = { state = "signedIn" }
"#;

/// Writes the story, with something replaced, into a folder of its own.
pub(crate) fn suite(from: &str, to: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    assert!(
        from.is_empty() || STORY.contains(from),
        "the story holds {from}"
    );
    write(folder.path(), "story.toml", &STORY.replace(from, to));
    folder
}

pub(crate) fn story() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    write(folder.path(), "story.toml", STORY);
    folder
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, text).expect("the file is written");
    file.to_str().expect("the path is UTF-8").to_owned()
}

fn path(folder: &tempfile::TempDir) -> &str {
    folder.path().to_str().expect("the path is UTF-8")
}

#[test]
fn a_misspelt_key_is_told_with_its_line_and_the_nearest_word() {
    let folder = suite("password = ", "pasword = ");
    let output = proofup(["run", "--suite", path(&folder)]);
    assert_fails(&output, 2, "did you mean `password`?");
    assert!(
        stderr(&output).contains("story.toml:10"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn missing_files_are_told_by_name() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    assert_fails(
        &proofup(["run", "no/such/story.toml"]),
        2,
        "no/such/story.toml",
    );
    assert_fails(
        &proofup(["run", "--suite", "no/such/folder"]),
        2,
        "no/such/folder",
    );
    assert_fails(
        &proofup(["run", "--suite", path(&folder)]),
        2,
        "has no scenario file",
    );
    assert_fails(
        &proofup(["run", "--target", "no/such/target.toml"]),
        2,
        "could not read the target file",
    );
    assert_fails(
        &proofup(["run", "--exemptions", "no/such/list.toml"]),
        2,
        "could not read the exemptions",
    );
}

#[test]
fn a_file_that_is_not_utf_8_is_told_with_its_first_bad_byte() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let file = folder.path().join("latin.toml");
    fs::write(&file, b"title = \"caf\xe9\"\n").expect("the file is written");
    let file = file.to_str().expect("the path is UTF-8");
    let told = "not UTF-8 (first bad byte: offset 12)";
    for arguments in [
        ["run", "--target", file],
        ["run", "--exemptions", file],
        ["load", "--plan", file],
        ["load", "--baseline", file],
    ] {
        assert_fails(&proofup(arguments), 2, told);
    }
    assert_fails(&proofup(["run", file]), 2, told);
}

#[test]
fn a_target_file_that_is_wrong_is_told_with_what_is_wrong() {
    let folder = story();
    let target = write(
        folder.path(),
        "target.txt",
        "name = 3\nbsae = \"http://127.0.0.1:1\"\n",
    );
    let output = proofup(["run", "--suite", path(&folder), "--target", &target]);
    assert_fails(&output, 2, "bsae");
}

#[test]
fn every_fault_of_an_exemption_file_is_told_at_once() {
    let folder = story();
    let text = "[[exemptions]]\ncheck = \"SIGN-7/cli-wrong-pasword\"\n\n\
                [[exemptions]]\ncheck = \"SIGN-3/cli-right-password\"\nreason = \"a ticket\"\nexpires = \"2001-01-01\"\n";
    let list = write(folder.path(), "exemptions.txt", text);
    let output = proofup(["run", "--suite", path(&folder), "--exemptions", &list]);
    assert_fails(&output, 2, "did you mean `SIGN-7/cli-wrong-password`?");
    assert_fails(&output, 2, "`reason` is missing");
    assert_fails(&output, 2, "expired on 2001-01-01");
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_runs() {
    let folder = story();
    let file = write(folder.path(), "a-file.txt", "");
    let report = format!("json={file}/below/r.json");
    let output = proofup(["run", "--suite", path(&folder), "--report", &report]);
    assert_fails(&output, 2, "could not write");
    assert!(output.stdout.is_empty(), "nothing was run");
}
