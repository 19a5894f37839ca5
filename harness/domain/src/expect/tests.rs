//! Each decision of the matcher, row by row.

use serde_json::json;

use super::*;
use crate::answer::Refusing;

const fn status(status: u16) -> Answer {
    Answer::Unrecognised { status, code: None }
}

fn wrong_code(tries_left: u32) -> Answer {
    let details = Refusing {
        tries_left: Some(tries_left.into()),
        ..Refusing::default()
    };
    Answer::Refused {
        reason: Refusal::WrongCode,
        details: Box::new(details),
    }
}

#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "rows of a table are written in place"
)]
fn check(expect: Value, answer: &Answer, mismatched: &[&str]) {
    let read = match answer {
        Answer::Together(_) => Expectation::read_together,
        _ => Expectation::read,
    };
    let expectation = read(&expect).expect("an expectation");
    assert_eq!(expectation.to_json().to_string(), expect.to_string());
    let found = expectation.compare(answer, &Allowed::new());
    let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, mismatched, "{expect} against {answer}");
    assert_eq!(expectation.admits(answer), mismatched.is_empty());
}

/// Checks a pattern of a field of a success against what is told there; none: the field is not told.
#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "rows of a table are written in place"
)]
fn value(pattern: Value, told: Option<Value>, fits: bool) {
    let answer = told.map_or_else(Answer::done, |told| Answer::of(&json!({ "n": told })));
    let mismatched: &[&str] = if fits { &[] } else { &["n"] };
    check(json!({ "n": pattern }), &answer, mismatched);
}

#[test]
fn what_no_rule_knows_meets_nothing() {
    for answer in [status(500), Answer::Unreadable] {
        check(json!({}), &answer, &[""]);
        check(json!({ "state": "signedIn" }), &answer, &[""]);
        check(json!({ "state": { "absent": true } }), &answer, &[""]);
        check(json!({ "refused": "expired" }), &answer, &[""]);
        let either = json!({ "anyOf": [{}, { "refused": "expired" }] });
        check(either, &answer, &[""]);
    }
}

#[test]
fn success_and_refusal_never_meet() {
    check(json!({}), &wrong_code(4), &[""]);
    check(json!({ "triesLeft": 4 }), &wrong_code(4), &[""]);
    check(json!({ "refused": "wrongCode" }), &Answer::done(), &[""]);
    check(json!({ "refused": "wrongCode" }), &wrong_code(4), &[]);
    let exact = json!({ "refused": "wrongCode", "triesLeft": 4 });
    check(exact.clone(), &wrong_code(4), &[]);
    check(exact.clone(), &wrong_code(3), &["triesLeft"]);
    check(
        exact,
        &Answer::refused(Refusal::Expired),
        &["refused", "triesLeft"],
    );
    let several = json!({ "refused": { "anyOf": ["expired", "wrongCode"] } });
    check(several.clone(), &wrong_code(4), &[]);
    check(several, &Answer::refused(Refusal::Blocked), &["refused"]);
}

#[test]
fn what_is_not_named_may_be_anything_and_every_difference_is_found() {
    let answer = json!({ "state": "signedIn", "deferral": { "offered": true, "daysLeft": 13 } });
    let answer = Answer::of(&answer);
    check(json!({}), &answer, &[]);
    check(json!({ "state": "signedIn" }), &answer, &[]);
    check(
        json!({ "state": "interrupted", "deferral": { "offered": true, "daysLeft": 14 }, "more": { "of": 1 } }),
        &answer,
        &["state", "deferral.daysLeft", "more"],
    );
}

#[test]
fn a_list_matches_whole_and_in_order() {
    let answer = Answer::of(&json!({ "m": ["b", "a"], "d": [{ "method": "email", "kinds": [] }] }));
    check(json!({ "m": ["b", "a"] }), &answer, &[]);
    check(json!({ "m": ["a", "b"] }), &answer, &["m[0]", "m[1]"]);
    check(json!({ "m": ["b"] }), &answer, &["m"]);
    check(json!({ "d": [{ "method": "email" }] }), &answer, &[]);
    check(
        json!({ "d": [{ "method": "x" }] }),
        &answer,
        &["d[0].method"],
    );
}

#[test]
fn null_is_absent() {
    value(json!({ "absent": true }), None, true);
    value(json!({ "absent": true }), Some(Value::Null), true);
    value(json!({ "absent": true }), Some(json!({})), false);
    value(json!({ "anyOf": [0, { "absent": true }] }), None, true);
    value(
        json!({ "anyOf": [0, { "absent": true }] }),
        Some(Value::Null),
        true,
    );
    value(
        json!({ "anyOf": [0, { "absent": true }] }),
        Some(json!(1)),
        false,
    );
    value(json!({}), Some(Value::Null), false);
    value(json!({}), Some(json!({ "a": 1 })), true);
}

#[test]
fn numbers_are_compared_by_their_value() {
    value(json!(5), Some(json!(5.0)), true);
    value(json!(5), Some(json!(5.5)), false);
    value(json!(5), Some(json!("5")), false);
    value(json!({ "atMost": 5 }), Some(json!(5.0)), true);
    value(json!({ "atMost": 5 }), Some(json!(5.5)), false);
    value(json!({ "atMost": 5 }), Some(json!(-1)), true);
    value(json!({ "atMost": 5 }), Some(json!("5")), false);
    value(json!({ "atMost": 5 }), Some(json!(u64::MAX)), false);
    value(json!({ "atMost": 5 }), None, false);
    value(json!({ "atLeast": 5 }), Some(json!(5.0)), true);
    value(json!({ "atLeast": 5 }), Some(json!(4)), false);
    value(json!({ "atLeast": 5 }), Some(json!(u64::MAX)), true);
    value(json!({ "atLeast": 5 }), None, false);
    // Beyond what a double can tell apart.
    value(json!(u64::MAX), Some(json!(u64::MAX - 1)), false);
}

#[test]
fn has_and_lacks_want_a_list() {
    value(json!({ "has": ["a"] }), Some(json!(["b", "a"])), true);
    value(json!({ "has": ["c"] }), Some(json!(["b", "a"])), false);
    value(json!({ "has": ["a"] }), Some(json!("a")), false);
    value(json!({ "has": [] }), Some(json!([])), true);
    value(json!({ "has": [] }), Some(json!("a")), false);
    value(json!({ "has": [] }), None, false);
    value(
        json!({ "has": [{ "k": 1 }] }),
        Some(json!([{ "k": 1, "l": 2 }])),
        true,
    );
    value(json!({ "lacks": ["c"] }), Some(json!(["b", "a"])), true);
    value(json!({ "lacks": ["a"] }), Some(json!(["b", "a"])), false);
    value(json!({ "lacks": ["a"] }), Some(json!("b")), false);
    value(json!({ "lacks": ["a"] }), None, false);
}

#[test]
fn one_of_several_is_enough() {
    let expect = json!({ "anyOf": [{ "refused": "expired" }, { "state": "expired" }] });
    check(
        expect.clone(),
        &Answer::of(&json!({ "state": "expired" })),
        &[],
    );
    check(expect.clone(), &Answer::refused(Refusal::Expired), &[]);
    check(expect, &Answer::of(&json!({ "state": "verified" })), &[""]);
    value(json!({ "anyOf": [1, 2] }), Some(json!(2)), true);
    value(json!({ "anyOf": [1, 2] }), Some(json!(3)), false);
}

#[test]
fn an_allowed_refusal_is_as_good_wherever_the_other_is_named() {
    let allowed = Allowed::from([(Refusal::NotFound, BTreeSet::from([Refusal::Forbidden]))]);
    let came = Answer::refused(Refusal::Forbidden);
    let fits = |expect: &Value| {
        let expectation = Expectation::read(expect).expect("an expectation");
        expectation.compare(&came, &allowed).is_empty()
    };
    assert!(fits(&json!({ "refused": "notFound" })));
    assert!(fits(
        &json!({ "refused": { "anyOf": ["expired", "notFound"] } })
    ));
    assert!(fits(&json!({ "anyOf": [{}, { "refused": "notFound" }] })));
    assert!(!fits(&json!({ "refused": "expired" })));
    assert!(!fits(&json!({ "refused": "notFound", "problem": true })));
}

#[test]
fn of_several_at_once_what_is_named_is_compared_and_nothing_means_all() {
    let proved = Answer::of(&json!({ "state": "verified" }));
    let again = Answer::refused(Refusal::AlreadyVerified);
    let both = Answer::Together(vec![again.clone(), proved.clone()]);
    check(json!({ "succeeded": 1 }), &both, &[]);
    check(json!({ "succeeded": 2 }), &both, &["succeeded"]);
    check(json!({ "succeeded": { "atMost": 1 } }), &both, &[]);
    check(json!({}), &both, &[""]);
    check(json!({ "refused": ["alreadyVerified"] }), &both, &[]);
    check(json!({ "refused": ["expired"] }), &both, &["refused[0]"]);
    check(
        json!({ "refused": { "has": ["expired"] } }),
        &both,
        &["refused"],
    );
    check(json!({ "answers": [{}, {}] }), &both, &["answers[0]."]);
    check(json!({ "answers": [{}] }), &both, &["answers"]);
    let state = json!({ "answers": [{ "refused": "alreadyVerified" }, { "state": "x" }] });
    check(state, &both, &["answers[1].state"]);
    check(
        json!({ "answers": { "has": [{ "state": "verified" }] } }),
        &both,
        &[],
    );
    check(
        json!({ "answers": { "has": [{ "refused": "expired" }] } }),
        &both,
        &["answers"],
    );
    check(json!({ "answers": { "lacks": [{}] } }), &both, &["answers"]);
    let either =
        json!({ "answers": { "anyOf": [[{}, {}], [{ "refused": "alreadyVerified" }, {}]] } });
    check(either, &both, &[]);
    check(
        json!({ "anyOf": [{ "succeeded": 2 }, { "succeeded": 1 }] }),
        &both,
        &[],
    );

    let all = Answer::Together(vec![proved.clone(), proved]);
    check(json!({}), &all, &[]);
    assert!(Expectation::success().admits(&all));
    assert!(!Expectation::success().admits(&both));
    assert!(!Expectation::refused(Refusal::AlreadyVerified).admits(&both));

    let odd = Answer::Together(vec![again, status(500)]);
    check(json!({ "succeeded": 0 }), &odd, &[""]);
    check(json!({}), &Answer::Together(vec![status(500)]), &[""]);
}

#[test]
fn what_is_no_expectation_is_not_read() {
    for wrong in [
        json!([]),
        json!({ "n": null }),
        json!({ "n": { "absent": false } }),
        json!({ "n": { "atMost": "5" } }),
        json!({ "n": { "has": "a" } }),
        json!({ "refused": "noSuchReason" }),
        json!({ "refused": { "absent": true } }),
        json!({ "refused": { "anyOf": ["expired", { "absent": true }] } }),
        json!({ "anyOf": [{ "refused": "noSuchReason" }] }),
    ] {
        assert!(Expectation::read(&wrong).is_err(), "{wrong}");
    }
    // With more than one key it is a table like any other.
    let table = json!({ "n": { "has": 1, "of": 2 } });
    let told = Answer::of(&table);
    check(table, &told, &[]);
}

#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "rows of a table are written in place"
)]
fn meeting(one: Value, other: Value, possible: bool) {
    let read = |expect: &Value| Expectation::read(expect).expect("an expectation");
    let (mine, theirs) = (read(&one), read(&other));
    assert_eq!(mine.meets(&theirs), possible, "{one} and {other}");
    assert_eq!(theirs.meets(&mine), possible, "{other} and {one}");
}

#[test]
fn two_expectations_meet_where_one_answer_could_please_both() {
    meeting(json!({}), json!({ "state": "signedIn" }), true);
    meeting(json!({ "a": 1 }), json!({ "b": 2 }), true);
    meeting(json!({ "a": 1 }), json!({ "a": 2 }), false);
    meeting(json!({}), json!({ "refused": "expired" }), false);
    let refused = json!({ "refused": { "anyOf": ["expired", "notFound"] } });
    meeting(refused.clone(), json!({ "refused": "notFound" }), true);
    meeting(refused.clone(), json!({ "refused": "blocked" }), false);
    meeting(
        json!({ "anyOf": [{}, refused] }),
        json!({ "refused": "expired" }),
        true,
    );
    let values = |one: Value, other: Value, possible| {
        meeting(json!({ "n": one }), json!({ "n": other }), possible);
    };
    values(json!({ "atMost": 3 }), json!(3), true);
    values(json!({ "atMost": 3 }), json!(4), false);
    values(json!({ "atMost": 3 }), json!("text"), false);
    values(json!({ "atMost": 3 }), json!({ "atLeast": 4 }), false);
    values(json!({ "atMost": 3 }), json!({ "atLeast": 3 }), true);
    values(json!({ "atMost": 3 }), json!({ "absent": true }), false);
    values(
        json!({ "anyOf": [0, { "absent": true }] }),
        json!({ "absent": true }),
        true,
    );
    values(json!({ "has": ["a"] }), json!(["b", "a"]), true);
    values(json!({ "has": ["a"] }), json!(["b"]), false);
    values(json!({ "has": ["a"] }), json!("a"), false);
    values(json!({ "has": ["a"] }), json!({ "lacks": ["a"] }), false);
    values(json!({ "lacks": ["a"] }), json!(["b"]), true);
    values(json!({ "lacks": ["a"] }), json!("b"), false);
    values(json!({ "absent": true }), json!({ "k": 1 }), false);
    values(json!({ "k": 1 }), json!({ "k": 1, "l": 2 }), true);
    values(json!([{ "k": 1 }]), json!([{ "l": 2 }]), true);
    values(json!([1]), json!([1, 2]), false);
}

#[test]
fn an_example_meets_what_it_is_an_example_of() {
    for expect in [
        json!({}),
        json!({ "state": "signedIn", "deferral": { "daysLeft": { "anyOf": [0, { "absent": true }] } } }),
        json!({ "n": { "absent": true }, "m": { "anyOf": [{ "absent": true }, 1] } }),
        json!({ "n": { "atMost": 3 }, "m": { "atLeast": 3 } }),
        json!({ "n": { "has": ["a", { "k": 1 }] }, "m": { "lacks": ["a"] } }),
        json!({ "refused": "wrongCode", "triesLeft": 4, "problem": true, "field": "code", "retryAfter": 1 }),
        json!({ "refused": { "anyOf": ["expired", "notFound"] } }),
        json!({ "anyOf": [{ "refused": "expired" }, {}] }),
    ] {
        let expectation = Expectation::read(&expect).expect("an expectation");
        let answer = expectation.example();
        let found = expectation.compare(&answer, &Allowed::new());
        assert_eq!(found, [], "{answer} for {expect}");
        assert!(
            expectation.admits_more_than(&answer),
            "{answer} for {expect}"
        );
    }
}

#[test]
fn less_than_is_expected_may_be_told_and_nothing_else() {
    let wanted = json!({ "state": "signedIn", "daysLeft": { "atMost": 3 } });
    let wanted = Expectation::read(&wanted).expect("an expectation");
    let more = |told: Value| wanted.admits_more_than(&Answer::of(&told));
    assert!(more(json!({})) && more(json!({ "state": "signedIn" })));
    assert!(more(json!({ "daysLeft": 3, "other": 1 })));
    assert!(!more(json!({ "state": "interrupted" })) && !more(json!({ "daysLeft": 4 })));
    assert!(!wanted.admits_more_than(&status(500)));
    assert!(!wanted.admits_more_than(&Answer::refused(Refusal::Expired)));
    let refused = json!({ "refused": "wrongCode", "triesLeft": 4 });
    let refused = Expectation::read(&refused).expect("an expectation");
    assert!(refused.admits_more_than(&Answer::refused(Refusal::WrongCode)));
    assert!(refused.admits_more_than(&wrong_code(4)));
    assert!(!refused.admits_more_than(&wrong_code(3)));
    assert!(!refused.admits_more_than(&Answer::done()));
}

#[test]
fn reasons_and_fields_are_named_wherever_they_stand() {
    let expect = json!({ "anyOf": [
        { "state": "expired", "deferral": { "daysLeft": { "atMost": 1 } } },
        { "refused": { "anyOf": ["blocked", "cancelled"] }, "triesLeft": 1 },
    ] });
    let read = Expectation::read(&expect).expect("an expectation");
    let named = read.named();
    let reasons = BTreeSet::from([Refusal::Blocked, Refusal::Cancelled]);
    assert_eq!(named.reasons, reasons, "a state is no reason");
    let fields = BTreeSet::from(["state", "deferral", "daysLeft", "triesLeft"]);
    assert_eq!(named.fields, fields);
    let expect = json!({ "refused": { "has": ["expired"] }, "answers": [{ "refused": "denied" }] });
    let read = Expectation::read_together(&expect).expect("an expectation");
    let reasons = BTreeSet::from([Refusal::Expired, Refusal::Denied]);
    assert_eq!(read.named().reasons, reasons);
}
