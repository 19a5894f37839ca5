//! What a target file may not say about the world around the implementation.

use proofup_binding::CompiledTarget;

use crate::product::TARGET;

/// Lists the problems of a target file that says this much more.
fn problems(more: &str) -> Vec<String> {
    let text = TARGET
        .replace("{base}", "http://127.0.0.1:9")
        .replace("{more}", more);
    let environment = |name: &str| (name == "KEY").then(|| "k".to_owned());
    match CompiledTarget::compile_in("tiny.toml", &text, &environment) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.problems().iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn what_surrounds_a_target_is_checked_when_its_file_is_loaded() {
    for (more, expected) in [
        ("[process]", "line 6: `start` is missing"),
        ("[process]\nstart = \" \"", "`start` is empty"),
        (
            "[process]\nstart = \"x\"\nready = { path = \"login\" }",
            "`login`",
        ),
        (
            "[process]\nstart = \"x\"\nready = { within = \"soon\" }",
            "bad duration \"soon\"",
        ),
        (
            "[process]\nstart = \"x\"\nenv = { A = \"{gateway.fax}\" }",
            "`gateway.fax`",
        ),
        (
            "[process]\nstart = \"x\"\nenv = { A = \"${NOBODY}\" }",
            "`NOBODY`",
        ),
        (
            "[process]\nstart = \"x\"\nenv = { \"A=B\" = \"\" }",
            "`A=B`",
        ),
        ("[gateways]\nhttp = 70000", "70000 is not a port"),
        ("[gateways]\nhttp = 9601\nsmtp = 9601", "the same port"),
        ("[gateways]\nbind = \"localhost\"", "not an IP address"),
        (
            "[gateways]\nadvertised = \"http://host\"",
            "not a host name",
        ),
        (
            "clock = { move = \"operation\" }",
            "nothing moves the clock",
        ),
        (
            "clock = { move = \"libfaketime\" }",
            "which file its clock is",
        ),
        ("clock = { move = \"command\" }", "has no command"),
        ("clock = { move = \"command\", command = \"x\" }", "how far"),
        (
            "clock = { command = \"x {seconds}\" }",
            "does not say that it moves",
        ),
        ("policySettable = [\"twoStep.kind\"]", "`twoStep.kind`"),
        ("policySettable = [\"edition\"]", "`edition`"),
        ("policySettable = [\"twoStep.kinds\"]", "nothing sets them"),
    ] {
        let problems = problems(more);
        assert_eq!(problems.len(), 1, "{more}: {problems:?}");
        assert!(problems[0].contains(expected), "{more}: {problems:?}");
    }
    for fine in [
        "",
        "[gateways]\nbind = \"0.0.0.0\"\nadvertised = \"host.docker.internal\"",
        "[process]\nstart = \"x\"\nenv = { A = \"{gateway.smtpHost}:{gateway.smtpPort} ${KEY}\" }",
    ] {
        assert_eq!(problems(fine), Vec::<String>::new(), "{fine}");
    }
}
