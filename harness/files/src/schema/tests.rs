use serde_json::json;

use crate::TomlDocument;

/// A format with one of each thing that a schema says.
fn schema() -> serde_json::Value {
    let command = |word: &str, key: &str| {
        json!({
            "title": "step",
            "type": "object",
            "properties": {
                "do": { "title": "command", "type": "string", "const": word },
                key: { "type": "string" },
                "expect": { "$ref": "#/$defs/Expect" },
            },
            "required": ["do", key],
            "additionalProperties": false,
        })
    };
    json!({
        "type": "object",
        "properties": {
            "title": { "type": "string", "description": "What it\nshows." },
            "count": { "type": ["integer", "null"], "format": "uint8", "minimum": 1 },
            "share": { "type": "number" },
            "on": { "type": "boolean" },
            "kinds": { "type": "array", "minItems": 1, "uniqueItems": true, "items": { "$ref": "#/$defs/Kind" } },
            "mode": { "type": "string", "enum": ["fast", "slow"] },
            "times": { "anyOf": [{ "type": "integer" }, { "type": "string" }, { "type": "null" }] },
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
            "free": {},
            "inner": { "$ref": "#/$defs/Inner" },
            "steps": { "type": "array", "items": { "oneOf": [
                command("signIn", "user"),
                command("wait", "by"),
                { "title": "step", "type": "object", "properties": { "together": { "type": "array" } },
                  "required": ["together"], "additionalProperties": false },
            ] } },
        },
        "required": ["title"],
        "additionalProperties": false,
        "$defs": {
            "Kind": { "oneOf": [{ "const": "text", "type": "string" }, { "const": "call", "type": "string" }] },
            "Inner": { "type": "object", "properties": { "a": { "type": "integer" }, "b": { "type": "integer" } },
                       "required": ["a"], "additionalProperties": false },
            "Expect": { "anyOf": [
                { "type": "object", "properties": { "state": { "type": "string" } }, "additionalProperties": false },
                { "type": "object", "properties": { "absent": { "type": "boolean", "const": true } },
                  "required": ["absent"], "additionalProperties": false },
            ] },
        },
    })
}

/// Returns line, message and help of everything that is wrong with a text, which has a title in its first line.
fn told(text: &str) -> Vec<String> {
    let document = TomlDocument::parse("x.toml", &format!("title = \"a\"\n{text}"));
    let errors = document.errors(document.check(&schema()).problems);
    let problems = errors.problems().iter();
    problems
        .map(|problem| match &problem.help {
            Some(help) => format!("{}: {}; {help}", problem.line, problem.message),
            None => format!("{}: {}", problem.line, problem.message),
        })
        .collect()
}

/// Texts below a title, and all that is told of each.
const WRONG: [(&str, &str); 23] = [
    (
        "colour = 1",
        "2: unknown key `colour`; allowed: `title`, `count`, `share`, `on`, `kinds`, `mode`, `times`, `labels`, `free`, `inner`, `steps`",
    ),
    (
        "inner = { a = 1, c = 2 }",
        "2: unknown key `c` in `inner`; allowed: `a`, `b`",
    ),
    (
        "inner = { b = 1 }",
        "2: `a` is missing in `inner`; add `a = …`",
    ),
    (
        "count = \"1\"",
        "2: `count` cannot be a string; write a whole number",
    ),
    (
        "count = 0",
        "2: 0 is out of range for `count`; write a whole number from 1 to 255",
    ),
    (
        "count = 256",
        "2: 256 is out of range for `count`; write a whole number from 1 to 255",
    ),
    (
        "times = 99999999999999999999",
        "2: 99999999999999999999 is out of range for `times`; write a whole number from -9223372036854775808 to 9223372036854775807",
    ),
    (
        "share = nan",
        "2: `share` cannot be a fraction; write a number",
    ),
    (
        "on = 1",
        "2: `on` cannot be a whole number; write `true` or `false`",
    ),
    (
        "kinds = \"text\"",
        "2: `kinds` cannot be a string; write a list; allowed: `text`, `call`",
    ),
    ("kinds = []", "2: `kinds` is empty"),
    ("kinds = [\"text\", \"text\"]", "2: `text` is listed twice"),
    (
        "kinds = [\"txt\"]",
        "2: unknown value `txt` for `kinds`; did you mean `text`? allowed: `text`, `call`",
    ),
    (
        "mode = \"last\"",
        "2: unknown value `last` for `mode`; did you mean `fast`? allowed: `fast`, `slow`",
    ),
    (
        "times = true",
        "2: `times` cannot be a boolean; write a whole number or a string",
    ),
    (
        "labels = { a = 1 }",
        "2: `labels.a` cannot be a whole number; write a string",
    ),
    (
        "[[steps]]",
        "2: a step without `do`; allowed: `signIn`, `wait`",
    ),
    (
        "[[steps]]\ndo = \"singIn\"",
        "3: unknown command `singIn`; did you mean `signIn`? allowed: `signIn`, `wait`",
    ),
    (
        "[[steps]]\ndo = 1",
        "3: `steps` cannot be a whole number; write one of the words; allowed: `signIn`, `wait`",
    ),
    (
        "[[steps]]\ndo = \"signIn\"",
        "2: `user` is missing in a `signIn` step; add `user = …`",
    ),
    (
        "[[steps]]\ndo = \"wait\"\nby = \"1s\"\nexpect = { stat = \"x\" }",
        "5: unknown key `stat` in `expect` of a `wait` step; did you mean `state`? allowed: `state`, `absent`",
    ),
    (
        "[[steps]]\ndo = \"wait\"\nby = \"1s\"\nexpect = { absent = false }",
        "5: only `true` can be written here",
    ),
    (
        "[[steps]]\ntogether = []\nby = \"1s\"",
        "4: unknown key `by` in a `together` step; allowed: `together`",
    ),
];

#[test]
fn what_does_not_fit_is_told_by_this_table() {
    for (text, expected) in WRONG {
        assert_eq!(told(text), [expected], "{text}");
    }
}

#[test]
fn what_fits_is_not_told() {
    let right = "count = 255\nshare = 1\non = false\nkinds = [\"text\", \"call\"]\nmode = \"slow\"\ntimes = \"3\"\n\
                 labels = { a = \"b\" }\nfree = { a = [1.5, { b = true }] }\ninner.a = 1\n\
                 [[steps]]\ndo = \"wait\"\nby = \"1s\"\nexpect = {}\n[[steps]]\ntogether = [1]\n";
    assert_eq!(told(right), Vec::<String>::new());
}

#[test]
fn a_required_key_is_told_with_what_it_is_for() {
    let document = TomlDocument::parse("x.toml", "on = true\n");
    let problems = document.check(&schema()).problems;
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}");
    };
    assert_eq!(problem.message, "`title` is missing");
    assert_eq!(
        problem.help.as_deref(),
        Some("add `title = …`: What it shows.")
    );
}

#[test]
fn what_does_not_fit_is_left_out_and_the_rest_is_kept() {
    let text = "title = \"a\"\ncount = \"x\"\nkinds = [\"text\", \"txt\"]\ninner = { b = 1 }\ncolour = 1\nfree = 2\n";
    let document = TomlDocument::parse("x.toml", text);
    let checked = document.check(&schema());
    assert_eq!(
        serde_json::Value::Object(checked.value),
        json!({"title": "a", "kinds": ["text"], "free": 2})
    );
    assert_eq!(checked.problems.len(), 4);
}

#[test]
fn a_long_table_is_marked_by_its_key() {
    let text = "title = \"a\"\nsteps = [{\n  do = \"signIn\", expect = {},\n}]\ninner = { # of two lines\n b = 1 }\n";
    let document = TomlDocument::parse("x.toml", text);
    let checked = document.check(&schema());
    let marked: Vec<&str> = checked
        .problems
        .iter()
        .map(|problem| &text[problem.span.clone()])
        .collect();
    assert_eq!(marked, ["{\n  do = \"signIn\", expect = {},\n}", "inner"]);
}
