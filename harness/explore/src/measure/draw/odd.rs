//! Odd values, and the places in a body where one can stand.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::Value as Json;

/// What stands for an odd value until the body is written: some are no JSON values.
const MARK: &str = "\"@@odd@@\"";

/// Draws a value as it is written, with what it is called.
pub(super) fn odd_value(rng: &mut ChaCha8Rng) -> (&'static str, String) {
    let table: [(&str, &str); 26] = [
        ("a number", "7"),
        ("a negative number", "-1"),
        ("a fraction", "0.5"),
        ("a number beyond 64 bits", "99999999999999999999999999"),
        ("a number beyond all numbers", "1e400"),
        ("2^53 and one", "9007199254740993"),
        ("a boolean", "true"),
        ("null", "null"),
        ("a list", "[]"),
        ("a list of lists", "[[[[[[]]]]]]"),
        ("an object", "{}"),
        ("an object with an operator", "{\"$gt\":\"\"}"),
        ("an empty text", "\"\""),
        ("a space", "\" \""),
        ("the text NaN", "\"NaN\""),
        ("the text -Infinity", "\"-Infinity\""),
        ("a NUL", "\"a\\u0000b\""),
        ("half a surrogate pair", "\"\\ud800\""),
        ("a surrogate pair the wrong way round", "\"\\udc00\\ud800\""),
        ("a path", "\"../../../../etc/passwd\""),
        ("a quote", "\"' OR '1'='1\""),
        ("a format", "\"%s%n%x{0}${7*7}\""),
        ("text from right to left", "\"\\u202eabc\""),
        ("line ends", "\"a\\r\\nX-Odd: yes\""),
        ("a date that is none", "\"2026-02-30T25:61:00Z\""),
        (
            "an emoji",
            "\"\u{1f600}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\"",
        ),
    ];
    let long = |length: usize| format!("\"{}\"", "x".repeat(length));
    match rng.random_range(0..table.len() + 3) {
        at if at < table.len() => (table[at].0, table[at].1.to_owned()),
        at if at == table.len() => ("10,000 characters", long(10_000)),
        at if at == table.len() + 1 => ("100,000 characters", long(100_000)),
        _ => {
            let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
            ("a list 100 deep", nested)
        }
    }
}

/// Lists the JSON Pointers of everything in a value.
pub(super) fn places(value: &Json) -> Vec<String> {
    let mut pointers = Vec::new();
    collect(value, "", &mut pointers);
    pointers
}

fn collect(value: &Json, pointer: &str, pointers: &mut Vec<String>) {
    let mut inner = |name: String, value: &Json| {
        let pointer = format!("{pointer}/{name}");
        pointers.push(pointer.clone());
        collect(value, &pointer, pointers);
    };
    match value {
        Json::Object(members) => members
            .iter()
            .for_each(|(name, value)| inner(name.replace('~', "~0").replace('/', "~1"), value)),
        Json::Array(elements) => elements
            .iter()
            .enumerate()
            .for_each(|(at, value)| inner(at.to_string(), value)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// Writes a value with something else in one place.
pub(super) fn with(mut whole: Json, pointer: &str, odd: &str) -> String {
    if let Some(place) = whole.pointer_mut(pointer) {
        *place = Json::from(MARK.trim_matches('"'));
    }
    whole.to_string().replacen(MARK, odd, 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_values_stand_where_they_are_told_to() {
        let whole = json!({ "a": [{ "b/c": 1 }] });
        assert_eq!(places(&whole), ["/a", "/a/0", "/a/0/b~1c"]);
        assert_eq!(
            with(whole, "/a/0/b~1c", "1e400"),
            r#"{"a":[{"b/c":1e400}]}"#
        );
    }
}
