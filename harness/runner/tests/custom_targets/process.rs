//! A product that a run starts, moves through time and ends.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proofup_binding::{CompiledTarget, TransportOptions, loopback_transport};
use proofup_domain::clock::Clock;
use proofup_runner::run::run;
use proofup_world::surroundings::{Surroundings, SurroundingsError};

use super::shared::{judging, outcomes, scenario, target};
use crate::planted::wait;
use crate::port::HeldPort;
use crate::product::{Setup, serve};

/// Told to the process that is the product: where to listen.
const PORT: &str = "PROOFUP_TEST_PRODUCT";

/// Is the product where a test below has started this very program for that; else there is nothing to test.
#[test]
fn the_product_serves_where_it_is_told_to() {
    let Ok(port) = std::env::var(PORT) else {
        return;
    };
    let setup = Setup {
        sms_url: std::env::var("SMS_URL").expect("it is told"),
        clock_file: std::env::var("CLOCK_FILE").ok().map(PathBuf::from),
        ..Setup::default()
    };
    let address = SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")));
    wait(async {
        serve(setup, address).await;
        std::future::pending::<()>().await;
    });
}

fn clock() -> Clock {
    Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant"))
}

/// Describes a product that is this program, started behind a shell that stays.
fn started(port: u16, start: &str, more: &str) -> CompiledTarget {
    let program = std::env::current_exe().expect("it runs");
    let process = format!(
        r#"
clock = {{ scope = "process", mode = "frozen", move = "libfaketime" }}

[process]
start = '''{start}'''
ready = {{ path = "/", within = "60s" }}
{more}

[process.env]
PROGRAM = '{}'
{PORT} = "{{port}}"
SMS_URL = "{{gateway.sms}}"
CLOCK_FILE = "{{clockFile}}"
DATA = "{{folder}}"
"#,
        program.display()
    );
    target(&format!("http://127.0.0.1:{port}"), &process)
}

const START: &str = r#""$PROGRAM" --exact custom_targets::process::the_product_serves_where_it_is_told_to & echo $DATA; wait"#;

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

async fn begin(target: &CompiledTarget) -> Result<Arc<Surroundings>, SurroundingsError> {
    let begun = Surroundings::begin(target, &clock()).await;
    begun.map(Arc::new)
}

async fn ready(
    target: &CompiledTarget,
    surroundings: &Surroundings,
) -> Result<(), SurroundingsError> {
    let base = target.base_url().expect("the file names one");
    let transport = loopback_transport(base, TransportOptions::default());
    surroundings.ready(target, &transport).await
}

const EXPIRES: &str = r#"
[[steps]]
do = "beginEnrollment"
user = "alice"
method = "mobilePhone"

[[steps]]
do = "advanceClock"
by = "code"

[[steps]]
check = "CODE-2/too-late"
do = "submitCode"
user = "alice"
code = "lastSent"
control = "CODE-2/in-time"
expect = { refused = "expired" }

[[steps]]
do = "beginEnrollment"
user = "alice"
method = "mobilePhone"

[[steps]]
do = "advanceClock"
by = "code - 1s"

[[steps]]
check = "CODE-2/in-time"
do = "submitCode"
user = "alice"
code = "lastSent"
expect = { state = "verified" }
"#;

#[test]
fn a_run_starts_the_product_moves_its_time_and_ends_all_of_it() {
    let held = HeldPort::take();
    let port = held.number();
    let target = started(port, START, "");
    let outcomes = wait(async {
        let surroundings = begin(&target).await.expect("it starts");
        ready(&target, &surroundings).await.expect("it answers");
        assert!(listens(port));
        let stop = tokio_util::sync::CancellationToken::new();
        let scenarios = vec![scenario("expires", "", EXPIRES)];
        let config = judging(target.clone(), Arc::clone(&surroundings), scenarios);
        let output = run(config, |_| {}, &stop).await.expect("it can be reached");
        surroundings.stop().await;
        assert!(!listens(port), "the child of the shell is ended, too");
        surroundings.stop().await;
        outcomes(&output)
    });
    let words: Vec<_> = outcomes
        .iter()
        .map(|(slug, word, _)| (slug.as_str(), *word))
        .collect();
    let expected = [("CODE-2/too-late", "passed"), ("CODE-2/in-time", "passed")];
    assert_eq!(words, expected, "{outcomes:#?}");
}

#[test]
fn a_product_whose_run_is_dropped_is_ended() {
    let held = HeldPort::take();
    let port = held.number();
    let target = started(port, START, "");
    wait(async {
        let surroundings = begin(&target).await.expect("it starts");
        ready(&target, &surroundings).await.expect("it answers");
        drop(surroundings);
        // The signal is sent; the port is free once the system has ended the process.
        while listens(port) {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_start_that_fails_is_told_with_the_end_of_its_log() {
    let held = HeldPort::take();
    let target = started(held.number(), "echo no database >&2; exit 3", "");
    let error = wait(async {
        let surroundings = begin(&target).await.expect("the shell starts");
        let error = ready(&target, &surroundings)
            .await
            .expect_err("nothing answers");
        surroundings.stop().await;
        error
    });
    let told = error.to_string();
    assert!(matches!(error, SurroundingsError::Ended { .. }), "{told}");
    assert!(
        told.contains("exit status: 3") && told.contains("no database"),
        "{told}"
    );
}

#[test]
fn a_product_that_never_answers_is_given_up_in_time_and_ended() {
    let held = HeldPort::take();
    let port = held.number();
    let short = target(
        &format!("http://127.0.0.1:{port}"),
        "[process]\nstart = \"exec sleep 1000\"\nready = { within = \"300ms\" }",
    );
    let error = wait(async {
        let surroundings = begin(&short).await.expect("it starts");
        let error = ready(&short, &surroundings)
            .await
            .expect_err("nothing answers");
        surroundings.stop().await;
        error
    });
    assert!(
        matches!(error, SurroundingsError::NotReady { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("nothing listens on"), "{error}");
}

#[test]
fn nothing_is_started_beside_something_that_listens_there_already() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it listens").port();
    let target = started(port, START, "");
    let error = wait(async { begin(&target).await.expect_err("the port is taken") });
    assert!(
        matches!(error, SurroundingsError::Occupied { .. }),
        "{error}"
    );
}

#[test]
fn the_products_own_command_ends_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mark = folder.path().join("stopped");
    let stop = format!("stop = '''echo \"$DATA\" > {}'''", mark.display());
    let held = HeldPort::take();
    let port = held.number();
    let target = started(port, START, &stop);
    wait(async {
        let surroundings = begin(&target).await.expect("it starts");
        ready(&target, &surroundings).await.expect("it answers");
        surroundings.stop().await;
    });
    let told = std::fs::read_to_string(&mark).expect("the command ran");
    assert!(
        !Path::new(told.trim()).exists(),
        "the folder of the run is gone"
    );
    assert!(
        !listens(port),
        "what its command leaves is ended by signals"
    );
}
