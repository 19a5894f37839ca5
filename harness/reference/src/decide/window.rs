//! The deferral window (`domain.md` §6).

use jiff::Timestamp;
use proofup_domain::policy::Policy;

use crate::record::Window;
use crate::rules::Rules;
use crate::time::{later, runs};

/// The offer of "not now".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeferralOffer {
    pub(crate) offered: bool,
    /// The days left; 0 if waiting is not offered.
    pub(crate) days_left: u32,
}

/// Works the offer out. A window that is not open yet opens now, so all its days are left.
pub(crate) fn offer(
    rules: &Rules,
    policy: &Policy,
    window: Option<Window>,
    now: Timestamp,
) -> DeferralOffer {
    let nothing = DeferralOffer {
        offered: false,
        days_left: 0,
    };
    let demanded = policy.two_step.required_at_sign_in && !rules.defers_demanded_second_step;
    let days = match window {
        Some(window) if rules.window_keeps_days_of_opening => window.days_at_opening,
        _ => policy.deferral_days,
    };
    if policy.deferral_days == 0 || demanded || !rules.offers_deferral {
        return nothing;
    }
    let opened_at = window.map_or(now, |window| window.opened_at);
    let end = later(opened_at, i64::from(days) * rules.window_day_seconds);
    if rules.window_ends && !runs(now, end, rules.window_end_included) {
        return nothing;
    }
    let day = i128::from(rules.window_day_seconds) * 1_000_000_000;
    let left = end.duration_since(now).as_nanos();
    let round = if rules.days_left_round_up { day - 1 } else { 0 };
    DeferralOffer {
        offered: true,
        days_left: u32::try_from((left + round) / day).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proofup_domain::edition::Edition;

    use super::*;

    #[track_caller]
    fn check(days: u32, seconds_since_opening: i64, expected: Option<u32>) {
        let policy = Policy {
            deferral_days: days,
            ..Policy::default()
        };
        let opened_at = Timestamp::UNIX_EPOCH;
        let window = Window {
            opened_at,
            days_at_opening: 14,
        };
        let now = opened_at + SignedDuration::from_secs(seconds_since_opening);
        let rules = Rules::for_edition(Edition::default());
        let offer = offer(&rules, &policy, Some(window), now);
        assert_eq!(offer.offered.then_some(offer.days_left), expected);
    }

    #[test]
    fn the_window_is_open_to_its_last_second_and_no_longer() {
        const DAY: i64 = 86_400;
        check(14, 0, Some(14));
        check(14, 1, Some(14));
        check(14, DAY, Some(13));
        check(14, 14 * DAY - 1, Some(1));
        check(14, 14 * DAY, None);
        check(1, DAY - 1, Some(1));
        check(1, DAY, None);
        check(0, 0, None);
    }

    #[test]
    fn the_days_are_those_of_now() {
        const DAY: i64 = 86_400;
        check(7, 6 * DAY, Some(1));
        check(7, 7 * DAY, None);
        check(7, 13 * DAY, None);
    }
}
