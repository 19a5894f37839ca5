//! The cookies of one session or one reset, as a browser would hold them, and the CSRF token that goes with them.

use std::sync::{Arc, Mutex, PoisonError};

use cookie_store::{CookieStore, RawCookie};
use http::HeaderMap;
use http::header::{DATE, SET_COOKIE};
use jiff::Timestamp;
use proofup_domain::secret::Secret;
use url::Url;

/// Cookies. Clones share them, so that requests sent side by side see each other's.
///
/// A cookie lasts until the server takes it back. Its lifetime is left to the server, which is what is tested: the
/// server's clock may have been moved, and this machine's has not. `Secure` is no obstacle, because a target is one host.
#[derive(Clone, Default)]
pub struct Jar(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    cookies: CookieStore,
    csrf: Option<Secret>,
}

impl std::fmt::Debug for Jar {
    /// Shows nothing of the content: cookies are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Jar(***)")
    }
}

impl PartialEq for Jar {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Jar {
    /// Its name among variables and kept values.
    pub const NAME: &'static str = "cookies";

    /// Writes the header that goes with a request; none where no cookie is for its address.
    pub(super) fn header(&self, url: &Url) -> Option<String> {
        let pairs: Vec<String> = self
            .lock()
            .cookies
            .get_request_values(url)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Lists the cookies that would go with a request, by name.
    pub(super) fn pairs(&self, url: &Url) -> Vec<(String, String)> {
        self.lock()
            .cookies
            .get_request_values(url)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Takes the cookies of an answer.
    pub(super) fn take(&self, url: &Url, headers: &HeaderMap) {
        let now = headers
            .get(DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(instant);
        let mut content = self.lock();
        for header in headers.get_all(SET_COOKIE) {
            let text = String::from_utf8_lossy(header.as_bytes());
            // What cannot be read, or is not for this host, a browser leaves out as well.
            let _ = content.cookies.parse(&lasting(&text, now), url);
        }
    }

    /// Returns the CSRF token of the session, where one was fetched.
    pub(super) fn csrf(&self) -> Option<Secret> {
        self.lock().csrf.clone()
    }

    /// Keeps the CSRF token of the session; none forgets it.
    pub(super) fn set_csrf(&self, token: Option<Secret>) {
        self.lock().csrf = token;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes of a `Set-Cookie` one that lasts, or one that takes the cookie back.
fn lasting(text: &str, now: Option<Timestamp>) -> String {
    let mut kept = Vec::new();
    let mut gone = false;
    for part in text.split(';') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "max-age" if !kept.is_empty() => {
                gone = value
                    .trim()
                    .parse::<i64>()
                    .is_ok_and(|seconds| seconds <= 0);
            }
            "expires" if !kept.is_empty() => gone |= is_past(value.trim(), now),
            "secure" if !kept.is_empty() => {}
            _ => kept.push(part),
        }
    }
    let kept = kept.join(";");
    if gone {
        format!("{kept}; Max-Age=0")
    } else {
        kept
    }
}

/// Returns whether an instant is past by the server's own clock; without one only what was long past counts.
fn is_past(expires: &str, now: Option<Timestamp>) -> bool {
    const LONG_PAST: i64 = 10 * 366 * 86_400;
    // The old form of the date has dashes, which the parser does not know.
    let expires = instant(&expires.replace('-', " "));
    expires.is_some_and(|expires| match now {
        Some(now) => expires <= now,
        None => expires.as_second() < LONG_PAST,
    })
}

/// Reads an HTTP date.
fn instant(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|instant| instant.timestamp())
}

/// Finds the value that a `Set-Cookie` header gives to a cookie.
pub(super) fn set_by(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(SET_COOKIE).iter();
    values
        .filter_map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let cookie = RawCookie::parse(text).ok()?;
            (cookie.name() == name).then(|| cookie.value().to_owned())
        })
        .next_back()
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn after(cookies: &[&'static str], date: Option<&'static str>) -> String {
        let jar = Jar::default();
        let url = Url::parse("http://127.0.0.1:1/login").expect("a URL");
        for cookie in cookies {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
            if let Some(date) = date {
                headers.insert(DATE, HeaderValue::from_static(date));
            }
            jar.take(&url, &headers);
        }
        jar.header(&url).unwrap_or_default()
    }

    #[test]
    fn cookies_are_kept_by_this_table() {
        let then = Some("Thu, 15 Jan 2026 09:00:00 GMT");
        let table: [(&[&'static str], Option<&'static str>, &str); 10] = [
            (&["a=1; Path=/; HttpOnly"], None, "a=1"),
            (&["a=1; Path=/; Secure; SameSite=Strict"], None, "a=1"),
            (&["a=1", "a=2"], None, "a=2"),
            (&["a=1; Path=/admin"], None, ""),
            (&["a=1; Domain=example.com"], None, ""),
            (&["a=1; Path=/", "a=; Path=/; Max-Age=0"], None, ""),
            (
                &[
                    "a=1; Path=/",
                    "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
                ],
                None,
                "",
            ),
            // The server's day is long ago for this machine.
            (
                &["a=1; Expires=Fri, 16 Jan 2026 09:00:00 GMT; Max-Age=60"],
                then,
                "a=1",
            ),
            (&["a=1; Expires=Wed, 14-Jan-2026 09:00:00 GMT"], then, ""),
            (&["no cookie", "=", "expires=1; Path=/"], then, "expires=1"),
        ];
        for (cookies, date, expected) in table {
            assert_eq!(after(cookies, date), expected, "{cookies:?}");
        }
    }

    #[test]
    fn an_answer_s_own_cookie_is_found() {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static("a=1; Path=/"));
        headers.append(SET_COOKIE, HeaderValue::from_static("b=x=y; Path=/"));
        assert_eq!(set_by(&headers, "b"), Some("x=y".to_owned()));
        assert_eq!(set_by(&headers, "c"), None);
    }
}
