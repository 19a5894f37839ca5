//! The values of arguments that several commands read alike: numbers between bounds, and durations.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use proofup_files::quantity;

/// Returns a reader of whole numbers between two bounds, both included.
///
/// Messages name a bound only where it can be met by accident: nobody types twenty digits.
pub(crate) fn number<T>(least: T, most: T) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: Copy + PartialOrd + Display + FromStr,
{
    move |text: &str| {
        if let Some(number) = text.parse().ok().filter(|n| (least..=most).contains(n)) {
            return Ok(number);
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let below = text.parse().is_ok_and(|number: T| number < least);
        Err(if digits && !below {
            format!("write a number up to {most}")
        } else {
            format!("write a number from {least}")
        })
    }
}

/// Reads a duration above zero, such as `90s`, `1m 30s` or `1.5h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    duration_or_zero(text)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "write a duration above zero, such as 90s or 5m".to_owned())
}

/// Reads a duration, of which `0s` is one.
pub(crate) fn duration_or_zero(text: &str) -> Result<Duration, String> {
    quantity::duration(text).map_err(|_| "write a duration, such as 90s or 5m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_the_bound_that_it_misses() {
        let read = number(1_u16, 1000);
        assert_eq!(read("1000"), Ok(1000));
        for (text, told) in [
            ("0", "write a number from 1"),
            ("-1", "write a number from 1"),
            ("many", "write a number from 1"),
            ("", "write a number from 1"),
            ("1001", "write a number up to 1000"),
            ("99999999999", "write a number up to 1000"),
        ] {
            assert_eq!(read(text), Err(told.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_deadline_is_a_duration_above_zero() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250.5us"), Ok(Duration::from_nanos(250_500)));
        for wrong in ["0s", "-1s", "soon", "90"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(duration_or_zero("0s"), Ok(Duration::ZERO));
    }
}
