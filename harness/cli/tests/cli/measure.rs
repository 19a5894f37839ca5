//! `proofup measure` as a user meets it.

use super::{assert_fails, proofup, stderr, stdout};

#[test]
fn the_tokens_of_the_reference_hold() {
    let output = proofup(["measure", "--requirement", "sign-8", "--samples", "500"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("bits of it outside any sequence"), "{text}");
    assert!(text.contains("conforms: SIGN-8 passed ("), "{text}");
}

#[test]
fn a_fault_is_found_and_names_its_requirement() {
    let output = proofup([
        "measure",
        "--requirement",
        "SIGN-8,CODE-10",
        "--requests",
        "14",
        "--fault",
        "short-tokens",
        "--transport",
        "in-process",
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("nonconforming: SIGN-8 failed (") && text.contains("; exit code 1"),
        "{text}"
    );
}

#[test]
fn a_drawn_request_that_fails_can_be_sent_again_alone() {
    let arguments = [
        "measure",
        "--requirement",
        "CODE-10",
        "--fault",
        "code-trimmed",
        "--requests",
        "14",
    ];
    let first = proofup(arguments);
    assert_eq!(first.status.code(), Some(1), "{}", stderr(&first));
    let text = stdout(&first);
    let repeat = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("repeat: proofup "))
        .expect("a failure says how it is repeated");
    assert!(
        text.contains("curl -sS") && text.contains("\"${CODE}\""),
        "{text}"
    );
    let again = proofup(repeat.split(' '));
    assert_eq!(again.status.code(), Some(1), "{}", stderr(&again));
    assert!(stdout(&again).contains("accepted, and not declared"));
}

#[test]
fn what_cannot_be_measured_is_a_fault_of_usage() {
    let few = proofup(["measure", "--samples", "10"]);
    assert_fails(&few, 2, "write a number from 500 to 10000");
    let other = proofup(["measure", "--requirement", "DEF-4"]);
    assert_fails(
        &other,
        2,
        "write one of CODE-1, SIGN-8, SIGN-7, RESET-4, CODE-10, API-1",
    );
    let fault = proofup(["measure", "--fault", "short-token"]);
    assert_fails(&fault, 2, "did you mean `short-tokens`?");
}
