//! Causes that show in what came back, or in a message, whatever key of the file seems to be at fault.
//!
//! Each is one sentence of what was seen and one of what to do; advice that only repeats what the file says already leads
//! nowhere.

use jiff::Timestamp;
use proofup_binding::exchange::Exchange;
use proofup_domain::secret::MASK;
use serde_json::Value as Json;
use url::Url;

/// What was seen, and what to do about it.
pub(super) struct Cause {
    pub(super) seen: String,
    pub(super) advice: String,
}

impl Cause {
    fn new(seen: impl Into<String>, advice: impl Into<String>) -> Self {
        let (seen, advice) = (seen.into(), advice.into());
        Self { seen, advice }
    }
}

/// Returns that a body is no JSON, where one came whole and is none.
pub(super) fn no_json(exchange: &Exchange) -> Option<Cause> {
    let body = exchange.response_body.as_deref()?;
    let is_cut = body.ends_with(" bytes)");
    let error = serde_json::from_str::<Json>(body).err()?;
    let kind = header(exchange, "content-type").unwrap_or("no content type");
    (!is_cut).then(|| {
        Cause::new(
            format!("its body is no JSON ({kind}; {error})"),
            "read what the answer says with `css:`, `regex:` or `header:` in place of `$.`, or make the server answer in JSON",
        )
    })
}

/// Returns which cookies an answer sets, where the file looks for another, or where several stand in one line.
pub(super) fn cookies_set(exchange: &Exchange) -> Option<Cause> {
    let lines: Vec<&str> = all_headers(exchange, "set-cookie").collect();
    if lines.is_empty() {
        return None;
    }
    // Of attributes nothing is masked, so where something is, another cookie stands in their place.
    let folded = lines.iter().any(|line| {
        let mut attributes = line.split(';').skip(1);
        attributes.any(|part| part.contains(MASK))
    });
    if folded {
        return Some(Cause::new(
            "one `Set-Cookie` line of the answer holds several cookies, of which clients see only the first",
            "make the server, or what stands before it, send a `Set-Cookie` line for each cookie (RFC 6265, 3)",
        ));
    }
    let names = lines.iter().filter_map(|line| line.split_once('='));
    let names: Vec<String> = names
        .map(|(name, _)| format!("`{}`", name.trim()))
        .collect();
    Some(Cause::new(
        format!("the answer sets the cookies {}", names.join(", ")),
        "name the cookie as the server does, after `cookie:`",
    ))
}

/// Returns why no client sends a cookie of an earlier answer back: it is for another host, or past already.
pub(super) fn cookie_not_sent<'e>(
    exchanges: impl IntoIterator<Item = &'e Exchange>,
) -> Option<Cause> {
    exchanges.into_iter().find_map(|exchange| {
        let host = Url::parse(&exchange.url).ok()?.host_str()?.to_owned();
        let now = header(exchange, "date").and_then(instant);
        all_headers(exchange, "set-cookie").find_map(|line| not_sent(line, &host, now))
    })
}

fn not_sent(line: &str, host: &str, now: Option<Timestamp>) -> Option<Cause> {
    let (name, value) = line.split(';').next()?.split_once('=')?;
    for part in line.split(';').skip(1) {
        let Some((attribute, text)) = part.split_once('=') else {
            continue;
        };
        let text = text.trim();
        let domain = text.trim_start_matches('.').to_ascii_lowercase();
        let is_under = host == domain || host.ends_with(&format!(".{domain}"));
        match attribute.trim().to_ascii_lowercase().as_str() {
            "domain" if !domain.is_empty() && !is_under => {
                return Some(Cause::new(
                    format!(
                        "an earlier answer set the cookie `{name}` for `{domain}`, and no client sends that to `{host}`"
                    ),
                    format!(
                        "let the server set its cookies for the host of `base`, such as by leaving `Domain` out, or let `base` name a host under `{domain}`"
                    ),
                ));
            }
            "expires" if !value.is_empty() && is_past(text, now) => {
                return Some(Cause::new(
                    format!(
                        "an earlier answer set the cookie `{name}` until {text}, which is past by the server's own `Date`"
                    ),
                    "correct the time at which the server lets its cookies end, or its clock",
                ));
            }
            _ => {}
        }
    }
    None
}

fn is_past(expires: &str, now: Option<Timestamp>) -> bool {
    // The old form of the date has dashes, which the parser does not know.
    let expires = instant(&expires.replace('-', " "));
    expires
        .zip(now)
        .is_some_and(|(expires, now)| expires <= now)
}

fn instant(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::parse(text).ok();
    parsed.map(|instant| instant.timestamp())
}

/// Returns that a pattern finds more in a message than a code.
pub(super) fn ambiguous(matches: usize) -> Cause {
    Cause::new(
        format!(
            "`codePattern` matches {matches} places of the newest message, and the first is taken for the code"
        ),
        "let `codePattern` say what stands before the code, as in `code is (\\d{6})`; only its groups are taken",
    )
}

/// Returns that a picture is one that is not read.
pub(super) fn vector_image(exchange: &Exchange) -> Option<Cause> {
    let body = exchange.response_body.as_deref().unwrap_or_default();
    let is_image = header(exchange, "content-type").is_some_and(|kind| kind.contains("svg"));
    (is_image || body.contains("image/svg+xml") || body.contains("<svg")).then(|| {
        Cause::new(
            "the answer holds an SVG image, and QR codes are read from PNG images only",
            "keep the key URI or the secret that stands beside the image (`qrPayload`, `manualSecret`), and leave the image out",
        )
    })
}

fn header<'e>(exchange: &'e Exchange, name: &'static str) -> Option<&'e str> {
    all_headers(exchange, name).next()
}

fn all_headers<'e>(exchange: &'e Exchange, name: &'static str) -> impl Iterator<Item = &'e str> {
    let headers = exchange.response_headers.iter();
    headers
        .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Tue, 01 Dec 2026 09:00:00 GMT";

    fn answered(headers: &[(&str, &str)], body: &str) -> Exchange {
        let headers = headers.iter().chain(&[("date", DATE)]);
        Exchange {
            operation: "signIn".to_owned(),
            method: "POST".to_owned(),
            url: "http://127.0.0.1:8080/login".to_owned(),
            request_headers: Vec::new(),
            request_body: None,
            status: Some(200),
            response_headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            response_body: Some(body.to_owned()),
            failure: None,
        }
    }

    #[test]
    fn causes_show_by_this_table() {
        let seen = |cause: Option<Cause>| cause.map_or_else(String::new, |cause| cause.seen);
        let cookie = |line: &str| answered(&[("set-cookie", line)], "");
        let table = [
            (
                seen(no_json(&answered(&[], "<html>"))),
                "its body is no JSON (no content type",
            ),
            (seen(no_json(&answered(&[], r#"{"a":1}"#))), ""),
            (seen(no_json(&answered(&[], "{\"a\":… (5000 bytes)"))), ""),
            (
                seen(cookies_set(&cookie("__Host-sid=***; Secure"))),
                "the answer sets the cookies `__Host-sid`",
            ),
            (
                seen(cookies_set(&cookie("p=***; Path=***; Path=/"))),
                "one `Set-Cookie` line",
            ),
            (
                seen(cookies_set(&cookie(
                    "p=***; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
                ))),
                "the answer sets the cookies `p`",
            ),
            (
                seen(cookie_not_sent([&cookie("s=***; Domain=app.example")])),
                "an earlier answer set the cookie `s` for `app.example`",
            ),
            (
                seen(cookie_not_sent([&cookie("s=***; Domain=127.0.0.1")])),
                "",
            ),
            (
                seen(cookie_not_sent([&cookie(
                    "s=***; Expires=Wed, 21 Oct 2020 07:28:00 GMT",
                )])),
                "an earlier answer set the cookie `s` until",
            ),
            (
                seen(cookie_not_sent([&cookie(
                    "s=***; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
                )])),
                "",
            ),
            (
                seen(vector_image(&answered(&[], "data:image/svg+xml;base64,AA"))),
                "the answer holds an SVG image",
            ),
            (
                seen(vector_image(&answered(&[], "data:image/png;base64,AA"))),
                "",
            ),
        ];
        for (row, (seen, wanted)) in table.iter().enumerate() {
            assert!(seen.starts_with(wanted), "row {row}: {seen}");
            assert_eq!(seen.is_empty(), wanted.is_empty(), "row {row}: {seen}");
        }
    }
}
