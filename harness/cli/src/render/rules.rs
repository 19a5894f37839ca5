//! How rules for every answer are told that were broken outside a run.

use std::fmt::Write as _;

use proofup_judge::report::words::counted;
use proofup_world::answer_rules::BrokenRule;

/// Returns what broke a rule for every answer: `CODE-7/no-answer-holds-a-code: listMethods $.value: explore-1-12`.
pub(crate) fn broken_rule(broken: &BrokenRule) -> String {
    let (requirement, words) = broken.rule.check();
    let mut text = format!(
        "\nFOUND {requirement}/{words}\n  {}: {}\n    expected: {}\n    actual:   broken in {}, first in {}\n",
        broken.operation,
        broken.place,
        broken.rule.wants(),
        counted(broken.cases, "case"),
        broken.case
    );
    if let Some(exchange) = &broken.exchange {
        let _ = writeln!(text, "  {}", exchange.curl());
    }
    text
}
