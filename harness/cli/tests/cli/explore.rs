//! `proofup explore` and `proofup replay` as a user meets them.

use std::fs;

use tempfile::tempdir;

use super::{assert_fails, command, proofup, stderr, stdout};

#[test]
fn what_is_found_is_told_written_and_replayed() {
    let folder = tempdir().expect("a folder");
    let output = command()
        .args(["explore", "--cases", "100", "--fault", "never-interrupted"])
        .args(["--write", "found"])
        .current_dir(folder.path())
        .output()
        .expect("the binary runs");
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", stderr(&output));
    for told in [
        "FOUND in case",
        "its file alone fails in the same way",
        "repeat proofup run found/explore-1-",
        "or proofup explore --seed 1 --case",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let files = fs::read_dir(folder.path().join("found")).expect("a folder");
    let file = files.flatten().next().expect("a file").path();
    let file = file.display().to_string();
    let fault = ["--fault", "never-interrupted"];
    let faulty = proofup([
        "replay",
        &file,
        fault[0],
        fault[1],
        "--transport",
        "in-process",
    ]);
    assert_eq!(faulty.status.code(), Some(1), "{}", stderr(&faulty));
    assert!(
        stdout(&faulty).starts_with("FAILED "),
        "{}",
        stdout(&faulty)
    );
    let sound = proofup(["replay", &file, "--transport", "in-process"]);
    assert_eq!(sound.status.code(), Some(0), "{}", stdout(&sound));
    assert!(stdout(&sound).starts_with("FIXED "), "{}", stdout(&sound));
}

#[test]
fn what_never_succeeded_makes_exploring_incomplete() {
    let output = proofup(["explore", "--cases", "2"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("never once succeeded:"), "{text}");
}

#[test]
fn a_file_that_is_no_scenario_is_not_replayed() {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("broken.toml");
    fs::write(&file, "title = 1").expect("a file can be written");
    let output = proofup(["replay", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_fails(&proofup(["replay", "nowhere.toml"]), 2, "could not find");
}
