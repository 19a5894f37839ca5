//! Hostile servers on loopback: each trouble has its name, and nothing lasts longer than the time-out.

use std::time::Duration;

use http::Request;
use proofup_runner::target::{
    Answered, CompiledTarget, Operation, Transport, TransportError, TransportOptions,
    loopback_transport,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::support::{offer, shipped};

const OPTIONS: TransportOptions = TransportOptions {
    timeout: Duration::from_millis(500),
    body_limit: 64 * 1024,
};

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
    let transport = loopback_transport(&base, OPTIONS);
    (shipped("reference").with_base(base), transport, task)
}

async fn serve(mut stream: TcpStream, script: &[&[u8]]) {
    let mut buffer = vec![0; 64 * 1024];
    for answer in script {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) if *answer == HANG => {
                // Nothing is written; the client leaves in the end.
                while !matches!(stream.read(&mut buffer).await, Ok(0) | Err(_)) {}
                return;
            }
            Ok(_) if *answer == RESET => {
                // Closed with bytes unread and no lingering: the peer gets RST.
                stream.set_zero_linger().expect("the socket is open");
                return;
            }
            Ok(_) if stream.write_all(answer).await.is_err() => return,
            Ok(_) => {}
        }
    }
}

const HANG: &[u8] = b"hang";
const RESET: &[u8] = b"reset";
const EMPTY: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

async fn sign_in(script: &'static [&'static [u8]]) -> Result<Answered, TransportError> {
    let (target, transport, task) = server(script).await;
    let variables = offer(&json!({"userPrincipalName": "a@example.com", "password": "p-1234567"}));
    let reply = target
        .call(&transport, Operation::SignIn, &variables, None)
        .await;
    task.abort();
    if let Err(failure) = &reply {
        assert_eq!(failure.exchange.failure, Some(failure.error.to_string()));
        assert_eq!(failure.exchange.method, "POST");
        assert!(!format!("{failure:?}").contains("p-1234567"));
    }
    reply
        .map(|reply| reply.answered)
        .map_err(|failure| failure.error)
}

#[tokio::test]
async fn a_server_that_hangs_times_out() {
    assert_eq!(
        sign_in(&[HANG]).await,
        Err(TransportError::TimedOut(OPTIONS.timeout))
    );
    assert_eq!(
        sign_in(&[b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", HANG]).await,
        Err(TransportError::TimedOut(OPTIONS.timeout))
    );
}

#[tokio::test]
async fn a_server_that_resets_or_closes_is_told_apart_from_none() {
    assert_eq!(
        sign_in(&[RESET]).await,
        Err(TransportError::ConnectionReset)
    );
    assert_eq!(sign_in(&[b""]).await, Err(TransportError::ConnectionReset));
    assert_eq!(
        sign_in(&[b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"sta"]).await,
        Err(TransportError::ConnectionReset)
    );
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback can be listened on");
    let address = listener.local_addr().expect("it listens");
    drop(listener);
    let base = format!("http://{address}").parse().expect("a URL");
    let transport = loopback_transport(&base, OPTIONS);
    let failure = shipped("reference")
        .with_base(base)
        .call(
            &transport,
            Operation::ReadCapabilities,
            &offer(&json!({})),
            None,
        )
        .await;
    assert_eq!(
        failure.expect_err("nobody listens").error,
        TransportError::ConnectionRefused(address.to_string())
    );
}

#[tokio::test]
async fn garbage_is_no_http() {
    for garbage in [
        b"SSH-2.0-OpenSSH_9.6\r\n".as_slice(),
        b"\x15\x03\x01\x00\x02\x02\x50",
        b"HTTP/9.9 200 OK\r\n\r\n",
    ] {
        let script: &'static [&'static [u8]] = Box::leak(Box::new([garbage]));
        let outcome = sign_in(script).await;
        assert!(
            matches!(outcome, Err(TransportError::NotHttp(_))),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_body_without_end_is_not_read() {
    let huge = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n".as_slice(),
        &vec![b'x'; 200_000],
    ]
    .concat();
    let script: &'static [&'static [u8]] =
        Box::leak(Box::new([&*Box::leak(huge.into_boxed_slice())]));
    assert_eq!(
        sign_in(script).await,
        Err(TransportError::BodyTooLarge(OPTIONS.body_limit))
    );
}

#[tokio::test]
async fn half_a_json_is_unrecognised() {
    let answer = sign_in(&[b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"state\":\"signedI"]).await;
    assert_eq!(
        answer,
        Ok(Answered::Unrecognised {
            status: 201,
            code: None
        })
    );
    let answer =
        sign_in(&[b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"])
            .await;
    assert_eq!(
        answer,
        Ok(Answered::Unrecognised {
            status: 302,
            code: None
        })
    );
}

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
    let outcome = loopback_transport(&base, OPTIONS).oneshot(request).await;
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
