//! What a target file calls known: the product's own doing, and not a mistake of the file.

use super::{REFERENCE, examined};
use proofup_runner::doctor::{ProbeFinding, Probed};

/// A sign-out that does nothing, as some products have it.
fn idle_sign_out(more: &str) -> String {
    let (before, after) = REFERENCE
        .split_once("[operations.signOut]")
        .expect("the reference signs out");
    let after = after.replacen("method = \"DELETE\"", "method = \"GET\"", 1);
    let after = after.replacen("status = 204", "status = 200", 1);
    format!("{before}[operations.signOut]{after}\n{more}")
}

fn result<'a>(findings: &'a [ProbeFinding], probe: &str) -> &'a Probed {
    let found = findings.iter().find(|one| one.probe == probe);
    &found.unwrap_or_else(|| panic!("no probe {probe}")).result
}

#[test]
fn what_is_known_is_told_with_its_reason_and_is_not_wrong() {
    let wrong = examined(&idle_sign_out(""));
    assert!(matches!(result(&wrong, "sign-out"), Probed::Wrong(_)));
    let known = "[[known]]\nprobe = \"sign-out\"\nreason = \"tokens stay good\"\n";
    let findings = examined(&idle_sign_out(known));
    match result(&findings, "sign-out") {
        Probed::Known(reason, seen) => {
            assert_eq!(reason, "tokens stay good");
            assert!(!seen.is_empty());
        }
        other => panic!("{other:?}"),
    }
    assert!(
        findings
            .iter()
            .all(|one| !matches!(one.result, Probed::Wrong(_)))
    );
}

#[test]
fn an_entry_that_excuses_nothing_is_wrong() {
    for probe in ["sign-out", "no such probe"] {
        let entry = format!("{REFERENCE}\n[[known]]\nprobe = \"{probe}\"\nreason = \"none\"\n");
        let findings = examined(&entry);
        assert!(
            matches!(result(&findings, "known"), Probed::Wrong(_)),
            "{probe}"
        );
    }
}
