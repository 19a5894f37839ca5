//! Filters behind a source: what is made of a text that was found.

use regex::Regex;
use serde_json::Value as Json;

use super::{expression, found_by, qr};
use crate::problem::Mistake;
use crate::value::text_of;

/// Makes one text of another; what it cannot be made of is left out.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    /// The text of a QR code, given as a data URI or in base64.
    Qr,
    /// A query parameter of an address.
    Param(String),
    /// What an expression finds.
    Regex(Regex),
    /// The text with HTML's entities resolved.
    Html,
    /// Base32 of what is given in hexadecimal or base64.
    Base32,
}

impl Filter {
    /// Reads a filter.
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        match (text, text.split_once(':')) {
            ("qr", _) => Ok(Self::Qr),
            ("html", _) => Ok(Self::Html),
            ("base32", _) => Ok(Self::Base32),
            (_, Some(("param", name))) if !name.is_empty() => Ok(Self::Param(name.to_owned())),
            (_, Some(("regex", pattern))) => expression(pattern).map(Self::Regex),
            _ => Err(Mistake::BadSource {
                written: text.to_owned(),
                reason: "unknown filter".to_owned(),
            }),
        }
    }

    /// Applies the filter to one value.
    pub(super) fn apply(&self, found: &Json) -> Option<Json> {
        let text = text_of(found);
        match self {
            Self::Qr => qr::of_text(&text).map(Json::from),
            Self::Param(name) => parameter(&text, name).map(Json::from),
            Self::Regex(regex) => found_by(regex, &text).next(),
            Self::Html => Some(Json::from(unescaped(&text))),
            Self::Base32 => bytes_of(&text).map(|bytes| Json::from(base32(&bytes))),
        }
    }
}

/// Finds a query parameter, percent-decoded, also behind a `#`.
fn parameter(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once(['?', '#'])?;
    query
        .split(['?', '#'])
        .flat_map(|part| url::form_urlencoded::parse(part.as_bytes()))
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Resolves the entities of HTML, by its parser.
fn unescaped(text: &str) -> String {
    let escaped = text.replace('<', "&lt;");
    let parsed = scraper::Html::parse_fragment(&escaped);
    parsed.root_element().text().collect()
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    match digits {
        Some(digits) if !digits.is_empty() && digits.len() % 2 == 0 => Some(
            digits
                .chunks(2)
                .map(|pair| pair[0] * 16 + pair[1])
                .collect(),
        ),
        _ => qr::base64_of(text),
    }
}

/// Writes bytes in the alphabet of RFC 4648 §6, without padding.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut block = [0_u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let letters = (chunk.len() * 8).div_ceil(5);
        for position in 0..letters {
            let index = usize::try_from((bits >> (35 - 5 * position)) & 31).unwrap_or(0);
            text.push(char::from(LETTERS[index]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_filtered_by_this_table() {
        let table = [
            (
                "param:token",
                "http://x/?a=1&token=a%2Bb%20c",
                Some("a+b c"),
            ),
            ("param:token", "/verify#token=t", Some("t")),
            ("param:token", "/verify", None),
            (
                "param:secret",
                "otpauth://totp/A:b?secret=GEZD&issuer=A",
                Some("GEZD"),
            ),
            ("regex:id=([0-9]+)", "x id=42 y", Some("42")),
            ("regex:[0-9]+", "x 42 y", Some("42")),
            ("regex:z", "x", None),
            ("html", "a &amp; b&#39;s <c>", Some("a & b's <c>")),
            ("base32", "666f6f626172", Some("MZXW6YTBOI")),
            ("base32", "Zm9vYg==", Some("MZXW6YQ")),
            ("base32", "12345678901234567890", Some("CI2FM6EQCI2FM6EQ")),
            ("base32", "!", None),
            ("qr", "no image", None),
        ];
        for (filter, text, expected) in table {
            let parsed = Filter::parse(filter).expect("the filter is well formed");
            assert_eq!(
                parsed.apply(&json!(text)),
                expected.map(Json::from),
                "{filter} {text}"
            );
        }
        assert!(Filter::parse("qrcode").is_err());
        assert!(Filter::parse("regex:(").is_err());
    }
}
