//! The Kubernetes manifest: no cluster is here, so its shape is held to what an Indexed Job and the command line want.

use std::fs;

use super::{assert_fails, command};

const MANIFEST: &str = include_str!("../../../../fixtures/load/indexed-job.yaml");

/// Gives the value of the only line with a key.
fn value(document: &str, key: &str) -> String {
    let lines = document.lines().map(str::trim);
    let mut found = lines.filter_map(|line| line.strip_prefix(&format!("{key}: ")));
    let value = found
        .next()
        .unwrap_or_else(|| panic!("{key} is missing in\n{document}"));
    assert_eq!(found.next(), None, "{key} is there twice");
    value.trim_matches('"').to_owned()
}

/// Finds the document of a kind.
fn document(kind: &str) -> &'static str {
    let mut documents = MANIFEST.split("\n---\n");
    let is = |text: &&str| text.lines().any(|line| line == format!("kind: {kind}"));
    documents
        .find(is)
        .unwrap_or_else(|| panic!("there is no {kind}"))
}

/// Gives what stands below a line, as long as it is indented further.
fn below(document: &str, head: &str) -> String {
    let mut lines = document.lines().skip_while(|line| line.trim() != head);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let from = indent(
        lines
            .next()
            .unwrap_or_else(|| panic!("`{head}` is missing")),
    );
    lines
        .take_while(|line| line.trim().is_empty() || indent(line) > from)
        .map(|line| format!("{}\n", line.trim()))
        .collect()
}

/// Splits a command of the manifest into words, as the shell would.
fn words(command: &str) -> Vec<String> {
    let bare = |word: &str| word.replace(['"', '\''], "");
    command.split_whitespace().map(bare).collect()
}

#[test]
fn the_job_has_as_many_parts_as_it_shares_out() {
    let job = document("Job");
    assert_eq!(value(job, "apiVersion"), "batch/v1");
    assert_eq!(value(job, "completionMode"), "Indexed");
    assert_eq!(value(job, "restartPolicy"), "Never");
    let completions = value(job, "completions");
    assert_eq!(value(job, "parallelism"), completions);
    let command = below(job, "- >-");
    assert!(
        command.contains(&format!("--shard auto/{completions}")),
        "{command}"
    );
    // Each part has a file of its own, and all of them are joined.
    assert!(
        command.contains("part-$JOB_COMPLETION_INDEX.json"),
        "{command}"
    );
    assert!(document("CronJob").contains("load merge /reports/part-*.json"));
    // What is mounted is there: the plan, and the place of the reports.
    assert_eq!(value(document("ConfigMap"), "name"), "proofup-load");
    assert!(job.contains("configMap: { name: proofup-load }"));
    let claim = value(document("PersistentVolumeClaim"), "name");
    assert_eq!(MANIFEST.matches(&format!("claimName: {claim} ")).count(), 2);
}

#[test]
fn its_commands_are_ones_that_proofup_understands() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().display().to_string();
    let plan = below(document("ConfigMap"), "plan.toml: |");
    fs::write(folder.path().join("plan.toml"), plan).expect("a file can be written");
    let load = below(document("Job"), "- >-");
    let (load, rest) = load.split_once(';').expect("the exit code is looked at");
    assert!(rest.contains("exit $code"), "{rest}");
    let load = load
        .replace("/plan/", &format!("{place}/"))
        .replace("/reports/", &format!("{place}/"))
        .replace("$POD_IP", "127.0.0.1")
        .replace("$JOB_COMPLETION_INDEX", "3")
        .replace("http://target.default.svc:8080", "http://127.0.0.1:1");
    assert!(!load.contains('$'), "{load}");
    let words_of_load = words(&load);
    assert_eq!(words_of_load[..2], ["proofup", "load"]);
    // The plan is read, the part is known, the files are there: only the target is not.
    let output = command()
        .args(&words_of_load[1..])
        .env("JOB_COMPLETION_INDEX", "3")
        .env("PROOFUP_TEST_CONTROL_TOKEN", "of-this-test")
        .output()
        .expect("the binary runs");
    assert_fails(&output, 2, "127.0.0.1:1");
    assert!(folder.path().join("part-3.hlog").exists());
    let merge = value(document("CronJob"), "args").replace("/reports/", &format!("{place}/"));
    let words_of_merge = words(merge.trim_matches(['[', ']']));
    assert_eq!(words_of_merge[..3], ["proofup", "load", "merge"]);
    let output = command()
        .args(&words_of_merge[1..])
        .output()
        .expect("the binary runs");
    assert_fails(&output, 2, "part-*.json");
}
