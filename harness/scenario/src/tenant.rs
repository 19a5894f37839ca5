//! The rules about policies: one that cannot be met is refused when it is set, so a file must not rest on one.

use proofup_domain::edition::Edition;
use proofup_domain::policy::Policy;
use proofup_files::{Node, Problem, line_of};
use serde_json::Value;

use super::draft::StepDraft;

/// Checks the file's policy and, patch by patch, what the steps make of it.
pub(crate) fn policies(
    source: &str,
    root: &Node,
    policy: Option<&Policy>,
    editions: &[Edition],
    steps: &[StepDraft<'_>],
    problems: &mut Vec<Problem>,
) {
    if let Some(entry) = root
        .get("policy")
        .and_then(|policy| policy.entry("edition"))
    {
        problems.retain(|problem| problem.span != entry.key_span);
        problems.push(
            Problem::new("`edition` in [policy]", "here", entry.key_span.clone()).help(
                "write `editions = [\"2018-07-25\"]` at the top of the file: one case per edition",
            ),
        );
    }
    let Some(policy) = policy else { return };
    let place = root.get("policy").unwrap_or(root);
    let before = problems.len();
    for (field, reason) in defects(policy, editions) {
        problems.push(
            Problem::new(
                format!("the policy cannot be met: {reason}"),
                format!("`{field}`"),
                place.closest(&field).span.clone(),
            )
            .help(format!("change `{field}` in [policy]")),
        );
    }
    if problems.len() > before {
        return;
    }
    let Ok(mut now) = serde_json::to_value(policy) else {
        return;
    };
    for step in steps.iter().filter(|step| step.word() == "setPolicy") {
        let Some(patch) = step.node.get("policy") else {
            continue;
        };
        if step.may_be_refused() || step.node.get("mangle").is_some() {
            continue;
        }
        merge(&mut now, &patch.json());
        let Ok(patched) = serde_json::from_value::<Policy>(now.clone()) else {
            return;
        };
        let found = defects(&patched, editions);
        for (field, reason) in &found {
            problems.push(
                Problem::new(
                    format!(
                        "the policy cannot be met from line {} on: {reason}",
                        line_of(source, step.node.span.start)
                    ),
                    format!("`{field}`"),
                    patch.closest(field).span.clone(),
                )
                .help(format!(
                    "change `{field}`, or expect a refusal: `refused = \"invalidPolicy\"`"
                )),
            );
        }
        if !found.is_empty() {
            return;
        }
    }
}

/// Lists why a policy cannot be met in some of the editions: field and reason.
fn defects(policy: &Policy, editions: &[Edition]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for edition in editions {
        let policy = Policy {
            edition: *edition,
            ..policy.clone()
        };
        for defect in proofup_oracle::policy::defects(&policy) {
            let defect = (defect.field.to_owned(), defect.reason.to_string());
            if !found.contains(&defect) {
                found.push(defect);
            }
        }
    }
    found
}

/// Applies a merge patch (RFC 7396). TOML has no null, so nothing is taken away.
fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}
