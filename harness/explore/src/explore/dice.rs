//! Chance: everything random in a story comes from here, and that from (seed, case).

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Draws from a stream of its own.
#[derive(Debug, Clone)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Returns whether something happens that happens in this many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end.max(1))
    }

    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        self.0.random_range(from..=to)
    }

    /// Picks one of a list that is not empty.
    pub(super) fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    /// Picks one, none of an empty list.
    pub(super) fn pick_some<T: Clone>(&mut self, list: &[T]) -> Option<T> {
        (!list.is_empty()).then(|| self.pick(list))
    }

    /// Picks by weight; something with weight 0 is never picked unless all have it.
    pub(super) fn weighted<T: Copy>(&mut self, list: &[(T, u32)]) -> T {
        let total: u32 = list.iter().map(|(_, weight)| weight).sum();
        let mut left = self.0.random_range(0..total.max(1));
        for (item, weight) in list {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        list[0].0
    }

    /// Keeps each item with this chance.
    pub(super) fn some_of<T: Clone>(&mut self, list: &[T], percent: u32) -> Vec<T> {
        list.iter()
            .filter(|_| self.chance(percent))
            .cloned()
            .collect()
    }
}
