//! The matrix over HTTP, beside the reference as it is, with defects, and behind lies.

use proofup_domain::method::{Method, Role};
use proofup_explore::matrix::combination::{Combination, Field};
use proofup_explore::matrix::covering::{Strength, covering};
use proofup_explore::matrix::decision::{Decision, expected};
use proofup_explore::matrix::finding::{Aspect, Findings, MatrixEnding};
use proofup_explore::matrix::live::{Live, judge_live};
use proofup_reference::rules::{RuleBook, Rules};
use proofup_world::session::RunError;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::reference::{Lie, NO_ANSWER, TOKEN, defective, judge, session, transport, truth, wait};

/// Lists a few hundred combinations, both roles of each policy.
fn some() -> Vec<Combination> {
    let mut some = Combination::all();
    some.retain(|one| one.policy_number() % 151 == 7);
    some
}

fn behind(lie: Lie) -> Findings {
    judge(some(), transport(RuleBook::default(), lie), TOKEN).expect("the reference is there")
}

fn standing(one: Combination) -> Option<(Vec<Method>, Vec<Method>)> {
    match expected(&one.policy(), one.role(), &[]) {
        Decision::Refused => None,
        Decision::Accepted(standing) => Some((standing.available, standing.required)),
    }
}

#[test]
fn the_reference_agrees_under_every_pair_of_values() {
    let rows = covering(Strength::Pairs);
    let transport = transport(RuleBook::default(), truth);
    let findings = judge(rows.clone(), transport, TOKEN).expect("the reference is there");
    assert_eq!(findings.differences, []);
    assert_eq!(findings.troubles, []);
    assert_eq!(findings.ending(), MatrixEnding::Agrees);
    assert_eq!(findings.ran, u64::try_from(rows.len()).unwrap());
}

#[test]
fn both_ways_to_ask_count_alike() {
    let findings = behind(truth);
    let refused = some().into_iter().filter(|one| standing(*one).is_none());
    assert_eq!(findings.invalid, u64::try_from(refused.count()).unwrap());
    assert!(findings.invalid > 0 && findings.ending() == MatrixEnding::Agrees);
    let outcomes: std::collections::BTreeSet<_> = some().into_iter().map(standing).collect();
    assert_eq!(findings.outcomes, outcomes);
}

#[test]
fn a_hidden_method_is_found_wherever_it_should_show() {
    let findings = behind(|_, path, _, body| {
        if path == "/v1/methods/available"
            && let Some(Json::Array(methods)) = body.get_mut("value")
        {
            methods.retain(|method| method["method"] != "officePhone");
        }
    });
    let mut affected = some();
    affected.retain(|one| {
        standing(*one).is_some_and(|(available, _)| available.contains(&Method::OfficePhone))
    });
    assert_eq!(findings.different, u64::try_from(affected.len()).unwrap());
    let told: Vec<Combination> = findings
        .differences
        .iter()
        .map(|one| one.combination)
        .collect();
    assert_eq!(told, affected[..20]);
    let first = &findings.differences[0];
    assert_eq!(first.aspect, Aspect::Available);
    assert_eq!(
        first
            .expected
            .replace("officePhone", "")
            .replace("++", "+")
            .trim_matches('+'),
        first.actual
    );
}

#[test]
fn each_part_of_an_answer_is_compared() {
    let table: [(Aspect, Lie); 7] = [
        (Aspect::Policy, |method, _, status, _| {
            if method == "PUT" && *status == 422 {
                *status = 201;
            }
        }),
        (Aspect::SignIn, |_, path, _, body| {
            if path == "/v1/sessions" && body["state"] == "interrupted" {
                body["state"] = json!("reviewDue");
            }
        }),
        (Aspect::Details, |_, path, _, body| {
            if path == "/v1/methods/available"
                && let Some(first) = body["value"]
                    .as_array_mut()
                    .and_then(|list| list.first_mut())
            {
                first["purposes"] = json!([]);
            }
        }),
        (Aspect::Wizard, |_, path, status, body| {
            if path == "/v1/wizard" && *status == 409 {
                (*status, *body) = (
                    200,
                    json!({ "page": "success", "required": [], "alternatives": [], "registered": [] }),
                );
            }
        }),
        (Aspect::Wizard, |_, path, status, body| {
            if path == "/v1/wizard" && *status == 200 {
                body["page"] = json!("list");
            }
        }),
        (Aspect::Required, |_, path, status, body| {
            if path == "/v1/wizard" && *status == 200 {
                body["required"].as_array_mut().expect("a list").pop();
            }
        }),
        (Aspect::Alternatives, |_, path, status, body| {
            if path == "/v1/wizard" && *status == 200 {
                body["alternatives"] = json!(["email"]);
            }
        }),
    ];
    for (aspect, lie) in table {
        let findings = behind(lie);
        assert_eq!(findings.ending(), MatrixEnding::Differs, "{aspect:?}");
        let others = findings
            .differences
            .iter()
            .filter(|one| one.aspect != aspect);
        assert_eq!(others.count(), 0, "{aspect:?}: {:?}", findings.differences);
        assert_eq!(findings.troubles, [], "{aspect:?}");
    }
}

#[test]
fn defects_of_the_rules_are_found() {
    let defects: [fn(&mut Rules); 8] = [
        |rules| rules.questions_for_administrators = true,
        |rules| rules.administrator_gates = 1,
        |rules| rules.impossible_does_not_bind = false,
        |rules| rules.notification_alone_resets = true,
        |rules| rules.app_codes_follow_policy = false,
        |rules| rules.apps_are_one_gate = false,
        |rules| rules.asks_for_smallest_set = false,
        |rules| rules.interrupts = false,
    ];
    for (number, defect) in defects.into_iter().enumerate() {
        let transport = transport(defective(defect), truth);
        let findings = judge(some(), transport, TOKEN).expect("the reference is there");
        assert!(findings.different > 0, "defect {number}");
    }
}

#[test]
fn a_target_that_falls_silent_is_given_up() {
    let findings = behind(|method, path, status, _| {
        if method == "POST" && path == "/v1/sessions" {
            *status = NO_ANSWER;
        }
    });
    assert_eq!(findings.ending(), MatrixEnding::Incomplete);
    assert_eq!((findings.different, findings.troubles.len()), (0, 20));
    assert!(findings.not_reached() > 0, "the rest is not tried");
    assert!(
        findings.troubles[0].why.starts_with("signIn: "),
        "{}",
        findings.troubles[0].why
    );
}

#[test]
fn an_answer_that_is_unheard_of_differs() {
    let findings = behind(|_, path, status, body| {
        if path == "/v1/methods/available" {
            (*status, *body) = (500, json!({ "code": "oops" }));
        }
    });
    assert_eq!(findings.different, findings.ran - findings.invalid);
    assert_eq!(
        findings.differences[0].actual,
        "an answer that no rule matches: 500 `oops`"
    );
}

#[test]
fn a_wrong_token_is_told_before_any_verdict() {
    let wrong = judge(some(), transport(RuleBook::default(), truth), "another");
    assert!(
        matches!(wrong, Err(RunError::Credentials { .. })),
        "{wrong:?}"
    );
}

#[test]
fn what_the_target_declares_absent_is_not_asked_of_it() {
    let findings = behind(|_, path, _, body| {
        if path == "/.well-known/security-info" {
            for (list, word) in [("methods", "email"), ("features", "policyValidation")] {
                body[list]
                    .as_array_mut()
                    .expect("a list")
                    .retain(|one| one != word);
            }
        }
        if path == "/v1/methods/available"
            && let Some(Json::Array(methods)) = body.get_mut("value")
        {
            methods.retain(|method| method["method"] != "email");
        }
    });
    let with_mail = |one: &Combination| {
        standing(*one).is_none_or(|(available, _)| available.contains(&Method::Email))
    };
    let without: Vec<Combination> = some().into_iter().filter(|one| !with_mail(one)).collect();
    assert_eq!(findings.ran, u64::try_from(without.len()).unwrap());
    assert_eq!(
        findings.not_applicable + findings.ran,
        u64::try_from(some().len()).unwrap()
    );
    assert_eq!(findings.ending(), MatrixEnding::Agrees);
}

#[test]
fn an_interruption_leaves_the_rest_out() {
    let stop = CancellationToken::new();
    stop.cancel();
    let live = Live {
        combinations: some(),
        session: session(transport(RuleBook::default(), truth), TOKEN),
        jobs: 2,
    };
    let findings = wait(judge_live(live, |_| {}, &stop)).expect("the reference is there");
    assert_eq!(findings.ending(), MatrixEnding::Interrupted);
    assert!(findings.not_reached() > 0);
}

#[test]
fn one_role_alone_has_a_tenant_too() {
    let mut administrators = some();
    administrators.retain(|one| one.holds(Field::Role));
    let transport = transport(RuleBook::default(), truth);
    let findings = judge(administrators.clone(), transport, TOKEN).expect("the reference is there");
    assert_eq!(findings.ending(), MatrixEnding::Agrees);
    assert_eq!(findings.ran, u64::try_from(administrators.len()).unwrap());
    assert_eq!(administrators[0].role(), Role::Administrator);
}
