//! Answers that must not tell users apart (SIGN-7, RESET-4): status, headers, members and texts are compared, not only the
//! refusal that they mean.
//!
//! What differs from answer to answer wherever it stands is left out: a short list of headers, numbers, and what looks like
//! an id or a token. Who asked is one word in every answer.

use std::collections::BTreeMap;

use proofup_binding::Operation;
use proofup_domain::refusal::Refusal;

use super::ExchangeRule;
use crate::Seen;

/// Headers that differ between any two answers, and those that follow from the body.
const VOLATILE: [&str; 14] = [
    "age",
    "connection",
    "content-length",
    "date",
    "etag",
    "expires",
    "last-modified",
    "set-cookie",
    "transfer-encoding",
    "keep-alive",
    "server-timing",
    "traceparent",
    "x-request-id",
    "x-runtime",
];

/// The shortest run of letters, digits and `-_+/=` that counts as an id or a token.
const TOKEN_MIN: usize = 16;

/// What of an answer is compared: its places, each with the texts there.
type Shape = BTreeMap<String, Vec<String>>;

/// Returns the rule by which an answer must be like the others of its kind; none: it may differ.
pub(super) fn rule_of(seen: &Seen) -> Option<ExchangeRule> {
    match (Operation::from_word(&seen.operation)?, seen.refusal?) {
        (Operation::SignIn, Refusal::InvalidCredentials) => Some(ExchangeRule::SignInsAlike),
        (Operation::BeginReset, Refusal::ContactAdministrator) => Some(ExchangeRule::ResetsAlike),
        _ => None,
    }
}

/// Lists the places in which two answers differ; `names` are all the words by which somebody signs in.
pub(super) fn differences(one: &Seen, other: &Seen, names: &[String]) -> Vec<String> {
    let (one, other) = (shape(one, names), shape(other, names));
    let mut places: Vec<&String> = one.keys().chain(other.keys()).collect();
    places.sort();
    places.dedup();
    let differ = places
        .into_iter()
        .filter(|place| one.get(*place) != other.get(*place));
    differ.cloned().collect()
}

fn shape(seen: &Seen, names: &[String]) -> Shape {
    let mut shape = Shape::from([("status".to_owned(), vec![seen.response.status.to_string()])]);
    for (place, text) in seen.response.places() {
        let header = place.strip_prefix("header:");
        if header.is_some_and(|name| VOLATILE.contains(&name)) {
            continue;
        }
        shape.entry(place).or_default().push(steady(&text, names));
    }
    shape
}

/// Returns a text without what differs from answer to answer.
fn steady(text: &str, names: &[String]) -> String {
    let mut text = text.to_lowercase();
    for name in names {
        text = text.replace(name, "<user>");
    }
    let mut steady = String::with_capacity(text.len());
    let mut run = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() || "-_+/=".contains(letter) {
            run.push(letter);
        } else {
            end_run(&mut run, &mut steady);
            steady.push(letter);
        }
    }
    end_run(&mut run, &mut steady);
    steady
}

/// Writes a run of letters and digits: `#` for a token and for each number in anything shorter.
fn end_run(run: &mut String, steady: &mut String) {
    if run.len() >= TOKEN_MIN && run.contains(|letter: char| letter.is_ascii_digit()) {
        steady.push('#');
        run.clear();
        return;
    }
    let mut in_number = false;
    for letter in run.drain(..) {
        let is_digit = letter.is_ascii_digit();
        match (is_digit, in_number) {
            (true, false) => steady.push('#'),
            (true, true) => {}
            (false, _) => steady.push(letter),
        }
        in_number = is_digit;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;
    use proofup_binding::RawResponse;

    use super::*;

    fn seen(header: (&str, &str), body: &str) -> Seen {
        let response = Response::builder()
            .status(401)
            .header(header.0, header.1)
            .body(Bytes::from(body.to_owned()))
            .expect("the response is well formed");
        Seen {
            operation: "signIn".to_owned(),
            response: RawResponse::of(response),
            refusal: Some(Refusal::InvalidCredentials),
            exchange: 0,
        }
    }

    fn names() -> Vec<String> {
        vec![
            "ann.lee.1@contoso.example".to_owned(),
            "nobody@contoso.example".to_owned(),
        ]
    }

    #[test]
    fn another_text_member_or_header_tells_users_apart() {
        let plain = seen(("date", "today"), r#"{"title":"wrong"}"#);
        for (other, place) in [
            (
                seen(("date", "today"), r#"{"title":"no such user"}"#),
                "$.title",
            ),
            (
                seen(("date", "today"), r#"{"title":"wrong","hint":"locked"}"#),
                "$.hint",
            ),
            (
                seen(("x-account", "locked"), r#"{"title":"wrong"}"#),
                "header:x-account",
            ),
        ] {
            let found = differences(&plain, &other, &names());
            assert!(
                found.iter().any(|found| found == place),
                "{place}: {found:?}"
            );
        }
    }

    #[test]
    fn what_differs_in_every_answer_tells_nobody_apart() {
        let one = seen(
            ("date", "Tue"),
            r#"{"title":"ann.lee.1@contoso.example: wrong","trace":"0a1b2c3d4e5f60718","at":"2026-12-01T10:00:00Z"}"#,
        );
        let other = seen(
            ("date", "Wed"),
            r#"{"title":"nobody@contoso.example: wrong","trace":"99887766554433221","at":"2026-12-01T10:00:07Z"}"#,
        );
        assert_eq!(differences(&one, &other, &names()), Vec::<String>::new());
    }
}
