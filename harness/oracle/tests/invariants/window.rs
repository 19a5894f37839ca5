//! The deferral window.

use jiff::{SignedDuration, Timestamp};
use proofup_domain::policy::Policy;
use proofup_oracle::window::{self, Offer};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::draw;

/// Bounds the instants that are drawn: about a century on both sides of the epoch, in nanoseconds.
const SPAN: i64 = 3_000_000_000_000_000_000;

const DAY: i64 = 86_400_000_000_000;

fn instant(nanoseconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH
        .checked_add(SignedDuration::from_nanos(nanoseconds))
        .expect("the span is within what a timestamp can hold")
}

fn days(policy: &Policy) -> i64 {
    i64::from(policy.deferral_days)
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn days_left_never_rise_as_time_passes(
        policy in draw::policy(),
        opened in -SPAN..SPAN,
        first in 0..20 * DAY,
        later in 0..20 * DAY,
    ) {
        let at = |passed| window::offer(&policy, Some(instant(opened)), instant(opened + passed));
        let (before, after) = (at(first).days_left(), at(first + later).days_left());
        prop_assert!(after <= before, "{before} days, then {after}");
    }

    #[test]
    fn the_window_is_half_open(policy in draw::policy(), opened in -SPAN..SPAN) {
        let mut policy = policy;
        policy.two_step.required_at_sign_in = false;
        let end = opened + days(&policy) * DAY;
        let at = |now| window::offer(&policy, Some(instant(opened)), instant(now));
        prop_assert_eq!(at(end), Offer::NotOffered);
        prop_assert_eq!(at(end - 1).is_offered(), policy.deferral_days > 0);
        prop_assert_eq!(at(opened).days_left(), policy.deferral_days);
    }

    #[test]
    fn the_offer_stands_as_long_as_a_day_is_left(
        policy in draw::policy(),
        opened in -SPAN..SPAN,
        passed in 0..20 * DAY,
    ) {
        let offer = window::offer(&policy, Some(instant(opened)), instant(opened + passed));
        prop_assert_eq!(offer.is_offered(), offer.days_left() > 0);
        prop_assert!(offer.days_left() <= policy.deferral_days);
        let closed = policy.two_step.required_at_sign_in || passed >= days(&policy) * DAY;
        prop_assert_eq!(offer.is_offered(), !closed);
    }

    #[test]
    fn an_opening_stays(policy in draw::policy(), opened in -SPAN..SPAN, now in -SPAN..SPAN) {
        let opened = Some(instant(opened));
        prop_assert_eq!(window::opening(&policy, opened, instant(now)), opened);
    }

    #[test]
    fn a_window_opens_with_all_its_days(policy in draw::policy(), now in -SPAN..SPAN) {
        let now = instant(now);
        match window::opening(&policy, None, now) {
            Some(opened) => {
                prop_assert_eq!(opened, now);
                let offer = window::offer(&policy, Some(opened), now);
                prop_assert_eq!(offer.days_left(), policy.deferral_days);
            }
            None => prop_assert_eq!(window::offer(&policy, None, now), Offer::NotOffered),
        }
    }
}
