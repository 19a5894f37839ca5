//! A server whose codes are too short: what is read of its messages is a defect of the server, not of the run.

use proofup_reference::app::{AppConfig, app};
use proofup_reference::rules::RuleBook;
use proofup_scenario::catalogue::embedded_catalogue;
use proofup_scenario::embedded_suite;

use crate::planted::carried;
use crate::{config, failed_checks};

/// Lists the failed checks of a few cases on a server whose codes have so many digits.
fn failed(digits: u32) -> Vec<String> {
    let suite = embedded_suite(&embedded_catalogue()).expect("the suite loads");
    let some = suite.scenarios.into_iter().step_by(60).collect();
    let config = config(None, some);
    let server = app(AppConfig {
        test_control_token: config.session.control_token.clone(),
        rule_book: RuleBook::default().altered(|rules| rules.limits.code_length = digits),
        ..AppConfig::new(config.session.clock.clone())
    });
    failed_checks(config, carried(server))
}

#[test]
fn a_message_with_five_digits_fails_the_requirement_of_codes_with_six() {
    let is_of_a_code = |slug: &String| slug.starts_with("CODE-1/code-by-");
    assert_eq!(failed(6), Vec::<String>::new());
    let short = failed(5);
    assert!(short.iter().any(is_of_a_code), "{short:?}");
}
