//! TOML as the harness writes it for people: comments, tables, lists of tables, and one line for each key.

use std::fmt::Write as _;

use serde_json::Value;
use toml_writer::{TomlStringBuilder, TomlWrite as _};

/// A TOML file that is written from top to bottom.
///
/// Values are JSON. TOML has no null: a key with null is left out, at the top and inside tables and lists.
#[derive(Debug, Default)]
pub struct Writer(String);

impl Writer {
    /// An empty file.
    #[must_use]
    pub const fn new() -> Self {
        Self(String::new())
    }

    /// Writes a comment. What cannot stand in one, such as a line break, is escaped: it may come from a target.
    pub fn comment(&mut self, text: &str) {
        self.0.push_str("# ");
        for character in text.chars() {
            if character.is_control() {
                self.0.extend(character.escape_debug());
            } else {
                self.0.push(character);
            }
        }
        self.0.push('\n');
    }

    /// Begins a table, after an empty line; keys that follow stand in it.
    pub fn table(&mut self, name: &str) {
        let _ = writeln!(self.0, "\n[{}]", spelt_key(name));
    }

    /// Begins a table of a list of tables, after an empty line; keys that follow stand in it.
    pub fn item(&mut self, name: &str) {
        let _ = writeln!(self.0, "\n[[{}]]", spelt_key(name));
    }

    /// Writes a key and its value in a line.
    pub fn set(&mut self, key: &str, value: &Value) {
        self.set_at(&[key], value);
    }

    /// Writes a dotted key and its value in a line.
    pub fn set_at(&mut self, path: &[&str], value: &Value) {
        if !value.is_null() {
            let path: Vec<String> = path.iter().map(|key| spelt_key(key)).collect();
            let _ = writeln!(self.0, "{} = {}", path.join("."), spell(value));
        }
    }

    /// Writes a key and a list, each of its items in a line.
    pub fn set_lines(&mut self, key: &str, items: &[Value]) {
        let _ = writeln!(self.0, "{} = [", spelt_key(key));
        for item in items.iter().filter(|item| !item.is_null()) {
            let _ = writeln!(self.0, "    {},", spell(item));
        }
        self.0.push_str("]\n");
    }

    /// Returns the text.
    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }
}

/// Returns a value as TOML, in one line.
#[must_use]
pub fn spell(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

fn write_value(out: &mut String, value: &Value) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Null => Ok(()),
        Value::Bool(truth) => out.value(truth),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => out.value(number),
            (None, Some(number)) => out.value(number),
            (None, None) => out.value(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => {
            let builder = TomlStringBuilder::new(text);
            let spelt = builder
                .as_basic_pretty()
                .unwrap_or_else(|| builder.as_basic());
            out.value(spelt)
        }
        Value::Array(items) => {
            let items = items.iter().filter(|item| !item.is_null());
            let items: Vec<String> = items.map(spell).collect();
            write!(out, "[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let fields: Vec<String> = fields
                .map(|(key, value)| format!("{} = {}", spelt_key(key), spell(value)))
                .collect();
            if fields.is_empty() {
                out.write_str("{}")
            } else {
                write!(out, "{{ {} }}", fields.join(", "))
            }
        }
    };
}

fn spelt_key(key: &str) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = text.key(key);
    text
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;
    use crate::TomlDocument;

    #[test]
    fn a_file_reads_like_one_that_people_write() {
        let mut file = Writer::new();
        file.comment("Found by `x`: got \"\n[policy]\".");
        file.set("title", &json!("It's \"so\""));
        file.set("gone", &json!(null));
        file.table("policy");
        file.set_at(&["twoStep", "kinds"], &json!(["text", "call"]));
        file.item("steps");
        file.set(
            "expect",
            &json!({"state": "in", "a b": {"x": null, "y": 1.5}}),
        );
        file.set_lines("together", &[json!({"do": "signIn"}), json!({})]);
        assert_eq!(
            file.finish(),
            "# Found by `x`: got \"\\n[policy]\".\ntitle = \"It's \\\"so\\\"\"\n\n[policy]\n\
             twoStep.kinds = [\"text\", \"call\"]\n\n[[steps]]\nexpect = { state = \"in\", \"a b\" = { y = 1.5 } }\n\
             together = [\n    { do = \"signIn\" },\n    {},\n]\n"
        );
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e15..1e15_f64).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[a-z\"'\\\\\n\t\r\u{7f}#=\\[\\]]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::from),
                btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            top in btree_map("[a-z. ]{0,6}", value(), 0..4),
            table in btree_map(any::<String>(), value(), 0..4),
            items in vec(btree_map("[a-z]{1,6}", value(), 0..3), 0..3),
            comment in any::<String>(),
        ) {
            let mut file = Writer::new();
            let mut expected = Map::new();
            file.comment(&comment);
            for (key, value) in top {
                file.set(&key, &value);
                expected.insert(key, value);
            }
            file.table("t-able");
            let mut fields = Map::new();
            for (key, value) in table {
                file.set_at(&["in", &key], &value);
                fields.insert(key, value);
            }
            if fields.is_empty() {
                expected.insert("t-able".to_owned(), json!({}));
            } else {
                expected.insert("t-able".to_owned(), json!({ "in": fields }));
            }
            let mut list = Vec::new();
            for item in items {
                file.item("it.em");
                let lines: Vec<Value> = item.values().cloned().collect();
                file.set_lines("lines", &lines);
                list.push(json!({ "lines": lines }));
            }
            if !list.is_empty() {
                expected.insert("it.em".to_owned(), Value::from(list));
            }
            let text = file.finish();
            let document = TomlDocument::parse("x.toml", &text);
            prop_assert!(document.is_toml(), "{}", text);
            prop_assert_eq!(document.root().json(), Value::Object(expected), "{}", text);
        }
    }
}
