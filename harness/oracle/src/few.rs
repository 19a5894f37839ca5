//! A set of words that fits in a byte: what decisions work with inside, thousands of times a second.

use proofup_domain::method::{ChallengeKind, Gate, Method, Purpose};

/// Names one of at most eight words, by its place in the order of strength or rank.
pub trait Word: Copy + 'static {
    /// Every word, in order.
    const ALL: &'static [Self];

    /// Gives the place in [`Self::ALL`].
    fn place(self) -> u8;
}

macro_rules! word {
    ($($name:ident),+) => {
        $(impl Word for $name {
            const ALL: &'static [Self] = $name::ALL;

            fn place(self) -> u8 {
                self as u8
            }
        })+
    };
}

word!(ChallengeKind, Gate, Method, Purpose);

/// Holds a set of words; iterates in their order.
#[derive(Debug, PartialEq, Eq)]
pub struct Few<T>(u8, std::marker::PhantomData<T>);

impl<T> Clone for Few<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Few<T> {}

impl<T: Word> Few<T> {
    /// The empty set.
    pub const NONE: Self = Self(0, std::marker::PhantomData);

    /// Gives the set with a word more.
    #[must_use]
    pub fn with(self, word: T) -> Self {
        Self(self.0 | 1 << word.place(), self.1)
    }

    /// Gives the set with the words of another.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0, self.1)
    }

    /// Gives the set without the words that do not fit.
    #[must_use]
    pub fn only(self, fits: impl Fn(T) -> bool) -> Self {
        self.into_iter().filter(|word| fits(*word)).collect()
    }

    /// Tells whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Counts the words.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Tells whether a word is in it.
    #[must_use]
    pub fn contains(self, word: T) -> bool {
        self.0 & (1 << word.place()) != 0
    }

    /// Gives the first in order.
    #[must_use]
    pub fn first(self) -> Option<T> {
        self.into_iter().next()
    }
}

impl<T: Word> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(words: I) -> Self {
        words.into_iter().fold(Self::NONE, Self::with)
    }
}

impl<T: Word> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = Words<T>;

    fn into_iter(self) -> Words<T> {
        Words(self.0, self.1)
    }
}

/// Gives the words of a set, in order.
#[derive(Debug, Clone)]
pub struct Words<T>(u8, std::marker::PhantomData<T>);

impl<T: Word> Iterator for Words<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let word = T::ALL.get(self.0.trailing_zeros() as usize)?;
        self.0 &= self.0 - 1;
        Some(*word)
    }
}
