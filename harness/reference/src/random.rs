//! Randomness: from a seed for a run that is to be repeated, from the operating system otherwise.
//!
//! One [`Random`] belongs to one tenant, so what a tenant draws does not depend on what happens next to it.
//!
//! **Invariant:** equal seeds give equal draws; nothing here reads a clock or a thread-local generator.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::HEXLOWER;
use proofup_domain::secret::Secret;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// Draws codes, tokens and ids from a stream cipher.
pub struct Random {
    generator: ChaCha20Rng,
    uuids: bool,
}

impl Random {
    const fn over(generator: ChaCha20Rng) -> Self {
        Self {
            generator,
            uuids: false,
        }
    }

    /// Draws ids as version 4 UUIDs from now on.
    #[must_use]
    pub fn with_uuids(mut self) -> Self {
        self.uuids = true;
        self
    }

    /// Starts from a text of any length; its SHA-256 is the generator's key.
    #[must_use]
    pub fn seeded(seed: &str) -> Self {
        Self::over(ChaCha20Rng::from_seed(Sha256::digest(seed).into()))
    }

    /// Starts from the operating system's randomness.
    ///
    /// # Panics
    /// If the operating system has none to give: a service without it must not run.
    #[must_use]
    pub fn from_os() -> Self {
        Self::over(
            ChaCha20Rng::try_from_rng(&mut rand::rngs::SysRng)
                .expect("the operating system gives random bytes"),
        )
    }

    /// Draws a code of `digits` digits (1 to 18; what lies outside is brought inside), leading zeros kept.
    ///
    /// Every value is equally likely: draws from the incomplete last round are thrown away. Requirement: `CODE-1`.
    pub fn code(&mut self, digits: u32) -> Secret {
        let digits = digits.clamp(1, MAX_DIGITS);
        let values = 10_u64.pow(digits);
        loop {
            if let Some(value) = fold(self.generator.next_u64(), values) {
                let width = digits as usize;
                return Secret::new(format!("{value:0width$}"));
            }
        }
    }

    /// Draws a bearer token or a callback secret: 192 bits in base64url.
    pub fn token(&mut self) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.bytes::<24>()))
    }

    /// Draws an opaque id: 128 bits in lower-case hexadecimal, fit for a path.
    pub fn id(&mut self) -> String {
        let mut bytes = self.bytes::<16>();
        if !self.uuids {
            return HEXLOWER.encode(&bytes);
        }
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = HEXLOWER.encode(&bytes);
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        parts.join("-")
    }

    /// Draws `N` bytes, for keys and TOTP seeds.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.generator.fill_bytes(&mut bytes);
        bytes
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}

/// The longest code whose values fit the 64 bits that one draw has.
const MAX_DIGITS: u32 = 18;

/// Maps a draw onto `0..values`, or refuses it.
///
/// The accepted draws are the largest multiple of `values` that 64 bits hold, so each value has the same number of them.
fn fold(draw: u64, values: u64) -> Option<u64> {
    (draw <= last_accepted(values)).then(|| draw % values)
}

/// Computes the last draw of the last complete round of `values`.
fn last_accepted(values: u64) -> u64 {
    let incomplete = (u64::MAX % values + 1) % values;
    u64::MAX - incomplete
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_the_same_number_of_draws() {
        for digits in 1..=MAX_DIGITS {
            let values = 10_u64.pow(digits);
            let accepted = u128::from(last_accepted(values)) + 1;
            assert_eq!(accepted % u128::from(values), 0, "{digits} digits");
            assert!(
                accepted + u128::from(values) > 1 << 64,
                "{digits} digits: no complete round is thrown away"
            );
        }
    }

    #[test]
    fn the_draws_of_the_incomplete_round_are_refused() {
        let values = 1_000_000;
        let last = last_accepted(values);
        assert_eq!(fold(0, values), Some(0));
        assert_eq!(fold(last, values), Some(999_999));
        assert_eq!(fold(last + 1, values), None);
        assert_eq!(fold(u64::MAX, values), None);
        assert_eq!(fold(u64::MAX, 1 << 32), Some((1 << 32) - 1));
    }

    #[test]
    fn a_code_has_exactly_the_digits_asked_for() {
        let mut random = Random::seeded("codes");
        let mut leading_zeros = 0;
        for _ in 0..1000 {
            let code = random.code(6);
            assert_eq!(code.expose().len(), 6);
            assert!(code.expose().bytes().all(|byte| byte.is_ascii_digit()));
            leading_zeros += usize::from(code.expose().starts_with('0'));
        }
        assert!((50..200).contains(&leading_zeros), "{leading_zeros}");
        assert_eq!(random.code(0).expose().len(), 1);
        assert_eq!(random.code(99).expose().len(), 18);
    }

    #[test]
    fn equal_seeds_draw_equal_values_and_others_do_not() {
        let draw = |seed| {
            let mut random = Random::seeded(seed);
            (
                random.code(8),
                random.token(),
                random.id(),
                random.bytes::<20>(),
            )
        };
        assert!(draw("a") == draw("a"));
        assert!(draw("a") != draw("b"));
        assert!(draw("") != draw(" "));
    }

    #[test]
    fn tokens_and_ids_are_long_and_never_repeat() {
        let mut random = Random::from_os();
        let tokens: BTreeSet<_> = (0..1000).map(|_| random.token()).collect();
        let ids: BTreeSet<_> = (0..1000).map(|_| random.id()).collect();
        assert_eq!((tokens.len(), ids.len()), (1000, 1000));
        assert!(tokens.iter().all(|token| token.expose().len() == 32));
        assert!(ids.iter().all(|id| id.len() == 32));
    }
}
