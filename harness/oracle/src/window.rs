//! The deferral window: for how long the interrupt can be put off (`domain.md` §6).

use jiff::{SignedDuration, Timestamp};
use proofup_domain::policy::Policy;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Tells whether an interrupt offers to wait.
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
    /// Tells whether "not now" is there.
    #[must_use]
    pub const fn is_offered(self) -> bool {
        matches!(self, Self::Offered { .. })
    }

    /// Gives the days left; 0 where nothing is offered.
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

/// Gives the opening after an interrupt at an instant: the first offer opens the window, nothing ever moves it.
#[must_use]
pub fn opening(policy: &Policy, opened: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    opened.or_else(|| offer(policy, None, now).is_offered().then_some(now))
}

/// Tells whether so many days of 24 hours have passed since an instant: at the very end they have.
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
