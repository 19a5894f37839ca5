//! A changed policy: a merge patch (RFC 7396).

use proofup_domain::policy::Policy;
use serde_json::{Map, Value};

/// Returns the policy after a patch, or none if the result is not a policy.
pub(crate) fn patched(policy: &Policy, patch: &Map<String, Value>) -> Option<Policy> {
    let mut merged = serde_json::to_value(policy).ok()?;
    merge(&mut merged, patch);
    serde_json::from_value(merged).ok()
}

/// Merges: null takes away, objects merge, everything else replaces.
fn merge(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(table) = target.as_object_mut() else {
        return;
    };
    for (key, value) in patch {
        match value {
            Value::Null => {
                table.remove(key);
            }
            Value::Object(inner) => merge(table.entry(key.clone()).or_insert(Value::Null), inner),
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
}
