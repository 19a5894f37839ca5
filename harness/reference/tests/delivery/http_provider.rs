//! A provider that records what it gets and answers as told, byte by byte.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the provider does with every request.
#[derive(Clone, Copy)]
pub(crate) enum Behaviour {
    /// Answers this status and an empty JSON object, and keeps the connection.
    Answer(u16),
    /// Answers 200 and closes the connection without a word about it.
    AnswerAndClose,
    /// Answers these bytes and keeps the connection open.
    Bytes(&'static str),
    /// Answers 200 with a body of this many bytes.
    Body(usize),
    /// Reads the request and says nothing.
    Hang,
    /// Reads the request and closes the connection.
    Close,
    /// Reads the request and resets the connection.
    Reset,
}

#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Which connection it came on.
    pub(crate) connection: usize,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        serde_urlencoded::from_str(&self.body).expect("the body is a form")
    }
}

pub(crate) struct Provider {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    closed: watch::Receiver<usize>,
}

impl Provider {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (count_closed, closed) = watch::channel(0);
        let recorded = Arc::clone(&requests);
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let (recorded, count_closed) = (Arc::clone(&recorded), count_closed.clone());
                tokio::spawn(async move {
                    serve(stream, connection, behaviour, &recorded).await;
                    count_closed.send_modify(|count| *count += 1);
                });
            }
        });
        Self {
            url: format!("http://{address}"),
            requests,
            closed,
        }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panicked").clone()
    }

    /// Returns the one request that came.
    pub(crate) fn request(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "exactly one request");
        requests.remove(0)
    }

    /// Waits until the provider has closed this many connections.
    pub(crate) async fn closed(&mut self, count: usize) {
        let closed = self.closed.wait_for(|closed| *closed >= count).await;
        closed.expect("the provider runs");
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    behaviour: Behaviour,
    recorded: &Mutex<Vec<Request>>,
) {
    while let Some(request) = read_request(&mut stream, connection).await {
        recorded.lock().expect("no test panicked").push(request);
        let answer = match behaviour {
            Behaviour::Answer(status) => {
                format!("HTTP/1.1 {status} x\r\ncontent-length: 2\r\n\r\n{{}}")
            }
            Behaviour::AnswerAndClose => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Behaviour::Bytes(bytes) => bytes.to_owned(),
            Behaviour::Body(length) => {
                let body = "x".repeat(length);
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")
            }
            Behaviour::Hang | Behaviour::Close | Behaviour::Reset => String::new(),
        };
        // The courier may hang up in the middle of a long body.
        let _ = stream.write_all(answer.as_bytes()).await;
        match behaviour {
            Behaviour::AnswerAndClose | Behaviour::Close => return,
            Behaviour::Reset => {
                stream.set_zero_linger().expect("the socket is open");
                return;
            }
            _ => {}
        }
    }
}

async fn read_request(stream: &mut TcpStream, connection: usize) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).expect("the head is text");
    let mut lines = head.split("\r\n").map(str::to_owned);
    let mut request = Request {
        line: lines.next().expect("there is a request line"),
        headers: lines
            .filter_map(|line| {
                let (name, value) = line.split_once(": ")?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect(),
        body: String::new(),
        connection,
    };
    let length = request
        .header("content-length")
        .and_then(|length| length.parse().ok());
    let body_at = head_end + 4;
    let end = body_at + length.unwrap_or(0);
    while bytes.len() < end {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    request.body = String::from_utf8(bytes[body_at..end].to_vec()).expect("the body is text");
    Some(request)
}
