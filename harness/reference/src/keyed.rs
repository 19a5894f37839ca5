//! Keyed digests: what is kept of passwords, codes, answers and tokens.
//!
//! HMAC-SHA-256 under a key that lives as long as the process. A production service would hash passwords and answers slowly
//! (Argon2 or scrypt) and keep its key in a vault; here a slow hash would only measure itself.

use caseless::Caseless as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Makes and compares digests under one key.
#[derive(Clone)]
pub struct Keyed(Hmac<Sha256>);

/// A digest: enough to recognise a text, not enough to learn it.
///
/// The order serves look-ups by digest. To compare what a stranger sent, take [`Keyed::matches`], which is constant-time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Keyed {
    /// Takes the key; it should be fresh random bytes for each process.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Hmac::new_from_slice(&key).expect("HMAC takes a key of any length"))
    }

    /// Digests a text for a purpose; the same text has another digest for another purpose.
    #[must_use]
    pub fn digest(&self, purpose: &str, text: &str) -> Digest {
        Digest(self.fed(purpose, text).finalize().into_bytes().into())
    }

    /// Returns whether a text has this digest for this purpose, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, purpose: &str, text: &str, digest: &Digest) -> bool {
        self.fed(purpose, text).verify_slice(&digest.0).is_ok()
    }

    /// Feeds the purpose with its length before the text, so that no two pairs run into the same bytes.
    fn fed(&self, purpose: &str, text: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(text.as_bytes());
        mac
    }
}

impl std::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyed")
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest")
    }
}

/// Brings an answer to the form in which answers are compared.
///
/// Surrounding white space goes and case is folded fully, in any script; nothing else is forgiven. Requirement: `QUES-5`.
#[must_use]
pub fn normalise_answer(text: &str) -> String {
    text.trim().chars().default_case_fold().collect()
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    #[test]
    fn a_digest_is_recognised_only_under_its_key_and_for_its_purpose() {
        let keyed = Keyed::new([7; 32]);
        let digest = keyed.digest("password", "correct horse");
        assert!(keyed.matches("password", "correct horse", &digest));
        assert!(!keyed.matches("password", "correct horsE", &digest));
        assert!(!keyed.matches("password", "", &digest));
        assert!(!keyed.matches("answer", "correct horse", &digest));
        assert!(!Keyed::new([8; 32]).matches("password", "correct horse", &digest));
    }

    #[test]
    fn purpose_and_text_do_not_run_into_each_other() {
        let keyed = Keyed::new([7; 32]);
        assert!(keyed.digest("ab", "c") != keyed.digest("a", "bc"));
        assert!(keyed.digest("", "abc") != keyed.digest("abc", ""));
    }

    /// RFC 4231, section 4.2: the machinery below is HMAC-SHA-256.
    #[test]
    fn the_digest_is_hmac_sha_256() {
        let mut mac = Hmac::<Sha256>::new_from_slice(&[0x0b; 20]).expect("any length will do");
        mac.update(b"Hi There");
        assert_eq!(
            HEXLOWER.encode(&mac.finalize().into_bytes()),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }

    #[test]
    fn what_is_kept_is_masked() {
        let keyed = Keyed::new([7; 32]);
        let shown = format!("{keyed:?} {:?}", keyed.digest("code", "123456"));
        assert_eq!(shown, "Keyed Digest");
    }

    #[test]
    fn answers_differ_by_neither_case_nor_surrounding_space() {
        for (one, other) in [
            ("Straße", "STRASSE"),
            ("  Rotterdam\u{3000}", "rotterdam"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("МОСКВА", "москва"),
            ("ﬁnch", "FINCH"),
            ("ԱՐԱՐԱՏ", "արարատ"),
            ("\u{1c80}", "\u{412}"),
            ("ꮳꮃꭹ", "ᏣᎳᎩ"),
        ] {
            assert_eq!(normalise_answer(one), normalise_answer(other), "{one}");
        }
    }

    #[test]
    fn nothing_but_case_and_surrounding_space_is_forgiven() {
        for (one, other) in [
            ("new york", "newyork"),
            ("new  york", "new york"),
            ("café", "cafe"),
            ("café", "cafe\u{301}"),
            ("St. John", "St John"),
            ("ｆｉｎｃｈ", "finch"),
            ("ı", "i"),
        ] {
            assert_ne!(normalise_answer(one), normalise_answer(other), "{one}");
        }
    }
}
