//! From the bytes of a mail to what a person reads: decoded headers, and the text without transfer encoding or tags.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use mail_parser::decoders::html::html_to_text;
use mail_parser::{Address, Header, HeaderValue, MessageParser};
use proofup_domain::state::Channel;

use crate::message::{Message, RAW_LIMIT, TEXT_LIMIT, bounded};

/// Reads a mail as its recipient would. Bytes that are no mail are kept raw, with an empty text.
pub(super) fn message(raw: &[u8], recipient: String, at: Timestamp) -> Message {
    let mut message = Message {
        seq: 0,
        channel: Channel::Email,
        destination: recipient,
        from: None,
        subject: None,
        text: String::new(),
        headers: BTreeMap::new(),
        raw: raw.iter().take(RAW_LIMIT).copied().collect(),
        at,
        call: None,
        push: None,
    };
    let Some(parsed) = MessageParser::default().parse(raw) else {
        return message;
    };
    message.subject = parsed.subject().map(str::to_owned);
    message.from = parsed.from().map(addresses);
    let text = parsed.body_text(0).filter(|text| !text.trim().is_empty());
    // Beside an empty text, the words of the HTML are what a person reads.
    let html = || parsed.body_html(0).map(|html| html_to_text(&html));
    if let Some(text) = text.map(Cow::into_owned).or_else(html) {
        message.text = bounded(text, TEXT_LIMIT);
    }
    for header in parsed.headers() {
        let value = value(header, &parsed.raw_message);
        message
            .headers
            .entry(header.name.as_str().to_ascii_lowercase())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert(value);
    }
    message
}

/// Decodes a header that holds text or addresses; returns any other unchanged.
fn value(header: &Header<'_>, raw: &[u8]) -> String {
    match &header.value {
        HeaderValue::Text(text) => text.clone().into_owned(),
        HeaderValue::TextList(list) => list.join(", "),
        HeaderValue::Address(list) => addresses(list),
        HeaderValue::DateTime(_)
        | HeaderValue::ContentType(_)
        | HeaderValue::Received(_)
        | HeaderValue::Empty => {
            let start = usize::try_from(header.offset_start).unwrap_or(usize::MAX);
            let end = usize::try_from(header.offset_end).unwrap_or(usize::MAX);
            let bytes = raw.get(start..end).unwrap_or_default();
            String::from_utf8_lossy(bytes).trim().to_owned()
        }
    }
}

/// Writes addresses as `Display Name <address>`, separated by commas.
fn addresses(list: &Address<'_>) -> String {
    let written: Vec<String> = list
        .iter()
        .map(|address| match (address.name(), address.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (None, Some(only)) | (Some(only), None) => only.to_owned(),
            (None, None) => String::new(),
        })
        .collect();
    written.join(", ")
}
