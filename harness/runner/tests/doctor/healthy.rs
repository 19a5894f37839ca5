//! The reference's own mapping: nothing is found.

use proofup_runner::doctor::Probed;

use super::{REFERENCE, examined, lines};

#[test]
fn the_mapping_of_the_reference_is_right() {
    let findings = examined(REFERENCE);
    assert!(
        findings
            .iter()
            .all(|finding| matches!(finding.result, Probed::Ok)),
        "{}",
        lines(&findings)
    );
    assert!(findings.len() > 40, "{}", lines(&findings));
}
