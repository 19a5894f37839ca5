//! Hostile servers on loopback: each trouble has its name, and nothing lasts longer than the time-out.

use http::Request;
use proofup_binding::{
    Answered, CompiledTarget, Operation, Transport, TransportError, TransportOptions,
    loopback_transport,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::end::{BODY_LIMIT, End, FAR_TOO_LONG, with_all};
use crate::hostile_server::{HostileServer, Hostility};
use crate::support::{offer, shipped};

impl End {
    fn holds(self, outcome: &Result<Answered, TransportError>) -> bool {
        let unrecognised = |expected: u16| matches!(outcome, Ok(Answered::Unrecognised { status, code: None }) if *status == expected);
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

/// Signs in, as often as asked, over one transport.
async fn sign_in(hostility: Hostility, times: usize) -> Vec<Result<Answered, TransportError>> {
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
