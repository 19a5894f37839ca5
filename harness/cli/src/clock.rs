//! The machine's clock: the only place that reads it.

use std::time::{Instant, SystemTime};

use jiff::{SignedDuration, Timestamp};
use proofup_domain::clock::Clock;

/// Makes the clock of this process.
///
/// The wall time is read once and then counted on by the monotonic clock, so it never goes backwards.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge of the process is where time comes in"
)]
pub(crate) fn machine() -> Clock {
    let anchor = Instant::now();
    let wall = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH);
    Clock::new(move || {
        let passed = SignedDuration::try_from(anchor.elapsed()).unwrap_or(SignedDuration::MAX);
        wall.checked_add(passed).unwrap_or(Timestamp::MAX)
    })
}
