//! What a run against a correct implementation comes to.

use proofup_load::Shard;
use proofup_load::flow::FlowName;
use proofup_load::report::{LoadReport, LoadVerdict};

use crate::support::{Served, plan, ran, report};

/// Every flow, a hundred arrivals in two seconds, a tenth of them with a probe.
const EVERY_FLOW: &str = r#"
seed = 7
pace = 30
arrivals = { rate = "50/s", spacing = "poisson" }
stop = { flows = 100 }
probes = { wrongCode = "20%", reusedCode = "20%" }
mix = { enrollEmail = 1, enrollText = 1, enrollCall = 1, enrollApp = 1, secondStepText = 1, secondStepAppCode = 1, secondStepNotification = 1, resetPassword = 1, signIn = 1 }
"#;

#[test]
fn every_flow_is_verified_and_every_probe_refused() {
    let served = Served::start(None);
    let config = served.config(plan(EVERY_FLOW));
    let output = ran(&config);
    let report = report(&config, &output);
    assert_eq!(output.figures.examples, []);
    let counts = report.arrivals;
    assert_eq!(counts.planned, 100);
    assert_eq!(counts.dropped + counts.started, 100);
    assert_eq!(counts.correct, counts.started);
    assert!(counts.wrong_codes_refused > 0 && counts.reused_codes_refused > 0);
    for flow in FlowName::ALL {
        let told = &report.flows[&flow];
        assert!(told.counts.correct > 0, "{flow}");
        assert_eq!(told.latency.count, told.counts.correct, "{flow}");
    }
    assert_eq!(report.verdict, LoadVerdict::Passed, "{:?}", report.reasons);
    assert_eq!((output.retired, output.strays), (0, 0));
}

#[test]
fn an_account_serves_again_after_its_rest() {
    let served = Served::start(None);
    // Two accounts, each of which rests for half a second of ours: twenty flows take five seconds at the least.
    let text = r#"
accounts = 4
pace = 60
arrivals = { users = 2 }
stop = { flows = 12 }
mix = { secondStepAppCode = 1, secondStepText = 1 }
"#;
    let config = served.config(plan(text));
    let output = ran(&config);
    assert_eq!(output.figures.examples, []);
    assert_eq!(output.figures.counts().correct, 12);
    assert_eq!(output.accounts, 4);
    assert!(
        output.starved > 0,
        "two accounts cannot have served without a rest"
    );
}

#[test]
fn a_report_comes_back_from_its_own_text_and_fits_its_schema() {
    let served = Served::start(None);
    let text = "arrivals = { users = 2 }\nstop = { flows = 6 }\nmix = { signIn = 1 }\n\
                thresholds = [\"throughput>0\", \"secondStepText.p99<1s\"]";
    let config = served.config(plan(text));
    let report = report(&config, &ran(&config));
    let json = serde_json::to_value(&report).expect("a report is JSON");
    let schema = proofup_load::report::json_schema();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&json)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors, [] as [String; 0]);
    let back: LoadReport = serde_json::from_value(json).expect("it was one");
    assert_eq!(back, report);
    let figures = back.figures().expect("the histograms are whole");
    assert_eq!(figures.counts(), report.arrivals);
    // A threshold on what never ran is not met.
    assert_eq!(report.verdict, LoadVerdict::ThresholdBroken);
    let held: Vec<bool> = report.thresholds.iter().map(|one| one.holds).collect();
    assert_eq!(held, [true, false]);
}

const SOME_FLOWS: &str = r#"
pace = 60
arrivals = { rate = "60/s", spacing = "poisson" }
stop = { flows = 60 }
mix = { enrollText = 1, secondStepAppCode = 1, signIn = 2 }
"#;

#[test]
fn four_shards_together_count_what_one_run_counts() {
    let served = Served::start(None);
    let whole = served.config(plan(SOME_FLOWS));
    let mut parts = Vec::new();
    for index in 0..4 {
        let mut config = served.config(plan(SOME_FLOWS));
        config.shard = Shard { index, of: 4 };
        parts.push(ran(&config).figures);
    }
    let mut joined = parts.remove(0);
    for part in &parts {
        joined.add(part);
    }
    let whole = ran(&whole).figures;
    for (flow, mine) in &whole.flows {
        let [one, other] = [mine.counts, joined.flows[flow].counts];
        assert_eq!(one.planned, other.planned, "{flow}");
        assert_eq!(
            one.started + one.dropped,
            other.started + other.dropped,
            "{flow}"
        );
        assert_eq!(other.correct, other.started, "{flow}");
        assert_eq!(joined.flows[flow].latency.len(), other.correct, "{flow}");
    }
}
