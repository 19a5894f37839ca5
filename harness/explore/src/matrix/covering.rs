//! Covering arrays: few combinations in which every pair, or every triple, of values occurs.
//!
//! A value is one of the sixteen subsets of kinds, one of the sixty-four subsets of reset methods, or one of the two
//! values of any other field. A policy that is refused shows nothing about availability, so a tuple of values that any
//! sound policy has is covered by a sound one; only the tuples that make a policy one to refuse are covered by such.
//!
//! The rows are chosen greedily, the first uncovered tuple's best row at a time: the same on every machine.

use proofup_oracle::policy;

use super::combination::{Combination, Field};

/// How many values are combined in every way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// All pairs of values.
    Pairs,
    /// All triples of values.
    Triples,
}

impl Strength {
    /// Counts the values that are combined.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Pairs => 2,
            Self::Triples => 3,
        }
    }
}

/// Chooses combinations in which every tuple of values occurs, in the order of their numbers.
#[must_use]
pub fn covering(strength: Strength) -> Vec<Combination> {
    let all = Combination::all();
    let sound: Vec<bool> = all.iter().map(|one| is_sound(*one)).collect();
    let mut rows = Vec::new();
    for soundness in [true, false] {
        let candidates: Vec<Combination> = all
            .iter()
            .zip(&sound)
            .filter(|(_, sound)| **sound == soundness)
            .map(|(one, _)| *one)
            .collect();
        let mut tuples = Tuples::new(strength);
        // First what sound policies have; then, of what is left, what only the others have.
        for one in &candidates {
            tuples.want(*one);
        }
        for row in &rows {
            tuples.cover(*row);
        }
        tuples.choose(&sound, soundness, &mut rows);
    }
    rows.sort_unstable();
    rows
}

fn is_sound(combination: Combination) -> bool {
    policy::defects(&combination.policy()).is_empty()
}

/// Which tuples are still to be covered.
struct Tuples {
    groups: Vec<Group>,
}

/// The tuples of a few fields.
struct Group {
    fields: Vec<Field>,
    /// For each tuple, whether it is still to be covered.
    open: Vec<bool>,
}

impl Group {
    fn new(fields: Vec<Field>) -> Self {
        let count = fields
            .iter()
            .map(|field| usize::from(field.values()))
            .product();
        let open = vec![false; count];
        Self { fields, open }
    }

    /// Numbers the tuple that a combination has.
    fn tuple(&self, combination: Combination) -> usize {
        self.fields.iter().fold(0, |tuple, field| {
            tuple * usize::from(field.values()) + usize::from(combination.value(*field))
        })
    }

    /// Puts the values of a tuple into a combination.
    fn put(&self, tuple: usize, into: Combination) -> Combination {
        let mut rest = tuple;
        self.fields.iter().rev().fold(into, |combination, field| {
            let count = usize::from(field.values());
            let value = u16::try_from(rest % count).unwrap_or_default();
            rest /= count;
            combination.with(*field, value)
        })
    }
}

impl Tuples {
    fn new(strength: Strength) -> Self {
        let mut groups: Vec<Group> = field_sets(strength.size())
            .into_iter()
            .map(Group::new)
            .collect();
        // The rows that the largest group needs cover most of the rest on the way.
        groups.sort_by_key(|group| std::cmp::Reverse(group.open.len()));
        Self { groups }
    }

    fn want(&mut self, combination: Combination) {
        self.mark(combination, true);
    }

    fn cover(&mut self, combination: Combination) {
        self.mark(combination, false);
    }

    fn mark(&mut self, combination: Combination, open: bool) {
        for group in &mut self.groups {
            let tuple = group.tuple(combination);
            group.open[tuple] = open;
        }
    }

    /// Counts the open tuples that a combination would cover.
    fn gain(&self, combination: Combination) -> usize {
        self.groups
            .iter()
            .filter(|group| group.open[group.tuple(combination)])
            .count()
    }

    /// Adds rows until nothing is open.
    fn choose(&mut self, sound: &[bool], soundness: bool, rows: &mut Vec<Combination>) {
        for at in 0..self.groups.len() {
            for tuple in 0..self.groups[at].open.len() {
                if !self.groups[at].open[tuple] {
                    continue;
                }
                let group = &self.groups[at];
                let best = others(&group.fields)
                    .into_iter()
                    .map(|start| group.put(tuple, start))
                    .filter(|one| sound[usize::from(one.number())] == soundness)
                    .max_by_key(|one| (self.gain(*one), scattered(*one)));
                if let Some(row) = best {
                    self.cover(row);
                    rows.push(row);
                }
            }
        }
    }
}

/// Decides between rows that cover as much: what the tuples leave open shall vary from row to row, not stay the lowest.
///
/// An odd factor makes this a permutation of the numbers, so no two rows tie.
const fn scattered(one: Combination) -> u16 {
    one.number()
        .wrapping_mul(40_503)
        .rotate_left(7)
        .wrapping_mul(40_503)
}

/// Lists every combination of the fields that are not named, with zero for those that are.
fn others(fields: &[Field]) -> Vec<Combination> {
    let free = Field::ALL.iter().filter(|field| !fields.contains(field));
    free.fold(vec![Combination::new(0)], |list, field| {
        let values = 0..field.values();
        values
            .flat_map(|value| list.iter().map(move |one| one.with(*field, value)))
            .collect()
    })
}

/// Lists every set of so many fields.
fn field_sets(size: usize) -> Vec<Vec<Field>> {
    let mut sets: Vec<Vec<Field>> = vec![Vec::new()];
    for _ in 0..size {
        sets = sets
            .into_iter()
            .flat_map(|set| {
                let after = set.last().copied();
                let later = Field::ALL
                    .into_iter()
                    .filter(move |field| after.is_none_or(|after| after < *field));
                later.map(move |field| [set.as_slice(), &[field]].concat())
            })
            .collect();
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks in a fresh table the tuples of some combinations.
    fn tuples<'a>(strength: Strength, of: impl IntoIterator<Item = &'a Combination>) -> Tuples {
        let mut tuples = Tuples::new(strength);
        for one in of {
            tuples.want(*one);
        }
        tuples
    }

    #[track_caller]
    fn check(strength: Strength, tuples_in_all: usize, rows_max: usize) {
        let rows = covering(strength);
        let covered = tuples(strength, &rows);
        let marks = || covered.groups.iter().flat_map(|group| &group.open);
        assert_eq!(marks().count(), tuples_in_all);
        assert!(marks().all(|covered| *covered), "every tuple occurs");
        let is_sound: Vec<bool> = Combination::all().into_iter().map(is_sound).collect();
        let sound = |one: &&Combination| is_sound[usize::from(one.number())];
        let by_sound = tuples(strength, rows.iter().filter(sound));
        let possible = tuples(strength, Combination::all().iter().filter(sound));
        for (group, possible) in by_sound.groups.iter().zip(&possible.groups) {
            assert_eq!(group.open, possible.open, "{:?}", group.fields);
        }
        assert!(rows.len() <= rows_max, "{} rows", rows.len());
        assert!(rows.is_sorted_by(|one, next| one < next), "no row twice");
    }

    #[test]
    fn tuples_are_numbered_without_gaps() {
        let group = Group::new(vec![
            Field::TwoStepKinds,
            Field::MethodsRequired,
            Field::Role,
        ]);
        assert_eq!(group.open.len(), 64);
        for tuple in 0..64 {
            let one = group.put(tuple, Combination::new(u16::MAX));
            assert_eq!(group.tuple(one), tuple);
        }
    }

    #[test]
    fn every_pair_of_values_is_covered() {
        // 16 x 64, six fields of two values with each of these, and fifteen pairs among the six.
        check(Strength::Pairs, 1024 + 6 * (32 + 128) + 15 * 4, 1200);
    }

    #[test]
    fn every_triple_of_values_is_covered() {
        let triples = 6 * 1024 * 2 + 15 * 4 * (16 + 64) + 20 * 8;
        check(Strength::Triples, triples, 2600);
    }

    #[test]
    fn the_same_rows_are_chosen_each_time() {
        assert_eq!(covering(Strength::Pairs), covering(Strength::Pairs));
    }
}
