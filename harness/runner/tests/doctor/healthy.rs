//! The reference's own mapping: nothing is found.

use proofup_runner::doctor::{DoctorConclusion, ProbeFinding, Probed};

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

#[test]
fn what_the_file_does_not_bind_is_not_told_to_be_right() {
    let at = REFERENCE
        .find("[operations.listAvailable]")
        .expect("it is bound");
    let (before, rest) = REFERENCE.split_at(at);
    let end = rest.find("[operations.changeMethod]").expect("it is bound");
    let findings = examined(&format!("{before}{}", &rest[end..]));
    let found = findings.iter().find(|one| one.probe == "available methods");
    let found = found.expect("it is told");
    let Probed::NotBound(why) = &found.result else {
        panic!("{:?}", found.result);
    };
    assert!(why.contains("`operations.listAvailable`"), "{why}");
    assert_eq!(DoctorConclusion::of(&findings), DoctorConclusion::Right);
    let others = findings.iter().filter(|one| one.probe != found.probe);
    assert!(
        others.clone().all(|one| matches!(one.result, Probed::Ok)),
        "{}",
        lines(&findings)
    );
}

#[test]
fn probes_that_were_not_reached_leave_the_conclusion_open() {
    let finding = |result| ProbeFinding {
        probe: "x".to_owned(),
        result,
    };
    let (ok, unbound) = (Probed::Ok, Probed::NotBound("x".to_owned()));
    let unreached = Probed::NotReached("x".to_owned());
    let wrong = Probed::Wrong(Vec::new());
    let of = |all: &[&Probed]| {
        let findings: Vec<_> = all.iter().map(|one| finding((*one).clone())).collect();
        DoctorConclusion::of(&findings)
    };
    assert_eq!(of(&[&ok, &unbound]), DoctorConclusion::Right);
    assert_eq!(of(&[&ok, &unreached]), DoctorConclusion::Incomplete);
    assert_eq!(of(&[&unreached, &wrong]), DoctorConclusion::Wrong);
}
