//! The matrix in process, beside deciders that are right, wrong, or wrong in one place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proofup_domain::method::{Method, Role};
use proofup_domain::policy::Policy;
use proofup_explore::matrix::combination::{Combination, Field};
use proofup_explore::matrix::decision::{Decider, Decision, expected, registered_sets};
use proofup_explore::matrix::finding::{Aspect, Findings, MatrixEnding};
use proofup_explore::matrix::sweep::{Sweep, sweep};

/// Sweeps over some combinations with a decider.
fn run(combinations: &[Combination], registered: &[Vec<Method>], decider: &Decider) -> Findings {
    sweep(&Sweep {
        combinations,
        registered,
        decider,
        jobs: 3,
        stop: &AtomicBool::new(false),
        progress: &|_| {},
    })
}

fn nothing() -> Vec<Vec<Method>> {
    registered_sets(0)
}

/// Decides as the oracle does, then spoils what it says.
fn spoilt(
    spoil: impl Fn(&Policy, Role, &[Method], &mut Decision) + Send + Sync + 'static,
) -> Decider {
    Arc::new(move |policy, role, registered| {
        let mut decision = expected(policy, role, registered);
        spoil(policy, role, registered, &mut decision);
        decision
    })
}

fn right() -> Decider {
    spoilt(|_, _, _, _| {})
}

/// Lists the combinations in which some fields have given values.
fn slice(fixed: &[(Field, u16)]) -> Vec<Combination> {
    let fits = |one: &Combination| {
        fixed
            .iter()
            .all(|(field, value)| one.value(*field) == *value)
    };
    Combination::all().into_iter().filter(fits).collect()
}

#[test]
fn the_whole_space_agrees_with_itself_and_is_counted_as_by_hand() {
    let all = Combination::all();
    let findings = run(&all, &nothing(), &right());
    // No kind though one must be registered: 1 x 1 x 2 x 64 x 2 x 2 x 2 x 2 = 2,048. Too few gates: with one gate 2 of the 64
    // subsets (none, or the notification alone), with two gates 8 (none, one of the four, or three sorts of app alone),
    // so 10 x 16 x 2 x 2 x 2 x 2 = 2,560. Both at once: 10 x 2 x 2 x 2 = 80.
    assert_eq!(findings.invalid, 2_048 + 2_560 - 80);
    assert_eq!((findings.ran, findings.different), (65_536, 0));
    assert_eq!(findings.outcomes.len(), 508);
    assert_eq!(findings.ending(), MatrixEnding::Agrees);
}

#[test]
fn small_slices_come_out_as_by_hand() {
    // Without reset only the kinds count: none, the apps by notification or code, mobile by text, both phones by call.
    let no_reset = [
        (Field::ResetEnabled, 0),
        (Field::Role, 0),
        (Field::CodeWithNotification, 0),
    ];
    let findings = run(&slice(&no_reset), &nothing(), &right());
    assert_eq!(findings.ran, 16 * 2 * 64 * 2 * 2);
    assert_eq!(findings.invalid, 64 * 2 * 2);
    // Text and call together offer what the call alone does, so 4 app sets x 3 phone sets; required: nothing, or the
    // strongest; and the refusal.
    assert_eq!(findings.outcomes.len(), 12 + 11 + 1);

    // With every method of a reset and two gates, nothing is refused, and members lack nothing that administrators have.
    let open = [
        (Field::TwoStepKinds, 0b1111),
        (Field::ResetEnabled, 1),
        (Field::ResetMethods, 0b11_1111),
        (Field::MethodsRequired, 1),
        (Field::CodeWithNotification, 1),
    ];
    let findings = run(&slice(&open), &nothing(), &right());
    assert_eq!((findings.ran, findings.invalid), (8, 0));
    let required: Vec<usize> = findings
        .outcomes
        .iter()
        .flatten()
        .map(|(available, required)| 10 * available.len() + required.len())
        .collect();
    // Administrators have no questions: five methods in place of six. Required: none, one, or two.
    assert_eq!(required, [50, 51, 52, 60, 61, 62]);
}

#[test]
fn a_method_that_is_hidden_is_found_in_each_combination_that_has_it() {
    let hides = spoilt(|policy, role, _, decision| {
        if let Decision::Accepted(standing) = decision
            && role == Role::Administrator
            && !policy.app.code_with_notification
        {
            standing
                .available
                .retain(|method| *method != Method::OfficePhone);
        }
    });
    let some = slice(&[(Field::TwoStepKinds, 0b1001)]);
    let findings = run(&some, &nothing(), &hides);
    let affected = some.iter().filter(|one| {
        one.role() == Role::Administrator
            && !one.holds(Field::CodeWithNotification)
            && matches!(expected(&one.policy(), one.role(), &[]),
                Decision::Accepted(standing) if standing.available.contains(&Method::OfficePhone))
    });
    let affected: Vec<Combination> = affected.copied().collect();
    assert_eq!(findings.different, u64::try_from(affected.len()).unwrap());
    assert_eq!(findings.ending(), MatrixEnding::Differs);
    assert_eq!(findings.differences.len(), 20);
    let told: Vec<Combination> = findings
        .differences
        .iter()
        .map(|one| one.combination)
        .collect();
    assert_eq!(
        told,
        affected[..20],
        "the first, in order, whoever found them first"
    );
    assert!(
        findings
            .differences
            .iter()
            .all(|one| one.aspect == Aspect::Available)
    );
}

#[test]
fn one_wrong_answer_among_all_is_found() {
    for aspect in [Aspect::Policy, Aspect::SignIn, Aspect::Required] {
        let needle = Combination::new(0x76fc);
        let around = slice(&[(Field::TwoStepKinds, needle.value(Field::TwoStepKinds))]);
        let (policy, role) = (needle.policy(), needle.role());
        let wrong = spoilt(move |asked, asked_role, _, decision| {
            if (asked, asked_role) != (&policy, role) {
                return;
            }
            match (aspect, decision) {
                (Aspect::SignIn, Decision::Accepted(standing)) => standing.interrupted ^= true,
                (Aspect::Required, Decision::Accepted(standing)) => standing.required.reverse(),
                (_, decision) => *decision = Decision::Refused,
            }
        });
        let findings = run(&around, &nothing(), &wrong);
        assert_eq!(findings.different, 1, "{aspect:?}");
        assert_eq!(findings.differences[0].combination, needle);
        assert_eq!(findings.differences[0].aspect, aspect);
    }
}

#[test]
fn what_goes_wrong_only_beside_something_registered_is_found_there() {
    let wrong = spoilt(|_, _, registered, decision| {
        if let ([Method::MobilePhone, Method::Email], Decision::Accepted(standing)) =
            (registered, decision)
        {
            standing.required.clear();
        }
    });
    let some: Vec<Combination> = Combination::all().into_iter().step_by(311).collect();
    let findings = run(&some, &registered_sets(2), &wrong);
    assert!(findings.different > 0);
    for difference in &findings.differences {
        assert_eq!(difference.registered, [Method::MobilePhone, Method::Email]);
    }
    assert_eq!(run(&some, &nothing(), &wrong).different, 0);
}

#[test]
fn what_is_left_out_after_an_interruption_is_missing() {
    let all = Combination::all();
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let findings = sweep(&Sweep {
        combinations: &all,
        registered: &nothing(),
        decider: &right(),
        jobs: 1,
        stop: &stop,
        progress: &|more| {
            if done.fetch_add(more, Ordering::Relaxed) > 1_000 {
                stop.store(true, Ordering::Relaxed);
            }
        },
    });
    assert_eq!(findings.ending(), MatrixEnding::Interrupted);
    assert!(findings.ran > 1_000 && findings.ran < 65_536);
    assert_eq!(findings.not_reached(), 65_536 - findings.ran);
}
