//! Quantities as a plan or a flag writes them: `30s`, `200/s`, `2%`.

use std::time::Duration;

/// Says why a text is no quantity of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// No duration.
    #[error("a duration is a number and a unit: `500ms`, `30s`, `5m`, `1h`")]
    Duration,
    /// No rate.
    #[error("a rate is a number per second, minute or hour: `200/s`, `0.5/s`, `90/min`, `10/h`")]
    Rate,
    /// No share.
    #[error("a share is a percentage from 0 to 100: `2%`")]
    Share,
}

/// Reads a duration: a number and `us`, `ms`, `s`, `m` or `h`.
///
/// # Errors
/// If it is none, or longer than a century.
pub fn duration(text: &str) -> Result<Duration, QuantityError> {
    let (number, unit) = split(text);
    let seconds = match unit {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(QuantityError::Duration),
    };
    let number = positive(number).ok_or(QuantityError::Duration)?;
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|duration| duration.as_secs() < CENTURY)
        .ok_or(QuantityError::Duration)
}

const CENTURY: u64 = 100 * 366 * 24 * 3600;

/// Reads a rate as events per second.
///
/// # Errors
/// If it is none.
pub fn rate(text: &str) -> Result<f64, QuantityError> {
    let (number, unit) = split(text);
    let seconds = match unit {
        "/s" => 1.0,
        "/m" | "/min" => 60.0,
        "/h" => 3600.0,
        _ => return Err(QuantityError::Rate),
    };
    let number = positive(number).ok_or(QuantityError::Rate)?;
    Ok(number / seconds)
}

/// Reads a percentage as a fraction of one.
///
/// # Errors
/// If it is none.
pub fn share(text: &str) -> Result<f64, QuantityError> {
    let (number, unit) = split(text);
    let number = positive(number).filter(|number| unit == "%" && *number <= 100.0);
    number
        .map(|percent| percent / 100.0)
        .ok_or(QuantityError::Share)
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

fn positive(number: &str) -> Option<f64> {
    number
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_by_this_table() {
        for (text, expected) in [
            ("500ms", Some(0.5)),
            ("30s", Some(30.0)),
            ("1.5 m", Some(90.0)),
            ("1h", Some(3600.0)),
            ("30", None),
            ("s", None),
            ("-1s", None),
            ("1e9h", None),
            ("99999999999h", None),
        ] {
            let found = duration(text).ok().map(|found| found.as_secs_f64());
            assert_eq!(found, expected, "{text}");
        }
        for (text, expected) in [
            ("200/s", Some(200.0)),
            ("90/min", Some(1.5)),
            ("0/s", Some(0.0)),
            ("200", None),
            ("/s", None),
        ] {
            assert_eq!(rate(text).ok(), expected, "{text}");
        }
        for (text, expected) in [("2%", Some(0.02)), ("101%", None), ("2", None)] {
            assert_eq!(share(text).ok(), expected, "{text}");
        }
    }
}
