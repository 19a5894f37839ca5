//! An HTTP proxy in between: whole addresses for http, `CONNECT` for https.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::PROXY_AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::{Address, TransportError};

/// Where a proxy is, and what it is told about who asks.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    credentials: Option<HeaderValue>,
}

impl Proxy {
    /// Reads the proxy's URL; a user and a password in it are sent to it.
    pub(super) fn of(url: &Url) -> Result<Self, TransportError> {
        let bad = || TransportError::UnsupportedBase(url.to_string());
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => {
                let decoded = |text: &str| {
                    url::form_urlencoded::parse(
                        format!("x={}", text.replace('+', "%2B")).as_bytes(),
                    )
                    .next()
                    .map(|(_, value)| value.into_owned())
                    .unwrap_or_default()
                };
                let pair = format!(
                    "{}:{}",
                    decoded(user),
                    decoded(password.unwrap_or_default())
                );
                let value = format!("Basic {}", STANDARD.encode(pair));
                let mut value = HeaderValue::try_from(value).map_err(|_| bad())?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        Ok(Self {
            host: url
                .host_str()
                .ok_or_else(bad)?
                .trim_matches(['[', ']'])
                .to_owned(),
            port: url.port_or_known_default().ok_or_else(bad)?,
            credentials,
        })
    }

    /// Adds to a request who asks the proxy.
    pub(super) fn sign(&self, headers: &mut HeaderMap) {
        if let Some(credentials) = &self.credentials {
            headers.insert(PROXY_AUTHORIZATION, credentials.clone());
        }
    }

    /// Lets the proxy open a way to the target.
    pub(super) async fn open(
        &self,
        mut stream: TcpStream,
        target: &Address,
    ) -> Result<TcpStream, TransportError> {
        let refused = |reason: String| TransportError::Proxy {
            address: format!("{}:{}", self.host, self.port),
            reason,
        };
        let host = if target.host.contains(':') {
            format!("[{}]:{}", target.host, target.port)
        } else {
            format!("{}:{}", target.host, target.port)
        };
        let mut request = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n");
        if let Some(credentials) = self
            .credentials
            .as_ref()
            .and_then(|value| value.to_str().ok())
        {
            request.push_str(&format!("Proxy-Authorization: {credentials}\r\n"));
        }
        request.push_str("\r\n");
        let broken = |error: std::io::Error| refused(error.to_string());
        stream.write_all(request.as_bytes()).await.map_err(broken)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() > LONGEST_HEAD {
                return Err(refused("its answer is too long".to_owned()));
            }
            // Byte by byte, because what follows the head belongs to the target.
            head.push(stream.read_u8().await.map_err(broken)?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let line = head.lines().next().unwrap_or_default();
        let status = line.split(' ').nth(1).unwrap_or_default();
        if line.starts_with("HTTP/1.") && status.len() == 3 && status.starts_with('2') {
            return Ok(stream);
        }
        Err(refused(line.chars().take(80).collect()))
    }
}

const LONGEST_HEAD: usize = 8 * 1024;
