//! Scenario files as people write them: good ones load, bad ones are told apart, with every error at once.

mod control;
mod good;
mod invalid;
mod rows;
mod schema;
mod spoilt;
mod suite;

use proofup_files::FileErrors;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::{Scenario, load, load_all};

/// Loads a text under a made-up path.
fn read(text: &str) -> Result<Scenario, FileErrors> {
    load("scenarios/samples/sample.toml", text, &embedded_catalogue())
}

/// Gives the messages of a text that does not load.
fn messages(text: &str) -> Vec<String> {
    match load_all("scenarios/samples/sample.toml", text, &embedded_catalogue()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.problems().iter().map(ToString::to_string).collect(),
    }
}

/// A story in which each kind of thing appears once.
const WINDOW: &str = r#"
title = "The offer to wait ends fourteen days after the first prompt"
editions = ["2018-07-25", "2019-02-13"]
start = 2026-03-01T00:00:00Z

[gateways]
sms = "messages"

[policy]
twoStep.kinds = ["textMessage"]
twoStep.registrationRequired = true
deferralDays = 14

[[users]]
name = "alice"
region = "NL"

[[users]]
name = "root"
role = "administrator"
methods = ["email"]

[[steps]]
check = "DEF-1/first-offer"
do = "signIn"
user = "alice"
as = "first"
expect = { state = "interrupted", deferral = { offered = true, daysLeft = { atMost = 14 } } }

[[steps]]
id = "within"
do = "defer"
user = "alice"
session = "first"

[[steps]]
do = "signIn"
user = "alice"
as = "second"

[[steps]]
check = "DEF-3/spoilt"
do = "defer"
user = "alice"
session = "second"
mangle = "wrongMethod"
expect = { refused = "methodNotAllowed", problem = true }
control = "within"

[[steps]]
do = "advanceClock"
by = "14d"

# The window is over.
[[steps]]
check = "DEF-5/too-late"
do = "defer"
user = "alice"
session = "second"
times = "codeTries - 1"
expect = { refused = { anyOf = ["deferralNotOffered", "interrupted"] } }
control = "within"
"#;
