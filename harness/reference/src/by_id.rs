//! Records by the text that names them.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Records by id, or by account key.
///
/// A tree would compare some twenty ids for each record that is found, each of them somewhere else in memory; that was a third
/// of what a verified code cost. A name is one text for all records that have it, so that it is fetched only once.
///
/// **Invariant:** nothing that is told depends on the order in which records are visited.
pub(crate) type ById<T> = Map<Arc<str>, T>;

/// A map whose keys no stranger chooses.
#[expect(
    clippy::disallowed_types,
    reason = "things are found by their keys; where all are visited, the order shows nowhere"
)]
pub(crate) type Map<K, T> = std::collections::HashMap<K, T, BuildHasherDefault<Mixer>>;

/// A set of keys that no stranger chooses.
#[expect(
    clippy::disallowed_types,
    reason = "as with `Map`: the order shows nowhere"
)]
pub(crate) type Set<K> = std::collections::HashSet<K, BuildHasherDefault<Mixer>>;

/// Mixes a key, eight bytes at a time.
///
/// It is quick, and does not withstand keys that are chosen to collide: ids are drawn, doors are known by their SHA-256, and
/// accounts are named by whoever makes the tenant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mixer(u64);

impl Mixer {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        let bytes = product.to_le_bytes();
        let (low, high) = bytes.split_at(8);
        self.0 = word_of(low) ^ word_of(high);
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            self.mix(word_of(chunk));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(byte.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Reads at most eight bytes as a number.
fn word_of(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::Hash as _;

    use super::*;

    #[test]
    fn names_that_differ_little_are_spread() {
        let hash = |name: &str| {
            let mut mixer = Mixer::default();
            name.hash(&mut mixer);
            mixer.finish()
        };
        let names = (0..4096).map(|number| format!("user{number}@example.com"));
        let hashes: Vec<u64> = names.map(|name| hash(&name)).collect();
        for shift in [0, 20, 40, 52] {
            let places: BTreeSet<u64> = hashes.iter().map(|hash| hash >> shift & 0xfff).collect();
            // As many as of numbers drawn at random: one minus 1/e of the places.
            assert!(places.len() > 2400, "{} at {shift}", places.len());
        }
    }
}
