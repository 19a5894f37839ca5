//! Quantities as files and flags write them: `30s`, `7d 12h`, `200/s`, `2%`.
//!
//! Durations are those of jiff's friendly format: numbers with units, largest first, with or without spaces. A day is 24
//! hours and a week seven days; months and years have no length of their own and are refused.

use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// Why a text is not a quantity of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadQuantity {
    /// Not a duration.
    #[error("write a duration: a number and a unit, such as `500ms`, `30s`, `5m`, `1h` or `7d`")]
    Duration,
    /// Not a rate.
    #[error(
        "write a rate: a number per second, minute or hour, such as `200/s`, `0.5/s`, `90/min` or `10/h`"
    )]
    Rate,
    /// Not a share.
    #[error("write a share: a percentage from 0 to 100, such as `2%`")]
    Share,
}

/// Reads a duration.
///
/// # Errors
/// If it is none, below zero, or longer than a century.
pub fn duration(text: &str) -> Result<Duration, BadQuantity> {
    let length = length(text).ok_or(BadQuantity::Duration)?;
    Duration::try_from(length).map_err(|_| BadQuantity::Duration)
}

/// Reads a duration of whole seconds.
///
/// # Errors
/// If it is none, below zero, longer than a century, or not whole.
pub fn whole_seconds(text: &str) -> Result<i64, BadQuantity> {
    length(text)
        .filter(|length| length.subsec_nanos() == 0)
        .map(|length| length.as_secs())
        .ok_or(BadQuantity::Duration)
}

fn length(text: &str) -> Option<SignedDuration> {
    let span: Span = text.trim().parse().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (!length.is_negative() && length.as_secs() < CENTURY).then_some(length)
}

const CENTURY: i64 = 100 * 366 * 24 * 3600;

/// Spells seconds, which are not below zero, in the one way in which reports and instants do: `13d23h59m59s`, `0s`.
#[must_use]
pub fn spell_seconds(seconds: i64) -> String {
    let units = [
        (seconds / 86_400, 'd'),
        (seconds / 3_600 % 24, 'h'),
        (seconds / 60 % 60, 'm'),
        (seconds % 60, 's'),
    ];
    let told = units.iter().filter(|(count, _)| *count > 0);
    let text: String = told.map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// Reads a rate as events per second.
///
/// # Errors
/// If it is none, or below zero.
pub fn rate(text: &str) -> Result<f64, BadQuantity> {
    let (number, unit) = text.split_once('/').ok_or(BadQuantity::Rate)?;
    let unit = unit.trim();
    let number = positive(number).filter(|_| unit.starts_with(char::is_alphabetic));
    let per = duration(&format!("1{unit}")).map_err(|_| BadQuantity::Rate)?;
    let number = number.ok_or(BadQuantity::Rate)?;
    Ok(number / per.as_secs_f64())
}

/// Reads a percentage as a fraction of one.
///
/// # Errors
/// If it is none, below 0 % or above 100 %.
pub fn share(text: &str) -> Result<f64, BadQuantity> {
    let number = text.trim().strip_suffix('%').and_then(positive);
    number
        .filter(|percent| *percent <= 100.0)
        .map(|percent| percent / 100.0)
        .ok_or(BadQuantity::Share)
}

fn positive(number: &str) -> Option<f64> {
    number
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_by_this_table() {
        // The first two blocks are what target files, plans, scenarios and flags could write before there was one grammar.
        let table = [
            ("500ms", Some(0.5)),
            ("2s", Some(2.0)),
            ("1m", Some(60.0)),
            ("250 ms", Some(0.25)),
            ("20us", Some(0.000_02)),
            ("20µs", Some(0.000_02)),
            ("1.5 m", Some(90.0)),
            ("5min", Some(300.0)),
            ("1h", Some(3_600.0)),
            ("0s", Some(0.0)),
            // Scenarios.
            ("13d 23h 59m 59s", Some(1_209_599.0)),
            ("1h30m", Some(5_400.0)),
            ("14d", Some(1_209_600.0)),
            // Flags.
            ("2 hours", Some(7_200.0)),
            ("1h 30m", Some(5_400.0)),
            ("PT5M", Some(300.0)),
            ("7 days", Some(604_800.0)),
            ("2 weeks", Some(1_209_600.0)),
            (" 30s ", Some(30.0)),
            // None.
            ("30", None),
            ("s", None),
            ("", None),
            ("-1s", None),
            ("1s ago", None),
            ("1s1d", None),
            ("1mo", None),
            ("1y", None),
            ("soon", None),
            ("1é", None),
            ("1e9h", None),
            ("99999999999h", None),
            ("36600d", None),
        ];
        for (text, expected) in table {
            let found = duration(text).ok().map(|found| found.as_secs_f64());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn whole_seconds_are_whole() {
        for (text, expected) in [
            ("1m", Some(60)),
            ("1.5s", None),
            ("500ms", None),
            ("1000ms", Some(1)),
        ] {
            assert_eq!(whole_seconds(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn rates_and_shares_are_read_by_this_table() {
        for (text, expected) in [
            ("200/s", Some(200.0)),
            ("0.5/s", Some(0.5)),
            ("90/min", Some(1.5)),
            ("90/m", Some(1.5)),
            ("3600 / h", Some(1.0)),
            ("0/s", Some(0.0)),
            ("200", None),
            ("/s", None),
            ("5/", None),
            ("5/2s", None),
            ("-5/s", None),
            ("inf/s", None),
        ] {
            assert_eq!(rate(text).ok(), expected, "{text}");
        }
        for (text, expected) in [
            ("2%", Some(0.02)),
            ("0%", Some(0.0)),
            ("100 %", Some(1.0)),
            ("101%", None),
            ("-1%", None),
            ("2", None),
            ("%", None),
        ] {
            assert_eq!(share(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_spelt_is_read_again() {
        for (seconds, text) in [
            (0, "0s"),
            (90, "1m30s"),
            (5_400, "1h30m"),
            (86_400, "1d"),
            (1_209_599, "13d23h59m59s"),
        ] {
            assert_eq!(spell_seconds(seconds), text);
            assert_eq!(whole_seconds(text), Ok(seconds), "{text}");
        }
    }
}
