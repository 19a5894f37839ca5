//! A plain HTTP client, so that no library's courtesy hides what is on the wire.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// Longer than anything here takes, far shorter than a hanging gateway.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub(crate) const BASIC: (&str, &str) = ("authorization", "Basic QUM6a2V5");

/// Sends one request on a connection of its own.
pub(crate) async fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Reply> {
    let mut connection = connect(url).await?;
    write_request(&mut connection, method, url, headers, body).await?;
    let reply = tokio::time::timeout(PATIENCE, read_reply(&mut connection));
    reply.await.map_err(|_| io::ErrorKind::TimedOut)?
}

pub(crate) async fn post(url: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Reply> {
    send("POST", url, headers, body).await
}

/// Sends a text in plain JSON.
pub(crate) async fn text(base: &str, to: &str, text: &str) -> io::Result<Reply> {
    let body = serde_json::json!({ "to": to, "text": text }).to_string();
    post(base, &[JSON], body.as_bytes()).await
}

pub(crate) async fn connect(url: &str) -> io::Result<TcpStream> {
    TcpStream::connect(authority(url)).await
}

pub(crate) async fn write_request(
    connection: &mut TcpStream,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<()> {
    let host = authority(url);
    let path = url.split_once(host).expect("the url holds its host").1;
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut request = head.into_bytes();
    request.extend_from_slice(body);
    connection.write_all(&request).await
}

/// Reads one answer with a content length; the connection stays open.
pub(crate) async fn read_reply(connection: &mut TcpStream) -> io::Result<Reply> {
    let mut received = Vec::new();
    loop {
        if let Some(reply) = parsed(&received) {
            return Ok(reply);
        }
        let mut chunk = [0; 4096];
        match connection.read(&mut chunk).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => received.extend_from_slice(&chunk[..read]),
        }
    }
}

fn parsed(received: &[u8]) -> Option<Reply> {
    let text = std::str::from_utf8(received).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = match headers.get("content-length") {
        Some(length) => length.parse().ok()?,
        None => 0,
    };
    (body.len() >= length).then(|| Reply {
        status,
        headers,
        body: body.to_owned(),
    })
}

fn authority(url: &str) -> &str {
    let rest = url.trim_start_matches("http://");
    rest.split_once('/').map_or(rest, |(host, _)| host)
}
