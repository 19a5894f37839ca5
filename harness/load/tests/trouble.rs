//! Servers that stall or die in the middle of a run.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use proofup_load::figures::End;
use proofup_load::report::LoadVerdict;
use proofup_load::{LoadEvent, run};
use tokio_util::sync::CancellationToken;

use crate::support::{Served, Way, plan, report};

const ONE_FLOW: &str = r#"
pace = 60
timeout = "60s"
arrivals = { rate = "40/s" }
stop = { after = "4s" }
mix = { secondStepText = 1 }
"#;

const STALL: Duration = Duration::from_secs(2);

/// Runs, and changes the way to the server when the first interval is over.
fn disturbed(
    served: &Served,
    text: &str,
    change: impl FnOnce() + Send + 'static,
) -> (proofup_load::report::LoadReport, proofup_load::LoadOutput) {
    let config = served.config(plan(text));
    let stop = CancellationToken::new();
    let mut change = Some(change);
    let mut changing = None;
    let output = run(
        &config,
        &mut |event: LoadEvent<'_>| {
            if let LoadEvent::Interval { .. } = event
                && let Some(change) = change.take()
            {
                changing = Some(thread::spawn(change));
            }
        },
        &stop,
    )
    .expect("the run begins");
    changing
        .expect("an interval was over")
        .join()
        .expect("the change");
    (report(&config, &output), output)
}

#[test]
fn a_stall_shows_in_an_open_loop() {
    let served = Served::start(None);
    let way = served.way.clone();
    let (report, output) = disturbed(&served, ONE_FLOW, move || {
        way.send_replace(Way::Stalled);
        thread::park_timeout(STALL);
        way.send_replace(Way::Open);
    });
    assert_eq!(output.figures.examples, []);
    assert!(report.arrivals.correct > 50);
    // What arrived during the stall waited for its end: the longest for nearly all of it.
    let shown = STALL.as_secs_f64() * 1e3 * 0.8;
    assert!(
        report.latency.max_ms.is_some_and(|max| max > shown),
        "{:?}",
        report.latency.max_ms
    );
    assert!(report.latency.p999_ms.is_some_and(|p999| p999 > shown));
    // And nobody waited only a little: half of the arrivals fell into it.
    assert!(
        report.latency.p90_ms.is_some_and(|p90| p90 > shown / 3.0),
        "{:?}",
        report.latency.p90_ms
    );
}

#[test]
fn a_target_that_dies_ends_the_run_with_what_there_is() {
    let served = Served::start(None);
    let way = served.way.clone();
    let long = ONE_FLOW.replace("after = \"4s\"", "after = \"60s\"");
    let (report, output) = disturbed(&served, &long, move || {
        way.send_replace(Way::Cut);
    });
    assert!(output.target_gone);
    assert_eq!(report.verdict, LoadVerdict::Nonconforming);
    assert!(report.arrivals.correct > 0, "what was before it is told");
    assert!(report.arrivals.errors > 0);
    assert!(
        report.measured_seconds < 30.0,
        "{}",
        report.measured_seconds
    );
    let example = output
        .figures
        .examples
        .iter()
        .find(|one| one.end == End::Error);
    assert!(example.is_some_and(|one| one.exchange.is_some()));
}

#[test]
fn a_run_that_is_asked_to_end_ends_and_tells() {
    let served = Served::start(None);
    let config = served.config(plan(&ONE_FLOW.replace("after = \"4s\"", "after = \"60s\"")));
    let stop = CancellationToken::new();
    let output = run(
        &config,
        &mut |event: LoadEvent<'_>| {
            if let LoadEvent::Interval { .. } = event {
                stop.cancel();
            }
        },
        &stop,
    )
    .expect("the run begins");
    assert!(output.interrupted);
    assert_eq!(report(&config, &output).verdict, LoadVerdict::Interrupted);
}

#[test]
fn a_server_that_is_not_there_is_told_before_anything_begins() {
    let served = Served::start(None);
    let config = served.config(plan(ONE_FLOW));
    served.way.send_replace(Way::Cut);
    let address = config.session.callback_base.trim_start_matches("http://");
    while TcpStream::connect(address).is_ok() {
        // The other thread has yet to close the door.
        thread::yield_now();
    }
    let stop = CancellationToken::new();
    let error = run(&config, &mut |_| {}, &stop).expect_err("nobody is there");
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
}
