use std::collections::BTreeSet;

use proofup_domain::edition::Edition;
use proofup_judge::outcome::{CouldNotRun, Mismatch};
use serde_json::json;

use super::*;

fn check(slug: &str, outcome: Outcome) -> CheckResult {
    CheckResult {
        requirement: RequirementId("DEF-1".to_owned()),
        slug: slug.to_owned(),
        outcome,
        file: "story.toml".to_owned(),
        line: 1,
        expect_line: 1,
        command: "alice signIn".to_owned(),
        control_difference: None,
        exchanges: Vec::new(),
    }
}

fn case(id: &str, steps: &[&str], checks: Vec<CheckResult>) -> CaseResult {
    CaseResult {
        id: id.to_owned(),
        file: "story.toml".to_owned(),
        title: "A story".to_owned(),
        edition: Edition::default(),
        checks,
        transcript: format!("A story\nedition 2019-02-13\n\n{}\n", steps.join("\n")),
        trace: Vec::new(),
        wall_ms: 0,
        internal_error: None,
        secrets: BTreeSet::new(),
    }
}

fn failed() -> Outcome {
    Outcome::Failed(vec![Mismatch {
        path: "state".to_owned(),
        expected: json!("signedIn"),
        actual: Some(json!("interrupted")),
    }])
}

fn diverged(a: &[&str], b: &[&str]) -> Option<Divergence> {
    let compared = compare(&[case("s", a, Vec::new())], &[case("s", b, Vec::new())]);
    assert_eq!(
        compared.cases_identical,
        usize::from(compared.divergences.is_empty())
    );
    compared.divergences.into_iter().next()
}

fn told(divergence: Option<Divergence>) -> (usize, Option<String>, Option<String>, Option<String>) {
    let divergence = divergence.expect("they diverge");
    (divergence.step, divergence.did, divergence.a, divergence.b)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn equal_transcripts_do_not_part() {
    let steps = [
        "[T0] alice signIn -> state=signedIn",
        "[T0+1d] alice signOut -> ok",
    ];
    assert_eq!(diverged(&steps, &steps), None);
}

#[test]
fn the_first_step_that_differs_is_told_with_both_answers() {
    let a = [
        "[T0] alice signIn -> ok",
        "[T0] alice defer -> ok",
        "[T0] alice signOut -> ok",
    ];
    let b = [
        "[T0] alice signIn -> ok",
        "[T0] alice defer -> refused=throttled",
        "[T0] alice signOut -> x",
    ];
    assert_eq!(
        told(diverged(&a, &b)),
        (
            2,
            some("[T0] alice defer"),
            some("ok"),
            some("refused=throttled")
        )
    );
}

#[test]
fn steps_that_are_not_the_same_are_told_whole() {
    let a = ["[T0] alice submitCode code=lastSent (code#1) -> ok"];
    let b = ["[T0] alice submitCode code=lastSent -> no message came"];
    assert_eq!(told(diverged(&a, &b)), (1, None, some(a[0]), some(b[0])));
}

#[test]
fn a_side_that_ends_before_the_other_parts_there() {
    let a = ["[T0] alice signIn -> ok"];
    let b = ["[T0] alice signIn -> ok", "[T0] alice defer -> ok"];
    assert_eq!(told(diverged(&a, &b)), (2, None, None, some(b[1])));
    assert_eq!(told(diverged(&b, &a)), (2, None, some(b[1]), None));
}

#[test]
fn a_case_that_one_side_did_not_begin_is_counted_and_no_divergence() {
    let one = case("s", &["[T0] alice signIn -> ok"], Vec::new());
    let none = case("s", &[], Vec::new());
    let compared = compare(std::slice::from_ref(&one), &[none]);
    assert_eq!(
        (compared.cases_not_compared, compared.cases_identical),
        (1, 0)
    );
    assert_eq!(compared.divergences, []);
    assert_eq!(compare(&[one], &[]).cases_not_compared, 1);
}

#[test]
fn checks_differ_by_outcome_and_in_file_order() {
    let nothing = Outcome::CouldNotRun(CouldNotRun::NotReached("it rained".to_owned()));
    let a = vec![
        check("DEF-1/one", Outcome::Passed),
        check("DEF-1/two", Outcome::Passed),
        check("DEF-1/three", nothing),
    ];
    let b = vec![
        check("DEF-1/one", failed()),
        check("DEF-1/two", Outcome::Passed),
        check("DEF-1/three", Outcome::Passed),
    ];
    let compared = compare(&[case("s", &[], a)], &[case("s", &[], b)]);
    assert_eq!(compared.checks_agreeing, 1);
    let told: Vec<_> = compared
        .checks
        .iter()
        .map(|check| {
            let word = |came: &Option<SideOutcome>| came.as_ref().map(|came| came.outcome);
            (check.slug.as_str(), word(&check.a), word(&check.b))
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "DEF-1/one",
                Some(OutcomeWord::Passed),
                Some(OutcomeWord::Failed)
            ),
            (
                "DEF-1/three",
                Some(OutcomeWord::CouldNotRun),
                Some(OutcomeWord::Passed)
            ),
        ]
    );
    let why = |came: &Option<SideOutcome>| came.as_ref().and_then(|came| came.why.clone());
    assert!(why(&compared.checks[0].b).is_some_and(|why| why.contains("interrupted")));
    assert_eq!(why(&compared.checks[1].a), some("it rained"));
}

#[test]
fn two_failures_are_alike_whatever_came() {
    let a = vec![check("DEF-1/one", failed())];
    let compared = compare(&[case("s", &[], a.clone())], &[case("s", &[], a)]);
    assert_eq!((compared.checks_agreeing, compared.checks.len()), (1, 0));
}

#[test]
fn a_case_or_check_that_one_side_lacks_is_a_difference() {
    let one = case("s", &[], vec![check("DEF-1/one", Outcome::Passed)]);
    for (a, b) in [(vec![one.clone()], Vec::new()), (Vec::new(), vec![one])] {
        let compared = compare(&a, &b);
        assert_eq!(compared.checks.len(), 1);
        assert_eq!(compared.checks[0].a.is_some(), !a.is_empty());
        assert_eq!(compared.checks[0].b.is_some(), !b.is_empty());
    }
}

#[test]
fn the_more_pressing_ending_gives_the_exit_code() {
    let table = [
        (Conclusion::Conforms, Conclusion::Conforms, 0),
        (Conclusion::Conforms, Conclusion::ConformsWithExemptions, 0),
        (Conclusion::NothingSelected, Conclusion::Conforms, 4),
        (Conclusion::Incomplete, Conclusion::NothingSelected, 3),
        (Conclusion::Incomplete, Conclusion::Nonconforming, 1),
        (Conclusion::StaleExemptions, Conclusion::Incomplete, 1),
        (Conclusion::Interrupted, Conclusion::Nonconforming, 130),
        (Conclusion::Interrupted, Conclusion::HarnessBroke, 70),
    ];
    for (a, b, code) in table {
        assert_eq!(a.min(b).exit_code(), code, "{a} {b}");
        assert_eq!(b.min(a).exit_code(), code, "{b} {a}");
    }
}
