//! Plans: what is wrong is told with its line and what is allowed, all at once.

use proofup_load::plan::{Arrivals, Overrides, json_schema, read};

const GOOD: &str = r#"
arrivals = { rate = "50/s" }
stop = { after = "30s" }
[mix]
enrollText = 1
"#;

#[track_caller]
fn told(text: &str) -> Vec<(usize, String, String)> {
    let errors = read("plan.toml", text).expect_err(text);
    assert_eq!(errors.path(), "plan.toml");
    errors
        .problems()
        .iter()
        .map(|problem| {
            let help = problem.help.clone().unwrap_or_default();
            (problem.line, problem.message.clone(), help)
        })
        .collect()
}

/// What is replaced, by what, and the line, the message and the help that tell of it.
const WRONG: &[(&str, &str, usize, &str, &str)] = &[
    (
        "enrollText = 1",
        "enrollTxt = 1",
        5,
        "unknown key `enrollTxt`",
        "did you mean `enrollText`?",
    ),
    (
        "enrollText = 1",
        "enrollText = 0",
        4,
        "the weights sum to zero",
        "`secondStepText`",
    ),
    ("50/s", "0/s", 2, "a rate of 0", "above 0"),
    ("50/s", "50", 2, "bad rate \"50\"", "200/s"),
    (
        "rate = \"50/s\"",
        "",
        2,
        "nothing says when flows begin",
        "users = 16",
    ),
    (
        "rate = \"50/s\"",
        "rate = \"50/s\", users = 3",
        2,
        "exclude each other",
        "open loop",
    ),
    ("after = \"30s\"", "", 3, "exactly one way", "flows = 1000"),
    (
        "after = \"30s\"",
        "after = \"30\"",
        3,
        "bad duration \"30\"",
        "500ms",
    ),
    (
        "[mix]",
        "warmUp = \"40s\"\n[mix]",
        4,
        "over before its warm-up",
        "shorten",
    ),
    (
        "[mix]",
        "pace = 61\n[mix]",
        4,
        "the pace cannot be 61",
        "from 1 to 60",
    ),
    (
        "[mix]",
        "accounts = 10\n[mix]",
        4,
        "10 accounts cannot carry 50",
        "at least 1500",
    ),
    (
        "[mix]",
        "thresholds = [\"p99<50ms\", \"enrollText.p98<50ms\"]\n[mix]",
        4,
        "unknown metric `p98`",
        "`p99.9`",
    ),
    (
        "[mix]",
        "thresholds = [\"enroll.p99<50ms\"]\n[mix]",
        4,
        "unknown flow `enroll`",
        "`enrollText`",
    ),
    (
        "[mix]",
        "probes = { wrongCode = \"200%\" }\n[mix]",
        4,
        "bad share \"200%\"",
        "0 to 100",
    ),
    (
        "[mix]",
        "connections = \"some\"\n[mix]",
        4,
        "unknown value `some`",
        "`keepAlive`",
    ),
    ("[mix]", "mix = 3\n[mix]", 5, "duplicate key", ""),
];

#[test]
fn what_is_wrong_is_told_by_this_table() {
    for &(from, to, line, message, help) in WRONG {
        let found = told(&GOOD.replacen(from, to, 1));
        let fits = |(at, what, how): &(usize, String, String)| {
            *at == line && what.contains(message) && how.contains(help)
        };
        assert!(found.iter().any(fits), "{to}: {found:?}");
    }
}

#[test]
fn everything_is_told_at_once() {
    let text = GOOD
        .replace("50/s", "0/s")
        .replace("enrollText = 1", "")
        .replace("30s", "0s");
    assert_eq!(told(&text).len(), 3);
}

#[test]
fn the_plan_of_the_repository_is_right_and_fits_the_schema() {
    let text = include_str!("../../../fixtures/load/mix.toml");
    read("fixtures/load/mix.toml", text).expect("it is right");
    let schema = json_schema();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let json: serde_json::Value = toml::from_str(text).expect("it is TOML");
    assert!(validator.is_valid(&json));
    assert!(!validator.is_valid(&serde_json::json!({ "arrivals": {} })));
}

#[test]
fn what_the_command_line_says_wins() {
    let plan = read("plan.toml", GOOD).expect("it is right");
    let overrides = Overrides {
        users: Some(3),
        ..Overrides::default()
    };
    let closed = plan.clone().with(&overrides);
    assert_eq!(closed.arrivals, Arrivals::Closed { users: 3 });
    assert_ne!(closed.fingerprint(), plan.fingerprint());
    assert_eq!(
        plan.clone().with(&Overrides::default()).fingerprint(),
        plan.fingerprint()
    );
}
