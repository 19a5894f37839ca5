//! The deferral window: for how long the interrupt can be put off (`domain.md` §6).

use jiff::{SignedDuration, Timestamp};
use proofup_domain::policy::Policy;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Whether an interrupt offers to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// "Not now" is there.
    Offered {
        /// Days left, rounded up: from `deferralDays` down to 1.
        days_left: u32,
    },
    /// "Not now" is absent; asking for it anyway is refused (DEF-2).
    NotOffered,
}

impl Offer {
    /// Returns whether "not now" is there.
    #[must_use]
    pub const fn is_offered(self) -> bool {
        matches!(self, Self::Offered { .. })
    }

    /// Returns the days left, or 0 if waiting is not offered.
    #[must_use]
    pub const fn days_left(self) -> u32 {
        match self {
            Self::Offered { days_left } => days_left,
            Self::NotOffered => 0,
        }
    }
}

/// Works out the offer of an interrupt at an instant.
///
/// `opened` is when this user's window opened; none: it opens now, if the interrupt offers to wait at all (DEF-7). The
/// window is open while `now` is before its end, so the closing instant is outside (DEF-11). With a second step required
/// at sign-in nothing is offered (DEF-8).
#[must_use]
pub fn offer(policy: &Policy, opened: Option<Timestamp>, now: Timestamp) -> Offer {
    if policy.deferral_days == 0 || policy.two_step.required_at_sign_in {
        return Offer::NotOffered;
    }
    let opened = opened.unwrap_or(now);
    let left = days(policy.deferral_days).saturating_sub(now.duration_since(opened));
    if !left.is_positive() {
        return Offer::NotOffered;
    }
    Offer::Offered {
        days_left: days_rounded_up(left).min(policy.deferral_days),
    }
}

/// Returns the opening after an interrupt at an instant: the first offer opens the window, nothing ever moves it.
#[must_use]
pub fn opening(policy: &Policy, opened: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    opened.or_else(|| offer(policy, None, now).is_offered().then_some(now))
}

/// Returns whether so many days of 24 hours have passed since an instant: at the very end they have.
pub(crate) fn days_have_passed(count: u32, since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since) >= days(count)
}

fn days(count: u32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(count) * 24)
}

/// Counts the days in a length of time, a begun day as a whole one.
fn days_rounded_up(length: SignedDuration) -> u32 {
    let days = length
        .as_nanos()
        .unsigned_abs()
        .div_ceil(DAY.as_nanos().unsigned_abs());
    u32::try_from(days).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use crate::testing::policy;

    use super::*;

    const OPENED: &str = "2026-01-15T09:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("the instant of a test parses")
    }

    #[track_caller]
    fn check(days: u32, opened: &str, now: &str, expect: u32) {
        let policy = policy(&format!("deferralDays = {days}"));
        let offer = offer(&policy, Some(at(opened)), at(now));
        assert_eq!(
            offer.days_left(),
            expect,
            "{days} days from {opened}, at {now}"
        );
        assert_eq!(offer.is_offered(), expect > 0);
    }

    #[test]
    fn the_window_is_half_open_to_the_second() {
        check(14, OPENED, "2026-01-29T08:59:59Z", 1);
        check(14, OPENED, "2026-01-29T08:59:59.999999999Z", 1);
        check(14, OPENED, "2026-01-29T09:00:00Z", 0);
        check(14, OPENED, "2026-01-29T09:00:01Z", 0);
        check(14, OPENED, "2027-01-29T09:00:00Z", 0);
    }

    #[test]
    fn days_left_count_a_begun_day_as_a_whole_one() {
        check(14, OPENED, "2026-01-15T09:00:00Z", 14);
        check(14, OPENED, "2026-01-15T09:00:01Z", 14);
        check(14, OPENED, "2026-01-16T08:59:59Z", 14);
        check(14, OPENED, "2026-01-16T09:00:00Z", 13);
        check(14, OPENED, "2026-01-28T08:59:59Z", 2);
        check(14, OPENED, "2026-01-28T09:00:00Z", 1);
    }

    #[test]
    fn leap_days_and_daylight_saving_change_nothing() {
        check(14, "2028-02-20T12:00:00Z", "2028-03-05T11:59:59Z", 1);
        check(14, "2028-02-20T12:00:00Z", "2028-03-05T12:00:00Z", 0);
        check(
            14,
            "2026-03-20T01:30:00+01:00",
            "2026-04-03T02:29:59+02:00",
            1,
        );
        check(
            14,
            "2026-03-20T01:30:00+01:00",
            "2026-04-03T02:30:00+02:00",
            0,
        );
    }

    #[test]
    fn changed_days_count_from_the_same_opening() {
        check(3, OPENED, "2026-01-18T08:59:59Z", 1);
        check(3, OPENED, "2026-01-18T09:00:00Z", 0);
        check(7, OPENED, "2026-01-18T09:00:00Z", 4);
    }

    #[test]
    fn the_first_offer_opens_the_window_and_nothing_moves_it() {
        let policy_with = |text: &str| policy(text);
        let now = at(OPENED);
        let later = at("2026-01-20T09:00:00Z");
        let fourteen = policy_with("");
        assert_eq!(offer(&fourteen, None, now).days_left(), 14);
        assert_eq!(opening(&fourteen, None, now), Some(now));
        assert_eq!(opening(&fourteen, Some(now), later), Some(now));
        let past = at("2020-01-01T00:00:00Z");
        assert_eq!(opening(&fourteen, Some(past), later), Some(past));
    }

    #[test]
    fn an_interrupt_that_offers_nothing_opens_nothing() {
        for text in [
            "deferralDays = 0",
            "twoStep.kinds = ['appCode']\ntwoStep.requiredAtSignIn = true",
        ] {
            let policy = policy(text);
            let now = at(OPENED);
            assert_eq!(offer(&policy, None, now), Offer::NotOffered);
            assert_eq!(offer(&policy, Some(now), now), Offer::NotOffered);
            assert_eq!(opening(&policy, None, now), None);
        }
    }
}
