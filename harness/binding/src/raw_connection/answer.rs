//! Reads an answer from bytes as they come (RFC 9112): status line, headers, and a body of known length, in chunks, or up to
//! the end of the connection.

use bytes::Bytes;

use crate::response::RawResponse;
use crate::transport::{FRAMING, HEADS, MAX_HEADERS, TransportError};

/// More bytes are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Incomplete;

/// An answer that is whole.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) response: RawResponse,
    /// How many of the bytes it took.
    pub(super) taken: usize,
    /// The connection serves for another request.
    pub(super) keep: bool,
}

/// What is known of an answer while it comes.
#[derive(Debug)]
pub(super) struct Reading {
    to_head: bool,
    limit: usize,
    /// Bytes of `1xx` answers before the one that counts.
    skipped: usize,
    head: Option<ResponseHead>,
}

/// The head of an answer.
#[derive(Debug)]
struct ResponseHead {
    status: u16,
    /// Where the body begins.
    length: usize,
    framing: Framing,
    keep: bool,
}

/// Where a body ends (RFC 9112, 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunks,
    Close,
}

impl Reading {
    /// Begins to read the answer to one request: to one of HEAD, which has no body, or not.
    pub(super) const fn of(to_head: bool, limit: usize) -> Self {
        Self {
            to_head,
            limit,
            skipped: 0,
            head: None,
        }
    }

    /// Looks at everything that came so far.
    pub(super) fn go_on(
        &mut self,
        bytes: &[u8],
    ) -> Result<Result<Whole, Incomplete>, TransportError> {
        if bytes.len() > self.limit * FRAMING + HEADS {
            return Err(TransportError::Flooded(self.limit * FRAMING + HEADS));
        }
        while self.head.is_none() {
            match self.read_head(&bytes[self.skipped..])? {
                None => return Ok(Err(Incomplete)),
                // What is said in between is no answer (RFC 9110, 15.2).
                Some(head) if (100..200).contains(&head.status) && head.status != 101 => {
                    self.skipped += head.length;
                }
                Some(head) => self.head = Some(head),
            }
        }
        let Some(head) = &self.head else {
            return Ok(Err(Incomplete));
        };
        let begin = self.skipped + head.length;
        let body = &bytes[begin..];
        let (body, used) = match head.framing {
            Framing::Length(length) if length > self.limit => {
                return Err(TransportError::BodyTooLarge(self.limit));
            }
            Framing::Length(length) if body.len() < length => return Ok(Err(Incomplete)),
            Framing::Length(length) => (Bytes::copy_from_slice(&body[..length]), length),
            Framing::Chunks => match chunks(body, self.limit)? {
                None => return Ok(Err(Incomplete)),
                Some(found) => found,
            },
            Framing::Close if body.len() > self.limit => {
                return Err(TransportError::BodyTooLarge(self.limit));
            }
            Framing::Close => return Ok(Err(Incomplete)),
        };
        Ok(self.whole(bytes, body, begin + used).ok_or(Incomplete))
    }

    /// Takes the end of the connection for the end of the answer, where that is one.
    pub(super) fn ended(mut self, bytes: &[u8]) -> Result<Whole, TransportError> {
        let ends = matches!(&self.head, Some(head) if head.framing == Framing::Close);
        let begin = self.head.as_ref().map_or(0, |head| head.length) + self.skipped;
        if !ends {
            return Err(TransportError::ConnectionReset);
        }
        let body = Bytes::copy_from_slice(&bytes[begin..]);
        self.whole(bytes, body, bytes.len())
            .ok_or(TransportError::ConnectionReset)
    }

    fn whole(&mut self, bytes: &[u8], body: Bytes, taken: usize) -> Option<Whole> {
        let head = self.head.take()?;
        let text = &bytes[self.skipped..self.skipped + head.length];
        Some(Whole {
            response: RawResponse::of_lane(head.status, text, body),
            taken,
            keep: head.keep && head.framing != Framing::Close,
        })
    }

    fn read_head(&self, bytes: &[u8]) -> Result<Option<ResponseHead>, TransportError> {
        let mut headers = [std::mem::MaybeUninit::uninit(); MAX_HEADERS];
        let mut head = httparse::Response::new(&mut []);
        let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
            &mut head,
            bytes,
            &mut headers,
        );
        let length = match parsed {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if bytes.len() > HEADS => {
                return Err(TransportError::HeadTooLarge);
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(TransportError::HeadTooLarge),
            Err(error) => return Err(TransportError::NotHttp(error.to_string())),
        };
        let status = head.code.unwrap_or_default();
        let not_http = |why: &str| TransportError::NotHttp(why.to_owned());
        if status == 101 {
            return Err(not_http("it changes to another protocol"));
        }
        let told = HeadSummary::of(head.headers).map_err(not_http)?;
        let framing = if self.to_head || status < 200 || matches!(status, 204 | 304) {
            Framing::Length(0)
        } else {
            told.framing
        };
        let is_new = head.version == Some(1);
        Ok(Some(ResponseHead {
            status,
            length,
            framing,
            keep: !told.close && (is_new || told.keep_alive),
        }))
    }
}

/// What headers say of the connection and the body.
struct HeadSummary {
    framing: Framing,
    close: bool,
    keep_alive: bool,
}

impl HeadSummary {
    fn of(headers: &[httparse::Header<'_>]) -> Result<Self, &'static str> {
        let (mut length, mut coded, mut chunked) = (None, false, false);
        let (mut close, mut keep_alive) = (false, false);
        for header in headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("content-length") {
                let text = std::str::from_utf8(header.value).ok();
                let told = text.and_then(|text| text.trim().parse::<usize>().ok());
                let told = told.ok_or("its content-length is not a number")?;
                if length.is_some_and(|before| before != told) {
                    return Err("it has two lengths");
                }
                length = Some(told);
            } else if is("transfer-encoding") {
                coded = true;
                chunked |= says(header.value, "chunked");
            } else if is("connection") {
                close |= says(header.value, "close");
                keep_alive |= says(header.value, "keep-alive");
            }
        }
        let framing = match (coded, chunked, length) {
            (true, true, _) => Framing::Chunks,
            (false, _, Some(length)) => Framing::Length(length),
            _ => Framing::Close,
        };
        Ok(Self {
            framing,
            close,
            keep_alive,
        })
    }
}

/// Returns whether a list of words has one.
fn says(value: &[u8], word: &str) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|one| one.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// Joins the chunks of a body (RFC 9112, 7.1); none: there are more to come. Trailers are read and forgotten.
fn chunks(bytes: &[u8], limit: usize) -> Result<Option<(Bytes, usize)>, TransportError> {
    let bad = || TransportError::NotHttp("a chunk of its body is none".to_owned());
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let size = httparse::parse_chunk_size(&bytes[at..]).map_err(|_| bad())?;
        let httparse::Status::Complete((begin, size)) = size else {
            return Ok(None);
        };
        at += begin;
        if size == 0 {
            break;
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size > limit.saturating_sub(body.len()) {
            return Err(TransportError::BodyTooLarge(limit));
        }
        let Some(chunk) = bytes.get(at..at + size + 2) else {
            return Ok(None);
        };
        let (chunk, end) = chunk.split_at(size);
        if end != b"\r\n" {
            return Err(bad());
        }
        body.extend_from_slice(chunk);
        at += size + 2;
    }
    // Trailers, up to an empty line.
    loop {
        let rest = &bytes[at..];
        let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else {
            return Ok(None);
        };
        at += end + 2;
        if end == 0 {
            return Ok(Some((Bytes::from(body), at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 64;

    /// Reads an answer that comes byte by byte, and tells it in words.
    fn read(answer: &[u8], then_ends: bool) -> Result<String, TransportError> {
        let mut reading = Reading::of(false, LIMIT);
        for end in 1..=answer.len() {
            if let Ok(whole) = reading.go_on(&answer[..end])? {
                return Ok(told(&whole));
            }
        }
        if then_ends {
            reading.ended(answer).map(|whole| told(&whole))
        } else {
            Ok("more".to_owned())
        }
    }

    fn told(whole: &Whole) -> String {
        let body = String::from_utf8_lossy(&whole.response.body);
        let keep = if whole.keep { "keep" } else { "close" };
        format!("{} {body} {} {keep}", whole.response.status, whole.taken)
    }

    #[test]
    fn answers_are_read_by_this_table() {
        let table: [(&str, &str); 12] = [
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
                "200 hi 40 keep",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Close\r\n\r\nhi",
                "200 hi 59 close",
            ),
            (
                "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
                "200  38 close",
            ),
            ("HTTP/1.1 204 No Content\r\n\r\n", "204  27 keep"),
            (
                "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
                "304  48 keep",
            ),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
                "200 x 64 keep",
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
                "200 abcd 70 keep",
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\n\r\n",
                "200 a 64 keep",
            ),
            ("HTTP/1.1 200 OK\r\n\r\nup to the end", "more"),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi", "more"),
            ("HTTP/1.1 200 OK\r\ncontent-le", "more"),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nhi",
                "200 hi 59 keep",
            ),
        ];
        for (answer, expected) in table {
            assert_eq!(
                read(answer.as_bytes(), false),
                Ok(expected.to_owned()),
                "{answer}"
            );
        }
    }

    #[test]
    fn the_end_of_the_connection_ends_an_answer_without_a_length_and_cuts_any_other() {
        let whole = read(b"HTTP/1.1 200 OK\r\n\r\nall", true);
        assert_eq!(whole, Ok("200 all 22 close".to_owned()));
        for cut in [
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab",
            "HTTP/1.1 20",
        ] {
            let read = read(cut.as_bytes(), true);
            assert_eq!(read, Err(TransportError::ConnectionReset), "{cut}");
        }
    }

    #[test]
    fn what_is_no_answer_is_named() {
        let garbage = [
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: a\r\n\r\n",
        ];
        let more = [
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 101 Switching\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc",
        ];
        for answer in garbage.into_iter().chain(more) {
            let read = read(answer.as_bytes(), false);
            assert!(
                matches!(read, Err(TransportError::NotHttp(_))),
                "{answer}: {read:?}"
            );
        }
    }

    #[test]
    fn bodies_are_bounded_whatever_their_framing() {
        let long = "x".repeat(LIMIT + 1);
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 65\r\n\r\n".to_owned(),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n41\r\n".to_owned(),
            format!("HTTP/1.1 200 OK\r\n\r\n{long}"),
        ] {
            let read = read(answer.as_bytes(), false);
            assert_eq!(read, Err(TransportError::BodyTooLarge(LIMIT)), "{answer}");
        }
        let mut reading = Reading::of(false, LIMIT);
        let flood = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(30_000);
        let flooded = reading.go_on(&flood).expect_err("too much came");
        assert!(matches!(flooded, TransportError::Flooded(_)), "{flooded:?}");
    }
}
