use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::exemption::{Covers, ExemptOutcome, Exemption};
use crate::outcome::Outcome;
use crate::samples::{absent, case, catalogue, check, failed, not_reached, unable};

fn exemption(name: &str, outcome: ExemptOutcome) -> Exemption {
    let covers = if name.contains('/') {
        Covers::Check(name.to_owned())
    } else {
        Covers::Requirement(RequirementId(name.to_owned()))
    };
    Exemption {
        covers,
        reason: "a ticket".to_owned(),
        expires: None,
        outcome,
    }
}

/// A run that tests change.
#[derive(Debug)]
struct Run {
    checks: Vec<CheckResult>,
    scope: RunScope,
    exemptions: Vec<Exemption>,
    level: Level,
    interrupted: bool,
    broken: bool,
}

impl Run {
    fn of(checks: Vec<CheckResult>) -> Self {
        let (exemptions, scope) = (Vec::new(), RunScope::default());
        Self {
            checks,
            scope,
            exemptions,
            level: Level::Should,
            interrupted: false,
            broken: false,
        }
    }

    fn word(&self) -> Conclusion {
        self.with(|verdict| verdict.word)
    }

    fn with<T>(&self, read: impl FnOnce(&Verdict<'_>) -> T) -> T {
        let catalogue = catalogue();
        let mut one = case(self.checks.clone());
        one.internal_error = self.broken.then(|| "it broke".to_owned());
        let exemptions = Exemptions::new(self.exemptions.clone());
        read(&judge(&Evidence {
            catalogue: &catalogue,
            cases: &[one],
            scope: &self.scope,
            exemptions: &exemptions,
            level: self.level,
            interrupted: self.interrupted,
        }))
    }
}

fn all_passed() -> Vec<CheckResult> {
    ["A-1/x", "A-2/x", "A-3/x"]
        .map(|slug| check(slug, Outcome::Passed))
        .into()
}

fn ids(ids: &[&str]) -> BTreeSet<RequirementId> {
    ids.iter()
        .map(|id| RequirementId((*id).to_owned()))
        .collect()
}

/// Asks for requirements one by one.
fn only(names: &[&str]) -> RunScope {
    RunScope {
        ids: Some(ids(names)),
        named: ids(names),
        narrowed_otherwise: false,
    }
}

/// Asks for a family.
fn family(names: &[&str]) -> RunScope {
    RunScope {
        ids: Some(ids(names)),
        ..RunScope::default()
    }
}

#[test]
fn a_run_in_which_everything_holds_conforms() {
    assert_eq!(Run::of(all_passed()).word(), Conclusion::Conforms);
}

#[test]
fn what_another_command_judges_is_listed_and_does_not_count() {
    Run::of(all_passed()).with(|verdict| {
        assert_eq!(verdict.totals.not_exercised, 2);
        assert_eq!(
            verdict.requirements[3].status,
            RequirementStatus::NotExercised(NotExercised::JudgedBy("matrix".to_owned()))
        );
        assert!(verdict.musts_not_exercised.is_empty());
    });
}

#[test]
fn a_failing_scripted_half_of_what_another_command_judges_is_told() {
    let mut run = Run::of(all_passed());
    run.checks.push(check("A-4/half", Outcome::Passed));
    assert_eq!(run.word(), Conclusion::Conforms);
    run.checks.push(check("A-4/other-half", failed()));
    assert_eq!(run.word(), Conclusion::Nonconforming);
}

#[test]
fn a_must_without_a_check_makes_the_whole_run_incomplete() {
    let mut run = Run::of(all_passed());
    run.checks.remove(0);
    assert_eq!(run.word(), Conclusion::Incomplete);
    run.with(|verdict| assert_eq!(verdict.musts_not_exercised.len(), 1));
}

#[test]
fn a_should_without_a_check_does_not() {
    let mut run = Run::of(all_passed());
    run.checks.pop();
    assert_eq!(run.word(), Conclusion::Conforms);
}

#[test]
fn a_narrowed_run_counts_the_ids_of_its_checks() {
    let mut run = Run::of(all_passed());
    run.checks.truncate(1);
    run.scope.narrowed_otherwise = true;
    assert_eq!(run.word(), Conclusion::Conforms);
    run.with(|verdict| assert_eq!(verdict.requirements.len(), 1));
}

#[test]
fn who_asks_for_a_must_by_name_is_not_told_that_it_holds_when_nothing_checks_it() {
    let mut run = Run::of(all_passed());
    run.checks.remove(0);
    run.scope = family(&["A-1", "A-2", "A-3"]);
    assert_eq!(run.word(), Conclusion::Conforms);
    run.scope.named = ids(&["A-1"]);
    assert_eq!(run.word(), Conclusion::Incomplete);
}

#[test]
fn a_narrowed_run_judges_only_what_was_asked_for() {
    let mut run = Run::of(all_passed());
    run.checks.push(check("A-2/y", failed()));
    run.scope = only(&["A-1"]);
    assert_eq!(run.word(), Conclusion::Conforms);
}

#[test]
fn a_selection_without_a_check_selects_nothing() {
    let mut run = Run::of(all_passed());
    for pattern in ["A-4", "A-5", "B-1"] {
        run.scope = only(&[pattern]);
        assert_eq!(run.word(), Conclusion::NothingSelected, "{pattern}");
        assert_eq!(run.word().exit_code(), 4);
    }
}

#[test]
fn a_whole_run_without_any_check_is_incomplete_before_it_is_empty() {
    assert_eq!(Run::of(Vec::new()).word(), Conclusion::Incomplete);
}

#[test]
fn a_missed_should_fails_unless_only_musts_count() {
    let mut run = Run::of(all_passed());
    run.checks[2].outcome = failed();
    assert_eq!(run.word(), Conclusion::Nonconforming);
    run.level = Level::Must;
    assert_eq!(run.word(), Conclusion::Conforms);
    run.with(|verdict| assert_eq!(verdict.totals.warning, 1));
}

#[test]
fn a_missed_must_fails_at_every_level() {
    let mut run = Run::of(all_passed());
    run.checks[0].outcome = failed();
    run.level = Level::Must;
    assert_eq!(run.word(), Conclusion::Nonconforming);
}

#[test]
fn a_must_that_could_not_run_is_incomplete_and_a_should_is_not() {
    let mut run = Run::of(all_passed());
    run.checks[2].outcome = unable();
    assert_eq!(run.word(), Conclusion::Conforms);
    run.checks[1].outcome = unable();
    assert_eq!(run.word(), Conclusion::Incomplete);
}

#[test]
fn one_check_that_could_not_run_outweighs_one_that_passed_and_yields_to_one_that_failed() {
    let mut run = Run::of(all_passed());
    run.checks.push(check("A-1/y", unable()));
    assert_eq!(run.word(), Conclusion::Incomplete);
    run.checks.push(check("A-1/z", failed()));
    assert_eq!(run.word(), Conclusion::Nonconforming);
}

#[test]
fn what_the_target_does_not_have_is_not_applicable_and_does_not_count() {
    let mut run = Run::of(all_passed());
    run.checks[0].outcome = absent();
    assert_eq!(run.word(), Conclusion::Conforms);
    run.with(|verdict| assert_eq!(verdict.totals.not_applicable, 1));
}

#[test]
fn an_exempted_failure_conforms_with_exemptions() {
    let mut run = Run::of(all_passed());
    run.checks[0].outcome = failed();
    run.exemptions = vec![exemption("A-1/x", ExemptOutcome::Failed)];
    assert_eq!(run.word(), Conclusion::ConformsWithExemptions);
    run.with(|verdict| {
        assert!(verdict.musts_not_exercised.is_empty());
        assert_eq!(
            verdict.requirements[0].checks[0].exemption,
            Some("a ticket")
        );
    });
}

#[test]
fn an_exempted_must_that_could_not_run_is_counted_as_not_exercised() {
    let mut run = Run::of(all_passed());
    run.checks[0].outcome = unable();
    run.exemptions = vec![exemption("A-1", ExemptOutcome::Failed)];
    assert_eq!(
        run.word(),
        Conclusion::Incomplete,
        "it lists a failure, not this"
    );
    run.exemptions = vec![exemption("A-1", ExemptOutcome::CouldNotRun)];
    assert_eq!(run.word(), Conclusion::ConformsWithExemptions);
    run.with(|verdict| assert_eq!(verdict.musts_not_exercised.len(), 1));
}

#[test]
fn an_exempted_check_that_passes_is_stale_and_fails_the_run() {
    let mut run = Run::of(all_passed());
    run.exemptions = vec![exemption("A-1/x", ExemptOutcome::Failed)];
    assert_eq!(run.word(), Conclusion::StaleExemptions);
    assert_eq!(run.word().exit_code(), 1);
}

#[test]
fn an_exempted_requirement_is_stale_only_when_none_of_its_checks_needs_it() {
    let mut run = Run::of(all_passed());
    run.checks.push(check("A-1/y", failed()));
    run.exemptions = vec![exemption("A-1", ExemptOutcome::Failed)];
    assert_eq!(run.word(), Conclusion::ConformsWithExemptions);
    run.checks.pop();
    assert_eq!(run.word(), Conclusion::StaleExemptions);
}

#[test]
fn no_exemption_covers_what_the_run_never_reached() {
    let mut run = Run::of(all_passed());
    run.checks[0].outcome = not_reached();
    run.exemptions = vec![exemption("A-1", ExemptOutcome::CouldNotRun)];
    assert_eq!(run.word(), Conclusion::Incomplete);
}

#[test]
fn of_several_words_the_most_pressing_is_told() {
    let mut run = Run::of(all_passed());
    run.checks.remove(1);
    assert_eq!(run.word().exit_code(), 3);
    run.checks[0].outcome = failed();
    assert_eq!(run.word().exit_code(), 1);
    run.interrupted = true;
    assert_eq!(run.word().exit_code(), 130);
    run.broken = true;
    assert_eq!(run.word().exit_code(), 70);
    run.with(|verdict| assert_eq!(verdict.reasons.len(), 4));
}

#[test]
fn a_check_outside_the_catalogue_is_a_bug_of_ours() {
    let mut run = Run::of(all_passed());
    run.checks.push(check("Z-1/x", Outcome::Passed));
    assert_eq!(run.word(), Conclusion::HarnessBroke);
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Passed),
        1 => Just(failed()),
        1 => Just(unable()),
        1 => Just(not_reached()),
        1 => Just(absent()),
    ]
}

fn slugs() -> impl Strategy<Value = String> {
    (1..=5_u8, prop_oneof!["x", "y"]).prop_map(|(number, rest)| format!("A-{number}/{rest}"))
}

fn exemptions() -> impl Strategy<Value = Vec<Exemption>> {
    let name = prop_oneof![slugs(), (1..=5_u8).prop_map(|number| format!("A-{number}"))];
    let outcome = prop_oneof![
        Just(ExemptOutcome::Failed),
        Just(ExemptOutcome::CouldNotRun)
    ];
    prop::collection::vec(
        (name, outcome).prop_map(|(name, outcome)| exemption(&name, outcome)),
        0..4,
    )
}

fn scopes() -> impl Strategy<Value = RunScope> {
    let id = || prop_oneof![Just("A-1"), Just("A-2"), Just("A-4"), Just("B-1")];
    let chosen = prop::option::of(prop::collection::vec(id(), 1..3));
    (chosen, any::<bool>(), any::<bool>()).prop_map(|(chosen, one_by_one, narrowed_otherwise)| {
        let chosen = chosen.map(|names| ids(&names));
        let named = if one_by_one {
            chosen.clone().unwrap_or_default()
        } else {
            BTreeSet::new()
        };
        RunScope {
            ids: chosen,
            named,
            narrowed_otherwise,
        }
    })
}

prop_compose! {
    fn runs()(
        checks in prop::collection::vec((slugs(), outcomes()), 0..8),
        scope in scopes(),
        exemptions in exemptions(),
        level in prop_oneof![Just(Level::Must), Just(Level::Should)],
        (interrupted, broken) in (prop::bool::weighted(0.1), prop::bool::weighted(0.1)),
    ) -> Run {
        let checks = checks.into_iter().map(|(slug, outcome)| check(&slug, outcome)).collect();
        Run { checks, scope, exemptions, level, interrupted, broken }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_unexercised_must_never_conforms_unless_exempted(run in runs()) {
        let (word, musts, checks) = run.with(|verdict| (verdict.word, verdict.musts_not_exercised.len(), verdict.checks));
        if musts > 0 {
            prop_assert_ne!(word, Conclusion::Conforms);
        }
        if word == Conclusion::Conforms {
            prop_assert!(checks > 0);
        }
        let unexercised = |id: &str| {
            let own: Vec<_> = run.checks.iter().filter(|check| check.requirement.0 == id).collect();
            own.iter().any(|check| matches!(check.outcome, Outcome::CouldNotRun(_))) || own.is_empty()
        };
        if !run.scope.narrowed() && ["A-1", "A-2"].into_iter().any(unexercised) {
            prop_assert_ne!(word, Conclusion::Conforms);
        }
    }

    #[test]
    fn an_exit_code_of_zero_means_that_no_judged_must_failed_unless_exempted(run in runs()) {
        if run.word().exit_code() == 0 {
            for check in &run.checks {
                let must = check.requirement.0 != "A-3";
                let bad = matches!(check.outcome, Outcome::Failed(_));
                if bad && must && run.scope.selects(&check.requirement) {
                    prop_assert!(run.exemptions.iter().any(|entry| entry.covers(check)));
                    prop_assert_eq!(run.word(), Conclusion::ConformsWithExemptions);
                }
            }
        }
    }

    #[test]
    fn one_more_failure_never_ends_in_zero(mut run in runs(), number in 1..=2_u8) {
        run.exemptions.clear();
        run.scope = RunScope::default();
        run.checks.push(check(&format!("A-{number}/more"), failed()));
        prop_assert!([1, 70, 130].contains(&run.word().exit_code()));
    }

    #[test]
    fn one_more_failure_never_makes_the_ending_better(mut run in runs(), number in 1..=5_u8) {
        let before = run.with(|verdict| verdict.word);
        let stale = run.with(|verdict| verdict.stale.len());
        run.checks.push(check(&format!("A-{number}/x"), failed()));
        let after = run.with(|verdict| verdict.word);
        // A failure may be what a stale exemption lists, or the first check selected: those two words may go.
        if stale == 0 && before != Conclusion::NothingSelected && before != Conclusion::Incomplete {
            prop_assert!(after <= before, "{before} became {after}");
        }
    }

    #[test]
    fn an_interrupted_run_never_ends_in_zero(mut run in runs()) {
        run.interrupted = true;
        prop_assert!([70, 130].contains(&run.word().exit_code()));
        run.interrupted = false;
        run.scope = RunScope::default();
        run.checks.push(check("A-3/more", not_reached()));
        prop_assert_ne!(run.word().exit_code(), 0);
    }

    #[test]
    fn raising_the_level_to_must_never_turns_success_into_failure(mut run in runs()) {
        run.level = Level::Should;
        let strict = run.word();
        run.level = Level::Must;
        prop_assert!(run.word() >= strict);
    }

    #[test]
    fn every_requirement_is_counted_once(run in runs()) {
        run.with(|verdict| {
            let RequirementCounts { passed, failed, warning, not_applicable, could_not_run, exempted, not_exercised } = verdict.totals;
            let sum = passed + failed + warning + not_applicable + could_not_run + exempted + not_exercised;
            prop_assert_eq!(sum, verdict.requirements.len());
            prop_assert!(verdict.reasons.first().is_none_or(|first| *first == verdict.word));
            Ok(())
        })?;
    }
}
