//! `proofup load`: exit codes, files, shards, comparisons. Nothing here is about speed.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::{assert_fails, command, proofup, stderr, stdout};

/// A plan that takes a moment, and whose lateness says nothing: this machine may be busy.
const SMALL: &str = r#"
lateness = "60s"
pace = 60
accounts = 40
arrivals = { rate = "20/s" }
stop = { flows = 30 }
mix = { secondStepText = 2, enrollText = 1, signIn = 1 }
"#;

fn plan(folder: &Path, text: &str) -> String {
    let file = folder.join("plan.toml");
    fs::write(&file, text).expect("a file can be written");
    file.display().to_string()
}

fn report(file: &Path) -> Json {
    let text = fs::read_to_string(file).expect("the report is there");
    serde_json::from_str(&text).expect("the report is JSON")
}

#[test]
fn a_run_tells_its_figures_and_writes_its_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = plan(folder.path(), SMALL);
    let [json, hlog, csv] = ["r.json", "r.hlog", "r.csv"].map(|name| folder.path().join(name));
    let files = format!(
        "json={},hlog={},csv={}",
        json.display(),
        hlog.display(),
        csv.display()
    );
    let output = proofup(["load", "--plan", &plan, "--report", &files]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    let text = stdout(&output);
    for told in [
        "open loop",
        "secondStepText.submitSecondStepCode",
        "30 planned",
        "dropped",
        "p99.9",
        "passed",
    ] {
        assert!(text.contains(told), "{told} is missing in\n{text}");
    }
    let report = report(&json);
    let schema: Json =
        serde_json::from_str(&stdout(&proofup(["schema", "load-report"]))).expect("JSON");
    assert!(jsonschema::is_valid(&schema, &report));
    assert_eq!(report["arrivals"]["correct"], report["arrivals"]["started"]);
    assert!(report["targetCpuSeconds"].is_number() || cfg!(not(target_os = "linux")));
    let hlog = fs::read_to_string(hlog).expect("the log is there");
    assert!(hlog.contains("Tag=secondStepText,"), "{hlog}");
    let csv = fs::read_to_string(csv).expect("the CSV is there");
    assert!(csv.starts_with("at,length,started,correct,"), "{csv}");
    // Nobody's code, password or token is in any of them.
    assert!(!stdout(&output).contains("Bearer"));
}

#[test]
fn a_fault_fails_the_run_with_an_example() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = plan(folder.path(), SMALL);
    let output = proofup(["load", "--plan", &plan, "--fault", "any-code-accepted"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("wrong: secondStepText at wrongCode")
            || text.contains("wrong: enrollText at wrongCode"),
        "{text}"
    );
    assert!(
        text.contains("curl") && text.contains("nonconforming"),
        "{text}"
    );
}

#[test]
fn a_threshold_that_is_broken_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = plan(folder.path(), SMALL);
    let arguments = ["load", "--plan", &plan, "--threshold", "throughput>1000000"];
    let output = proofup(arguments);
    assert_eq!(
        output.status.code(),
        Some(5),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    assert!(stdout(&output).contains("threshold broken: throughput>1000000"));
}

#[test]
fn four_processes_together_count_what_one_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = plan(folder.path(), SMALL);
    let path = |name: &str| folder.path().join(name);
    let mut parts = Vec::new();
    for index in 0..4 {
        let part = path(&format!("part-{index}.json"));
        let child = command()
            .args(["load", "--plan", &plan, "--shard", "auto/4", "--report"])
            .arg(format!("json={}", part.display()))
            .env("JOB_COMPLETION_INDEX", index.to_string())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the binary runs");
        parts.push((part, child));
    }
    let whole = path("whole.json");
    let output = proofup([
        "load",
        "--plan",
        &plan,
        "--report",
        &format!("json={}", whole.display()),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mut files = Vec::new();
    for (part, mut child) in parts {
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
        files.push(part.display().to_string());
    }
    let joined = path("joined.json");
    let mut arguments = vec!["load".to_owned(), "merge".to_owned()];
    arguments.extend(files.clone());
    arguments.extend(["--report".to_owned(), format!("json={}", joined.display())]);
    let output = proofup(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let (whole, joined) = (report(&whole), report(&joined));
    for flow in ["secondStepText", "enrollText", "signIn"] {
        let [one, other] = [&whole, &joined].map(|report| report["flows"][flow]["counts"].clone());
        assert_eq!(one["planned"], other["planned"], "{flow}");
        assert_eq!(
            other["correct"], joined["flows"][flow]["latency"]["count"],
            "{flow}"
        );
    }
    assert_fails(
        &proofup(["load", "merge", &files[0], &files[1], &files[2]]),
        2,
        "of 4 parts, 4 is missing",
    );
    assert_fails(
        &proofup(["load", "merge", &files[0], &files[0]]),
        2,
        "part 1 comes twice",
    );
}

#[test]
fn a_bad_plan_is_told_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = SMALL
        .replace("secondStepText", "secondStepTxt")
        .replace("20/s", "0/s");
    let plan = plan(folder.path(), &bad);
    let output = proofup(["load", "--plan", &plan]);
    assert_fails(&output, 2, "did you mean `secondStepText`?");
    assert!(
        stderr(&output).contains("plan.toml:7"),
        "{}",
        stderr(&output)
    );
    assert_fails(
        &proofup(["load", "--plan", "nowhere.toml"]),
        2,
        "could not read the load plan",
    );
    assert_fails(
        &proofup(["load", "--threshold", "p98<3ms"]),
        2,
        "unknown metric `p98`",
    );
    assert_fails(
        &proofup(["load", "--rate", "0/s"]),
        2,
        "write a rate above 0",
    );
    assert_fails(
        &proofup(["load", "--shard", "5/4"]),
        2,
        "write a part from 1 to 4",
    );
    assert_fails(&proofup(["load", "--find-max"]), 2, "needs a threshold");
}

#[test]
fn a_target_without_the_inbox_that_a_flow_needs_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = include_str!("../../../../fixtures/targets/reference.toml").replace(
        "capabilities = { discover = \"/.well-known/security-info\" }",
        "capabilities = { discover = \"/.well-known/security-info\", facilities = [\"policy\", \"users\", \"clock\"] }",
    );
    let target = folder.path().join("target.toml");
    fs::write(&target, text).expect("a file can be written");
    let mut server = command();
    server
        .args(["serve", "--test-control", "--listen", "127.0.0.1:0"])
        .env("PROOFUP_TEST_CONTROL_TOKEN", "of-this-test");
    let (_server, line, _lines) = super::servers::start(&mut server);
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .expect("it says where it is");
    let output = command()
        .args(["load", "--flow", "enrollText", "--target"])
        .arg(&target)
        .args(["--url", url])
        .env("PROOFUP_TEST_CONTROL_TOKEN", "of-this-test")
        .output()
        .expect("the binary runs");
    assert_fails(
        &output,
        2,
        "the flow `enrollText` needs `inbox:sms`, which the target does not declare",
    );
}

#[test]
fn a_baseline_of_another_plan_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = plan(
        folder.path(),
        "lateness = \"60s\"\narrivals = { rate = \"20/s\" }\nstop = { after = \"1s\" }\nmix = { signIn = 1 }\n",
    );
    let kept = folder.path().join("kept.json").display().to_string();
    let output = proofup(["load", "--plan", &plan, "--save-baseline", &kept]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = proofup([
        "load",
        "--plan",
        &plan,
        "--rate",
        "30/s",
        "--baseline",
        &kept,
    ]);
    assert_fails(&output, 2, "the baseline was measured with another plan");
}

#[test]
fn a_comparison_by_what_is_not_known_is_refused() {
    let arguments = ["load", "--vs", "http://127.0.0.1:1", "--decide-by", "cpu"];
    assert_fails(
        &proofup(arguments),
        2,
        "only between targets that it has started",
    );
}
