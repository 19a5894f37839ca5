//! `proofup load` where something is not as it should be: what is compared or joined does not belong together, the
//! surroundings say nothing, the plan cannot be, the target dies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value as Json, json};

use super::{assert_fails, command, proofup, stderr, stdout};

const SIGN_INS: &str = "lateness = \"60s\"\narrivals = { rate = \"20/s\" }\nstop = { after = \"1s\" }\nmix = { signIn = 1 }\n";

fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, text).expect("a file can be written");
    file.display().to_string()
}

fn json_of(file: &Path) -> Json {
    let text = fs::read_to_string(file).expect("the file is there");
    serde_json::from_str(&text).expect("it is JSON")
}

/// Writes JSON again with one value changed.
fn changed(folder: &Path, name: &str, json: &Json, pointer: &str, value: Json) -> String {
    let mut json = json.clone();
    *json.pointer_mut(pointer).expect("it is there") = value;
    written(folder, name, &json.to_string())
}

#[test]
fn a_baseline_that_does_not_fit_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = written(folder.path(), "plan.toml", SIGN_INS);
    let kept = folder.path().join("kept.json");
    let load = |arguments: &[&str]| {
        let mut all = vec!["load", "--plan", plan.as_str(), "--transport", "in-process"];
        all.extend(arguments);
        proofup(all)
    };
    let output = load(&["--save-baseline", &kept.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let baseline = json_of(&kept);
    for (pointer, value, told) in [
        (
            "/report/plan/fingerprint",
            json!("x"),
            "the baseline was measured with another plan: load (x) then",
        ),
        (
            "/report/target/name",
            json!("mine"),
            "another target: mine by in-process then, reference by in-process now",
        ),
        (
            "/report/machine/processors",
            json!(4096),
            "another machine:",
        ),
        (
            "/version",
            json!(7),
            "has version 7, which this proofup does not read",
        ),
    ] {
        let other = changed(folder.path(), "other.json", &baseline, pointer, value);
        let output = load(&["--baseline", &other]);
        assert_fails(&output, 2, told);
        assert!(!stdout(&output).contains("planned"), "{}", stdout(&output));
    }
    let nonsense = written(folder.path(), "nonsense.json", "{}");
    assert_fails(&load(&["--baseline", &nonsense]), 2, "is not a baseline");
    assert_fails(
        &load(&["--baseline", "nowhere.json"]),
        2,
        "could not read the baseline `nowhere.json`",
    );
    // A machine that does a thousand times as much as then.
    let moved = changed(
        folder.path(),
        "moved.json",
        &baseline,
        "/yardstick",
        json!(1.0),
    );
    let output = load(&["--baseline", &moved]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let told = stdout(&output);
    assert!(
        told.contains("inconclusive") && told.contains("the yardstick is"),
        "{told}"
    );
}

#[test]
fn reports_that_do_not_belong_together_are_not_joined() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = written(folder.path(), "plan.toml", SIGN_INS);
    let parts: Vec<PathBuf> = (1..=2)
        .map(|part| {
            let file = folder.path().join(format!("part-{part}.json"));
            let (shard, report) = (format!("{part}/2"), format!("json={}", file.display()));
            let output = proofup([
                "load",
                "--plan",
                &plan,
                "--transport",
                "in-process",
                "--shard",
                &shard,
                "--report",
                &report,
            ]);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            file
        })
        .collect();
    let one = parts[0].display().to_string();
    let two = json_of(&parts[1]);
    let merged = |other: &str| proofup(["load", "merge", &one, other]);
    assert_eq!(
        merged(&parts[1].display().to_string()).status.code(),
        Some(0)
    );
    for (pointer, value, told) in [
        (
            "/plan/fingerprint",
            json!("x"),
            "the reports have different plans",
        ),
        (
            "/target/name",
            json!("mine"),
            "the reports have different targets",
        ),
        ("/shards/0/index", json!(0), "part 1 comes twice"),
        (
            "/shards/0/of",
            json!(3),
            "some are of another number of parts",
        ),
        ("/version", json!(9), "a report has version 9"),
    ] {
        let other = changed(folder.path(), "other.json", &two, pointer, value);
        assert_fails(&merged(&other), 2, told);
    }
    assert_fails(
        &proofup(["load", "merge", &one]),
        2,
        "of 2 parts, 2 is missing",
    );
    let nonsense = written(folder.path(), "nonsense.json", "{ \"report\": 1 }");
    assert_fails(&merged(&nonsense), 2, "is not the report of a load run");
    assert_fails(
        &merged("nowhere.json"),
        2,
        "could not read the report `nowhere.json`",
    );
    let hlog = proofup(["load", "merge", &one, "--report", "hlog=x.hlog"]);
    assert_fails(
        &hlog,
        2,
        "`proofup load merge` cannot write a HdrHistogram log",
    );
}

#[test]
fn a_part_that_the_surroundings_should_name_and_do_not_is_told() {
    for index in [None, Some("4"), Some("-1"), Some("one"), Some("")] {
        let mut command = command();
        command.args(["load", "--shard", "auto/4"]);
        command.env_remove("JOB_COMPLETION_INDEX");
        command.envs(index.map(|index| ("JOB_COMPLETION_INDEX", index)));
        let output = command.output().expect("the binary runs");
        assert_fails(
            &output,
            2,
            "JOB_COMPLETION_INDEX is not a number from 0 to 3",
        );
    }
    assert_fails(&proofup(["load", "--shard", "auto/0"]), 2, "auto/4");
    assert_fails(
        &proofup(["load", "--shard", "0/4"]),
        2,
        "write a part from 1 to 4",
    );
}

#[test]
fn weights_that_sum_to_zero_and_wrong_thresholds_are_told_with_what_is_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = |text: String, line: &str, sentence: &str| {
        let plan = written(folder.path(), "plan.toml", &text);
        let output = proofup(["load", "--plan", &plan]);
        assert_fails(&output, 2, sentence);
        assert!(stderr(&output).contains(line), "{}", stderr(&output));
    };
    told(
        SIGN_INS.replace("signIn = 1", "signIn = 0"),
        "plan.toml:4",
        "the weights sum to zero",
    );
    told(
        SIGN_INS.replace("20/s", "0/s"),
        "plan.toml:2",
        "a rate of 0",
    );
    let threshold = |text: &str| format!("thresholds = [\"{text}\"]\n{SIGN_INS}");
    told(
        threshold("signIn.p98<3ms"),
        "plan.toml:1",
        "unknown metric `p98`",
    );
    told(
        threshold("signOn.p99<3ms"),
        "plan.toml:1",
        "did you mean `signIn`?",
    );
    assert_fails(
        &proofup(["load", "--threshold", "signOn.p99<3ms"]),
        2,
        "did you mean `signIn`?",
    );
}

#[test]
fn a_target_that_dies_on_the_way_fails_the_run_and_the_report_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = written(folder.path(), "plan.toml", SIGN_INS);
    let [json, csv] = ["r.json", "r.csv"].map(|name| folder.path().join(name));
    let mut server = command();
    server
        .args(["serve", "--test-control", "--listen", "127.0.0.1:0"])
        .env("PROOFUP_TEST_CONTROL_TOKEN", "of-this-test");
    let (server, line, _lines) = super::servers::start(&mut server);
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"));
    let mut child = command()
        .args([
            "load",
            "--plan",
            &plan,
            "--duration",
            "60s",
            "--rate",
            "40/s",
            "--url",
        ])
        .arg(url.expect("it says where it is"))
        .arg("--report")
        .arg(format!("json={},csv={}", json.display(), csv.display()))
        .env("PROOFUP_TEST_CONTROL_TOKEN", "of-this-test")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    // The heading and the first second.
    while fs::read_to_string(&csv).map_or(0, |text| text.lines().count()) < 2 {
        let ended = child.try_wait().expect("it can be asked");
        assert!(
            ended.is_none(),
            "it ended before the target died: {ended:?}"
        );
        // Asked again soon, and not at once: the target needs the processor more than this test.
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    drop(server);
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let report = json_of(&json);
    assert_eq!(report["verdict"], "nonconforming");
    assert!(
        report["arrivals"]["correct"].as_u64() > Some(0),
        "what was before it is told"
    );
    assert!(
        report["reasons"].to_string().contains("stopped answering"),
        "{}",
        report["reasons"]
    );
    assert!(report["measuredSeconds"].as_f64() < Some(50.0));
}

#[test]
fn the_highest_rate_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = written(folder.path(), "plan.toml", &SIGN_INS.replace("1s", "200ms"));
    // No rate could break the one; every rate breaks the other.
    let search = |threshold: &str| {
        proofup([
            "load",
            "--plan",
            &plan,
            "--transport",
            "in-process",
            "--find-max",
            "--threshold",
            threshold,
        ])
    };
    let output = search("throughput>1000000");
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("no rate met every threshold"),
        "{}",
        stdout(&output)
    );
    let faulty = proofup([
        "load",
        "--plan",
        &plan,
        "--flow",
        "enrollText",
        "--transport",
        "in-process",
        "--fault",
        "any-code-accepted",
        "--find-max",
        "--threshold",
        "errors<1%",
    ]);
    assert_eq!(faulty.status.code(), Some(1), "{}", stderr(&faulty));
    assert!(
        stdout(&faulty).contains("nonconforming"),
        "{}",
        stdout(&faulty)
    );
}
