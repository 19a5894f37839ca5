//! The command line as a user meets it: a real process, its exit code and its output.

mod compare;
mod custom_targets;
mod doctor;
mod engine;
mod explore;
mod faults;
mod files;
mod hostile;
mod load;
mod load_bad;
mod manifest;
mod matrix;
mod measure;
mod race;
mod servers;

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

/// Makes a command without what the surroundings might say about colour or tokens.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proofup"));
    for variable in [
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "PROOFUP_TEST_CONTROL_TOKEN",
    ] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs to the end.
pub(crate) fn proofup(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    command().args(arguments).output().expect("the binary runs")
}

/// Gives what a process wrote as its result.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the result is UTF-8")
}

/// Gives what a process wrote beside its result.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("diagnostics are UTF-8")
}

/// Demands an exit code and a sentence beside the result; nothing may look like a panic.
pub(crate) fn assert_fails(output: &Output, code: i32, told: &str) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(told), "{told} is missing in\n{text}");
    assert!(!text.contains("panicked"), "{text}");
}

fn help_of(arguments: &[&str]) -> String {
    let output = proofup(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

macro_rules! help {
    ($($test:ident: $name:literal = $arguments:expr;)+) => {$(
        #[test]
        fn $test() {
            insta::with_settings!({
                snapshot_path => "../../../snapshots/cli",
                prepend_module_to_snapshot => false,
            }, {
                insta::assert_snapshot!($name, help_of(&$arguments));
            });
        }
    )+};
}

help! {
    the_help_names_every_command: "help" = ["--help"];
    matrix_helps_itself: "help-matrix" = ["matrix", "--help"];
    race_helps_itself: "help-race" = ["race", "--help"];
    explore_helps_itself: "help-explore" = ["explore", "--help"];
    replay_helps_itself: "help-replay" = ["replay", "--help"];
    measure_helps_itself: "help-measure" = ["measure", "--help"];
    doctor_helps_itself: "help-doctor" = ["doctor", "--help"];
    init_helps_itself: "help-init" = ["init", "--help"];
    run_helps_itself: "help-run" = ["run", "--help"];
    load_helps_itself: "help-load" = ["load", "--help"];
    serve_helps_itself: "help-serve" = ["serve", "--help"];
    gateways_helps_itself: "help-gateways" = ["gateways", "--help"];
    list_helps_itself: "help-list" = ["list", "--help"];
    explain_helps_itself: "help-explain" = ["explain", "--help"];
    faults_helps_itself: "help-faults" = ["faults", "--help"];
    schema_helps_itself: "help-schema" = ["schema", "--help"];
    completions_helps_itself: "help-completions" = ["completions", "--help"];
}

#[test]
fn every_command_shows_an_example() {
    for command in [
        "run",
        "matrix",
        "race",
        "doctor",
        "init",
        "load",
        "serve",
        "gateways",
        "list",
        "explain",
        "schema",
        "completions",
    ] {
        assert!(
            help_of(&[command, "--help"]).contains(&format!("proofup {command}")),
            "{command}"
        );
    }
}

#[test]
fn the_version_is_a_result() {
    assert_eq!(
        help_of(&["--version"]),
        concat!("proofup ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn a_command_that_is_none_is_a_fault_of_usage() {
    for (typed, meant) in [("rnu", "run"), ("rn", "run"), ("doctr", "doctor")] {
        let output = proofup([typed]);
        assert_fails(&output, 2, "unrecognized subcommand");
        assert_fails(&output, 2, &format!("'{meant}'"));
    }
    assert_fails(&proofup([] as [&str; 0]), 2, "Usage");
    assert_fails(&proofup(["run", "--jobs", "0"]), 2, "a number from 1");
    let most = "write a number up to 18446744073709551615";
    for (arguments, told) in [
        (["race", "--histories", "0"], "write a number from 1"),
        (["explore", "--steps", "1001"], "write a number up to 1000"),
        (["run", "--seed", "18446744073709551616"], most),
        (["run", "--seed", "one"], "write a number from 0"),
        (["load", "--duration", "0s"], "above zero, such as 90s"),
        (["explore", "--deadline", "soon"], "such as 90s or 5m"),
        (["run", "--deadline", "soon"], "such as 90s or 5m"),
    ] {
        assert_fails(&proofup(arguments), 2, told);
    }
    assert_fails(&proofup(["run", "--report", "html=x"]), 2, "junit=FILE");
    assert_fails(
        &proofup(["run", "--edition", "2020-01-01"]),
        2,
        "2019-02-13",
    );
}

#[test]
fn every_schema_is_a_json_schema() {
    for kind in [
        "scenario",
        "target",
        "report",
        "load",
        "load-report",
        "requirements",
    ] {
        let schema: serde_json::Value =
            serde_json::from_str(&help_of(&["schema", kind])).expect("JSON");
        jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

#[test]
fn completions_exist_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(
            help_of(&["completions", shell]).contains("proofup"),
            "{shell}"
        );
    }
}

#[test]
fn list_names_every_requirement_and_who_judges_it() {
    let text = help_of(&["list"]);
    for (id, judged) in [
        ("CODE-1 ", "proofup measure"),
        ("MAIL-8 ", "excluded"),
        ("DEF-4 ", "must"),
    ] {
        let line = text
            .lines()
            .find(|line| line.starts_with(id))
            .unwrap_or_else(|| panic!("{id} is missing"));
        assert!(line.contains(judged), "{line}");
    }
}

#[test]
fn explain_tells_level_source_and_needs_and_minds_no_case() {
    let text = help_of(&["explain", "def-4"]);
    for told in [
        "DEF-4 (must)",
        "source:     the manual pages on e-mail (2018-07-25) and phone number (2018-07-25)",
        "clock",
    ] {
        assert!(text.contains(told), "{told} is missing in\n{text}");
    }
    assert!(help_of(&["explain", "CODE-*"]).contains("proofup race"));
}

#[test]
fn every_source_is_told_in_full() {
    let text = help_of(&["explain", "*"]);
    let sources: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  source:"))
        .collect();
    assert!(sources.len() > 100, "{text}");
    for source in sources {
        assert!(!source.trim().is_empty());
        let letter = source
            .split([' ', ';'])
            .find(|word| ["S0", "S1", "S2", "S3", "S4", "B", "C", "D"].contains(word));
        assert_eq!(letter, None, "{source}");
    }
    for (id, told) in [
        ("CODE-3", "NIST SP 800-63B\n"),
        ("APP-11", "RFC 6238\n"),
        ("DEF-6", "decided by this project\n"),
    ] {
        let text = help_of(&["explain", id]);
        assert!(text.contains(&format!("source:     {told}")), "{text}");
    }
}

#[test]
fn a_requirement_that_is_none_is_a_fault_with_the_nearest_name() {
    assert_fails(&proofup(["explain", "DEF4"]), 2, "did you mean `DEF-4`?");
    assert_fails(
        &proofup(["run", "--requirement", "DEF-444"]),
        2,
        "did you mean `DEF-4`?",
    );
    assert_fails(
        &proofup(["run", "--area", "Deferal window"]),
        2,
        "did you mean `Deferral window`?",
    );
    assert_fails(
        &proofup(["run", "--requirement", "DEF-4/no-such-check"]),
        2,
        "unknown check",
    );
}

#[test]
fn selecting_only_what_another_command_judges_selects_nothing() {
    assert_fails(
        &proofup(["run", "--requirement", "CODE-1"]),
        4,
        "judged by `proofup measure`",
    );
    assert_fails(
        &proofup(["run", "--requirement", "MAIL-8"]),
        4,
        "MAIL-8 is not checked",
    );
}

#[test]
fn colour_is_for_terminals_unless_asked_for() {
    assert!(!help_of(&["explain", "DEF-4"]).contains('\u{1b}'));
    assert!(help_of(&["explain", "DEF-4", "--color", "always"]).contains('\u{1b}'));
    assert!(!help_of(&["explain", "DEF-4", "--color", "never"]).contains('\u{1b}'));
}
