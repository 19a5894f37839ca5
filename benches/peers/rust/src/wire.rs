//! A connection that carries prepared requests: written as they are, answers read by httparse.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Holds one connection, kept alive.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of the buffer is filled.
    filled: usize,
}

/// Holds what came back.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects to a host and port.
    ///
    /// # Errors
    /// Where nobody listens.
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 16 * 1024],
            filled: 0,
        })
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    /// Where the connection breaks, or what comes is no answer with a length.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[self.filled..]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.filled += read;
            if let Some((status, head, length)) = head(&self.buffer[..self.filled])? {
                let whole = head + length;
                if whole <= self.filled {
                    return Ok(Answer {
                        status,
                        body: &self.buffer[head..whole],
                    });
                }
                self.buffer.resize(self.buffer.len().max(whole), 0);
            }
        }
    }
}

/// Reads the status, where the head ends and how long the body is; none while the head is not whole.
fn head(bytes: &[u8]) -> io::Result<Option<(u16, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(io::Error::other)?;
    let httparse::Status::Complete(end) = parsed else {
        return Ok(None);
    };
    let status = response.code.unwrap_or_default();
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = match length {
        Some(header) => std::str::from_utf8(header.value)
            .ok()
            .and_then(|text| text.parse().ok()),
        None => (status == 204).then_some(0),
    };
    let length = length.ok_or_else(|| io::Error::other("an answer without a length"))?;
    Ok(Some((status, end, length)))
}

/// Writes a request down.
#[must_use]
pub fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let authorization = if token.is_empty() {
        String::new()
    } else {
        format!("authorization: Bearer {token}\r\n")
    };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{authorization}\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
