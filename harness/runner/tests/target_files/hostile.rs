//! Hostile servers on loopback: each trouble has its name, nothing lasts longer than the time-out, and a run goes on.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use proofup_domain::answer::Answer;
use proofup_domain::clock::Clock;
use proofup_domain::secret::Secret;
use proofup_runner::catalogue::embedded_catalogue;
use proofup_runner::judge::outcome::{CouldNotRun, Outcome};
use proofup_runner::run::{RunConfig, RunError, RunOutput, Selection, run};
use proofup_runner::scenario::{Origin, Suite, load};
use proofup_runner::target::{
    CompiledTarget, Operation, Transport, TransportError, TransportOptions, loopback_transport,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::hostile_server::{HostileServer, Hostility};
use crate::support::{offer, shipped, workspace};

const BODY_LIMIT: usize = 64 * 1024;

/// Longer than any request may take: what ends only here has missed its time-out.
const FAR_TOO_LONG: Duration = Duration::from_secs(10);

/// Says in what each hostility has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    TimedOut,
    TooLarge,
    HeadTooLarge,
    Flooded,
    NotHttp,
    ConnectionReset,
    /// An answer of this status that no rule matches.
    Unrecognised(u16),
    /// Either of two: the answer and the request cross each other.
    ResetOrUnrecognised(u16),
}

impl End {
    const fn of(hostility: Hostility) -> Self {
        match hostility {
            Hostility::NeverAnswers
            | Hostility::HangsInHeaders
            | Hostility::HangsInBody
            | Hostility::Trickles => Self::TimedOut,
            Hostility::InformsForEver => Self::Flooded,
            Hostility::GigabyteAnnounced
            | Hostility::GigabyteInChunks
            | Hostility::GigabyteUntilClosed => Self::TooLarge,
            Hostility::HugeHeader | Hostility::HeadersForEver => Self::HeadTooLarge,
            Hostility::NoHttp
            | Hostility::NoStatus
            | Hostility::BrokenChunks
            | Hostility::TrailersForEver => Self::NotHttp,
            Hostility::ClosesAtOnce
            | Hostility::Resets
            | Hostility::ClosesInBody
            | Hostility::AnnouncesTooMuch => Self::ConnectionReset,
            Hostility::AnnouncesTooLittle
            | Hostility::HalfJson
            | Hostility::DeepJson
            | Hostility::NoUtf8InBody => Self::Unrecognised(201),
            Hostility::HundredHeaders | Hostility::NoUtf8InHeader | Hostility::AnswersTwice => {
                Self::Unrecognised(200)
            }
            Hostility::RedirectLoop => Self::Unrecognised(302),
            Hostility::Status999 => Self::Unrecognised(999),
            Hostility::SwitchesProtocols => Self::Unrecognised(101),
            Hostility::AnswersFirst => Self::ResetOrUnrecognised(200),
        }
    }

    /// Bounds a request: what hangs is given up soon, and what does not has time on a busy machine.
    const fn options(self) -> TransportOptions {
        let timeout = match self {
            Self::TimedOut => Duration::from_millis(300),
            _ => Duration::from_secs(5),
        };
        TransportOptions {
            timeout,
            body_limit: BODY_LIMIT,
        }
    }

    fn holds(self, outcome: &Result<Answer, TransportError>) -> bool {
        let unrecognised = |expected: u16| matches!(outcome, Ok(Answer::Unrecognised { status, code: None }) if *status == expected);
        let reset = matches!(outcome, Err(TransportError::ConnectionReset));
        match self {
            Self::TimedOut => *outcome == Err(TransportError::TimedOut(self.options().timeout)),
            Self::TooLarge => *outcome == Err(TransportError::BodyTooLarge(BODY_LIMIT)),
            Self::HeadTooLarge => *outcome == Err(TransportError::HeadTooLarge),
            Self::Flooded => matches!(outcome, Err(TransportError::Flooded(_))),
            Self::NotHttp => matches!(outcome, Err(TransportError::NotHttp(_))),
            Self::ConnectionReset => reset,
            Self::Unrecognised(status) => unrecognised(status),
            Self::ResetOrUnrecognised(status) => reset || unrecognised(status),
        }
    }
}

/// Does the same with every hostility: with those that hang side by side, with the others one after the other, because
/// those that flood would keep the time of the rest.
async fn with_all<T>(work: impl AsyncFn(Hostility) -> T) -> Vec<(Hostility, T)> {
    let hangs = |hostility: &Hostility| End::of(*hostility) == End::TimedOut;
    let (hanging, busy): (Vec<_>, Vec<_>) = Hostility::ALL.into_iter().partition(hangs);
    let mut all = Vec::new();
    for hostility in busy {
        all.push((hostility, work(hostility).await));
    }
    let together = hanging
        .into_iter()
        .map(async |hostility| (hostility, work(hostility).await));
    all.extend(futures_util::future::join_all(together).await);
    all
}

/// Signs in, as often as asked, over one transport.
async fn sign_in(hostility: Hostility, times: usize) -> Vec<Result<Answer, TransportError>> {
    let server = HostileServer::start(hostility);
    let base = server.base().parse().expect("a URL");
    let transport = loopback_transport(&base, End::of(hostility).options());
    let target = shipped("reference").with_base(base);
    let variables = offer(&json!({"userPrincipalName": "a@example.com", "password": "p-1234567"}));
    let mut outcomes = Vec::new();
    for _ in 0..times {
        let called = target.call(&transport, Operation::SignIn, &variables, None);
        let reply = tokio::time::timeout(FAR_TOO_LONG, called)
            .await
            .unwrap_or_else(|_| panic!("{hostility:?} outlasts the time-out"));
        if let Err(failure) = &reply {
            assert_eq!(failure.exchange.failure, Some(failure.error.to_string()));
            assert_eq!(failure.exchange.method, "POST");
            assert!(!format!("{failure:?}").contains("p-1234567"));
        }
        outcomes.push(
            reply
                .map(|reply| reply.answered)
                .map_err(|failure| failure.error),
        );
    }
    outcomes
}

#[tokio::test]
async fn every_hostility_ends_in_an_outcome_with_a_name() {
    // Twice, because what one answer leaves behind must not become the next one's.
    let all = with_all(async |hostility| sign_in(hostility, 2).await).await;
    let mut wrong = Vec::new();
    for (hostility, outcomes) in all {
        let end = End::of(hostility);
        if !outcomes.iter().all(|outcome| end.holds(outcome)) {
            wrong.push(format!("{hostility:?}: {end:?} is not {outcomes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A story of one person who signs in, wrongly and rightly.
const STORY: &str = r#"title = "A wrong password lets nobody in"

[[users]]
name = "alice"

[[steps]]
check = "SIGN-7/hostile-wrong-password"
do = "signIn"
user = "alice"
password = "wrong"
expect = { refused = "invalidCredentials" }
control = "SIGN-3/hostile-right-password"

[[steps]]
check = "SIGN-3/hostile-right-password"
do = "signIn"
user = "alice"
expect = { state = "signedIn" }
"#;

/// Compiles a target that ships, with its capabilities declared, so that a run gets as far as its cases.
fn declared(name: &str) -> CompiledTarget {
    let path = format!("fixtures/targets/{name}.toml");
    let text = std::fs::read_to_string(workspace(&path)).expect("the file ships");
    let text = text
        .replace("facilities = []\n", "")
        .replace("[capabilities]\n", "")
        .replace(
            "capabilities = { discover = \"/.well-known/security-info\" }\n",
            "",
        )
        .replace("discover = \"/.well-known/security-info\"\n", "");
    let text = format!("{text}\n{}", crate::hostile_server::CAPABILITIES);
    CompiledTarget::compile(&path, &text)
        .unwrap_or_else(|errors| panic!("{:?}", miette::Report::new(errors)))
}

async fn judged(target: CompiledTarget, hostility: Hostility) -> Result<RunOutput, RunError> {
    let server = HostileServer::start(hostility);
    let base = server.base().parse().expect("a URL");
    let catalogue = embedded_catalogue();
    let scenario = load("story.toml", STORY, &catalogue)
        .unwrap_or_else(|errors| panic!("{:?}", miette::Report::new(errors)));
    let config = RunConfig {
        suite: Arc::new(Suite {
            scenarios: vec![scenario],
            hash: String::new(),
            origin: Origin::Embedded,
        }),
        catalogue: Arc::new(catalogue),
        transport: loopback_transport(&base, End::of(hostility).options()),
        callback_base: server.base(),
        target: Arc::new(target.with_base(base)),
        control_token: Some(Secret::new("a-token-of-these-tests")),
        seed: 1,
        jobs: 1,
        selection: Selection::default(),
        trace: false,
        max_failures: None,
        deadline: None,
        clock: Clock::fixed("2026-01-15T09:00:00Z".parse().expect("an instant")),
        probed: None,
        surroundings: Arc::default(),
    };
    let (_stop, stopped) = watch::channel(false);
    tokio::time::timeout(3 * FAR_TOO_LONG, run(config, |_| {}, stopped))
        .await
        .unwrap_or_else(|_| panic!("a run against {hostility:?} does not end"))
}

#[tokio::test]
async fn a_target_that_is_hostile_from_the_start_is_not_judged_at_all() {
    let target = shipped("reference");
    let all = with_all(async |hostility| judged(target.clone(), hostility).await).await;
    for (hostility, output) in all {
        assert!(output.is_err(), "{hostility:?}: {output:?}");
    }
}

#[tokio::test]
async fn a_run_whose_tenants_cannot_be_made_could_not_run() {
    let target = declared("reference");
    let all = with_all(async |hostility| judged(target.clone(), hostility).await).await;
    for (hostility, output) in all {
        let output = output.unwrap_or_else(|error| panic!("{hostility:?}: {error}"));
        // What answers 200 or 201 has made the tenant, as far as the target file says.
        let made = matches!(
            End::of(hostility),
            End::Unrecognised(200 | 201) | End::ResetOrUnrecognised(_)
        );
        for check in &output.cases[0].checks {
            let could_not_run = matches!(check.outcome, Outcome::CouldNotRun(_));
            let failed = made && matches!(check.outcome, Outcome::Failed(_));
            assert!(
                could_not_run || failed,
                "{hostility:?}: {:?}",
                check.outcome
            );
        }
        assert_eq!(output.cases[0].checks.len(), 2, "{hostility:?}");
        assert_eq!(output.cases[0].internal_error, None, "{hostility:?}");
    }
}

#[tokio::test]
async fn a_check_without_answer_could_not_run_and_a_senseless_answer_fails() {
    let target = declared("demo");
    let all = with_all(async |hostility| judged(target.clone(), hostility).await).await;
    for (hostility, output) in all {
        let output = output.unwrap_or_else(|error| panic!("{hostility:?}: {error}"));
        let answers = matches!(
            End::of(hostility),
            End::Unrecognised(_) | End::ResetOrUnrecognised(_)
        );
        for check in &output.cases[0].checks {
            let right = match &check.outcome {
                Outcome::CouldNotRun(CouldNotRun::Transport(_)) => true,
                Outcome::Failed(_) => answers,
                _ => false,
            };
            assert!(right, "{hostility:?}: {:?}", check.outcome);
        }
        assert_eq!(output.cases[0].checks.len(), 2, "{hostility:?}");
    }
}

#[tokio::test]
async fn a_port_without_a_listener_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback can be listened on");
    let address = listener.local_addr().expect("it listens");
    drop(listener);
    let base = format!("http://{address}").parse().expect("a URL");
    let transport = loopback_transport(&base, TransportOptions::default());
    let nothing = offer(&json!({}));
    let failure = shipped("reference")
        .with_base(base)
        .call(&transport, Operation::ReadCapabilities, &nothing, None)
        .await;
    assert_eq!(
        failure.expect_err("nobody listens").error,
        TransportError::ConnectionRefused(address.to_string())
    );
}

/// Serves every connection with a script: for each request that arrives, the next bytes; then it closes.
async fn server(
    script: &'static [&'static [u8]],
) -> (CompiledTarget, Transport, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback can be listened on");
    let base = format!("http://{}", listener.local_addr().expect("it listens"))
        .parse()
        .expect("a URL");
    let task = tokio::spawn(async move {
        let mut connections = 0;
        while let Ok((stream, _)) = listener.accept().await {
            connections += 1;
            serve(stream, script).await;
            if connections == 2 {
                break;
            }
        }
        connections
    });
    let transport = loopback_transport(&base, TransportOptions::default());
    (shipped("reference").with_base(base), transport, task)
}

async fn serve(mut stream: TcpStream, script: &[&[u8]]) {
    let mut buffer = vec![0; 64 * 1024];
    for answer in script {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) if stream.write_all(answer).await.is_err() => return,
            Ok(_) => {}
        }
    }
}

const EMPTY: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn connections_are_kept_and_a_closed_one_is_replaced() {
    let (_, transport, task) = server(&[EMPTY, EMPTY]).await;
    for _ in 0..3 {
        let request = Request::get("http://ignored/healthz")
            .body(bytes::Bytes::new())
            .expect("a request");
        let response = transport.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), 204);
    }
    drop(transport);
    assert_eq!(
        task.await.expect("the server ends"),
        2,
        "two requests on the first connection, one on the second"
    );
}

#[tokio::test]
async fn a_base_that_is_no_http_is_told() {
    let base = "https://127.0.0.1:1/".parse().expect("a URL");
    let request = Request::get("/")
        .body(bytes::Bytes::new())
        .expect("a request");
    let outcome = loopback_transport(&base, TransportOptions::default())
        .oneshot(request)
        .await;
    assert!(matches!(outcome, Err(TransportError::UnsupportedBase(_))));
}

#[tokio::test]
async fn capabilities_are_asked_for_and_what_comes_is_checked() {
    let table: [(&'static [&'static [u8]], &str); 3] = [
        (
            &[b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"],
            "missing field `editions`",
        ),
        (&[b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{"], "EOF"),
        (
            &[b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
            "answered 404",
        ),
    ];
    for (script, expected) in table {
        let (target, transport, task) = server(script).await;
        let error = target
            .discover(&transport)
            .await
            .expect_err("no capabilities came");
        assert!(error.to_string().contains(expected), "{error}");
        task.abort();
    }
}
