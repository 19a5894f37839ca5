//! E-mail addresses: one mailbox as RFC 5321 has it, extended to all scripts by RFC 6531.
//!
//! Internationalised addresses are accepted, in the local part and in the domain: the mail goes out with SMTPUTF8. Should the
//! mail server not offer it, an address whose domain alone is internationalised goes out in its A-label form, and any other is
//! refused by the delivery rather than altered.
//!
//! Stricter than the grammar on purpose: no white space or invisible characters in an unquoted part, no domain whose last label
//! is a number (RFC 3696, section 2), no literals but IPv4 and IPv6.

use std::net::{Ipv4Addr, Ipv6Addr};

use caseless::Caseless as _;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// An address exactly as it was typed, and the form in which addresses are compared. `Debug` shows it masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EmailAddress {
    typed: String,
    /// Where the domain begins in `typed`.
    domain_at: usize,
    normalised: String,
    /// Where the domain begins in `normalised`.
    normalised_domain_at: usize,
}

/// The reason why a text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@` with something on both sides.
    #[error("the address needs a name, an @ and a domain")]
    MissingPart,
    /// The part before the `@` breaks the grammar.
    #[error("the part before the @ is not one that mail can be sent to")]
    LocalPart,
    /// The part behind the `@` is neither a domain nor an address literal.
    #[error("the part after the @ is not a domain")]
    Domain,
    /// A part is longer than RFC 5321 allows: 64 octets, 255 octets, 254 together.
    #[error("the address is too long")]
    TooLong,
}

impl EmailAddress {
    /// Reads one address and nothing else: no display name, list, comment, control character or surrounding space.
    ///
    /// Requirement: `MAIL-7`.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::MissingPart)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::MissingPart);
        }
        if text.len() > MAX_PATH || local.len() > MAX_LOCAL || domain.len() > MAX_DOMAIN {
            return Err(AddressError::TooLong);
        }
        if !is_local_part(local) {
            return Err(AddressError::LocalPart);
        }
        let ascii = ascii_domain(domain)
            .filter(|ascii| is_spelled_plainly(domain, ascii))
            .ok_or(AddressError::Domain)?;
        if local.len() + 1 + ascii.len() > MAX_PATH {
            return Err(AddressError::TooLong);
        }
        let folded: String = local.chars().default_case_fold().collect();
        Ok(Self {
            typed: text.to_owned(),
            domain_at: local.len() + 1,
            normalised: format!("{folded}@{ascii}"),
            normalised_domain_at: folded.len() + 1,
        })
    }

    /// Returns the address as typed; mail goes to exactly this. Requirement: `MAIL-1`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// Drops what follows a plus in the local part; where nothing follows one, nothing changes.
    #[must_use]
    pub fn without_tag(self) -> Self {
        let plain = self.local_part().split_once('+').map(|(name, _)| name);
        let plain = plain.map(|name| format!("{name}@{}", self.domain()));
        let parsed = plain.and_then(|plain| Self::parse(&plain).ok());
        parsed.unwrap_or(self)
    }

    /// Returns the address with its case folded and its domain in A-label form: equal for addresses that are taken as one.
    #[must_use]
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    /// Returns whether the domain is one of these, whatever their case and script. Requirement: `MAIL-3`.
    #[must_use]
    pub fn in_domains(&self, domains: &[String]) -> bool {
        let own = self.ascii_domain();
        domains
            .iter()
            .any(|domain| ascii_domain(domain).is_some_and(|domain| domain == own))
    }

    /// Writes the first character and the domain; the number of stars reveals nothing.
    #[must_use]
    pub fn masked(&self) -> String {
        let local = self.local_part();
        let first = local.chars().find(|character| *character != '"');
        let first = first.map(String::from).unwrap_or_default();
        format!("{first}***@{}", &self.typed[self.domain_at..])
    }

    /// Returns what stands before the last `@`, as typed.
    pub(crate) fn local_part(&self) -> &str {
        &self.typed[..self.domain_at - 1]
    }

    /// Returns the domain as typed.
    pub(crate) fn domain(&self) -> &str {
        &self.typed[self.domain_at..]
    }

    /// Returns the domain in lower case and A-label form.
    pub(crate) fn ascii_domain(&self) -> &str {
        &self.normalised[self.normalised_domain_at..]
    }
}

impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

/// RFC 5321, section 4.5.3.1.1, in octets.
const MAX_LOCAL: usize = 64;
/// RFC 5321, section 4.5.3.1.2, in octets.
const MAX_DOMAIN: usize = 255;
/// RFC 5321, section 4.5.3.1.3: 256 octets with the angle brackets.
const MAX_PATH: usize = 254;

/// Checks `Local-part` of RFC 5321, section 4.1.2, with the characters that RFC 6531, section 3.3 adds.
fn is_local_part(local: &str) -> bool {
    match local.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').is_some_and(is_quoted_content),
        None => local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character)),
    }
}

fn is_quoted_content(content: &str) -> bool {
    let mut characters = content.chars();
    while let Some(character) = characters.next() {
        let fine = match character {
            '\\' => matches!(characters.next(), Some(' '..='~')),
            '"' => false,
            ' '..='~' => true,
            other => is_visible_beyond_ascii(other),
        };
        if !fine {
            return false;
        }
    }
    !content.is_empty()
}

fn is_atom_character(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(character)
        || is_visible_beyond_ascii(character)
}

/// Leaves out what cannot be seen or turns the reading order around: it serves only to deceive.
fn is_visible_beyond_ascii(character: char) -> bool {
    !character.is_ascii()
        && !character.is_control()
        && !character.is_whitespace()
        && !matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff0}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Converts a domain to lower case and A-labels, or an address literal to lower case; returns none for anything else.
fn ascii_domain(domain: &str) -> Option<String> {
    if let Some(literal) = domain.strip_prefix('[') {
        let literal = literal.strip_suffix(']')?;
        return is_address_literal(literal).then(|| domain.to_ascii_lowercase());
    }
    if domain.contains(OTHER_FULL_STOPS) {
        return None;
    }
    let ascii = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::Allow,
            DnsLength::Verify,
        )
        .ok()?;
    let is_label = |label: &str| !label.starts_with('-') && !label.ends_with('-');
    let last = ascii.rsplit('.').next()?;
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number && ascii.split('.').all(is_label)).then(|| ascii.into_owned())
}

/// Returns whether a domain differs from what IDNA makes of it by nothing but case and A-labels.
///
/// IDNA also maps other widths, decomposed letters and invisible characters; a mail server that is sent such a domain as it was
/// typed may not.
fn is_spelled_plainly(domain: &str, ascii: &str) -> bool {
    let (unicode, _) =
        Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    domain
        .split('.')
        .zip(unicode.split('.'))
        .all(|(typed, label)| {
            typed.is_ascii() || typed.chars().flat_map(char::to_lowercase).eq(label.chars())
        })
}

/// What IDNA takes for a full stop and SMTP does not.
const OTHER_FULL_STOPS: [char; 3] = ['\u{3002}', '\u{ff0e}', '\u{ff61}'];

/// Checks the two usual forms of RFC 5321, section 4.1.3.
fn is_address_literal(literal: &str) -> bool {
    match literal.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => literal[5..].parse::<Ipv6Addr>().is_ok(),
        _ => literal.parse::<Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn addresses_of_the_rfcs_are_accepted_as_typed() {
        for text in [
            "alice@example.org",
            "Alice.Example@Example.ORG",
            "alice+tag@example.org",
            "o'hara@example.org",
            "!#$%&'*+-/=?^_`{|}~@example.org",
            "a@b",
            "1@2.example",
            "\"alice example\"@example.org",
            "\"a@b\"@example.org",
            "\"a\\\"b\\\\\"@example.org",
            "\"..\"@example.org",
            "\" \"@example.org",
            "alice@[192.0.2.1]",
            "alice@[IPv6:2001:db8::1]",
            "alice@xn--bcher-kva.example",
            "alice@bücher.example",
            "alice@r4---sn.example",
            "Bücher@BÜCHER.Example",
            "σ@ΣΊΣΥΦΟΣ.example",
            "alice@straße.example",
            "用户@例子.广告",
            "संपर्क@डाटामेल.भारत",
            "δοκιμή@παράδειγμα.δοκιμή",
            "jürgen.müller@example.org",
            "👋@example.org",
            "\"jürgen müller\"@example.org",
        ] {
            assert_eq!(parse(text).as_str(), text);
        }
    }

    #[track_caller]
    fn check_refused(error: AddressError, texts: &[&str]) {
        for text in texts {
            assert_eq!(EmailAddress::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn both_parts_must_be_there() {
        check_refused(
            AddressError::MissingPart,
            &["", "alice", "@example.org", "alice@", "alice＠example.org"],
        );
    }

    #[test]
    fn no_name_list_comment_space_or_header_gets_into_the_local_part() {
        check_refused(
            AddressError::LocalPart,
            &[
                " alice@example.org",
                "ali ce@example.org",
                ".alice@example.org",
                "alice.@example.org",
                "ali..ce@example.org",
                "alice@bob@example.org",
                "a\"b@example.org",
                "\"alice@example.org",
                "\"@example.org",
                "\"\"@example.org",
                "\"a\"b\"@example.org",
                "\"a\\\"@example.org",
                "\"a\"b@example.org",
                "\"a\r\nb\"@example.org",
                "\"a\tb\"@example.org",
                "Alice <alice@example.org>",
                "<alice@example.org>",
                "alice@example.org, bob@example.org",
                "alice@example.org;bob@example.org",
                "alice(work)@example.org",
                "team:alice@example.org;",
                "mailto:alice@example.org",
                "alice@example.org\r\nBcc: bob@example.org",
                "alice\r\nRCPT TO:<bob@example.org>@example.org",
                "alice\0@example.org",
                "alice\u{85}@example.org",
                "alice\u{a0}b@example.org",
                "alice\u{202e}@example.org",
                "alice\u{200b}@example.org",
                "alice\u{feff}@example.org",
            ],
        );
    }

    #[test]
    fn a_domain_is_one_that_mail_servers_know() {
        check_refused(
            AddressError::Domain,
            &[
                "alice@example.org ",
                "alice@example.org\n",
                "alice@example.org(work)",
                "alice%0d%0a@example.org> SIZE=1",
                "alice@exam ple.org",
                "alice@example.org.",
                "alice@.example.org",
                "alice@example..org",
                "alice@-example.org",
                "alice@example-.org",
                "alice@exam_ple.org",
                "alice@例え。example",
                "alice@xn--a",
                "alice@bu\u{308}cher.example",
                "alice@ｅxample.org",
                "alice@exam\u{ad}ple.org",
                "alice@exam\u{202e}ple.org",
                "alice@192.0.2.1",
                "alice@example.123",
                "alice@[192.0.2.256]",
                "alice@[192.0.2.1",
                "alice@[2001:db8::1]",
                "alice@[IPv6:192.0.2.1]",
                "alice@[x]",
                "alice@[]",
            ],
        );
    }

    #[test]
    fn lengths_are_bounded_in_octets() {
        let accepted = |local: usize, labels: &[usize]| {
            let labels: Vec<_> = labels.iter().map(|length| "a".repeat(*length)).collect();
            EmailAddress::parse(&format!("{}@{}", "a".repeat(local), labels.join("."))).map(|_| ())
        };
        assert_eq!(accepted(64, &[63, 63, 61]), Ok(()));
        assert_eq!(accepted(64, &[63, 63, 62]), Err(AddressError::TooLong));
        assert_eq!(accepted(65, &[3]), Err(AddressError::TooLong));
        assert_eq!(accepted(1, &[64, 3]), Err(AddressError::Domain));
        assert_eq!(accepted(1, &[63, 63, 63, 60]), Ok(()));
        assert_eq!(accepted(1, &[63, 63, 63, 61]), Err(AddressError::TooLong));
        let bytes = |count| EmailAddress::parse(&format!("{}@example.org", "ü".repeat(count)));
        assert!(bytes(32).is_ok());
        assert_eq!(bytes(33), Err(AddressError::TooLong));
    }

    #[test]
    fn a_domain_is_recognised_in_any_case_and_script() {
        let domains = |text: &str| vec!["contoso.example".to_owned(), text.to_owned()];
        for (address, domain) in [
            ("alice@contoso.example", ""),
            ("alice@CONTOSO.example", ""),
            ("alice@bücher.example", "xn--bcher-kva.example"),
            ("alice@xn--bcher-kva.example", "BÜCHER.example"),
            ("alice@XN--BCHER-KVA.example", "bücher.EXAMPLE"),
            ("alice@bücher.example", "bu\u{308}cher.example"),
            ("alice@straße.example", "xn--strae-oqa.example"),
            ("alice@[192.0.2.1]", "[192.0.2.1]"),
        ] {
            assert!(parse(address).in_domains(&domains(domain)), "{address}");
        }
        for (address, domain) in [
            ("alice@mail.contoso.example", "example"),
            ("alice@notcontoso.example", ""),
            ("alice@contoso.example.org", ""),
            ("alice@bucher.example", "bücher.example"),
            ("\"alice@contoso.example\"@fabrikam.example", ""),
        ] {
            assert!(!parse(address).in_domains(&domains(domain)), "{address}");
        }
        assert!(!parse("alice@contoso.example").in_domains(&[]));
    }

    #[test]
    fn addresses_that_are_one_normalise_alike() {
        for (one, other) in [
            ("Alice@Example.org", "alice@EXAMPLE.ORG"),
            ("straße@bücher.example", "STRASSE@XN--BCHER-KVA.EXAMPLE"),
            ("ΣΊΣΥΦΟΣ@example.org", "σίσυφος@example.org"),
        ] {
            assert_eq!(parse(one).normalised(), parse(other).normalised());
        }
        assert_eq!(
            parse("Ünal@Bücher.Example").normalised(),
            "ünal@xn--bcher-kva.example"
        );
        assert_ne!(
            parse("a.b@example.org").normalised(),
            parse("ab@example.org").normalised()
        );
    }

    #[test]
    fn an_address_is_shown_masked() {
        assert_eq!(parse("alice@example.org").masked(), "a***@example.org");
        assert_eq!(parse("a@example.org").masked(), "a***@example.org");
        assert_eq!(parse("\"a b\"@example.org").masked(), "a***@example.org");
        assert_eq!(parse("用户@例子.广告").masked(), "用***@例子.广告");
        assert_eq!(
            format!("{:?}", parse("alice@example.org")),
            "a***@example.org"
        );
    }
}
