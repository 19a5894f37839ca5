//! The clock seam: time as an argument.
//!
//! A process makes one [`Clock`] at its edge and hands it down. Everything else asks the clock it was given, so a test
//! can stand still and a conformance run can jump fourteen days.

use std::sync::Arc;

use jiff::Timestamp;

/// A source of the current time.
///
/// Cheap to clone. The only reader of the machine's clock is the closure that the binary passes to [`Clock::new`].
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// Wraps a source of time. It must never go backwards.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Makes a clock that stands still.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self::new(move || at)
    }

    /// Reads the time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}
