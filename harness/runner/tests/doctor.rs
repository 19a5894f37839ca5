//! The doctor: what it finds in the mapping of the reference, whole and broken.

mod healthy;
mod known;
mod mistakes;

use std::sync::Arc;

use proofup_binding::CompiledTarget;
use proofup_runner::doctor::{ProbeFinding, Probed, TargetText, examine};
use proofup_runner::run::{RunConfig, TargetSession};
use tokio_util::sync::CancellationToken;

use crate::config;
use crate::planted::{session, wait};

/// The file whose mapping is right.
const REFERENCE: &str = include_str!("../../../fixtures/targets/reference.toml");

/// Says how to run with another text of the target file.
fn with_text(text: &str) -> (RunConfig, TargetText) {
    let target = CompiledTarget::compile("target.toml", text).expect("the file compiles");
    let named = TargetText::new("target.toml", text);
    let config = RunConfig {
        session: TargetSession {
            target: Arc::new(target),
            ..session(None)
        },
        probed: Some(Arc::new(named.clone())),
        ..config(None, Vec::new())
    };
    (config, named)
}

/// Examines the reference by a target file.
fn examined(text: &str) -> Vec<ProbeFinding> {
    let (config, text) = with_text(text);
    let stop = CancellationToken::new();
    wait(examine(
        &config.session,
        &config.catalogue,
        &text,
        &|_| {},
        &stop,
    ))
}

/// Tells findings in lines.
fn lines(findings: &[ProbeFinding]) -> String {
    let line = |finding: &ProbeFinding| {
        let mut line = format!("{} {}\n", finding.result.as_str(), finding.probe);
        match &finding.result {
            Probed::Ok => {}
            Probed::NotDeclared(why) | Probed::NotBound(why) | Probed::NotReached(why) => {
                line.push_str(&format!("    {why}\n"))
            }
            Probed::Known(_, all) | Probed::Wrong(all) => {
                for one in all {
                    line.push_str(&format!(
                        "    {}\n    {}\n    {:?} line {:?}\n    {:?}\n",
                        one.says, one.change, one.keys, one.line, one.gaps
                    ));
                    for exchange in &one.exchanges {
                        line.push_str(&format!(
                            "    {} {} {:?} {:?}\n",
                            exchange.method, exchange.url, exchange.status, exchange.response_body
                        ));
                    }
                }
            }
        }
        line
    };
    findings.iter().map(line).collect()
}
