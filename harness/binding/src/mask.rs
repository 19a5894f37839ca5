//! Masks secrets wherever an exchange could show them: as they are, percent-encoded, escaped for JSON, in base64.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proofup_domain::secret::{MASK, Secret};
use regex::Regex;
use serde_json::Value as Json;

use super::template::percent_encode;

/// Knows secrets in every spelling, and replaces them.
#[derive(Clone, Default)]
pub(super) struct Masker {
    secrets: BTreeSet<String>,
    /// Made when a text is first masked: most exchanges never are.
    spelled: OnceLock<Spelled>,
}

/// Every spelling of every secret, and what finds them all in one walk through a text.
#[derive(Clone)]
struct Spelled {
    spellings: Vec<String>,
    finder: Option<AhoCorasick>,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Masker({} secrets)", self.secrets.len())
    }
}

impl Masker {
    /// Learns secrets.
    pub(super) fn learn<'a>(&mut self, secrets: impl IntoIterator<Item = &'a str>) {
        for secret in secrets {
            if secret.chars().all(|character| character == '*') {
                continue;
            }
            self.secrets.insert(secret.to_owned());
            let inner = secret.trim();
            self.secrets.insert(inner.to_owned());
            // What a lenient reader may take a near-code for, and echo.
            let digits: String = inner.chars().filter(char::is_ascii_digit).collect();
            if digits.len() >= 6 && digits.len() + 2 >= inner.chars().count() {
                self.secrets.insert(digits);
            }
        }
        self.secrets.remove("");
        self.spelled = OnceLock::new();
    }

    fn spelled(&self) -> &Spelled {
        self.spelled.get_or_init(|| {
            let spellings: BTreeSet<String> = self
                .secrets
                .iter()
                .flat_map(|secret| spellings(secret))
                .collect();
            let spellings: Vec<String> = spellings.into_iter().collect();
            let finder = finder(&spellings);
            Spelled { spellings, finder }
        })
    }

    /// Replaces every secret that it knows, and the values of members that are secrets by their names.
    pub(super) fn mask(&self, text: &str) -> String {
        let masked = self.without_spellings(text);
        SECRET_MEMBER
            .replace_all(&masked, |found: &regex::Captures<'_>| {
                format!("{}{MASK}", &found[1])
            })
            .into_owned()
    }

    /// Replaces every spelling. Spellings that overlap are replaced together, so no part of either is left standing.
    fn without_spellings<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Spelled { spellings, finder } = self.spelled();
        let Some(finder) = finder else {
            return Cow::Borrowed(text);
        };
        let mut found: Vec<Range<usize>> = finder
            .find_overlapping_iter(text)
            .filter(|found| {
                let spelling = &spellings[found.pattern()];
                spelling.chars().count() >= SHORT || is_word(text, &found.range())
            })
            .map(|found| found.range())
            .collect();
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        found.sort_by_key(|span| span.start);
        found.dedup_by(|next, span| {
            let overlaps = next.start < span.end;
            if overlaps {
                span.end = span.end.max(next.end);
            }
            overlaps
        });
        let mut masked = String::with_capacity(text.len());
        let mut shown = 0;
        for span in found {
            masked.push_str(&text[shown..span.start]);
            masked.push_str(MASK);
            shown = span.end;
        }
        masked.push_str(&text[shown..]);
        Cow::Owned(masked)
    }

    /// Replaces what a cut left of a secret at the end of a text.
    pub(super) fn mask_cut_end(&self, text: &str) -> String {
        let longest = self
            .spelled()
            .spellings
            .iter()
            .flat_map(|spelling| {
                spelling
                    .char_indices()
                    .skip(1)
                    .map(|(at, _)| &spelling[..at])
            })
            .filter(|start| text.ends_with(start))
            .max_by_key(|start| start.len());
        match longest {
            Some(start) => format!("{}{MASK}", &text[..text.len() - start.len()]),
            None => text.to_owned(),
        }
    }
}

/// Lists the spellings of one secret.
fn spellings(secret: &str) -> Vec<String> {
    let encoded = percent_encode(secret);
    let plus = encoded.replace("%20", "+");
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let escaped = Json::from(secret).to_string();
    let escaped = escaped[1..escaped.len() - 1].to_owned();
    let ascii: String = escaped.chars().map(escape_to_ascii).collect();
    let mut all = vec![
        secret.to_owned(),
        lower_case_hex(&encoded),
        lower_case_hex(&form),
        encoded,
        plus,
        form,
        escaped.replace('/', "\\/"),
        escaped,
        ascii,
    ];
    if secret.len() >= SHORT {
        all.extend([
            STANDARD.encode(secret),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
        ]);
    }
    all
}

fn lower_case_hex(encoded: &str) -> String {
    let mut hex = 0;
    let lower = |character: char| {
        if character == '%' {
            hex = 2;
            return character;
        }
        if hex > 0 {
            hex -= 1;
            return character.to_ascii_lowercase();
        }
        character
    };
    encoded.chars().map(lower).collect()
}

fn escape_to_ascii(character: char) -> String {
    if character.is_ascii() {
        return character.to_string();
    }
    let mut units = [0; 2];
    character
        .encode_utf16(&mut units)
        .iter()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

/// Builds what finds the spellings; none where there are none.
fn finder(spellings: &[String]) -> Option<AhoCorasick> {
    if spellings.is_empty() {
        return None;
    }
    // The kind that is built soonest: most are used for one exchange.
    let built = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::NoncontiguousNFA))
        .build(spellings);
    Some(built.expect("the spellings of one case are far fewer than the automaton can number"))
}

/// Returns whether a short secret stands as a word: an answer "red" must not make nonsense of "registered".
fn is_word(text: &str, span: &Range<usize>) -> bool {
    let before = text[..span.start].chars().next_back();
    let after = text[span.end..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

/// Finds members of JSON and form texts that hold secrets whatever the implementation calls them, also where the text
/// breaks off: a response that no rule reads may hold a token all the same.
static SECRET_MEMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"("(?i:[a-z_-]*(?:token|secret|password|passwd|qrpayload|otpauth))"\s*:\s*")(?:[^"\\]|\\.)+"#)
        .expect("the expression is a constant and a test compiles it")
});

/// Secrets shorter than this many characters are masked as words only.
const SHORT: usize = 4;

/// Collects what is secret in a value: all strings below members of a name.
pub(super) fn secret_members<'a>(value: &'a Json, member: &str, found: &mut Vec<&'a str>) {
    match value {
        Json::Object(members) => {
            for (name, value) in members {
                match value {
                    Json::String(text) if name == member => found.push(text),
                    inner => secret_members(inner, member, found),
                }
            }
        }
        Json::Array(elements) => elements
            .iter()
            .for_each(|element| secret_members(element, member, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// Lists the texts of secrets.
pub(super) fn texts<'a>(
    secrets: impl IntoIterator<Item = &'a Secret>,
) -> impl Iterator<Item = &'a str> {
    secrets.into_iter().map(Secret::expose)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masker(secrets: &[&str]) -> Masker {
        let mut masker = Masker::default();
        masker.learn(secrets.iter().copied());
        masker
    }

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let secret = "p\"ä s/+482913";
        let masker = masker(&[secret]);
        for spelling in spellings(secret) {
            assert_eq!(masker.mask(&format!("<{spelling}>")), "<***>", "{spelling}");
        }
    }

    #[test]
    fn a_code_in_another_shape_is_masked_too() {
        for shape in [" 482913 ", "482 913", "+482913", "482913\n", "482913\0"] {
            assert_eq!(masker(&[shape]).mask("<482913>"), "<***>", "{shape:?}");
        }
    }

    #[test]
    fn a_short_secret_is_masked_as_a_word() {
        let masker = masker(&["red", ""]);
        assert_eq!(
            masker.mask(r#"registered "red" red1 red"#),
            r#"registered "***" red1 ***"#
        );
    }

    #[test]
    fn the_longer_secret_goes_first() {
        assert_eq!(
            masker(&["horse", "correct horse"]).mask("correct horse, horse"),
            "***, ***"
        );
    }

    #[test]
    fn secrets_that_overlap_leave_nothing_of_either() {
        assert_eq!(
            masker(&["abcd12", "d12345"]).mask("<abcd12345> abcd12d12345"),
            "<***> ******"
        );
    }

    #[test]
    fn members_that_are_secrets_by_name_are_masked_even_when_cut() {
        let masker = masker(&[]);
        assert_eq!(
            masker.mask(r#"{"deviceSecret": "a\"b", "code": "wrongCode""#),
            r#"{"deviceSecret": "***", "code": "wrongCode""#
        );
        assert_eq!(masker.mask(r#"{"token":"abc"#), r#"{"token":"***"#);
    }

    #[test]
    fn what_a_cut_leaves_of_a_secret_is_masked() {
        assert_eq!(
            masker(&["482913"]).mask_cut_end(r#"{"code":"4829"#),
            r#"{"code":"***"#
        );
        assert_eq!(
            masker(&["482913"]).mask_cut_end(r#"{"code":"x"#),
            r#"{"code":"x"#
        );
    }
}
