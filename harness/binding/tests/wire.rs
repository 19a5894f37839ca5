//! The wire between: proxies, and TLS where it is built in.

use http::header::PROXY_AUTHORIZATION;
use proofup_binding::{
    CompiledTarget, Operation, Transport, TransportError, TransportOptions, loopback_transport,
};
use proofup_domain::answer::Answer;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::support::offer;

fn target(top: &str) -> CompiledTarget {
    let text = format!(
        "name = \"wire\"\ncapabilities = {{ discover = \"/c\" }}\n{top}\n[operations.openAccount]\nrequest = {{ method = \"GET\", path = \"/account\" }}\nanswers = [{{ status = 200 }}]"
    );
    let path = crate::support::workspace("fixtures/tls/target.toml");
    CompiledTarget::compile_in(&path.display().to_string(), &text, &|_| None)
        .unwrap_or_else(|errors| panic!("{:?}", miette::Report::new(errors)))
}

/// Answers one connection after its request's head, and tells that head.
async fn once(answers: &'static [&'static str]) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback can be listened on");
    let port = listener.local_addr().expect("it listens").port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody connects");
        let mut heads = String::new();
        for answer in answers {
            let mut buffer = vec![0; 4096];
            let length = stream.read(&mut buffer).await.expect("a request comes");
            heads.push_str(&String::from_utf8_lossy(&buffer[..length]));
            stream
                .write_all(answer.as_bytes())
                .await
                .expect("it can be answered");
        }
        heads
    });
    (port, task)
}

#[tokio::test]
async fn a_proxy_is_given_the_whole_address() {
    let (port, task) = once(&["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"]).await;
    let target = target(&format!(
        "base = \"http://target.invalid:8080/app\"\nproxy = \"http://me:s%40cret@127.0.0.1:{port}\""
    ));
    let transport = target.transport().expect("the connection is plain");
    let reply = target
        .call(&transport, Operation::OpenAccount, &offer(&json!({})), None)
        .await
        .expect("the proxy answers");
    assert!(matches!(reply.answered, Answer::Success(_)));
    let head = task.await.expect("nobody panics");
    assert!(
        head.starts_with("GET http://target.invalid:8080/app/account HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains(&format!("{PROXY_AUTHORIZATION}: Basic bWU6c0BjcmV0")),
        "{head}"
    );
    assert!(head.contains("host: target.invalid:8080"), "{head}");
}

#[tokio::test]
async fn the_file_s_time_out_holds() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback can be listened on");
    let port = listener.local_addr().expect("it listens").port();
    let target = target(&format!(
        "base = \"http://127.0.0.1:{port}\"\ntimeout = \"50ms\""
    ));
    let transport = target.transport().expect("the connection is plain");
    let failure = target
        .call(&transport, Operation::OpenAccount, &offer(&json!({})), None)
        .await
        .expect_err("nobody answers");
    assert_eq!(
        failure.error,
        TransportError::TimedOut(std::time::Duration::from_millis(50))
    );
}

#[cfg(not(feature = "tls"))]
#[test]
fn a_build_without_tls_says_so() {
    let text = "name = \"x\"\nbase = \"https://127.0.0.1:1\"\ncapabilities = { discover = \"/c\" }\nca = \"ca.pem\"";
    let path = crate::support::workspace("fixtures/tls/target.toml");
    let errors = CompiledTarget::compile_in(&path.display().to_string(), text, &|_| None)
        .expect_err("there is no TLS");
    let told: Vec<String> = errors.problems().iter().map(ToString::to_string).collect();
    assert!(
        told.len() == 2 && told.iter().all(|one| one.contains("--features tls")),
        "{told:?}"
    );
}

#[cfg(feature = "tls")]
mod tls {
    use std::sync::Arc;

    use rustls_pki_types::pem::PemObject as _;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::ring::default_provider;

    use super::*;

    /// Serves one request over TLS with the fixture's certificate; behind a proxy it first opens the way.
    async fn server(behind_proxy: bool) -> (u16, tokio::task::JoinHandle<String>) {
        let file = |name: &str| crate::support::workspace(&format!("fixtures/tls/{name}"));
        let chain = CertificateDer::pem_file_iter(file("server.pem")).expect("it ships");
        let chain = chain.collect::<Result<Vec<_>, _>>().expect("it is PEM");
        let key = PrivateKeyDer::from_pem_file(file("server.key")).expect("it ships");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key is the certificate's");
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback can be listened on");
        let port = listener.local_addr().expect("it listens").port();
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody connects");
            let mut head = String::new();
            let mut buffer = vec![0; 4096];
            if behind_proxy {
                let length = stream.read(&mut buffer).await.expect("a request comes");
                head.push_str(&String::from_utf8_lossy(&buffer[..length]));
                stream
                    .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    .await
                    .expect("an answer");
            }
            let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
                return "no TLS".to_owned();
            };
            let length = stream.read(&mut buffer).await.expect("a request comes");
            head.push_str(&String::from_utf8_lossy(&buffer[..length]));
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await
                .expect("an answer");
            head
        });
        (port, task)
    }

    async fn ask(top: &str) -> Result<proofup_binding::Reply, TransportError> {
        let target = target(top);
        let transport = target.transport().expect("the certificates are good");
        let reply = target
            .call(&transport, Operation::OpenAccount, &offer(&json!({})), None)
            .await;
        reply.map_err(|failure| failure.error)
    }

    #[tokio::test]
    async fn a_target_is_spoken_to_by_tls_with_the_file_s_certificates() {
        let (port, task) = server(false).await;
        let reply = ask(&format!(
            "base = \"https://localhost:{port}\"\nca = \"ca.pem\""
        ))
        .await;
        assert!(matches!(
            reply.expect("an answer").answered,
            Answer::Success(_)
        ));
        assert!(
            task.await
                .expect("nobody panics")
                .starts_with("GET /account HTTP/1.1\r\n")
        );
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_vouches_for_is_refused() {
        let (port, _task) = server(false).await;
        let error = ask(&format!("base = \"https://localhost:{port}\""))
            .await
            .map(|_| ())
            .expect_err("nobody vouches");
        assert!(matches!(error, TransportError::Tls { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_proxy_opens_the_way_for_tls() {
        let (port, task) = server(true).await;
        let top = format!(
            "base = \"https://localhost:8443\"\nca = \"ca.pem\"\nproxy = \"http://127.0.0.1:{port}\""
        );
        assert!(matches!(
            ask(&top).await.expect("an answer").answered,
            Answer::Success(_)
        ));
        let head = task.await.expect("nobody panics");
        assert!(
            head.starts_with("CONNECT localhost:8443 HTTP/1.1\r\n"),
            "{head}"
        );
    }
}

/// Answers the first request of the first connection, and closes it when another comes; then answers one on each connection.
async fn closes_under_the_second(requests: usize) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback can be listened on");
    let port = listener.local_addr().expect("it listens").port();
    let task = tokio::spawn(async move {
        let mut methods = Vec::new();
        let mut stream = None;
        while methods.len() < requests {
            let fresh = stream.is_none();
            let mut connection = match stream.take() {
                Some(kept) => kept,
                None => listener.accept().await.expect("somebody connects").0,
            };
            let mut buffer = vec![0; 4096];
            let length = connection.read(&mut buffer).await.expect("a request comes");
            let head = String::from_utf8_lossy(&buffer[..length]).into_owned();
            methods.push(head.split(' ').next().unwrap_or_default().to_owned());
            if fresh {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                connection.write_all(answer).await.expect("it is read");
                stream = (methods.len() == 1).then_some(connection);
            }
        }
        methods
    });
    (port, task)
}

async fn send(transport: &Transport, port: u16, method: &str) -> Result<u16, TransportError> {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://127.0.0.1:{port}/"))
        .body(bytes::Bytes::new())
        .expect("a request");
    let response = transport.clone().oneshot(request).await?;
    Ok(response.status().as_u16())
}

#[tokio::test]
async fn only_what_may_be_repeated_is_sent_again_when_a_kept_connection_ends() {
    for (method, came, taken) in [
        ("GET", Ok(200), &["GET", "GET", "GET", "POST"][..]),
        (
            "POST",
            Err(TransportError::KeptConnectionClosed),
            &["GET", "POST", "POST"],
        ),
    ] {
        let (port, task) = closes_under_the_second(taken.len()).await;
        let base = format!("http://127.0.0.1:{port}").parse().expect("a URL");
        let transport = loopback_transport(&base, TransportOptions::default());
        assert_eq!(send(&transport, port, "GET").await, Ok(200));
        assert_eq!(send(&transport, port, method).await, came);
        // What cannot be repeated goes over kept connections no more.
        assert_eq!(send(&transport, port, "POST").await, Ok(200));
        assert_eq!(task.await.expect("nobody panics"), taken);
    }
}
