//! The page about target files: every example in it that is a whole file loads.

use proofup_binding::{CompiledTarget, json_schema};

use crate::support::workspace;

#[test]
fn every_whole_file_of_the_page_loads() {
    let page = std::fs::read_to_string(workspace("docs/target-files.md")).expect("the page ships");
    let mut whole = 0;
    for (number, block) in page.split("```toml\n").skip(1).enumerate() {
        let text = block.split("```").next().unwrap_or_default();
        let parsed: Result<toml::Table, _> = toml::from_str(text);
        assert!(
            parsed.is_ok(),
            "example {number} is TOML: {:?}",
            parsed.err()
        );
        if !text.starts_with("name = ") {
            continue;
        }
        whole += 1;
        let environment = |name: &str| Some(format!("value-of-{name}"));
        CompiledTarget::compile_in("docs/target-files.md", text, &environment)
            .unwrap_or_else(|errors| panic!("example {number}: {:?}", miette::Report::new(errors)));
    }
    assert!(whole >= 3, "{whole}");
}

/// Tells whether a key stands in a page as code: on its own, or as a key of an example.
fn named(page: &str, key: &str) -> bool {
    page.contains(&format!("`{key}`")) || page.contains(&format!("{key} = "))
}

#[test]
fn every_key_of_the_format_stands_in_the_page() {
    let page = std::fs::read_to_string(workspace("docs/target-files.md")).expect("the page ships");
    let schema = json_schema();
    let mut missing = Vec::new();
    let definitions = schema["$defs"].as_object().expect("there are definitions");
    // The fields of a policy are those of scenarios.
    let policy = schemars::schema_for!(proofup_domain::policy::Policy).to_value();
    let of_policy = |name: &String| name == "Policy" || policy["$defs"].get(name).is_some();
    let own = definitions
        .iter()
        .filter(|(name, _)| !of_policy(name))
        .map(|(_, definition)| definition);
    for definition in own.chain([&schema]) {
        let properties = definition["properties"].as_object().into_iter().flatten();
        for (key, _) in properties {
            if !named(&page, key) {
                missing.push(key.clone());
            }
        }
    }
    missing.sort();
    missing.dedup();
    // The words of the domain stand in its own pages.
    let of_the_domain = |key: &String| {
        ["Seconds", "Tries", "Ms", "Failures", "Length"]
            .iter()
            .any(|end| key.ends_with(end))
            || proofup_binding::Operation::from_word(key).is_some()
    };
    missing.retain(|key| !of_the_domain(key));
    assert!(missing.is_empty(), "{missing:?}");
}
