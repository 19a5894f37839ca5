//! Spells values as scenario files do, for files that the harness writes.

use serde_json::Value as Json;

/// Writes an inline table. Words, lists and numbers are spelt alike in JSON and TOML; tables are not.
pub fn inline<'a>(fields: impl IntoIterator<Item = (&'a str, &'a Json)>) -> String {
    let fields: Vec<String> = fields
        .into_iter()
        .map(|(key, value)| format!("{} = {}", key_spelt(key), toml_value(value)))
        .collect();
    if fields.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", fields.join(", "))
    }
}

/// Writes a value.
pub fn toml_value(value: &Json) -> String {
    match value {
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(toml_value).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(members) => inline(members.iter().map(|(key, value)| (key.as_str(), value))),
        leaf => leaf.to_string(),
    }
}

fn key_spelt(key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare {
        key.to_owned()
    } else {
        Json::from(key).to_string()
    }
}
