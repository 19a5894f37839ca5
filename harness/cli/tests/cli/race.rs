//! `proofup race` as a user meets it.

use std::fs;

use tempfile::tempdir;

use super::{assert_fails, command, proofup, stderr, stdout};

#[test]
fn every_story_of_the_reference_is_judged_however_it_is_asked() {
    for how in ["in-process", "loopback"] {
        let output = proofup(["race", "--histories", "30", "--transport", how]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(
            text.contains("conforms: every history is explained by an order of its commands"),
            "{text}"
        );
        for story in ["one code in a setup", "pressing twice"] {
            let line = text.lines().find(|line| line.starts_with(story));
            let line = line.unwrap_or_else(|| panic!("{story}: {text}"));
            let words: Vec<&str> = line.trim_start_matches(story).split_whitespace().collect();
            assert_eq!(words[1..3], ["2", "2"], "{line}");
            assert_eq!(words.last(), Some(&"·"), "{line}");
        }
    }
}

#[test]
fn a_story_that_no_history_tells_makes_the_race_incomplete() {
    let output = proofup(["race", "--histories", "3", "--transport", "in-process"]);
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    let text = stdout(&output);
    assert!(
        text.contains("incomplete: no history could be judged of tries run out in a setup, "),
        "{text}"
    );
}

#[test]
fn a_violation_is_told_and_its_file_written() {
    let folder = tempdir().expect("a folder");
    let output = command()
        .args(["race", "--histories", "15", "--transport", "in-process"])
        .args(["--fault", "double-accept", "--write", "found"])
        .current_dir(folder.path())
        .output()
        .expect("the binary runs");
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for told in [
        "violation: one code in a setup in history 1 (CODE-9)",
        "2 at the same moment, 0 after",
        "repeat: proofup run found/proofup-race-1-1.toml --fault double-accept",
        "seen again in 10 of 10 repetitions, and in 10 of 10 runs of its file",
        "nonconforming: no order explains",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let file = folder.path().join("found/proofup-race-1-1.toml");
    let scenario = fs::read_to_string(&file).expect("the file was written");
    assert!(
        scenario.contains("found = { by = \"race\", seed = 1, case = 1 }"),
        "{scenario}"
    );
    let file = file.display().to_string();
    let output = proofup(["run", &file, "--transport", "in-process"]);
    let text = stdout(&output);
    assert!(!text.contains("failed CODE-9"), "{text}");
    assert_ne!(output.status.code(), Some(1), "{text}");
}

#[test]
fn a_fault_is_only_planted_where_it_is_ours() {
    assert_fails(
        &proofup(["race", "--fault", "double-acept"]),
        2,
        "did you mean `double-accept`?",
    );
    let strange = proofup([
        "race",
        "--fault",
        "double-accept",
        "--url",
        "http://127.0.0.1:1",
    ]);
    assert_fails(&strange, 2, "cannot be used with");
}
