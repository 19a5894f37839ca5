//! Instants and periods: every period is half-open unless a rule says otherwise.

use jiff::{SignedDuration, Timestamp};

/// Adds seconds; beyond the end of time it stays there.
pub(crate) fn later(at: Timestamp, seconds: impl Into<i64>) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds.into()))
        .unwrap_or(Timestamp::MAX)
}

/// Returns whether a period that ends at `end` still runs; its end instant belongs to it only if `end_included`.
pub(crate) fn runs(now: Timestamp, end: Timestamp, end_included: bool) -> bool {
    now < end || (end_included && now == end)
}

/// Counts the seconds until an instant, rounded up, at least one: the value of `Retry-After`.
pub(crate) fn seconds_until(now: Timestamp, end: Timestamp) -> u32 {
    let nanos = end.duration_since(now).as_nanos().max(1);
    u32::try_from((nanos + NANOS - 1) / NANOS).unwrap_or(u32::MAX)
}

const NANOS: i128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_over_at_its_end() {
        let end = Timestamp::UNIX_EPOCH;
        let before = end - SignedDuration::from_nanos(1);
        assert!(runs(before, end, false) && !runs(end, end, false) && runs(end, end, true));
    }

    #[test]
    fn waiting_is_told_in_whole_seconds_rounded_up() {
        let now = Timestamp::UNIX_EPOCH;
        let after = |nanos| seconds_until(now, now + SignedDuration::from_nanos(nanos));
        assert_eq!(
            (after(1), after(1_000_000_000), after(1_000_000_001)),
            (1, 1, 2)
        );
    }

    #[test]
    fn time_ends_without_a_panic() {
        assert_eq!(later(Timestamp::MAX, 1), Timestamp::MAX);
    }
}
