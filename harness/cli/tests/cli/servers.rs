//! Commands that serve, and servers that are not what they should be.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use super::{assert_fails, command, proofup};
use crate::port::HeldPort;

/// Holds a process that is ended with the test.
pub(crate) struct Server(pub(crate) Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a process and reads its first line, which says where it serves.
pub(crate) fn start(
    command: &mut Command,
) -> (Server, String, BufReader<std::process::ChildStdout>) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("the output is piped"));
    let server = Server(child);
    let mut line = String::new();
    lines
        .read_line(&mut line)
        .expect("the server says where it is");
    (server, line, lines)
}

fn taken() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let (_listener, address) = taken();
    assert_fails(
        &proofup(["serve", "--listen", &address]),
        2,
        "choose another address with --listen",
    );
    assert_fails(
        &proofup(["gateways", "--http", &address, "--smtp", "127.0.0.1:0"]),
        2,
        "--http and --smtp",
    );
}

#[test]
fn test_control_wants_a_token_and_loopback() {
    assert_fails(
        &proofup(["serve", "--test-control"]),
        2,
        "PROOFUP_TEST_CONTROL_TOKEN",
    );
    let remote = command()
        .env("PROOFUP_TEST_CONTROL_TOKEN", "a token")
        .args(["serve", "--test-control", "--listen", "0.0.0.0:0"])
        .output()
        .expect("the binary runs");
    assert_fails(&remote, 2, "--allow-remote-test-control");
}

#[test]
fn a_target_that_is_not_there_is_told_with_what_to_do() {
    let port = HeldPort::take();
    let address = format!("127.0.0.1:{}", port.number());
    let output = proofup(["run", "--url", &format!("http://{address}")]);
    assert_fails(&output, 2, &address);
}

#[test]
fn a_server_that_is_not_the_contract_is_told_as_such() {
    let (listener, address) = taken();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer_hello(stream);
        }
    });
    let output = proofup(["run", "--url", &format!("http://{address}")]);
    assert_fails(&output, 2, "does not answer as the target file says");
}

/// Answers any request as a web page would.
fn answer_hello(mut stream: TcpStream) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request);
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
}

#[test]
fn an_address_that_cannot_be_spoken_to_is_refused() {
    let output = proofup(["run", "--url", "ftp://127.0.0.1:1"]);
    assert_fails(&output, 2, "is not an http address");
    let output = proofup(["run", "--url", "localhost:8080"]);
    assert_fails(&output, 2, "`localhost:8080` has no scheme");
    assert_fails(&output, 2, "did you mean http://localhost:8080?");
    if !cfg!(feature = "tls") {
        let output = proofup(["run", "--url", "https://127.0.0.1:1"]);
        assert_fails(&output, 2, "this build of proofup cannot use https");
    }
    assert_fails(&proofup(["run", "--url", "not an address"]), 2, "--url");
}

#[cfg(unix)]
#[test]
fn gateways_and_serve_say_where_they_are_and_end_when_asked_to() {
    let token = "PROOFUP_TEST_CONTROL_TOKEN";
    for (arguments, told) in [
        (
            vec!["gateways", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0"],
            "sms ",
        ),
        (
            vec!["serve", "--listen", "127.0.0.1:0"],
            "serves http://127.0.0.1:",
        ),
        (
            vec!["serve", "--listen", "127.0.0.1:0", "--test-control"],
            "under test control",
        ),
    ] {
        let (mut server, line, _lines) = start(command().env(token, "a token").args(&arguments));
        assert!(line.contains(told), "{line}");
        let id = server.0.id().to_string();
        let asked = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill is there");
        assert!(asked.success());
        assert_eq!(
            server.0.wait().expect("it ends").code(),
            Some(0),
            "{arguments:?}"
        );
    }
}
