//! Time-based one-time codes (RFC 6238): SHA-1, six digits, steps of thirty seconds, as authenticator apps expect them.

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use proofup_domain::secret::Secret;
use totp_rs::{Algorithm, Builder, Totp};

/// The key that an app and the service share.
#[derive(Clone)]
pub struct TotpSecret([u8; 20]);

impl TotpSecret {
    /// Takes 160 random bits, the length that RFC 4226 recommends.
    #[must_use]
    pub fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Writes the key as people type it: base32 without padding, 32 characters.
    #[must_use]
    pub fn base32(&self) -> Secret {
        Secret::new(BASE32_NOPAD.encode(&self.0))
    }

    /// Writes the `otpauth:` URI that goes into a QR code, the issuer both in the label and as a parameter.
    ///
    /// A colon separates issuer and account in the label, so colons inside either become spaces; an empty account, which
    /// apps refuse, becomes the issuer.
    #[must_use]
    pub fn key_uri(&self, issuer: &str, account: &str) -> Secret {
        let issuer = issuer.replace(':', " ");
        let account = match account.replace(':', " ") {
            empty if empty.is_empty() && issuer.is_empty() => "account".to_owned(),
            empty if empty.is_empty() => issuer.clone(),
            account => account,
        };
        let totp = builder(&self.0)
            .with_issuer(Some(issuer))
            .with_account_name(account)
            .build()
            .expect("twenty bytes, six digits and no colons make a valid key");
        Secret::new(
            totp.to_url()
                .expect("the account is neither empty nor has a colon"),
        )
    }

    /// Finds the step whose code this is, among those at most `drift` steps from `now` and later than `last_step`.
    ///
    /// Keep the answer as the next `last_step`: a step is accepted once (RFC 6238, section 5.2; requirement `APP-11`). Should
    /// two steps share the code, the later one is taken, so that the code is spent for both. All steps are compared, each in
    /// constant time; a code is exactly six ASCII digits.
    #[must_use]
    pub fn accepted_step(
        &self,
        code: &str,
        now: Timestamp,
        last_step: Option<i64>,
        drift: u32,
    ) -> Option<i64> {
        let totp = self.totp();
        let current = now.as_second().div_euclid(STEP_SECONDS);
        let drift = i64::from(drift);
        (current - drift..=current + drift)
            .filter(|step| last_step.is_none_or(|last| *step > last))
            .filter(|step| is_code_of(&totp, code, *step))
            .max()
    }

    fn totp(&self) -> Totp {
        builder(&self.0)
            .build()
            .expect("twenty bytes and six digits make a valid key")
    }
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret")
    }
}

/// How long a code lasts.
const STEP_SECONDS: i64 = 30;

fn builder(key: &[u8; 20]) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(STEP_SECONDS.unsigned_abs())
        .with_skew(0)
        .with_secret(totp_rs::Secret::new_stack(*key))
}

/// Compares in constant time; a step before 1970 has no code.
fn is_code_of(totp: &Totp, code: &str, step: i64) -> bool {
    u64::try_from(step * STEP_SECONDS).is_ok_and(|time| totp.check(code, time).is_some())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        source: String,
        key: String,
        vectors: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        /// Seconds since 1970; absent where the vector is of a bare counter.
        time: Option<i64>,
        step: i64,
        code: String,
    }

    fn vectors(text: &str) -> Vectors {
        serde_json::from_str(text).expect("the vectors are JSON")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("the time is in range")
    }

    fn secret(key: &str) -> TotpSecret {
        TotpSecret::new(
            key.as_bytes()
                .try_into()
                .expect("the published key has twenty bytes"),
        )
    }

    const RFC_6238: &str = include_str!("../../../fixtures/vectors/rfc6238-totp-sha1.json");
    const RFC_4226: &str = include_str!("../../../fixtures/vectors/rfc4226-hotp.json");

    #[test]
    fn the_published_vectors_are_accepted_at_their_times() {
        for text in [RFC_6238, RFC_4226] {
            let file = vectors(text);
            assert!(!file.vectors.is_empty(), "{}", file.source);
            let secret = secret(&file.key);
            for vector in file.vectors {
                let time = vector.time.unwrap_or(vector.step * STEP_SECONDS);
                // Appendix B of RFC 6238 prints eight digits; six are the last six of them.
                let code = &vector.code[vector.code.len() - 6..];
                assert_eq!(
                    secret.accepted_step(code, at(time), None, 0),
                    Some(vector.step),
                    "{}: {}",
                    file.source,
                    vector.code
                );
            }
        }
    }

    #[test]
    fn a_step_lasts_thirty_seconds_and_the_drift_extends_it_both_ways() {
        let secret = secret("12345678901234567890");
        let accepted = |second, drift| secret.accepted_step("755224", at(second), None, drift);
        assert_eq!(accepted(0, 0), Some(0));
        assert_eq!(accepted(29, 0), Some(0));
        assert_eq!(accepted(30, 0), None);
        assert_eq!(accepted(59, 1), Some(0));
        assert_eq!(accepted(60, 1), None);
        assert_eq!(accepted(-1, 1), Some(0));
        assert_eq!(accepted(-1, 0), None);
        assert_eq!(accepted(-31, 1), None);
    }

    #[test]
    fn a_step_is_accepted_only_after_the_last_one() {
        let secret = secret("12345678901234567890");
        let accepted = |last| secret.accepted_step("287082", at(59), last, 1);
        assert_eq!(accepted(None), Some(1));
        assert_eq!(accepted(Some(0)), Some(1));
        assert_eq!(accepted(Some(1)), None);
        assert_eq!(accepted(Some(i64::MAX)), None);
    }

    #[test]
    fn a_code_is_exactly_six_ascii_digits() {
        let secret = secret("12345678901234567890");
        for code in [
            "",
            "28708",
            "2870820",
            "94287082",
            " 287082",
            "287082 ",
            "287 082",
            "+87082",
            "２８７０８２",
            "٢٨٧٠٨٢",
            "28708a",
        ] {
            assert_eq!(secret.accepted_step(code, at(59), None, 1), None, "{code}");
        }
    }

    #[test]
    fn the_key_uri_names_the_issuer_twice_and_carries_the_key() {
        let secret = secret("12345678901234567890");
        let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(secret.base32().expose(), key);
        assert_eq!(
            secret
                .key_uri("Contoso & Söhne: Bank", "alice@contoso.example")
                .expose(),
            format!(
                "otpauth://totp/Contoso%20%26%20S%C3%B6hne%20%20Bank:alice%40contoso.example\
                 ?secret={key}&issuer=Contoso%20%26%20S%C3%B6hne%20%20Bank"
            )
        );
        assert!(
            secret
                .key_uri("", "")
                .expose()
                .starts_with("otpauth://totp/")
        );
        assert_eq!(format!("{secret:?}"), "TotpSecret");
    }
}
