//! What a provider took: one message for one destination.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use proofup_domain::secret::{MASK, Secret};
use proofup_domain::state::Channel;
use regex::Regex;

/// Marks a point in the stream of everything that happened in the inboxes.
///
/// The default is the beginning. A later cursor compares greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cursor(pub u64);

/// One message as a person would see it.
///
/// `Debug` masks what may hold a code; [`Message::code`] gives it away as a [`Secret`].
#[derive(Clone)]
pub struct Message {
    /// The place in the order of acceptance. A message that was held keeps it, so the newest *sent* message is the one
    /// with the greatest `seq`, whatever the order of delivery.
    pub seq: u64,
    /// The channel.
    pub channel: Channel,
    /// Where it went, exactly as the implementation gave it: number, address of the envelope, push token.
    pub destination: String,
    /// Who it says it comes from, decoded; for mail `Display Name <address>`.
    pub from: Option<String>,
    /// The subject of a mail or the title of a notification, decoded.
    pub subject: Option<String>,
    /// The plain text, decoded; HTML is stripped where it is the only part. At most 64 KiB.
    pub text: String,
    /// Headers of the mail, or of the HTTP request without its credentials; names in lower case, values decoded.
    pub headers: BTreeMap<String, String>,
    /// What came over the wire: the mail or the HTTP body, at most [`RAW_LIMIT`] bytes.
    pub raw: Vec<u8>,
    /// When it was accepted, by the clock of the host.
    pub at: Timestamp,
    /// How the called person answers, for a call.
    pub call: Option<CallInfo>,
    /// What the device needs for its reply, for a notification.
    pub push: Option<PushInfo>,
}

/// How the implementation wants to hear what a called person does.
///
/// `Debug` cuts the queries of the addresses off: they may hold the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct CallInfo {
    /// The call's id: the implementation's in the JSON form, the provider's (`CA…`) in the calls form.
    pub call_id: String,
    /// Where pressed keys are posted.
    pub digits_url: String,
    /// Where the end of the call is posted. A calls request without `StatusCallback` hears of it at `digits_url`.
    pub status_url: String,
    /// The secret that a callback must carry (GATE-3). In the calls form it is also part of the URLs.
    pub secret: Option<Secret>,
    /// Which form the callbacks take.
    pub form: CallForm,
    /// The number that was called.
    pub to: String,
    /// The number or name that called, where it was told.
    pub from: Option<String>,
}

/// The form in which a call was asked for, and so the form of its callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallForm {
    /// Plain JSON: bearer secret, `{"digits": …}` and `{"status": …}`.
    Json,
    /// The 2010-04-01 form: the secret in the URL's query, `Digits=` and `CallStatus=`.
    Calls,
}

/// What a notification carries for the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushInfo {
    /// The notification's id.
    pub notification_id: String,
    /// The device's id, where it was told.
    pub device_id: Option<String>,
    /// All the data of the notification, ids included.
    pub data: BTreeMap<String, String>,
}

/// Bounds [`Message::raw`], in bytes.
pub const RAW_LIMIT: usize = 64 * 1024;

/// Bounds [`Message::text`], in bytes.
pub(crate) const TEXT_LIMIT: usize = 64 * 1024;

impl Message {
    /// Finds the code by a pattern: its groups one after the other if it has any, else the whole match.
    ///
    /// A code that is shown as `123-456` is so found by a group for each half.
    ///
    /// Looks into the text, then into the subject. [`default_code_pattern`] serves most messages; a target may override
    /// it (`docs/implementing.md#gateways`).
    #[must_use]
    pub fn code(&self, pattern: &Regex) -> Option<Secret> {
        [Some(self.text.as_str()), self.subject.as_deref()]
            .into_iter()
            .flatten()
            .find_map(|text| pattern.captures(text))
            .map(|found| Secret::new(joined(&found)))
    }

    /// Returns whether the destination is written as E.164 has it: `+`, then 7 to 15 digits without a leading zero.
    #[must_use]
    pub fn destination_is_e164(&self) -> bool {
        let Some(digits) = self.destination.strip_prefix('+') else {
            return false;
        };
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    }

    /// Returns whether the message names an organisation, as sender, in its subject or in its text (MAIL-5).
    #[must_use]
    pub fn names(&self, organisation: &str) -> bool {
        [
            self.from.as_deref(),
            self.subject.as_deref(),
            Some(self.text.as_str()),
        ]
        .into_iter()
        .flatten()
        .any(|text| text.contains(organisation))
    }

    /// Returns whether the message asks to press the pound key, in digits or in words (CALL-8).
    #[must_use]
    pub fn asks_for_pound(&self) -> bool {
        let text = self.text.to_lowercase();
        ["#", "pound", "hash"]
            .iter()
            .any(|word| text.contains(word))
    }
}

/// Joins the groups of a match; where it has none, all of it.
fn joined(found: &regex::Captures<'_>) -> String {
    let groups = found.iter().skip(1).flatten();
    let code: String = groups.map(|group| group.as_str()).collect();
    if code.is_empty() {
        found[0].to_owned()
    } else {
        code
    }
}

impl std::fmt::Debug for CallInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallInfo")
            .field("call_id", &self.call_id)
            .field("digits_url", &without_query(&self.digits_url))
            .field("status_url", &without_query(&self.status_url))
            .field("form", &self.form)
            .field("to", &self.to)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let destination = match self.channel {
            // A push token lets its holder notify the device.
            Channel::Push => MASK,
            Channel::Sms | Channel::Voice | Channel::Email => &self.destination,
        };
        f.debug_struct("Message")
            .field("seq", &self.seq)
            .field("channel", &self.channel)
            .field("destination", &destination)
            .field("from", &self.from)
            .field("at", &self.at)
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

/// Returns the pattern that finds a code unless a target says otherwise: a run of 6 to 10 digits that touches no letter,
/// digit or `+`.
///
/// Only ASCII letters count as touching: in scripts without spaces a code stands right beside a letter.
#[must_use]
pub fn default_code_pattern() -> &'static Regex {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[^0-9A-Za-z+])([0-9]{6,10})(?:$|[^0-9A-Za-z])")
            .expect("the pattern is a constant and compiles")
    });
    &PATTERN
}

/// Cuts the query off an address.
pub(crate) fn without_query(url: &str) -> &str {
    url.split_once('?').map_or(url, |(address, _)| address)
}

/// Cuts a text at a character boundary.
pub(crate) fn bounded(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit)
            .rev()
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saying(text: &str) -> Message {
        Message {
            seq: 1,
            channel: Channel::Sms,
            destination: "+31612345678".to_owned(),
            from: None,
            subject: None,
            text: text.to_owned(),
            headers: BTreeMap::new(),
            raw: Vec::new(),
            at: Timestamp::UNIX_EPOCH,
            call: None,
            push: None,
        }
    }

    #[test]
    fn a_code_is_a_run_of_six_to_ten_digits_that_stands_alone() {
        for (text, code) in [
            ("Your code is 482913.", Some("482913")),
            ("482913", Some("482913")),
            ("验证码482913，请勿泄露", Some("482913")),
            ("0123456789 is it", Some("0123456789")),
            ("order A482913B", None),
            ("call +31612345 now", None),
            ("12345", None),
            ("12345678901", None),
            ("in 2026: 482913 (10 minutes)", Some("482913")),
        ] {
            let found = saying(text).code(default_code_pattern());
            assert_eq!(found.as_ref().map(Secret::expose), code, "{text}");
        }
    }

    #[test]
    fn a_pattern_without_a_group_gives_the_whole_match() {
        let pattern = Regex::new("[A-Z]{3}-[0-9]{3}").unwrap();
        let code = saying("use ABC-123 now").code(&pattern);
        assert_eq!(code.as_ref().map(Secret::expose), Some("ABC-123"));
    }

    #[test]
    fn groups_are_joined() {
        let pattern = Regex::new(r"(\d{3})[- ](\d{3})|code (\d{6})").unwrap();
        for text in [
            "use 482-913",
            "use 482 913 now",
            "Ticket #100200, code 482913",
        ] {
            let code = saying(text).code(&pattern);
            assert_eq!(code.as_ref().map(Secret::expose), Some("482913"), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_text_and_no_secret() {
        let mut message = saying("482913");
        message.channel = Channel::Push;
        message.destination = "token-1".to_owned();
        message.call = Some(CallInfo {
            call_id: "c".to_owned(),
            digits_url: "http://t/d?secret=s3cret".to_owned(),
            status_url: "http://t/s?secret=s3cret".to_owned(),
            secret: Some(Secret::new("s3cret")),
            form: CallForm::Calls,
            to: String::new(),
            from: None,
        });
        let shown = format!("{message:?}");
        for secret in ["482913", "token-1", "s3cret"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn e164_is_plus_and_digits() {
        let mut message = saying("");
        assert!(message.destination_is_e164());
        for other in ["0612345678", "+31 6 12345678", "+0612345678", "+", ""] {
            other.clone_into(&mut message.destination);
            assert!(!message.destination_is_e164(), "{other}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(bounded("aé".to_owned(), 2), "a");
        assert_eq!(bounded("aé".to_owned(), 3), "aé");
    }
}
