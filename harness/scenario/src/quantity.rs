//! Quantities: durations and counts, written with units and with the names of declared limits.

use std::fmt;
use std::str::FromStr;

use proofup_domain::capabilities::Limits;
use proofup_files::quantity::whole_seconds;
use proofup_files::{list, suggest};

/// A duration or a count, as a file writes it: `13d 23h 59m 59s`, `code - 1s`, `codeTries - 1`, `5`.
///
/// The names of limits are read when the target has declared them; what a name means is the target's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    text: String,
    terms: Vec<(Sign, Term)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Term {
    Seconds(i64),
    Count(i64),
    Limit(&'static LimitName),
}

/// What a quantity measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Time.
    Duration,
    /// How often.
    Count,
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Duration => "a duration",
            Self::Count => "a count",
        })
    }
}

struct LimitName {
    word: &'static str,
    dimension: Dimension,
    read: fn(&Limits) -> u32,
}

impl fmt::Debug for LimitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

impl PartialEq for LimitName {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for LimitName {}

/// Why a text is no quantity, or has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// There is nothing, nothing behind a sign, or no sign between two terms.
    #[error("a term or a sign is missing")]
    MissingTerm,
    /// A word that names no limit.
    #[error("unknown limit `{0}`")]
    UnknownLimit(String),
    /// A number with a unit that nobody knows.
    #[error("`{0}` is not a number with a unit")]
    BadNumber(String),
    /// Durations and counts in one quantity.
    #[error("a duration and a count cannot be added")]
    Mixed,
    /// A duration where a count belongs, or the other way round.
    #[error("this is {found}; write {wanted}")]
    Dimension {
        /// What it is.
        found: Dimension,
        /// What belongs here.
        wanted: Dimension,
    },
    /// The value is below zero, or larger than can be counted.
    #[error("its value is out of range")]
    OutOfRange,
}

impl QuantityError {
    /// Returns what is wrong with the text of a key, where something else belongs.
    #[must_use]
    pub fn message(&self, key: &str, text: &str, wanted: Dimension) -> String {
        let noun = match wanted {
            Dimension::Duration => "duration",
            Dimension::Count => "count",
        };
        match self {
            Self::UnknownLimit(_) => format!("bad `{key}`: {self}"),
            Self::BadNumber(_) => format!("bad {noun} \"{text}\""),
            _ => format!("bad {noun} \"{text}\": {self}"),
        }
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn help(&self, wanted: Dimension) -> String {
        let words: Vec<&str> = LIMITS
            .iter()
            .filter(|limit| limit.dimension == wanted)
            .map(|limit| limit.word)
            .collect();
        match (self, wanted) {
            (Self::UnknownLimit(word), _) => suggest(word, words),
            (_, Dimension::Duration) => format!(
                "write `7d`, `12h`, `90s`, `13d 23h 59m 59s`, or a declared limit such as `code - 1s`; limits are {}",
                list(&words)
            ),
            (_, Dimension::Count) => format!(
                "write `5`, or a declared limit such as `codeTries - 1`; limits are {}",
                list(&words)
            ),
        }
    }
}

impl Quantity {
    /// Reads a quantity.
    ///
    /// # Errors
    ///
    /// Which term is none, or that durations and counts are mixed.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let mut terms = Vec::new();
        let mut sign = Sign::Plus;
        let mut term: Vec<&str> = Vec::new();
        for word in text.split_whitespace().chain(std::iter::once("")) {
            let next = match word {
                "+" => Some(Sign::Plus),
                "-" => Some(Sign::Minus),
                "" => None,
                word => {
                    term.push(word);
                    continue;
                }
            };
            if term.is_empty() {
                return Err(QuantityError::MissingTerm);
            }
            terms.push((sign, Term::parse(&term)?));
            term.clear();
            sign = next.unwrap_or(sign);
        }
        let quantity = Self {
            text: text.to_owned(),
            terms,
        };
        let dimension = quantity.dimension();
        if quantity
            .terms
            .iter()
            .any(|(_, term)| term.dimension() != dimension)
        {
            return Err(QuantityError::Mixed);
        }
        Ok(quantity)
    }

    /// Adds up a duration that names no limit; none: it names one, or is no duration.
    #[must_use]
    pub fn plain_seconds(&self) -> Option<i64> {
        self.terms.iter().try_fold(0_i64, |sum, (sign, term)| {
            let Term::Seconds(seconds) = term else {
                return None;
            };
            match sign {
                Sign::Plus => sum.checked_add(*seconds),
                Sign::Minus => sum.checked_sub(*seconds),
            }
        })
    }

    /// Returns whether seconds are named that are no multiple of ten: `1s`, `59s`, `code - 1s`. Who writes them aims at an
    /// instant and not at a stretch of time.
    #[must_use]
    pub fn names_single_seconds(&self) -> bool {
        let single = |term: &Term| matches!(term, Term::Seconds(seconds) if seconds % 10 != 0);
        self.terms.iter().any(|(_, term)| single(term))
    }

    /// Makes a plain count.
    #[must_use]
    pub fn from_count(count: u32) -> Self {
        Self {
            text: count.to_string(),
            terms: vec![(Sign::Plus, Term::Count(i64::from(count)))],
        }
    }

    /// Returns what it measures.
    #[must_use]
    pub fn dimension(&self) -> Dimension {
        self.terms
            .first()
            .map_or(Dimension::Count, |(_, term)| term.dimension())
    }

    /// Demands that it measures what belongs in its place.
    ///
    /// # Errors
    ///
    /// What it measures instead.
    pub fn demand(self, wanted: Dimension) -> Result<Self, QuantityError> {
        match self.dimension() {
            found if found == wanted => Ok(self),
            found => Err(QuantityError::Dimension { found, wanted }),
        }
    }

    /// Computes a duration in seconds.
    ///
    /// # Errors
    ///
    /// Refuses a count, and a value below zero.
    pub fn seconds(&self, limits: &Limits) -> Result<i64, QuantityError> {
        self.value(Dimension::Duration, limits)
    }

    /// Computes a count.
    ///
    /// # Errors
    ///
    /// Refuses a duration, and a value below zero.
    pub fn count(&self, limits: &Limits) -> Result<u64, QuantityError> {
        u64::try_from(self.value(Dimension::Count, limits)?).map_err(|_| QuantityError::OutOfRange)
    }

    fn value(&self, wanted: Dimension, limits: &Limits) -> Result<i64, QuantityError> {
        let found = self.dimension();
        if found != wanted {
            return Err(QuantityError::Dimension { found, wanted });
        }
        let mut sum = 0_i64;
        for (sign, term) in &self.terms {
            let value = match term {
                Term::Seconds(value) | Term::Count(value) => *value,
                Term::Limit(limit) => i64::from((limit.read)(limits)),
            };
            sum = match sign {
                Sign::Plus => sum.checked_add(value),
                Sign::Minus => sum.checked_sub(value),
            }
            .ok_or(QuantityError::OutOfRange)?;
        }
        match sum {
            0.. => Ok(sum),
            _ => Err(QuantityError::OutOfRange),
        }
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Term {
    /// Reads what stands between two signs: a limit, a count, or a duration of several words.
    fn parse(words: &[&str]) -> Result<Self, QuantityError> {
        let text = words.join(" ");
        let first = words.first().copied().unwrap_or_default();
        if first.starts_with(|first: char| first.is_ascii_alphabetic()) {
            let limit = LIMITS.iter().find(|limit| limit.word == first);
            return match (limit, words) {
                (Some(limit), [_]) => Ok(Self::Limit(limit)),
                (Some(_), _) => Err(QuantityError::MissingTerm),
                (None, _) => Err(QuantityError::UnknownLimit(first.to_owned())),
            };
        }
        if let Ok(count) = text.parse::<u32>() {
            return Ok(Self::Count(i64::from(count)));
        }
        whole_seconds(&text)
            .map(Self::Seconds)
            .map_err(|_| QuantityError::BadNumber(text))
    }

    fn dimension(self) -> Dimension {
        match self {
            Self::Seconds(_) => Dimension::Duration,
            Self::Count(_) => Dimension::Count,
            Self::Limit(limit) => limit.dimension,
        }
    }
}

const LIMITS: &[LimitName] = &[
    LimitName {
        word: "code",
        dimension: Dimension::Duration,
        read: |limits| limits.code_seconds,
    },
    LimitName {
        word: "activation",
        dimension: Dimension::Duration,
        read: |limits| limits.activation_seconds,
    },
    LimitName {
        word: "enrollment",
        dimension: Dimension::Duration,
        read: |limits| limits.enrollment_seconds,
    },
    LimitName {
        word: "notification",
        dimension: Dimension::Duration,
        read: |limits| limits.notification_seconds,
    },
    LimitName {
        word: "call",
        dimension: Dimension::Duration,
        read: |limits| limits.call_seconds,
    },
    LimitName {
        word: "reset",
        dimension: Dimension::Duration,
        read: |limits| limits.reset_seconds,
    },
    LimitName {
        word: "session",
        dimension: Dimension::Duration,
        read: |limits| limits.session_seconds,
    },
    LimitName {
        word: "resend",
        dimension: Dimension::Duration,
        read: |limits| limits.resend_seconds,
    },
    LimitName {
        word: "block",
        dimension: Dimension::Duration,
        read: |limits| limits.block_seconds,
    },
    LimitName {
        word: "totpStep",
        dimension: Dimension::Duration,
        read: |_| 30,
    },
    LimitName {
        word: "codeTries",
        dimension: Dimension::Count,
        read: |limits| limits.code_tries,
    },
    LimitName {
        word: "accountFailures",
        dimension: Dimension::Count,
        read: |limits| limits.account_failures,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            code_length: 6,
            code_tries: 5,
            account_failures: 20,
            block_seconds: 900,
            resend_seconds: 30,
            gateway_timeout_ms: 2000,
            code_seconds: 600,
            activation_seconds: 600,
            enrollment_seconds: 1800,
            notification_seconds: 120,
            call_seconds: 120,
            reset_seconds: 1800,
            session_seconds: 28800,
        }
    }

    #[test]
    fn durations_add_up() {
        let seconds = |text: &str| Quantity::parse(text).unwrap().seconds(&limits()).unwrap();
        assert_eq!(seconds("13d 23h 59m 59s"), 14 * 86_400 - 1);
        assert_eq!(seconds("code - 1s"), 599);
        assert_eq!(seconds("session + resend"), 28_830);
        assert_eq!(seconds("totpStep"), 30);
        assert_eq!(seconds("1h30m"), 5_400);
        assert_eq!(seconds("14d - 1m 1s"), 14 * 86_400 - 61);
        assert_eq!(seconds("7 days + 2 hours"), 7 * 86_400 + 7_200);
    }

    #[test]
    fn counts_add_up() {
        let count = |text: &str| Quantity::parse(text).unwrap().count(&limits()).unwrap();
        assert_eq!(count("5"), 5);
        assert_eq!(count("codeTries - 1"), 4);
        assert_eq!(count("accountFailures"), 20);
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        use QuantityError::{BadNumber, MissingTerm, Mixed, UnknownLimit};
        let error = |text: &str| Quantity::parse(text).unwrap_err();
        assert_eq!(error(""), MissingTerm);
        assert_eq!(error("code -"), MissingTerm);
        assert_eq!(error("- 1s"), MissingTerm);
        assert_eq!(error("code 1s"), MissingTerm);
        assert_eq!(error("code - 1"), Mixed);
        assert_eq!(error("codes"), UnknownLimit("codes".to_owned()));
        assert_eq!(error("1s code"), BadNumber("1s code".to_owned()));
        assert_eq!(
            error("14 lightyears"),
            BadNumber("14 lightyears".to_owned())
        );
        assert_eq!(error("1s1d"), BadNumber("1s1d".to_owned()));
        assert_eq!(error("1.5s"), BadNumber("1.5s".to_owned()));
        assert_eq!(error("-1s"), BadNumber("-1s".to_owned()));
        assert_eq!(error("1é"), BadNumber("1é".to_owned()));
    }

    #[test]
    fn a_value_below_zero_is_refused() {
        let early = Quantity::parse("resend - code").unwrap();
        assert_eq!(early.seconds(&limits()), Err(QuantityError::OutOfRange));
    }

    #[test]
    fn a_duration_is_no_count() {
        let code = Quantity::parse("code").unwrap();
        assert!(code.count(&limits()).is_err());
        assert!(code.demand(Dimension::Count).is_err());
    }
}
