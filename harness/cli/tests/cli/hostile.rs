//! The binary against hostile servers: an exit code that says so, a report that is written, memory that stays small.

use std::path::Path;
use std::process::{Child, ChildStderr, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::files::{story, write};
use super::{command, stderr};
use crate::hostile_server::{CAPABILITIES, HostileServer, Hostility};

/// What a run may take in memory, whatever a target sends: 200 MB.
const MEMORY: u64 = 200 * 1000 * 1000;

/// What hangs: these runs wait side by side.
const HANGING: [Hostility; 4] = [
    Hostility::NeverAnswers,
    Hostility::HangsInHeaders,
    Hostility::HangsInBody,
    Hostility::Trickles,
];

/// Holds how a run ended.
struct Ended {
    output: Output,
    /// The most memory that it had, in bytes, as far as this system tells.
    peak: Option<u64>,
    report: Option<Value>,
}

/// Runs the story against a hostile server; with a target file it gets as far as its case.
fn judged(hostility: Hostility, target: Option<&str>) -> Ended {
    let server = HostileServer::start(hostility);
    let folder = story();
    let report = folder.path().join("report.json");
    let mut words = vec!["run".to_owned(), path(folder.path())];
    words.extend(["--url".to_owned(), server.base()]);
    words.extend(["--report".to_owned(), format!("json={}", path(&report))]);
    if let Some(text) = target {
        let file = write(folder.path(), "target.txt", text);
        words.extend(["--target".to_owned(), file]);
    }
    let child = command()
        .env("PROOFUP_TEST_CONTROL_TOKEN", "a token of this test")
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let (output, peak) = watched(child);
    let text = std::fs::read_to_string(&report).unwrap_or_default();
    Ended {
        output,
        peak,
        report: serde_json::from_str(&text).ok(),
    }
}

/// Waits for a process, and looks at its memory until it ends.
fn watched(mut child: Child) -> (Output, Option<u64>) {
    let status = format!("/proc/{}/status", child.id());
    let (told, telling) = channel();
    let beside: ChildStderr = child.stderr.take().expect("it is piped");
    // Whatever it writes is read, or it would wait for that; the end of it is the end of the process.
    let reader = thread::spawn(move || {
        let text = std::io::read_to_string(beside).unwrap_or_default();
        drop(told);
        text
    });
    let mut peak = None;
    loop {
        peak = peak.max(high_water(&status));
        match telling.recv_timeout(Duration::from_millis(2)) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let mut output = child.wait_with_output().expect("it ends");
    output.stderr = reader.join().expect("the reader ends").into_bytes();
    (output, peak)
}

/// Reads the most memory that a process ever had, where the system tells.
fn high_water(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

fn path(path: &Path) -> String {
    path.to_str().expect("the path is UTF-8").to_owned()
}

/// Does the same with every hostility: with those that hang side by side.
fn with_all(work: impl Fn(Hostility) -> Ended + Sync) -> Vec<(Hostility, Ended)> {
    let mut all = Vec::new();
    thread::scope(|scope| {
        let work = &work;
        let hanging = HANGING.map(|hostility| (hostility, scope.spawn(move || work(hostility))));
        let busy = Hostility::ALL
            .into_iter()
            .filter(|hostility| !HANGING.contains(hostility));
        all.extend(busy.map(|hostility| (hostility, work(hostility))));
        all.extend(
            hanging.map(|(hostility, run)| (hostility, run.join().expect("no test of it panics"))),
        );
    });
    all
}

fn assert_bounded(hostility: Hostility, ended: &Ended) {
    let text = stderr(&ended.output);
    assert!(!text.contains("panicked"), "{hostility:?}: {text}");
    assert!(!text.contains("broke"), "{hostility:?}: {text}");
    if cfg!(target_os = "linux") {
        let peak = ended.peak.expect("this system tells");
        assert!(peak < MEMORY, "{hostility:?}: {peak} bytes");
    }
}

fn assert_nothing_judged(hostility: Hostility, ended: &Ended, exit_code: u8) {
    let report = ended
        .report
        .as_ref()
        .unwrap_or_else(|| panic!("{hostility:?}: no report"));
    assert_eq!(report["verdict"]["word"], "incomplete", "{hostility:?}");
    assert_eq!(report["verdict"]["exitCode"], exit_code, "{hostility:?}");
    let checks = report["cases"][0]["checks"].as_array().expect("a list");
    assert_eq!(checks.len(), 2, "{hostility:?}");
    for check in checks {
        assert_eq!(check["status"], "couldNotRun", "{hostility:?}");
        assert!(check["why"].is_string(), "{hostility:?}: {check}");
    }
}

#[test]
fn a_target_that_is_hostile_from_the_start_ends_in_two_with_a_report() {
    for (hostility, ended) in with_all(|hostility| judged(hostility, None)) {
        let text = stderr(&ended.output);
        assert_eq!(ended.output.status.code(), Some(2), "{hostility:?}: {text}");
        assert!(text.contains("127.0.0.1"), "{hostility:?}: {text}");
        assert_nothing_judged(hostility, &ended, 2);
        assert_bounded(hostility, &ended);
    }
}

#[test]
fn a_target_that_is_hostile_to_every_command_is_incomplete_with_a_report() {
    let target = include_str!("../../../../fixtures/targets/reference.toml").replace(
        "capabilities = { discover = \"/.well-known/security-info\" }\n",
        "",
    );
    // A tenant that was never made must not count as made because some answer came.
    let target = target.replace(
        "answers = [{ status = [200, 201] }]",
        "answers = [{ status = [200, 201], where = { \"$.id\" = \"never\" } }]",
    );
    let target = format!("{target}\n{CAPABILITIES}");
    for (hostility, ended) in with_all(|hostility| judged(hostility, Some(&target))) {
        let text = stderr(&ended.output);
        // What is no HTTP at all is not reached, which the doctor sees before anything is judged.
        let code = match ended.output.status.code() {
            Some(2) => 2,
            code => {
                assert_eq!(code, Some(3), "{hostility:?}: {text}");
                3
            }
        };
        assert_nothing_judged(hostility, &ended, code);
        assert_bounded(hostility, &ended);
    }
}
