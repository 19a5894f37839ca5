//! The scenario of a difference fails against the same target, and passes against a sound one.

use std::sync::atomic::AtomicBool;

use proofup_binding::Transport;
use proofup_explore::matrix::combination::Combination;
use proofup_explore::matrix::counterexample;
use proofup_explore::matrix::decision::registered_sets;
use proofup_explore::matrix::finding::MatrixDifference;
use proofup_explore::matrix::sweep::{Sweep, sweep};
use proofup_judge::outcome::Outcome;
use proofup_reference::rules::{RuleBook, Rules};
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::suite_from_paths;
use serde_json::{Value as Json, json};

use super::reference::{Lie, TOKEN, decider, defective, judge, session, transport, truth};

/// Runs the scenario of a difference and gives the outcomes of its checks.
fn replay(difference: &MatrixDifference, transport: Transport) -> Vec<Outcome> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("found.toml");
    let text = counterexample(difference);
    std::fs::write(&file, &text).expect("the file can be written");
    let catalogue = embedded_catalogue();
    let suite = suite_from_paths(&[file.display().to_string()], &catalogue);
    let suite = suite.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let scenario = suite.scenarios[0].clone();
    let checks = crate::judged(&session(transport, TOKEN), scenario)
        .checks
        .into_iter();
    checks.map(|check| check.outcome).collect()
}

/// Demands that the scenario fails here, and that every check of it passes on the sound reference.
#[track_caller]
fn check(difference: &MatrixDifference, defective: Transport) {
    let text = counterexample(difference);
    let here = replay(difference, defective);
    assert!(
        here.iter()
            .any(|outcome| matches!(outcome, Outcome::Failed(_))),
        "{here:?}\n{text}"
    );
    let sound = replay(difference, transport(RuleBook::default(), truth));
    let passes = |outcome: &Outcome| matches!(outcome, Outcome::Passed);
    assert!(
        !sound.is_empty() && sound.iter().all(passes),
        "{sound:?}\n{text}"
    );
}

fn some() -> Vec<Combination> {
    let mut some = Combination::all();
    some.retain(|one| one.policy_number() % 151 == 7);
    some
}

#[test]
fn what_was_found_over_http_is_found_again_by_its_scenario() {
    let lies: [Lie; 6] = [
        |_, path, _, body| {
            if path == "/v1/methods/available"
                && let Some(Json::Array(methods)) = body.get_mut("value")
            {
                methods.retain(|method| method["method"] != "mobilePhone");
            }
        },
        |_, path, _, body| {
            if path == "/v1/methods/available"
                && let Some(first) = body["value"]
                    .as_array_mut()
                    .and_then(|list| list.first_mut())
            {
                first["kinds"] = json!([]);
            }
        },
        |_, path, status, body| {
            if path == "/v1/wizard" && *status == 409 {
                (*status, *body) = (
                    200,
                    json!({ "page": "success", "required": [], "alternatives": [], "registered": [] }),
                );
            }
        },
        |_, path, status, body| {
            if path == "/v1/wizard" && *status == 200 {
                body["alternatives"] = json!(["email"]);
            }
        },
        |_, path, status, body| {
            if path == "/v1/wizard" && *status == 200 {
                body["page"] = json!("list");
            }
        },
        // A policy that is to be refused is taken, whichever way it is set.
        |method, path, status, body| {
            if (method == "PUT" || method == "PATCH")
                && path.starts_with("/testControl")
                && *status == 422
            {
                (*status, *body) = (201, json!({}));
            }
        },
    ];
    for lie in lies {
        let lying = || transport(RuleBook::default(), lie);
        let findings = judge(some(), lying(), TOKEN).expect("the reference is there");
        check(&findings.differences[0], lying());
    }
}

#[test]
fn a_sound_policy_that_is_refused_is_found_again() {
    let refuses: Lie = |method, path, status, body| {
        let sets = path.starts_with("/testControl/v1/tenants/matrix-") && method == "PUT";
        if (sets || method == "PATCH") && (200..300).contains(status) {
            (*status, *body) = (
                422,
                json!({ "type": "urn:x", "title": "x", "status": 422, "code": "invalidPolicy" }),
            );
        }
    };
    let lying = || transport(RuleBook::default(), refuses);
    let findings = judge(some(), lying(), TOKEN).expect("the reference is there");
    check(&findings.differences[0], lying());
}

#[test]
fn what_only_registered_methods_bring_out_is_found_again_over_http() {
    let defects: [fn(&mut Rules); 3] = [
        |rules| rules.counts_registered = false,
        |rules| rules.one_of_each_method = false,
        |rules| rules.apps_max = 1,
    ];
    let (sets, combinations) = (registered_sets(2), some());
    for defect in defects {
        let findings = sweep(&Sweep {
            combinations: &combinations,
            registered: &sets,
            decider: &decider(defective(defect)),
            jobs: 2,
            stop: &AtomicBool::new(false),
            progress: &|_| {},
        });
        assert!(!findings.differences[0].registered.is_empty());
        for difference in findings.differences.iter().step_by(7) {
            check(difference, transport(defective(defect), truth));
        }
    }
}
