//! A server on loopback that does one thing wrong, to every request alike.
//!
//! It stands on real TCP with a runtime of its own, so that a test of the library and a test of the binary can both be
//! judged against it. Nothing of it reads a clock: what trickles waits for nothing, with a time-out.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// Names what a server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hostility {
    /// Takes the request and never answers.
    NeverAnswers,
    /// Stops in the middle of its headers.
    HangsInHeaders,
    /// Stops in the middle of its body.
    HangsInBody,
    /// Sends one byte a second.
    Trickles,
    /// Sends `1xx` answers for ever.
    InformsForEver,
    /// Announces a gigabyte and sends it.
    GigabyteAnnounced,
    /// Sends a gigabyte in chunks.
    GigabyteInChunks,
    /// Sends a gigabyte until the connection ends.
    GigabyteUntilClosed,
    /// Speaks another protocol.
    NoHttp,
    /// Sends a status that is no number.
    NoStatus,
    /// Sends chunks without sizes.
    BrokenChunks,
    /// Sends one header of a megabyte.
    HugeHeader,
    /// Sends headers for ever.
    HeadersForEver,
    /// Sends trailers for ever, after a body in chunks.
    TrailersForEver,
    /// Closes before it has read anything.
    ClosesAtOnce,
    /// Resets the connection.
    Resets,
    /// Closes in the middle of its body.
    ClosesInBody,
    /// Announces more than it sends.
    AnnouncesTooMuch,
    /// Announces less than it sends.
    AnnouncesTooLittle,
    /// Sends the first half of a JSON document as if it were whole.
    HalfJson,
    /// Sends JSON in ten thousand brackets.
    DeepJson,
    /// Sends a hundred headers.
    HundredHeaders,
    /// Sends to itself for ever.
    RedirectLoop,
    /// Sends a body that is no UTF-8.
    NoUtf8InBody,
    /// Sends a header that is no UTF-8.
    NoUtf8InHeader,
    /// Answers before it has read the request, and before each next one.
    AnswersFirst,
    /// Sends a second answer that nobody asked for.
    AnswersTwice,
    /// Sends status 999.
    Status999,
    /// Changes the protocol that nobody wanted changed.
    SwitchesProtocols,
}

impl Hostility {
    /// Lists all of them.
    pub(crate) const ALL: [Self; 29] = [
        Self::NeverAnswers,
        Self::HangsInHeaders,
        Self::HangsInBody,
        Self::Trickles,
        Self::InformsForEver,
        Self::GigabyteAnnounced,
        Self::GigabyteInChunks,
        Self::GigabyteUntilClosed,
        Self::NoHttp,
        Self::NoStatus,
        Self::BrokenChunks,
        Self::HugeHeader,
        Self::HeadersForEver,
        Self::TrailersForEver,
        Self::ClosesAtOnce,
        Self::Resets,
        Self::ClosesInBody,
        Self::AnnouncesTooMuch,
        Self::AnnouncesTooLittle,
        Self::HalfJson,
        Self::DeepJson,
        Self::HundredHeaders,
        Self::RedirectLoop,
        Self::NoUtf8InBody,
        Self::NoUtf8InHeader,
        Self::AnswersFirst,
        Self::AnswersTwice,
        Self::Status999,
        Self::SwitchesProtocols,
    ];
}

/// Holds a hostile server; dropped, it ends.
pub(crate) struct HostileServer {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl HostileServer {
    /// Starts one on a free port.
    pub(crate) fn start(hostility: Hostility) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener
            .set_nonblocking(true)
            .expect("a listener can be set so");
        let address = listener.local_addr().expect("it listens");
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("the runtime takes it");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    // A client that leaves is what most of this provokes.
                    let _ = serve(stream, hostility).await;
                });
            }
        });
        Self {
            address,
            runtime: Some(runtime),
        }
    }

    /// Gives its address as a base.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for HostileServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(mut stream: TcpStream, hostility: Hostility) -> io::Result<()> {
    match hostility {
        Hostility::ClosesAtOnce => return Ok(()),
        Hostility::AnswersFirst => loop {
            stream.write_all(&whole("200 OK", "", b"{}")).await?;
            read_request(&mut stream).await?;
        },
        _ => {}
    }
    loop {
        read_request(&mut stream).await?;
        if !answer(&mut stream, hostility).await? {
            return Ok(());
        }
    }
}

/// Answers one request; says whether the connection goes on.
async fn answer(stream: &mut TcpStream, hostility: Hostility) -> io::Result<bool> {
    match hostility {
        Hostility::NeverAnswers => hang().await?,
        Hostility::HangsInHeaders => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-ty").await?;
            hang().await?;
        }
        Hostility::HangsInBody => {
            stream
                .write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 20\r\n\r\n{\"state\":")
                .await?;
            hang().await?;
        }
        Hostility::Trickles => {
            for byte in whole("201 Created", "", br#"{"state":"signedIn"}"#) {
                stream.write_all(&[byte]).await?;
                let second = Duration::from_secs(1);
                drop(tokio::time::timeout(second, hang()).await);
            }
        }
        Hostility::Resets => {
            stream.set_zero_linger()?;
            return Ok(false);
        }
        _ => match endless(hostility) {
            Some((head, again)) => {
                pour(stream, head, &again).await?;
                return Ok(false);
            }
            None => {
                let (bytes, goes_on) = fixed(hostility);
                stream.write_all(&bytes).await?;
                return Ok(goes_on);
            }
        },
    }
    Ok(true)
}

/// Gives what begins an answer, and what then comes again and again.
fn endless(hostility: Hostility) -> Option<(&'static [u8], Vec<u8>)> {
    let zeros = vec![b'0'; PIECE];
    Some(match hostility {
        Hostility::InformsForEver => (
            b"",
            b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100),
        ),
        Hostility::GigabyteAnnounced => (
            b"HTTP/1.1 201 Created\r\ncontent-length: 1073741824\r\n\r\n",
            zeros,
        ),
        Hostility::GigabyteInChunks => (
            b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n",
            [format!("{PIECE:x}\r\n").as_bytes(), &zeros, b"\r\n"].concat(),
        ),
        Hostility::GigabyteUntilClosed => (b"HTTP/1.1 201 Created\r\n\r\n", zeros),
        Hostility::HeadersForEver => (b"HTTP/1.1 201 Created\r\n", b"x-more: 0\r\n".repeat(1_000)),
        Hostility::TrailersForEver => (
            b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
            b"x-more: 0\r\n".repeat(1_000),
        ),
        _ => return None,
    })
}

/// Gives an answer of fixed length, and says whether the connection goes on after it.
fn fixed(hostility: Hostility) -> (Vec<u8>, bool) {
    let created = "201 Created";
    match hostility {
        Hostility::NoHttp => (b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), false),
        Hostility::NoStatus => (b"HTTP/1.1 abc Created\r\n\r\n".to_vec(), false),
        Hostility::BrokenChunks => (
            b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n".to_vec(),
            false,
        ),
        Hostility::HugeHeader => {
            let header = format!("x-huge: {}\r\n", "x".repeat(1024 * 1024));
            (whole(created, &header, b"{}"), true)
        }
        Hostility::ClosesInBody | Hostility::AnnouncesTooMuch => (
            b"HTTP/1.1 201 Created\r\ncontent-length: 99\r\n\r\n{\"state\":\"signedIn\"}".to_vec(),
            false,
        ),
        Hostility::AnnouncesTooLittle => (
            b"HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{\"state\":\"signedIn\"}".to_vec(),
            true,
        ),
        Hostility::HalfJson => (whole(created, "", br#"{"state":"signedI"#), true),
        Hostility::DeepJson => (whole(created, "", "[".repeat(10_000).as_bytes()), true),
        Hostility::HundredHeaders => {
            let headers: String = (0..100)
                .map(|number| format!("x-header-{number}: {number}\r\n"))
                .collect();
            (whole("200 OK", &headers, b"{}"), true)
        }
        Hostility::RedirectLoop => (whole("302 Found", "location: /v1/sessions\r\n", b""), true),
        Hostility::NoUtf8InBody => (whole(created, "", b"{\"state\":\"\xff\xfe\"}"), true),
        Hostility::NoUtf8InHeader => {
            let head = b"HTTP/1.1 200 OK\r\nx-odd: \xff\xfe\xc3\r\ncontent-length: 2\r\n\r\n{}";
            (head.to_vec(), true)
        }
        Hostility::AnswersTwice => (whole("200 OK", "", b"{}").repeat(2), true),
        Hostility::Status999 => (whole("999 Odd", "", b"{}"), true),
        _ => (
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: odd\r\n\r\n"
                .to_vec(),
            false,
        ),
    }
}

/// Writes a whole answer.
fn whole(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Sends a gigabyte, or as much of it as anybody reads.
async fn pour(stream: &mut TcpStream, head: &[u8], again: &[u8]) -> io::Result<()> {
    stream.write_all(head).await?;
    for _ in 0..=GIGABYTE / again.len() {
        stream.write_all(again).await?;
    }
    Ok(())
}

async fn hang() -> io::Result<()> {
    std::future::pending().await
}

/// Reads one request whole: what is left unread would turn closing into resetting.
async fn read_request(stream: &mut TcpStream) -> io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = vec![0; PIECE];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let announced = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length = announced.map_or(0, |length| length.trim().parse().unwrap_or(0));
        if body.len() >= length {
            return Ok(());
        }
    }
}

/// The capabilities of a target that declares them, so that a run gets past asking for them.
pub(crate) const CAPABILITIES: &str = r#"[capabilities]
editions = ["2018-07-25", "2018-07-30", "2019-02-13"]
methods = ["microsoftAuthenticator", "softwareOath", "mobilePhone", "officePhone", "email", "securityQuestions"]
kinds = ["appNotification", "appCode", "textMessage", "voiceCall", "emailCode", "answers"]
features = ["deferral", "wizard", "manage", "reset", "twoStep", "review", "audit", "policyValidation"]
facilities = []

[capabilities.limits]
codeLength = 6
codeTries = 5
accountFailures = 20
blockSeconds = 900
resendSeconds = 30
gatewayTimeoutMs = 2000
codeSeconds = 600
activationSeconds = 600
enrollmentSeconds = 1800
notificationSeconds = 120
callSeconds = 120
resetSeconds = 1800
sessionSeconds = 28800
"#;

const PIECE: usize = 64 * 1024;
const GIGABYTE: usize = 1024 * 1024 * 1024;
