//! Targets that are started by the run, and those that only `run` can judge.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::{assert_fails, command, proofup};
use crate::port::HeldPort;

/// Writes a target file whose process does what a shell is told.
fn target(folder: &Path, port: &HeldPort, start: &str) -> String {
    let port = port.number();
    let text = format!(
        r#"
name = "tiny"
base = "http://127.0.0.1:{port}"

[process]
start = '''{start}'''
ready = {{ within = "60s" }}

[capabilities]
discover = "/capabilities"

[operations.signIn]
request = {{ method = "POST", path = "/login", body = {{ email = "{{userPrincipalName}}", password = "{{password}}" }} }}
answers = [{{ status = 200 }}]
"#
    );
    let file = folder.join("target.toml");
    fs::write(&file, text).expect("the folder can be written to");
    file.display().to_string()
}

#[test]
fn the_matrix_refuses_a_target_that_makes_no_tenants_under_its_policies() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = HeldPort::take();
    let target = target(folder.path(), &port, "touch started");
    let output = proofup(["matrix", "--target", &target]);
    assert_fails(&output, 2, "needs a target that can create a tenant");
    assert!(!folder.path().join("started").exists());
}

#[test]
fn a_process_that_ends_at_once_is_told_with_its_last_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = HeldPort::take();
    let target = target(folder.path(), &port, "echo the database is gone; exit 7");
    let output = proofup(["run", "--target", &target]);
    assert_fails(&output, 2, "exit status: 7");
    assert_fails(&output, 2, "the database is gone");
}

/// Ends when the pipe that a process and all it started wrote into has no writer any more.
#[cfg(unix)]
#[test]
fn an_interrupted_run_ends_what_it_started() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("there is a mkfifo").success());
    let start = "sh -c 'echo here; while :; do sleep 1000; done' > pipe & wait";
    let port = HeldPort::take();
    let target = target(folder.path(), &port, start);
    let mut run = command()
        .args(["run", "--target", &target])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    // Opening waits until the process writes, so that by then it is there; reading to the end waits until nobody does.
    let mut reader = fs::File::open(&pipe).expect("the pipe is there");
    let mut here = [0; 5];
    reader
        .read_exact(&mut here)
        .expect("the process tells that it is there");
    let id = run.id().to_string();
    let told = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(told.expect("there is a kill").success());
    let mut rest = String::new();
    reader
        .read_to_string(&mut rest)
        .expect("the pipe can be read");
    assert_eq!((&here, rest.as_str()), (b"here\n", ""));
    let ended = run.wait().expect("it ends");
    assert_eq!(ended.code(), Some(130));
}

/// Writes the target file of the reference as of a product that is started, with its own policy.
fn started_reference(folder: &Path, port: &HeldPort, policy: &str) -> (String, String) {
    let port = port.number();
    let program = env!("CARGO_BIN_EXE_proofup");
    let surroundings = format!(
        "{policy}\n[process]\n\
         start = '''exec {program} serve --test-control --listen 127.0.0.1:{port}'''\n\
         env = {{ PROOFUP_TEST_CONTROL_TOKEN = \"of-this-test\" }}\n\
         ready = {{ path = \"/.well-known/security-info\", within = \"60s\" }}\n\n\
         # Test control\n"
    );
    let text = include_str!("../../../../fixtures/targets/reference.toml")
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"))
        .replacen("# Test control\n", &surroundings, 1);
    let file = folder.join("started.toml");
    fs::write(&file, text).expect("the folder can be written to");
    (file.display().to_string(), format!("127.0.0.1:{port}"))
}

/// Loads a target with a flow in a closed loop.
fn load(target: &str, flow: &str) -> std::process::Output {
    let plan = ["--users", "2", "--duration", "1s", "--warm-up", "0s"];
    command()
        .args(["load", "--target", target, "--flow", flow])
        .args(plan)
        .env("PROOFUP_TEST_CONTROL_TOKEN", "of-this-test")
        .output()
        .expect("the binary runs")
}

#[test]
fn a_load_run_starts_the_process_of_its_target_and_ends_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = HeldPort::take();
    let (target, address) = started_reference(folder.path(), &port, "");
    let output = load(&target, "enrollText");
    let told = super::stdout(&output);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{told}{}",
        super::stderr(&output)
    );
    assert!(told.contains("enrollText.submitCode"), "{told}");
    let gone = std::net::TcpStream::connect(&address);
    assert!(gone.is_err(), "it still listens on {address}");
}

#[test]
fn a_flow_that_the_policy_of_a_target_forbids_is_refused_by_load() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = "policySettable = []\n[policy]\ntwoStep = { kinds = [\"textMessage\"] }\n";
    let port = HeldPort::take();
    let (custom, address) = started_reference(folder.path(), &port, policy);
    let output = load(&custom, "resetPassword");
    for told in [
        "the flow `resetPassword` is impossible under the target's policy",
        "`reset.enabled` is false, but has to be true",
        "leave the flow out of the mix, or correct [policy]",
    ] {
        assert_fails(&output, 2, told);
    }
    assert!(std::net::TcpStream::connect(&address).is_err());
    // Its process is started for nothing, and says why it ended.
    let other = target(folder.path(), &port, "echo the database is gone; exit 7");
    assert_fails(&load(&other, "signIn"), 2, "the database is gone");
}
